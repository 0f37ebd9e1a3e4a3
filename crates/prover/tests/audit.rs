//! Audits of both directions, and what a source that is synced too little gives.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::arithmetic_side_effects
)]

mod common;

use common::{block_on, now, replays, transfers, trust, World};
use spanlight::consensus::FollowMode;
use spanlight::verdict::Verdict;
use spanlight::verify;
use spanlight_prover::{audit, prove, ProveOptions, Reach, Silent, Subject, SyncOptions, Time, VoteScan};

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
        let audit =
            block_on(audit(&world.ends(from), (0, last), Reach::Found, ProveOptions::at(now()), &Silent)).unwrap();
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
fn a_nonce_that_the_node_refuses_to_show_is_incomplete_and_never_passed_over() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    // Far beyond the requests: the recording has proofs of some of these words and refuses the others.
    let options = ProveOptions::at(now());
    let audit = block_on(audit(&world.ends("main"), (1000, 2000), Reach::Range, options, &Silent)).unwrap();
    assert!(audit.unavailable.len() > 1);
    let shown: Vec<u64> = audit.report.transfers.iter().map(|transfer| transfer.nonce).collect();
    let refused: Vec<u64> = audit.unavailable.iter().map(|(nonce, _)| *nonce).collect();
    assert_eq!(shown, refused);
    assert!(audit.report.transfers.iter().all(|transfer| transfer.verdict.exit_code() == 2));
}

#[test]
fn an_audit_that_may_not_read_blocks_says_that_votes_were_not_looked_for() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let options = ProveOptions { scan: None, ..ProveOptions::at(now()) };
    let audit = block_on(audit(&world.ends("service"), (0, 12), Reach::Found, options, &Silent)).unwrap();
    assert_eq!(audit.vote_scan, VoteScan::None);
    assert_eq!(audit.report.transfers.len(), 13);
    // Nonce 13 is executed above the source's count, so 0 to 12 alone is not all.
    let complete = audit.report.complete.unwrap().unwrap();
    assert!(complete.against.contains(&"complete.handled_nonce_not_shown"));
}

#[test]
fn an_honest_transfer_with_a_source_just_before_its_request_is_never_an_accusation() {
    let (trust, replays) = (trust(), replays());
    for (from, source) in [("main", 0), ("service", 1)] {
        // The source follows on from request to request, the destination stands at its head.
        let mut world = World::new(&trust, &replays, if source == 0 { [Some(1), None] } else { [None, Some(1)] });
        for transfer in transfers()["transfers"].as_array().unwrap().iter().filter(|transfer| transfer["from"] == from)
        {
            let Some(request) = transfer["request"]["block"].as_u64() else { continue };
            let options =
                SyncOptions { to: Some(request - 1), mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now()) };
            block_on(world.synced[source].follow(&world.nodes[source], options, &Silent)).unwrap();
            let nonce = transfer["nonce"].as_u64().unwrap();
            let options = ProveOptions::at(now());
            let verdict = match block_on(prove(&world.ends(from), Subject::Nonce(nonce), options, &Silent)) {
                Ok(proof) => proof.report.transfers[0].verdict.clone(),
                // Not every block before a request has a recorded proof.
                Err(error) => {
                    assert_eq!(error.code(), "rpc.node", "{from} {nonce}");
                    continue;
                }
            };
            assert_eq!(verdict.code(), Some("not_yet_trusted.height"), "{from} {nonce}: {verdict:?}");
        }
    }
}

#[test]
fn a_destination_just_before_the_handle_shows_a_request_under_way() {
    let (trust, replays) = (trust(), replays());
    // Nonce 6 of the service is voted for in the block before the one that decides.
    for (from, nonce, expected) in [("main", 0, "requested"), ("service", 5, "requested"), ("service", 6, "voting")] {
        let recorded = transfers();
        let mut recorded = recorded["transfers"].as_array().unwrap().iter();
        let transfer = recorded.find(|t| t["from"] == from && t["nonce"] == nonce).unwrap();
        let before = transfer["handle"][0]["block"].as_u64().unwrap() - 1;
        let (to, destination) = if from == "main" { ([None, Some(before)], 1) } else { ([Some(before), None], 0) };
        let world = World::new(&trust, &replays, to);
        let now = world.synced[destination].chain().head().time + 1;
        let proof = block_on(prove(&world.ends(from), Subject::Nonce(nonce), ProveOptions::at(now), &Silent)).unwrap();
        let verdict = &proof.report.transfers[0].verdict;
        assert_eq!(verdict.state().map(|state| state.name()), Some(expected), "{verdict:?}");
    }
}
