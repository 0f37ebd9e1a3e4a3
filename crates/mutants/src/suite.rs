//! Which tests run which changed place: no other test can notice the change.

use crate::compile::Built;
use crate::Result;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A test, and the changes that it reaches.
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) took: Duration,
    pub(crate) reached: BTreeSet<usize>,
}

/// Runs every test of each program alone, with no change switched on: all must pass. Quick ones
/// come first.
pub(crate) fn reached(built: &[Built], note: &Path) -> Result<Vec<Vec<Test>>> {
    built.iter().map(|program| reached_by(program, note)).collect()
}

fn reached_by(built: &Built, note: &Path) -> Result<Vec<Test>> {
    println!("which tests of {} run which place", built.name);
    let (mut tests, mut failed) = (Vec::new(), String::new());
    for name in names(built)? {
        if built.without.iter().any(|left_out| name.contains(left_out)) {
            continue;
        }
        let _ = std::fs::remove_file(note);
        let start = Instant::now();
        let mut command = command(built, &[&name]);
        let output = command.env("SPANLIGHT_REACHED", note).output().map_err(|e| format!("{}: {e}", built.name))?;
        let took = start.elapsed();
        if !output.status.success() {
            failed += &format!("{name} fails without a change: {}", String::from_utf8_lossy(&output.stdout));
        }
        let text = std::fs::read_to_string(note).unwrap_or_default();
        let reached = text.lines().filter_map(|line| line.parse().ok()).collect();
        tests.push(Test { name, took, reached });
    }
    tests.sort_by_key(|test| test.took);
    if failed.is_empty() {
        Ok(tests)
    } else {
        Err(failed)
    }
}

/// A run of some tests of a program.
pub(crate) fn command(built: &Built, tests: &[&str]) -> Command {
    let mut command = Command::new(&built.program);
    command.current_dir(&built.folder).args(["--exact", "--test-threads", "1"]).args(tests);
    command.stdin(Stdio::null());
    command
}

fn names(built: &Built) -> Result<Vec<String>> {
    let listed = Command::new(&built.program).args(["--list", "--format", "terse"]).output();
    let listed = listed.map_err(|e| format!("{}: {e}", built.program.display()))?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let names: Vec<String> = text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect();
    if names.is_empty() {
        return Err(format!("{} has no test", built.name));
    }
    Ok(names)
}
