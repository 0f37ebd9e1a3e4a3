//! The verification page: its types, its unit tests, its build and its weight. What it does in a browser is a suite of its own.

use crate::npm::{installed, within};
use crate::shell::{self, cargo, counted, program, root, target_dir};
use crate::tally::Tally;

/// The page is built on the npm package, as that was built last.
pub fn run() -> shell::Result<Tally> {
    prepare()?;
    counted(&mut within("www/page", "node", "test.mjs"))
}

/// Builds the page where it was never built: a program with the feature `page` does not compile without it.
pub fn built() -> shell::Result {
    if root().join("www/page/dist/index.html").exists() {
        return Ok(());
    }
    prepare()?;
    shell::run(&mut within("www/page", "node", "build.mjs"))
}

/// What the page is built from.
fn prepare() -> shell::Result {
    for folder in ["www/package", "www/page"] {
        installed(folder)?;
    }
    if !root().join("www/package/dist").exists() {
        shell::run(&mut within("www/package", "node", "build.mjs"))?;
    }
    Ok(())
}

/// The page in Chromium, by a program that has it inside, on recorded and forged chains. [`run`] has built the page.
pub fn in_browser() -> shell::Result<Tally> {
    installed("tests/page")?;
    built()?;
    shell::run(&mut cargo("build --quiet -p spanlight-cli --features page"))?;
    shell::run(&mut cargo("build --quiet -p spanlight-forge --example busy"))?;
    let built = target_dir()?.join("debug");
    let mut tests = program("node", "tests/page/run.mjs");
    counted(tests.arg(built.join("spanlight")).arg("www/page/dist").arg(built.join("examples/busy")))
}
