//! P1 to P7 and M13 of bridge.md 6.4 and 6.5: one thing is wrong, one check says so. The same stage without the spoiling
//! is proven (see `states.rs`).

use spanlight::bridge::layout;
use spanlight::bridge::RequestEvent;
use spanlight::bundle::{ItemRef, LogRef, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight::primitives::keccak256;
use spanlight::trust::TrustError;
use spanlight::verify;
use spanlight::{Address, Hash, U256};
use spanlight_forge::scenarios::handled::{executed, executed_on_b, executed_through_a_contract};
use spanlight_forge::scenarios::stuck;
use spanlight_forge::{
    coin, erc20, erc721, keys, Requested, Scenario, Stage, StageSetup, OUTSIDER, RELAY, SOURCE_TOKEN,
};

const FORM: CommitmentForm = CommitmentForm::Trie;

fn setup() -> StageSetup {
    StageSetup::with_form(FORM)
}

fn handled(request: LogRef, handle: Option<LogRef>) -> TransferProof {
    TransferProof { request: Some(request), handle, ..TransferProof::default() }
}

/// A request whose receipt the chain commits to as `spoil` leaves it, and two votes.
fn with_request_receipt(spoil: impl FnOnce(&mut spanlight::receipt::Receipt) + Copy) -> Scenario {
    let mut stage = Stage::new(&setup());
    let request = stage.source.block(|block| {
        let requested = block.request(coin(500));
        block.spoil_receipt(requested.at.item.index, spoil);
        requested
    });
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    stage.prove(handled(request.at, votes[1].handled))
}

/// An execution whose receipt the chain commits to as `spoil` leaves it.
fn with_handle_receipt(
    event: spanlight::bridge::RequestEvent,
    spoil: impl FnOnce(&mut spanlight::receipt::Receipt),
) -> Scenario {
    let mut stage = Stage::new(&setup());
    let request = stage.request(event);
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let executing = stage.destination.block(|block| {
        let voted = block.vote(12, &calldata);
        block.spoil_receipt(voted.at.index, spoil);
        voted
    });
    stage.prove(handled(request.at, executing.handled))
}

/// An execution, and a storage word of the destination bridge that the executing block wrote otherwise.
fn with_word(slot: impl FnOnce(&Stage, &Requested, &[u8]) -> (Hash, U256)) -> Scenario {
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let (slot, value) = slot(&stage, &request, &calldata);
    let executing = stage.destination.block(|block| {
        let voted = block.vote(12, &calldata);
        block.bridge().forged.insert(slot, value);
        voted
    });
    stage.prove(handled(request.at, executing.handled))
}

#[test]
fn rejects_a_failed_request_and_a_failed_execution() {
    assert_eq!(with_request_receipt(|receipt| receipt.status = 9).outcome(), ("invalid", "verify.status"));
    assert_eq!(with_request_receipt(|receipt| receipt.status = 0).outcome(), ("invalid", "verify.status"));
    assert_eq!(with_handle_receipt(coin(500), |receipt| receipt.status = 9).outcome(), ("invalid", "verify.status"));
    assert_eq!(with_handle_receipt(coin(500), |receipt| receipt.status = 2).outcome(), ("invalid", "verify.status"));
    assert_eq!(with_handle_receipt(coin(500), |_| ()).outcome(), ("proven", "handled"));
    assert_eq!(with_request_receipt(|_| ()).outcome(), ("proven", "handled"));
}

#[test]
fn rejects_events_of_another_contract() {
    let foreign = Address([0x66; 20]);
    let of_request = with_request_receipt(move |receipt| receipt.logs[0].address = foreign);
    let of_handle = with_handle_receipt(coin(500), move |receipt| receipt.logs[0].address = foreign);
    assert_eq!(of_request.outcome(), ("invalid", "verify.emitter"));
    assert_eq!(of_handle.outcome(), ("invalid", "verify.emitter"));
}

#[test]
fn rejects_other_events_and_malformed_ones() {
    let other = |receipt: &mut spanlight::receipt::Receipt| receipt.logs[0].topics[0] = keccak256(b"Other()");
    assert_eq!(with_request_receipt(other).outcome(), ("invalid", "bridge.event_signature"));
    assert_eq!(with_handle_receipt(coin(500), other).outcome(), ("invalid", "bridge.event_signature"));
    let longer = |receipt: &mut spanlight::receipt::Receipt| receipt.logs[0].data.extend([0; 32]);
    assert_eq!(with_request_receipt(longer).outcome(), ("invalid", "bridge.abi_not_canonical"));
    assert_eq!(with_handle_receipt(coin(500), longer).outcome(), ("invalid", "bridge.abi_not_canonical"));
    let fewer = |receipt: &mut spanlight::receipt::Receipt| receipt.logs[0].topics.truncate(3);
    assert_eq!(with_handle_receipt(coin(500), fewer).outcome(), ("invalid", "bridge.topic_count"));
}

/// M6 lives here: an event of another nonce is no evidence for this transfer at all.
#[test]
fn rejects_events_of_another_nonce() {
    let (mut stage, first) = executed(&setup(), coin(500));
    let request = stage.request(coin(600));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let crossed = TransferProof { nonce: 1, request: first.request, handle: votes[1].handled, ..first.clone() };
    assert_eq!(stage.prove(crossed).outcome(), ("invalid", "verify.nonce"));
    let crossed = TransferProof { nonce: 1, request: Some(request.at), handle: first.handle, ..first.clone() };
    assert_eq!(stage.prove(crossed).outcome(), ("invalid", "verify.nonce"));
    let right = TransferProof { nonce: 1, request: Some(request.at), handle: votes[1].handled, ..first };
    assert_eq!(stage.prove(right).outcome(), ("proven", "handled"));
}

#[test]
fn does_not_judge_bridges_of_unknown_code() {
    let (stage, transfer) = executed(&setup(), coin(500));
    for end in 0..2 {
        let mut scenario = stage.prove(transfer.clone());
        scenario.trust.bridge.as_mut().unwrap().ends[end].codes[0].hash = Hash([1; 32]);
        assert_eq!(scenario.outcome(), ("unsupported", "bridge.unknown_code"));
    }
}

#[test]
fn rejects_a_bridge_of_another_mode() {
    let (stage, transfer) = executed(&setup(), coin(500));
    for end in 0..2 {
        let mut scenario = stage.prove(transfer.clone());
        let mint_burn = &mut scenario.trust.bridge.as_mut().unwrap().ends[end].mint_burn;
        *mint_burn = !*mint_burn;
        assert_eq!(scenario.outcome(), ("invalid", "verify.bridge_mode"));
    }
}

#[test]
fn rejects_a_request_that_the_source_does_not_count() {
    let mut stage = Stage::new(&setup());
    let request = stage.source.block(|block| {
        let requested = block.request(coin(500));
        block.bridge().request_nonce = 0;
        requested
    });
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let scenario = stage.prove(handled(request.at, votes[1].handled));
    assert_eq!(scenario.outcome(), ("invalid", "verify.request_count"));
}

#[test]
fn rejects_an_execution_that_the_destination_has_not_closed() {
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let executing = stage.destination.block(|block| {
        let voted = block.vote(12, &calldata);
        block.bridge().lower = 0;
        voted
    });
    assert_eq!(stage.prove(handled(request.at, executing.handled)).outcome(), ("invalid", "verify.not_closed"));
}

#[test]
fn handled_out_of_order_is_closed_and_not_swept() {
    let mut stage = Stage::new(&setup());
    stage.request(coin(500));
    let request = stage.request(coin(600));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfer = TransferProof { nonce: 1, ..handled(request.at, votes[1].handled) };
    assert_eq!(stage.prove(transfer).outcome(), ("proven", "handled"));
}

#[test]
fn accuses_nobody_where_the_token_was_deregistered_in_the_requests_own_block() {
    let mut stage = Stage::new(&setup());
    let request = stage.source.block(|block| {
        let requested = block.request(erc20(77));
        block.bridge().registered.remove(&SOURCE_TOKEN);
        requested
    });
    let mut call = stage.call(&request);
    call.token = Some(spanlight_forge::DESTINATION_TOKEN);
    let votes = stage.votes(&[11, 12], &call);
    let scenario = stage.prove(handled(request.at, votes[1].handled));
    assert_eq!(scenario.outcome(), ("unsupported", "bridge.token_not_registered"));
}

#[test]
fn a_registry_that_moved_in_the_requests_block_does_not_mask_another_difference() {
    let mut stage = Stage::new(&setup());
    stage.source.idle(1);
    let request = stage.source.block(|block| {
        let requested = block.request(erc20(77));
        block.bridge().registered.insert(SOURCE_TOKEN, Address([0x72; 20]));
        requested
    });
    let mut call = stage.call(&request);
    (call.token, call.value) = (Some(Address([0x73; 20])), U256::from(78));
    let votes = stage.votes(&[11, 12], &call);
    let state = stage.prove(handled(request.at, votes[1].handled)).state();
    let differences: Vec<_> = state.differences().iter().map(|found| (found.rule, found.field)).collect();
    assert_eq!(differences, [("M5", "amount")]);
}

/// Generation A: the operators asked the token for the URI, and the event does not say what it answered.
#[test]
fn accuses_nobody_over_a_token_uri_that_is_not_in_the_request() {
    let mut stage = Stage::new(&setup());
    let request = stage.request(RequestEvent { encoding: None, ..erc721(9, "") });
    let mut call = stage.call(&request);
    call.token_uri = Some(b"https://x.y/9".to_vec());
    let votes = stage.votes(&[11, 12], &call);
    let scenario = stage.prove(handled(request.at, votes[1].handled));
    assert_eq!(scenario.outcome(), ("unsupported", "bridge.token_uri_unknown"));
}

/// Under other code before the deciding block, the threshold and the operators there would say nothing.
#[test]
fn does_not_judge_an_execution_right_after_unknown_code() {
    for generation_b in [false, true] {
        let setup = if generation_b { setup().generation_b() } else { setup() };
        let mut stage = Stage::new(&setup);
        let code = stage.destination.bridge.code_hash;
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        stage.destination.bridge.code_hash = Hash([1; 32]);
        let first = stage.vote(11, &calldata);
        stage.destination.bridge.code_hash = code;
        let executing = stage.vote(12, &calldata);
        let votes = if generation_b { vec![first.at] } else { Vec::new() };
        let transfer = TransferProof { votes, ..handled(request.at, executing.handled) };
        assert_eq!(stage.prove(transfer).outcome(), ("unsupported", "bridge.unknown_code"));
    }
}

#[test]
fn rejects_a_count_that_is_not_the_number_of_voters() {
    let base = layout::votes_base(layout::TRANSFER_VOTE, 0);
    let count = |value: u64| {
        with_word(move |_, _, calldata| (layout::vote_count_slot(base, &keccak256(calldata)), U256::from(value)))
    };
    assert_eq!(count(3).outcome(), ("invalid", "verify.vote_count"));
    assert_eq!(count(1).outcome(), ("invalid", "verify.vote_count"));
    assert_eq!(count(256).outcome(), ("invalid", "verify.bridge_storage"));
    assert_eq!(count(2).outcome(), ("proven", "handled"));
}

/// The list of voters is walked up to a bound that no honest bridge reaches.
#[test]
fn walks_no_longer_list_of_voters_than_256() {
    let voters = |length: u64| {
        let slot = layout::voters_length(layout::votes_base(layout::TRANSFER_VOTE, 0));
        with_word(move |_, _, _| (slot, U256::from(length))).outcome()
    };
    assert_eq!(voters(256), ("incomplete", "missing.slot"));
    assert_eq!(voters(257), ("unsupported", "votes.too_many_voters"));
    assert_eq!(voters(u64::MAX), ("unsupported", "votes.too_many_voters"));
}

#[test]
fn rejects_an_executing_operator_without_a_vote_for_the_key() {
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let executing = stage.destination.block(|block| {
        let index = block.items.len();
        block.vote(12, &calldata);
        // The state says that 11 and 12 voted; the transaction is of somebody else.
        let (_, receipt) = block.items.remove(index);
        let bridge = block.bridge().address;
        block.transaction(OUTSIDER, bridge, U256::ZERO, calldata.clone(), 1, receipt.logs);
        ItemRef { block: block.number, index: index as u32 }
    });
    let scenario = stage.prove(handled(request.at, Some(LogRef { item: executing, log: 0 })));
    assert_eq!(scenario.outcome(), ("invalid", "verify.executor_vote"));
}

/// Accepted code executes at the threshold and not below it: both ends of the block say 3, so it
/// was lower inside the block.
#[test]
fn does_not_judge_an_execution_with_fewer_votes_than_both_ends_of_its_block_need() {
    let threshold = layout::threshold_slot(layout::TRANSFER_VOTE);
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.destination.block(|block| block.bridge().forged.insert(threshold, U256::from(3u64)));
    stage.vote(11, &calldata);
    let voted = stage.vote(12, &calldata);
    let dipped = ("unsupported", "votes.threshold_changed_in_block");
    assert_eq!(stage.prove(handled(request.at, voted.handled)).outcome(), dipped);
}

/// The owner lowers the threshold to 1 before the deciding vote and raises it again behind it, in
/// one block.
#[test]
fn a_threshold_that_dips_in_the_deciding_block_is_unsupported_and_the_lie_beside_it_is_named() {
    let dips = |lie: bool, relayed: bool| {
        let mut stage = Stage::new(&StageSetup { threshold: 3, ..setup() });
        let operator = if relayed { RELAY } else { keys::address(12) };
        stage.destination.block(|block| block.bridge().operators.push(RELAY));
        let request = stage.request(coin(500));
        let mut call = stage.call(&request);
        call.value += U256::from(u8::from(lie));
        let calldata = call.encode();
        stage.knows_call(&calldata);
        let voted = stage.destination.block(|block| {
            block.bridge().threshold = 1;
            let voted = if relayed { block.vote_through_relay(12, &calldata) } else { block.vote(12, &calldata) };
            block.bridge().threshold = 3;
            voted
        });
        let calls = if relayed { vec![calldata] } else { Vec::new() };
        let scenario = stage.prove(TransferProof { calls, ..handled(request.at, voted.handled) });
        (scenario.outcome(), scenario.verdict().state().map_or(Vec::new(), |s| s.culprits().to_vec()), operator)
    };
    for relayed in [false, true] {
        assert_eq!(dips(false, relayed).0, ("unsupported", "votes.threshold_changed_in_block"), "{relayed}");
        let (outcome, culprits, operator) = dips(true, relayed);
        assert_eq!((outcome, culprits), (("proven", "fraud"), vec![operator]), "{relayed}");
    }
}

/// Where votes are shown by transactions, those that are left out are missing: nobody can tell that
/// the threshold dipped.
#[test]
fn too_few_vote_transactions_are_missing_votes() {
    let mut stage = Stage::new(&StageSetup { threshold: 3, ..setup() }.generation_b());
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12, 13], &stage.call(&request));
    let shown = |votes: Vec<ItemRef>, handle| TransferProof { votes, ..handled(request.at, handle) };
    let all = stage.prove(shown(vec![votes[0].at, votes[1].at], votes[2].handled));
    assert_eq!(all.outcome(), ("proven", "handled"));
    let few = stage.prove(shown(vec![votes[0].at], votes[2].handled));
    assert_eq!(few.outcome(), ("incomplete", "missing.votes"));
}

