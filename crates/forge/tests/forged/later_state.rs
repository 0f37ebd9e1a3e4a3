//! Votes, code and registry from later states: nodes keep few of the old ones. Each honest history
//! stands beside its lie.

use spanlight::bridge::{layout, HandleCall};
use spanlight::bundle::TransferProof;
use spanlight::commitment::CommitmentForm;
use spanlight::report::ReportJson;
use spanlight::verdict::{FraudKind, Note, State, Verdict};
use spanlight::{Address, U256};
use spanlight_forge::scenarios::fraud::invented_call;
use spanlight_forge::scenarios::sorted;
use spanlight_forge::{coin, erc20, keys, Plan, Requested, Scenario, Stage, StageSetup, Voted, RELAY, SOURCE_TOKEN};

fn setup() -> StageSetup {
    StageSetup::with_form(CommitmentForm::Trie)
}

/// The destination's states up to the execution are gone; that of the head is there.
fn pruned_destination(stage: &Stage) -> impl Fn(&mut Plan) {
    let head = stage.destination.height();
    move |plan| plan.destination_states = [head].into()
}

/// Those of both chains.
fn pruned(stage: &Stage) -> impl Fn(&mut Plan) {
    let (source, destination) = (stage.source.height(), stage.destination.height());
    move |plan| {
        plan.source_states = [source].into();
        plan.destination_states = [destination].into();
    }
}

fn prove(stage: &Stage, transfer: TransferProof, prune: impl Fn(&mut Plan)) -> Scenario {
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    prune(&mut plan);
    stage.prove_plan(&plan, transfers)
}

fn of(request: &Requested, executing: &Voted) -> TransferProof {
    TransferProof { request: Some(request.at), handle: executing.handled, ..TransferProof::default() }
}

fn note_of(verdict: &Verdict) -> Option<Note> {
    let Verdict::Proven { notes, .. } = verdict else { return None };
    notes.iter().find(|note| note.code() == "votes_from_later_state").cloned()
}

#[test]
fn an_execution_is_proven_by_the_votes_that_a_later_state_records() {
    for setup in [setup(), setup().version2(), StageSetup::with_form(CommitmentForm::Concat)] {
        let mut stage = Stage::new(&setup);
        let request = stage.request(coin(500));
        let votes = stage.votes(&[11, 12], &stage.call(&request));
        stage.source.idle(2);
        stage.destination.idle(3);
        let (executed, head) = (votes[1].at.block, stage.destination.height());
        let scenario = prove(&stage, of(&request, &votes[1]), pruned(&stage));
        assert_eq!(scenario.state(), State::Handled { votes: 2, of: 2 });
        let note = Note::VotesFromLaterState { executed, read: head, too_few: false };
        assert_eq!(note_of(&scenario.verdict()), Some(note));
        assert!(scenario.verdict().is_clean(), "it is no warning");
        let json = serde_json::to_value(ReportJson::new(&scenario.verify())).unwrap();
        assert_eq!(json["transfers"][0]["votes_as_of"]["number"], head);
        // Where the states around the execution are there, they are read, and nothing is noted.
        let around = stage.prove(of(&request, &votes[1]));
        assert_eq!(around.state(), State::Handled { votes: 2, of: 2 });
        assert_eq!(note_of(&around.verdict()), None);
    }
}

/// Who may vote now, and the threshold of now, say nothing of the decision.
#[test]
fn present_operators_and_threshold_refuse_nothing() {
    for setup in [setup(), setup().version2()] {
        let mut stage = Stage::new(&setup);
        let request = stage.request(coin(500));
        let votes = stage.votes(&[11, 12], &stage.call(&request));
        stage.destination.block(|block| {
            let bridge = block.bridge();
            bridge.deregister(&keys::address(11));
            bridge.register(keys::address(14));
            bridge.threshold = 3;
        });
        let scenario = prove(&stage, of(&request, &votes[1]), pruned_destination(&stage));
        assert_eq!(scenario.state(), State::Handled { votes: 2, of: 3 });
        let Some(Note::VotesFromLaterState { too_few, .. }) = note_of(&scenario.verdict()) else { panic!("the note") };
        assert!(too_few && scenario.verdict().is_clean());
    }
}

