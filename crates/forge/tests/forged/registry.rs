//! A wrong token alone: operators read the registry of their own time, so it accuses only where the
//! registry stood still. Each honest history stands beside the lie that looks like it.

use spanlight::bridge::events::topic;
use spanlight::bridge::Generation;
use spanlight::bundle::{BlockProof, ItemRef, LogRef, TransferProof};
use spanlight::commitment::{BlockItems, CommitmentForm};
use spanlight::receipt::Log;
use spanlight::verdict::Verdict;
use spanlight::{Address, U256};
use spanlight_forge::scenarios::sorted;
use spanlight_forge::{
    coin, erc20, NewBlock, Plan, Scenario, Stage, StageSetup, DESTINATION_TOKEN, OUTSIDER, SOURCE_TOKEN,
};
use std::ops::Range;

const OTHER_TOKEN: Address = Address([0x73; 20]);
const STRANGER: Address = Address([0x99; 20]);
const FORMS: [CommitmentForm; 3] = [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat];
const CHANGED: (&str, &str) = ("unsupported", "bridge.token_mapping_changed");

/// What happens on the source between the request and the votes, in blocks of their own.
type Meanwhile = fn(&mut NewBlock<'_>);

/// A request, what happens meanwhile, and an execution with another token.
struct History {
    form: CommitmentForm,
    meanwhile: Vec<Meanwhile>,
    delivered: Address,
}

impl History {
    fn stage(&self) -> (Stage, TransferProof) {
        let mut stage = Stage::new(&StageSetup::with_form(self.form));
        stage.source.idle(1);
        let request = stage.request(erc20(77));
        let mut call = stage.call(&request);
        call.token = Some(self.delivered);
        for change in &self.meanwhile {
            stage.source.block(change);
        }
        let votes = stage.votes(&[11, 12], &call);
        stage.time_goes_on();
        let transfer =
            TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
        (stage, transfer)
    }

    /// The request's block and the one before, the source's head, and what `show` adds.
    fn scenario(&self, show: impl FnOnce(&mut Plan, u64)) -> Scenario {
        let (stage, transfer) = self.stage();
        let requested = transfer.request.unwrap().item.block;
        let transfers = vec![transfer];
        let mut plan = stage.plan(&transfers);
        plan.source_states.insert(stage.source.height());
        show(&mut plan, requested);
        stage.prove_plan(&plan, transfers)
    }

    fn outcome(&self, show: impl FnOnce(&mut Plan, u64)) -> (&'static str, &'static str) {
        self.scenario(show).outcome()
    }
}

fn lie(form: CommitmentForm) -> History {
    History { form, meanwhile: vec![|block| block.transfer(107)], delivered: OTHER_TOKEN }
}

fn nothing_more(_: &mut Plan, _: u64) {}

fn to_other(block: &mut NewBlock<'_>) {
    block.register_token(SOURCE_TOKEN, Some(OTHER_TOKEN));
}

fn back(block: &mut NewBlock<'_>) {
    block.register_token(SOURCE_TOKEN, Some(DESTINATION_TOKEN));
}

/// The owner named another counterpart before the operators voted; one that had started again read
/// it.
#[test]
fn operators_that_read_the_registry_of_their_own_time_are_not_accused() {
    for form in FORMS {
        let honest = History { form, meanwhile: vec![to_other], delivered: OTHER_TOKEN };
        assert_eq!(honest.outcome(nothing_more), CHANGED, "{form:?}");
        let lie = lie(form).scenario(nothing_more);
        assert_eq!(lie.state().culprits(), sorted(&[11, 12]), "{form:?}");
        let Verdict::Proven { notes, .. } = lie.verdict() else { panic!("proven") };
        assert!(notes.iter().any(|note| note.code() == "rests_on_block_times"), "{form:?}");
    }
}

/// It was changed and changed back: both ends are equal, and the blocks between say that they are
/// not all.
#[test]
fn two_equal_ends_do_not_show_that_nothing_changed_between() {
    let honest = |form| History { form, meanwhile: vec![to_other, back], delivered: OTHER_TOKEN };
    let entries = |plan: &mut Plan, at: u64| plan.source_states.extend([at, at + 1]);
    for form in FORMS {
        assert_eq!(honest(form).outcome(nothing_more), ("incomplete", "missing.bridge_state"), "{form:?}");
        assert_eq!(honest(form).outcome(entries), CHANGED, "{form:?}");
        assert_eq!(honest(form).outcome(|plan, at| items(plan, at + 1, 0..1)), CHANGED, "{form:?}");
    }
}

fn items(plan: &mut Plan, block: u64, indices: Range<u32>) {
    indices.for_each(|index| plan.source.item(ItemRef { block, index }));
}

/// Another contract's event beside one of the bridge's: every bit is there, and nothing changed.
fn looks_like_a_change(block: &mut NewBlock<'_>) {
    block.request(coin(5));
    let topics = vec![topic::TOKEN_REGISTERED, SOURCE_TOKEN.to_word()];
    let log = Log { address: STRANGER, topics, data: Vec::new() };
    block.transaction(OUTSIDER, STRANGER, U256::ZERO, Vec::new(), 1, vec![log]);
}

#[test]
fn a_bloom_filter_that_looks_like_a_change_is_settled_by_the_block_or_by_the_entries_around_it() {
    let entries = |plan: &mut Plan, at: u64| plan.source_states.extend([at, at + 1]);
    for form in FORMS {
        let lie = History { form, meanwhile: vec![looks_like_a_change], delivered: OTHER_TOKEN };
        assert_eq!(lie.outcome(nothing_more), ("incomplete", "missing.bridge_state"), "{form:?}");
        assert_eq!(lie.outcome(entries), ("proven", "fraud"), "{form:?}");
        assert_eq!(lie.outcome(|plan, at| items(plan, at + 1, 0..2)), ("proven", "fraud"), "{form:?}");
    }
}

/// What is left out may be the change itself. Only a concat proof cannot leave anything out.
#[test]
fn a_block_of_which_an_item_is_left_out_settles_nothing() {
    for form in [CommitmentForm::Trie, CommitmentForm::Simple] {
        let history = History { form, meanwhile: vec![looks_like_a_change], delivered: OTHER_TOKEN };
        for shown in [0..1, 1..2] {
            let outcome = history.outcome(|plan, at| items(plan, at + 1, shown.clone()));
            assert_eq!(outcome, ("incomplete", "missing.bridge_state"), "{form:?} {shown:?}");
        }
    }
}

/// The block behind the request's in a bundle that proves all its items.
fn with_whole_block(
    form: CommitmentForm,
    tamper: impl FnOnce(&mut Vec<BlockProof>, usize),
) -> (&'static str, &'static str) {
    let history = History { form, meanwhile: vec![looks_like_a_change], delivered: OTHER_TOKEN };
    let mut number = 0;
    let mut scenario = history.scenario(|plan, at| {
        number = at + 1;
        items(plan, number, 0..2);
    });
    let blocks = &mut scenario.bundle.chains[0].blocks;
    let place = blocks.iter().position(|block| block.number == number).unwrap();
    tamper(blocks, place);
    scenario.outcome()
}

#[test]
fn a_block_does_not_become_whole_by_what_its_proof_says() {
    // A list that claims to be shorter than it is.
    let shorter = |blocks: &mut Vec<BlockProof>, place: usize| {
        let BlockItems::Simple { count, entries } = &mut blocks[place].items else { panic!("simple") };
        *count = 1;
        entries.truncate(1);
    };
    assert_eq!(with_whole_block(CommitmentForm::Simple, shorter), ("invalid", "commitment.path_length"));
    let fewer = |blocks: &mut Vec<BlockProof>, place: usize| match &mut blocks[place].items {
        BlockItems::Trie { indices, .. } => indices.truncate(1),
        BlockItems::Concat { transactions, receipts } => {
            transactions.truncate(1);
            receipts.truncate(1);
        }
        BlockItems::Simple { .. } => panic!("of another form"),
    };
    assert_eq!(with_whole_block(CommitmentForm::Trie, fewer), ("invalid", "trie.node_unused"));
    assert_eq!(with_whole_block(CommitmentForm::Concat, fewer), ("invalid", "commitment.root_mismatch"));
    // Only the receipts are cut.
    let lengths = |blocks: &mut Vec<BlockProof>, place: usize| {
        let BlockItems::Concat { receipts, .. } = &mut blocks[place].items else { panic!("concat") };
        receipts.truncate(1);
    };
    assert_eq!(with_whole_block(CommitmentForm::Concat, lengths), ("invalid", "commitment.list_lengths_differ"));
}

/// Its receipts would say that nothing changed.
#[test]
fn another_blocks_items_settle_nothing() {
    let other = |blocks: &mut Vec<BlockProof>, place: usize| blocks[place].items = blocks[place - 1].items.clone();
    assert_eq!(with_whole_block(CommitmentForm::Trie, other), ("invalid", "trie.node_missing"));
    assert_eq!(with_whole_block(CommitmentForm::Simple, other), ("invalid", "commitment.root_mismatch"));
    assert_eq!(with_whole_block(CommitmentForm::Concat, other), ("invalid", "commitment.root_mismatch"));
}

/// Whole or not, what nothing asked for is refused.
#[test]
fn a_whole_block_that_settles_nothing_is_refused() {
    for form in FORMS {
        let outcome = lie(form).outcome(|plan, at| items(plan, at + 1, 0..1));
        assert_eq!(outcome, ("invalid", "bundle.unused"), "{form:?}");
    }
}

/// Other tokens come and go: that is nothing to this transfer.
#[test]
fn a_change_of_another_token_does_not_matter() {
    let lie = History {
        form: CommitmentForm::Trie,
        meanwhile: vec![|block| block.register_token(STRANGER, Some(OTHER_TOKEN))],
        delivered: OTHER_TOKEN,
    };
    assert_eq!(lie.outcome(nothing_more), ("proven", "fraud"));
}

#[test]
fn both_ends_and_every_header_between_are_needed() {
    let with = |show: fn(&mut Plan, u64)| lie(CommitmentForm::Trie).outcome(show);
    assert_eq!(with(nothing_more), ("proven", "fraud"));
    let no_before: fn(&mut Plan, u64) = |plan, at| _ = plan.source_states.remove(&(at - 1));
    assert_eq!(with(no_before), ("incomplete", "missing.bridge_state"));
    let no_after: fn(&mut Plan, u64) = |plan, at| plan.source_states = [at - 1, at].into();
    assert_eq!(with(no_after), ("incomplete", "missing.bridge_state"));
    let early: fn(&mut Plan, u64) = |plan, at| {
        plan.source.to = at + 1;
        plan.source_states = [at - 1, at, at + 1].into();
    };
    assert_eq!(with(early), ("not_yet_trusted", "not_yet_trusted.time"));
    let unbounded: fn(&mut Plan, u64) = |plan, _| plan.destination.to -= 1;
    assert_eq!(with(unbounded), ("incomplete", "missing.later_proposers"));
}

#[test]
fn a_registry_that_changed_in_the_requests_own_block_accuses_nobody() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
    stage.source.idle(1);
    let request = stage.source.block(|block| {
        let requested = block.request(erc20(77));
        block.bridge().registered.insert(SOURCE_TOKEN, Address([0x72; 20]));
        requested
    });
    let mut call = stage.call(&request);
    call.token = Some(OTHER_TOKEN);
    let votes = stage.votes(&[11, 12], &call);
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    assert_eq!(stage.prove(transfer).outcome(), CHANGED);
}