/// 14 became an operator in the deciding block itself: whether before or after its vote, no state
/// shows.
#[test]
fn does_not_count_who_became_an_operator_in_the_deciding_block_on_b() {
    let joins = |before: bool| {
        let mut stage = Stage::new(&setup().generation_b());
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        if before {
            stage.destination.block(|block| block.bridge().register(keys::address(14)));
        }
        let (first, executing) = stage.destination.block(|block| {
            if !before {
                block.bridge().register(keys::address(14));
            }
            (block.vote(14, &calldata), block.vote(12, &calldata))
        });
        let transfer = TransferProof { votes: vec![first.at], ..handled(request.at, executing.handled) };
        stage.prove(transfer).outcome()
    };
    assert_eq!(joins(true), ("proven", "handled"));
    assert_eq!(joins(false), ("unsupported", "votes.former_operators_decided"));
}

/// A reference to what is shown for another reason leaves no unread item behind, so only the rule
/// about references sees it.
#[test]
fn rejects_vote_references_that_nothing_asks_for() {
    let (stage, transfer) = executed(&setup(), coin(500));
    let votes = vec![transfer.handle.unwrap().item];
    assert_eq!(stage.prove(transfer.clone()).outcome(), ("proven", "handled"));
    assert_eq!(stage.prove(TransferProof { votes, ..transfer }).outcome(), ("invalid", "bundle.unused"));

    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let failed = stage.destination.block(|block| block.vote_if(12, &calldata, false)).at;
    stage.destination.idle(1);
    let open = TransferProof { request: Some(request.at), failed: Some(failed), ..TransferProof::default() };
    assert_eq!(stage.prove(open.clone()).outcome(), ("proven", "stuck"));
    assert_eq!(stage.prove(TransferProof { votes: vec![failed], ..open }).outcome(), ("invalid", "bundle.unused"));
}

