//! `spanlight prove`: gather the proof of some transfers into one bundle.

use super::Sources;
use crate::failure::Failure;
use crate::files;
use crate::gather::{self, Gathered};
use crate::nonces::Nonces;
use crate::output::Output;
use crate::progress::Bar;
use crate::show::report::{self, Brought};
use crate::show::style::dim;
use crate::show::transfer::Checks;
use crate::show::uncovered;
use serde_json::json;
use spanlight::report::ReportJson;
use spanlight::Hash;
use spanlight_prover::{HeaderPlan, Subject};
use std::fmt::Write;
use std::path::PathBuf;

/// Gather the proof of transfers into one bundle that anybody can verify offline.
///
/// The bundle is verified before it is written, and the verdict is shown; the exit code is the
/// verdict's, as with `verify`, but 4 where the endpoints served something false.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(super) struct Args {
    #[command(flatten)]
    sources: Sources,
    /// One transfer, by its request nonce.
    #[arg(long, value_name = "N", group = "what")]
    nonce: Option<u64>,
    /// Several transfers, by their request nonces, both ends included: 0..20.
    #[arg(long, value_name = "A..B", group = "what")]
    nonces: Option<Nonces>,
    /// One transfer, by the transaction that requested or executed it.
    #[arg(long, value_name = "HASH", group = "what")]
    tx: Option<Hash>,
    /// Which headers go into the bundle.
    #[arg(long, value_enum, default_value_t = Headers::Sparse)]
    headers: Headers,
    /// Write the bundle to this file (a name ending in .json gets the JSON form).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one line of JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// List every check with its inputs, and where docs/spec has its rule.
    #[arg(long, short)]
    verbose: bool,
}

/// Which headers a bundle carries.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Headers {
    /// All since the checkpoint, seals only where they carry weight.
    Sparse,
    /// All since the checkpoint, with all seals.
    Full,
    /// Only those near the transfer; your trust file must allow jumps.
    Jump,
}

impl From<Headers> for HeaderPlan {
    fn from(headers: Headers) -> Self {
        match headers {
            Headers::Sparse => Self::Sparse,
            Headers::Full => Self::Full,
            Headers::Jump => Self::Jump,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let opened = args.sources.open()?;
    let subject = args.subject()?;
    let proven = gather::prove(&opened.pair(args.sources.now), subject, args.headers.into(), &Bar::new())?;
    let bytes = args.encoded(&proven)?;
    if let Some(path) = &args.out {
        files::write(path, &bytes)?;
    }
    let codes = report::exit_codes(&proven.report, Brought::ByEndpoints);
    if args.json {
        let value = serde_json::to_value(ReportJson::new(&proven.report)).unwrap_or_default();
        let mut value = uncovered::with_next_steps(value);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("bundle".into(), json!({ "file": args.out, "bytes": bytes.len() }));
            fields.insert("now".into(), json!(proven.now));
            fields.insert("notes".into(), json!(proven.notes));
        }
        return Output::json(&value, spanlight::report::worst_exit_code(codes));
    }
    let mut out = String::new();
    report::append(&mut out, &proven.report, if args.verbose { Checks::Listed } else { Checks::Counted });
    args.append_bundle(&mut out, bytes.len());
    Ok(Output::with_exit(out, codes))
}

impl Args {
    fn subject(&self) -> Result<Subject, Failure> {
        match (self.nonce, self.nonces, self.tx) {
            (Some(nonce), ..) => Ok(Subject::Nonce(nonce)),
            (_, Some(Nonces { first, last }), _) => Ok(Subject::Range(first, last)),
            (.., Some(hash)) => Ok(Subject::Transaction(hash)),
            (None, None, None) => Err(Failure::usage("give --nonce N, --nonces A..B or --tx HASH")),
        }
    }

    fn encoded(&self, proven: &Gathered) -> Result<Vec<u8>, Failure> {
        let is_json = self.out.as_ref().and_then(|path| path.extension()).is_some_and(|ending| ending == "json");
        if !is_json {
            return Ok(proven.bundle.encode());
        }
        let text = proven.bundle.to_json().map_err(|e| Failure::unreadable(format!("cannot write JSON: {e}")))?;
        Ok(text.into_bytes())
    }

    /// Where the bundle is, and the very command that verifies it.
    fn append_bundle(&self, out: &mut String, size: usize) {
        let name = dim("  bundle   ");
        let Some(path) = &self.out else {
            let _ = writeln!(out, "{name} {size} bytes, not written; --out FILE writes it");
            return;
        };
        let (file, trust) = (path.display(), self.sources.trust.display());
        let _ = writeln!(out, "{name} {file}, {size} bytes; anybody with your trust file can check it:");
        // A time that this prover's clock chose is not for others to take over: much of what they
        // believe rests on theirs.
        let now = self.sources.now.map(|now| format!(" --now {now}")).unwrap_or_default();
        let _ = writeln!(out, "            spanlight verify {file} --trust {trust}{now}");
    }
}
