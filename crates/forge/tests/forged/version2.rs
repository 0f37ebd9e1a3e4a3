//! The version 2 bridge with one thing wrong: signatures, the executed key, the source it is bound to, what it could not deliver.
//! The same stages without the spoiling are proven (`scenarios/version2.rs`).

use spanlight::bridge::{layout, DeliveryFailedEvent, HandleCall, SignedHandle, SigningDomain};
use spanlight::bundle::{ItemRef, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight::facts::Role;
use spanlight::primitives::keccak256;
use spanlight::receipt::{Log, Receipt};
use spanlight::verdict::{Note, State, StuckReason, Verdict};
use spanlight::{Address, Hash, U256};
use spanlight_forge::scenarios::version2::{claimable, never_requested, signed, stage, two_through_a_contract};
use spanlight_forge::{coin, erc20, keys, Requested, Scenario, Stage, StageSetup, OUTSIDER, RELAY};

const FORM: CommitmentForm = CommitmentForm::Trie;

/// 11 and 12 signed and an outsider brought it; the chain commits to the transaction that `spoil` makes of that.
fn with_calldata(spoil: impl FnOnce(&Stage, SignedHandle) -> Vec<u8>) -> Scenario {
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let honest = stage.signed(&[11, 12], &stage.call(&request));
    stage.knows_call(&honest.call.encode());
    let (domain, calldata) = (stage.domain(), spoil(&stage, honest.clone()));
    let voted = stage.destination.block(|block| {
        let voted = block.handle_with_signatures(OUTSIDER, &honest, &domain);
        let bridge = block.bridge().address;
        block.spoil_input(voted.at.index, OUTSIDER, bridge, calldata);
        voted
    });
    stage.prove(TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() })
}

/// The first signature is replaced by one of operator 11 or 12 over something else.
fn with_signature_over(
    domain: impl FnOnce(&mut SigningDomain),
    call: impl FnOnce(&mut HandleCall),
    epoch: u64,
) -> Scenario {
    with_calldata(|stage, mut honest| {
        let (mut other_domain, mut other_call) = (stage.domain(), honest.call.clone());
        domain(&mut other_domain);
        call(&mut other_call);
        let digest = other_domain.digest(&other_call, epoch);
        let first = if keys::address(11) < keys::address(12) { 11 } else { 12 };
        honest.signatures[0] = keys::sign_for_contract(first, &digest);
        honest.encode()
    })
}

/// The epoch of a stage with three operators.
const EPOCH: u64 = 3;

#[test]
fn rejects_signatures_over_another_chain_bridge_nonce_transfer_or_set_of_operators() {
    let same = with_signature_over(|_| (), |_| (), EPOCH);
    assert_eq!(same.outcome(), ("proven", "handled"));
    let others = [
        with_signature_over(|domain| domain.source_chain_id += 1, |_| (), EPOCH),
        with_signature_over(|domain| domain.source_bridge = Address([9; 20]), |_| (), EPOCH),
        with_signature_over(|domain| domain.chain_id += 1, |_| (), EPOCH),
        with_signature_over(|domain| domain.bridge = Address([9; 20]), |_| (), EPOCH),
        with_signature_over(|_| (), |call| call.nonce += 1, EPOCH),
        with_signature_over(|_| (), |call| call.value += U256::ONE, EPOCH),
        with_signature_over(|_| (), |call| call.request_block += 1, EPOCH),
        // Signed before an operator was replaced.
        with_signature_over(|_| (), |_| (), EPOCH - 1),
    ];
    for other in others {
        assert_eq!(other.outcome(), ("invalid", "verify.signer"));
    }
}

#[test]
fn rejects_a_signature_of_somebody_who_is_no_operator() {
    let outsider = with_calldata(|stage, honest| {
        let digest = stage.domain().digest(&honest.call, EPOCH);
        let signatures = vec![keys::sign_for_contract(OUTSIDER, &digest)];
        SignedHandle { signatures, ..honest }.encode()
    });
    assert_eq!(outsider.outcome(), ("invalid", "verify.signer"));
}

/// 13 is an operator and its signature is good, but the state has no vote of it.
#[test]
fn rejects_a_signature_that_left_no_vote() {
    let silent = with_calldata(|stage, honest| stage.signed(&[13], &honest.call).encode());
    assert_eq!(silent.outcome(), ("invalid", "verify.signer"));
}

