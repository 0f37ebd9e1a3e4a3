//! Following the recorded chains with the real binary.

use crate::common::{fixture, run, scratch, write, Ran};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;

/// The recording's lines.
fn recorded(chain: &str) -> Vec<Value> {
    let mut text = String::new();
    let file = std::fs::File::open(fixture(&format!("{chain}.rpc.jsonl.gz"))).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Writes a recording as the calls of `lines`.
fn write_recording(name: &str, lines: &[Value]) -> String {
    write(name, lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

fn number(hex: &Value) -> Option<u64> {
    u64::from_str_radix(hex.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn sync(chain: &str, more: &[&str]) -> Ran {
    let genesis = fixture(&format!("{chain}.genesis.json"));
    let rpc = format!("{chain}=replay:{}", fixture(&format!("{chain}.rpc.jsonl.gz")));
    run(&[&["sync", "--genesis", &genesis, "--rpc", &rpc, "--json"], more].concat())
}

#[test]
fn follows_both_chains_to_their_heads_and_recomputes_every_root() {
    for (chain, head, roots) in [("main", 629, 137), ("service", 503, 67)] {
        let ran = sync(chain, &["--deep"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let json = ran.json();
        assert_eq!((&json["head"]["number"], &json["headers"]), (&head.into(), &head.into()));
        assert!(json["seals"].as_u64().unwrap() > json["sealed_headers"].as_u64().unwrap());
        assert_eq!(json["roots"], serde_json::json!({ "transactions": roots, "receipts": roots }));
        assert!(json["seconds"].is_number());
    }
}

/// Kaia mainnet, September 2026: the checkpoint's block adds a validator by vote, the next carries
/// 21 of 31 seals.
#[test]
fn follows_two_headers_of_the_public_main_network() {
    let trust = fixture("mainnet/trust.json");
    let rpc = format!("kaia=replay:{}", fixture("mainnet/kaia.rpc.jsonl.gz"));
    let ran = run(&["sync", "--trust", &trust, "--chain", "kaia", "--rpc", &rpc, "--now", "1790144140", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let json = ran.json();
    assert_eq!(json["head"]["number"], 227_942_837);
    assert_eq!((&json["seals"], json["council"].as_array().map(Vec::len)), (&21.into(), Some(31)));
}

/// The node says what holds *for* a block; a sync to the block before must say the same.
#[test]
fn council_and_parameters_are_those_that_the_node_reports_for_the_next_block() {
    for chain in ["main", "service"] {
        let mut told: BTreeMap<u64, (Value, Value)> = BTreeMap::new();
        for line in recorded(chain) {
            let Some(at) = number(&line["params"][0]) else { continue };
            match line["method"].as_str().unwrap() {
                "kaia_getCouncil" => told.entry(at).or_default().0 = line["result"].clone(),
                "kaia_getParams" => told.entry(at).or_default().1 = line["result"].clone(),
                _ => {}
            }
        }
        assert_eq!(told.len(), 45);
        for (at, (council, parameters)) in told.iter().step_by(15) {
            let json = sync(chain, &["--to", &(at - 1).to_string(), "--sparse"]).json();
            assert_eq!(&json["council"], council, "{chain} {at}");
            assert_eq!(&json["parameters"], parameters, "{chain} {at}");
        }
    }
}

#[test]
fn a_written_checkpoint_is_a_trust_file_that_leads_to_the_same_head() {
    let near = scratch("near.toml").display().to_string();
    assert_eq!(sync("service", &["--to", "455", "--checkpoint-out", &near]).code, 0);
    let rpc = format!("replay:{}", fixture("service.rpc.jsonl.gz"));
    let json = run(&["sync", "--trust", &near, "--rpc", &rpc, "--json"]).json();
    assert_eq!(json["headers"], 48);
    let at_455: spanlight::Trust = toml::from_str(&std::fs::read_to_string(&near).unwrap()).unwrap();
    let told = sync("service", &["--to", "455"]).json()["checkpoint"].clone();
    assert_eq!(serde_json::from_value(told).ok(), Some(at_455.chains[0].checkpoint.clone()), "ready for a trust file");
    assert_eq!(run(&["sync", "--trust", &near, "--rpc", &rpc, "--to", "454"]).code, 64);
    let whole = sync("service", &[]).json();
    for field in ["head", "council", "parameters"] {
        assert_eq!(json[field], whole[field]);
    }
}

#[test]
fn a_head_ahead_of_the_clock_is_written_with_the_time_at_which_it_was_verified() {
    let time = sync("service", &["--to", "455"]).json()["head"]["time"].as_u64().unwrap();
    for ending in ["toml", "json"] {
        let file = scratch(&format!("ahead.{ending}"));
        let path = file.display().to_string();
        let now = (time - 10).to_string();
        assert_eq!(sync("service", &["--to", "455", "--now", &now, "--checkpoint-out", &path]).code, 0);
        let text = std::fs::read_to_string(&file).unwrap();
        let trust: spanlight::Trust =
            if ending == "toml" { toml::from_str(&text).unwrap() } else { serde_json::from_str(&text).unwrap() };
        assert_eq!(trust.chains[0].checkpoint.trusted_since, Some(time - 10), "{text}");
        let rpc = format!("replay:{}", fixture("service.rpc.jsonl.gz"));
        assert_eq!(run(&["sync", "--trust", &path, "--rpc", &rpc, "--now", &now, "--to", "455"]).code, 0);
    }
    let ran = sync("service", &["--to", "455", "--now", &(time - 16).to_string()]);
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (2, &"not_yet_trusted.clock".into()), "{}", ran.stderr);
}

#[test]
fn a_written_checkpoint_leaves_the_rest_of_the_trust_file_alone() {
    let moved = scratch("moved.json").display().to_string();
    let rpc = format!("main=replay:{}", fixture("main.rpc.jsonl.gz"));
    let trust = fixture("trust.toml");
    let ran =
        run(&["sync", "--trust", &trust, "--chain", "main", "--rpc", &rpc, "--to", "99", "--checkpoint-out", &moved]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("FOLLOWED") && ran.stdout.contains("block 99"), "{}", ran.stdout);
    let moved: spanlight::Trust = serde_json::from_str(&std::fs::read_to_string(moved).unwrap()).unwrap();
    let mut expected: spanlight::Trust = toml::from_str(&std::fs::read_to_string(trust).unwrap()).unwrap();
    assert_eq!(moved.chains[0].checkpoint.number, 99);
    expected.chains[0].checkpoint = moved.chains[0].checkpoint.clone();
    assert_eq!(moved, expected);
}

#[test]
fn a_changed_header_is_the_endpoints_lie_and_ends_with_4() {
    let mut lines = recorded("service");
    for line in &mut lines {
        if line["method"] == "kaia_getBlockByNumber" && line["params"][0] == "0x64" {
            line["result"]["stateRoot"] = Value::from(format!("0x{}", "11".repeat(32)));
        }
    }
    let rpc = format!("replay:{}", write_recording("changed.jsonl", &lines));
    let ran = run(&["sync", "--genesis", &fixture("service.genesis.json"), "--rpc", &rpc]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("service") && ran.stderr.contains("help:"), "{}", ran.stderr);
}

#[test]
fn an_endpoint_of_another_chain_is_named_at_once() {
    let rpc = format!("replay:{}", fixture("main.rpc.jsonl.gz"));
    let ran = run(&["sync", "--genesis", &fixture("service.genesis.json"), "--rpc", &rpc]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("another chain: chain id"), "{}", ran.stderr);
}

#[test]
fn an_endpoint_that_does_not_answer_ends_with_4() {
    let lines: Vec<Value> = recorded("service")
        .into_iter()
        .filter(|line| line["params"][0] != "0x64" || line["method"] == "kaia_getBlockReceipts")
        .collect();
    let rpc = format!("replay:{}", write_recording("gap.jsonl", &lines));
    let ran = run(&["sync", "--genesis", &fixture("service.genesis.json"), "--rpc", &rpc]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert_eq!(sync("service", &["--to", "5000"]).code, 4);
}

#[test]
fn trust_that_has_expired_is_not_yet_trusted_and_ends_with_2() {
    let ran = sync("service", &["--now", "1895398975"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("not_yet_trusted.trust_expired"), "{}", ran.stderr);
    assert_eq!(ran.json()["error"]["code"], "not_yet_trusted.trust_expired");
}

#[test]
fn unreadable_recordings_end_with_3() {
    let genesis = fixture("service.genesis.json");
    let noise = write("noise.jsonl", "{\"method\":1}\n");
    let packed = write("cut.jsonl.gz", &std::fs::read(fixture("service.rpc.jsonl.gz")).unwrap()[..5000]);
    for file in ["absent.gz", &noise, &packed, &genesis] {
        let ran = run(&["sync", "--genesis", &genesis, "--rpc", &format!("replay:{file}")]);
        assert_eq!(ran.code, 3, "{file}: {}", ran.stderr);
    }
}

#[test]
fn a_chain_that_is_not_there_ends_with_64_and_the_names_that_are() {
    let trust = fixture("trust.toml");
    let rpc = format!("replay:{}", fixture("main.rpc.jsonl.gz"));
    let ran = run(&["sync", "--trust", &trust, "--chain", "other", "--rpc", &rpc]);
    assert_eq!(ran.code, 64);
    assert!(ran.stderr.contains("main, service"), "{}", ran.stderr);
    assert_eq!(run(&["sync", "--trust", &trust, "--rpc", &rpc]).code, 64);
    assert_eq!(run(&["sync", "--trust", &trust, "--chain", "main", "--rpc", &format!("mian={rpc}")]).code, 64);
}

#[test]
fn weighted_random_proposers_need_what_is_known_of_demotion() {
    let trust = std::fs::read_to_string(fixture("trust.toml")).unwrap();
    let trust = write("weighted.toml", trust.replace("\"istanbul.policy\" = 0", "\"istanbul.policy\" = 2"));
    let rpc = format!("replay:{}", fixture("service.rpc.jsonl.gz"));
    let arguments = ["sync", "--trust", &trust, "--chain", "service", "--to", "100", "--rpc", &rpc];
    let ran = run(&[&arguments[..], &["--json"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("nobody is accused") && ran.stderr.contains("--qualified"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("put aside"), "{}", ran.stderr);
    let error = &ran.json()["error"];
    assert_eq!(error["code"], "consensus.qualified_unknown");
    assert_eq!(error["unsupported"]["number"], 1, "{error}");
    for known in ["council", "3"] {
        let ran = run(&[&arguments[..], &["--qualified", known]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
}
