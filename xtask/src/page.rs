//! The verification page: its types, its unit tests, its build and its weight. What it does in a browser is a suite of its own.

use crate::npm::within;
use crate::shell::{self, counted, root};
use crate::tally::Tally;

/// The page is built on the npm package, as that was built last.
pub fn run() -> shell::Result<Tally> {
    for folder in ["www/package", "www/page"] {
        if !root().join(folder).join("node_modules").exists() {
            shell::run(&mut within(folder, "npm", "ci --ignore-scripts"))?;
        }
    }
    if !root().join("www/package/dist").exists() {
        shell::run(&mut within("www/package", "node", "build.mjs"))?;
    }
    counted(&mut within("www/page", "node", "test.mjs"))
}