#[test]
fn rejects_signers_that_do_not_ascend_or_sign_twice() {
    let swapped = with_calldata(|_, mut honest| {
        honest.signatures.swap(0, 1);
        honest.encode()
    });
    assert_eq!(swapped.outcome(), ("invalid", "verify.signer_order"));
    let twice = with_calldata(|_, mut honest| {
        honest.signatures[1] = honest.signatures[0].clone();
        honest.encode()
    });
    assert_eq!(twice.outcome(), ("invalid", "verify.signer_order"));
}

/// The second form of a signature, another length, and V as wallets of other kinds write it.
#[test]
fn rejects_signatures_in_a_form_that_the_contract_refuses() {
    let changed = |change: fn(&mut Vec<u8>)| {
        with_calldata(|_, mut honest| {
            change(&mut honest.signatures[0]);
            honest.encode()
        })
    };
    let malleable = |signature: &mut Vec<u8>| {
        let order: Hash = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse().unwrap();
        let s = U256::from_be_slice(&signature[32..64]);
        signature[32..64].copy_from_slice(&(order.to_u256() - s).to_be_bytes::<32>());
        signature[64] = 27 + 28 - signature[64];
    };
    let forms: [fn(&mut Vec<u8>); 4] =
        [malleable, |signature| signature[64] -= 27, |signature| signature.push(0), |signature| signature.truncate(64)];
    for change in forms {
        assert_eq!(changed(change).outcome(), ("invalid", "verify.signature_form"));
    }
}

/// The state names the executed key; whatever else a transaction of the bridge says did not happen.
#[test]
fn rejects_a_call_that_is_not_the_executed_one() {
    let other = |call: &HandleCall| HandleCall { value: call.value + U256::ONE, ..call.clone() };
    let by_signatures = with_calldata(|stage, honest| stage.signed(&[11, 12], &other(&honest.call)).encode());
    assert_eq!(by_signatures.outcome(), ("invalid", "verify.executed_key"));
    let by_call = with_calldata(|_, honest| other(&honest.call).encode());
    assert_eq!(by_call.outcome(), ("invalid", "verify.executed_key"));
    let trailing = with_calldata(|_, honest| [honest.call.encode(), vec![0]].concat());
    assert_eq!(trailing.outcome(), ("invalid", "verify.executed_key"));
}

/// The contract hashes nothing but canonical calldata, so no other preimage of a key accuses anybody.
#[test]
fn rejects_an_executed_call_that_is_not_canonical() {
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let honest = stage.call(&request).encode();
    let trailing = [honest.as_slice(), &[0]].concat();
    stage.vote(11, &honest);
    let voted = stage.destination.block(|block| {
        let voted = block.vote(12, &honest);
        let bridge = block.bridge().address;
        block.bridge().forged.insert(layout::executed_key_slot(0), keccak256(&trailing).to_u256());
        block.spoil_input(voted.at.index, 12, bridge, trailing);
        voted
    });
    let transfer = TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), ("invalid", "bridge.abi_not_canonical"));
}

#[test]
fn a_hidden_call_is_shown_by_its_preimage_and_by_no_other() {
    let (stage, [first, second]) = two_through_a_contract(FORM);
    let none = TransferProof { calls: Vec::new(), ..second.clone() };
    assert_eq!(stage.prove(none).outcome(), ("incomplete", "missing.vote_call"));
    let crossed = TransferProof { calls: first.calls.clone(), ..second.clone() };
    assert_eq!(stage.prove(crossed).outcome(), ("invalid", "verify.executed_key"));
    let crossed = TransferProof { handle: first.handle, ..second.clone() };
    assert_eq!(stage.prove(crossed).outcome(), ("invalid", "verify.nonce"));
    assert_eq!(stage.prove(second).outcome(), ("proven", "handled"));
}

#[test]
fn rejects_a_supplied_call_beside_one_that_is_not_hidden() {
    let (stage, request, transfer) = signed(FORM, coin(500), true);
    let calls = vec![stage.call(&request).encode()];
    assert_eq!(stage.prove(TransferProof { calls, ..transfer }).outcome(), ("invalid", "verify.stray_call"));
}

