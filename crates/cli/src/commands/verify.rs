//! `spanlight verify`: the verdicts on a bundle, offline.

use crate::failure::Failure;
use crate::output::Output;
use crate::show::lines::named;
use crate::show::report::{self, Brought};
use crate::show::transfer::Checks;
use crate::show::{trust, uncovered, words};
use crate::{bundle_file, clock, gather, trust_file};
use spanlight::report::ReportJson;
use spanlight::verdict::{NotReached, Verdict};
use spanlight::verify::Report;
use std::path::PathBuf;

/// Verify a proof bundle against your trust file. Needs no network.
///
/// Every header, seal, receipt and storage proof in the bundle is checked; who made the bundle does not matter.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bundle, binary or JSON; `-` reads the standard input.
    bundle: PathBuf,
    /// Your trust file (TOML or JSON): chains, checkpoints, bridge pair.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// Judge as of this time, in unix seconds [default: this machine's clock].
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
    /// Print one line of JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// List every check with its inputs, and where docs/spec has its rule.
    #[arg(long, short)]
    verbose: bool,
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let trust = trust_file::read(&args.trust)?;
    let bundle = bundle_file::read(&args.bundle)?.bundle;
    let now = args.now.unwrap_or_else(clock::now);
    let found = spanlight::verify(&bundle, &trust, now).map_err(|e| trust_file::refused(&args.trust, &e, e.code()))?;
    let codes = report::exit_codes(&found, Brought::ByBundle);
    let fits_not = report::verdicts(&found).any(words::may_be_of_another_trust);
    if args.json {
        let mut value = serde_json::to_value(ReportJson::new(&found)).unwrap_or_default();
        if let (true, Some(fields)) = (fits_not, value.as_object_mut()) {
            fields.insert("help".to_owned(), words::ANOTHER_TRUST.into());
        }
        return Output::json(&uncovered::with_next_steps(value), spanlight::report::worst_exit_code(codes));
    }
    let names: Vec<&str> = bundle.chains.iter().map(|chain| chain.chain.as_str()).collect();
    let mut text = String::new();
    report::append(&mut text, &found, if args.verbose { Checks::Listed } else { Checks::Counted });
    named(&mut text, "trusted", &trust::sentence(&trust, &names, now));
    if fits_not {
        named(&mut text, "help", words::ANOTHER_TRUST);
    }
    if args.now.is_none() && report::verdicts(&found).any(is_too_old) {
        let own = newest_time(&found).map_or("SECONDS".to_string(), |time| time.saturating_add(1).to_string());
        let hint = format!("--now {own} judges it as of its own time; for now it is older than your trust file allows");
        named(&mut text, "help", &hint);
    }
    if report::verdicts(&found).any(|verdict| matches!(verdict, Verdict::NotYetTrusted(NotReached::Clock { .. }))) {
        named(&mut text, "help", gather::CLOCK_HINT);
    }
    Ok(Output::with_exit(text, codes))
}

/// Whether only time stands in the way.
const fn is_too_old(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NotYetTrusted(NotReached::Stale { .. } | NotReached::TrustExpired { .. }))
}

/// The newest block time that the report refers to.
fn newest_time(report: &Report) -> Option<u64> {
    let headers = report.transfers.iter().flat_map(|transfer| [transfer.as_of.source, transfer.as_of.destination]);
    headers.flatten().map(|header| header.time).max()
}
