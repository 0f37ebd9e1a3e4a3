//! Programs whose clock is wrong.
//!
//! `faketime` (Debian's package of that name, which `tools/setup` installs) shifts the clock of a whole process from outside. So
//! the very program that is shipped is tested, on the way by which it reads the time, and it needs no switch for tests.

use std::process::Command;

/// The program, run with a clock that is so many seconds ahead, or behind where that is negative.
pub(crate) fn with_clock(program: &str, seconds: i64) -> Command {
    let mut command = Command::new("faketime");
    // Only the time of day is wrong; how time passes is not.
    command.env("DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command.args(["-m", "-f", &format!("{seconds:+}s"), program]);
    command
}
