//! The chores of the project, as one program: `cargo xtask <command>`.
//!
//! To add a command, add one file beside this one and one arm to [`run`].

mod bench;
mod contracts;
mod lint;
mod load;
mod mutants;
mod npm;
mod page;
mod plot;
mod shell;
mod soak;
mod tally;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  lint    formatting, clippy, documentation, texts and citations of all files, dependencies of the core
  test    all suites, one after the other; the last line is the count
  ci      lint, then test; the last line is the count
  bench   the tables of docs/performance.md
  soak    what is too long for every change; one part of it: soak operators, soak bytes (each byte of each forged
          bundle), soak curves (100,000 signatures), soak contracts (random calls)
  load    operators under load, drawn into docs/performance; load rates (the default), load memory (an hour; so many
          seconds as SPANLIGHT_LOAD_SECONDS says), load plots (draws the last figures again)
  mutants changes the core in one place after another and tells what no test notices: mutants rules (the default: every
          place of consensus, header rules and verdicts), mutants switches (each rule switched off), mutants core,
          mutants missed (what the run before did not notice)
  help    this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words = arguments.iter().map(String::as_str);
    let command = words.next().unwrap_or("help");
    let part = words.next();
    if let Err(reason) = takes(command, part, words.next()) {
        eprintln!("xtask: {reason}");
        return ExitCode::from(2);
    }
    match run(command, part) {
        Ok(code) => code,
        Err(reason) => {
            eprintln!("xtask {command}: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Whether a command takes these words.
fn takes(command: &str, part: Option<&str>, extra: Option<&str>) -> shell::Result {
    let parts: &[&str] = match command {
        "soak" => &soak::PARTS,
        "load" => &load::PARTS,
        "mutants" => &mutants::PARTS,
        _ => &[],
    };
    match (part, extra) {
        (None, None) => Ok(()),
        (Some(part), None) if parts.contains(&part) => Ok(()),
        (Some(part), _) if parts.is_empty() => Err(format!("{command} takes no argument, got {part}")),
        _ => Err(format!("{command} takes one part of it at most: {}", parts.join(", "))),
    }
}

fn run(command: &str, part: Option<&str>) -> shell::Result<ExitCode> {
    match command {
        "lint" => lint::run().map(|()| ExitCode::SUCCESS),
        "test" => Ok(test::run().report()),
        "ci" => Ok(ci()),
        "bench" => bench::run().map(|()| ExitCode::SUCCESS),
        "soak" => Ok(soak::run(part).report()),
        "load" => Ok(load::run(part.unwrap_or("rates"))?.report()),
        "mutants" => mutants::run(part.unwrap_or("rules")).map(|()| ExitCode::SUCCESS),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(format!("no such command\n\n{HELP}")),
    }
}

/// Runs the tests also where a lint fails, so that one run tells everything; the failed lint then counts as one failure.
fn ci() -> ExitCode {
    let lint = lint::run();
    let mut tally = test::run();
    if let Err(reason) = lint {
        eprintln!("lint: {reason}");
        tally.failed += 1;
    }
    tally.report()
}

#[cfg(test)]
mod tests {
    use super::takes;

    #[test]
    fn a_part_is_one_of_those_that_the_command_has() {
        assert!(takes("soak", None, None).is_ok());
        assert!(takes("soak", Some("operators"), None).is_ok());
        assert!(takes("lint", None, None).is_ok());
        assert!(takes("lint", Some("operators"), None).is_err());
        assert!(takes("soak", Some("operators"), Some("bytes")).is_err());
        let listed = takes("soak", Some("operator"), None).unwrap_err();
        assert!(listed.ends_with("operators, chaos, quiet, faults, bytes, curves, contracts"), "{listed}");
    }
}
