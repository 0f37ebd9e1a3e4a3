//! Writes the recordings of two forged chains with many transfers, and the trust for them, into a folder.
//!   cargo run -p spanlight-forge --example busy -- FOLDER COUNT
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a tool for tests: a mistake should stop it")]

use spanlight_forge::{recording, scenarios::busy::busy};
use std::path::PathBuf;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("FOLDER"));
    let count = arguments.next().and_then(|count| count.parse().ok()).expect("COUNT");
    let stage = busy(count);
    let now = stage.source.time().max(stage.destination.time()).saturating_add(1);
    for (name, text) in [
        ("main.rpc.jsonl", recording::record(&stage.source)),
        ("service.rpc.jsonl", recording::record(&stage.destination)),
        ("trust.json", serde_json::to_string(&stage.trust).unwrap()),
        ("now", now.to_string()),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}
