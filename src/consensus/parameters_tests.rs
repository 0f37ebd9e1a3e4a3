use super::*;
use crate::consensus::testing::{governance_field, Vectors};
use crate::consensus::ConsensusError;
use crate::profile::ForkSchedule;
use crate::profile::VoteRules::V2;
use alloc::format;

fn sample() -> ParameterChanges {
    let mut changes = ParameterChanges::default();
    changes.insert(ParameterName::UnitPrice, ParameterValue::Integer(25_000_000_000));
    changes.insert(ParameterName::CommitteeSize, ParameterValue::Integer(7));
    changes
}

#[test]
fn decodes_the_vector_and_writes_the_same_json() {
    let field = Vectors::load().bytes("governance");
    assert_eq!(ParameterChanges::decode(&field, V2), Ok(sample()));
    assert_eq!(governance_field(&serde_json::to_string(&sample()).unwrap()), field);
}

#[test]
fn merging_changes_exactly_the_named_values() {
    let merged = Parameters::default().merged(&sample());
    let expected = Parameters { unit_price: 25_000_000_000, committee_size: 7, ..Parameters::default() };
    assert_eq!(merged, expected);
}

#[test]
fn a_vote_says_yes_or_no_in_one_byte() {
    let value = |bytes: &[u8]| ParameterName::UseGiniCoeff.value_of_bytes(bytes).ok();
    assert_eq!(value(&[0]), Some(ParameterValue::Bool(false)));
    assert_eq!(value(&[1]), Some(ParameterValue::Bool(true)));
    assert_eq!([&[][..], &[2], &[0, 1]].map(value), [None, None, None]);
}

#[test]
fn every_parameter_is_known_by_its_json_name_and_merges_back() {
    let json = serde_json::to_value(Parameters::default()).unwrap();
    let names: std::vec::Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let known: std::vec::Vec<&str> = ParameterName::ALL.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, known);
    let other = Parameters {
        derive_sha_impl: 2,
        governance_mode: "single".to_string(),
        governing_node: Address([1; 20]),
        gov_param_contract: Address([2; 20]),
        unit_price: 1,
        committee_size: 2,
        epoch: 3,
        proposer_policy: 2,
        base_fee_denominator: 4,
        gas_target: 5,
        lower_bound_base_fee: 6,
        max_block_gas_used_for_base_fee: 7,
        upper_bound_base_fee: 8,
        deferred_tx_fee: true,
        kip82_ratio: "10/90".to_string(),
        minimum_stake: "9".to_string(),
        minting_amount: "10".to_string(),
        proposer_update_interval: 11,
        ratio: "1/2/97".to_string(),
        staking_update_interval: 12,
        use_gini_coeff: true,
    };
    let changes: ParameterChanges = serde_json::from_value(serde_json::to_value(&other).unwrap()).unwrap();
    assert_eq!(Parameters::default().merged(&changes), other);
}

