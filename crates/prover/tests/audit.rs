//! Audits of both directions, and what a source that is synced too little gives.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod common;

use common::{block_on, now, replays, transfers, trust, World};
use spanlight::verdict::Verdict;
use spanlight::verify;
use spanlight_prover::{audit, prove, ProveOptions, Silent, Subject, VoteScan};

fn expected_states(from: &str) -> Vec<(u64, String)> {
    let transfers = transfers();
    let of_chain = transfers["transfers"].as_array().unwrap().iter().filter(|transfer| transfer["from"] == from);
    of_chain.map(|t| (t["nonce"].as_u64().unwrap(), t["expected"].as_str().unwrap().to_owned())).collect()
}

fn states(report: &verify::Report) -> Vec<(u64, String)> {
    let name = |verdict: &Verdict| {
        verdict.state().map_or_else(|| verdict.code().unwrap_or("?"), |state| state.name()).to_owned()
    };
    report.transfers.iter().map(|transfer| (transfer.nonce, name(&transfer.verdict))).collect()
}

#[test]
fn an_audit_of_each_direction_is_complete_and_finds_the_votes_for_nothing() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    // The service's forged nonce 13 follows a gap-free prefix, so the destination has swept past the source's count.
    let swept: &[&str] = &["complete.lower_handle_nonce_above_request_nonce"];
    for (from, last, against) in [("main", 20, [].as_slice()), ("service", 13, swept)] {
        replays.iter().for_each(|replay| replay.reset_calls());
        let audit = block_on(audit(&world.ends(from), (0, last), ProveOptions::at(now()), &Silent)).unwrap();
        let calls: u64 = replays.iter().flat_map(|replay| replay.calls().into_values()).sum();
        eprintln!("{from}: {} bytes, {calls} calls", audit.bundle.encode().len());
        assert_eq!(states(&audit.report), expected_states(from));
        let complete = audit.report.complete.clone().unwrap().unwrap();
        assert_eq!(complete.against, against);
        assert_eq!((complete.first, complete.last), (0, last));
        assert_eq!(audit.vote_scan, VoteScan::Full);
        let again = spanlight::verify(&audit.bundle, &trust, now()).unwrap();
        assert_eq!(states(&again), expected_states(from));
        assert_eq!(again.complete, audit.report.complete);
    }
}

#[test]
fn an_audit_that_may_not_read_blocks_says_that_votes_were_not_looked_for() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let options = ProveOptions { scan: None, ..ProveOptions::at(now()) };
    let audit = block_on(audit(&world.ends("service"), (0, 12), options, &Silent)).unwrap();
    assert_eq!(audit.vote_scan, VoteScan::None);
    assert_eq!(audit.report.transfers.len(), 13);
    // Nonce 13 is executed above the source's count, so 0 to 12 alone is not all.
    let complete = audit.report.complete.unwrap().unwrap();
    assert!(complete.against.contains(&"complete.handled_nonce_not_shown"));
}

#[test]
fn an_honest_transfer_with_a_source_just_before_its_request_is_never_an_accusation() {
    let (trust, replays) = (trust(), replays());
    for transfer in transfers()["transfers"].as_array().unwrap() {
        let (from, nonce) = (transfer["from"].as_str().unwrap(), transfer["nonce"].as_u64().unwrap());
        let Some(request) = transfer["request"]["block"].as_u64() else { continue };
        if ![0, 7, 11, 12].contains(&nonce) {
            continue;
        }
        let to = if from == "main" { [Some(request - 1), None] } else { [None, Some(request - 1)] };
        let world = World::new(&trust, &replays, to);
        let proof =
            block_on(prove(&world.ends(from), Subject::Nonce(nonce), ProveOptions::at(now()), &Silent)).unwrap();
        let verdict = &proof.report.transfers[0].verdict;
        assert_eq!(verdict.code(), Some("not_yet_trusted.height"), "{from} {nonce}: {verdict:?}");
    }
}