/// Signatures inside another contract's call, or for another nonce, are not this execution's: the state judges without them.
#[test]
fn signatures_of_another_call_are_not_looked_at() {
    let through = |to: Address, nonce: u64, calls: bool| {
        let mut stage = stage(FORM);
        let request = stage.request(coin(500));
        let honest = stage.signed(&[11, 12], &stage.call(&request));
        stage.knows_call(&honest.call.encode());
        let domain = stage.domain();
        let other = SignedHandle { call: HandleCall { nonce, ..honest.call.clone() }, signatures: vec![vec![7; 65]] };
        let voted = stage.destination.block(|block| {
            let voted = block.handle_with_signatures(OUTSIDER, &honest, &domain);
            block.spoil_input(voted.at.index, OUTSIDER, to, other.encode());
            voted
        });
        let calls = if calls { vec![honest.call.encode()] } else { Vec::new() };
        let transfer =
            TransferProof { request: Some(request.at), handle: voted.handled, calls, ..TransferProof::default() };
        stage.prove(transfer)
    };
    let bridge = stage(FORM).destination.bridge.address;
    for (to, nonce) in [(RELAY, 0), (bridge, 5)] {
        assert_eq!(through(to, nonce, false).outcome(), ("incomplete", "missing.vote_call"));
        let transfer = through(to, nonce, true).transfer();
        let Verdict::Proven { notes, .. } = &transfer.verdict else { panic!("{:?}", transfer.verdict) };
        assert!(!notes.contains(&Note::VotesBySignatures));
        assert!(transfer.verdict.is_clean());
    }
}

/// On generation C that selector is no function: the fallback takes it for a request.
#[test]
fn signatures_mean_nothing_to_an_older_bridge() {
    let mut stage = Stage::new(&StageSetup::with_form(FORM));
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    stage.vote(11, &call.encode());
    let signed = stage.signed(&[11, 12], &call);
    let voted = stage.destination.block(|block| {
        let voted = block.vote(12, &call.encode());
        let bridge = block.bridge().address;
        block.spoil_input(voted.at.index, OUTSIDER, bridge, signed.encode());
        voted
    });
    let transfer = TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), ("incomplete", "missing.vote_call"));
}

#[test]
fn the_operators_who_signed_are_shown_with_the_transaction_that_brought_it() {
    let (stage, _, transfer) = signed(FORM, coin(500), true);
    let verdict = stage.prove(transfer).transfer();
    let execution = verdict.facts.execution.unwrap();
    assert_eq!(execution.sender, Some(keys::address(OUTSIDER)));
    let operators = verdict.facts.votes.unwrap().operators;
    assert_eq!(operators.len(), 2);
    for operator in operators {
        assert_eq!(operator.role, Role::Voted);
        assert_eq!(operator.transaction.map(|vote| vote.hash), Some(execution.transaction));
    }
}

/// 11 signs for the transfer and then votes otherwise by a call: its signature is passed over, and it dissents.
#[test]
fn a_signer_who_voted_otherwise_is_a_dissenter() {
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let other = HandleCall { value: call.value + U256::ONE, ..call.clone() };
    stage.votes(&[11], &other);
    stage.votes(&[12], &call);
    let voted = stage.handle_with_signatures(&stage.signed(&[11, 13], &call));
    let transfer = TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() };
    let verdict = stage.prove(transfer).transfer();
    assert_eq!(verdict.verdict.state(), Some(&State::Handled { votes: 2, of: 2 }));
    assert_eq!(verdict.dissenters, [keys::address(11)]);
}

/// A pair that names another source would make liars of operators who serve theirs.
#[test]
fn accuses_nobody_where_the_destination_serves_another_source() {
    let bound_to = |source: Option<(u64, Address)>, case: fn(&mut Stage, &Requested) -> TransferProof| {
        let mut stage = stage(FORM);
        stage.destination.block(|block| block.bridge().version2.source = source);
        let request = stage.request(coin(500));
        let transfer = case(&mut stage, &request);
        stage.prove(transfer)
    };
    let executed = |stage: &mut Stage, request: &Requested| {
        let votes = stage.votes(&[11, 12], &stage.call(request));
        TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() }
    };
    let invented = |stage: &mut Stage, request: &Requested| {
        let call = spanlight_forge::scenarios::fraud::invented_call(1, request.at.item.block);
        let votes = stage.votes(&[11, 12], &call);
        TransferProof { nonce: 1, handle: votes[1].handled, ..TransferProof::default() }
    };
    let attempted = |stage: &mut Stage, request: &Requested| {
        let call = spanlight_forge::scenarios::fraud::invented_call(1, request.at.item.block);
        stage.votes(&[11], &call);
        TransferProof { nonce: 1, calls: vec![call.encode()], ..TransferProof::default() }
    };
    let (chain, bridge) = stage(FORM).destination.bridge.version2.source.unwrap();
    for case in [executed, invented, attempted] {
        for other in [(chain + 1, bridge), (chain, Address([9; 20])), (0, bridge), (chain, Address::ZERO)] {
            assert_eq!(bound_to(Some(other), case).outcome(), ("unsupported", "bridge.bound_to_another_source"));
        }
        // Bound to none: as on generation C, the trust says which source is meant.
        assert_eq!(bound_to(None, case).outcome().0, "proven");
        assert_eq!(bound_to(Some((chain, bridge)), case).outcome().0, "proven");
    }
}

