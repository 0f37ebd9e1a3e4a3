//! `cargo xtask lint`: what can be checked without running the project.

mod dependencies;
mod guarantees;
mod spec;
mod texts;

use crate::page;
use crate::shell::{self, cargo, heading};

struct Check {
    name: &'static str,
    run: fn() -> shell::Result,
}

/// Quick ones first.
const CHECKS: &[Check] = &[
    Check { name: "texts: no path of one machine, no unfinished mark", run: texts::check },
    Check { name: "dependencies of the core are the listed ones", run: dependencies::check },
    Check { name: "guarantees of docs/trust.md name checks and tests that exist", run: guarantees::check },
    Check { name: "citations of docs/spec name sections and labels that exist", run: spec::check },
    Check { name: "formatting", run: || shell::run(&mut cargo("fmt --all --check")) },
    Check { name: "clippy", run: clippy },
    Check { name: "documentation", run: documentation },
];

/// Runs every check, also after one failed.
///
/// # Errors
/// The names of the checks that failed.
pub fn run() -> shell::Result {
    let mut failed = Vec::new();
    for check in CHECKS {
        heading(check.name);
        if let Err(reason) = (check.run)() {
            eprintln!("{reason}");
            failed.push(check.name);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("failed: {}", failed.join("; ")))
}

fn clippy() -> shell::Result {
    page::built()?;
    shell::run(&mut cargo("clippy --quiet --workspace --all-targets --all-features -- -D warnings"))
}

fn documentation() -> shell::Result {
    let mut command = cargo("doc --quiet --workspace --lib --all-features --no-deps");
    shell::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}
