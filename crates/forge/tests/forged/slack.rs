//! A proof has no slack: nothing unused, nothing twice, nothing in another order or form, and hints are true.

use spanlight::bridge::generation::{CODE_HASH_C, CODE_HASH_V2};
use spanlight::bridge::{layout, Generation};
use spanlight::bundle::{Claim, ItemRef, TransferProof};
use spanlight::commitment::{derive_root, prove_items, BlockItems, CommitmentForm};
use spanlight::profile::{Fork, QuorumPolicy};
use spanlight::trust::{AcceptedCode, TrustError};
use spanlight::verify::verify;
use spanlight::Error;
use spanlight::Hash;
use spanlight_forge::scenarios::{chains, handled, open};
use spanlight_forge::{coin, Hints, Scenario, Stage, StageSetup};

const FORMS: [CommitmentForm; 3] = [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat];

fn handled_coin(form: CommitmentForm) -> (Stage, TransferProof) {
    handled::executed(&StageSetup::with_form(form), coin(500))
}

/// The scenario with one thing more in the plan, slots as given.
fn with_more(change: impl FnOnce(&Stage, &mut spanlight_forge::Plan)) -> Scenario {
    let (stage, transfer) = handled_coin(CommitmentForm::Trie);
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    change(&stage, &mut plan);
    stage.prove_plan(&plan, transfers)
}

#[test]
fn rejects_an_unused_block_item() {
    assert_eq!(with_more(|_, _| ()).outcome(), ("proven", "handled"));
    let more = with_more(|_, plan| plan.source.item(ItemRef { block: 1_001, index: 0 }));
    assert_eq!(more.outcome(), ("invalid", "bundle.unused"));
    let another_block = with_more(|_, plan| plan.destination.item(ItemRef { block: 501, index: 0 }));
    assert_eq!(another_block.outcome(), ("invalid", "bundle.unused"));
}

#[test]
fn rejects_an_unused_block_under_concatenation() {
    let (mut stage, transfer) = handled_coin(CommitmentForm::Concat);
    stage.source.idle(1);
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.source.item(ItemRef { block: stage.source.height(), index: 0 });
    assert_eq!(stage.prove_plan(&plan, transfers).outcome(), ("invalid", "bundle.unused"));
}

#[test]
fn rejects_an_unused_state_and_an_unused_word() {
    let (stage, transfer) = handled_coin(CommitmentForm::Trie);
    let scenario = stage.prove(transfer);
    let address = stage.destination.bridge.address;

    let mut with_state = scenario.clone();
    let number = stage.destination.height() - 2;
    let proof = stage.destination.at(number).state.prove(&address, &[]);
    with_state.destination().states.insert(0, spanlight::bundle::StateEvidence { number, proof });
    assert_eq!(with_state.outcome(), ("invalid", "bundle.unused"));

    let mut with_word = scenario;
    let last = with_word.destination().states.last_mut().unwrap();
    let slots = [last.proof.slots.clone(), vec![layout::OWNER]].concat();
    last.proof = stage.destination.at(last.number).state.prove(&address, &slots);
    assert_eq!(with_word.outcome(), ("invalid", "bundle.unused"));
}

#[test]
fn rejects_an_unused_reference() {
    let (stage, transfer) = handled_coin(CommitmentForm::Trie);
    let vote = ItemRef { block: 501, index: 1 };
    let with_vote = TransferProof { votes: vec![vote], ..transfer.clone() };
    assert_eq!(stage.prove(with_vote).outcome(), ("invalid", "bundle.unused"));
    let with_failed = TransferProof { failed: Some(vote), ..transfer };
    assert_eq!(stage.prove(with_failed).outcome(), ("invalid", "bundle.unused"));

    let unrequested = TransferProof { nonce: 7, votes: vec![vote], ..TransferProof::default() };
    assert_eq!(stage.prove(unrequested).outcome(), ("invalid", "bundle.unused"));
    let unrequested = TransferProof { nonce: 7, failed: Some(vote), ..TransferProof::default() };
    assert_eq!(stage.prove(unrequested).outcome(), ("invalid", "bundle.unused"));
}

#[test]
fn rejects_an_unused_run_of_headers() {
    let (mut stage, transfer) = handled_coin(CommitmentForm::Trie);
    stage.destination.idle(6);
    stage.trust.chains[1].allow_jump = true;
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.destination.to = 502;
    plan.destination.jumps = vec![(504, 504), (508, 508)];
    assert_eq!(stage.prove_plan(&plan, transfers).outcome(), ("invalid", "bundle.unused"));
}