#[test]
fn differences_still_accuse_exactly_those_whose_recorded_vote_was_executed() {
    for setup in [setup(), setup().version2()] {
        let mut stage = Stage::new(&StageSetup { operators: 4, ..setup });
        let request = stage.request(coin(500));
        let honest = stage.call(&request);
        let lie = HandleCall { value: honest.value + U256::ONE, ..honest.clone() };
        stage.votes(&[13], &honest);
        let votes = stage.votes(&[11, 12], &lie);
        stage.destination.block(|block| block.bridge().deregister(&keys::address(11)));
        let scenario = prove(&stage, of(&request, &votes[1]), pruned_destination(&stage));
        assert_eq!(scenario.state().culprits(), sorted(&[11, 12]));
        assert_eq!(scenario.state().reason(), Some("differs"));
        assert_eq!(scenario.transfer().dissenters, sorted(&[13]));
        assert!(note_of(&scenario.verdict()).is_some());
    }
}

#[test]
fn an_execution_that_nobody_requested_is_named_from_a_later_state() {
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &invented_call(1, request.at.item.block));
    stage.destination.idle(3);
    let transfer = TransferProof { nonce: 1, handle: votes[1].handled, ..TransferProof::default() };
    let scenario = prove(&stage, transfer, pruned_destination(&stage));
    let State::Fraud { kind, culprits, .. } = scenario.state() else { panic!("fraud") };
    assert_eq!((kind, culprits), (FraudKind::NeverRequested, sorted(&[11, 12])));
}

/// A call through a contract: the one recorded key is the executed one, and with two nobody can
/// tell.
#[test]
fn a_hidden_call_is_known_where_one_key_is_recorded() {
    let outcome = |dissent: bool| {
        let mut stage = Stage::new(&StageSetup { operators: 4, ..setup() });
        stage.destination.block(|block| block.bridge().operators.push(RELAY));
        let request = stage.request(coin(500));
        let call = stage.call(&request);
        if dissent {
            stage.votes(&[13], &HandleCall { value: call.value + U256::ONE, ..call.clone() });
        }
        let calldata = call.encode();
        stage.vote(11, &calldata);
        let executing = stage.destination.block(|block| block.vote_through_relay(12, &calldata));
        stage.destination.idle(1);
        let transfer = TransferProof { calls: vec![calldata], ..of(&request, &executing) };
        prove(&stage, transfer, pruned_destination(&stage)).outcome()
    };
    assert_eq!(outcome(false), ("proven", "handled"));
    assert_eq!(outcome(true), ("unsupported", "votes.executed_key_unknown"));
}

/// Signatures name the set of operators of their time, which a later state does not tell: the
/// recorded votes have to do.
#[test]
fn votes_by_signature_are_counted_from_a_later_state_without_saying_who_signed() {
    let mut stage = Stage::new(&setup().version2());
    let request = stage.request(coin(500));
    let signed = stage.signed(&[11, 12], &stage.call(&request));
    let executing = stage.handle_with_signatures(&signed);
    stage.destination.block(|block| block.bridge().register(keys::address(14)));
    let scenario = prove(&stage, of(&request, &executing), pruned_destination(&stage));
    assert_eq!(scenario.state(), State::Handled { votes: 2, of: 2 });
    let Verdict::Proven { notes, .. } = scenario.verdict() else { panic!("proven") };
    assert!(!notes.contains(&Note::VotesBySignatures));
}

/// Before a nonce is closed its votes may still change.
#[test]
fn votes_of_an_open_nonce_are_not_read_from_a_later_state() {
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    stage.destination.block(|block| block.bridge().lower = 0);
    let scenario = prove(&stage, of(&request, &votes[1]), pruned_destination(&stage));
    assert_eq!(scenario.outcome(), ("invalid", "verify.not_closed"));

    // Where the newest state is not that of now, what is open is told as of no other.
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    stage.votes(&[11], &stage.call(&request));
    let open = stage.destination.height();
    stage.votes(&[12], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), ..TransferProof::default() };
    let head = stage.destination.height();
    let both = move |plan: &mut Plan| plan.destination_states = [open, head].into();
    assert_eq!(prove(&stage, transfer, both).outcome(), ("incomplete", "missing.handle"));
}

