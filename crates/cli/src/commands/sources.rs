//! What `prove` and `audit` read: a trust file, a direction, and an endpoint for each of the two chains.

use crate::endpoints::{self, Endpoint};
use crate::failure::Failure;
use crate::gather::{self, Pair};
use crate::trust_file;
use spanlight::trust::TrustError;
use spanlight::Trust;
use spanlight_prover::Replay;
use std::path::PathBuf;

/// Arguments that `prove` and `audit` share.
#[derive(Debug, clap::Args)]
pub(super) struct Sources {
    /// Your trust file (TOML or JSON): chains, checkpoints, bridge pair.
    #[arg(long, value_name = "FILE")]
    pub(super) trust: PathBuf,
    /// The chain on which the transfer was requested, by its name in the trust file.
    #[arg(long, value_name = "CHAIN")]
    pub(super) from: String,
    /// Where a chain's data come from, once for each chain: NAME=replay:FILE.
    #[arg(long, value_name = "NAME=replay:FILE", required = true)]
    pub(super) rpc: Vec<Endpoint>,
    /// Judge as of this time, in unix seconds [default: one second after the newest recorded block].
    #[arg(long, value_name = "SECONDS")]
    pub(super) now: Option<u64>,
}

/// The arguments, read.
pub(super) struct Opened {
    pub(super) trust: Trust,
    pub(super) from: String,
    pub(super) to: String,
    source: Replay,
    destination: Replay,
}

impl Opened {
    /// What is gathered from, as of `now`.
    pub(super) fn pair(&self, now: Option<u64>) -> Pair<'_> {
        Pair { trust: &self.trust, names: [&self.from, &self.to], nodes: [&self.source, &self.destination], now }
    }
}

impl Sources {
    /// Reads the trust file and opens both endpoints.
    pub(super) fn open(&self) -> Result<Opened, Failure> {
        let trust = trust_file::read(&self.trust)?;
        let (from, to) = direction(&trust, &self.from)?;
        endpoints::all_are_of(&self.rpc, &[&from, &to])?;
        let source = gather::open(endpoints::recording_of(&self.rpc, &from)?)?;
        let destination = gather::open(endpoints::recording_of(&self.rpc, &to)?)?;
        Ok(Opened { trust, from, to, source, destination })
    }
}

fn direction(trust: &Trust, from: &str) -> Result<(String, String), Failure> {
    trust_file::chain(trust, from)?;
    let ends = trust.ends_from(from).map_err(|e| {
        let hint = match e {
            TrustError::NoBridge => "add the two [[bridge.ends]] to the trust file",
            TrustError::Direction => "set `sends = true` at that end of the bridge in the trust file if you mean it",
            _ => "choose one of the two chains of the trust file's bridge",
        };
        Failure::usage(format!("--from {from}: {e}")).hint(hint)
    })?;
    Ok((ends.0.chain.clone(), ends.1.chain.clone()))
}
