//! `spanlight demo`: both directions of the shipped recordings, audited, and compared with what is known of them.

mod page;

use super::audit::AuditJson;
use crate::failure::Failure;
use crate::files;
use crate::gather::{self, Gathered, Pair};
use crate::nodes::Nodes;
use crate::nonces::Nonces;
use crate::output::Output;
use crate::progress::Bar;
use crate::show::style::{bold, toned, Tone};
use crate::show::{report, table, words};
use crate::trust_file::{self, Form};
use serde::Deserialize;
use spanlight::verdict::{State, TransferVerdict};
use spanlight::{Address, Trust};
use spanlight_prover::{Reach, VoteScan};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Audit the shipped recordings of two real chains and their bridge. Needs nothing: no network, no files.
///
/// The recordings hold honest transfers, stuck ones, and two frauds by corrupted operators. Every verdict is compared with
/// what is known to have happened; the exit code is 0 when all are as expected.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print two lines of JSON, one for each direction, as `audit --json` does.
    #[arg(long)]
    pub(super) json: bool,
    /// Do not audit: write the recordings, genesis files and trust file into this folder, to try the other commands on.
    #[arg(long, value_name = "FOLDER", conflicts_with = "json")]
    files: Option<PathBuf>,
    /// Do not audit: serve the recordings as two nodes, and the verification page ready to read them, until interrupted. With
    /// a folder, the page that is in it.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, conflicts_with_all = ["json", "files"])]
    page: Option<Option<PathBuf>>,
}

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/", $name)).as_slice()
    };
}

const MAIN: &[u8] = fixture!("main.rpc.jsonl.gz");
const SERVICE: &[u8] = fixture!("service.rpc.jsonl.gz");
const TRUST: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/trust.toml"));
const STORY: &[u8] = fixture!("transfers.json");

/// The files that `--files` writes.
const FILES: [(&str, &[u8]); 6] = [
    ("trust.toml", TRUST.as_bytes()),
    ("main.rpc.jsonl.gz", MAIN),
    ("service.rpc.jsonl.gz", SERVICE),
    ("main.genesis.json", fixture!("main.genesis.json")),
    ("service.genesis.json", fixture!("service.genesis.json")),
    ("transfers.json", STORY),
];

const INTRODUCTION: &str = "\
Two real chains, `main` and `service`, and the bridge between them were recorded.
The bridge executes what 2 of its operators agree on. This demo reads the
recordings as a stranger would read two nodes, believes none of it, and checks
every transfer from block 0 on: headers, seals of the validators, receipts, and
the bridge's storage on both chains.
";

const LEGEND: &[(&str, Tone, &str)] = &[
    ("HANDLED", Tone::Good, "executed exactly as requested, by as many operators' votes as needed"),
    ("STUCK", Tone::Open, "requested, not executed, and there is proof of why"),
    ("FRAUD", Tone::Bad, "executed although nobody requested it; the culprits are the operators who voted for it"),
    ("ATTEMPTED", Tone::Bad, "an operator voted for a transfer that nobody requested; it was not executed"),
];

const NEXT: [(&str, &str); 5] = [
    ("spanlight demo --page", "see the same in a browser"),
    ("spanlight demo --files try", "write the recordings and a trust file into the folder `try`"),
    ("spanlight prove --help", "make a proof of one transfer that anybody can check offline"),
    ("spanlight verify --help", "check such a proof"),
    ("spanlight profile --help", "start the trust file of your own chain from its genesis file"),
];

#[derive(Deserialize)]
struct Story {
    transfers: Vec<Expected>,
}

