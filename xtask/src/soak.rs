//! `cargo xtask soak`: what is too long for every change. docs/soak.md keeps dated runs.

use crate::contracts;
use crate::shell::{cargo, counted, heading};
use crate::tally::Tally;

/// The talk's tests of operators, every byte of every forged bundle in three ways, a hundred thousand signatures through both curve back
/// ends, and the random calls of the contracts' tests 25 times as often.
pub fn run() -> Tally {
    let mut total = Tally::default();
    let runs: [(&str, &str, (&str, &str)); 3] = [
        (
            "operators: the talk's tests at full length",
            "test --release -p spanlight-cli --test operator soak -- --ignored --nocapture --test-threads 1",
            ("RUST_BACKTRACE", "1"),
        ),
        (
            "every byte of every forged bundle",
            "test --release -p spanlight-forge --test forged byte_walk",
            ("SPANLIGHT_BYTE_WALK", "full"),
        ),
        (
            "both curve back ends on 100,000 signatures",
            "test --release -p spanlight --features k256 --lib crypto",
            ("SPANLIGHT_SIGNATURES", "100000"),
        ),
    ];
    for (name, arguments, (variable, value)) in runs {
        heading(name);
        total += match counted(cargo(arguments).env(variable, value)) {
            Ok(tally) if tally.is_empty() => failed(name, "ran no test"),
            Ok(tally) => tally,
            Err(reason) => failed(name, &reason),
        };
    }
    heading("random calls of the contracts");
    total += contracts::soak().unwrap_or_else(|reason| failed("contracts", &reason));
    total
}

fn failed(name: &str, reason: &str) -> Tally {
    eprintln!("{name}: {reason}");
    Tally::FAILED
}