#[test]
fn rejects_votes_by_signature_where_no_source_is_bound() {
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let signed = stage.signed(&[11, 12], &stage.call(&request));
    stage.knows_call(&signed.call.encode());
    let domain = stage.domain();
    let voted = stage.destination.block(|block| {
        block.bridge().version2.source = None;
        block.handle_with_signatures(OUTSIDER, &signed, &domain)
    });
    let transfer = TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), ("invalid", "verify.source_not_bound"));
}

/// A seat that does not stand behind the key is no vote, whatever the older records say.
#[test]
fn a_vote_of_an_earlier_registration_does_not_reach_the_threshold() {
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let voted = stage.destination.block(|block| {
        let voted = block.vote(12, &calldata);
        // As if the contract had executed with a vote that had ended.
        let version2 = &mut block.bridge().version2;
        version2.unseat(&keys::address(11));
        version2.seat(keys::address(11));
        voted
    });
    let transfer = TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), ("unsupported", "votes.former_operators_decided"));
}

/// 257 registrations: the seat's bit is in the second word.
#[test]
fn seats_beyond_the_first_word_are_found() {
    let mut stage = stage(FORM);
    stage.destination.block(|block| {
        let bridge = block.bridge();
        bridge.version2.seat_count = 256;
        bridge.deregister(&keys::address(12));
        bridge.register(keys::address(12));
    });
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).state(), State::Handled { votes: 2, of: 2 });
}

/// Operators 11 and 12 and 13 vote three ways, 13 is registered anew: with three operators, and 11 free to follow 12, nothing is
/// decided yet; under generation C the ended vote would count against it.
#[test]
fn votes_that_ended_do_not_make_a_transfer_stuck() {
    let differ = |setup: StageSetup, anew: bool| {
        let mut stage = Stage::new(&StageSetup { threshold: 3, ..setup });
        let request = stage.request(coin(500));
        let call = stage.call(&request);
        let other = HandleCall { value: call.value + U256::ONE, ..call.clone() };
        stage.votes(&[11], &call);
        stage.votes(&[13], &other);
        if anew {
            stage.destination.block(|block| {
                block.bridge().deregister(&keys::address(13));
                block.bridge().register(keys::address(13));
            });
        }
        stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() }).state()
    };
    let stuck = State::Stuck { reason: StuckReason::VotesDiffer, votes: 1, of: 3 };
    let version2 = || StageSetup::with_form(FORM).version2();
    assert_eq!(differ(version2(), false), stuck);
    assert_eq!(differ(version2(), true), State::Voting { votes: 1, of: 3 });
    assert_eq!(differ(StageSetup::with_form(FORM), true), stuck);
}

/// Anybody can make a call with signatures fail; only an operator's own failed vote says that the transfer does not move.
#[test]
fn a_failed_call_with_signatures_shows_nothing() {
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    stage.votes(&[11], &call);
    let bad = SignedHandle { call: call.clone(), signatures: vec![vec![7; 65]] };
    let attempt = stage.handle_with_signatures(&bad);
    assert!(attempt.reverted);
    let transfer = TransferProof { request: Some(request.at), failed: Some(attempt.at), ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), ("invalid", "verify.vote_calldata"));
}

