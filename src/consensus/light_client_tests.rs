use super::*;
use crate::consensus::equivocation;
use crate::consensus::parameters::{ParameterChanges, ParameterName, ParameterValue, PendingChange};
use crate::consensus::testing::{
    address_of, addresses_of, child, child_of, council_of, governance_field, seal, small_chain, small_client,
    vote_field,
};
use crate::profile::VoteRules;
use std::string::ToString;
use std::vec;

const ADD: &str = "governance.addvalidator";
const REMOVE: &str = "governance.removevalidator";
const KEYS: [u64; 4] = [1, 2, 3, 4];

/// A clock that tolerates nothing.
fn at(now: u64) -> Clock {
    Clock { now, tolerance: 0 }
}

/// `header` with this vote, unsealed.
fn voting(header: UntrustedHeader, vote: Vec<u8>) -> UntrustedHeader {
    let mut fields = header.into_fields();
    fields.vote = vote;
    UntrustedHeader::new(fields)
}

fn announcing(header: UntrustedHeader, governance: Vec<u8>) -> UntrustedHeader {
    let mut fields = header.into_fields();
    fields.governance = governance;
    UntrustedHeader::new(fields)
}

/// Follows one more block, proposed by key 1.
fn follow(client: &mut LightClient, header: &UntrustedHeader, signers: &[u64]) -> Result<(), ConsensusError> {
    client.advance(vec![seal(header, 1, signers)], FollowMode::Full, None).map(|_| ())
}

/// Follows empty blocks up to `number`.
fn follow_to(client: &mut LightClient, number: u64) {
    while client.head().number() < number {
        let header = child_of(client);
        follow(client, &header, &KEYS).unwrap();
    }
}

/// A client of a four-validator chain whose parameters and profile are changed before genesis.
fn client_with(change: impl FnOnce(&mut ChainProfile)) -> LightClient {
    let (mut profile, header) = small_chain(&KEYS);
    change(&mut profile);
    LightClient::from_genesis(&profile, header).unwrap()
}

/// `client`, started again with other parameters; above genesis as if headers had announced them.
fn with_parameters(client: &LightClient, change: impl FnOnce(&mut Parameters)) -> LightClient {
    let mut checkpoint = client.checkpoint();
    change(&mut checkpoint.parameters);
    LightClient::from_checkpoint(client.profile(), &checkpoint, client.head().header().clone()).unwrap()
}

/// A run of `count` headers after the head; the last sealed by `signers`.
fn run_of(client: &LightClient, count: usize, signers: &[u64]) -> Vec<UntrustedHeader> {
    let mut run = vec![seal(&child_of(client), 1, &[])];
    while run.len() < count {
        let next = child(run.last().unwrap(), client);
        run.push(seal(&next, 1, &[]));
    }
    let last = run.pop().unwrap();
    run.push(seal(&last, 1, signers));
    run
}

#[test]
fn starts_only_from_the_genesis_that_the_profile_names() {
    let (profile, header) = small_chain(&KEYS);
    let (_, other) = small_chain(&[1, 2, 3]);
    assert!(LightClient::from_genesis(&profile, header).is_ok());
    let refused = LightClient::from_genesis(&profile, other).map_err(|e| e.code());
    assert_eq!(refused.err(), Some("consensus.anchor"));
}

#[test]
fn rejects_a_header_of_another_chain() {
    let mut client = small_client(&KEYS);
    let header = child_of(&small_client(&[1, 2, 3]));
    assert!(matches!(follow(&mut client, &header, &KEYS), Err(ConsensusError::Header(HeaderError::ParentHash { .. }))));
}

#[test]
fn a_vote_changes_the_council_for_the_next_block_and_not_before() {
    let mut client = small_client(&KEYS);
    let vote = voting(child_of(&client), vote_field(1, ADD, address_of(5).as_bytes()));
    let early = follow(&mut client, &vote, &[1, 2, 5]);
    assert_eq!(early, Err(ConsensusError::ForeignSeal { index: 2, signer: address_of(5).into() }));
    follow(&mut client, &vote, &[1, 2, 3]).unwrap();
    assert_eq!(client.council(), &council_of(&[1, 2, 3, 4, 5]));
    let next = child_of(&client);
    assert_eq!(follow(&mut client, &next, &[1, 2, 3]), Err(ConsensusError::QuorumMissed { required: 4, got: 3 }));
    follow(&mut client, &next, &[1, 2, 3, 5]).unwrap();
}