/// What is known of one recorded transfer.
#[derive(Deserialize)]
struct Expected {
    from: String,
    to: String,
    nonce: u64,
    expected: String,
    reason: Option<String>,
    #[serde(default)]
    culprits: Vec<Address>,
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    if let Some(folder) = &args.files {
        return write_files(folder);
    }
    if let Some(folder) = &args.page {
        return page::run(folder.as_deref());
    }
    let trust = trust_file::parse(TRUST, Form::Toml, "trust.toml")?;
    let story: Story =
        serde_json::from_slice(STORY).map_err(|e| Failure::unreadable(format!("transfers.json: {e}")))?;
    let main = Nodes::recorded(gather::replay(MAIN, "main.rpc.jsonl.gz")?, "main.rpc.jsonl.gz");
    let service = Nodes::recorded(gather::replay(SERVICE, "service.rpc.jsonl.gz")?, "service.rpc.jsonl.gz");
    let forth = audit_direction(&trust, &story, ["main", "service"], [&main, &service])?;
    let back = audit_direction(&trust, &story, ["service", "main"], [&service, &main])?;
    let surprises = surprises(&story, [&forth, &back]);
    let exit = u8::from(!surprises.is_empty());
    if args.json {
        let mut lines = Output::json(&AuditJson::new(&forth), exit)?;
        lines.text.push_str(&Output::json(&AuditJson::new(&back), exit)?.text);
        return Ok(lines);
    }
    let mut out = format!("{INTRODUCTION}\n");
    for audited in [&forth, &back] {
        append_direction(&mut out, audited);
    }
    append_legend(&mut out);
    append_summary(&mut out, [&forth, &back], &surprises);
    Ok(Output { text: out, exit })
}

/// Audits the nonces that were requested. Votes for others are found by the scan: nobody tells where to look.
fn audit_direction(trust: &Trust, story: &Story, names: [&str; 2], nodes: [&Nodes; 2]) -> Result<Gathered, Failure> {
    let [from, _] = names;
    let nonces = story.transfers.iter().filter(|transfer| transfer.from == from).map(|transfer| transfer.nonce);
    let nonces = first_run(nonces).ok_or_else(|| Failure::unreadable("transfers.json: no transfer"))?;
    gather::audit(&Pair { trust, names, nodes, now: None }, nonces, VoteScan::Full, Reach::Found, &Bar::new())
}

/// The first nonces, as long as each follows the one before.
fn first_run(mut nonces: impl Iterator<Item = u64>) -> Option<Nonces> {
    let first = nonces.next()?;
    let last =
        nonces.try_fold(first, |last, nonce| if last.checked_add(1) == Some(nonce) { Ok(nonce) } else { Err(last) });
    Some(Nonces { first, last: last.unwrap_or_else(|last| last) })
}

/// Verdicts that differ from what is known, in words.
fn surprises(story: &Story, audits: [&Gathered; 2]) -> Vec<String> {
    let verdicts: Vec<&TransferVerdict> = audits.iter().flat_map(|audited| &audited.report.transfers).collect();
    let mut surprises: Vec<String> = Vec::new();
    for expected in &story.transfers {
        let found =
            verdicts.iter().find(|v| v.from == expected.from && v.to == expected.to && v.nonce == expected.nonce);
        let place = format!("{} to {}, request {}", expected.from, expected.to, expected.nonce);
        match found {
            None => surprises.push(format!("{place}: no verdict")),
            Some(found) if !is_as_expected(expected, found) => {
                let (label, sentence) = (words::label(&found.verdict), words::sentence(found));
                surprises.push(format!("{place}: expected {}, got {label}: {sentence}", expected.expected));
            }
            Some(_) => {}
        }
    }
    if verdicts.len() != story.transfers.len() {
        surprises.push(format!("{} verdicts for {} transfers", verdicts.len(), story.transfers.len()));
    }
    surprises
}

fn is_as_expected(expected: &Expected, found: &TransferVerdict) -> bool {
    found.verdict.state().is_some_and(|state| {
        let mut culprits = expected.culprits.clone();
        culprits.sort_unstable();
        state.name() == expected.expected
            && state.culprits() == culprits
            && expected.reason.as_deref().is_none_or(|reason| state.reason() == Some(reason))
    })
}

