//! The contracts: the committed artifacts are those of a fresh compile, the fixtures those recorded, and the tests pass.

use crate::npm::within;
use crate::shell::{self, counted, program, root};
use crate::tally::Tally;
use std::process::Command;

const FOLDER: &str = "contracts";

/// The compiler and the test runner come from `tools/setup`.
pub fn run() -> shell::Result<Tally> {
    bring_tools()?;
    shell::run(&mut forge("fmt --check"))?;
    let mut tally = counted(&mut within(FOLDER, "node", "tools/artifacts.mjs --check"))?;
    tally += counted(&mut within(FOLDER, "node", "tools/generation-c.mjs --check"))?;
    tally += counted(&mut forge("test"))?;
    Ok(tally)
}

/// The same tests; those with random calls run 25 times as often.
pub fn soak() -> shell::Result<Tally> {
    bring_tools()?;
    counted(forge("test").env("FOUNDRY_PROFILE", "soak"))
}

fn bring_tools() -> shell::Result {
    if root().join(FOLDER).join("node_modules").exists() {
        return Ok(());
    }
    shell::run(&mut within(FOLDER, "npm", "ci --ignore-scripts"))
}

fn forge(arguments: &str) -> Command {
    let folder = root().join(FOLDER);
    let mut command = program(folder.join("tools/forge"), arguments);
    command.current_dir(folder);
    command
}