/// Headers that were jumped over may hold anything.
#[test]
fn a_jump_between_the_request_and_the_votes_leaves_the_registry_unseen() {
    let (mut stage, transfer) = lie(CommitmentForm::Trie).stage();
    let requested = transfer.request.unwrap().item.block;
    stage.trust.chains[0].allow_jump = true;
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    let head = stage.source.height();
    plan.source_states.insert(head);
    plan.source.to = requested;
    plan.source.jumps = vec![(head, head)];
    assert_eq!(stage.prove_plan(&plan, transfers).outcome(), ("incomplete", "missing.header"));
}

/// Of generation A nobody knows whether it tells changes.
#[test]
fn a_registry_that_may_change_unseen_accuses_nobody() {
    let outcome = |generation: Generation| {
        let mut scenario = lie(CommitmentForm::Trie).scenario(nothing_more);
        scenario.trust.bridge.as_mut().unwrap().ends[0].codes[0].generation = generation;
        scenario.outcome()
    };
    assert_eq!(outcome(Generation::B), ("proven", "fraud"));
    assert_eq!(outcome(Generation::A), CHANGED);
}

/// What else differs accuses at once, and the token is then not among the differences unless the
/// registry is shown.
#[test]
fn another_difference_accuses_without_the_registry() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
    stage.source.idle(1);
    let request = stage.request(erc20(77));
    let mut call = stage.call(&request);
    (call.token, call.value) = (Some(OTHER_TOKEN), U256::from(78));
    let votes = stage.votes(&[11, 12], &call);
    let transfer =
        |handle: Option<LogRef>| TransferProof { request: Some(request.at), handle, ..TransferProof::default() };
    let rules = |scenario: &Scenario| -> Vec<&str> {
        scenario.state().differences().iter().map(|difference| difference.rule).collect()
    };
    assert_eq!(rules(&stage.prove(transfer(votes[1].handled))), ["M5"]);
    stage.time_goes_on();
    let transfers = vec![transfer(votes[1].handled)];
    let mut plan = stage.plan(&transfers);
    plan.source_states.insert(stage.source.height());
    assert_eq!(rules(&stage.prove_plan(&plan, transfers)), ["M5", "M8"]);
}

