use super::*;
use crate::consensus::testing::{vote_field, vote_list_field, Vectors};
use std::string::ToString;

fn address(key: u64) -> Address {
    Vectors::load().address(key)
}

fn council() -> Council {
    Council::new(&[address(1), address(2), address(3)]).unwrap()
}

fn parameter(name: ParameterName, value: ParameterValue) -> CastVote {
    CastVote { voter: address(1), vote: Vote::Parameter(name, value) }
}

fn defaults() -> HeaderGovernance {
    HeaderGovernance::of(&crate::consensus::parameters::Parameters::default())
}

fn single(governing_node: Address) -> HeaderGovernance {
    HeaderGovernance { mode: "single".to_string(), governing_node, ..defaults() }
}

#[test]
fn decodes_every_vector() {
    let text = |text: &str| ParameterValue::Text(text.to_string());
    let expected = [
        Vote::AddValidators(Vec::from([address(5)])),
        Vote::Parameter(ParameterName::DeriveShaImpl, ParameterValue::Integer(2)),
        Vote::Parameter(ParameterName::GoverningNode, ParameterValue::Address(address(2))),
        Vote::RemoveValidators(Vec::from([address(5), address(6)])),
        Vote::Parameter(ParameterName::CommitteeSize, ParameterValue::Integer(7)),
        Vote::Parameter(ParameterName::MintingAmount, text("9600000000000000000")),
        Vote::Parameter(ParameterName::Ratio, text("34/54/12")),
    ];
    let vectors = Vectors::load();
    let votes = vectors.json["votes"].as_object().unwrap();
    assert_eq!(votes.len(), expected.len());
    for (field, vote) in votes.values().zip(expected) {
        let field = crate::primitives::decode_hex(field.as_str().unwrap()).unwrap();
        assert_eq!(decode(&field), Ok(CastVote { voter: address(1), vote }));
    }
}

#[test]
fn a_value_of_another_length_means_its_last_twenty_bytes() {
    let text = b"0xe1ab8145f7e55dc933d51a18c793f901a3a0b276";
    let ascii = Address::from_slice(&text[22..]).unwrap();
    let vote = decode(&vote_field(1, "governance.addvalidator", text)).unwrap().vote;
    assert_eq!(vote, Vote::AddValidators(Vec::from([ascii])));
    let short = decode(&vote_field(1, "governance.removevalidator", &[1, 2])).unwrap().vote;
    let mut padded = [0u8; 20];
    padded[18..].copy_from_slice(&[1, 2]);
    assert_eq!(short, Vote::RemoveValidators(Vec::from([Address(padded)])));
    let none = decode(&vote_field(1, "governance.addvalidator", &[])).unwrap().vote;
    assert_eq!(none, Vote::AddValidators(Vec::new()));
}

#[test]
fn rejects_unknown_and_forbidden_keys_bad_rlp_and_bad_values() {
    let decode_key = |key: &str, value: &[u8]| decode(&vote_field(1, key, value));
    assert_eq!(decode_key("governance.AddValidator", &[1; 20]), Err(ConsensusError::ParameterName));
    assert_eq!(decode_key("istanbul.timeout", &[1]), Err(ConsensusError::ParameterName));
    for name in ParameterName::ALL.iter().filter(|name| !name.is_votable(VoteRules::V2)) {
        assert_eq!(decode_key(name.as_str(), &[1]), Err(ConsensusError::ForbiddenParameter(*name)));
    }
    let bad = |name| Err(ConsensusError::ParameterValue(name));
    assert_eq!(decode_key("istanbul.committeesize", &[]), bad(ParameterName::CommitteeSize));
    assert_eq!(decode_key("governance.deriveshaimpl", &[3]), bad(ParameterName::DeriveShaImpl));
    assert_eq!(decode_key("governance.unitprice", &[1; 9]), bad(ParameterName::UnitPrice));
    assert_eq!(decode_key("governance.governingnode", &[1; 19]), bad(ParameterName::GoverningNode));
    assert_eq!(decode_key("reward.ratio", b"100"), bad(ParameterName::Ratio));
    assert_eq!(decode_key("reward.mintingamount", b"1_0"), bad(ParameterName::MintingAmount));
    assert_eq!(decode_key("reward.mintingamount", b"-"), bad(ParameterName::MintingAmount));
    let mut trailing = vote_field(1, "governance.unitprice", &[1]);
    trailing.push(0);
    assert!(matches!(decode(&trailing), Err(ConsensusError::Rlp(_))));
    assert!(matches!(decode(&vote_list_field(1, "governance.addvalidator", &[4])), Err(ConsensusError::Rlp(_))));
    assert!(matches!(decode(&[0xc0]), Err(ConsensusError::Rlp(_))));
}

