//! `cargo xtask mutants`: changes the core in one place after another, and tells which changes no
//! test notices. docs/mutants.md keeps dated results.
//!
//! The work is done by `crates/mutants`, a program of its own: it needs crates that this one does
//! without.

use crate::shell::{self, cargo, root, target_dir};

/// What can be changed by itself: rules switched off one by one, every place of the rules,
/// everything in the core, or what the run before did not notice.
pub const PARTS: [&str; 4] = ["switches", "rules", "core", "missed"];

/// Runs one part. Changes that nothing notices are no error: the result names them.
///
/// # Errors
/// Where cargo-mutants is missing, or where a test fails without any change.
pub fn run(part: &str) -> shell::Result {
    let mut command = cargo("run --quiet --package spanlight-mutants --");
    shell::run(command.arg(root()).arg(target_dir()?.join("mutants")).arg(part))
}