/// Older code deletes the votes: only the states around the execution say who could vote.
#[test]
fn generation_b_needs_the_states_around_the_execution() {
    let mut stage = Stage::new(&setup().generation_b());
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    stage.destination.idle(1);
    let transfer = TransferProof { votes: vec![votes[0].at], ..of(&request, &votes[1]) };
    assert_eq!(stage.prove(transfer.clone()).outcome(), ("proven", "handled"));
    let scenario = prove(&stage, transfer, pruned_destination(&stage));
    assert_eq!(scenario.outcome(), ("incomplete", "missing.bridge_state"));
}

#[test]
fn a_later_state_of_unknown_code_shows_nothing() {
    let outcome = |source: bool| {
        let mut stage = Stage::new(&setup());
        let request = stage.request(coin(500));
        let votes = stage.votes(&[11, 12], &stage.call(&request));
        let chain = if source { &mut stage.source } else { &mut stage.destination };
        chain.bridge.code_hash = spanlight::Hash([1; 32]);
        stage.source.idle(1);
        stage.destination.idle(1);
        prove(&stage, of(&request, &votes[1]), pruned(&stage)).outcome()
    };
    assert_eq!(outcome(true), ("unsupported", "bridge.unknown_code"));
    assert_eq!(outcome(false), ("unsupported", "bridge.unknown_code"));
}

/// The token registered at the request's block, where only a later state of the source is to be
/// had.
#[test]
fn a_later_registry_entry_is_the_requests_only_where_nothing_changed_it_since() {
    let other = Address([0x73; 20]);
    let outcome = |change: bool, delivered: Option<Address>, show: &[u64]| {
        let mut stage = Stage::new(&setup());
        let request = stage.request(erc20(77));
        let mut call = stage.call(&request);
        call.token = delivered.or(call.token);
        stage.source.idle(1);
        if change {
            stage.source.block(|block| block.register_token(SOURCE_TOKEN, Some(other)));
        }
        stage.source.idle(1);
        let votes = stage.votes(&[11, 12], &call);
        let at = request.at.item.block;
        let shown = show.iter().map(|after| at + after).chain([stage.source.height()]).collect();
        prove(&stage, of(&request, &votes[1]), |plan| plan.source_states.clone_from(&shown)).outcome()
    };
    assert_eq!(outcome(false, None, &[]), ("proven", "handled"));
    // Another entry now: whether the delivered token was right then, nothing shows.
    assert_eq!(outcome(true, None, &[]), ("incomplete", "missing.bridge_state"));
    // The lie: the owner names the stolen token's place only after the request.
    assert_eq!(outcome(true, Some(other), &[]), ("incomplete", "missing.bridge_state"));
    // A nearer state, from before the change, shows the entry of the request.
    assert_eq!(outcome(true, None, &[1]), ("proven", "handled"));
}

#[test]
fn the_later_state_has_to_record_the_votes() {
    let mut stage = Stage::new(&setup());
    let request = stage.request(coin(500));
    let calldata = stage.call(&request).encode();
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let base = layout::votes_base(layout::TRANSFER_VOTE, 0);
    stage.destination.block(|block| {
        block.bridge().forged.insert(layout::voted_slot(base, &keys::address(12)), U256::ONE);
    });
    let scenario = prove(&stage, of(&request, &votes[1]), pruned_destination(&stage));
    assert_eq!(scenario.outcome(), ("invalid", "verify.vote_count"));
    stage.destination.block(|block| {
        let key = spanlight::keccak256(&calldata);
        block.bridge().forged.insert(layout::vote_count_slot(base, &key), U256::ONE);
    });
    let scenario = prove(&stage, of(&request, &votes[1]), pruned_destination(&stage));
    assert_eq!(scenario.outcome(), ("invalid", "verify.executor_vote"));
}
