//! `spanlight audit`: every transfer of a range, read from two endpoints and verified.

use super::Sources;
use crate::failure::Failure;
use crate::files;
use crate::gather::{self, Gathered};
use crate::nonces::Nonces;
use crate::output::Output;
use crate::progress::Bar;
use crate::show::lines::named;
use crate::show::report::{self, Brought};
use crate::show::style::bold;
use crate::show::transfer::Checks;
use crate::show::{trust, uncovered};
use serde::Serialize;
use serde_json::json;
use spanlight::report::ReportJson;
use spanlight_prover::{Reach, VoteScan};
use std::fmt::Write;
use std::path::PathBuf;

/// Audit a range of transfers: judge each, and say whether they are all.
///
/// Reads both chains from the endpoints, follows them from your trust file's checkpoints, and verifies everything; the
/// endpoints are not believed. The exit code is that of the worst verdict.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    sources: Sources,
    /// Request nonces, both ends included: 0..20, or one like 61.
    #[arg(long, value_name = "A..B")]
    nonces: Nonces,
    /// Whether to search for votes for transfers that nobody requested. What is found outside the range is named.
    #[arg(long, value_enum, default_value_t = Scan::Full)]
    vote_scan: Scan,
    /// Judge also what the search finds outside the range.
    #[arg(long)]
    beyond: bool,
    /// Also write the proof bundle of the whole range to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one line of JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// List every check with its inputs, and where docs/spec has its rule.
    #[arg(long, short)]
    verbose: bool,
}

/// Whether votes for what nobody requested are searched for: they leave no event.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Scan {
    /// Read every block of the destination since the checkpoint.
    Full,
    /// Do not search: only the nonces asked for are judged.
    None,
}

impl From<Scan> for VoteScan {
    fn from(scan: Scan) -> Self {
        match scan {
            Scan::Full => Self::Full,
            Scan::None => Self::None,
        }
    }
}

/// The JSON form of an audit.
#[derive(Serialize)]
pub(super) struct AuditJson<'a> {
    #[serde(flatten)]
    report: ReportJson<'a>,
    vote_scan: &'static str,
    /// Nonces outside the range that got votes without a request.
    beyond: &'a [u64],
    /// Nonces of which an endpoint refused evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unavailable: Vec<serde_json::Value>,
    /// What was found of endpoints and of the clock.
    notes: &'a [serde_json::Value],
}

impl<'a> AuditJson<'a> {
    pub(super) fn new(audited: &'a Gathered) -> Self {
        let mut report = ReportJson::new(&audited.report);
        report.complete = Some(report.complete.unwrap_or(false));
        report.complete_in_range = Some(report.complete_in_range.unwrap_or(false));
        let refused = audited.unavailable.iter();
        let unavailable =
            refused.map(|(nonce, error)| json!({ "nonce": nonce, "code": error.code(), "detail": error.to_string() }));
        Self {
            report,
            vote_scan: audited.vote_scan,
            beyond: &audited.beyond,
            unavailable: unavailable.collect(),
            notes: &audited.notes,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let opened = args.sources.open()?;
    let scan = args.vote_scan.into();
    let reach = if args.beyond { Reach::Found } else { Reach::Range };
    let audited = gather::audit(&opened.pair(args.sources.now), args.nonces, scan, reach, &Bar::new())?;
    let bundle = audited.bundle.encode();
    if let Some(path) = &args.out {
        files::write(path, &bundle)?;
    }
    let codes = report::audit_codes(&audited.report, Brought::ByEndpoints);
    if args.json {
        let value = serde_json::to_value(AuditJson::new(&audited)).unwrap_or_default();
        return Output::json(&uncovered::with_next_steps(value), spanlight::report::worst_exit_code(codes));
    }
    let mut out = String::new();
    append(&mut out, &audited, if args.verbose { Checks::Listed } else { Checks::Counted });
    let names = [opened.from.as_str(), opened.to.as_str()];
    named(&mut out, "trusted", &trust::sentence(&opened.trust, &names, audited.now));
    if let Some(path) = &args.out {
        named(&mut out, "bundle", &format!("{}, {} bytes", path.display(), bundle.len()));
    }
    Ok(Output::with_exit(out, codes))
}

fn append(out: &mut String, audited: &Gathered, checks: Checks) {
    if let Some(first) = audited.report.transfers.first() {
        let _ = writeln!(out, "{}", bold(&format!("Audit of {} to {}", first.from, first.to)));
    }
    report::append(out, &audited.report, checks);
    let scan = match audited.vote_scan {
        "full" => "every block of the destination was read for votes for transfers that nobody requested",
        _ => "votes for transfers that nobody requested were not searched for",
    };
    named(out, "scan", scan);
    let judged = |nonce: &&u64| audited.report.transfers.iter().any(|transfer| transfer.nonce == **nonce);
    let unseen: Vec<String> = audited.beyond.iter().filter(|nonce| !judged(nonce)).map(u64::to_string).collect();
    if !unseen.is_empty() {
        let words = format!("votes without a request also for {}; --beyond judges them too", unseen.join(", "));
        named(out, "outside", &words);
    }
    if let Some((nonce, error)) = audited.unavailable.first() {
        let count = audited.unavailable.len();
        named(out, "refused", &format!("evidence of {count} of them, first of {nonce}: {error}; try an archive node"));
    }
}
