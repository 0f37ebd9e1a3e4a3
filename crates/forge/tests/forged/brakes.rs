//! A bridge of version 2 that is paused, or whose outflow limit holds a transfer back: it waits for
//! that and for nothing else, and nobody is told that its delivery failed.

use spanlight::bridge::generation::{CODE_HASH_V2, CODE_HASH_V2_FIRST};
use spanlight::bridge::layout;
use spanlight::bundle::{ItemRef, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight::verdict::{State, StuckReason};
use spanlight::{Address, U256};
use spanlight_forge::scenarios::version2::{above_the_limit, held_back, paused, stage};
use spanlight_forge::{coin, keys, Requested, Scenario, Stage, OUTSIDER};

const FORM: CommitmentForm = CommitmentForm::Trie;

fn open(request: &Requested, failed: Option<ItemRef>) -> TransferProof {
    TransferProof { request: Some(request.at), failed, ..TransferProof::default() }
}

/// State, reason, and votes counted and needed.
fn said(scenario: &Scenario) -> (&'static str, Option<&'static str>, Option<(u32, u32)>) {
    let state = scenario.state();
    (state.name(), state.reason(), state.votes())
}

/// 11 votes, the bridge is paused, the deciding vote of 12 reverts, and the bridge is resumed.
fn attempt_during_a_pause(resumed: bool) -> (Stage, Requested, ItemRef) {
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    stage.destination.block(|block| block.bridge().version2.pause());
    let attempt = stage.destination.block(|block| block.vote(12, &calldata));
    assert!(attempt.reverted);
    if resumed {
        stage.destination.block(|block| block.bridge().version2.resume());
    }
    (stage, request, attempt.at)
}

#[test]
fn an_attempt_during_a_pause_is_no_failed_delivery() {
    let (stage, request, attempt) = attempt_during_a_pause(false);
    for failed in [None, Some(attempt)] {
        let said = said(&stage.prove(open(&request, failed)));
        assert_eq!(said, ("stuck", Some("bridge_paused"), Some((1, 2))), "{failed:?}");
    }

    let (stage, request, attempt) = attempt_during_a_pause(true);
    for failed in [None, Some(attempt)] {
        assert_eq!(said(&stage.prove(open(&request, failed))), ("voting", None, Some((1, 2))), "{failed:?}");
    }
}

/// 11 votes, the vote of 12 fails for another reason than a pause, and then the bridge is paused.
fn attempt_before_a_pause() -> (Stage, Requested, ItemRef) {
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let attempt = failing(&mut stage, 12, &calldata);
    stage.destination.block(|block| block.bridge().version2.pause());
    (stage, request, attempt)
}

/// A vote that fails in a block of its own.
fn failing(stage: &mut Stage, operator: u64, calldata: &[u8]) -> ItemRef {
    stage.destination.block(|block| {
        let (bridge, number) = (block.bridge().address, block.number);
        let index = block.transaction(operator, bridge, U256::ZERO, calldata.to_vec(), 9, Vec::new());
        ItemRef { block: number, index }
    })
}

/// The scenario without these words of the state before the attempt.
fn without(stage: &Stage, transfer: TransferProof, words: &[spanlight::Hash]) -> Scenario {
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    let mut scenario = stage.prove_plan(&plan, transfers);
    for (index, state) in scenario.destination().states.iter().enumerate() {
        let shown = state.proof.slots.iter().copied().filter(|slot| index > 0 || !words.contains(slot));
        plan.destination.slots.insert(state.number, shown.collect());
    }
    *scenario.destination() = plan.destination.prove(&stage.destination);
    scenario
}

/// A prover that knows nothing of pauses shows the attempt and no word of a pause before it.
/// Nothing of that is false.
#[test]
fn who_shows_an_attempt_and_the_pause_after_it_is_no_liar() {
    let (stage, request, attempt) = attempt_before_a_pause();
    let shown = open(&request, Some(attempt));
    assert_eq!(said(&stage.prove(shown.clone())), ("stuck", Some("bridge_paused"), Some((1, 2))));
    let older = [layout::SEAT_COUNT, layout::resume_nonce_slot()];
    let words = [&older[..], &older[..1], &older[1..]];
    for words in words {
        let scenario = without(&stage, shown.clone(), words);
        assert_eq!(said(&scenario), ("stuck", Some("bridge_paused"), Some((1, 2))), "{words:?}");
    }

    // Without a pause at the newest state these words decide, and nobody guesses them.
    let mut stage = stage;
    stage.destination.block(|block| block.bridge().version2.resume());
    assert_eq!(said(&stage.prove(shown.clone())), ("voting", None, Some((1, 2))));
    for words in words {
        let outcome = without(&stage, shown.clone(), words).outcome();
        assert_eq!(outcome, ("incomplete", "missing.slot"), "{words:?}");
    }
}

/// The outflow limit holds it back, and an operator's further vote fails for want of gas.
#[test]
fn who_shows_an_attempt_and_the_outflow_limit_is_no_liar() {
    let (mut stage, request) = above_the_limit(FORM);
    let calldata = stage.call(&request).encode();
    let attempt = failing(&mut stage, 13, &calldata);
    for failed in [None, Some(attempt)] {
        let said = said(&stage.prove(open(&request, failed)));
        assert_eq!(said, ("stuck", Some("outflow_limit"), Some((2, 2))), "{failed:?}");
    }
}

/// A pause excuses no false attempt: of an outsider, with another calldata, or one that succeeded.
#[test]
fn a_pause_hides_no_false_attempt() {
    let outcome = |operator: u64, more: &[u8]| {
        let mut stage = stage(FORM);
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        let voted = stage.vote(11, &calldata);
        let attempt = match operator {
            11 => voted.at,
            _ => failing(&mut stage, operator, &[&calldata, more].concat()),
        };
        stage.destination.block(|block| block.bridge().version2.pause());
        stage.prove(open(&request, Some(attempt))).outcome()
    };
    assert_eq!(outcome(12, &[]), ("proven", "stuck"));
    assert_eq!(outcome(OUTSIDER, &[]), ("invalid", "verify.failed_attempt"));
    assert_eq!(outcome(12, &[0]), ("invalid", "verify.vote_calldata"));
    assert_eq!(outcome(11, &[]), ("invalid", "verify.not_failed"));
}

/// Both ends of a pause are seen: one that was on before the attempt, and one that began since.
#[test]
fn an_attempt_shows_a_reverted_vote_only_where_no_pause_lies_around_it() {
    let outcome = |early: bool, between: bool| {
        let mut stage = stage(FORM);
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        stage.vote(11, &calldata);
        if early {
            stage.destination.block(|block| block.bridge().version2.pause());
        }
        let attempt = stage.destination.block(|block| {
            let version2 = &mut block.bridge().version2;
            if between {
                version2.pause();
            }
            // The owner resumes in the block of the attempt.
            version2.resume();
            let bridge = block.bridge().address;
            let index = block.transaction(12, bridge, U256::ZERO, calldata.clone(), 9, Vec::new());
            ItemRef { block: block.number, index }
        });
        let said = said(&stage.prove(open(&request, Some(attempt))));
        (said.0, said.1)
    };
    assert_eq!(outcome(false, false), ("stuck", Some("delivery_reverted")));
    assert_eq!(outcome(true, false), ("voting", None));
    assert_eq!(outcome(false, true), ("voting", None));
}

/// As first published it does not count its pauses, and its outflow limit reverts votes too.
#[test]
fn an_attempt_on_the_first_version_2_shows_nothing() {
    let outcome = |code: spanlight::Hash| {
        let mut stage = stage(FORM);
        stage.destination.bridge.code_hash = code;
        stage.trust.bridge.as_mut().unwrap().ends[1].codes[0].hash = code;
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        stage.vote(11, &calldata);
        let attempt = failing(&mut stage, 12, &calldata);
        // No word of a pause belongs to it on the first version 2: its provers showed none.
        let older = [layout::SEAT_COUNT, layout::resume_nonce_slot()];
        let words = if code == CODE_HASH_V2_FIRST { &older[..] } else { &[] };
        let said = said(&without(&stage, open(&request, Some(attempt)), words));
        (said.0, said.1)
    };
    assert_eq!(outcome(CODE_HASH_V2), ("stuck", Some("delivery_reverted")));
    assert_eq!(outcome(CODE_HASH_V2_FIRST), ("voting", None));
}

/// A transfer for which nobody votes while the bridge is paused lacks no operator's vote.
#[test]
fn no_votes_are_missing_during_a_pause() {
    let said_after = |paused: bool| {
        let mut stage = stage(FORM);
        let request = stage.request(coin(500));
        let later = stage.source.time() + stage.trust.chains[1].patience + 1;
        stage.destination.block(|block| {
            block.time = later;
            if paused {
                block.bridge().version2.pause();
            }
        });
        said(&stage.prove(open(&request, None)))
    };
    assert_eq!(said_after(false), ("stuck", Some("votes_missing"), Some((0, 2))));
    assert_eq!(said_after(true), ("stuck", Some("bridge_paused"), Some((0, 2))));
}

#[test]
fn what_was_held_back_may_leave_once_it_fits_or_its_time_is_over() {
    let held_after = |seconds: u64, comes_in: u64| {
        let (mut stage, request) = above_the_limit(FORM);
        stage.destination.block(|block| {
            block.time += seconds;
            let time = block.time;
            let outflows = &mut block.bridge().version2.outflows;
            let (level, updated) = outflows[&Address::ZERO];
            if comes_in > 0 {
                outflows.insert(Address::ZERO, (level - U256::from(comes_in), time));
            } else {
                outflows.insert(Address::ZERO, (level, updated));
            }
        });
        let State::Stuck { reason: StuckReason::OutflowLimit { may_leave, .. }, votes: 2, of: 2 } =
            stage.prove(open(&request, None)).state()
        else {
            panic!("not held back");
        };
        may_leave
    };
    assert!(!held_after(1, 0));
    assert!(held_after(1, 200), "what came in made room");
    assert!(!held_after(1, 199));
    assert!(held_after(86_400 * 2 / 7 + 1, 0), "200 of 700 have leaked away");
    assert!(!held_after(86_400 * 2 / 7 - 60, 0));
}

/// Its time lets a transfer leave that never fits.
#[test]
fn what_is_above_the_whole_limit_leaves_when_its_time_is_over() {
    let (mut stage, request) = above_the_limit(FORM);
    stage.destination.block(|block| {
        block.bridge().version2.limits.insert(Address::ZERO, 10);
    });
    stage.trust.chains.iter_mut().for_each(|chain| chain.trusting_period *= 2);
    let held_until = stage.destination.bridge.version2.held.values().next().copied().unwrap();
    let at = |time: u64| {
        let mut stage = stage.clone();
        stage.destination.block(|block| block.time = time);
        stage.prove(open(&request, None)).verdict().detail().unwrap()
    };
    assert_eq!(at(held_until), "the outflow limit lets it leave now, by anybody's call too");
    assert!(at(held_until - 1).ends_with(&format!("at time {held_until} it may leave")), "{}", at(held_until - 1));
}

/// Without a source the contract takes no call of `handleWithSignatures`: only an operator lets it
/// leave.
#[test]
fn a_bridge_without_a_source_lets_only_operators_tell_it() {
    let said = |source_is_bound: bool| {
        let (mut stage, request) = above_the_limit(FORM);
        stage.destination.block(|block| {
            let version2 = &mut block.bridge().version2;
            version2.limits.clear();
            if !source_is_bound {
                version2.source = None;
            }
        });
        stage.prove(open(&request, None)).verdict().detail().unwrap()
    };
    assert_eq!(said(true), "the outflow limit lets it leave now, by anybody's call too");
    assert_eq!(said(false), "the outflow limit lets it leave now");
}

/// A pause holds up what the limit would let leave; after both the transfer is handled like any
/// other.
#[test]
fn a_pause_comes_before_the_limit_and_both_end() {
    let (mut stage, request) = above_the_limit(FORM);
    stage.destination.block(|block| block.bridge().version2.pause());
    assert_eq!(said(&stage.prove(open(&request, None))), ("stuck", Some("bridge_paused"), Some((2, 2))));
    stage.destination.block(|block| block.bridge().version2.resume());
    assert_eq!(said(&stage.prove(open(&request, None))), ("stuck", Some("outflow_limit"), Some((2, 2))));
    stage.destination.block(|block| {
        block.bridge().version2.limits.clear();
    });
    let calldata = stage.call(&request).encode();
    let voted = stage.vote(12, &calldata);
    let handled = TransferProof { handle: voted.handled, ..open(&request, None) };
    assert_eq!(stage.prove(handled).state(), State::Handled { votes: 2, of: 2 });
}

/// Votes that ended leave it below the threshold: it waits for votes, as the contract lets it leave
/// as soon as they are there again.
#[test]
fn what_lost_its_votes_waits_for_votes() {
    let (mut stage, request) = above_the_limit(FORM);
    stage.destination.block(|block| block.bridge().deregister(&keys::address(11)));
    assert_eq!(said(&stage.prove(open(&request, None))), ("voting", None, Some((1, 2))));
}

/// A word of another block, of another contract, or no word at all: none of them shows a pause.
#[test]
fn rejects_a_pause_of_another_block_or_contract_and_needs_the_word() {
    let honest = paused(FORM).scenario;
    assert_eq!(honest.outcome(), ("proven", "stuck"));
    let (stage, request, _) = attempt_during_a_pause(true);
    let during = stage.destination.height() - 1;
    let transfers = vec![open(&request, None)];
    let mut plan = stage.plan(&transfers);
    plan.destination_states = [during].into();
    let mut of_another_block = stage.prove_plan(&plan, transfers);
    assert_eq!(said(&of_another_block).1, Some("bridge_paused"), "as of that block it is true");
    of_another_block.destination().states[0].number += 1;
    assert_eq!(of_another_block.outcome(), ("invalid", "trie.node_missing"));

    let mut elsewhere = honest.clone();
    let other = elsewhere.trust.bridge.as_mut().unwrap();
    other.ends[1].address = spanlight::Address([0x99; 20]);
    assert_eq!(elsewhere.verdict().name(), "invalid");

    let mut hidden = held_back(FORM).scenario;
    let state = &mut hidden.destination().states[0].proof;
    state.slots.retain(|slot| *slot != layout::SEAT_COUNT);
    assert_eq!(hidden.verdict().name(), "invalid", "its nodes are left over");
}

/// Without the word of the pause nothing is said of an open transfer, so nobody can hide one.
#[test]
fn an_open_transfer_needs_the_word_of_the_pause() {
    let (stage, request, _) = attempt_during_a_pause(false);
    let transfers = vec![open(&request, None)];
    let mut plan = stage.plan(&transfers);
    let height = stage.destination.height();
    let mut honest = stage.prove_plan(&plan, transfers.clone());
    let slots = honest.destination().states[0].proof.slots.clone();
    assert!(slots.contains(&layout::SEAT_COUNT));
    plan.destination.slots.insert(height, slots.into_iter().filter(|slot| *slot != layout::SEAT_COUNT).collect());
    *honest.destination() = plan.destination.prove(&stage.destination);
    assert_eq!(honest.outcome(), ("incomplete", "missing.slot"));
}