#[test]
fn rejects_unknown_names_wrong_forms_and_what_is_no_object() {
    let decode = |json: &str| ParameterChanges::decode(&governance_field(json), V2);
    assert_eq!(decode(r#"{"istanbul.timeout":1}"#), Err(ConsensusError::ParameterName));
    assert_eq!(decode("[]"), Err(ConsensusError::GovernanceJson));
    assert_eq!(decode(r#"{"governance.unitprice":1}x"#), Err(ConsensusError::GovernanceJson));
    let bad = |name| Err(ConsensusError::ParameterValue(name));
    assert_eq!(decode(r#"{"governance.unitprice":"1"}"#), bad(ParameterName::UnitPrice));
    assert_eq!(decode(r#"{"governance.unitprice":1.5}"#), bad(ParameterName::UnitPrice));
    assert_eq!(decode(r#"{"governance.unitprice":-1}"#), bad(ParameterName::UnitPrice));
    assert_eq!(decode(r#"{"istanbul.policy":3}"#), bad(ParameterName::ProposerPolicy));
    assert_eq!(decode(r#"{"governance.governancemode":"ballot"}"#), bad(ParameterName::GovernanceMode));
    assert_eq!(decode(r#"{"reward.minimumstake":"-1"}"#), bad(ParameterName::MinimumStake));
    assert_eq!(decode(r#"{"reward.ratio":"-1/1/100"}"#), bad(ParameterName::Ratio));
    assert_eq!(
        decode(r#"{"governance.governingnode":"0x0x52d41ca72af615a1ac3301b0a93efa222ecc7541"}"#),
        bad(ParameterName::GoverningNode)
    );
    assert_eq!(decode(r#"{"istanbul.committeesize":0}"#), bad(ParameterName::CommitteeSize));
    assert_eq!(decode(r#"{"governance.deriveshaimpl":3}"#), bad(ParameterName::DeriveShaImpl));
    assert_eq!(decode(r#"{"kip71.basefeedenominator":0}"#), bad(ParameterName::BaseFeeDenominator));
    assert_eq!(decode(r#"{"reward.ratio":"34/54/13"}"#), bad(ParameterName::Ratio));
    assert_eq!(decode(r#"{"reward.ratio":"50/50"}"#), bad(ParameterName::Ratio));
    assert_eq!(decode(r#"{"reward.kip82ratio":"20/81"}"#), bad(ParameterName::Kip82Ratio));
    assert_eq!(decode(r#"{"reward.mintingamount":"x"}"#), bad(ParameterName::MintingAmount));
    assert_eq!(decode(r#"{"reward.mintingamount":1}"#), bad(ParameterName::MintingAmount));
    assert!(ParameterChanges::decode(&[0xc0], V2).is_err());
    assert!(ParameterChanges::decode(&[0x82, b'{', b'}', 0], V2).is_err());
}

#[test]
fn a_large_number_is_read_as_the_nearest_float() {
    let decode = |text: &str| {
        let field = governance_field(&format!(r#"{{"governance.unitprice":{text}}}"#));
        let value = ParameterChanges::decode(&field, V2).ok()?.0.get(&ParameterName::UnitPrice).cloned()?;
        let ParameterValue::Integer(number) = value else { return None };
        Some(number)
    };
    assert_eq!(decode("9007199254740991.0"), Some((1 << 53) - 1));
    assert_eq!(decode("9007199254740993"), Some(1 << 53));
    assert_eq!(decode("9223372036854775807"), Some(1 << 63));
    assert_eq!(decode("18446744073709551615"), None);
}

#[test]
fn votes_are_written_into_a_checkpoint_and_read_again_exactly() {
    let mut votes = ParameterChanges::default();
    votes.insert(ParameterName::UnitPrice, ParameterValue::Integer(u64::MAX));
    votes.insert(ParameterName::MintingAmount, ParameterValue::Text("-5".to_string()));
    votes.insert(ParameterName::Ratio, ParameterValue::Text("+34/54/0012".to_string()));
    let text = serde_json::to_string(&votes).unwrap();
    assert_eq!(serde_json::from_str::<ParameterChanges>(&text).unwrap(), votes);
    // The JSON library reads a number with a point wrongly in its last bit, so a checkpoint has
    // none.
    for text in [r#"{"governance.unitprice":9007199254740991.0}"#, r#"{"kip71.gastarget":1,"kip71.gastarget":1}"#] {
        assert!(serde_json::from_str::<ParameterChanges>(text).is_err(), "{text}");
    }
}

#[test]
fn an_integral_float_is_the_number_that_nodes_read() {
    let field = governance_field(r#"{"governance.unitprice":2.5e10,"istanbul.committeesize":7.0}"#);
    assert_eq!(ParameterChanges::decode(&field, V2), Ok(sample()));
}

#[test]
fn a_change_holds_one_epoch_after_its_announcement_and_a_block_later_before_kore() {
    let change = PendingChange { announced_at: 60, changes: sample() };
    let forks = |kore| ForkSchedule { kore, ..ForkSchedule::default() };
    assert_eq!(change.effective_at(30, &forks(None)), 91);
    assert_eq!(change.effective_at(30, &forks(Some(91))), 91);
    assert_eq!(change.effective_at(30, &forks(Some(90))), 90);
    assert_eq!(change.effective_at(30, &forks(Some(0))), 90);
}

#[test]
fn rejects_governance_in_a_block_that_ends_no_epoch() {
    let field = Vectors::load().bytes("governance");
    let off = Err(ConsensusError::GovernanceOffEpoch { number: 31, epoch: 30 });
    assert_eq!(check_governance(&field, 31, 30, V2, Some(&sample())), off);
    assert_eq!(check_governance(&field, 60, 30, V2, Some(&sample())), Ok(sample()));
    assert_eq!(check_governance(&[], 31, 30, V2, Some(&sample())), Ok(ParameterChanges::default()));
}

#[test]
fn rejects_governance_that_misses_adds_or_changes_a_vote() {
    let field = Vectors::load().bytes("governance");
    let differs = Err(ConsensusError::GovernanceMismatch);
    assert_eq!(check_governance(&[], 60, 30, V2, Some(&sample())), differs);
    assert_eq!(check_governance(&field, 60, 30, V2, Some(&ParameterChanges::default())), differs);
    let mut other = sample();
    other.insert(ParameterName::CommitteeSize, ParameterValue::Integer(8));
    assert_eq!(check_governance(&field, 60, 30, V2, Some(&other)), differs);
    assert_eq!(check_governance(&governance_field("{}"), 60, 30, V2, Some(&sample())), differs);
}

#[test]
fn with_unknown_votes_only_the_form_is_checked_but_never_a_forbidden_name_let_in() {
    let field = Vectors::load().bytes("governance");
    assert_eq!(check_governance(&field, 60, 30, V2, None), Ok(sample()));
    let epoch = governance_field(r#"{"istanbul.epoch":1}"#);
    let forbidden = Err(ConsensusError::ForbiddenParameter(ParameterName::Epoch));
    assert_eq!(check_governance(&epoch, 60, 30, V2, None), forbidden);
}

#[test]
fn an_object_without_members_says_nothing() {
    for text in ["{}", " null ", "{ }"] {
        let field = governance_field(text);
        let nothing = Ok(ParameterChanges::default());
        assert_eq!(check_governance(&field, 60, 30, V2, Some(&ParameterChanges::default())), nothing);
        let off = Err(ConsensusError::GovernanceOffEpoch { number: 61, epoch: 30 });
        assert_eq!(check_governance(&field, 61, 30, V2, None), off);
    }
}
