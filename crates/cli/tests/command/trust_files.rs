//! Profiles from genesis files, and the trust file of the recordings.

use crate::common::{fixture, run, write};
use flate2::read::GzDecoder;
use serde_json::Value;
use spanlight::bridge::generation::CODE_HASH_C;
use spanlight::profile::QuorumPolicy;
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

/// Writes the trust file of a shipped bundle with one thing changed; gives its path.
fn changed(name: &str, change: impl FnOnce(&mut Trust)) -> String {
    let text = std::fs::read_to_string(fixture("bundles/handled-coin.trust.json")).unwrap();
    let mut trust: Trust = serde_json::from_str(&text).unwrap();
    change(&mut trust);
    write(name, serde_json::to_string(&trust).unwrap())
}

#[test]
fn a_trust_file_that_cannot_be_used_ends_with_3_and_says_what_to_do() {
    let none = changed("no-bridge.json", |trust| trust.bridge = None);
    let rpc = ["--rpc", "main=http://127.0.0.1:1", "--rpc", "service=http://127.0.0.1:1"];
    let ran = run(&[["prove", "--from", "main", "--nonce", "0", "--trust", &none].as_slice(), &rpc].concat());
    assert!(ran.code == 3 && ran.stderr.contains("(trust.no_bridge)"), "{} {}", ran.code, ran.stderr);
    assert!(ran.stderr.contains("[[bridge.ends]]"), "{}", ran.stderr);
    let zero = changed("no-quorum.json", |trust| trust.chains[0].profile.quorum = QuorumPolicy::Custom(0));
    let ran = run(&["verify", &fixture("bundles/handled-coin.spl"), "--trust", &zero]);
    assert!(ran.code == 3 && ran.stderr.contains("(trust.zero_quorum)"), "{} {}", ran.code, ran.stderr);
    assert!(ran.stderr.contains("help: leave `quorum` out"), "{}", ran.stderr);
}

#[test]
fn a_bundle_that_does_not_fit_the_trust_file_is_refused_with_a_hint_at_the_file() {
    let bundle = fixture("bundles/handled-coin.spl");
    let other = changed("other-bridge.json", |trust| {
        for end in &mut trust.bridge.as_mut().unwrap().ends {
            end.address = spanlight::Address([7; 20]);
        }
    });
    let mode = changed("other-mode.json", |trust| {
        for end in &mut trust.bridge.as_mut().unwrap().ends {
            end.mint_burn = !end.mint_burn;
        }
    });
    let checkpoint = changed("other-chain.json", |trust| {
        for chain in &mut trust.chains {
            chain.profile.genesis_hash = spanlight::Hash([7; 32]);
            chain.checkpoint.hash = spanlight::Hash([7; 32]);
        }
    });
    for trust in [&other, &mode, &checkpoint] {
        let ran = run(&["verify", &bundle, "--trust", trust, "--now", "1795398700"]);
        assert!(
            ran.code == 1 && ran.stdout.contains("may be of another chain"),
            "{trust}: {} {}",
            ran.code,
            ran.stdout
        );
        assert!(ran.stdout.contains("`main`"), "which chain: {}", ran.stdout);
        let json = run(&["verify", &bundle, "--trust", trust, "--now", "1795398700", "--json"]).json();
        assert!(json["help"].as_str().is_some_and(|help| help.contains("another chain")), "{trust}: {json}");
    }
    // Where they fit, nothing is said.
    let ran = run(&["verify", &bundle, "--trust", &fixture("bundles/handled-coin.trust.json"), "--now", "1795398700"]);
    assert!(!ran.stdout.contains("may be of another chain"), "{}", ran.stdout);
}
