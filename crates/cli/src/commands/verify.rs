//! `spanlight verify`: the verdicts on a bundle, offline.

use crate::failure::Failure;
use crate::output::Output;
use crate::show::lines::named;
use crate::show::report::{self, Brought};
use crate::show::transfer::Checks;
use crate::show::{trust, uncovered, words};
use crate::{bundle_file, clock, gather, trust_file};
use spanlight::bundle::{BundleSummary, SAME_START};
use spanlight::report::ReportJson;
use spanlight::verdict::{NotReached, Verdict};
use spanlight::verify::Report;
use spanlight::{ProofBundle, Trust};
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
            fields.insert("help".to_owned(), another_trust(&bundle, &trust).into());
        }
        return Output::json(&uncovered::with_next_steps(value), spanlight::report::worst_exit_code(codes));
    }
    let names: Vec<&str> = bundle.chains.iter().map(|chain| chain.chain.as_str()).collect();
    let mut text = String::new();
    report::append(&mut text, &found, if args.verbose { Checks::Listed } else { Checks::Counted });
    named(&mut text, "trusted", &trust::sentence(&trust, &names, now));
    if fits_not {
        named(&mut text, "help", &another_trust(&bundle, &trust));
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

/// What to compare, with the chains by name.
fn another_trust(bundle: &ProofBundle, trust: &Trust) -> String {
    let summary = BundleSummary::new(bundle, Some(trust));
    let differs = summary.chains.iter().filter(|chain| chain.start_is != Some(SAME_START));
    let differs: Vec<String> = differs
        .map(|chain| {
            let its =
                trust.chain(&chain.chain).map(|own| format!(", and your trust file's is {}", own.checkpoint.hash));
            let start = chain.start.map_or_else(|| "not readable".to_owned(), |hash| hash.to_string());
            let its = its.unwrap_or_else(|_| ", and your trust file has no chain of this name".to_owned());
            format!("the start of `{}` in the bundle is {start}{its}", chain.chain)
        })
        .collect();
    if !differs.is_empty() {
        return format!("{}: {}", words::ANOTHER_TRUST, differs.join("; "));
    }
    let ends = trust.bridge.iter().flat_map(|pair| &pair.ends);
    let ends: Vec<String> = ends.map(|end| format!("{} on `{}`", end.address, end.chain)).collect();
    format!(
        "{}: both start at the same blocks, and your trust file means the bridges {}",
        words::ANOTHER_TRUST,
        ends.join(" and ")
    )
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
