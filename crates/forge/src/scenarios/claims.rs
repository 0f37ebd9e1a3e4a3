//! Claims about more or other things than one transfer: completeness, equivocation, anchors.

use crate::actions::coin;
use crate::evidence::ChainPlan;
use crate::scenario::Scenario;
use crate::stage::{Stage, StageSetup, OPERATORS};
use spanlight::bridge::{AnchorData, Anchoring};
use spanlight::bundle::{Claim, HeaderEntry, ItemRef, TransferProof};
use spanlight::commitment::CommitmentForm;

/// Two transfers, the first handled and the second requested, claimed to be all from 0 to `last`.
#[must_use]
pub fn complete(form: CommitmentForm, shown: usize, last: u64) -> Scenario {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let first = stage.request(coin(500));
    let second = stage.request(coin(600));
    let votes = stage.votes(&[11, 12], &stage.call(&first));
    stage.destination.idle(1);
    let mut transfers = vec![
        TransferProof { request: Some(first.at), handle: votes[1].handled, ..TransferProof::default() },
        TransferProof { nonce: 1, request: Some(second.at), ..TransferProof::default() },
    ];
    transfers.truncate(shown);
    let mut plan = stage.plan(&transfers);
    plan.complete = Some((0, last));
    plan.source_states.insert(stage.source.height());
    plan.destination_states.insert(stage.destination.height());
    stage.prove_plan(&plan, transfers)
}

/// Two blocks after the service chain's newest but one, each with its quorum.
#[must_use]
pub fn equivocation() -> Scenario {
    let mut stage = Stage::new(&StageSetup::default());
    stage.destination.idle(3);
    equivocation_of(&stage, 1)
}

/// The newest block of one of the stage's chains (0: source, 1: destination), and a rival of it.
#[must_use]
pub fn equivocation_of(stage: &Stage, place: usize) -> Scenario {
    let chain = [&stage.source, &stage.destination][place];
    let (one, other) = (chain.head().header.clone(), chain.rival_of_head(chain.time() + 47));
    let mut scenario = stage.prove(TransferProof::default());
    let mut chain = scenario.bundle.chains.remove(place);
    chain.states.clear();
    chain.headers.pop();
    scenario.bundle.chains = vec![chain];
    let [first, second] = [one, other].map(|header| HeaderEntry { header: header.encode(), hints: Vec::new() });
    scenario.bundle.claim = Claim::Equivocation { first, second };
    scenario
}

/// A block of the service chain that an account of the main chain anchored; `change` may spoil what it says.
#[must_use]
pub fn anchored(anchor_key: u64, change: fn(&mut AnchorData)) -> Scenario {
    anchored_on(anchor_key, change, |_, _| ())
}

/// As [`anchored`], with both chains followed as `follow` says.
#[must_use]
pub fn anchored_on(
    anchor_key: u64,
    change: fn(&mut AnchorData),
    follow: impl FnOnce(&mut ChainPlan, &mut ChainPlan),
) -> Scenario {
    let mut stage = Stage::new(&StageSetup::default());
    stage.trust.chains.iter_mut().for_each(|chain| chain.allow_jump = true);
    stage.source.idle(4);
    stage.destination.idle(6);
    let child = stage.destination.head().header.clone();
    let fields = child.fields();
    let mut data = AnchorData {
        block_hash: child.hash(),
        transactions_root: fields.transactions_root,
        parent_hash: fields.parent_hash,
        receipts_root: fields.receipts_root,
        state_root: fields.state_root,
        number: child.number(),
        block_count: Some(1),
        tx_count: Some(2),
    };
    change(&mut data);
    let payload = Anchoring::Block(data).encode();
    let anchor = stage.source.block(|block| {
        block.transfer(107);
        ItemRef { block: block.number, index: block.anchor(anchor_key, &payload) }
    });
    let mut plan = stage.plan(&[]);
    plan.source.item(anchor);
    follow(&mut plan.source, &mut plan.destination);
    let mut scenario = stage.prove_plan(&plan, Vec::new());
    scenario.bundle.claim = Claim::Anchored { child_number: child.number(), anchor };
    scenario
}

/// The account whose anchors count.
pub const ANCHORING_KEY: u64 = OPERATORS[0];
