//! Running the real binary.

use serde_json::Value;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// What one call gave.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The standard output as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            // A process ended by a signal, as by a panic that aborts, has no code.
            code: output.status.code().expect("an exit code"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// The binary, run in an empty folder, with colours off.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanlight"));
    command
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Runs the binary; no input may make it panic.
pub fn run(arguments: &[&str]) -> Ran {
    let ran = Ran::from(command().args(arguments).output().expect("the binary runs"));
    assert!(!ran.stderr.contains("panicked"), "{arguments:?}: {}", ran.stderr);
    ran
}

/// The signals that ask a process to end. A hang-up is none where whoever runs the tests has it ignored, as `nohup` does: a
/// process inherits that.
#[cfg(unix)]
pub fn ending_signals() -> Vec<&'static str> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    // Where the system does not show it, a hang-up counts only on a terminal.
    if ignored & 1 == 0 && cfg!(target_os = "linux") {
        vec!["INT", "TERM", "HUP"]
    } else {
        vec!["INT", "TERM"]
    }
}

/// A file of the recordings.
pub fn fixture(name: &str) -> String {
    format!("{}/../../tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A place for a file of one test.
pub fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Writes a file for one test.
pub fn write(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = scratch(name);
    std::fs::write(&path, bytes).expect("the file is written");
    path.display().to_string()
}

/// A place where nobody listens.
pub fn nobody() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}
