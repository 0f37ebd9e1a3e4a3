//! The bundles in tests/fixtures/bundles are what the prover makes of the recordings today. Every surface judges them.
//! `SPANLIGHT_WRITE_FIXTURES=1` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{block_on, now, replays, trust_at, World};
use serde_json::{json, Value};
use spanlight::Trust;
use spanlight_prover::{prove, HeaderPlan, ProveOptions, Silent, Subject};
use std::path::PathBuf;

/// A transfer, checkpoints of main and service near it, and how far each chain is followed.
struct Shipped {
    name: &'static str,
    from: &'static str,
    nonce: u64,
    checkpoints: [u64; 2],
    to: [Option<u64>; 2],
    headers: HeaderPlan,
}

const fn shipped(name: &'static str, from: &'static str, nonce: u64, checkpoints: [u64; 2]) -> Shipped {
    Shipped { name, from, nonce, checkpoints, to: [None, None], headers: HeaderPlan::Sparse }
}

fn all() -> Vec<Shipped> {
    vec![
        Shipped { to: [Some(258), Some(131)], ..shipped("handled-coin", "service", 0, [250, 125]) },
        Shipped {
            to: [Some(258), Some(131)],
            headers: HeaderPlan::Full,
            ..shipped("handled-coin-full", "service", 0, [250, 125])
        },
        Shipped { to: [Some(268), Some(225)], ..shipped("handled-erc20", "main", 7, [266, 222]) },
        Shipped { to: [Some(441), Some(315)], ..shipped("handled-erc721", "main", 11, [438, 312]) },
        Shipped { headers: HeaderPlan::Jump, ..shipped("stuck", "main", 9, [276, 150]) },
        shipped("fraud-on-service", "main", 20, [625, 358]),
        shipped("fraud-on-main", "service", 13, [486, 499]),
        Shipped { headers: HeaderPlan::Jump, ..shipped("attempted", "main", 61, [625, 312]) },
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/bundles"))
}

/// The shipped trust near the transfer, its bundle and its line of the index.
fn make(shipped: &Shipped) -> (Trust, Vec<u8>, Value) {
    let replays = replays();
    let trust = trust_at(&replays, shipped.checkpoints);
    let world = World::new(&trust, &replays, shipped.to);
    let options = ProveOptions { headers: shipped.headers, ..ProveOptions::at(now()) };
    let proof = block_on(prove(&world.ends(shipped.from), Subject::Nonce(shipped.nonce), options, &Silent)).unwrap();
    // The prover follows every seal; what anybody sees is what the bundle shows.
    let report = spanlight::verify(&proof.bundle, &trust, now()).unwrap();
    assert_eq!(report.transfers[0].verdict, proof.report.transfers[0].verdict);
    let mut expected = serde_json::to_value(&report.transfers[0]).unwrap();
    expected.as_object_mut().unwrap().remove("checks");
    let line = json!({
        "bundle": format!("{}.spl", shipped.name),
        "trust": format!("{}.trust.json", shipped.name),
        "now": now(),
        "expected": [expected],
        "seals": report.seals,
    });
    (trust, proof.bundle.encode(), line)
}

#[test]
fn shipped_bundles_are_what_the_prover_makes() {
    let write = std::env::var_os("SPANLIGHT_WRITE_FIXTURES").is_some();
    let mut index = Vec::new();
    for shipped in all() {
        let (trust, bundle, line) = make(&shipped);
        let path = |ending: &str| folder().join(format!("{}.{ending}", shipped.name));
        if write {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(path("spl"), &bundle).unwrap();
            std::fs::write(path("trust.json"), format!("{}\n", serde_json::to_string_pretty(&trust).unwrap())).unwrap();
        }
        assert!(std::fs::read(path("spl")).unwrap() == bundle, "{} differs", shipped.name);
        let text = std::fs::read_to_string(path("trust.json")).unwrap();
        assert_eq!(serde_json::from_str::<Trust>(&text).unwrap(), trust, "{}", shipped.name);
        index.push(line);
    }
    let path = folder().join("index.json");
    if write {
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&index).unwrap())).unwrap();
    }
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), Value::Array(index));
}
