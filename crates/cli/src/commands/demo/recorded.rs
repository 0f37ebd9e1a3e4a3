//! `spanlight demo --recorded`: both directions of the shipped recordings, audited, and compared with what is known of them.

use super::finale::{Expected, Finale, Meaning, Next};
use crate::failure::Failure;
use crate::files;
use crate::gather::{self, Gathered, Pair};
use crate::nodes::Nodes;
use crate::nonces::Nonces;
use crate::output::Output;
use crate::progress::Bar;
use crate::show::style::Tone;
use crate::trust_file::{self, Form};
use serde::Deserialize;
use spanlight::Trust;
use spanlight_prover::{Reach, VoteScan};
use std::fmt::Write;
use std::path::Path;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/", $name)).as_slice()
    };
}

pub(super) const MAIN: &[u8] = fixture!("main.rpc.jsonl.gz");
pub(super) const SERVICE: &[u8] = fixture!("service.rpc.jsonl.gz");
pub(super) const TRUST: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/trust.toml"));
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

const LEGEND: &[Meaning] = &[
    ("HANDLED", Tone::Good, "executed exactly as requested, by as many operators' votes as needed"),
    ("STUCK", Tone::Open, "requested, not executed, and there is proof of why"),
    ("FRAUD", Tone::Bad, "executed although nobody requested it; the culprits are the operators who voted for it"),
    ("ATTEMPTED", Tone::Bad, "an operator voted for a transfer that nobody requested; it was not executed"),
];

const NEXT: [Next; 5] = [
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

pub(super) fn run(json: bool) -> Result<Output, Failure> {
    let trust = trust_file::parse(TRUST, Form::Toml, "trust.toml")?;
    let story: Story =
        serde_json::from_slice(STORY).map_err(|e| Failure::unreadable(format!("transfers.json: {e}")))?;
    let main = Nodes::recorded(gather::replay(MAIN, "main.rpc.jsonl.gz")?, "main.rpc.jsonl.gz");
    let service = Nodes::recorded(gather::replay(SERVICE, "service.rpc.jsonl.gz")?, "service.rpc.jsonl.gz");
    let forth = audit_direction(&trust, &story, ["main", "service"], [&main, &service])?;
    let back = audit_direction(&trust, &story, ["service", "main"], [&service, &main])?;
    let audits = [&forth, &back];
    let finale = Finale { audits, expected: &story.transfers, before: &[], legend: LEGEND, next: &NEXT };
    finale.output(json, INTRODUCTION)
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

pub(super) fn write_files(folder: &Path) -> Result<Output, Failure> {
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