fn append_direction(out: &mut String, audited: &Gathered) {
    let Some(first) = audited.report.transfers.first() else { return };
    let _ = writeln!(out, "{}", bold(&format!("{} to {}", first.from, first.to)));
    table::append(out, &audited.report.transfers);
    if let Some(complete) = &audited.report.complete {
        report::append_completeness(out, complete);
    }
    out.push('\n');
}

fn append_legend(out: &mut String) {
    let _ = writeln!(out, "{}", bold("What the states mean"));
    for (state, tone, meaning) in LEGEND {
        let _ = writeln!(out, "  {}  {meaning}", toned(*tone, &format!("{state:<9}")));
    }
    out.push('\n');
}

fn append_summary(out: &mut String, audits: [&Gathered; 2], surprises: &[String]) {
    let verdicts: Vec<&TransferVerdict> = audits.iter().flat_map(|audited| &audited.report.transfers).collect();
    let mut counts: Vec<(String, usize)> = Vec::new();
    for label in verdicts.iter().map(|verdict| words::label(&verdict.verdict).to_lowercase()) {
        match counts.iter_mut().find(|(counted, _)| *counted == label) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counts.push((label, 1)),
        }
    }
    let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let _ = writeln!(out, "{}\n  {} transfers: {}", bold("Summary"), verdicts.len(), counts.join(", "));
    for verdict in verdicts.iter().filter(|verdict| !verdict.verdict.is_clean()) {
        append_special(out, verdict);
    }
    if surprises.is_empty() {
        let all = toned(Tone::Good, &format!("All {} verdicts are as expected", verdicts.len()));
        let _ = writeln!(out, "  {all}: nobody had to be believed to find the frauds.");
    } else {
        for surprise in surprises {
            let _ = writeln!(out, "  {} {surprise}", toned(Tone::Bad, "NOT AS EXPECTED"));
        }
    }
    let _ = writeln!(out, "\n{}", bold("What to try next"));
    for (command, purpose) in NEXT {
        let _ = writeln!(out, "  {command:<27} {purpose}");
    }
}

/// One transfer that was not simply handled, with everybody to blame in full.
fn append_special(out: &mut String, verdict: &TransferVerdict) {
    let label = toned(words::tone(&verdict.verdict), &words::label(&verdict.verdict));
    let _ = writeln!(out, "  {label}  {} to {}, request {}", verdict.from, verdict.to, verdict.nonce);
    let _ = writeln!(out, "    {}", words::sentence(verdict));
    for culprit in verdict.verdict.state().map(State::culprits).unwrap_or_default() {
        let _ = writeln!(out, "    by operator {culprit}");
    }
}

fn write_files(folder: &Path) -> Result<Output, Failure> {
    std::fs::create_dir_all(folder).map_err(|e| {
        Failure::unreadable(format!("{}: cannot be made: {e}", folder.display())).hint("choose another folder")
    })?;
    let mut text = String::new();
    for (name, bytes) in FILES {
        let path = folder.join(name);
        files::write(&path, bytes)?;
        let _ = writeln!(text, "wrote {}", path.display());
    }
    let at = folder.display();
    let (main, service) = (format!("replay:{at}/main.rpc.jsonl.gz"), format!("replay:{at}/service.rpc.jsonl.gz"));
    let _ = writeln!(text, "\nFollow a chain, prove the fraud of request 20, and look at the proof:");
    let _ = writeln!(text, "  spanlight sync --trust {at}/trust.toml --chain main --rpc {main}");
    let _ = writeln!(text, "  spanlight prove --trust {at}/trust.toml --from main --nonce 20 --out 20.spl \\");
    let _ = writeln!(text, "    --rpc main={main} --rpc service={service}");
    let _ = writeln!(text, "  spanlight verify 20.spl --trust {at}/trust.toml");
    let _ = writeln!(text, "  spanlight inspect 20.spl");
    Ok(Output::done(text))
}
