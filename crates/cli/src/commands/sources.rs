//! What `prove` and `audit` read: a trust file, a direction, and endpoints of both chains.

use crate::endpoints::{self, Endpoint, Limits};
use crate::failure::Failure;
use crate::gather::Pair;
use crate::nodes::Nodes;
use crate::trust_file;
use spanlight::trust::TrustError;
use spanlight::Trust;
use std::path::{Path, PathBuf};

/// Arguments that `prove` and `audit` share.
#[derive(Debug, clap::Args)]
pub(super) struct Sources {
    /// Your trust file (TOML or JSON): chains, checkpoints, bridge pair.
    #[arg(long, value_name = "FILE")]
    pub(super) trust: PathBuf,
    /// The chain on which the transfer was requested, by its name in the trust file.
    #[arg(long, value_name = "CHAIN")]
    pub(super) from: String,
    /// Where a chain's data come from: NAME=URL of a node, or NAME=replay:FILE of a recording. Several for one chain are tried
    /// in order; none is believed.
    #[arg(long, value_name = "NAME=URL", required = true)]
    pub(super) rpc: Vec<Endpoint>,
    /// Judge as of this time, in unix seconds [default: now; with recordings only, one second after the newest block].
    #[arg(long, value_name = "SECONDS")]
    pub(super) now: Option<u64>,
    #[command(flatten)]
    limits: Limits,
}

/// The arguments, read.
pub(super) struct Opened {
    pub(super) trust: Trust,
    pub(super) from: String,
    pub(super) to: String,
    source: Nodes,
    destination: Nodes,
}

impl Opened {
    /// What is gathered from, as of `now`.
    pub(super) fn pair(&self, now: Option<u64>) -> Pair<'_> {
        Pair { trust: &self.trust, names: [&self.from, &self.to], nodes: [&self.source, &self.destination], now }
    }
}

impl Sources {
    /// Reads the trust file and opens the endpoints.
    pub(super) fn open(&self) -> Result<Opened, Failure> {
        let trust = trust_file::read(&self.trust)?;
        let (from, to) = direction(&trust, &self.trust, &self.from)?;
        endpoints::all_are_of(&self.rpc, &[&from, &to])?;
        let source = Nodes::open(&endpoints::of_chain(&self.rpc, &from)?, &self.limits)?;
        let destination = Nodes::open(&endpoints::of_chain(&self.rpc, &to)?, &self.limits)?;
        Ok(Opened { trust, from, to, source, destination })
    }
}

/// A file that pairs no bridges cannot be used for transfers, whatever is asked; else it is the
/// question that does not fit.
fn direction(trust: &Trust, file: &Path, from: &str) -> Result<(String, String), Failure> {
    trust_file::chain(trust, from)?;
    let ends = trust.ends_from(from).map_err(|e| match e {
        TrustError::NoBridge => trust_file::refused(file, &e, e.code()),
        TrustError::Direction => Failure::usage(format!("--from {from}: {e}"))
            .code(e.code())
            .hint("set `sends = true` at that end of the bridge in the trust file if you mean it"),
        _ => Failure::usage(format!("--from {from}: {e}"))
            .code(e.code())
            .hint("choose one of the two chains of the trust file's bridge"),
    })?;
    Ok((ends.0.chain.clone(), ends.1.chain.clone()))
}
