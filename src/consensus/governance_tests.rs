//! Who votes and against what votes are checked, on chains sealed with test keys.

use super::light_client::{Checkpoint, FollowMode, LightClient};
use super::parameters::{ParameterChanges, ParameterName, ParameterValue, Parameters};
use super::testing::{address_of, addresses_of, child_of, council_of, governance_field, seal, small_chain, vote_field};
use super::warned::{VotesBy, WarnedOf, WarnedVote, MAX_WARNED};
use super::ConsensusError;
use crate::header::UntrustedHeader;
use crate::profile::{ChainProfile, VoteRules};
use std::string::ToString;
use std::vec;
use std::vec::Vec;

const ADD: &str = "governance.addvalidator";
const KEYS: [u64; 4] = [1, 2, 3, 4];

/// A chain whose genesis header announces `governance` and whose profile is changed.
fn chain(governance: &str, change: impl FnOnce(&mut ChainProfile)) -> LightClient {
    let (mut profile, header) = small_chain(&KEYS);
    let mut fields = header.into_fields();
    fields.governance = governance_field(governance);
    let header = UntrustedHeader::new(fields);
    profile.genesis_hash = header.hash();
    change(&mut profile);
    LightClient::from_genesis(&profile, header).unwrap()
}

/// A chain in mode "single" under key 2.
fn single() -> LightClient {
    let node = address_of(2);
    let text = std::format!(r#"{{"governance.governancemode":"single","governance.governingnode":"{node}"}}"#);
    chain(&text, |_| ())
}

fn none() -> LightClient {
    chain("{}", |_| ())
}

/// Follows one more block by `proposer`, sealed by all of `council`.
fn follow_by(client: &mut LightClient, proposer: u64, council: &[u64], vote: Vec<u8>) -> Result<(), ConsensusError> {
    let mut fields = child_of(client).into_fields();
    fields.vote = vote;
    follow_header(client, UntrustedHeader::new(fields), proposer, council)
}

fn follow_header(
    client: &mut LightClient,
    header: UntrustedHeader,
    proposer: u64,
    council: &[u64],
) -> Result<(), ConsensusError> {
    client.advance(vec![seal(&header, proposer, council)], FollowMode::Full, None).map(|_| ())
}

fn follow(client: &mut LightClient, proposer: u64, key: &str, value: &[u8]) -> Result<(), ConsensusError> {
    follow_by(client, proposer, &KEYS, vote_field(proposer, key, value))
}

fn follow_to(client: &mut LightClient, number: u64, announcement: &str) {
    while client.head().number() < number {
        let mut fields = child_of(client).into_fields();
        if fields.number == 30 {
            fields.governance = governance_field(announcement);
        }
        follow_header(client, UntrustedHeader::new(fields), 1, &KEYS).unwrap();
    }
}

fn warned(code: WarnedOf, number: u64, voter: u64, key: &str) -> WarnedVote {
    WarnedVote { code, number, voter: address_of(voter), key: key.to_string() }
}

fn resumed(client: &LightClient, checkpoint: &Checkpoint) -> Result<LightClient, ConsensusError> {
    LightClient::from_checkpoint(client.profile(), checkpoint, client.head().header().clone())
}

#[test]
fn in_mode_single_every_vote_but_the_governing_nodes_is_warned_of() {
    let mut client = single();
    follow(&mut client, 2, ADD, address_of(1).as_bytes()).unwrap();
    follow(&mut client, 2, "istanbul.committeesize", &[7]).unwrap();
    assert_eq!(client.warned_votes(), []);
    follow(&mut client, 1, ADD, address_of(1).as_bytes()).unwrap();
    follow(&mut client, 3, "governance.unitprice", &[7]).unwrap();
    let expected = [warned(WarnedOf::ByOther, 3, 1, ADD), warned(WarnedOf::ByOther, 4, 3, "governance.unitprice")];
    assert_eq!(client.warned_votes(), expected);
}

#[test]
fn in_mode_none_votes_on_validators_and_on_what_a_verifier_needs_are_warned_of() {
    let mut client = none();
    follow(&mut client, 1, ADD, address_of(1).as_bytes()).unwrap();
    for (key, value) in [
        ("governance.unitprice", &[7][..]),
        ("reward.mintingamount", b"7"),
        ("reward.ratio", b"100/0/0"),
        ("reward.kip82ratio", b"100/0"),
    ] {
        follow(&mut client, 1, key, value).unwrap();
    }
    assert_eq!(client.warned_votes(), [warned(WarnedOf::ByMember, 1, 1, ADD)]);
    for key in [
        "governance.deriveshaimpl",
        "istanbul.committeesize",
        "kip71.basefeedenominator",
        "kip71.gastarget",
        "kip71.lowerboundbasefee",
        "kip71.maxblockgasusedforbasefee",
    ] {
        follow(&mut client, 1, key, &[2]).unwrap();
        assert_eq!(client.warned_votes().last(), Some(&warned(WarnedOf::ByMember, client.head().number(), 1, key)));
    }
}

#[test]
fn a_trust_in_the_governing_node_alone_refuses_other_votes_and_accuses_nobody() {
    let refused = Err(ConsensusError::Unsupported { what: crate::uncovered::Uncovered::VoteByOther, number: Some(2) });
    let (size, price) = ("istanbul.committeesize", "governance.unitprice");
    for (client, voter, allowed, other) in [(single(), 2, size, price), (none(), 1, price, size)] {
        let mut client = client.accepting(VotesBy::GoverningNode);
        follow(&mut client, voter, allowed, &[7]).unwrap();
        let before = client.checkpoint();
        assert_eq!(follow(&mut client, 1, other, &[7]), refused);
        assert_eq!(client.checkpoint(), before);
    }
}

#[test]
fn warnings_go_with_every_checkpoint() {
    let mut client = none();
    follow(&mut client, 1, ADD, address_of(1).as_bytes()).unwrap();
    let checkpoint = client.checkpoint();
    let text = serde_json::to_string(&checkpoint).unwrap();
    assert_eq!(serde_json::from_str::<Checkpoint>(&text).unwrap(), checkpoint);
    let mut client = resumed(&client, &checkpoint).unwrap();
    assert_eq!(client.warned_votes(), [warned(WarnedOf::ByMember, 1, 1, ADD)]);
    for _ in 0..MAX_WARNED {
        follow(&mut client, 1, ADD, address_of(1).as_bytes()).unwrap();
    }
    assert_eq!(client.warned_votes().len(), MAX_WARNED);
    assert_eq!(client.warned_votes()[0].number, 1);
    let mut client = client.accepting(VotesBy::GoverningNode);
    assert!(follow(&mut client, 1, ADD, address_of(1).as_bytes()).is_err());
}

#[test]
fn a_checkpoint_warns_only_of_votes_up_to_itself_and_of_no_more_than_are_kept() {
    let mut client = none();
    follow(&mut client, 1, ADD, address_of(1).as_bytes()).unwrap();
    let mut checkpoint = client.checkpoint();
    let refused = |checkpoint: &Checkpoint| resumed(&client, checkpoint).err().map(|error| error.code());
    for number in [0, 2] {
        checkpoint.warned_votes[0].number = number;
        assert_eq!(refused(&checkpoint), Some("consensus.checkpoint"));
    }
    checkpoint.warned_votes[0].number = 1;
    assert_eq!(refused(&checkpoint), None);
    checkpoint.warned_votes = vec![warned(WarnedOf::ByMember, 1, 1, ADD); MAX_WARNED + 1];
    assert_eq!(refused(&checkpoint), Some("consensus.checkpoint"));
}

#[test]
fn an_equivocation_is_told_with_the_warnings_of_its_chain() {
    let mut client = none();
    follow(&mut client, 1, ADD, address_of(1).as_bytes()).unwrap();
    let one = child_of(&client);
    let mut fields = one.clone().into_fields();
    fields.gas_used = 1;
    let other = UntrustedHeader::new(fields);
    let found = super::equivocation::check(&client, &seal(&one, 1, &KEYS), &seal(&other, 1, &KEYS)).unwrap();
    assert_eq!(found.warned_votes, client.warned_votes());
}

/// Nodes check a vote on a bound of the base fee against defaults and announcements, not against
/// the genesis file.
#[test]
fn base_fee_bounds_are_checked_against_what_headers_announced() {
    let configured = |profile: &mut ChainProfile| {
        profile.parameters.lower_bound_base_fee = 10;
        profile.parameters.upper_bound_base_fee = 20;
    };
    let mut client = chain("{}", configured);
    follow(&mut client, 1, "kip71.lowerboundbasefee", &[21]).unwrap();
    let above_default = follow(&mut client, 1, "kip71.lowerboundbasefee", &1_000_000_000_000u64.to_be_bytes());
    assert_eq!(above_default, Err(ConsensusError::BaseFeeBounds { lower: 1_000_000_000_000, upper: 750_000_000_000 }));
    // Announced values hold one epoch later for votes as for fees.
    follow_to(&mut client, 60, r#"{"kip71.lowerboundbasefee":21}"#);
    let below = follow(&mut client, 1, "kip71.upperboundbasefee", &[20]);
    assert_eq!(below, Err(ConsensusError::BaseFeeBounds { lower: 21, upper: 20 }));
    follow(&mut client, 1, "kip71.upperboundbasefee", &[21]).unwrap();
}

#[test]
fn a_checkpoint_carries_what_headers_announced_where_it_differs() {
    let mut client = chain("{}", |profile| profile.parameters.lower_bound_base_fee = 10);
    follow(&mut client, 1, "governance.unitprice", &[21]).unwrap();
    let checkpoint = client.checkpoint();
    assert_eq!(checkpoint.header_governance.as_ref().map(|said| said.lower_bound_base_fee), Some(25_000_000_000));
    let text = serde_json::to_string(&checkpoint).unwrap();
    assert_eq!(serde_json::from_str::<Checkpoint>(&text).unwrap(), checkpoint);
    assert_eq!(resumed(&client, &checkpoint).unwrap().checkpoint(), checkpoint);
    follow_to(&mut client, 29, "");
    let silent = none().checkpoint();
    assert_eq!((silent.header_governance, silent.warned_votes), (None, Vec::new()));
}

/// A checkpoint of before this member existed, or of somebody who left it out.
#[test]
fn a_checkpoint_without_header_governance_never_refuses_an_honest_vote() {
    let mut client = chain("{}", |profile| {
        profile.parameters.lower_bound_base_fee = 10;
        profile.parameters.upper_bound_base_fee = 20;
    });
    follow(&mut client, 1, "governance.unitprice", &[21]).unwrap();
    let checkpoint = Checkpoint { header_governance: None, ..client.checkpoint() };
    let mut client = resumed(&client, &checkpoint).unwrap();
    follow(&mut client, 1, "kip71.lowerboundbasefee", &[21]).unwrap();
    follow(&mut client, 1, "kip71.upperboundbasefee", &[11]).unwrap();
    let crossed = follow(&mut client, 1, "kip71.upperboundbasefee", &[9]);
    assert_eq!(crossed, Err(ConsensusError::BaseFeeBounds { lower: 10, upper: 9 }));

    let mut client = chain("{}", |profile| profile.parameters.lower_bound_base_fee = 100_000_000_000);
    follow(&mut client, 1, "governance.unitprice", &[21]).unwrap();
    let checkpoint = Checkpoint { header_governance: None, ..client.checkpoint() };
    let mut client = resumed(&client, &checkpoint).unwrap();
    follow(&mut client, 1, "kip71.upperboundbasefee", &50_000_000_000u64.to_be_bytes()).unwrap();
}

#[test]
fn a_checkpoint_at_block_0_must_carry_what_its_header_announces() {
    let client = single();
    let mut checkpoint = client.checkpoint();
    assert_eq!(resumed(&client, &checkpoint).unwrap().checkpoint(), checkpoint);
    checkpoint.header_governance = None;
    let again = resumed(&client, &checkpoint).unwrap();
    assert_eq!(again.checkpoint(), client.checkpoint());
    let mut said = super::HeaderGovernance::of(&Parameters::default());
    said.mode = "single".to_string();
    checkpoint.header_governance = Some(said);
    assert_eq!(resumed(&client, &checkpoint).err().map(|error| error.code()), Some("consensus.checkpoint"));
}

/// What headers announced bounds later votes, name by name.
#[test]
fn header_governance_takes_each_of_its_values_from_an_announcement() {
    let mut changes = ParameterChanges::default();
    changes.insert(ParameterName::GovernanceMode, ParameterValue::Text("single".to_string()));
    changes.insert(ParameterName::GoverningNode, ParameterValue::Address(address_of(7)));
    changes.insert(ParameterName::LowerBoundBaseFee, ParameterValue::Integer(8));
    changes.insert(ParameterName::UpperBoundBaseFee, ParameterValue::Integer(9));
    let expected = super::HeaderGovernance {
        mode: "single".to_string(),
        governing_node: address_of(7),
        lower_bound_base_fee: 8,
        upper_bound_base_fee: 9,
    };
    assert_eq!(super::HeaderGovernance::of(&Parameters::default()).merged(&changes), expected);
}

/// A vote in an epoch block is announced with those of the epoch that it begins, not with those
/// that it ends.
#[test]
fn a_vote_in_an_epoch_block_belongs_to_the_new_epoch() {
    let mut client = none();
    follow_to(&mut client, 29, "");
    follow(&mut client, 1, "istanbul.committeesize", &[7]).unwrap();
    assert_eq!(client.head().number(), 30);
    while client.head().number() < 59 {
        follow_by(&mut client, 1, &KEYS, Vec::new()).unwrap();
    }
    let silent = follow_by(&mut client, 1, &KEYS, Vec::new());
    assert_eq!(silent, Err(ConsensusError::GovernanceMismatch));
    let mut fields = child_of(&client).into_fields();
    fields.governance = governance_field(r#"{"istanbul.committeesize":7}"#);
    follow_header(&mut client, UntrustedHeader::new(fields), 1, &KEYS).unwrap();
    assert_eq!(client.checkpoint().pending.len(), 1);
}

/// Whether the governing node sat in the council is asked of the block before the vote's.
#[test]
fn a_vote_for_another_governing_node_reads_the_council_of_the_block_before() {
    let mut client = single();
    follow(&mut client, 2, "governance.governingnode", address_of(5).as_bytes()).unwrap();
    follow_to(&mut client, 59, &std::format!(r#"{{"governance.governingnode":"{}"}}"#, address_of(5)));
    // Key 5 joins the council with block 61, the first in which it governs.
    follow(&mut client, 2, ADD, address_of(5).as_bytes()).unwrap();
    assert_eq!(client.council(), &council_of(&[1, 2, 3, 4, 5]));
    let vote = || vote_field(1, "governance.governingnode", address_of(1).as_bytes());
    let absent = ConsensusError::GoverningNodeNotInCouncil(address_of(5).into());
    assert_eq!(follow_by(&mut client, 1, &[1, 2, 3, 4, 5], vote()), Err(absent));
    follow_by(&mut client, 1, &[1, 2, 3, 4, 5], Vec::new()).unwrap();
    follow_by(&mut client, 1, &[1, 2, 3, 4, 5], vote()).unwrap();
}

#[test]
fn legacy_votes_are_warned_of_where_old_nodes_follow_them() {
    let legacy = |mode: &str| {
        let text =
            std::format!(r#"{{"governance.governancemode":"{mode}","governance.governingnode":"{}"}}"#, address_of(2));
        chain(&text, |profile| profile.vote_rules = VoteRules::Legacy)
    };
    let mut client = legacy("single");
    follow(&mut client, 1, ADD, address_of(5).as_bytes()).unwrap();
    follow(&mut client, 1, "istanbul.committeesize", &[9]).unwrap();
    assert_eq!((client.council().len(), client.warned_votes()), (4, &[][..]));
    let mut client = legacy("none");
    follow(&mut client, 1, ADD, address_of(1).as_bytes()).unwrap();
    follow(&mut client, 1, "governance.unitprice", &[9]).unwrap();
    follow_by(&mut client, 1, &KEYS, vote_field(5, "istanbul.committeesize", &[9])).unwrap();
    assert_eq!(client.warned_votes(), [], "votes that change nothing, and a stranger's");
    follow(&mut client, 1, "istanbul.epoch", &[60]).unwrap();
    follow(&mut client, 1, ADD, address_of(5).as_bytes()).unwrap();
    let expected = [warned(WarnedOf::ByMember, 4, 1, "istanbul.epoch"), warned(WarnedOf::ByMember, 5, 1, ADD)];
    assert_eq!(client.warned_votes(), expected);
    assert_eq!(client.council().members().len(), addresses_of(&[1, 2, 3, 4, 5]).len());
}

/// Old nodes may not have compared the voter that a vote names with the block's proposer.
#[test]
fn a_legacy_vote_in_the_governing_nodes_name_by_another_proposer_is_warned_of() {
    let node = address_of(2);
    let text = std::format!(r#"{{"governance.governancemode":"single","governance.governingnode":"{node}"}}"#);
    let legacy = || chain(&text, |profile| profile.vote_rules = VoteRules::Legacy);
    let mut client = legacy();
    follow(&mut client, 2, ADD, address_of(5).as_bytes()).unwrap();
    assert_eq!(client.warned_votes(), []);
    let five = [1, 2, 3, 4, 5];
    follow_by(&mut client, 1, &five, vote_field(2, ADD, address_of(6).as_bytes())).unwrap();
    assert_eq!(client.warned_votes(), [warned(WarnedOf::ByOther, 2, 1, ADD)]);
    let mut client = legacy().accepting(VotesBy::GoverningNode);
    let refused = follow_by(&mut client, 1, &KEYS, vote_field(2, ADD, address_of(6).as_bytes()));
    assert_eq!(refused.map_err(|error| error.code()), Err("vote_by_other"));
}

/// Announced in a header it is refused as well.
#[test]
fn a_checkpoint_cannot_bring_in_another_epoch() {
    let mut client = chain("{}", |profile| profile.vote_rules = VoteRules::Legacy);
    follow_to(&mut client, 30, r#"{"istanbul.committeesize":7}"#);
    let mut checkpoint = client.checkpoint();
    assert!(resumed(&client, &checkpoint).is_ok());
    let changes = crate::ordered::map_of([(ParameterName::Epoch, ParameterValue::Integer(60))]);
    checkpoint.pending[0].changes = ParameterChanges(changes);
    assert_eq!(resumed(&client, &checkpoint).err().map(|error| error.code()), Some("consensus.epoch_change"));
}
