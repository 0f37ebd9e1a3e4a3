//! The chores of the project, as one program: `cargo xtask <command>`.
//!
//! To add a command, add one file beside this one and one arm to [`run`].

mod bench;
mod contracts;
mod lint;
mod npm;
mod page;
mod shell;
mod soak;
mod tally;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  lint    formatting, clippy, documentation, texts of all files, dependencies of the core
  test    all suites, one after the other; the last line is the count
  ci      lint, then test; the last line is the count
  bench   the tables of docs/performance.md
  soak    what is too long for every change: each byte of each forged bundle, 100,000 signatures,
          random calls of the contracts
  help    this text
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_else(|| "help".into());
    if let Some(extra) = arguments.next() {
        eprintln!("xtask: {command} takes no argument, got {extra}");
        return ExitCode::from(2);
    }
    match run(&command) {
        Ok(code) => code,
        Err(reason) => {
            eprintln!("xtask {command}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str) -> shell::Result<ExitCode> {
    match command {
        "lint" => lint::run().map(|()| ExitCode::SUCCESS),
        "test" => Ok(test::run().report()),
        "ci" => Ok(ci()),
        "bench" => bench::run().map(|()| ExitCode::SUCCESS),
        "soak" => Ok(soak::run().report()),
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