/// Paused, above the outflow limit or with too little gas: the deciding vote of an operator reverts, and may be sent again.
#[test]
fn an_operators_reverted_vote_is_shown_as_before() {
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    stage.vote(11, &calldata);
    let failed = stage.destination.block(|block| {
        let bridge = block.bridge().address;
        let index = block.transaction(12, bridge, U256::ZERO, calldata.clone(), 9, Vec::new());
        ItemRef { block: block.number, index }
    });
    let transfer = TransferProof { request: Some(request.at), failed: Some(failed), ..TransferProof::default() };
    let state = stage.prove(transfer).state();
    assert!(
        matches!(state, State::Stuck { reason: StuckReason::DeliveryReverted { .. }, votes: 1, of: 2 }),
        "{state:?}"
    );
}

#[test]
fn what_is_not_delivered_is_never_clean() {
    for event in [coin(500), erc20(77)] {
        let token = if event.token.is_zero() { Address::ZERO } else { spanlight_forge::DESTINATION_TOKEN };
        let (to, kind, value) = (event.to, event.token_type, event.value);
        let transfer = claimable("claimable", FORM, event).scenario.transfer();
        assert!(!transfer.verdict.is_clean());
        let Verdict::Proven { state: State::Handled { .. }, notes } = &transfer.verdict else { panic!("{transfer:?}") };
        let claim = notes.iter().find_map(Note::claim).expect("a note of the claim");
        assert_eq!((claim.recipient, claim.kind, claim.token), (to, kind, token));
        assert_eq!((claim.amount, claim.token_id, claim.claimed), (Some(value), None, false));
        let json = serde_json::to_value(&transfer).unwrap();
        assert_eq!(json["claim"]["amount"], value.to_string());
        assert_eq!(json["notes"].as_array().unwrap().iter().filter(|note| *note == "claimable").count(), 1);
    }
}

/// An execution by signatures whose receipt the chain commits to as `spoil` leaves it.
fn with_receipt(delivers: bool, spoil: impl FnOnce(&mut Receipt)) -> Scenario {
    let mut stage = stage(FORM);
    let request = stage.request(erc20(77));
    let signed = stage.signed(&[11, 12], &stage.call(&request));
    stage.knows_call(&signed.call.encode());
    let domain = stage.domain();
    let voted = stage.destination.block(|block| {
        let voted = block.handle_with_signatures_if(OUTSIDER, &signed, &domain, delivers);
        block.spoil_receipt(voted.at.index, spoil);
        voted
    });
    stage.prove(TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() })
}

fn notes_of(scenario: &Scenario) -> Vec<&'static str> {
    match scenario.verdict() {
        Verdict::Proven { notes, .. } => notes.iter().map(Note::code).collect(),
        other => panic!("{other:?}"),
    }
}

/// Only the bridge's own event for this very nonce says that the delivery failed.
#[test]
fn a_failed_delivery_is_the_bridges_word_for_this_nonce() {
    let failure =
        |address, nonce| Log { address, ..DeliveryFailedEvent { nonce, reason_hash: Hash([7; 32]) }.encode() };
    let bridge = stage(FORM).destination.bridge.address;
    let of_another_nonce = with_receipt(true, |receipt| receipt.logs.push(failure(bridge, 1)));
    assert!(!notes_of(&of_another_nonce).contains(&"claimable"));
    let of_another_contract = with_receipt(true, |receipt| receipt.logs.push(failure(Address([0x66; 20]), 0)));
    assert!(!notes_of(&of_another_contract).contains(&"claimable"));
    let malformed = with_receipt(true, |receipt| {
        let mut log = failure(bridge, 0);
        log.data.push(0);
        receipt.logs.push(log);
    });
    assert_eq!(malformed.outcome(), ("invalid", "bridge.abi_not_canonical"));
    let moved_for_nobody = with_receipt(true, |receipt| receipt.logs.truncate(1));
    assert_eq!(moved_for_nobody.outcome(), ("unsupported", "bridge.unusual_token"));
}

/// The first of two handles in one transaction failed; the other did not, and neither is taken for the other.
#[test]
fn of_two_handles_in_one_transaction_each_has_its_own_delivery() {
    let (stage, transfers) = two_through_a_contract(FORM);
    let [first, second] = transfers.map(|transfer| stage.prove(transfer));
    assert!(notes_of(&first).contains(&"claimable"));
    assert!(!notes_of(&second).contains(&"claimable"));
    assert!(!first.verdict().is_clean() && second.verdict().is_clean());
}