#[test]
fn does_not_judge_where_the_threshold_fell_in_the_deciding_block() {
    let mut stage = Stage::new(&StageSetup { threshold: 3, ..setup() });
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let executing = stage.destination.block(|block| {
        block.bridge().threshold = 2;
        block.vote(12, &calldata)
    });
    let scenario = stage.prove(handled(request.at, executing.handled));
    assert_eq!(scenario.outcome(), ("unsupported", "votes.threshold_changed_in_block"));
}

#[test]
fn does_not_count_those_who_left_before_the_deciding_vote() {
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    stage.votes(&[13], &call);
    stage.destination.block(|block| block.bridge().operators.retain(|operator| *operator != keys::address(13)));
    let votes = stage.votes(&[11], &call);
    let scenario = stage.prove(handled(request.at, votes[0].handled));
    assert_eq!(scenario.outcome(), ("unsupported", "votes.former_operators_decided"));
}

#[test]
fn needs_the_votes() {
    let (stage, mut transfer) = executed_on_b(FORM, coin(500));
    assert_eq!(stage.prove(transfer.clone()).outcome(), ("proven", "handled"));
    transfer.votes.clear();
    assert_eq!(stage.prove(transfer).outcome(), ("incomplete", "missing.votes"));
}

#[test]
fn rejects_two_votes_of_one_operator() {
    let mut stage = Stage::new(&setup().generation_b());
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let votes = stage.votes(&[11, 11, 12], &call);
    let transfer = |shown: &[usize]| TransferProof {
        votes: shown.iter().map(|index| votes[*index].at).collect(),
        ..handled(request.at, votes[2].handled)
    };
    assert_eq!(stage.prove(transfer(&[0, 1])).outcome(), ("invalid", "verify.duplicate_voter"));
    assert_eq!(stage.prove(transfer(&[1])).outcome(), ("proven", "handled"));
}