#[test]
fn rejects_a_seal_by_a_validator_whom_the_block_before_removed() {
    let mut client = small_client(&KEYS);
    let vote = voting(child_of(&client), vote_field(1, REMOVE, address_of(4).as_bytes()));
    follow(&mut client, &vote, &[2, 3, 4]).unwrap();
    let next = child_of(&client);
    let removed = ConsensusError::ForeignSeal { index: 2, signer: address_of(4).into() };
    assert_eq!(follow(&mut client, &next, &[1, 2, 4]), Err(removed));
    follow(&mut client, &next, &[1, 2, 3]).unwrap();
}

#[test]
fn rejects_a_vote_by_anybody_but_the_proposer() {
    let mut client = small_client(&KEYS);
    let vote = voting(child_of(&client), vote_field(2, ADD, address_of(5).as_bytes()));
    let refused = ConsensusError::VoterNotProposer { expected: address_of(1).into(), got: address_of(2).into() };
    assert_eq!(follow(&mut client, &vote, &KEYS), Err(refused));
}

#[test]
fn rejects_a_vote_from_outside_the_council() {
    let mut client = small_client(&KEYS);
    let vote = voting(child_of(&client), vote_field(5, ADD, address_of(5).as_bytes()));
    assert_eq!(follow(&mut client, &vote, &KEYS), Err(ConsensusError::VoterNotInCouncil(address_of(5).into())));
}

#[test]
fn rejects_a_vote_that_cannot_be_read() {
    let mut client = small_client(&KEYS);
    for (vote, code) in [
        (vote_field(1, "istanbul.timeout", &[1]), "consensus.parameter_name"),
        (vote_field(1, "istanbul.epoch", &[1]), "consensus.forbidden_parameter"),
        (vote_field(1, "istanbul.committeesize", &[0]), "consensus.parameter_value"),
        (vec![0xc1], "rlp.malformed"),
    ] {
        let header = voting(child_of(&client), vote);
        assert_eq!(follow(&mut client, &header, &KEYS).map_err(|e| e.code()), Err(code));
    }
}

#[test]
fn in_single_mode_members_vote_but_never_on_the_governing_node() {
    let mut started = small_client(&KEYS);
    follow_to(&mut started, 1);
    let mut client = with_parameters(&started, |parameters| {
        parameters.governance_mode = "single".to_string();
        parameters.governing_node = address_of(2);
    });
    let on_governing_node = voting(child_of(&client), vote_field(1, REMOVE, address_of(2).as_bytes()));
    let refused = follow(&mut client, &on_governing_node, &KEYS);
    assert_eq!(refused, Err(ConsensusError::VoteOnGoverningNode(address_of(2).into())));
    let by_a_member = voting(child_of(&client), vote_field(1, ADD, address_of(5).as_bytes()));
    follow(&mut client, &by_a_member, &KEYS).unwrap();
    assert!(client.council().contains(&address_of(5)));
}

#[test]
fn legacy_rules_ignore_what_v2_rejects() {
    let mut client = client_with(|profile| profile.vote_rules = VoteRules::Legacy);
    for vote in [vec![1, 2, 3], vote_field(5, ADD, address_of(5).as_bytes())] {
        let header = voting(child_of(&client), vote);
        follow(&mut client, &header, &KEYS).unwrap();
        assert_eq!(client.council(), &council_of(&KEYS));
    }
    let header = voting(child_of(&client), vote_field(2, ADD, address_of(5).as_bytes()));
    follow(&mut client, &header, &KEYS).unwrap();
    assert_eq!(client.council(), &council_of(&[1, 2, 3, 4, 5]));
}

const fn uncovered_at(what: Uncovered, block: u64) -> ConsensusError {
    ConsensusError::Unsupported { what, number: Some(block) }
}

#[test]
fn legacy_votes_by_ballot_or_of_the_possibly_demoted_are_unsupported() {
    let legacy = client_with(|profile| profile.vote_rules = VoteRules::Legacy);
    let mut ballot = with_parameters(&legacy, |parameters| parameters.governance_mode = "ballot".to_string());
    let header = voting(child_of(&ballot), vote_field(1, ADD, address_of(5).as_bytes()));
    let by_ballot = follow(&mut ballot, &header, &KEYS);
    assert_eq!(by_ballot, Err(uncovered_at(Uncovered::GovernanceByBallot, header.number())));
    let mut demoting = with_parameters(&legacy, |parameters| parameters.proposer_policy = 2);
    let demoted = follow(&mut demoting, &header, &KEYS);
    assert_eq!(demoted, Err(uncovered_at(Uncovered::LegacyVotesOfDemoted, header.number())));
    // A vote on a parameter is announced before it holds, whoever cast it.
    let header = voting(child_of(&demoting), vote_field(1, "governance.unitprice", &[1]));
    assert_eq!(demoting.needs_seals(&[header]), Ok(vec![true]));
}