#[test]
fn a_vote_may_name_more_than_any_council_holds() {
    let vote = decode(&vote_field(1, "governance.addvalidator", &[1; 20 * 1001])).unwrap().vote;
    let after = council().after_vote(&vote, &Address::ZERO).unwrap();
    assert_eq!((vote.named_validators().len(), after.len()), (1001, 4));
}

#[test]
fn rejects_a_voter_outside_the_council() {
    let cast = parameter(ParameterName::UnitPrice, ParameterValue::Integer(1));
    let council = Council::new(&[address(2)]).unwrap();
    let got = check(&cast, &address(1), &council, None, &defaults());
    assert_eq!(got, Err(ConsensusError::VoterNotInCouncil(address(1).into())));
}

#[test]
fn rejects_a_voter_who_is_not_the_proposer() {
    let cast = parameter(ParameterName::UnitPrice, ParameterValue::Integer(1));
    let got = check(&cast, &address(2), &council(), None, &defaults());
    assert_eq!(got, Err(ConsensusError::VoterNotProposer { expected: address(2).into(), got: address(1).into() }));
}

#[test]
fn rejects_a_vote_on_the_governing_node_in_single_mode_only() {
    let cast = CastVote { voter: address(1), vote: Vote::RemoveValidators(Vec::from([address(3), address(2)])) };
    let mut governance = single(address(2));
    let refused = Err(ConsensusError::VoteOnGoverningNode(address(2).into()));
    assert_eq!(check(&cast, &address(1), &council(), None, &governance), refused);
    governance.mode = "none".to_string();
    assert_eq!(check(&cast, &address(1), &council(), None, &governance), Ok(()));
}

#[test]
fn accepts_a_member_who_is_not_the_governing_node_in_single_mode() {
    let cast = CastVote { voter: address(1), vote: Vote::AddValidators(Vec::from([address(4)])) };
    assert_eq!(check(&cast, &address(1), &council(), None, &single(address(2))), Ok(()));
}

#[test]
fn rejects_a_new_governing_node_where_the_old_one_left_the_council() {
    let cast = parameter(ParameterName::GoverningNode, ParameterValue::Address(address(2)));
    let check = |node| check(&cast, &address(1), &council(), Some(&council()), &single(node));
    assert_eq!(check(address(4)), Err(ConsensusError::GoverningNodeNotInCouncil(address(4).into())));
    assert_eq!(check(address(3)), Ok(()));
}

#[test]
fn rejects_base_fee_bounds_that_cross() {
    let governance = HeaderGovernance { lower_bound_base_fee: 10, upper_bound_base_fee: 20, ..defaults() };
    let check = |name, value| {
        check(&parameter(name, ParameterValue::Integer(value)), &address(1), &council(), None, &governance)
    };
    let crossed = |lower, upper| Err(ConsensusError::BaseFeeBounds { lower, upper });
    assert_eq!(check(ParameterName::LowerBoundBaseFee, 21), crossed(21, 20));
    assert_eq!(check(ParameterName::UpperBoundBaseFee, 9), crossed(10, 9));
    assert_eq!(check(ParameterName::LowerBoundBaseFee, 20), Ok(()));
    assert_eq!(check(ParameterName::UpperBoundBaseFee, 10), Ok(()));
}

#[test]
fn legacy_reads_the_list_form_and_ignores_what_it_cannot_read() {
    let list = decode_legacy(&vote_list_field(1, "governance.addvalidator", &[4, 5]));
    let vote = Vote::AddValidators(Vec::from([address(4), address(5)]));
    assert_eq!(list, Ok(Some(CastVote { voter: address(1), vote })));
    let one = decode_legacy(&vote_field(1, "governance.removevalidator", address(4).as_bytes()));
    let vote = Vote::RemoveValidators(Vec::from([address(4)]));
    assert_eq!(one, Ok(Some(CastVote { voter: address(1), vote })));
    assert_eq!(decode_legacy(&[1, 2, 3]), Ok(None));
    assert_eq!(decode_legacy(&vote_field(1, "istanbul.policy", &[1])), Ok(None));
    assert_eq!(decode_legacy(&vote_field(1, "istanbul.timeout", &[1])), Ok(None));
    assert_eq!(decode_legacy(&vote_field(1, "governance.unitprice", &[1; 9])), Ok(None));
    let parameter = parameter(ParameterName::Epoch, ParameterValue::Integer(60));
    assert_eq!(decode_legacy(&vote_field(1, "istanbul.epoch", &[60])), Ok(Some(parameter)));
    let joined = decode_legacy(&vote_field(1, "governance.addvalidator", &[1; 40]));
    assert_eq!(joined, Err(ConsensusError::uncovered(Uncovered::LegacyJoinedAddresses)));
}