/// A header that two runs hold would be shown twice, and the later run's seals would stand behind
/// the earlier one.
#[test]
fn rejects_runs_of_headers_that_overlap() {
    let (mut stage, transfer) = handled_coin(CommitmentForm::Trie);
    stage.destination.idle(6);
    stage.trust.chains[1].allow_jump = true;
    let transfers = vec![transfer];
    for jumps in [[(504, 506), (506, 508)], [(504, 504), (504, 504)], [(508, 508), (504, 504)]] {
        let mut plan = stage.plan(&transfers);
        plan.destination.to = 502;
        plan.destination.jumps = jumps.to_vec();
        assert_eq!(stage.prove_plan(&plan, transfers.clone()).outcome(), ("invalid", "bundle.order"), "{jumps:?}");
    }
}

#[test]
fn rejects_references_to_what_is_not_there() {
    let (stage, transfer) = handled_coin(CommitmentForm::Trie);
    let request = transfer.request.unwrap();
    let mut no_block = stage.prove(transfer.clone());
    no_block.source().blocks.clear();
    assert_eq!(no_block.outcome(), ("invalid", "bundle.dangling"));
    let mut no_item = stage.prove(transfer.clone());
    no_item.proof().request.as_mut().unwrap().item.index = 0;
    assert_eq!(no_item.outcome(), ("invalid", "bundle.dangling"));
    let mut no_log = stage.prove(transfer);
    no_log.proof().request.as_mut().unwrap().log = request.log + 1;
    assert_eq!(no_log.outcome(), ("invalid", "bundle.dangling"));
}

#[test]
fn a_missing_state_word_or_header_is_missing_and_nothing_else() {
    let (stage, transfer) = handled_coin(CommitmentForm::Trie);
    let mut no_state = stage.prove(transfer.clone());
    no_state.source().states.clear();
    assert_eq!(no_state.outcome(), ("incomplete", "missing.bridge_state"));
    let mut no_before = stage.prove(transfer.clone());
    no_before.destination().states.clear();
    assert_eq!(no_before.outcome(), ("incomplete", "missing.bridge_state"));

    let scenario = stage.prove(transfer.clone());
    let state = scenario.bundle.chains[1].states.last().unwrap().clone();
    for slot in &state.proof.slots {
        let mut without = scenario.clone();
        let slots: Vec<Hash> = state.proof.slots.iter().filter(|other| *other != slot).copied().collect();
        let proof = stage.destination.at(state.number).state.prove(&stage.destination.bridge.address, &slots);
        without.destination().states.last_mut().unwrap().proof = proof;
        assert_eq!(without.outcome().0, "incomplete", "{slot}");
    }

    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.destination.to -= 1;
    let mut short = stage.prove_plan(&plan, transfers);
    assert_eq!(short.outcome(), ("not_yet_trusted", "not_yet_trusted.height"));
    short.destination().blocks.clear();
    short.destination().states.clear();
    assert_eq!(short.outcome(), ("not_yet_trusted", "not_yet_trusted.height"));
}

#[test]
fn rejects_duplicate_and_unordered_entries() {
    let (stage, transfer) = handled_coin(CommitmentForm::Trie);
    let scenario = stage.prove(transfer);
    let decoded = |scenario: &Scenario| {
        let decoded = spanlight::ProofBundle::decode(&scenario.bundle.encode());
        let json = spanlight::ProofBundle::from_json(&scenario.bundle.to_json().unwrap());
        let code = |result: Result<_, spanlight::bundle::BundleError>| result.err().map(|error| error.code());
        assert_eq!(code(decoded.clone()), code(json));
        code(decoded)
    };
    assert_eq!(decoded(&scenario), None);
    let refused = |scenario: &Scenario| verify(&scenario.bundle, &scenario.trust, scenario.now).unwrap_err().code();
    let mut twice = scenario.clone();
    let again = twice.destination().states[0].clone();
    twice.destination().states.insert(0, again);
    assert_eq!(decoded(&twice), Some("bundle.order"));
    assert_eq!(refused(&twice), "bundle.order");
    let mut swapped = scenario.clone();
    swapped.destination().states.reverse();
    assert_eq!(decoded(&swapped), Some("bundle.order"));
    assert_eq!(refused(&swapped), "bundle.order");
    let mut block_twice = scenario.clone();
    let again = block_twice.source().blocks[0].clone();
    block_twice.source().blocks.push(again);
    assert_eq!(decoded(&block_twice), Some("bundle.order"));
    assert_eq!(refused(&block_twice), "bundle.order");
    let mut nonce_twice = scenario.clone();
    let again = nonce_twice.proof().clone();
    let Claim::Transfers { transfers, .. } = &mut nonce_twice.bundle.claim else { panic!("a claim of transfers") };
    transfers.push(again);
    assert_eq!(decoded(&nonce_twice), Some("bundle.order"));
    assert_eq!(refused(&nonce_twice), "bundle.order");
    let mut calls = scenario.clone();
    calls.proof().calls = vec![vec![1], vec![1]];
    assert_eq!(decoded(&calls), Some("bundle.order"));
    let mut votes = scenario;
    votes.proof().votes = vec![ItemRef { block: 2, index: 0 }, ItemRef { block: 1, index: 0 }];
    assert_eq!(decoded(&votes), Some("bundle.order"));
}

