//! `cargo xtask bench`: the tables of docs/performance.md.

use crate::shell::{self, cargo};

/// Prints them; whoever keeps the figures copies them with the date.
pub fn run() -> shell::Result {
    shell::run(&mut cargo("run --release --quiet -p spanlight-bench"))
}
