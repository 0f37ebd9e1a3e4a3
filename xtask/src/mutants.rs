//! `cargo xtask mutants`: changes the core in one place after another, and tells which changes no
//! test notices.
//!
//! The work is cargo-mutants'; this chooses what is changed and what is run. docs/mutants.md keeps
//! dated results.

use crate::shell::{self, cargo, heading, target_dir};

/// What can be changed by itself: rules switched off one by one, every place of the rules, or
/// everything in the core.
pub const PARTS: [&str; 3] = ["switches", "rules", "core"];

/// A change that switches a rule off: it always holds, or what it gives is empty.
const SWITCHED_OFF: &str = r"with Ok\(";

/// Where the rules stand that the core's own tests defend, and those that only whole chains show.
const OWN: [&str; 3] = ["src/consensus/*.rs", "src/header/rules.rs", "src/header/base_fee.rs"];
const JUDGED: [&str; 1] = ["src/verify/*.rs"];

const INSTALL: &str = "cargo install --locked cargo-mutants --version 27.1.0";

/// The core's own tests are quick and find most changes. The forged chains, which take longer, then
/// run for those that are left: `--iterate` leaves out what was found before.
const PASSES: [(&str, &str); 2] = [
    ("the core's own tests", "--test-package spanlight -- --lib"),
    ("forged chains", "--iterate --test-package spanlight-forge -- --test forged -- --skip byte_walk --skip fixtures"),
];

/// Runs both passes. `SPANLIGHT_MUTANTS_SHARD=k/n` changes every n-th place only, for a run that
/// has not a day.
///
/// # Errors
/// Where cargo-mutants is missing or cannot start. Changes that nothing notices are no error: the result names them.
pub fn run(part: &str) -> shell::Result {
    if shell::output(&mut cargo("mutants --help")).is_err() {
        return Err(format!("cargo-mutants is missing: {INSTALL}"));
    }
    let results = target_dir()?.join("mutants");
    std::fs::create_dir_all(&results).map_err(|e| format!("{}: {e}", results.display()))?;
    for (pass, (name, tests)) in PASSES.into_iter().enumerate() {
        heading(name);
        let mut command =
            cargo("mutants --package spanlight --no-shuffle --baseline skip --timeout 300 --colors never");
        command.arg("--output").arg(&results);
        if part == "switches" {
            command.args(["--re", SWITCHED_OFF]);
        }
        if part != "core" {
            let judged = if pass == 0 { &[][..] } else { &JUDGED };
            command.args(OWN.iter().chain(judged).flat_map(|files| ["--file", files]));
        }
        if let Ok(shard) = std::env::var("SPANLIGHT_MUTANTS_SHARD") {
            command.args(["--sharding", "round-robin", "--shard", &shard]);
        }
        // Debug information takes longer to write than the change takes to compile.
        command.args(tests.split_whitespace()).env("CARGO_PROFILE_DEV_DEBUG", "0");
        let status = command.status().map_err(|e| format!("cargo mutants does not start: {e}"))?;
        // 2: some were missed, 3: some ran out of time. Both are results.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            return Err(format!("cargo mutants: {status}"));
        }
    }
    println!("\nwhat no test noticed: {}", results.join("mutants.out/missed.txt").display());
    Ok(())
}