#[test]
fn a_parameter_is_voted_announced_and_in_force_one_epoch_each() {
    let mut client = small_client(&KEYS);
    follow_to(&mut client, 5);
    let vote = voting(child_of(&client), vote_field(1, "istanbul.committeesize", &[3]));
    follow(&mut client, &vote, &KEYS).unwrap();
    follow_to(&mut client, 29);
    let silent = child_of(&client);
    assert_eq!(follow(&mut client, &silent, &KEYS), Err(ConsensusError::GovernanceMismatch));
    let announced = announcing(silent, governance_field(r#"{"istanbul.committeesize":3}"#));
    follow(&mut client, &announced, &KEYS).unwrap();
    follow_to(&mut client, 59);
    assert_eq!(client.checkpoint().pending.len(), 1);
    follow_to(&mut client, 60);
    // Before Kore the change holds from 61: after block 60 it holds for the next block.
    assert_eq!(client.parameters().committee_size, 3);
    assert_eq!(client.checkpoint().pending, []);
}

#[test]
fn rejects_an_announcement_outside_an_epoch_block_or_of_what_nobody_voted() {
    let mut client = small_client(&KEYS);
    let field = governance_field(r#"{"istanbul.committeesize":3}"#);
    let header = announcing(child_of(&client), field.clone());
    let off = Err(ConsensusError::GovernanceOffEpoch { number: 1, epoch: 30 });
    assert_eq!(follow(&mut client, &header, &KEYS), off);
    follow_to(&mut client, 29);
    let header = announcing(child_of(&client), field.clone());
    assert_eq!(follow(&mut client, &header, &KEYS), Err(ConsensusError::GovernanceMismatch));
    let mut checkpoint = client.checkpoint();
    checkpoint.epoch_votes = None;
    let start = client.head().header().clone();
    let mut client = LightClient::from_checkpoint(client.profile(), &checkpoint, start).unwrap();
    follow(&mut client, &header, &KEYS).unwrap();
    assert_eq!(client.checkpoint().epoch_votes, Some(ParameterChanges::default()));
}

#[test]
fn a_bad_header_late_in_a_batch_changes_nothing() {
    let mut client = small_client(&KEYS);
    let before = client.checkpoint();
    let mut run = run_of(&client, 3, &[1, 2, 3]);
    for header in &mut run[..2] {
        *header = seal(header, 1, &KEYS);
    }
    let mut fields = run[2].clone().into_fields();
    fields.extra.committed_seals.truncate(2);
    let mut bad = run.clone();
    bad[2] = UntrustedHeader::new(fields);
    assert!(client.advance(bad, FollowMode::Full, None).is_err());
    assert_eq!(client.checkpoint(), before);
    let verified = client.advance(run, FollowMode::Full, None).unwrap();
    assert_eq!(verified.len(), 3);
    assert_eq!(client.head(), &verified[2]);
}

#[test]
fn row_7_a_header_further_ahead_of_the_clock_than_is_tolerated_is_not_reached_and_moves_nothing() {
    let mut client = small_client(&KEYS);
    let before = client.checkpoint();
    let run = run_of(&client, 3, &KEYS);
    let time = run[2].fields().time;
    let mut advance = |now| client.advance(run.clone(), FollowMode::Sparse, Some(Clock { now, tolerance: 15 }));
    assert_eq!(advance(time - 16), Err(ConsensusError::AheadOfClock { now: time - 16, time }));
    assert_eq!(advance(0), Err(ConsensusError::AheadOfClock { now: 0, time }));
    assert_eq!(client.checkpoint(), before);
    let clock = Clock { now: time - 15, tolerance: 15 };
    assert_eq!(client.advance(run, FollowMode::Sparse, Some(clock)).map(|headers| headers.len()), Ok(3));
    assert_eq!(Clock { now: u64::MAX, tolerance: 15 }.reaches(u64::MAX), Ok(()));
}

#[test]
fn only_a_verified_header_may_tell_that_the_clock_is_behind() {
    let mut client = small_client(&KEYS);
    let clock = Some(Clock { now: 0, tolerance: 15 });
    let under_sealed = vec![seal(&child_of(&client), 1, &[1, 2])];
    let refused = client.advance(under_sealed, FollowMode::Full, clock).map_err(|e| e.code());
    assert_eq!(refused.err(), Some("consensus.quorum_missed"));
    let foreign = client.jump(far_run(&client, &[1, 2, 5]), at(client.head().time()), 3600).map_err(|e| e.code());
    assert_eq!(foreign.err(), Some("consensus.foreign_seal"));
    let ahead = client.jump(far_run(&client, &KEYS), at(client.head().time()), 3600).map_err(|e| e.code());
    assert_eq!(ahead.err(), Some("not_yet_trusted.clock"));
}

#[test]
fn the_trusting_period_of_a_tolerated_header_counts_from_when_it_was_verified() {
    let mut client = small_client(&KEYS);
    let header = seal(&child_of(&client), 1, &KEYS);
    let now = header.fields().time - 10;
    client.advance(vec![header.clone()], FollowMode::Full, Some(Clock { now, tolerance: 15 })).unwrap();
    assert_eq!((client.trusted_since(), client.checkpoint().trusted_since), (now, Some(now)));
    // It is stored: a client that starts again counts from there as well.
    let again = LightClient::from_checkpoint(client.profile(), &client.checkpoint(), header.without_seals()).unwrap();
    for client in [&client, &again] {
        let jump = |now| client.jump(far_run(client, &KEYS), at(now), 600).map_err(|e| e.code()).err();
        assert_eq!(jump(now + 601), Some("consensus.trusting_period_over"));
        assert_eq!(jump(now + 600), None);
    }
    // A header of the past counts from its own time, and nothing is stored.
    let mut client = small_client(&KEYS);
    client.advance(vec![header.clone()], FollowMode::Full, Some(at(header.fields().time + 1_000))).unwrap();
    assert_eq!((client.trusted_since(), client.checkpoint().trusted_since), (header.fields().time, None));
}

#[test]
fn sparse_needs_seals_at_the_end_only_where_nothing_changes() {
    let mut client = small_client(&KEYS);
    let run = run_of(&client, 5, &[1, 2, 3]);
    assert_eq!(client.needs_seals(&run), Ok(vec![false, false, false, false, true]));
    let verified = client.advance(run, FollowMode::Sparse, None).unwrap();
    assert!(verified[..4].iter().all(|header| header.seals().is_none()));
    assert_eq!(verified[4].seals().unwrap().signers, addresses_of(&[1, 2, 3]));
}

#[test]
fn sparse_refuses_an_end_without_seals() {
    let mut client = small_client(&KEYS);
    let run = run_of(&client, 5, &[]);
    assert_eq!(client.advance(run, FollowMode::Sparse, None), Err(ConsensusError::NoSeals));
}

#[test]
fn sparse_refuses_seals_or_a_round_that_nobody_checks() {
    let client = small_client(&KEYS);
    let run = run_of(&client, 3, &[1, 2, 3]);
    let refuse = |change: fn(&mut crate::header::HeaderFields)| {
        let mut run = run.clone();
        let mut fields = run[1].clone().into_fields();
        change(&mut fields);
        run[1] = UntrustedHeader::new(fields);
        let refused = client.clone().advance(run, FollowMode::Sparse, None);
        assert_eq!(refused, Err(ConsensusError::UncheckedSeals { number: 2 }));
    };
    refuse(|fields| fields.extra.committed_seals.push([0; 65]));
    refuse(|fields| fields.extra.vanity[31] = 1);
}

#[test]
fn sparse_refuses_a_council_vote_without_seals() {
    let mut client = small_client(&KEYS);
    // Key 1 alone votes everybody else out and then seals the end itself.
    let mut value = Vec::new();
    for key in [2, 3, 4] {
        value.extend_from_slice(address_of(key).as_bytes());
    }
    let vote = voting(child_of(&client), vote_field(1, REMOVE, &value));
    let vote = seal(&vote, 1, &[]);
    let end = seal(&child(&vote, &client), 1, &[1]);
    assert_eq!(client.needs_seals(&[vote.clone(), end.clone()]), Ok(vec![true, true]));
    let refused = client.advance(vec![vote.clone(), end.clone()], FollowMode::Sparse, None);
    assert_eq!(refused, Err(ConsensusError::NoSeals));
    let sealed = seal(&vote, 1, &[1, 2, 3]);
    client.advance(vec![sealed, end], FollowMode::Sparse, None).unwrap();
    assert_eq!(client.council(), &council_of(&[1]));
}

#[test]
fn sparse_needs_seals_also_for_a_council_vote_that_changes_nothing() {
    let client = small_client(&KEYS);
    let vote = voting(child_of(&client), vote_field(1, "governance.addvalidator", address_of(2).as_bytes()));
    let end = child(&vote, &client);
    assert_eq!(client.needs_seals(&[vote, end]), Ok(vec![true, true]));
}

#[test]
fn sparse_needs_seals_before_other_parameters_hold_and_still_checks_the_voter() {
    let mut client = small_client(&KEYS);
    let vote = voting(child_of(&client), vote_field(1, "istanbul.committeesize", &[5]));
    let mut run = vec![seal(&vote, 1, &[])];
    while run.len() < 65 {
        let next = child(run.last().unwrap(), &client);
        let next = if next.number() == 30 {
            announcing(next, governance_field(r#"{"istanbul.committeesize":5}"#))
        } else {
            next
        };
        run.push(seal(&next, 1, &[]));
    }
    let needed: Vec<u64> = (1..).zip(client.needs_seals(&run).unwrap()).filter(|(_, n)| *n).map(|(n, _)| n).collect();
    assert_eq!(needed, [60, 65]);
    run[64] = seal(&run[64], 1, &[1, 2, 3]);
    assert_eq!(client.advance(run.clone(), FollowMode::Sparse, None), Err(ConsensusError::NoSeals));
    run[59] = seal(&run[59], 1, &[1, 2, 3]);
    let mut by_another = run.clone();
    by_another[0] = seal(&vote, 2, &[]);
    by_another.truncate(1);
    by_another.push(seal(&child(&by_another[0], &client), 1, &[1, 2, 3]));
    let refused = client.advance(by_another, FollowMode::Sparse, None).map_err(|e| e.code());
    assert_eq!(refused, Err("consensus.voter_not_proposer"));
    client.advance(run, FollowMode::Sparse, None).unwrap();
    assert_eq!(client.parameters().committee_size, 5);
}

#[test]
fn a_governance_contract_is_unsupported_from_kore_on() {
    let mut client = with_parameters(&small_client(&KEYS), |parameters| {
        parameters.gov_param_contract = address_of(6);
    });
    follow_to(&mut client, 1);
    let mut profile = client.profile().clone();
    profile.forks.kore = Some(2);
    let start = client.head().header().clone();
    let refused = LightClient::from_checkpoint(&profile, &client.checkpoint(), start.clone());
    assert_eq!(refused.err(), Some(uncovered_at(Uncovered::GovernanceByContract, 2)));
    profile.forks.kore = Some(3);
    let mut client = LightClient::from_checkpoint(&profile, &client.checkpoint(), start).unwrap();
    follow_to(&mut client, 2);
    let header = child_of(&client);
    assert_eq!(follow(&mut client, &header, &KEYS), Err(uncovered_at(Uncovered::GovernanceByContract, 3)));
    let run = far_run(&client, &[1, 2, 3]);
    let target = run.last().unwrap().number();
    let jumped = client.jump(run, at(client.head().time() + 600), 3600);
    assert_eq!(jumped.err(), Some(uncovered_at(Uncovered::GovernanceByContract, target)));
    let (one, other) = (seal(&header, 1, &KEYS), seal(&rival_of(&header), 1, &KEYS));
    assert_eq!(
        equivocation::check(&client, &one, &other).err(),
        Some(uncovered_at(Uncovered::GovernanceByContract, 3))
    );
}

#[test]
fn a_checkpoint_must_agree_with_its_header_and_itself() {
    let mut client = small_client(&KEYS);
    follow_to(&mut client, 31);
    let header = client.head().header().clone();
    let start = |change: fn(&mut Checkpoint)| {
        let mut checkpoint = client.checkpoint();
        change(&mut checkpoint);
        LightClient::from_checkpoint(client.profile(), &checkpoint, header.clone()).map_err(|e| e.code()).err()
    };
    fn pending(announced_at: u64, name: ParameterName) -> PendingChange {
        let mut changes = ParameterChanges::default();
        changes.insert(name, ParameterValue::Integer(30));
        PendingChange { announced_at, changes }
    }
    assert_eq!(start(|_| {}), None);
    assert_eq!(start(|c| c.pending.push(pending(30, ParameterName::UnitPrice))), None);
    assert_eq!(start(|c| c.number = 30), Some("consensus.anchor"));
    assert_eq!(start(|c| c.hash = Hash::ZERO), Some("consensus.anchor"));
    assert_eq!(start(|c| c.council.clear()), Some("consensus.council_empty"));
    assert_eq!(start(|c| c.parameters.epoch = 0), Some("consensus.epoch_zero"));
    let inconsistent = Some("consensus.checkpoint");
    assert_eq!(start(|c| c.pending.push(pending(60, ParameterName::UnitPrice))), inconsistent);
    assert_eq!(start(|c| c.pending.push(pending(29, ParameterName::UnitPrice))), inconsistent);
    assert_eq!(start(|c| c.pending.push(pending(0, ParameterName::UnitPrice))), inconsistent);
    assert_eq!(start(|c| c.pending.push(pending(30, ParameterName::Epoch))), inconsistent);
    assert_eq!(start(|c| c.pending = vec![pending(30, ParameterName::UnitPrice); 2]), inconsistent);
}

#[test]
fn a_checkpoint_refuses_a_change_that_is_in_force_already() {
    let mut client = small_client(&KEYS);
    follow_to(&mut client, 60);
    let mut checkpoint = client.checkpoint();
    let mut changes = ParameterChanges::default();
    changes.insert(ParameterName::UnitPrice, ParameterValue::Integer(1));
    checkpoint.pending.push(PendingChange { announced_at: 30, changes });
    let refused = LightClient::from_checkpoint(client.profile(), &checkpoint, client.head().header().clone());
    assert_eq!(refused.err(), Some(ConsensusError::Checkpoint("a pending change is in force already")));
}

/// A run far beyond the head, of two headers.
fn far_run(client: &LightClient, signers: &[u64]) -> Vec<UntrustedHeader> {
    let mut fields = child_of(client).into_fields();
    fields.number += 500;
    fields.time += 500;
    fields.parent_hash = Hash([7; 32]);
    let first = seal(&UntrustedHeader::new(fields), 6, &[]);
    let last = seal(&child(&first, client), 6, signers);
    vec![first, last]
}

#[test]
fn a_jump_reaches_a_header_sealed_by_the_last_verified_council_and_moves_nothing() {
    let client = small_client(&KEYS);
    let before = client.checkpoint();
    let run = far_run(&client, &[2, 3, 4]);
    let now = run[1].fields().time;
    let jumped = client.jump(run, at(now), 3600).unwrap();
    assert_eq!(jumped[1].number(), 502);
    assert_eq!(jumped[1].seals().unwrap().signers, addresses_of(&[2, 3, 4]));
    assert_eq!(jumped[0].seals(), None);
    // `advance` takes no JumpedHeader, and `jump` borrows the client without the right to change it.
    assert_eq!(client.checkpoint(), before);
}

#[test]
fn a_jump_needs_a_quorum_of_the_last_verified_council_and_nobody_else() {
    let client = small_client(&KEYS);
    let now = client.head().time() + 600;
    let jump = |signers: &[u64]| client.jump(far_run(&client, signers), at(now), 3600).map_err(|e| e.code());
    assert_eq!(jump(&[1, 2]).err(), Some("consensus.quorum_missed"));
    assert_eq!(jump(&[1, 2, 5]).err(), Some("consensus.foreign_seal"));
    assert_eq!(jump(&[]).err(), Some("consensus.no_seals"));
    assert_eq!(client.jump(vec![], at(now), 3600), Err(ConsensusError::JumpEmpty));
}

#[test]
fn a_jump_is_refused_beyond_the_trusting_period_and_without_one() {
    let client = small_client(&KEYS);
    let head_time = client.head().time();
    let jump = |now, period| client.jump(far_run(&client, &[1, 2, 3]), at(now), period);
    assert_eq!(jump(head_time + 600, 0), Err(ConsensusError::TrustingPeriodZero));
    let over = ConsensusError::TrustingPeriodOver { head_time, now: head_time + 601, period: 600 };
    assert_eq!(jump(head_time + 601, 600), Err(over));
    assert!(jump(head_time + 600, 600).is_ok());
    let future = jump(head_time + 400, 600);
    assert!(matches!(future, Err(ConsensusError::AheadOfClock { .. })));
}

#[test]
fn a_jump_run_must_hold_together_and_go_forward() {
    let mut client = small_client(&KEYS);
    let now = client.head().time() + 600;
    let run = far_run(&client, &[1, 2, 3]);
    let jump = |run: Vec<UntrustedHeader>| client.jump(run, at(now), 3600).map_err(|e| e.code()).err();
    let mut sealed_first = run.clone();
    sealed_first[0] = seal(&run[0], 6, &[1]);
    assert_eq!(jump(sealed_first), Some("consensus.unchecked_seals"));
    let mut fields = run[1].clone().into_fields();
    fields.parent_hash = Hash([8; 32]);
    let unlinked = seal(&UntrustedHeader::new(fields), 6, &[1, 2, 3]);
    assert!(jump(vec![run[0].clone(), unlinked]).is_some_and(|code| code.starts_with("header.")));
    let mut fields = run[0].clone().into_fields();
    fields.time = client.head().time() + 500;
    let hasty = seal(&UntrustedHeader::new(fields), 6, &[1, 2, 3]);
    assert_eq!(jump(vec![hasty]), Some("consensus.jump_time"));
    let mut fields = child_of(&client).into_fields();
    fields.parent_hash = Hash([8; 32]);
    let other_branch = seal(&UntrustedHeader::new(fields), 6, &[1, 2, 3]);
    assert!(jump(vec![other_branch]).is_some_and(|code| code.starts_with("header.")));
    follow_to(&mut client, 2);
    let back = seal(&child_of(&small_client(&KEYS)), 1, &KEYS);
    let refused = client.jump(vec![back], at(now), 3600);
    assert_eq!(refused, Err(ConsensusError::JumpBackwards { head: 2, got: 1 }));
}

#[test]
fn a_jump_run_keeps_the_rules_between_its_headers() {
    let client = small_client(&KEYS);
    let now = client.head().time() + 600;
    let run = far_run(&client, &[1, 2, 3]);
    let refuse = |change: fn(&mut crate::header::HeaderFields)| {
        let mut fields = run[1].clone().into_fields();
        change(&mut fields);
        let last = seal(&UntrustedHeader::new(fields), 6, &[1, 2, 3]);
        client.jump(vec![run[0].clone(), last], at(now), 3600).unwrap_err()
    };
    use ConsensusError::Header;
    assert!(matches!(refuse(|f| f.base_fee = Some(crate::U256::ONE)), Header(HeaderError::FieldTooEarly { .. })));
    assert!(matches!(refuse(|f| f.block_score = crate::U256::ZERO), Header(HeaderError::BlockScore { .. })));
    assert!(matches!(refuse(|f| f.number += 1), Header(HeaderError::Number { .. })));
    assert!(matches!(refuse(|f| f.time -= 1), Header(HeaderError::TimeNotAfterParent { .. })));
}

#[test]
fn a_jump_takes_changes_into_account_that_were_announced_before_it() {
    let mut client = small_client(&KEYS);
    let vote = voting(child_of(&client), vote_field(1, "governance.deriveshaimpl", &[2]));
    follow(&mut client, &vote, &KEYS).unwrap();
    follow_to(&mut client, 29);
    let announced = announcing(child_of(&client), governance_field(r#"{"governance.deriveshaimpl":2}"#));
    follow(&mut client, &announced, &KEYS).unwrap();
    assert_eq!(client.head().derive_sha_impl(), 0);
    let run = far_run(&client, &[1, 2, 3]);
    let jumped = client.jump(run, at(client.head().time() + 600), 3600).unwrap();
    assert_eq!(jumped[0].derive_sha_impl(), 2);
    let mut fields = child_of(&client).into_fields();
    fields.number = 60;
    fields.time += 60;
    let before = seal(&UntrustedHeader::new(fields), 1, &[1, 2, 3]);
    let jumped = client.jump(vec![before], at(client.head().time() + 600), 3600).unwrap();
    assert_eq!(jumped[0].derive_sha_impl(), 0);
}

/// The quorum of a jump is that of the committee size in force where it ends.
#[test]
fn a_jump_counts_seals_by_the_committee_size_that_was_announced_before_it() {
    let mut client = small_client(&KEYS);
    let vote = voting(child_of(&client), vote_field(1, "istanbul.committeesize", &[1]));
    follow(&mut client, &vote, &KEYS).unwrap();
    follow_to(&mut client, 29);
    let announced = announcing(child_of(&client), governance_field(r#"{"istanbul.committeesize":1}"#));
    follow(&mut client, &announced, &KEYS).unwrap();
    let jump = |run| client.jump(run, at(client.head().time() + 600), 3600).map_err(|error| error.code());
    assert!(jump(far_run(&client, &[2])).is_ok());
    let mut fields = child_of(&client).into_fields();
    fields.number = 60;
    fields.time += 60;
    let before = seal(&UntrustedHeader::new(fields), 1, &[2]);
    assert_eq!(jump(vec![before]).err(), Some("consensus.quorum_missed"));
}

/// A second block after the head of `client`.
fn rival_of(header: &UntrustedHeader) -> UntrustedHeader {
    let mut fields = header.clone().into_fields();
    fields.state_root = Hash([9; 32]);
    UntrustedHeader::new(fields)
}

#[test]
fn equivocation_names_who_signed_both() {
    let client = small_client(&KEYS);
    let a = child_of(&client);
    let found = equivocation::check(&client, &seal(&a, 1, &[1, 2, 3]), &seal(&rival_of(&a), 2, &[2, 3, 4])).unwrap();
    assert_eq!(found.number, 1);
    assert_eq!(found.both, addresses_of(&[2, 3]));
    assert_eq!(found.first_only, addresses_of(&[1]));
    assert_eq!(found.second_only, addresses_of(&[4]));
}

#[test]
fn equivocation_needs_two_blocks_with_a_quorum_each_after_one_parent() {
    let client = small_client(&KEYS);
    let a = child_of(&client);
    let sealed = seal(&a, 1, &[1, 2, 3]);
    let mut fields = sealed.clone().into_fields();
    fields.extra.vanity[31] = 1;
    fields.extra.committed_seals.pop();
    let same = equivocation::check(&client, &sealed, &UntrustedHeader::new(fields));
    assert_eq!(same, Err(ConsensusError::SameBlock(sealed.hash().into())));
    let few = equivocation::check(&client, &sealed, &seal(&rival_of(&a), 1, &[1, 2]));
    assert_eq!(few, Err(ConsensusError::QuorumMissed { required: 3, got: 2 }));
    let mut fields = a.clone().into_fields();
    fields.parent_hash = Hash([8; 32]);
    let elsewhere = seal(&UntrustedHeader::new(fields), 1, &[1, 2, 3]);
    let other_parent = equivocation::check(&client, &sealed, &elsewhere);
    assert!(matches!(other_parent, Err(ConsensusError::Header(HeaderError::ParentHash { .. }))));
    let later = seal(&child(&sealed, &client), 1, &[1, 2, 3]);
    assert!(equivocation::check(&client, &sealed, &later).is_err());
}

#[test]
fn refuses_votes_and_announcements_longer_than_any_honest_one() {
    let client = small_client(&KEYS);
    let next = || child(client.head().header(), &client);
    let refusal = |header: UntrustedHeader| client.needs_seals(&[header]).map_err(|e| e.code());
    let long_vote = voting(next(), vec![0; (32 << 10) + 1]);
    assert_eq!(refusal(long_vote), Err("consensus.field_too_long"));
    let long_announcement = announcing(next(), vec![0; (16 << 10) + 1]);
    assert_eq!(refusal(long_announcement), Err("consensus.field_too_long"));
}

#[test]
fn the_council_of_each_followed_block_is_known_and_of_no_lower_one() {
    let mut client = small_client(&KEYS);
    let join = voting(child_of(&client), vote_field(1, ADD, address_of(5).as_bytes()));
    follow(&mut client, &join, &KEYS).unwrap();
    follow_to(&mut client, 3);
    let councils = [0, 1, 2, 3, 4].map(|number| client.council_at(number).map(Council::len));
    assert_eq!(councils, [None, Some(4), Some(5), Some(5), Some(5)]);
    let resumed = with_parameters(&client, |_| ());
    assert_eq!([3, 4].map(|number| resumed.council_at(number).map(Council::len)), [None, Some(5)]);
}

/// As many as the engine's quorum at least; over the whole council where headers do not tell who is
/// demoted.
#[test]
fn proposers_needed_follow_the_engines_rule_and_count_all_where_members_may_be_demoted() {
    let needed = |quorum, policy, committee_size| {
        let client = client_with(|profile| {
            profile.quorum = quorum;
            profile.qualified = Some(crate::profile::Qualified::AtLeast(1));
            profile.forks.istanbul = Some(0);
        });
        let client = with_parameters(&client, |parameters| {
            parameters.proposer_policy = policy;
            parameters.committee_size = committee_size;
        });
        client.proposers_needed_at(1)
    };
    assert_eq!(needed(QuorumPolicy::Engine, 0, 22), Some(3));
    assert_eq!(needed(QuorumPolicy::Engine, 0, 2), Some(2));
    assert_eq!(needed(QuorumPolicy::Node, 0, 3), Some(3));
    assert_eq!(needed(QuorumPolicy::Custom(4), 0, 22), Some(4));
    assert_eq!(needed(QuorumPolicy::Engine, 2, 2), Some(3));
}
