//! `spanlight demo`: a bridge that lives through the failures it was built for, or the shipped recordings of one.

mod finale;
mod live;
mod page;
mod recorded;

use crate::failure::Failure;
use crate::output::Output;
use std::path::PathBuf;

/// Run two chains, a bridge and four operators on this machine, break them, and audit what the bridge did.
///
/// The operators lose their network, are killed, and have their keys stolen, one key and then as many as decide. Every
/// transfer is then judged from the chains alone. Needs nothing: no network, no files. With --recorded, two real Kaia chains
/// are audited from shipped recordings instead.
///
/// The exit code is 0 when everything was as expected, else 1; 3 when its files cannot be written, 4 when its chains or
/// listeners cannot be started; 130 when an interrupt ends it before its audit.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON, one object a line: live, one for each case; then the audits of both directions, as `audit --json` does;
    /// with --keep, one with the addresses, and one for each transfer.
    #[arg(long)]
    pub(super) json: bool,
    /// Stay up after the audit until interrupted: chains, operators and the verification page, with a transfer every few
    /// seconds. The exit code is still the audit's.
    #[arg(long, conflicts_with = "recorded")]
    keep: bool,
    /// Audit the shipped recordings of two real chains instead: honest transfers, stuck ones, and two frauds.
    #[arg(long)]
    recorded: bool,
    /// Write the recordings, genesis files and trust file into this folder, to try the other commands on.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["json", "keep"])]
    files: Option<PathBuf>,
    /// Serve the recordings as two nodes, and the verification page ready to read them, until interrupted. With a folder,
    /// the page that is in it; with --keep, the page for the live chains.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, conflicts_with_all = ["json", "files"])]
    page: Option<Option<PathBuf>>,
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    match (&args.files, &args.page) {
        (Some(folder), _) => recorded::write_files(folder),
        (None, Some(folder)) if !args.keep => page::run(folder.as_deref()),
        _ if args.recorded => recorded::run(args.json),
        (None, page) => {
            let after = if args.keep { live::After::Keep(page.clone()) } else { live::After::End };
            live::run(args.json, after)
        }
    }
}