#[test]
fn what_the_bridge_keeps_must_be_what_was_not_delivered() {
    let with_claim = |change: fn(&mut [U256; 3])| {
        let mut stage = stage(FORM);
        let request = stage.request(erc20(77));
        let signed = stage.signed(&[11, 12], &stage.call(&request));
        stage.knows_call(&signed.call.encode());
        let domain = stage.domain();
        let voted = stage.destination.block(|block| {
            let voted = block.handle_with_signatures_if(OUTSIDER, &signed, &domain, false);
            change(block.bridge().version2.claims.get_mut(&0).unwrap());
            voted
        });
        stage.prove(TransferProof { request: Some(request.at), handle: voted.handled, ..TransferProof::default() })
    };
    assert_eq!(with_claim(|_| ()).outcome(), ("proven", "handled"));
    assert_eq!(with_claim(|words| words[0] += U256::ONE).outcome(), ("invalid", "verify.claim"));
    assert_eq!(with_claim(|words| words[1] = U256::ZERO).outcome(), ("invalid", "verify.claim"));
    assert_eq!(with_claim(|words| words[2] -= U256::ONE).outcome(), ("invalid", "verify.claim"));
    let claimed_at_once = with_claim(|words| *words = [U256::ZERO; 3]);
    let Verdict::Proven { notes, .. } = claimed_at_once.verdict() else { panic!("{:?}", claimed_at_once.verdict()) };
    assert!(notes.iter().find_map(Note::claim).unwrap().claimed);
}

#[test]
fn a_claim_without_its_storage_is_incomplete() {
    let mut scenario = claimable("claimable", FORM, coin(500)).scenario;
    let slot = layout::claim_slots(0)[0];
    let state = scenario.destination().states.last_mut().unwrap();
    assert!(state.proof.slots.contains(&slot));
    let (stage, _, transfer) = signed(FORM, coin(500), false);
    let number = transfer.handle.unwrap().item.block;
    let slots: Vec<Hash> = state.proof.slots.iter().filter(|other| **other != slot).copied().collect();
    state.proof = stage.destination.at(number).state.prove(&stage.destination.bridge.address, &slots);
    assert_eq!(scenario.outcome(), ("incomplete", "missing.slot"));
}

/// The newest proven state says whether it was claimed; each says as of when.
#[test]
fn a_claim_is_shown_as_of_the_newest_state() {
    let (mut stage, _, transfer) = signed(FORM, coin(500), false);
    let executed_in = stage.destination.height();
    stage.destination.block(|block| block.bridge().claim(0));
    let newest = stage.destination.height();
    let claim = |later: Option<u64>| {
        let transfers = vec![transfer.clone()];
        let mut plan = stage.plan(&transfers);
        plan.destination_states.extend(later);
        match stage.prove_plan(&plan, transfers).verdict() {
            Verdict::Proven { notes, .. } => notes.iter().find_map(Note::claim).unwrap().clone(),
            other => panic!("{other:?}"),
        }
    };
    let (then, now) = (claim(None), claim(Some(newest)));
    assert_eq!((then.claimed, then.as_of.number), (false, executed_in));
    assert_eq!((now.claimed, now.as_of.number), (true, newest));
}

/// Signed fraud names those who signed, and asks for the same proof of absence.
#[test]
fn signed_votes_for_what_nobody_requested_accuse_only_with_a_late_enough_source() {
    assert_eq!(never_requested(FORM).scenario.outcome(), ("proven", "fraud"));
    let mut stage = stage(FORM);
    let request = stage.request(coin(500));
    let call = spanlight_forge::scenarios::fraud::invented_call(1, request.at.item.block + 1);
    let voted = stage.handle_with_signatures(&stage.signed(&[11, 12], &call));
    let transfer = TransferProof { nonce: 1, handle: voted.handled, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), ("not_yet_trusted", "not_yet_trusted.height"));
}

/// A late call for what was executed succeeds without a trace: it is no vote and no execution.
#[test]
fn a_late_vote_is_no_execution() {
    let (mut stage, request, transfer) = signed(FORM, coin(500), true);
    let late = stage.vote(13, &stage.call(&request).encode());
    assert!(!late.reverted && late.handled.is_none());
    let mut claimed = transfer.clone();
    claimed.handle.as_mut().unwrap().item = late.at;
    assert_eq!(stage.prove(claimed).outcome(), ("invalid", "bundle.dangling"));
    let verdict = stage.prove(transfer).transfer();
    assert_eq!(verdict.facts.votes.unwrap().operators.len(), 2);
}
