//! What cannot be put behind a number: cargo-mutants makes these changes one by one.

use crate::changes::Change;
use crate::results::{Outcome, Results};
use crate::Result;
use std::path::Path;
use std::process::Command;

/// The core's own tests are quick and find most changes. The forged chains then run for those that
/// are left: `--iterate` leaves out what was found before.
const PASSES: [&str; 2] = [
    "--test-package spanlight -- --lib",
    "--iterate --test-package spanlight-forge -- --test forged -- --skip byte_walk --skip fixtures",
];

/// The results of cargo-mutants, by the file that it lists them in.
const LISTS: [(&str, Outcome); 4] = [
    ("caught.txt", Outcome::Noticed),
    ("previously_caught.txt", Outcome::Noticed),
    ("timeout.txt", Outcome::OutOfTime),
    ("unviable.txt", Outcome::Unviable),
];

/// Runs cargo-mutants for the changes that were left to it.
pub(crate) fn rest(root: &Path, folder: &Path, changes: &[Change], results: &mut Results) -> Result {
    let left: Vec<&Change> = changes.iter().filter(|change| results.known(change) == Some(Outcome::Left)).collect();
    if left.is_empty() {
        return Ok(());
    }
    println!("{} changes left to cargo-mutants", left.len());
    let names: Vec<String> = left.iter().map(|change| literal(&change.name)).collect();
    for tests in PASSES {
        let mut command = Command::new("cargo");
        command.current_dir(root).args(["mutants", "--package", "spanlight", "--no-shuffle", "--baseline", "skip"]);
        command.args(["--timeout", "300", "--colors", "never", "--output"]).arg(folder);
        command.args(["--re", &format!("^({})$", names.join("|"))]).args(tests.split_whitespace());
        // Debug information takes longer to write than the change takes to compile.
        let status = command.env("CARGO_PROFILE_DEV_DEBUG", "0").status();
        let status = status.map_err(|e| format!("cargo mutants does not start: {e}"))?;
        // 2: some were missed, 3: some ran out of time. Both are results.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            return Err(format!("cargo mutants: {status}"));
        }
    }
    let lists = folder.join("mutants.out");
    for change in left {
        let listed = |file: &str| {
            let text = std::fs::read_to_string(lists.join(file)).unwrap_or_default();
            text.lines().any(|name| name == change.name)
        };
        let found = LISTS.iter().find(|(file, _)| listed(file)).map(|(_, outcome)| *outcome);
        results.note(change, found.unwrap_or(Outcome::Missed), "cargo-mutants")?;
    }
    Ok(())
}

/// A regular expression that only this text matches.
fn literal(text: &str) -> String {
    let mut literal = String::new();
    for character in text.chars() {
        if !character.is_alphanumeric() && character != ' ' && character != '_' {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal
}
