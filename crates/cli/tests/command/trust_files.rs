//! Profiles from genesis files, and the trust file of the recordings.

use crate::common::{fixture, run, write};
use flate2::read::GzDecoder;
use serde_json::Value;
use spanlight::bridge::generation::CODE_HASH_C;
use spanlight::trust::TrustedChain;
use spanlight::Trust;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

fn shipped() -> Trust {
    toml::from_str(&std::fs::read_to_string(fixture("trust.toml")).unwrap()).unwrap()
}

#[test]
fn the_shipped_trust_file_holds_what_profile_computes_from_the_genesis_files() {
    let trust = shipped();
    assert_eq!(trust.check(), Ok(()));
    assert_eq!(trust.chains.len(), 2);
    for (chain, name) in trust.chains.iter().zip(["main", "service"]) {
        let ran = run(&["profile", "--genesis", &fixture(&format!("{name}.genesis.json")), "--json"]);
        assert_eq!(ran.code, 0);
        let computed: TrustedChain = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(chain, &computed);
        assert_eq!(chain.profile.name, name);
    }
}

#[test]
fn the_shipped_trust_file_means_the_recorded_bridges() {
    let story: Value = serde_json::from_str(&std::fs::read_to_string(fixture("transfers.json")).unwrap()).unwrap();
    for end in shipped().bridge.unwrap().ends {
        let recorded = &story["chains"][&end.chain];
        assert_eq!(recorded["bridge"].as_str().unwrap(), end.address.to_string());
        assert_eq!(recorded["mode"] == "mint/burn", end.mint_burn);
        assert!(end.sends && end.codes.len() == 1 && end.codes[0].hash == CODE_HASH_C);
    }
}

#[test]
fn the_shipped_anchoring_accounts_are_those_that_anchored() {
    let mut senders = BTreeSet::new();
    let file = std::fs::File::open(fixture("main.rpc.jsonl.gz")).unwrap();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let call: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let transactions = call["result"]["transactions"].as_array().cloned().unwrap_or_default();
        let anchors = transactions.iter().filter(|tx| tx["type"] == "TxTypeChainDataAnchoring");
        senders.extend(anchors.map(|tx| tx["from"].as_str().unwrap().to_string()));
    }
    let accounts: BTreeSet<String> = shipped().anchoring.unwrap().accounts.iter().map(ToString::to_string).collect();
    assert_eq!(accounts, senders);
}

#[test]
fn two_profiles_pasted_below_a_version_are_a_trust_file() {
    let mut text = "version = 1\n".to_string();
    for name in ["main", "service"] {
        text += &run(&["profile", "--genesis", &fixture(&format!("{name}.genesis.json")), "--name", name]).stdout;
    }
    let trust: Trust = toml::from_str(&text).unwrap();
    assert_eq!(trust.chains, shipped().chains);
}

#[test]
fn profile_takes_the_name_that_it_is_given() {
    let ran = run(&["profile", "--genesis", &fixture("main.genesis.json"), "--name", "alpha", "--json"]);
    assert_eq!(ran.json()["profile"]["name"], "alpha");
    assert_eq!(run(&["profile", "--genesis", &fixture("main.genesis.json"), "--name", ""]).code, 64);
    assert_eq!(run(&["profile", "--genesis", &fixture("main.genesis.json"), "--name", &"x".repeat(65)]).code, 64);
}

#[test]
fn profile_refuses_what_is_no_genesis_file_and_says_where() {
    let broken = write("broken.genesis.json", "{\n  \"config\": {\n    \"chainId\": tru,\n");
    let ran = run(&["profile", "--genesis", &broken]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("broken.genesis.json") && ran.stderr.contains("line 3"), "{}", ran.stderr);
    assert!(ran.stderr.contains("help:"), "{}", ran.stderr);
    assert_eq!(run(&["profile", "--genesis", "absent.json"]).code, 3);
    assert_eq!(run(&["profile", "--genesis", "."]).code, 3);
    assert_eq!(run(&["profile", "--genesis", &fixture("main.rpc.jsonl.gz")]).code, 3);
}

#[test]
fn profile_names_an_unknown_fork_and_another_chains_file() {
    let with = |change: &dyn Fn(&mut Value), file: &str| {
        let mut json: Value =
            serde_json::from_str(&std::fs::read_to_string(fixture("main.genesis.json")).unwrap()).unwrap();
        change(&mut json["config"]);
        run(&["profile", "--genesis", &write(file, json.to_string())])
    };
    let later = with(&|config| config["permissionlessCompatibleBlock"] = 900.into(), "later.genesis.json");
    assert_eq!(later.code, 2);
    assert!(later.stderr.contains("permissionlessCompatibleBlock"), "{}", later.stderr);
    let besu = with(&|config| *config = serde_json::json!({"chainId": 1, "qbft": {}}), "besu.genesis.json");
    assert_eq!(besu.code, 3);
    assert!(besu.stderr.contains("Besu") && besu.stderr.contains("qbft"), "{}", besu.stderr);
}

#[test]
fn one_trust_file_in_two_forms_is_one_trust() {
    let json = serde_json::to_string_pretty(&shipped()).unwrap();
    assert_eq!(serde_json::from_str::<Trust>(&json).unwrap(), shipped());
}

#[test]
fn a_mark_that_some_editors_put_before_a_text_changes_nothing() {
    let json = std::fs::read_to_string(fixture("bundles/handled-coin.trust.json")).unwrap();
    let toml = toml::to_string(&serde_json::from_str::<Trust>(&json).unwrap()).unwrap();
    for (file, text) in [("marked.trust.json", &json), ("marked-trust", &json), ("marked.trust.toml", &toml)] {
        let path = write(file, format!("\u{feff}{text}"));
        let bundle = fixture("bundles/handled-coin.spl");
        let ran = run(&["verify", &bundle, "--trust", &path, "--now", "1795398976"]);
        assert_eq!(ran.code, 0, "{file}: {}", ran.stderr);
    }
}