#[test]
fn rejects_a_second_vote_of_the_executing_operator() {
    let mut stage = Stage::new(&StageSetup { threshold: 1, ..setup() }.generation_b());
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    let (early, executing) = stage.destination.block(|block| {
        let bridge = block.bridge().address;
        let early = block.transaction(11, bridge, U256::ZERO, calldata.clone(), 1, Vec::new());
        (ItemRef { block: block.number, index: early }, block.vote(11, &calldata))
    });
    let transfer = TransferProof { votes: vec![early], ..handled(request.at, executing.handled) };
    assert_eq!(stage.prove(transfer).outcome(), ("invalid", "verify.duplicate_voter"));
}

#[test]
fn rejects_a_vote_after_the_execution() {
    let (mut stage, transfer) = executed_on_b(FORM, coin(500));
    let bridge = stage.destination.bridge.address;
    let executing = transfer.handle.unwrap().item;
    let calldata = {
        let item = &stage.destination.at(executing.block).transactions[executing.index as usize];
        spanlight::transaction::Transaction::decode(item).unwrap().input().to_vec()
    };
    let late = stage.destination.block(|block| {
        let index = block.transaction(13, bridge, U256::ZERO, calldata, 1, Vec::new());
        ItemRef { block: block.number, index }
    });
    let scenario = stage.prove(TransferProof { votes: vec![late], ..transfer });
    assert_eq!(scenario.outcome(), ("invalid", "verify.vote_order"));
}

