//! Programs whose clock is wrong.
//!
//! `faketime` (Debian's package of that name, which `tools/setup` installs) shifts the clock of a
//! whole process from outside. So the very program that is shipped is tested, on the way by which
//! it reads the time, and it needs no switch for tests.

use std::process::Command;

/// What a process is given whose clock is to be so many seconds ahead, or behind where that is
/// negative.
pub(crate) fn environment(seconds: i64) -> [(&'static str, String); 4] {
    // The library itself, since its program would stand between a test and the process that the
    // test ends.
    let asked = Command::new("faketime").args(["-m", "-f", "+0s", "printenv", "LD_PRELOAD"]).output();
    let library = asked.expect("faketime is installed by tools/setup").stdout;
    [
        ("LD_PRELOAD", String::from_utf8(library).unwrap().trim().to_owned()),
        ("FAKETIME", format!("{seconds:+}s")),
        // Only the time of day is wrong; how time passes is not.
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}
