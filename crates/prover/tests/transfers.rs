//! Every recorded transfer gets the verdict that a right verifier must give.
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
use spanlight::{verify, Address, ProofBundle};
use spanlight_prover::{prove, ProveOptions, Silent, Subject};

fn addresses(list: &serde_json::Value) -> Vec<Address> {
    let list = list.as_array().into_iter().flatten();
    let mut list: Vec<Address> = list.map(|text| text.as_str().unwrap().parse().unwrap()).collect();
    list.sort_unstable();
    list
}

#[test]
fn every_recorded_transfer_has_its_expected_verdict() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let mut wrong = Vec::new();
    for transfer in transfers()["transfers"].as_array().unwrap() {
        let (from, nonce) = (transfer["from"].as_str().unwrap(), transfer["nonce"].as_u64().unwrap());
        for replay in &replays {
            replay.reset_calls();
        }
        let proof = block_on(prove(&world.ends(from), Subject::Nonce(nonce), ProveOptions::at(now()), &Silent));
        let calls: u64 = replays.iter().flat_map(|replay| replay.calls().into_values()).sum();
        let proof = match proof {
            Ok(proof) => proof,
            Err(error) => {
                wrong.push(format!("{from} {nonce}: {error:?}"));
                continue;
            }
        };
        let bytes = proof.bundle.encode();
        eprintln!("{from} {nonce}: {} bytes, {calls} calls", bytes.len());
        assert_eq!(ProofBundle::decode(&bytes).unwrap(), proof.bundle);
        assert_eq!(ProofBundle::from_json(&proof.bundle.to_json().unwrap()).unwrap(), proof.bundle);
        assert_eq!(verify(&ProofBundle::decode(&bytes).unwrap(), &trust, now()).unwrap(), proof.report);
        let verdict = &proof.report.transfers[0];
        let state = verdict.verdict.state();
        let got = (
            state.map(|state| state.name()),
            state.and_then(|state| if state.name() == "stuck" { state.reason() } else { None }),
            state.map(|state| state.culprits().to_vec()).unwrap_or_default(),
        );
        let expected = (transfer["expected"].as_str(), transfer["reason"].as_str(), addresses(&transfer["culprits"]));
        if got != expected {
            wrong.push(format!("{from} {nonce}: {:?}, expected {expected:?}", verdict.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