#[test]
fn rejects_a_proof_in_another_form_than_the_chains() {
    for form in FORMS {
        let (stage, transfer) = handled_coin(form);
        let scenario = stage.prove(transfer.clone());
        let block = stage.source.at(transfer.request.unwrap().item.block);
        for other in FORMS.into_iter().filter(|other| *other != form) {
            let mut wrong = scenario.clone();
            let items = prove_items(other, &block.transactions, &block.receipts, &[1]).unwrap();
            assert_ne!(derive_root(other, &block.transactions), block.header.fields().transactions_root);
            wrong.source().blocks[0].items = items;
            assert_eq!(wrong.outcome(), ("invalid", "commitment.wrong_form"));
        }
    }
}

#[test]
fn rejects_items_of_another_block() {
    for form in FORMS {
        let (stage, transfer) = handled_coin(form);
        let mut wrong = stage.prove(transfer);
        let items = wrong.destination().blocks[0].items.clone();
        wrong.source().blocks[0].items = items;
        assert_eq!(wrong.verdict().name(), "invalid", "{form:?}");
    }
}

#[test]
fn a_transaction_and_a_receipt_have_one_index() {
    let (stage, transfer) = handled_coin(CommitmentForm::Simple);
    let block = stage.source.at(transfer.request.unwrap().item.block).clone();
    let mut crossed = stage.prove(transfer);
    let other = prove_items(CommitmentForm::Simple, &block.transactions, &block.receipts, &[0]).unwrap();
    let BlockItems::Simple { entries: others, .. } = other else { panic!("asked for this form") };
    let BlockItems::Simple { entries, .. } = &mut crossed.source().blocks[0].items else { panic!("the chain's form") };
    entries[0].transaction.clone_from(&others[0].transaction);
    entries[0].transaction_path.clone_from(&others[0].transaction_path);
    assert_eq!(crossed.outcome(), ("invalid", "commitment.root_mismatch"));
}

#[test]
fn accepts_true_hints_and_refuses_false_ones() {
    let scenario = chains::hinted(Hints::True).scenario;
    assert_eq!(scenario.outcome(), ("proven", "handled"));
    let spoiled = |spoil: fn(&mut Vec<spanlight::bundle::SealHint>)| {
        let mut scenario = scenario.clone();
        spoil(&mut scenario.source().headers[1].hints);
        scenario.outcome()
    };
    let refused = ("invalid", "bundle.hint");
    assert_eq!(spoiled(|hints| hints[0].signer ^= 1), refused);
    assert_eq!(spoiled(|hints| hints[2].signer = 4), refused);
    assert_eq!(spoiled(|hints| hints[0].y[31] ^= 1), refused);
    assert_eq!(spoiled(|hints| hints[3].y = [0; 32]), refused);
    assert_eq!(spoiled(|hints| hints.truncate(3)), refused);
    assert_eq!(spoiled(|hints| hints.push(hints[0])), refused);
    assert_eq!(spoiled(|hints| hints.swap(1, 2)), refused);
    assert_eq!(spoiled(Vec::clear), ("proven", "handled"));

    // Where no seal is checked there is none to hint at.
    let hint = scenario.bundle.chains[0].headers[1].hints[0];
    let mut anchor = scenario.clone();
    anchor.source().headers[0].hints.push(hint);
    assert_eq!(anchor.outcome(), refused);
    let mut unsealed = chains::sparse().scenario;
    unsealed.destination().headers[1].hints.push(hint);
    assert_eq!(unsealed.outcome(), refused);
}

