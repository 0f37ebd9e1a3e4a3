//! Changes the core in one place after another, and tells which changes no test notices.
//! docs/mutants.md says how to read the result, and keeps dated ones.
//!
//! cargo-mutants says which changes there are. Its own runner builds the tests once for each of
//! them, which takes days here. This program writes one copy of the core with all changes in it,
//! each behind its number, and builds the tests once.

mod changes;
mod compile;
mod copy;
mod ordinary;
mod places;
mod results;
mod rewrite;
mod run;
mod suite;

use changes::Part;
use results::Results;
use std::path::Path;
use std::process::ExitCode;

/// What each step gives: something, or why it failed, for a person to read.
type Result<T = ()> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, results, part] = arguments.as_slice() else {
        eprintln!("spanlight-mutants <repository> <folder for results> switches|rules|core|missed");
        return ExitCode::from(2);
    };
    match mutants(Path::new(root), Path::new(results), part) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("mutants: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn mutants(root: &Path, folder: &Path, part: &str) -> Result {
    let part = Part::named(part)?;
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut results = Results::open(&folder.join("results.tsv"))?;
    let changes = changes::listed(root, part, &results)?;
    println!("{} changes", changes.len());

    let copied = copy::sources(root, &folder.join("copy"))?;
    results.begin(part, &copied.digest, &changes)?;
    let built = compile::all(&copied, &changes, &mut results)?;
    let suites = suite::reached(&built, &folder.join("reached"))?;
    run::each(&changes, &built, &suites, &mut results)?;
    ordinary::rest(root, folder, &changes, &mut results)?;
    results.summary(&changes);
    Ok(())
}
