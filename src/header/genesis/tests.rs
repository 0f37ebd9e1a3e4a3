//! Genesis files: what block 0 and the profile become, and what is refused.

use super::{read_genesis, Genesis, GenesisError};
use crate::consensus::parameters::Parameters;
use crate::header::rules::field_count_matches_forks;
use crate::header::tests::{bytes, vectors};
use crate::primitives::{encode_hex, Hash, U256};
use crate::profile::{Fork, ForkSchedule};
use crate::rlp::Reader;
use serde_json::{json, Value};
use std::io::Read;
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

fn unpacked(file: &str) -> String {
    let path = std::format!("{}/tests/fixtures/genesis/{file}", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

fn plain(file: &str) -> String {
    std::fs::read_to_string(std::format!("{}/tests/fixtures/genesis/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_file_that_a_node_starts_from_gives_the_hash_that_the_node_prints() {
    let hashes: Value = serde_json::from_str(&plain("hashes.json")).unwrap();
    let hashes = hashes.as_object().unwrap();
    assert_eq!(hashes.len(), 18);
    for (file, hash) in hashes {
        let genesis = read_genesis(&plain(file), "chain").unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(genesis.header.hash().to_string(), hash.as_str().unwrap(), "{file}");
        assert_eq!(field_count_matches_forks(genesis.header.fields(), &genesis.profile), Ok(()), "{file}");
    }
}

#[test]
fn block_0_is_the_one_of_the_nodes_own_program_and_what_it_refuses_is_refused() {
    let (mut same, mut refused) = (0, 0);
    for line in unpacked("differential.jsonl.gz").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let read = read_genesis(text, "chain");
        if case["ok"] == true {
            let header = read.unwrap_or_else(|e| panic!("{text}: {e}")).header;
            assert_eq!(header.fields().state_root.to_string(), case["sroot"].as_str().unwrap(), "{text}");
            assert_eq!(encode_hex(&header.encode()), case["hdr"].as_str().unwrap(), "{text}");
            assert_eq!(header.hash().to_string(), case["hash"].as_str().unwrap(), "{text}");
            same += 1;
        } else {
            assert!(read.is_err(), "{} {text}", case["err"]);
            refused += 1;
        }
    }
    assert_eq!((same, refused), (35, 8));
}

#[test]
fn the_file_of_a_public_network_comes_with_its_forks() {
    let text = unpacked("kairos.json.gz");
    let genesis = read_genesis(&text, "kairos").unwrap();
    assert_eq!(genesis.header.hash().to_string(), vectors()["genesisHeaders"]["kairos"]["hash"].as_str().unwrap());
    assert_eq!(genesis.header.encode(), bytes(&vectors()["genesisHeaders"]["kairos"]["rlp"]));
    assert_eq!(genesis.profile.forks.block_of(Fork::Randao), Some(141_367_000));
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut json: Value = serde_json::from_str(&text).unwrap();
        change(&mut json["config"]);
        read_genesis(&json.to_string(), "kairos")
    };
    // As `kcn dumpgenesis` writes it, with forks.
    assert_eq!(changed(&|config| config["pragueCompatibleBlock"] = 187_930_000.into()), Ok(genesis));
    let differs = |change: &dyn Fn(&mut Value)| match changed(change) {
        Err(GenesisError::PublicDiffers { network: "Kairos", field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(differs(&|config| config["pragueCompatibleBlock"] = 187_930_001.into()), "pragueCompatibleBlock");
    assert_eq!(differs(&|config| config["chainId"] = 5.into()), "chainId");
    assert_eq!(differs(&|config| config["deriveShaImpl"] = 1.into()), "deriveShaImpl");
    assert_eq!(differs(&|config| config["governance"]["reward"]["kip82ratio"] = "30/70".into()), "kip82ratio");
    let contract = std::format!("0x{:040x}", 7);
    assert_eq!(
        differs(&|config| config["governance"]["govParamContract"] = contract.as_str().into()),
        "govParamContract"
    );
    assert_eq!(differs(&|config| config["governance"]["kip71"] = json!({"lowerboundbasefee": 1})), "kip71");
    assert_eq!(differs(&|config| config["blobSchedule"] = json!({"osaka": {"target": 3, "max": 6}})), "blobSchedule");
}

#[test]
fn mainnet_is_known_by_its_genesis_hash() {
    let mut profile = read_genesis(&genesis_text("main"), "main").unwrap().profile;
    profile.forks = ForkSchedule::default();
    profile.chain_id = 8217;
    profile.parameters = Parameters { derive_sha_impl: 2, ..Parameters::default() };
    let other = profile.clone();
    assert_eq!(super::public::complete(&mut profile), Ok(()));
    assert_eq!(profile, other);
    profile.genesis_hash = vectors()["genesisHeaders"]["mainnet"]["hash"].as_str().unwrap().parse().unwrap();
    assert_eq!(super::public::complete(&mut profile), Ok(()));
    assert_eq!((profile.forks.istanbul, profile.forks.osaka), (Some(86_816_005), Some(211_090_000)));
    assert_eq!(profile.forks.out_of_order(), None);
}

#[test]
fn a_chain_may_leave_out_forks_between_others() {
    let genesis = changed_genesis(|file| {
        file["config"]["randaoCompatibleBlock"] = Value::Null;
        file["config"]["magmaCompatibleBlock"] = Value::Null;
    });
    let forks = genesis.unwrap().profile.forks;
    assert_eq!((forks.magma, forks.randao), (None, None));
    assert!(forks.kaia.is_some() && forks.osaka.is_some());
    let fallen = changed_genesis(|file| file["config"]["osakaCompatibleBlock"] = 1.into());
    assert_eq!(fallen, Err(GenesisError::ForkOrder { earlier: Fork::Prague, later: Fork::Osaka }));
}

#[test]
fn rejects_a_genesis_file_with_a_missing_member_or_malformed_text() {
    assert_eq!(read_genesis("", "x").unwrap_err().code(), "genesis.json");
    assert_eq!(read_genesis("[]", "x").unwrap_err().code(), "genesis.json");
    let missing = |change: fn(&mut Value)| match changed_genesis(change) {
        Err(GenesisError::Missing { field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(|file| drop(file.as_object_mut().unwrap().remove("alloc"))), "alloc");
    assert_eq!(missing(|file| file["config"] = Value::Null), "config");
    assert_eq!(missing(|file| file["config"]["chainId"] = Value::Null), "chainId");
    assert_eq!(missing(|file| file["config"]["governance"]["reward"]["mintingAmount"] = Value::Null), "mintingAmount");
    let field = |change: fn(&mut Value)| match changed_genesis(change) {
        Err(GenesisError::Field { field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(|file| file["timestamp"] = "soon".into()), "timestamp");
    assert_eq!(field(|file| file["timestamp"] = 5.into()), "timestamp");
    assert_eq!(field(|file| file["config"]["governance"]["governingNode"] = Value::Null), "governingNode");
    assert_eq!(field(|file| file["config"]["unitPrice"] = (-1).into()), "unitPrice");
    assert_eq!(field(|file| file["governanceData"] = "0x".into()), "governanceData");
    let code = |change: fn(&mut Value)| changed_genesis(change).unwrap_err().code();
    assert_eq!(code(|file| file["extraData"] = "0x00".into()), "header.extra_too_short");
}

#[test]
fn rejects_by_name_what_nodes_refuse() {
    let refused = |change: fn(&mut Value)| match changed_genesis(change) {
        Err(GenesisError::Refused { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(|file| file["number"] = "0x1".into()), "number");
    assert_eq!(refused(|file| file["config"]["istanbul"]["epoch"] = 0.into()), "epoch");
    assert_eq!(refused(|file| file["config"]["istanbul"]["policy"] = 3.into()), "policy");
    assert_eq!(refused(|file| file["config"]["istanbul"]["sub"] = 0.into()), "istanbul.committeesize");
    assert_eq!(refused(|file| file["config"]["governance"]["governanceMode"] = "ballot".into()), "governanceMode");
    assert_eq!(refused(|file| file["config"]["gxhash"] = Value::Null), "gxhash");
    let no_validator = refused(|file| {
        file["config"]["governance"]["governanceMode"] = "single".into();
        file["config"]["governance"]["governingNode"] = std::format!("0x{:040x}", 7).into();
    });
    assert_eq!(no_validator, "governingNode");
}

#[test]
fn names_a_fork_that_is_not_known() {
    for member in ["permissionlessCompatibleBlock", "nextcompatibleblock"] {
        let set = changed_genesis(|file| file["config"][member] = 99.into());
        assert_eq!(set, Err(GenesisError::UnknownFork { member: member.into() }));
        assert!(changed_genesis(|file| file["config"][member] = Value::Null).is_ok());
    }
    assert!(changed_genesis(|file| file["config"]["kip103CompatibleBlock"] = 5.into()).is_ok());
}

#[test]
fn names_the_program_that_another_file_was_made_for() {
    let of = |config: Value| match read_genesis(&json!({"config": config, "alloc": {}}).to_string(), "x") {
        Err(GenesisError::Foreign { node, .. }) => node,
        other => panic!("{other:?}"),
    };
    assert_eq!(of(json!({"chainId": 1337, "berlinBlock": 0, "qbft": {"blockperiodseconds": 2}})), "Besu");
    assert_eq!(of(json!({"chainId": 1337, "ibft2": {}, "contractSizeLimit": 2_147_483_647})), "Besu");
    assert_eq!(of(json!({"chainId": 10, "isQuorum": true, "qbft": {"epochLength": 30_000}})), "Quorum");
    assert_eq!(of(json!({"chainId": 10, "istanbul": {"epoch": 30_000, "policy": 0}})), "Quorum");
    assert_eq!(of(json!({"chainId": 1, "homesteadBlock": 0, "ethash": {}})), "Ethereum");
    // Members of Ethereum that were left in a file of ours are ignored, as nodes ignore them.
    let left = changed_genesis(|file| file["config"]["homesteadBlock"] = 0.into());
    assert_eq!(left, read_genesis(&genesis_text("main"), "main"));
}
