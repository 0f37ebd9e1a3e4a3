//! Builds the tests with all changes in the core, after leaving out those that do not compile.

use crate::changes::Change;
use crate::copy::Copy;
use crate::results::{Outcome, Results};
use crate::rewrite::{rewrite, Rewritten};
use crate::Result;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;

/// rustc reports names, types, borrows and constants in turn, and each turn hides the next.
const ROUNDS: usize = 20;

/// A call in a constant, or in a function that constants use: the change may compile, only not
/// behind a number.
const NOT_CONSTANT: &str = "E0015";

/// A test program.
pub(crate) struct Built {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
    /// Tests left out: they compare bytes on the disk, or try every byte of every bundle.
    pub(crate) without: &'static [&'static str],
}

/// What is left out so that the rest compiles.
#[derive(Default)]
struct LeftOut {
    changes: BTreeMap<usize, Outcome>,
    /// Functions that constants use.
    constant: BTreeSet<String>,
}

/// Builds the test programs. A change that is left out is entered in the results.
pub(crate) fn all(copy: &Copy, changes: &[Change], results: &mut Results) -> Result<Vec<Built>> {
    let mut left = LeftOut::default();
    for round in 1..=ROUNDS {
        let written = write(copy, changes, &mut left)?;
        let errors = errors(copy)?;
        println!("build {round}: {} errors, {} changes left out", errors.len(), left.changes.len());
        if errors.is_empty() {
            for change in changes {
                if let Some(outcome) = left.changes.get(&change.number) {
                    results.note(change, *outcome, "")?;
                }
            }
            return Ok(vec![
                test_program(copy, "lib", "spanlight --lib", ".", &[])?,
                test_program(
                    copy,
                    "forged",
                    "spanlight-forge --test forged",
                    "crates/forge",
                    &["byte_walk", "fixtures"],
                )?,
            ]);
        }
        leave_out(&errors, &written, changes, &mut left)?;
    }
    Err(format!("the core does not compile after {ROUNDS} rounds"))
}

/// Writes the core with the changes that are not left out.
fn write<'c>(copy: &Copy, changes: &'c [Change], left: &mut LeftOut) -> Result<BTreeMap<&'c str, Rewritten>> {
    let mut files: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes.iter().filter(|change| !left.changes.contains_key(&change.number)) {
        files.entry(&change.file).or_default().push(change);
    }
    let mut written = BTreeMap::new();
    for (file, changes) in files {
        let text = copy.core.get(file).ok_or_else(|| format!("{file} is not known to git"))?;
        let (rewritten, inexpressible) = rewrite(text, &changes, &left.constant).map_err(|e| format!("{file}: {e}"))?;
        left.changes.extend(inexpressible.into_iter().map(|number| (number, Outcome::Left)));
        written.insert(file, rewritten);
    }
    copy.write_core(&written.iter().map(|(file, rewritten)| (*file, rewritten.text.clone())).collect())?;
    Ok(written)
}

/// Leaves out the changes that the errors are about.
fn leave_out(
    errors: &[Diagnostic],
    written: &BTreeMap<&str, Rewritten>,
    changes: &[Change],
    left: &mut LeftOut,
) -> Result {
    let mut progress = false;
    for error in errors {
        let constant = error.code.as_ref().is_some_and(|code| code.code == NOT_CONSTANT);
        let about: Vec<usize> = error.spans.iter().filter_map(|span| change_at(span, written)).collect();
        for number in &about {
            let change = changes.iter().find(|change| change.number == *number);
            let unviable = !constant && change.is_some_and(Change::is_a_return);
            left.changes.insert(*number, if unviable { Outcome::Unviable } else { Outcome::Left });
        }
        if constant && about.is_empty() {
            left.constant.extend(called(&error.message));
        }
        progress |= constant || !about.is_empty();
    }
    match errors.first() {
        Some(error) if !progress => Err(format!("not due to a change: {}", error.message)),
        _ => Ok(()),
    }
}

/// The change that a place in an error belongs to: the smallest addition around it, else the
/// smallest changed place.
fn change_at(span: &Place, written: &BTreeMap<&str, Rewritten>) -> Option<usize> {
    let file = written.get(span.file_name.as_str())?;
    let around = |places: &[(usize, Range<usize>)]| {
        let around = places.iter().filter(|(_, place)| place.start <= span.byte_start && span.byte_end <= place.end);
        around.min_by_key(|(_, place)| place.len()).map(|(number, _)| *number)
    };
    around(&file.added).or_else(|| span.is_primary.then(|| around(&file.about)).flatten())
}

/// The name in "cannot call non-const function `place::name` in constants".
fn called(message: &str) -> Option<String> {
    let path = message.split('`').nth(1)?;
    path.rsplit("::").next().map(str::to_owned)
}

/// What rustc says of the core.
fn errors(copy: &Copy) -> Result<Vec<Diagnostic>> {
    let messages = cargo(copy, "check -p spanlight --lib")?;
    Ok(messages
        .into_iter()
        .filter_map(|message| message.message)
        .filter(|m| m.level == "error")
        .filter(|m| !m.spans.is_empty())
        .collect())
}

fn test_program(
    copy: &Copy,
    name: &'static str,
    what: &str,
    folder: &str,
    without: &'static [&'static str],
) -> Result<Built> {
    println!("building {name}");
    let messages = cargo(copy, &format!("test --no-run -p {what}"))?;
    let program = messages.into_iter().rev().find_map(|message| message.executable);
    let program = program.ok_or_else(|| format!("{name}: cargo built no test program in {}", copy.root.display()))?;
    Ok(Built { name, program, folder: copy.root.join(folder), without })
}

/// Optimized a little: building takes longer once, and tests run a thousand times.
fn cargo(copy: &Copy, arguments: &str) -> Result<Vec<Message>> {
    let mut command = Command::new("cargo");
    command.current_dir(&copy.root).args(arguments.split_whitespace()).arg("--message-format=json");
    command.env("CARGO_TARGET_DIR", copy.root.with_file_name("build"));
    command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env("CARGO_PROFILE_DEV_DEBUG", "0");
    // What the cargo that started this program has set is about that program.
    command.env_remove("CARGO_MANIFEST_DIR");
    let output = command.stderr(std::process::Stdio::null()).output().map_err(|e| format!("cargo: {e}"))?;
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).map_err(|e| format!("cargo {arguments}: {e}"))).collect()
}

/// One line of cargo's.
#[derive(Deserialize)]
struct Message {
    message: Option<Diagnostic>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<Place>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Place {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}
