//! Whether a nonce was executed is read from its own slot, or from the highest that ever was.

use spanlight::bridge::layout;
use spanlight::bundle::TransferProof;
use spanlight::verify::slots_for_nonce;
use spanlight::Hash;
use spanlight_forge::{coin, keys, Requested, Scenario, Stage, StageSetup};
use std::collections::BTreeSet;

/// Two requests, the second one's nonce executed or not, and the claim that it is open.
fn second_of_two(executed: bool) -> (Stage, Scenario) {
    let mut stage = Stage::new(&StageSetup::default());
    stage.request(coin(500));
    let second: Requested = stage.request(coin(600));
    if executed {
        let votes = stage.votes(&[11, 12], &stage.call(&second));
        assert!(votes[1].handled.is_some());
    }
    stage.destination.idle(1);
    let open = TransferProof { nonce: 1, request: Some(second.at), ..TransferProof::default() };
    let scenario = stage.prove(open);
    (stage, scenario)
}

/// As [`second_of_two`], by a prover who shows the highest executed nonce instead of the slot.
fn by_the_highest(executed: bool) -> (&'static str, &'static str) {
    let (stage, mut scenario) = second_of_two(executed);
    let bridge = stage.destination.bridge.address;
    // What the core reads of an open nonce, but for its own slot.
    let (_, open) = second_of_two(false);
    let read = &open.bundle.chains[1].states.last().unwrap().proof.slots;
    let own = layout::closed_slot(1);
    assert!(read.contains(&own));
    let mut slots: BTreeSet<Hash> = read.iter().copied().chain([layout::UPPER]).collect();
    if executed {
        // All else that an open nonce could be judged by: only its own slot is missing.
        let proven = &scenario.bundle.chains[1].states.last().unwrap().proof.slots;
        let voters = [11, 12].map(keys::address);
        let votes: Vec<Hash> = stage.destination.bridge.storage().into_keys().collect();
        slots.extend(slots_for_nonce(1, &voters, &[]).into_iter().chain(votes).chain(proven.iter().copied()));
    }
    slots.remove(&own);
    let slots: Vec<Hash> = slots.into_iter().collect();
    let head = stage.destination.height();
    scenario.destination().states.retain(|state| state.number != head);
    let proof = stage.destination.at(head).state.prove(&bridge, &slots);
    scenario.destination().states.push(spanlight::bundle::StateEvidence { number: head, proof });
    scenario.outcome()
}

#[test]
fn above_the_highest_that_was_executed_a_nonce_is_open_and_at_it_its_own_slot_must_be_shown() {
    assert_eq!(second_of_two(false).1.outcome(), ("proven", "requested"));
    assert_ne!(second_of_two(true).1.outcome().0, "proven");
    assert_eq!(by_the_highest(false), ("proven", "requested"));
    assert_eq!(by_the_highest(true), ("incomplete", "missing.slot"));
}
