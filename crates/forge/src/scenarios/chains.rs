//! A handled transfer on chains that are followed in different ways, and that change under way.

use super::handled::executed;
use super::Case;
use crate::actions::{coin, erc20};
use crate::evidence::Hints;
use crate::new_block::BlockVote;
use crate::stage::{Plan, Stage, StageSetup};
use spanlight::bundle::TransferProof;
use spanlight::commitment::CommitmentForm;
use spanlight::consensus::parameters::ParameterName;
use spanlight::consensus::FollowMode;
use spanlight::profile::ForkSchedule;
use spanlight::verdict::State;

const DONE: State = State::Handled { votes: 2, of: 2 };

/// All cases of this module.
#[must_use]
pub fn all() -> Vec<Case> {
    vec![
        sparse(),
        hinted(Hints::True),
        later_checkpoint(),
        council_changes(FollowMode::Full),
        council_changes(FollowMode::Sparse),
        commitment_changes(FollowMode::Full, false),
        commitment_changes(FollowMode::Sparse, false),
        commitment_changes(FollowMode::Sparse, true),
        committee(),
        fork_between(),
        jump(),
        jump_past_a_committee(),
        one_validator(),
    ]
}

fn sparsely(mut plan: Plan) -> Plan {
    plan.source.mode = FollowMode::Sparse;
    plan.destination.mode = FollowMode::Sparse;
    plan
}

/// Seals at the heads only.
#[must_use]
pub fn sparse() -> Case {
    let (stage, transfer) = executed(&StageSetup::default(), coin(500));
    let transfers = vec![transfer];
    let plan = sparsely(stage.plan(&transfers));
    Case::new("sparse", stage.prove_plan(&plan, transfers), DONE)
}

/// Signers and points told beforehand.
#[must_use]
pub fn hinted(hints: Hints) -> Case {
    let (stage, transfer) = executed(&StageSetup::default(), coin(500));
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.source.hints = hints;
    plan.destination.hints = hints;
    Case::new("hinted", stage.prove_plan(&plan, transfers), DONE)
}

/// The checkpoints lie right before what is proven.
fn later_checkpoint() -> Case {
    let mut stage = Stage::new(&StageSetup::default());
    stage.source.idle(3);
    stage.destination.idle(3);
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.source.from = request.at.item.block - 1;
    plan.destination.from = votes[1].at.block - 1;
    Case::new("later_checkpoint", stage.prove_plan(&plan, transfers), DONE)
}

/// One validator joins, one leaves, and the council that seals the head is another than the checkpoint's.
#[must_use]
pub fn council_changes(mode: FollowMode) -> Case {
    let mut stage = Stage::new(&StageSetup::default());
    stage.source.block(|block| block.vote_for(BlockVote::Add(9)));
    stage.source.block(|block| block.vote_for(BlockVote::Remove(2)));
    stage.source.idle(1);
    let request = stage.source.block(|block| {
        block.proposer = 9;
        block.committers = vec![9, 4, 3];
        block.request(coin(500))
    });
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.source.mode = mode;
    Case::new("council_changes", stage.prove_plan(&plan, transfers), DONE).note("vote_by_member")
}

/// Governance changes the commitment form of the source from concatenation to tries, the head being the first block of it.
#[must_use]
pub fn commitment_changes(mode: FollowMode, from_the_middle: bool) -> Case {
    let mut setup = StageSetup::default();
    setup.source.epoch = 10;
    let mut stage = Stage::new(&setup);
    stage.source.block(|block| block.vote_for(BlockVote::Parameter(ParameterName::DeriveShaImpl, vec![0])));
    stage.source.idle(18);
    let request = stage.request(erc20(77));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.source.mode = mode;
    if from_the_middle {
        plan.source.from += 12;
    }
    let case = Case::new("commitment_changes", stage.prove_plan(&plan, transfers), DONE);
    if from_the_middle {
        case
    } else {
        case.note("vote_by_member")
    }
}

/// Seven in the council, four in a committee, three seals.
#[must_use]
pub fn committee() -> Case {
    let mut setup = StageSetup::default();
    setup.source.council = vec![1, 2, 3, 4, 9, 10, 15];
    setup.source.committee_size = 4;
    let (stage, transfer) = executed(&setup, coin(500));
    Case::new("committee", stage.prove(transfer), DONE)
}

/// All forks become active between the checkpoint and the request.
fn fork_between() -> Case {
    let mut setup = StageSetup::default();
    let from = Some(setup.source.start + 2);
    let start = Some(0);
    setup.source.forks = ForkSchedule {
        istanbul: start,
        london: start,
        eth_tx_type: start,
        magma: from,
        kore: from,
        shanghai: from,
        cancun: from,
        randao: Some(setup.source.start + 3),
        kaia: Some(setup.source.start + 3),
        prague: Some(setup.source.start + 3),
        osaka: Some(setup.source.start + 4),
    };
    let mut stage = Stage::new(&setup);
    stage.source.idle(4);
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    Case::new("fork_between", stage.prove(transfer), DONE)
}

/// The destination's headers between the checkpoint and the execution are left out.
#[must_use]
pub fn jump() -> Case {
    let mut stage = Stage::new(&StageSetup::default());
    stage.destination.idle(5);
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    stage.trust.chains[1].allow_jump = true;
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    let executed_at = votes[1].at.block;
    plan.destination.to = plan.destination.from + 1;
    plan.destination.jumps = vec![(executed_at - 1, executed_at)];
    Case::new("jump", stage.prove_plan(&plan, transfers), DONE).note("jumped_headers")
}

/// As [`jump`], with more in the council than in a committee: nobody can tell who sat in it.
fn jump_past_a_committee() -> Case {
    let mut setup = StageSetup::default();
    setup.destination.council = vec![5, 6, 7, 8, 9, 10, 15];
    setup.destination.committee_size = 4;
    let mut stage = Stage::new(&setup);
    stage.destination.idle(5);
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfer = TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
    stage.trust.chains[1].allow_jump = true;
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    let executed_at = votes[1].at.block;
    plan.destination.to = plan.destination.from;
    plan.destination.jumps = vec![(executed_at - 1, executed_at)];
    let case = Case::new("jump_past_a_committee", stage.prove_plan(&plan, transfers), DONE);
    case.note("jumped_headers").note("committee_unchecked")
}

/// The smallest chain.
fn one_validator() -> Case {
    let mut setup = StageSetup::with_form(CommitmentForm::Trie);
    setup.destination.council = vec![5];
    let (stage, transfer) = executed(&setup, coin(500));
    Case::new("one_validator", stage.prove(transfer), DONE)
}