/// Where a contract is not known to emit an event at every change, a later entry says nothing about
/// the request's block.
#[test]
fn a_later_entry_counts_only_where_every_change_is_told() {
    let outcome = |generation: Generation| {
        let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
        stage.source.idle(1);
        let request = stage.request(erc20(77));
        let mut call = stage.call(&request);
        call.token = Some(OTHER_TOKEN);
        stage.source.block(|block| _ = block.bridge().registered.insert(SOURCE_TOKEN, OTHER_TOKEN));
        let votes = stage.votes(&[11, 12], &call);
        let transfers =
            vec![TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() }];
        let mut plan = stage.plan(&transfers);
        plan.source_states = [stage.source.height()].into();
        let mut scenario = stage.prove_plan(&plan, transfers);
        scenario.trust.bridge.as_mut().unwrap().ends[0].codes[0].generation = generation;
        scenario.outcome()
    };
    assert_eq!(outcome(Generation::A), ("incomplete", "missing.bridge_state"));
}

/// Headers are looked through once for each token. Each transfer still has a range of its own.
#[test]
fn a_change_matters_only_to_the_requests_before_it() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
    let before = stage.request(erc20(77));
    stage.source.block(to_other);
    stage.source.block(back);
    let after = stage.request(erc20(78));
    stage.source.idle(2);
    let at = |nonce, request: &spanlight_forge::Requested| TransferProof {
        nonce,
        request: Some(request.at),
        ..TransferProof::default()
    };
    let transfers = vec![at(0, &before), at(1, &after)];
    let mut plan = stage.plan(&transfers);
    plan.source_states = [stage.source.height()].into();
    let report = stage.prove_plan(&plan, transfers).verify();
    let names: Vec<_> = report.transfers.iter().map(|transfer| transfer.verdict.name()).collect();
    assert_eq!(names, ["incomplete", "proven"]);
}
