//! Trust files that cannot be used, by name.

use super::{Trust, TrustError};
use crate::consensus::parameters::ParameterName;
use crate::primitives::{Address, Hash};
use crate::profile::VoteRules;
use crate::tree::{FromJson, Json};
use serde_json::Value;
use std::string::{String, ToString};
use std::vec::Vec;

/// The parameters that a verifier decides by.
const NEEDED: [&str; 13] = [
    "governance.deriveshaimpl",
    "governance.governancemode",
    "governance.governingnode",
    "governance.govparamcontract",
    "istanbul.committeesize",
    "istanbul.epoch",
    "istanbul.policy",
    "kip71.basefeedenominator",
    "kip71.gastarget",
    "kip71.lowerboundbasefee",
    "kip71.maxblockgasusedforbasefee",
    "kip71.upperboundbasefee",
    "reward.minimumstake",
];

fn shipped() -> Value {
    let path = std::format!("{}/tests/fixtures/trust.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What both readers say of a text: they must agree, and both must name what is missing.
fn refusals(text: &str) -> [Option<String>; 2] {
    let tree: Json = serde_json::from_str(text).unwrap();
    let by_tree = Trust::from_json(&tree).err().map(|error| error.to_string());
    [serde_json::from_str::<Trust>(text).err().map(|error| error.to_string()), by_tree]
}

#[test]
fn a_file_that_leaves_out_a_parameter_that_decides_is_refused_by_its_name() {
    let whole = shipped();
    let names: Vec<String> = whole["chains"][0]["profile"]["parameters"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), ParameterName::ALL.len());
    for place in ["profile", "checkpoint"] {
        for name in &names {
            let mut less = whole.clone();
            less["chains"][1][place]["parameters"].as_object_mut().unwrap().remove(name).unwrap();
            for refusal in refusals(&less.to_string()) {
                let named = refusal.as_ref().is_some_and(|refusal| refusal.contains(name.as_str()));
                assert_eq!(named, NEEDED.contains(&name.as_str()), "{place} without {name}: {refusal:?}");
                assert_eq!(named, refusal.is_some(), "{place} without {name}: {refusal:?}");
            }
        }
    }
}

#[test]
fn a_checkpoint_says_also_that_nothing_is_pending() {
    let mut less = shipped();
    less["chains"][0]["checkpoint"].as_object_mut().unwrap().remove("pending").unwrap();
    assert!(refusals(&less.to_string()).iter().all(|refusal| refusal.as_ref().unwrap().contains("pending")));
}

fn checked(change: impl FnOnce(&mut Trust)) -> Result<(), TrustError> {
    let mut trust: Trust = serde_json::from_value(shipped()).unwrap();
    change(&mut trust);
    trust.check()
}

#[test]
fn a_checkpoint_at_block_0_is_the_genesis() {
    assert_eq!(checked(|_| ()), Ok(()));
    let other = checked(|trust| trust.chains[1].checkpoint.hash = Hash([7; 32]));
    assert_eq!(other, Err(TrustError::GenesisCheckpoint { chain: "service".into() }));
    let later =
        checked(|trust| (trust.chains[1].checkpoint.hash, trust.chains[1].checkpoint.number) = (Hash([7; 32]), 1));
    assert_eq!(later, Ok(()));
}

#[test]
fn profile_and_checkpoint_agree_in_what_no_vote_changes() {
    type Change = fn(&mut Trust);
    let changes: [(ParameterName, Change); 4] = [
        (ParameterName::Epoch, |trust| trust.chains[0].checkpoint.parameters.epoch += 1),
        (ParameterName::ProposerPolicy, |trust| trust.chains[0].checkpoint.parameters.proposer_policy += 1),
        (ParameterName::GovernanceMode, |trust| trust.chains[0].checkpoint.parameters.governance_mode = "x".into()),
        (ParameterName::MinimumStake, |trust| trust.chains[0].checkpoint.parameters.minimum_stake.push('0')),
    ];
    for (parameter, change) in changes {
        let differs = Err(TrustError::ImmutableDiffers { chain: "main".into(), parameter });
        assert_eq!(checked(change), differs);
        // A contract in force may have changed all but the epoch; old rules let votes change all
        // but the policy.
        let contract = checked(|trust| {
            change(trust);
            trust.chains[0].checkpoint.parameters.gov_param_contract = Address([7; 20]);
            (trust.chains[0].profile.forks.magma, trust.chains[0].profile.forks.kore) = (None, Some(1));
        });
        let early = checked(|trust| {
            change(trust);
            trust.chains[0].checkpoint.parameters.gov_param_contract = Address([7; 20]);
        });
        let legacy = checked(|trust| {
            change(trust);
            trust.chains[0].profile.vote_rules = VoteRules::Legacy;
        });
        assert_eq!(contract, if parameter == ParameterName::Epoch { differs.clone() } else { Ok(()) });
        assert_eq!(legacy, if parameter == ParameterName::ProposerPolicy { differs.clone() } else { Ok(()) });
        assert_eq!(early, differs, "Kore is not active yet");
    }
    let voted = checked(|trust| trust.chains[0].checkpoint.parameters.committee_size += 1);
    assert_eq!(voted, Ok(()));
}