#[test]
fn the_chains_have_to_be_the_trusts_pair_in_its_direction() {
    let (stage, transfer) = handled_coin(CommitmentForm::Trie);
    let scenario = stage.prove(transfer);
    let mut unknown = scenario.clone();
    unknown.source().chain = "elsewhere".into();
    assert_eq!(unknown.outcome(), ("invalid", "trust.unknown_chain"));
    let mut same = scenario.clone();
    same.destination().chain = "main".into();
    assert_eq!(same.outcome(), ("invalid", "bundle.chains"));
    let mut one_way = scenario.clone();
    one_way.trust.bridge.as_mut().unwrap().ends[0].sends = false;
    assert_eq!(one_way.outcome(), ("invalid", "trust.direction"));
    let mut back = scenario.clone();
    back.bundle.chains.reverse();
    assert_ne!(back.verdict().name(), "proven");
    let mut single = scenario.clone();
    single.bundle.chains.truncate(1);
    assert_eq!(single.outcome(), ("invalid", "bundle.chains"));
    let mut no_bridge = scenario;
    no_bridge.trust.bridge = None;
    assert_eq!(no_bridge.outcome(), ("invalid", "trust.no_bridge"));
}

#[test]
fn an_unusable_trust_is_an_error_and_no_verdict() {
    let scenario = open::requested(CommitmentForm::Trie).scenario;
    let error = |change: fn(&mut spanlight::Trust)| {
        let mut trust = scenario.trust.clone();
        change(&mut trust);
        match verify(&scenario.bundle, &trust, scenario.now).unwrap_err() {
            Error::Trust(error) => (*error).clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(error(|trust| trust.chains[0].trusting_period = 0), TrustError::ZeroTrustingPeriod);
    assert_eq!(error(|trust| trust.chains[0].profile.clock_skew = 0), TrustError::ZeroClockSkew);
    assert_eq!(error(|trust| trust.chains[1].profile.clock_skew = 0), TrustError::ZeroClockSkew);
    assert_eq!(error(|trust| trust.chains[0].profile.quorum = QuorumPolicy::Custom(0)), TrustError::ZeroQuorum);
    assert_eq!(error(|trust| trust.chains[1].profile.name = "main".into()), TrustError::DuplicateChain);
    assert_eq!(error(|trust| trust.bridge.as_mut().unwrap().ends[0].codes.clear()), TrustError::BridgePair);
    assert!(matches!(error(|trust| trust.version = 2), TrustError::Version { .. }));
    let listed = |hash: Hash, generation: Generation, end: usize| {
        let mut trust = scenario.trust.clone();
        trust.bridge.as_mut().unwrap().ends[end].codes.push(AcceptedCode { hash, generation });
        verify(&scenario.bundle, &trust, scenario.now).err().map(|error| error.code())
    };
    for end in 0..2 {
        assert_eq!(listed(CODE_HASH_V2, Generation::C, end), Some("trust.generation"));
        assert_eq!(listed(CODE_HASH_C, Generation::V2, end), Some("trust.generation"));
        assert_eq!(listed(CODE_HASH_V2, Generation::V2, end), None);
        assert_eq!(listed(Hash([1; 32]), Generation::V2, end), None);
    }
    let fallen = TrustError::ForkOrder { earlier: Fork::Prague, later: Fork::Osaka };
    assert_eq!(
        error(|trust| (trust.chains[0].profile.forks.prague, trust.chains[0].profile.forks.osaka) = (Some(9), Some(8))),
        fallen
    );
}

#[test]
fn does_not_cut_a_block_with_transactions_of_unknown_type() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Concat));
    let request = stage.source.block(|block| {
        block.unknown.push(vec![0x50, 0xc0]);
        block.request(coin(500))
    });
    stage.destination.idle(1);
    let scenario = stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() });
    assert_eq!(scenario.outcome(), ("unsupported", "transaction.unsupported_type"));
}

/// The one number of a bundle that its roots do not fix: how many items a binary hash tree has, where no shown path runs
/// along its right edge. It is read for nothing else, and the index and both items stay what they are.
#[test]
fn a_trees_count_is_fixed_by_the_paths_that_meet_its_right_edge() {
    let outcome = |index: usize, count: u32| {
        let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Simple));
        let request = stage.source.block(|block| {
            (0..index).for_each(|_| block.transfer(107));
            let request = block.request(coin(500));
            (index + 1..6).for_each(|_| block.transfer(108));
            request
        });
        stage.destination.idle(1);
        let mut scenario = stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() });
        let BlockItems::Simple { count: claimed, .. } = &mut scenario.source().blocks[0].items else {
            panic!("simple")
        };
        assert_eq!(*claimed, 6);
        *claimed = count;
        scenario.outcome().0
    };
    let allowed = |index: usize| (1..=17).filter(|count| outcome(index, *count) == "proven").collect::<Vec<_>>();
    assert_eq!(allowed(0), [5, 6, 7, 8]);
    assert_eq!(allowed(5), [6]);
}
