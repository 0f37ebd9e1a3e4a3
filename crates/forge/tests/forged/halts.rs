//! Block times: the first block after a halt may be dated as early as its parent's second, so when
//! a vote was cast is bounded only by those who proposed since. Each honest history stands beside
//! the lie that looks like it.

use spanlight::bundle::TransferProof;
use spanlight::consensus::FollowMode;
use spanlight::profile::QuorumPolicy;
use spanlight::verdict::{Missing, State, Verdict};
use spanlight_forge::scenarios::fraud::invented_call;
use spanlight_forge::scenarios::sorted;
use spanlight_forge::{coin, BlockVote, Plan, Scenario, Stage, StageSetup};
use std::collections::BTreeSet;

/// How long the destination stands still: far longer than the clocks may differ.
const HALT: u64 = 10_000;
const FAR: u64 = 1 << 40;

/// The destination stands still while the source goes on and gets the request of nonce 1; the first
/// blocks after the halt are dated right behind the last one before it, and hold the votes. Honest
/// proposers go on with the time of now.
///
/// The source is shown up to the block before the request: to it, the votes name a block that does
/// not exist yet.
fn after_a_halt(votes: &[u64], lie: bool, since: impl FnOnce(&mut Stage), source_after: u64) -> Scenario {
    let mut stage = Stage::new(&StageSetup { threshold: 2, ..StageSetup::default() });
    stage.request(coin(1));
    let halted = stage.destination.time();
    let during = halted + HALT / 2;
    stage.source.block(|block| block.time = during);
    let before = stage.source.height();
    let now = halted + HALT;
    let request = stage.source.block(|block| {
        block.time = now - 1;
        block.request(coin(500))
    });
    let call = if lie { invented_call(1, FAR) } else { stage.call(&request) };
    let cast = stage.votes(votes, &call);
    let voted = stage.destination.height();
    assert!(stage.destination.time() <= halted + 2, "dated early");
    stage.destination.block(|block| {
        block.proposer = 5;
        block.time = now;
        block.transfer(107);
    });
    since(&mut stage);
    let at = stage.destination.time() + source_after;
    stage.source.block(|block| block.time = at);
    let handle = cast.last().and_then(|voted| voted.handled);
    let calls = if handle.is_some() { Vec::new() } else { vec![call.encode()] };
    let transfers = vec![TransferProof { nonce: 1, handle, calls, ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    if !lie {
        plan.source.to = before;
        plan.source_states = BTreeSet::from([before]);
    }
    if handle.is_none() {
        plan.destination_states = BTreeSet::from([voted]);
    }
    stage.prove_plan(&plan, transfers)
}

fn two_more(stage: &mut Stage) {
    stage.destination.idle_by(&[6, 7]);
}

/// Both histories have the same blocks on the destination; only what the votes name differs.
#[test]
fn honest_votes_in_a_block_that_is_dated_too_early_are_not_accused_and_a_lie_there_is_named() {
    for votes in [&[11, 12][..], &[13]] {
        let honest = after_a_halt(votes, false, two_more, 300);
        assert_eq!(honest.outcome(), ("not_yet_trusted", "not_yet_trusted.height"), "{votes:?}");
        let lie = after_a_halt(votes, true, two_more, 300);
        assert_eq!(lie.state().culprits(), sorted(votes));
        let Verdict::Proven { notes, state } = lie.verdict() else { panic!("proven") };
        assert!(matches!(state, State::Fraud { .. } | State::Attempted { .. }));
        assert!(notes.iter().any(|note| note.code() == "rests_on_block_times"));
    }
}

#[test]
fn the_source_has_to_be_later_than_the_quorums_last_proposer_by_the_whole_skew() {
    for votes in [&[11, 12][..], &[13]] {
        let early = after_a_halt(votes, true, two_more, 299);
        assert_eq!(early.outcome(), ("not_yet_trusted", "not_yet_trusted.height"));
        assert_eq!(after_a_halt(votes, true, two_more, 300).verdict().name(), "proven");
    }
}

/// Three of four are a quorum. The block of the vote itself has a proposer too, and it does not
/// count.
#[test]
fn a_proposer_counts_once_and_the_votes_own_block_does_not() {
    let with = |since: fn(&mut Stage)| after_a_halt(&[11, 12], true, since, 300);
    let too_few: [fn(&mut Stage); 3] =
        [|_| (), |stage| stage.destination.idle_by(&[6]), |stage| stage.destination.idle_by(&[6, 5, 6, 5, 6])];
    for (since, have) in too_few.into_iter().zip([1, 2, 2]) {
        let missing = Missing::LaterProposers { chain: "service".into(), number: 502, have, need: 3 };
        assert_eq!(with(since).verdict(), Verdict::Incomplete { missing });
    }
    assert_eq!(with(|stage| stage.destination.idle_by(&[6, 5, 6, 8])).verdict().name(), "proven");
}

/// Four of four, where the profile asks for more than the engine does; never fewer than the
/// engine's.
#[test]
fn the_larger_of_the_engines_and_the_profiles_quorum_has_to_propose() {
    let outcome = |quorum: QuorumPolicy, proposers: &'static [u64]| {
        let mut scenario = after_a_halt(&[11, 12], true, |stage| stage.destination.idle_by(proposers), 300);
        for header in &mut scenario.trust.chains {
            header.profile.quorum = if header.profile.name == "service" { quorum } else { header.profile.quorum };
        }
        scenario.outcome().1
    };
    assert_eq!(outcome(QuorumPolicy::Custom(1), &[6]), "missing.later_proposers");
    assert_eq!(outcome(QuorumPolicy::Custom(1), &[6, 7]), "fraud");
    assert_eq!(outcome(QuorumPolicy::Node, &[6]), "missing.later_proposers");
}

/// The lie, with a destination that the caller goes on with and shows.
fn lie_on(change: impl FnOnce(&mut Stage, u64), show: impl FnOnce(&mut Plan, u64)) -> Scenario {
    let mut stage = Stage::new(&StageSetup::default());
    stage.request(coin(1));
    let cast = stage.votes(&[11, 12], &invented_call(1, FAR));
    let voted = cast[1].at.block;
    change(&mut stage, voted);
    let later = stage.destination.time() + 300;
    stage.source.block(|block| block.time = later);
    stage.trust.chains[1].allow_jump = true;
    let transfers = vec![TransferProof { nonce: 1, handle: cast[1].handled, ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    show(&mut plan, voted);
    stage.prove_plan(&plan, transfers)
}

/// An enemy with a quorum's votes could vote its own keys in and propose with them.
#[test]
fn keys_that_were_voted_in_since_do_not_count() {
    let with = |proposers: &'static [u64]| {
        let joins = |stage: &mut Stage, _| {
            stage.destination.block(|block| {
                block.proposer = 5;
                block.vote_for(BlockVote::Add(9));
            });
            stage.destination.idle_by(proposers);
        };
        lie_on(joins, |_, _| ()).outcome().1
    };
    assert_eq!(with(&[6, 9]), "missing.later_proposers");
    assert_eq!(with(&[6, 9, 7]), "fraud");
}

/// In a sparse proof nobody looks at the proposer of a header without seals, so one that was voted
/// out may stand there.
#[test]
fn who_was_voted_out_before_its_block_does_not_count() {
    let with = |proposers: &'static [u64]| {
        let leaves = |stage: &mut Stage, _| {
            stage.destination.block(|block| {
                block.proposer = 5;
                block.vote_for(BlockVote::Remove(8));
            });
            stage.destination.idle_by(proposers);
            stage.destination.idle_by(&[5]);
        };
        let sparse = |plan: &mut Plan, _| plan.destination.mode = FollowMode::Sparse;
        lie_on(leaves, sparse).outcome().1
    };
    assert_eq!(with(&[6, 8]), "missing.later_proposers");
    assert_eq!(with(&[6, 8, 7]), "fraud");
}

#[test]
fn headers_that_are_missing_or_jumped_over_do_not_count() {
    let with = |show: fn(&mut Plan, u64)| lie_on(|stage, _| stage.destination.idle_by(&[5, 6, 7]), show).outcome();
    let missing = ("incomplete", "missing.later_proposers");
    assert_eq!(with(|_, _| ()), ("proven", "fraud"));
    assert_eq!(with(|plan, voted| plan.destination.to = voted + 2), missing);
    let jumped = |plan: &mut Plan, voted: u64| {
        plan.destination.to = voted;
        plan.destination.jumps = vec![(voted + 1, voted + 3)];
    };
    assert_eq!(with(jumped), missing);
}

/// A checkpoint right at the vote's block: the council of that block is not known, that of the next
/// one is.
#[test]
fn a_checkpoint_at_the_votes_block_counts_from_the_next_one() {
    let with = |proposers: &'static [u64]| {
        let mut stage = Stage::new(&StageSetup::default());
        stage.request(coin(1));
        let call = invented_call(1, FAR);
        let voted = stage.votes(&[13], &call)[0].at.block;
        stage.destination.idle_by(proposers);
        let later = stage.destination.time() + 300;
        stage.source.block(|block| block.time = later);
        let transfers = vec![TransferProof { nonce: 1, calls: vec![call.encode()], ..TransferProof::default() }];
        let mut plan = stage.plan(&transfers);
        plan.destination.from = voted;
        plan.destination_states = BTreeSet::from([voted]);
        stage.prove_plan(&plan, transfers).outcome().1
    };
    assert_eq!(with(&[5, 6, 7]), "missing.later_proposers");
    assert_eq!(with(&[8, 5, 6, 7]), "attempted");
}
