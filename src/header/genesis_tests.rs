//! Genesis files: what block 0 and the profile become, and what is refused.

use super::genesis::{read_genesis, Genesis, GenesisError};
use super::rules::field_count_matches_forks;
use super::tests::vectors;
use crate::primitives::{encode_hex, Hash, U256};
use crate::rlp::Reader;
use serde_json::Value;
use std::string::{String, ToString};
use std::vec::Vec;

fn genesis_text(chain: &str) -> String {
    let path = std::format!("{}/tests/fixtures/{chain}.genesis.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn changed_genesis(change: impl FnOnce(&mut Value)) -> Result<Genesis, GenesisError> {
    let mut file: Value = serde_json::from_str(&genesis_text("main")).unwrap();
    change(&mut file);
    read_genesis(&file.to_string(), "main")
}

#[test]
fn a_genesis_file_gives_profile_and_block_0() {
    let genesis = read_genesis(&genesis_text("main"), "main").unwrap();
    assert_eq!(genesis.profile.genesis_hash, genesis.header.hash());
    assert_eq!((genesis.profile.chain_id, genesis.profile.forks.osaka), (8888, Some(54)));
    assert_eq!(genesis.header.fields().extra.validators.len(), 4);
    assert_eq!(field_count_matches_forks(genesis.header.fields(), &genesis.profile), Ok(()));
}

#[test]
fn a_chain_with_all_forks_at_0_has_all_fields_and_parameters_in_block_0() {
    let genesis = changed_genesis(|file| {
        for (_, block) in
            file["config"].as_object_mut().unwrap().iter_mut().filter(|(k, _)| k.ends_with("CompatibleBlock"))
        {
            *block = 0.into();
        }
        file["config"]["governance"]["govParamContract"] = "0x0000000000000000000000000000000000000403".into();
    })
    .unwrap();
    let fields = genesis.header.fields();
    assert_eq!(field_count_matches_forks(fields, &genesis.profile), Ok(()));
    assert_eq!(fields.base_fee, Some(U256::from(25_000_000_000u64)));
    assert_eq!(fields.mix_hash, Some(Hash::ZERO));
    let json: Value = serde_json::from_slice(Reader::items(&fields.governance).bytes().unwrap()).unwrap();
    let names: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 21);
    assert!(names.is_sorted());
}

#[test]
fn the_genesis_governance_texts_of_the_public_networks_are_reproduced() {
    let vectors = vectors();
    for network in ["mainnet", "kairos"] {
        let text = vectors["genesisHeaders"][network]["governanceJson"].as_str().unwrap();
        let given: Value = serde_json::from_str(text).unwrap();
        let genesis = changed_genesis(|file| {
            let config = &mut file["config"];
            config["unitPrice"] = given["governance.unitprice"].clone();
            config["istanbul"]["epoch"] = given["istanbul.epoch"].clone();
            config["istanbul"]["policy"] = given["istanbul.policy"].clone();
            config["istanbul"]["sub"] = given["istanbul.committeesize"].clone();
            let governance = &mut config["governance"];
            governance["governanceMode"] = given["governance.governancemode"].clone();
            governance["governingNode"] = given["governance.governingnode"].clone();
            let number = |name: &str| Value::from(given[name].as_str().unwrap().parse::<u64>().unwrap());
            governance["reward"]["mintingAmount"] = number("reward.mintingamount");
            governance["reward"]["minimumStake"] = number("reward.minimumstake");
            governance["reward"]["ratio"] = given["reward.ratio"].clone();
            governance["reward"]["useGiniCoeff"] = given["reward.useginicoeff"].clone();
            governance["reward"]["deferredTxFee"] = given["reward.deferredtxfee"].clone();
        });
        let field = genesis.unwrap().header.into_fields().governance;
        assert_eq!(std::str::from_utf8(Reader::items(&field).bytes().unwrap()), Ok(text));
    }
}

#[test]
fn an_interval_of_zero_becomes_the_default() {
    let zero = changed_genesis(|file| {
        file["config"]["governance"]["reward"]["stakingUpdateInterval"] = 0.into();
        file["config"]["governance"]["reward"]["proposerUpdateInterval"] = 0.into();
    });
    assert_eq!(zero.unwrap(), read_genesis(&genesis_text("main"), "main").unwrap());
}

#[test]
fn a_minting_amount_beyond_64_bits_is_kept() {
    let text = genesis_text("main").replace("9600000000000000000", "96000000000000000000");
    assert_eq!(read_genesis(&text, "main").unwrap().profile.parameters.minting_amount, "96000000000000000000");
}

#[test]
fn rejects_a_genesis_file_with_a_missing_field_or_malformed_text() {
    assert_eq!(read_genesis("", "x").unwrap_err().code(), "genesis.json");
    let code = |change: fn(&mut Value)| changed_genesis(change).unwrap_err().code();
    assert_eq!(code(|file| drop(file.as_object_mut().unwrap().remove("alloc"))), "genesis.json");
    assert_eq!(code(|file| file["timestamp"] = "soon".into()), "genesis.field");
    assert_eq!(code(|file| file["config"]["istanbul"]["epoch"] = 0.into()), "genesis.field");
    assert_eq!(code(|file| file["extraData"] = "0x00".into()), "header.extra_too_short");
}

#[test]
fn rejects_a_genesis_file_whose_meaning_is_not_known() {
    let code = |change: fn(&mut Value)| changed_genesis(change).unwrap_err().code();
    assert_eq!(code(|file| file["config"]["pragueCompatibleBlock"] = Value::Null), "genesis.fork_order");
    assert_eq!(code(|file| file["config"]["nextCompatibleBlock"] = 99.into()), "genesis.unknown_fork");
    assert_eq!(code(|file| file["number"] = "0x1".into()), "genesis.unsupported");
    assert_eq!(code(|file| file["mixHash"] = "0x00".into()), "genesis.unsupported");
    assert_eq!(code(|file| file["governanceData"] = "0x00".into()), "genesis.governance_differs");
    let computed = read_genesis(&genesis_text("main"), "main").unwrap().header.into_fields().governance;
    let text = encode_hex(&computed);
    assert!(changed_genesis(|file| file["governanceData"] = text.into()).is_ok());
    assert!(changed_genesis(|file| file["config"]["kip103CompatibleBlock"] = 5.into()).is_ok());
}
