//! Honest histories right beside a border that a rule draws.

use spanlight::bundle::{LogRef, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight::verdict::{Note, Verdict};
use spanlight::{Address, U256};
use spanlight_forge::scenarios::handled::executed;
use spanlight_forge::{coin, keys, Plan, Stage, StageSetup};

fn setup() -> StageSetup {
    StageSetup::with_form(CommitmentForm::Trie)
}

fn handled(request: LogRef, handle: Option<LogRef>) -> TransferProof {
    TransferProof { request: Some(request), handle, ..TransferProof::default() }
}

/// The trust's first block shows that it happened before: nobody can prove it from there.
#[test]
fn what_happened_below_the_checkpoint_is_told_as_that() {
    let (mut stage, transfer) = executed(&setup(), coin(500));
    stage.source.idle(2);
    stage.destination.idle(2);
    let outcome = |below: fn(&mut Plan, &Stage), transfer: TransferProof| {
        let transfers = vec![transfer];
        let mut plan = stage.plan(&transfers);
        below(&mut plan, &stage);
        stage.prove_plan(&plan, transfers).outcome()
    };
    let executed_below = outcome(
        |plan, stage| {
            plan.destination.from = stage.destination.height() - 1;
            plan.destination_states = [plan.destination.from, plan.destination.to].into();
        },
        TransferProof { handle: None, ..transfer },
    );
    let below = ("not_yet_trusted", "not_yet_trusted.below_checkpoint");
    assert_eq!(executed_below, below);

    let mut stage = Stage::new(&setup());
    stage.request(coin(500));
    stage.source.idle(1);
    let checkpoint = stage.source.height();
    stage.request(coin(600));
    stage.destination.idle(1);
    let not_shown = |nonce: u64| {
        let transfers = vec![TransferProof { nonce, ..TransferProof::default() }];
        let mut plan = stage.plan(&transfers);
        plan.source.from = checkpoint;
        plan.source_states.insert(checkpoint);
        stage.prove_plan(&plan, transfers).outcome()
    };
    assert_eq!(not_shown(0), below);
    assert_eq!(not_shown(1), ("incomplete", "missing.request"));
}

/// On a bridge of generation B with a threshold of one, the executing transaction is all the votes.
#[test]
fn one_vote_of_one_needs_no_other_reference() {
    let mut stage = Stage::new(&StageSetup { threshold: 1, ..setup() }.generation_b());
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11], &stage.call(&request));
    let scenario = stage.prove(handled(request.at, votes[0].handled));
    assert_eq!(scenario.outcome(), ("proven", "handled"));
}

/// Only a vote of the bridge itself, for this nonce, that did not fail replaces an earlier one.
#[test]
fn what_a_voter_sends_beside_votes_in_the_deciding_block_takes_no_vote_back() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Concat).generation_b());
    let request = stage.request(coin(500));
    let call = stage.call(&request);
    let calldata = call.encode();
    let of_another_value = spanlight::bridge::HandleCall { value: call.value + U256::ONE, ..call.clone() }.encode();
    let of_another_nonce = spanlight::bridge::HandleCall { nonce: 5, ..call }.encode();
    let bridge = stage.destination.bridge.address;
    let (failed, succeeded) = (9, 1);
    for (to, input, status) in [
        (Address([0x66; 20]), vec![1, 2, 3], succeeded),
        (Address([0x66; 20]), of_another_value.clone(), succeeded),
        (bridge, of_another_value, failed),
        (bridge, of_another_nonce, succeeded),
        (bridge, vec![1, 2, 3], succeeded),
    ] {
        let mut stage = stage.clone();
        let first = stage.vote(11, &calldata);
        let executing = stage.destination.block(|block| {
            block.transaction(11, to, U256::ZERO, input, status, Vec::new());
            block.vote(12, &calldata)
        });
        let transfer = TransferProof { votes: vec![first.at], ..handled(request.at, executing.handled) };
        assert_eq!(stage.prove(transfer).outcome(), ("proven", "handled"), "{to} {status}");
    }
}

/// Before version 2 the contract goes on counting the vote of an operator that left.
#[test]
fn the_vote_of_a_former_operator_is_noted_where_it_counts() {
    let noted = |setup: StageSetup| {
        let mut stage = Stage::new(&StageSetup { threshold: 3, operators: 4, ..setup });
        let request = stage.request(coin(500));
        stage.votes(&[11], &stage.call(&request));
        stage.destination.block(|block| block.bridge().deregister(&keys::address(11)));
        let verdict = stage.prove(handled(request.at, None)).verdict();
        let Verdict::Proven { notes, .. } = verdict else { panic!("{verdict:?}") };
        notes.contains(&Note::ExOperatorVote(keys::address(11)))
    };
    assert!(noted(setup()));
    assert!(!noted(setup().version2()));
}
