//! The verdicts on all 37 transfers of the recordings, in full: one file of vectors that every surface is held to.
//! `SPANLIGHT_WRITE_FIXTURES=1` writes it anew.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use common::{block_on, now, replays, trust, World};
use serde_json::{json, Value};
use spanlight::report::ReportJson;
use spanlight::{verify, ProofBundle};
use spanlight_prover::{audit, ProveOptions, Reach, Silent};

/// What an audit says, without the list of checks, which says the same at length.
fn told(world: &World<'_>, from: &str, range: (u64, u64)) -> Value {
    let options = ProveOptions { scan: Some(u64::MAX), ..ProveOptions::at(now()) };
    let audit = block_on(audit(&world.ends(from), range, Reach::Found, options, &Silent)).unwrap();
    let bundle = ProofBundle::decode(&audit.bundle.encode()).unwrap();
    let report = verify(&bundle, world.trust, now()).unwrap();
    assert_eq!(report, audit.report);
    let mut told = serde_json::to_value(ReportJson::new(&report)).unwrap();
    for verdict in told["transfers"].as_array_mut().unwrap() {
        verdict.as_object_mut().unwrap().remove("checks");
    }
    let [transfers, seals, complete, completeness] =
        ["transfers", "seals", "complete", "completeness"].map(|name| told[name].take());
    json!({
        "from": from,
        "range": range,
        "now": now(),
        "transfers": transfers,
        "seals": seals,
        "complete": complete,
        "completeness": completeness,
    })
}

#[test]
fn every_verdict_is_the_one_of_the_vectors() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let told = [("main", (0, 20)), ("service", (0, 13))].map(|(from, range)| told(&world, from, range));
    let verdicts: usize = told.iter().map(|audit| audit["transfers"].as_array().unwrap().len()).sum();
    assert_eq!(verdicts, 37);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/verdicts.json");
    if std::env::var_os("SPANLIGHT_WRITE_FIXTURES").is_some() {
        std::fs::write(path, format!("{}\n", serde_json::to_string_pretty(&told).unwrap())).unwrap();
    }
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(vectors, json!(told));
}
