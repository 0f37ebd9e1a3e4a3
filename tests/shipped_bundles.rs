//! The bundles of recorded transfers in tests/fixtures/bundles, judged through the public entry point.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::Value;
use spanlight::{verify, ProofBundle, Trust, Verdict};

struct Shipped {
    name: String,
    bytes: Vec<u8>,
    trust: Trust,
    now: u64,
    expected: Value,
}

fn shipped() -> Vec<Shipped> {
    let read =
        |name: &str| std::fs::read(format!("{}/tests/fixtures/bundles/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let index: Value = serde_json::from_slice(&read("index.json")).unwrap();
    let entries = index.as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries
        .iter()
        .map(|entry| Shipped {
            name: text(&entry["bundle"]),
            bytes: read(&text(&entry["bundle"])),
            trust: serde_json::from_slice(&read(&text(&entry["trust"]))).unwrap(),
            now: entry["now"].as_u64().unwrap(),
            expected: entry["expected"].clone(),
        })
        .collect()
}

#[test]
fn every_shipped_bundle_gets_its_verdict_in_both_forms() {
    for Shipped { name, bytes, trust, now, expected } in shipped() {
        let bundle = ProofBundle::decode(&bytes).unwrap();
        assert_eq!(ProofBundle::from_json(&bundle.to_json().unwrap()).unwrap(), bundle, "{name}");
        let report = verify(&bundle, &trust, now).unwrap();
        let mut verdicts = serde_json::to_value(&report.transfers).unwrap();
        for verdict in verdicts.as_array_mut().unwrap() {
            verdict.as_object_mut().unwrap().remove("checks");
        }
        assert_eq!(verdicts, expected, "{name}");
    }
}

#[test]
fn no_shipped_bundle_is_proven_under_a_trust_in_other_chains() {
    for Shipped { name, bytes, mut trust, now, .. } in shipped() {
        trust.chains[0].checkpoint.hash.0[0] ^= 1;
        let report = verify(&ProofBundle::decode(&bytes).unwrap(), &trust, now).unwrap();
        assert!(report.transfers.iter().all(|t| matches!(t.verdict, Verdict::Invalid(_))), "{name}");
    }
}

#[test]
fn verdicts_about_now_do_not_outlive_the_trusts_max_age() {
    for Shipped { name, bytes, trust, now, expected } in shipped() {
        let later = now + trust.chains[0].max_age + 1;
        let report = verify(&ProofBundle::decode(&bytes).unwrap(), &trust, later).unwrap();
        let is_final = matches!(expected[0]["state"].as_str(), Some("handled" | "fraud" | "attempted"));
        let stale = report.transfers[0].verdict.code() == Some("not_yet_trusted.stale");
        assert_eq!(stale, !is_final, "{name}");
    }
}