#[test]
fn rejects_votes_that_say_something_else_failed_or_call_something_else() {
    let outcome = |input: fn(&[u8]) -> Vec<u8>, status: u64, to: Option<Address>| {
        let mut stage = Stage::new(&setup().generation_b());
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        let bridge = stage.destination.bridge.address;
        let shown = stage.destination.block(|block| {
            block.bridge().vote(keys::address(11), &calldata, true).unwrap();
            let index = block.transaction(11, to.unwrap_or(bridge), U256::ZERO, input(&calldata), status, Vec::new());
            ItemRef { block: block.number, index }
        });
        let executing = stage.vote(12, &calldata);
        let transfer = TransferProof { votes: vec![shown], ..handled(request.at, executing.handled) };
        stage.prove(transfer).outcome()
    };
    let same: fn(&[u8]) -> Vec<u8> = <[u8]>::to_vec;
    assert_eq!(outcome(same, 1, None), ("proven", "handled"));
    let trailing: fn(&[u8]) -> Vec<u8> = |calldata| [calldata, &[0]].concat();
    assert_eq!(outcome(trailing, 1, None), ("invalid", "verify.vote_calldata"));
    assert_eq!(outcome(same, 9, None), ("invalid", "verify.status"));
    assert_eq!(outcome(same, 1, Some(Address([0x66; 20]))), ("invalid", "verify.not_a_call"));
}

#[test]
fn does_not_count_an_outsiders_vote_transaction() {
    let mut stage = Stage::new(&setup().generation_b());
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    let bridge = stage.destination.bridge.address;
    let outsider = stage.destination.block(|block| {
        block.bridge().vote(keys::address(11), &calldata, true).unwrap();
        let index = block.transaction(OUTSIDER, bridge, U256::ZERO, calldata.clone(), 1, Vec::new());
        ItemRef { block: block.number, index }
    });
    let executing = stage.vote(12, &calldata);
    let transfer = TransferProof { votes: vec![outsider], ..handled(request.at, executing.handled) };
    assert_eq!(stage.prove(transfer).outcome(), ("invalid", "verify.vote_taken_back"));

    // In the deciding block itself no state shows whose vote it was.
    let mut stage = Stage::new(&setup().generation_b());
    let request = stage.request(coin(500));
    let (outsider, executing) = stage.destination.block(|block| {
        block.bridge().vote(keys::address(11), &calldata, true).unwrap();
        let index = block.transaction(OUTSIDER, bridge, U256::ZERO, calldata.clone(), 1, Vec::new());
        (ItemRef { block: block.number, index }, block.vote(12, &calldata))
    });
    let transfer = TransferProof { votes: vec![outsider], ..handled(request.at, executing.handled) };
    assert_eq!(stage.prove(transfer).outcome(), ("unsupported", "votes.former_operators_decided"));
}

/// Generation B keeps votes in storage until they decide, so the state before the deciding block says whose vote stands.
#[test]
fn rejects_a_vote_that_was_taken_back() {
    let mut stage = Stage::new(&setup().generation_b());
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut wrong = call.clone();
    wrong.value += U256::ONE;
    let withdrawn = stage.vote(13, &wrong.encode());
    stage.vote(13, &call.encode());
    let votes = stage.votes(&[11, 12], &wrong);
    let with =
        |votes: Vec<ItemRef>, handle| stage.prove(TransferProof { votes, ..handled(request.at, handle) }).outcome();
    assert_eq!(with(vec![withdrawn.at, votes[0].at], votes[1].handled), ("invalid", "verify.vote_taken_back"));
    assert_eq!(with(vec![votes[0].at], votes[1].handled), ("proven", "fraud"));
}

/// 13 votes for what is executed and takes it back, both inside the deciding block: no state shows
/// it, the whole block does.
#[test]
fn a_vote_taken_back_inside_the_deciding_block_is_seen_where_the_block_is_whole() {
    let outcome = |form: CommitmentForm, again: bool, earlier: bool| {
        let mut stage = Stage::new(&StageSetup::with_form(form).generation_b());
        let request = stage.request(coin(500));
        let call = stage.call(&request);
        let other = spanlight::bridge::HandleCall { value: call.value + U256::ONE, ..call.clone() }.encode();
        let calldata = call.encode();
        let before = earlier.then(|| stage.vote(13, &calldata));
        let (first, executing) = stage.destination.block(|block| {
            let first = before.unwrap_or_else(|| block.vote(13, &calldata));
            block.vote(13, &other);
            if again {
                block.vote(13, &calldata);
            }
            let second = block.vote(11, &calldata);
            (first, second.handled.map_or_else(|| block.vote(12, &calldata), |_| second))
        });
        let transfer = TransferProof { votes: vec![first.at], ..handled(request.at, executing.handled) };
        stage.prove(transfer).outcome()
    };
    for earlier in [false, true] {
        assert_eq!(outcome(CommitmentForm::Concat, false, earlier), ("invalid", "verify.vote_taken_back"));
        assert_eq!(outcome(CommitmentForm::Concat, true, earlier), ("proven", "handled"));
        // Under the other forms only some items of the block are shown: the contract's word has to
        // do.
        assert_eq!(outcome(CommitmentForm::Trie, false, earlier), ("proven", "handled"));
    }
}

