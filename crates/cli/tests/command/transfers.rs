//! Proving, verifying and auditing the recorded transfers with the real binary.

use crate::common::{fixture, run, scratch, write, Ran};
use serde_json::{json, Value};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// One second after the newest recorded block.
const NOW: &str = "1795398976";

fn gather(command: &str, from: &str, more: &[&str]) -> Ran {
    gather_with(command, &fixture("trust.toml"), from, more)
}

fn gather_with(command: &str, trust: &str, from: &str, more: &[&str]) -> Ran {
    let [main, service] =
        ["main", "service"].map(|name| format!("{name}=replay:{}", fixture(&format!("{name}.rpc.jsonl.gz"))));
    run(&[&[command, "--trust", trust, "--from", from, "--rpc", &main, "--rpc", &service], more].concat())
}

fn verify(bundle: &str, more: &[&str]) -> Ran {
    run(&[&["verify", bundle, "--trust", &fixture("trust.toml"), "--now", NOW], more].concat())
}

/// A bundle of main's handled request 0, made once for all tests.
fn handled() -> &'static str {
    static BUNDLE: OnceLock<String> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let path = scratch("handled.bundle").display().to_string();
        let ran = gather("prove", "main", &["--nonce", "0", "--out", &path]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        path
    })
}

fn story() -> Vec<Value> {
    let story: Value = serde_json::from_str(&std::fs::read_to_string(fixture("transfers.json")).unwrap()).unwrap();
    story["transfers"].as_array().unwrap().clone()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_proven_handled_transfer_verifies_offline_in_both_forms() {
    let json_form = scratch("handled.json").display().to_string();
    assert_eq!(gather("prove", "main", &["--nonce", "0", "--out", &json_form]).code, 0);
    for bundle in [handled(), &json_form] {
        let ran = verify(bundle, &[]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("HANDLED  2 of 2 votes"), "{}", ran.stdout);
        let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for told in [
            "requested 1 coin from 0xc3f7",
            "executed 1 coin",
            "0x97dca41e584c6fee6e2031ae5dda682cbfb64403 voted for it",
        ] {
            assert!(words.contains(told), "{told}: {words}");
        }
        assert!(ran.stdout.contains("as of") && ran.stdout.contains("trusted"), "{}", ran.stdout);
    }
    let listed = verify(handled(), &["--verbose"]);
    assert!(listed.stdout.contains("passed  M") && !listed.stdout.contains("FAILED"), "{}", listed.stdout);
}

#[test]
fn the_shipped_bundles_verify_as_their_index_says() {
    let index: Value = serde_json::from_str(&std::fs::read_to_string(fixture("bundles/index.json")).unwrap()).unwrap();
    for entry in index.as_array().unwrap() {
        let file = |field: &str| fixture(&format!("bundles/{}", entry[field].as_str().unwrap()));
        let now = entry["now"].to_string();
        let ran = run(&["verify", &file("bundle"), "--trust", &file("trust"), "--now", &now, "--json"]);
        for (found, expected) in
            ran.json()["transfers"].as_array().unwrap().iter().zip(entry["expected"].as_array().unwrap())
        {
            for field in
                ["from", "to", "nonce", "verdict", "state", "reason", "culprits", "dissenters", "votes", "as_of"]
            {
                assert_eq!(found[field], expected[field], "{}: {field}", entry["bundle"]);
            }
            let code = match expected["state"].as_str().unwrap() {
                "handled" => 0,
                "fraud" | "attempted" => 1,
                _ => 2,
            };
            assert_eq!(ran.code, code, "{}", ran.stderr);
        }
    }
}

#[test]
fn every_state_has_its_exit_code_and_its_word() {
    for (from, nonce, code, word) in [
        ("service", "0", 0, "HANDLED"),
        ("main", "9", 2, "STUCK"),
        ("main", "20", 1, "FRAUD"),
        ("main", "61", 1, "ATTEMPTED"),
    ] {
        let path = scratch(&format!("state-{from}-{nonce}.bundle")).display().to_string();
        let proven = gather("prove", from, &["--nonce", nonce, "--out", &path]);
        assert_eq!(proven.code, code, "{from} {nonce}: {}{}", proven.stdout, proven.stderr);
        assert!(proven.stdout.contains(word), "{}", proven.stdout);
        let verified = verify(&path, &["--json"]);
        assert_eq!(verified.code, code, "{}", verified.stderr);
        let json = verified.json();
        assert_eq!(json["transfers"][0]["state"], word.to_lowercase());
        assert_eq!(json["transfers"][0]["nonce"].to_string(), nonce);
    }
}

#[test]
fn a_transaction_of_either_end_names_its_transfer() {
    let transfer = &story()[3];
    for hash in [&transfer["request"]["tx"], &transfer["handle"][0]["tx"]] {
        let ran = gather("prove", "main", &["--tx", hash.as_str().unwrap(), "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let json = ran.json();
        assert_eq!((&json["transfers"][0]["nonce"], &json["transfers"][0]["state"]), (&3.into(), &"handled".into()));
    }
    let unknown = gather("prove", "main", &["--tx", &format!("0x{}", "11".repeat(32))]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    assert_eq!(gather("prove", "main", &["--tx", "0x11"]).code, 64);
}

#[test]
fn inspect_lists_the_parts_and_compares_the_start_with_the_trust() {
    let ran = run(&["inspect", handled(), "--trust", &fixture("trust.toml")]);
    assert_eq!(ran.code, 0);
    for words in
        ["NOT VERIFIED", "chain main", "chain service", "the checkpoint of your trust", "request 0: evidence of"]
    {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let json = run(&["inspect", handled(), "--json"]).json();
    assert_eq!(json["verified"], false);
    assert_eq!(json["claim"]["transfers"], json!([0]));
    assert_eq!(json["chains"][0]["headers"]["first"], 0);
}

#[test]
fn a_cut_bundle_is_unreadable_wherever_it_is_cut() {
    let bytes = std::fs::read(handled()).unwrap();
    for length in [0, 3, 5, 9, 1000, bytes.len() / 2, bytes.len() - 1] {
        let cut = write("cut-at.bundle", &bytes[..length]);
        let ran = verify(&cut, &[]);
        assert_eq!(ran.code, 3, "{length}: {}", ran.stdout);
        assert!(ran.stderr.contains("cut-at.bundle") && ran.stderr.contains("help:"), "{}", ran.stderr);
    }
    let longer = write("longer.bundle", [&bytes[..], &[0]].concat());
    assert_eq!(verify(&longer, &[]).code, 3);
}

#[test]
fn a_changed_bundle_never_verifies() {
    let bytes = std::fs::read(handled()).unwrap();
    for place in (40..bytes.len()).step_by(bytes.len() / 12) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let ran = verify(&write("changed.bundle", changed), &[]);
        assert!([1, 2, 3].contains(&ran.code), "{place}: {}", ran.stdout);
    }
}

#[test]
fn another_trust_refuses_the_bundle() {
    let text = std::fs::read_to_string(fixture("trust.toml")).unwrap();
    let code = write("other-code.toml", text.replace("0xbb440369", "0xbb440360"));
    let start = write("other-start.toml", text.replacen("0xb5c59695e2", "0xb5c59695e0", 9));
    let names = write("other-names.toml", text.replace("\"main\"", "\"alpha\""));
    for (trust, code, word, reason) in [
        (&code, 2, "UNSUPPORTED", "bridge.unknown_code"),
        (&start, 1, "INVALID", "consensus.anchor"),
        (&names, 3, "INVALID", "trust.unknown_chain"),
    ] {
        let ran = run(&["verify", handled(), "--trust", trust, "--now", NOW]);
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(word) && ran.stdout.contains(reason), "{}", ran.stdout);
    }
}

#[test]
fn a_node_that_lacks_a_proof_ends_with_4() {
    // No proof of this nonce was recorded.
    let ran = gather("prove", "main", &["--nonce", "40"]);
    assert_eq!(ran.code, 4, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("rpc.pruned") && ran.stderr.contains("archive node") && ran.stderr.contains("help:"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_old_bundle_says_how_it_can_still_be_judged() {
    let stuck = ["verify", &fixture("bundles/stuck.spl"), "--trust", &fixture("bundles/stuck.trust.json")];
    let old = run(&stuck);
    assert_eq!(old.code, 2, "{}", old.stdout);
    assert!(old.stdout.contains("NOT YET TRUSTED") && old.stdout.contains("--now "), "{}", old.stdout);
    let then = run(&[&stuck[..], &["--now", NOW]].concat());
    assert_eq!(then.code, 2, "{}", then.stdout);
    assert!(then.stdout.contains("STUCK"), "{}", then.stdout);
    let late = run(&["verify", handled(), "--trust", &fixture("trust.toml"), "--now", "1895398976"]);
    assert_eq!(late.code, 2, "{}", late.stdout);
    assert!(late.stdout.contains("NOT YET TRUSTED") && late.stdout.contains("trust_expired"), "{}", late.stdout);
}

#[test]
fn jumps_are_made_only_where_the_trust_allows_them() {
    let jump = ["--nonce", "0", "--headers", "jump"];
    let refused = gather("prove", "main", &jump);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("allow_jump"), "{}", refused.stderr);
    let text = std::fs::read_to_string(fixture("trust.toml")).unwrap();
    let trust = write("jump.toml", text.replace("allow_jump = false", "allow_jump = true"));
    let ran = gather_with("prove", &trust, "main", &jump);
    assert_eq!(ran.code, 2, "handled, with a warning: {}", ran.stderr);
    assert!(ran.stdout.contains("warning") && ran.stdout.contains("were skipped"), "{}", ran.stdout);
}

#[test]
fn an_audit_has_the_shape_of_the_claims() {
    let ran = gather("audit", "main", &["--nonces", "0..20", "--beyond", "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let json = ran.json();
    let wanted = BTreeSet::from(["transfers", "equivocations", "complete", "vote_scan"]);
    assert!(keys(&json).is_superset(&wanted), "{:?}", keys(&json));
    assert_eq!(
        (&json["equivocations"], &json["complete"], &json["vote_scan"]),
        (&json!([]), &json!(true), &json!("full"))
    );
    let fields =
        ["from", "nonce", "verdict", "state", "reason", "culprits", "dissenters", "votes", "threshold", "as_of"];
    for transfer in json["transfers"].as_array().unwrap() {
        assert!(keys(transfer).is_superset(&BTreeSet::from(fields)), "{transfer}");
    }
    for expected in story().iter().filter(|transfer| transfer["from"] == "main") {
        let found =
            json["transfers"].as_array().unwrap().iter().find(|found| found["nonce"] == expected["nonce"]).unwrap();
        assert_eq!(found["state"], expected["expected"]);
        assert_eq!(found["culprits"], expected.get("culprits").cloned().unwrap_or(json!([])));
    }
}

#[test]
fn an_audit_judges_the_nonces_asked_for_and_names_what_lies_outside() {
    let ran = gather("audit", "main", &["--nonces", "0..8", "--json"]);
    let json = ran.json();
    assert_eq!(ran.code, 2, "all of them are handled, on a chain whose members voted on validators: {}", ran.stderr);
    let voted = &json["transfers"][0]["warned_votes"][0];
    assert_eq!((&voted["code"], &voted["number"]), (&json!("vote_by_member"), &json!(391)));
    assert_eq!(json["transfers"].as_array().unwrap().len(), 9);
    assert_eq!((&json["complete"], &json["beyond"]), (&json!(false), &json!([20, 61])));
    let text = gather("audit", "main", &["--nonces", "0..8"]).stdout;
    assert_eq!(text.matches("service followed a vote of").count(), 1, "{text}");
    let one = gather("audit", "service", &["--nonces", "61"]);
    assert_eq!(one.code, 1);
    assert!(one.stdout.contains("ATTEMPTED") && one.stdout.contains("also for 13"), "{}", one.stdout);
}

#[test]
fn an_audit_beyond_the_requests_says_unrequested_or_why_it_cannot() {
    let ran = gather("audit", "main", &["--nonces", "18..61", "--json"]);
    let json = ran.json();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let transfers = json["transfers"].as_array().unwrap();
    assert_eq!(transfers.len(), 44, "every nonce of the range");
    let refused = json["unavailable"].as_array().map_or(0, Vec::len);
    let unrequested = transfers.iter().filter(|transfer| transfer["state"] == "unrequested").count();
    let incomplete = transfers.iter().filter(|transfer| transfer["verdict"] == "incomplete").count();
    assert_eq!((incomplete, unrequested + incomplete), (refused, 40), "the recording holds proofs of some words only");
    assert!(unrequested > 20, "{unrequested}");
}

#[test]
fn an_audit_without_a_vote_scan_says_so_and_finds_only_what_was_asked_for() {
    let json = gather("audit", "main", &["--nonces", "5..10", "--vote-scan", "none", "--json"]).json();
    assert_eq!(json["vote_scan"], "none");
    let states: Vec<&Value> = json["transfers"].as_array().unwrap().iter().map(|transfer| &transfer["state"]).collect();
    assert_eq!(states, ["handled", "handled", "handled", "handled", "stuck", "stuck"]);
    let one = gather("audit", "service", &["--nonces", "3", "--vote-scan", "none"]);
    assert!(one.stdout.contains("request 3") && one.stdout.contains("HANDLED"), "{}", one.stdout);
    assert!(one.stdout.contains("not searched for"), "{}", one.stdout);
}

#[test]
fn the_bundle_of_an_audit_verifies_to_the_same_verdicts() {
    let path = scratch("audit.bundle").display().to_string();
    let audited = gather("audit", "service", &["--nonces", "0..13", "--out", &path, "--json"]);
    let verified = verify(&path, &["--json"]);
    assert_eq!((audited.code, verified.code), (1, 1), "{}", verified.stderr);
    let states = |json: &Value| -> Vec<Value> {
        json["transfers"].as_array().unwrap().iter().map(|transfer| transfer["state"].clone()).collect()
    };
    assert_eq!(states(&audited.json()), states(&verified.json()));
    assert_eq!(audited.json()["complete"], verified.json()["complete"]);
}

#[test]
fn misuse_of_the_gathering_commands_ends_with_64() {
    for arguments in [
        &["--nonces", "5..1"][..],
        &["--nonces", "a..b"],
        &["--nonces", ""],
        &["--nonces", "0..3", "--vote-scan", "some"],
        &["--nonces", "0..3", "--rpc", "other=replay:x"],
        &["--nonces", "0..3", "--rpc", "replay:x"],
        &[],
    ] {
        let ran = gather("audit", "main", arguments);
        assert_eq!(ran.code, 64, "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(gather("prove", "main", &["--nonce", "1", "--nonces", "1..2"]).code, 64);
    assert_eq!(gather("prove", "main", &["--nonce", "-1"]).code, 64);
    let unknown = gather("prove", "sidechain", &["--nonce", "1"]);
    assert_eq!(unknown.code, 64);
    assert!(unknown.stderr.contains("main, service"), "{}", unknown.stderr);
    let rpc = format!("main=replay:{}", fixture("main.rpc.jsonl.gz"));
    let one = run(&["prove", "--trust", &fixture("trust.toml"), "--from", "main", "--nonce", "1", "--rpc", &rpc]);
    assert_eq!(one.code, 64);
    assert!(one.stderr.contains("--rpc service="), "{}", one.stderr);
}

#[test]
fn a_trust_without_a_bridge_judges_no_transfer() {
    let text = std::fs::read_to_string(fixture("trust.toml")).unwrap();
    let mut trust: spanlight::Trust = toml::from_str(&text).unwrap();
    trust.bridge = None;
    let path = write("no-bridge.json", serde_json::to_string(&trust).unwrap());
    let ran = gather_with("prove", &path, "main", &["--nonce", "1"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("bridge"), "{}", ran.stderr);
    assert_eq!(run(&["verify", handled(), "--trust", &path, "--now", NOW]).code, 3, "the bundle is not to blame");
    let one_way = write("one-way.toml", text.replacen("sends = true", "sends = false", 1));
    let ran = gather_with("prove", &one_way, "main", &["--nonce", "1"]);
    assert_eq!(ran.code, 64);
    assert!(ran.stderr.contains("sends = true"), "{}", ran.stderr);
}
