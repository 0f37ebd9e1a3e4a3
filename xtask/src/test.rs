//! `cargo xtask test`: all suites, one after the other.
//!
//! To add a suite, write a function that gives a [`Tally`] and name it in [`SUITES`]. A program that prints cargo's closing
//! line, or `N passed, N failed`, is counted by [`shell::counted`].

use crate::contracts;
use crate::npm;
use crate::page;
use crate::shell::{self, cargo, counted, heading};
use crate::tally::Tally;
use std::time::Instant;

struct Suite {
    name: &'static str,
    run: fn() -> shell::Result<Tally>,
}

/// Quick ones first: a slip shows early.
const SUITES: &[Suite] = &[
    Suite { name: "all crates", run: || counted(&mut cargo("test --workspace --no-fail-fast")) },
    Suite { name: "operator's keys, with those in AWS KMS", run: || counted(&mut cargo(KEYS)) },
    Suite { name: "core with both curve back ends", run: || counted(&mut cargo("test -p spanlight --features k256")) },
    Suite { name: "core without std and without a C compiler", run: no_std },
    Suite { name: "tests of the core as 32-bit WebAssembly in Node", run: wasi },
    Suite { name: "core as WebAssembly for browsers, in Node", run: wasm },
    Suite { name: "contracts, on the committed artifacts", run: contracts::run },
    Suite { name: "npm package, packed and installed", run: npm::run },
    Suite { name: "devnet: transfers by plain scripts, and ethers, viem, cast and the Kaia SDK", run: devnet },
    Suite { name: "verification page: types, units, build, weight", run: page::run },
    Suite { name: "verification page in Chromium", run: page::in_browser },
];

const KEYS: &str = "test -p spanlight-operator --features aws-kms --lib keys";

/// Runs every suite, also after one failed. A suite that cannot run, or runs no test, counts as one failure: silence must
/// never look like success.
pub fn run() -> Tally {
    let mut total = Tally::default();
    for suite in SUITES {
        heading(suite.name);
        let began = Instant::now();
        let tally = match (suite.run)() {
            Ok(tally) if tally.is_empty() => failed(suite.name, "ran no test"),
            Ok(tally) => tally,
            Err(reason) => failed(suite.name, &reason),
        };
        println!("<== {}: {tally}, in {} s", suite.name, began.elapsed().as_secs());
        total += tally;
    }
    total
}

fn failed(suite: &str, reason: &str) -> Tally {
    eprintln!("{suite}: {reason}");
    Tally::FAILED
}

/// The target has no std to link, so the build itself is the test.
fn no_std() -> shell::Result<Tally> {
    let build = "build -p spanlight --target thumbv7em-none-eabi --no-default-features --features k256";
    shell::run(&mut cargo(build)).map(|()| Tally::PASSED)
}

/// A failed test ends the program, since WebAssembly cannot unwind: without capture its reason has been shown by then.
fn wasi() -> shell::Result<Tally> {
    counted(&mut cargo("test -p spanlight --lib --target wasm32-wasip1 -- --no-capture"))
}

/// The release profile, since that is what browsers get.
fn wasm() -> shell::Result<Tally> {
    shell::run(&mut cargo("build --release -p wasm-check --target wasm32-unknown-unknown"))?;
    let module = shell::target_dir()?.join("wasm32-unknown-unknown/release/wasm_check.wasm");
    counted(shell::program("node", "tests/wasm/run.mjs").arg(module))
}

/// The clients come from `tools/setup`; the package that judges the transfers is the one just built.
fn devnet() -> shell::Result<Tally> {
    npm::installed("tests/devnet")?;
    shell::run(&mut cargo("build --quiet -p spanlight-cli"))?;
    counted(shell::program("node", "tests/devnet/run.mjs").arg(shell::target_dir()?.join("debug/spanlight")))
}