/// On generation C the votes are in storage, and vote transactions would hide those for something else.
#[test]
fn vote_transactions_are_no_evidence_where_the_bridge_keeps_the_votes() {
    let (stage, transfer) = executed(&setup(), coin(500));
    let executing = transfer.handle.unwrap().item;
    let votes = vec![ItemRef { block: executing.block - 1, index: executing.index }];
    let shown = TransferProof { votes, ..transfer };
    assert_eq!(stage.prove(shown.clone()).outcome(), ("invalid", "bundle.unused"));
    let list = layout::voters_length(layout::votes_base(layout::TRANSFER_VOTE, 0));
    let mut scenario = stage.prove(shown);
    let state = scenario.destination().states.last_mut().unwrap();
    let slots: Vec<Hash> = state.proof.slots.iter().filter(|slot| **slot != list).copied().collect();
    assert_ne!(slots.len(), state.proof.slots.len());
    state.proof = stage.destination.at(state.number).state.prove(&stage.destination.bridge.address, &slots);
    assert_eq!(scenario.outcome(), ("incomplete", "missing.votes"));
}

#[test]
fn a_vote_for_another_chain_shows_that_the_trust_names_the_wrong_id() {
    let (stage, transfer) = executed(&setup(), coin(500));
    let mut scenario = stage.prove(transfer);
    let got = scenario.trust.chains[1].profile.chain_id;
    let expected = got + 1;
    scenario.trust.chains[1].profile.chain_id = expected;
    // Nothing in the bundle is false, so no verdict says so.
    let error = verify(&scenario.bundle, &scenario.trust, scenario.now).unwrap_err();
    assert_eq!(error, TrustError::ChainId { chain: "service".into(), expected, got }.into());
}

#[test]
fn does_not_judge_a_token_that_did_not_move() {
    let moved = |spoil: fn(&mut spanlight::receipt::Log)| {
        with_handle_receipt(erc20(77), move |receipt| spoil(&mut receipt.logs[1])).outcome()
    };
    assert_eq!(moved(|_| ()), ("proven", "handled"));
    let unusual = ("unsupported", "bridge.unusual_token");
    assert_eq!(moved(|log| log.data[31] += 1), unusual);
    assert_eq!(moved(|log| log.address = Address([0x72; 20])), unusual);
    assert_eq!(moved(|log| log.topics[2] = Address([0x99; 20]).to_word()), unusual);
    assert_eq!(moved(|log| log.topics[1] = Address([0x99; 20]).to_word()), unusual);
    assert_eq!(moved(|log| log.topics[0] = keccak256(b"Moved()")), unusual);
}

#[test]
fn rejects_calls_that_nothing_asks_for() {
    let (stage, mut transfer) = executed(&setup(), coin(500));
    transfer.calls = vec![b"stray".to_vec()];
    assert_eq!(stage.prove(transfer.clone()).outcome(), ("invalid", "verify.stray_call"));
    let open = TransferProof { handle: None, ..transfer };
    let mut stage = Stage::new(&setup());
    stage.request(coin(500));
    stage.destination.idle(1);
    assert_eq!(stage.prove(open).outcome(), ("invalid", "verify.stray_call"));
}

#[test]
fn a_hidden_call_has_to_be_supplied_and_to_be_the_executed_one() {
    let (stage, transfer) = executed_through_a_contract(FORM);
    let without = TransferProof { calls: Vec::new(), ..transfer.clone() };
    assert_eq!(stage.prove(without).outcome(), ("incomplete", "missing.vote_call"));
    let other = TransferProof { calls: vec![b"stray".to_vec()], ..transfer };
    assert_eq!(stage.prove(other).outcome(), ("invalid", "verify.stray_call"));
}

/// A dissenter's calldata is the preimage of a live vote too, but it was not executed: presenting it must not turn an
/// honest execution into fraud. With two live keys nobody can see which of them was executed, so nothing is said.
#[test]
fn a_dissenters_call_is_not_taken_for_a_hidden_executed_one() {
    let mut stage = Stage::new(&StageSetup { operators: 4, ..setup() });
    stage.destination.block(|block| block.bridge().operators.push(RELAY));
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.value += U256::ONE;
    stage.votes(&[13], &other);
    stage.vote(11, &call.encode());
    let executing = stage.destination.block(|block| block.vote_through_relay(12, &call.encode()));
    let with = |calldata: Vec<u8>| {
        let transfer = TransferProof { calls: vec![calldata], ..handled(request.at, executing.handled) };
        stage.prove(transfer).outcome()
    };
    assert_eq!(with(call.encode()), ("unsupported", "votes.executed_key_unknown"));
    // One vote was enough, had the threshold dipped.
    assert_eq!(with(other.encode()), ("unsupported", "votes.executed_key_unknown"));
    assert_eq!(with(b"stray".to_vec()), ("invalid", "verify.stray_call"));
}

