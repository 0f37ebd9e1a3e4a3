//! The npm package: built, documented, packed, and run under every runtime and bundler that it is made for.

use crate::shell::{self, cargo, counted, program, root, target_dir};
use crate::tally::Tally;
use std::process::Command;

/// Builds the package, which checks its types; writes its documentation; then installs what was packed into empty folders.
/// The tools come from `tools/setup`.
pub fn run() -> shell::Result<Tally> {
    for folder in ["www/package", "packaging_tests", "examples"] {
        installed(folder)?;
    }
    shell::run(&mut within("www/package", "node", "build.mjs"))?;
    shell::run(&mut within("www/package", "node", "node_modules/typedoc/bin/typedoc --logLevel Warn"))?;
    shell::run(&mut cargo("build --quiet -p spanlight-cli"))?;
    let mut tally = counted(program("node", "packaging_tests/run.mjs").arg(target_dir()?.join("debug/spanlight")))?;
    // The documentation without a warning.
    tally += Tally::PASSED;
    Ok(tally)
}

/// Installs the npm packages of a folder, unless those of its lock file are there: a stamp beside
/// them is a copy of it, as `tools/setup` leaves it.
pub(crate) fn installed(folder: &str) -> shell::Result {
    let lock = std::fs::read(root().join(folder).join("package-lock.json")).map_err(|e| format!("{folder}: {e}"))?;
    let stamp = root().join(folder).join("node_modules/.installed");
    if std::fs::read(&stamp).is_ok_and(|from| from == lock) {
        return Ok(());
    }
    shell::run(&mut within(folder, "npm", "ci --ignore-scripts"))?;
    std::fs::write(stamp, lock).map_err(|e| format!("{folder}: {e}"))
}

/// A program run in a folder of the project.
pub(crate) fn within(folder: &str, name: &str, arguments: &str) -> Command {
    let mut command = program(name, arguments);
    command.current_dir(root().join(folder));
    command
}
