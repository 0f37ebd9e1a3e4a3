use super::*;
use crate::consensus::testing::{governance_field, Vectors};
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
    assert_eq!(ParameterChanges::decode(&field), Ok(sample()));
    assert_eq!(governance_field(&serde_json::to_string(&sample()).unwrap()), field);
}

#[test]
fn merging_changes_exactly_the_named_values() {
    let merged = Parameters::default().merged(&sample());
    let expected = Parameters { unit_price: 25_000_000_000, committee_size: 7, ..Parameters::default() };
    assert_eq!(merged, expected);
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
    let decode = |json: &str| ParameterChanges::decode(&governance_field(json));
    assert_eq!(decode(r#"{"istanbul.timeout":1}"#), Err(ConsensusError::ParameterName));
    assert_eq!(decode("[]"), Err(ConsensusError::GovernanceJson));
    assert_eq!(decode(r#"{"governance.unitprice":1}x"#), Err(ConsensusError::GovernanceJson));
    let bad = |name| Err(ConsensusError::ParameterValue(name));
    assert_eq!(decode(r#"{"governance.unitprice":"1"}"#), bad(ParameterName::UnitPrice));
    assert_eq!(decode(r#"{"governance.unitprice":1.5}"#), bad(ParameterName::UnitPrice));
    assert_eq!(decode(r#"{"governance.unitprice":-1}"#), bad(ParameterName::UnitPrice));
    assert_eq!(decode(r#"{"governance.unitprice":9007199254740993}"#), bad(ParameterName::UnitPrice));
    assert_eq!(decode(r#"{"istanbul.committeesize":0}"#), bad(ParameterName::CommitteeSize));
    assert_eq!(decode(r#"{"governance.deriveshaimpl":3}"#), bad(ParameterName::DeriveShaImpl));
    assert_eq!(decode(r#"{"kip71.basefeedenominator":0}"#), bad(ParameterName::BaseFeeDenominator));
    assert_eq!(decode(r#"{"reward.ratio":"34/54/13"}"#), bad(ParameterName::Ratio));
    assert_eq!(decode(r#"{"reward.ratio":"50/50"}"#), bad(ParameterName::Ratio));
    assert_eq!(decode(r#"{"reward.kip82ratio":"20/81"}"#), bad(ParameterName::Kip82Ratio));
    assert_eq!(decode(r#"{"reward.mintingamount":"x"}"#), bad(ParameterName::MintingAmount));
    assert_eq!(decode(r#"{"reward.mintingamount":1}"#), bad(ParameterName::MintingAmount));
    assert!(ParameterChanges::decode(&[0xc0]).is_err());
    assert!(ParameterChanges::decode(&[0x82, b'{', b'}', 0]).is_err());
}

#[test]
fn a_large_number_is_read_where_a_float_holds_it() {
    let decode = |number: u64| {
        let field = governance_field(&format!(r#"{{"governance.unitprice":{number}}}"#));
        ParameterChanges::decode(&field).is_ok()
    };
    assert!(decode(0) && decode(1 << 53) && decode(10_000_000_000_000_000) && decode(1 << 63));
    assert!(!decode((1 << 53) + 1) && !decode(u64::MAX));
    // Votes are exact, and what a client gathered of them it must be able to write down and read again.
    let mut votes = ParameterChanges::default();
    votes.insert(ParameterName::UnitPrice, ParameterValue::Integer(u64::MAX));
    let text = serde_json::to_string(&votes).unwrap();
    assert_eq!(serde_json::from_str::<ParameterChanges>(&text).unwrap(), votes);
}

#[test]
fn an_integral_float_is_the_number_that_nodes_read() {
    let field = governance_field(r#"{"governance.unitprice":2.5e10,"istanbul.committeesize":7.0}"#);
    assert_eq!(ParameterChanges::decode(&field), Ok(sample()));
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
    assert_eq!(check_governance(&field, 31, 30, Some(&sample())), off);
    assert_eq!(check_governance(&field, 60, 30, Some(&sample())), Ok(sample()));
    assert_eq!(check_governance(&[], 31, 30, Some(&sample())), Ok(ParameterChanges::default()));
}

#[test]
fn rejects_governance_that_misses_adds_or_changes_a_vote() {
    let field = Vectors::load().bytes("governance");
    let differs = Err(ConsensusError::GovernanceMismatch);
    assert_eq!(check_governance(&[], 60, 30, Some(&sample())), differs);
    assert_eq!(check_governance(&field, 60, 30, Some(&ParameterChanges::default())), differs);
    let mut other = sample();
    other.insert(ParameterName::CommitteeSize, ParameterValue::Integer(8));
    assert_eq!(check_governance(&field, 60, 30, Some(&other)), differs);
    assert_eq!(check_governance(&governance_field("{}"), 60, 30, None), differs);
}

#[test]
fn with_unknown_votes_only_the_form_is_checked_but_never_a_forbidden_name_let_in() {
    let field = Vectors::load().bytes("governance");
    assert_eq!(check_governance(&field, 60, 30, None), Ok(sample()));
    let epoch = governance_field(r#"{"istanbul.epoch":1}"#);
    let forbidden = Err(ConsensusError::ForbiddenParameter(ParameterName::Epoch));
    assert_eq!(check_governance(&epoch, 60, 30, None), forbidden);
}

#[test]
fn a_float_is_the_number_that_nodes_make_of_it() {
    let is_whole = |float: f64| !float.is_sign_negative() && float.fract() == 0.0 && float < 2f64.powi(64);
    let exact = |float: f64| is_whole(float).then_some(float as u64);
    let borders =
        [0.0, -0.0, 0.5, 1.0, -1.0, 1.5, 7.0, 4_503_599_627_370_496.5, 9_007_199_254_740_993.0, 1.0e15, 1.0e19];
    let powers = (0..70).map(|power| 2f64.powi(power));
    let odd = [f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY, 18_446_744_073_709_549_568.0, 1.0e300, 5.0e-324];
    for float in borders.into_iter().chain(odd).chain(powers) {
        for near in [float, float + 1.0, float - 1.0, float * 0.75, -float] {
            assert_eq!(whole(near), exact(near), "{near}");
        }
    }
}