/// A hidden call, or one that is shown by vote transactions only, is tied to its execution by saying the same.
#[test]
fn accuses_nobody_where_the_event_says_something_else_than_a_call_that_nothing_ties_to_it() {
    let outcome = |generation_b: bool, spoil: bool| {
        let setup = if generation_b { setup().generation_b() } else { setup() };
        let mut stage = Stage::new(&setup);
        stage.destination.block(|block| block.bridge().operators.push(RELAY));
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        let first = stage.vote(11, &calldata);
        let executing = stage.destination.block(|block| {
            let voted = if generation_b { block.vote(12, &calldata) } else { block.vote_through_relay(12, &calldata) };
            block.spoil_receipt(voted.at.index, |receipt| {
                let mut event = spanlight::bridge::HandleEvent::decode(&receipt.logs[0]).unwrap();
                event.value += U256::from(u64::from(spoil));
                receipt.logs[0].data = event.encode().data;
            });
            voted
        });
        let (votes, calls) = if generation_b { (vec![first.at], vec![]) } else { (vec![], vec![calldata]) };
        stage.prove(TransferProof { votes, calls, ..handled(request.at, executing.handled) }).outcome()
    };
    for generation_b in [false, true] {
        assert_eq!(outcome(generation_b, false), ("proven", "handled"));
        assert_eq!(outcome(generation_b, true), ("unsupported", "bridge.executed_call_unknown"));
    }
}

/// Two keys reach the threshold after it fell; which of them was executed is not to be seen.
#[test]
fn does_not_guess_which_of_two_decided_votes_was_executed() {
    let mut stage = Stage::new(&StageSetup { operators: 4, threshold: 3, ..setup() });
    stage.destination.block(|block| block.bridge().operators.push(RELAY));
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.request_block -= 1;
    stage.votes(&[13, 14], &other);
    stage.vote(11, &call.encode());
    stage.destination.block(|block| block.vote_through_relay(12, &call.encode()));
    stage.destination.block(|block| block.bridge().threshold = 2);
    let executing = stage.destination.block(|block| block.vote_through_relay(12, &call.encode()));
    for calldata in [call.encode(), other.encode()] {
        let transfer = TransferProof { calls: vec![calldata], ..handled(request.at, executing.handled) };
        assert_eq!(stage.prove(transfer).outcome(), ("unsupported", "votes.executed_key_unknown"));
    }
}

#[test]
fn failed_attempts_have_to_show_a_reverted_delivery() {
    let (stage, transfer) = stuck::reverted(FORM);
    assert_eq!(stage.prove(transfer.clone()).outcome(), ("proven", "stuck"));

    // A transaction that succeeded.
    let succeeded = TransferProof {
        failed: transfer.failed.map(|at| ItemRef { block: at.block - 1, index: 1 }),
        ..transfer.clone()
    };
    assert_eq!(stage.prove(succeeded).outcome(), ("invalid", "verify.not_failed"));

    // An outsider's.
    let of = |key: u64, change: fn(&mut Vec<u8>), to: Option<Address>, early: bool| {
        let mut stage = Stage::new(&setup());
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        let bridge = stage.destination.bridge.address;
        let mut input = calldata.clone();
        change(&mut input);
        stage.destination.idle(1);
        if !early {
            stage.vote(11, &calldata);
        }
        let failed = stage.destination.block(|block| {
            let index = block.transaction(key, to.unwrap_or(bridge), U256::ZERO, input, 9, Vec::new());
            ItemRef { block: block.number, index }
        });
        stage.vote(11, &calldata);
        stage
            .prove(TransferProof { request: Some(request.at), failed: Some(failed), ..TransferProof::default() })
            .outcome()
    };
    assert_eq!(of(12, |_| (), None, false), ("proven", "stuck"));
    assert_eq!(of(OUTSIDER, |_| (), None, false), ("invalid", "verify.failed_attempt"));
    assert_eq!(of(11, |_| (), None, false), ("invalid", "verify.failed_attempt"));
    assert_eq!(of(12, |_| (), None, true), ("invalid", "verify.failed_attempt"));
    assert_eq!(of(12, |input| input.push(0), None, false), ("invalid", "verify.vote_calldata"));
    assert_eq!(of(12, |_| (), Some(Address([0x66; 20])), false), ("invalid", "verify.not_a_call"));
}

#[test]
fn a_failed_attempt_needs_an_earlier_state() {
    let (stage, transfer) = stuck::reverted(FORM);
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.destination_states = [stage.destination.height()].into();
    assert_eq!(stage.prove_plan(&plan, transfers).outcome(), ("incomplete", "missing.bridge_state"));
}

