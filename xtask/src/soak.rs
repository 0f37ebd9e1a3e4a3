//! `cargo xtask soak`: what is too long for every change. docs/soak.md keeps dated runs.

use crate::contracts;
use crate::shell::{cargo, counted, heading};
use crate::tally::Tally;

/// What can be run by itself.
pub const PARTS: [&str; 7] = ["operators", "chaos", "quiet", "faults", "bytes", "curves", "contracts"];

/// A part, or all of them: operators through tests A and B (docs/soak.md) and through random
/// faults, every byte of every forged bundle in three ways, a hundred thousand signatures through
/// both curve back ends, and the random calls of the contracts' tests 25 times as often.
pub fn run(only: Option<&str>) -> Tally {
    let mut total = Tally::default();
    for part in PARTS.into_iter().filter(|part| only.is_none_or(|only| only == *part)) {
        total += run_part(part);
    }
    total
}

fn run_part(part: &str) -> Tally {
    let (name, arguments, (variable, value)) = match part {
        "operators" => (
            "operators: tests A and B at full length",
            "test --release -p spanlight-cli --test operator soak -- --ignored --nocapture --test-threads 1",
            ("RUST_BACKTRACE", "1"),
        ),
        "chaos" => (
            "operators: thousands of transfers while everything around them fails at random",
            "test --release -p spanlight-cli --test operator chaos -- --ignored --nocapture --test-threads 1",
            ("RUST_BACKTRACE", "1"),
        ),
        "quiet" => (
            "operators: a thousand transfers that nobody disturbs, and not one alarm",
            "test --release -p spanlight-cli --test operator quiet -- --ignored --nocapture --test-threads 1",
            ("RUST_BACKTRACE", "1"),
        ),
        "faults" => (
            "operators: partitions and clocks that jump",
            "test --release -p spanlight-cli --test operator faults -- --ignored --nocapture --test-threads 1",
            ("RUST_BACKTRACE", "1"),
        ),
        "bytes" => (
            "every byte of every forged bundle",
            "test --release -p spanlight-forge --test forged byte_walk",
            ("SPANLIGHT_BYTE_WALK", "full"),
        ),
        "curves" => (
            "both curve back ends on 100,000 signatures",
            "test --release -p spanlight --features k256 --lib crypto",
            ("SPANLIGHT_SIGNATURES", "100000"),
        ),
        _ => {
            heading("random calls of the contracts");
            return contracts::soak().unwrap_or_else(|reason| failed("contracts", &reason));
        }
    };
    heading(name);
    match counted(cargo(arguments).env(variable, value)) {
        Ok(tally) if tally.is_empty() => failed(name, "ran no test"),
        Ok(tally) => tally,
        Err(reason) => failed(name, &reason),
    }
}

fn failed(name: &str, reason: &str) -> Tally {
    eprintln!("{name}: {reason}");
    Tally::FAILED
}
