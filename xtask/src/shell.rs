//! Starting other programs, always at the top of the repository.

use crate::tally::Tally;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a chore gives: nothing, or why it failed, for a person to read.
pub type Result<T = ()> = std::result::Result<T, String>;

/// The top of the repository. Cargo names the folder at each start; the one at build time is wrong once the repository was
/// moved together with what was built.
pub fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).join("..")
}

/// The folder that cargo builds into, however it was configured: this program was built there.
pub fn target_dir() -> Result<PathBuf> {
    let program = std::env::current_exe().map_err(|e| format!("own path: {e}"))?;
    let found = program.ancestors().nth(2).map(Path::to_path_buf);
    found.ok_or_else(|| format!("{} does not lie in a target folder", program.display()))
}

/// Prints what comes next, so that a long run shows where it is.
pub fn heading(text: &str) {
    println!("\n==> {text}");
}

/// A call of cargo, with the toolchain that built this program.
pub fn cargo(arguments: &str) -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// A call of any program; `arguments` are separated by spaces.
pub fn program(name: impl AsRef<OsStr>, arguments: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).args(arguments.split_whitespace()).stdin(Stdio::null());
    command
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Result {
    let status = command.status().map_err(|e| not_started(command, &e))?;
    status.success().then_some(()).ok_or_else(|| format!("{}: {status}", line_of(command)))
}

/// Runs a command that must succeed, and gives what it printed.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|e| not_started(command, &e))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{}: {}", line_of(command), output.status))
}

/// Runs a test program, shows what it prints and counts the tests in it. A program that fails counts as at least one
/// failure, also where it failed before its first test.
pub fn counted(command: &mut Command) -> Result<Tally> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| not_started(command, &e))?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|e| format!("{}: {e}", line_of(command)))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tally += Tally::of_line(&line).unwrap_or_default();
        }
    }
    let status = child.wait().map_err(|e| format!("{}: {e}", line_of(command)))?;
    if !status.success() {
        eprintln!("{}: {status}", line_of(command));
        tally.failed = tally.failed.max(1);
    }
    // What the next program writes to stderr must not overtake the lines above.
    std::io::stdout().flush().map_err(|e| format!("stdout: {e}"))?;
    Ok(tally)
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("{} does not start: {error}", line_of(command))
}

/// What a person would have typed: the program without its folder.
fn line_of(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