/// Who was no operator at the time of the attempt failed for that reason, whatever he is now.
#[test]
fn the_failing_operator_has_to_be_one_before_the_attempt_too() {
    let outcome = |registered_early: bool| {
        let mut stage = Stage::new(&setup());
        let late = keys::address(12);
        if !registered_early {
            stage.destination.block(|block| block.bridge().operators.retain(|operator| *operator != late));
        }
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        stage.vote(11, &calldata);
        let failed = stage.destination.block(|block| block.vote_if(12, &calldata, false));
        assert!(failed.reverted);
        stage.destination.block(|block| {
            let operators = &mut block.bridge().operators;
            if !operators.contains(&late) {
                operators.push(late);
            }
        });
        let transfer = TransferProof { request: Some(request.at), failed: Some(failed.at), ..TransferProof::default() };
        stage.prove(transfer).outcome()
    };
    assert_eq!(outcome(true), ("proven", "stuck"));
    assert_eq!(outcome(false), ("invalid", "verify.failed_attempt"));
}

/// Of a state before the attempt nobody knows that the attempt did not decide after all.
#[test]
fn a_failed_attempt_may_not_lie_after_the_newest_state() {
    let (stage, transfer) = stuck::reverted(FORM);
    let failed_at = transfer.failed.unwrap().block;
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.destination_states = [failed_at - 1].into();
    assert_eq!(stage.prove_plan(&plan, transfers.clone()).outcome(), ("invalid", "verify.failed_attempt"));
    plan.destination_states = [failed_at - 1, failed_at].into();
    assert_eq!(stage.prove_plan(&plan, transfers).outcome(), ("proven", "stuck"));
}

#[test]
fn rejects_a_bridge_that_does_not_exist() {
    let (stage, transfer) = executed(&setup(), coin(500));
    let mut scenario = stage.prove(transfer);
    scenario.trust.bridge.as_mut().unwrap().ends[1].address = Address([0x99; 20]);
    assert_eq!(scenario.verdict().name(), "invalid");
}

#[test]
fn an_executed_nonce_is_not_open() {
    let (stage, transfer) = executed(&setup(), coin(500));
    let open = TransferProof { handle: None, ..transfer };
    assert_eq!(stage.prove(open).outcome(), ("incomplete", "missing.handle"));
}

/// What calls the bridge for one nonce may execute another one on its way, through an operator that is a contract. Vote
/// transactions cannot tell; the votes in state can, where the voted calldata is supplied.
#[test]
fn does_not_take_a_call_for_another_nonce_for_the_executed_one() {
    let outcome = |generation_b: bool, with_request: bool, supplied: fn(Vec<u8>, Vec<u8>) -> Vec<Vec<u8>>| {
        let setup = if generation_b { setup().generation_b() } else { setup() };
        let mut stage = Stage::new(&StageSetup { threshold: 1, ..setup });
        let request = stage.request(coin(500));
        let call = stage.call(&request);
        let other = spanlight::bridge::HandleCall { nonce: 1, request_block: call.request_block - 1, ..call.clone() };
        stage.knows_call(&call.encode());
        stage.knows_call(&other.encode());
        let executing = stage.destination.block(|block| {
            let event = block.bridge().vote(keys::address(12), &call.encode(), true).unwrap().unwrap();
            let bridge = block.bridge().address;
            let log = spanlight::receipt::Log { address: bridge, ..event.encode() };
            let index = block.transaction(12, bridge, U256::ZERO, other.encode(), 1, vec![log]);
            LogRef { item: ItemRef { block: block.number, index }, log: 0 }
        });
        let request = with_request.then_some(request.at);
        let calls = supplied(call.encode(), other.encode());
        stage.prove(TransferProof { request, handle: Some(executing), calls, ..TransferProof::default() }).outcome()
    };
    for with_request in [true, false] {
        assert_eq!(outcome(true, with_request, |_, _| vec![]), ("incomplete", "missing.votes"));
        assert_eq!(outcome(false, with_request, |_, _| vec![]), ("incomplete", "missing.vote_call"));
        assert_eq!(outcome(false, with_request, |_, other| vec![other]), ("invalid", "verify.stray_call"));
    }
    assert_eq!(outcome(false, true, |call, _| vec![call]), ("proven", "handled"));
    assert_eq!(outcome(false, false, |call, _| vec![call]), ("incomplete", "missing.request"));
}

/// The contract goes on counting those who left, so with their votes a key can still get there.
#[test]
fn former_operators_votes_count_towards_what_a_key_can_reach() {
    let mut stage = Stage::new(&StageSetup { operators: 4, threshold: 3, ..setup() });
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let mut other = call.clone();
    other.value += U256::ONE;
    stage.votes(&[14, 11], &call);
    stage.votes(&[12], &other);
    stage.destination.block(|block| block.bridge().operators.retain(|operator| *operator != keys::address(14)));
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    assert_eq!(stage.prove(transfer.clone()).outcome(), ("proven", "voting"));
    stage.votes(&[13], &other);
    let scenario = stage.prove(transfer);
    assert_eq!(scenario.state().reason(), Some("votes_differ"));
}
