//! What goes wrong on purpose, for tests of those who must notice.

use super::Chain;
use crate::error::DevnetError;
use serde::{Deserialize, Serialize};
use spanlight::header::UntrustedHeader;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Answers that a node keeps back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Withheld {
    /// Methods that fail, by their full names; `*` for all of them.
    pub methods: Vec<String>,
    /// Newest blocks that the node pretends not to have.
    pub newest_blocks: u64,
    /// Whether connections get no answer at all.
    pub silent: bool,
    /// Whether logs are left out of `getLogs`.
    pub logs: bool,
}

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// No block is made.
    pub stopped: bool,
    /// Keys of validators that do not work.
    pub idle: BTreeSet<u64>,
    /// What is kept back.
    pub withheld: Withheld,
    /// How long every answer takes.
    pub delay: Duration,
    /// Headers that are served in place of the chain's own.
    pub served: BTreeMap<u64, UntrustedHeader>,
}

impl Chain {
    /// Another header of the newest height, sealed by the same quorum: what validators sign who sign twice. The chain does
    /// not go on from it.
    ///
    /// # Errors
    /// Where the newest block is block 0, or no quorum is at work.
    pub fn equivocate(&self) -> Result<UntrustedHeader, DevnetError> {
        let head = self.head();
        if head.header.number() == 0 {
            return Err(DevnetError::Config("block 0 is sealed by nobody".into()));
        }
        let mut fields = head.header.clone().into_fields();
        fields.time_fos = fields.time_fos.saturating_add(1).min(99);
        fields.extra.vanity = [0x65; 32];
        let proposer = spanlight::consensus::seals::proposer_of(&head.header)?;
        let signers = spanlight::consensus::seals::report(&head.header, &head.council);
        let key = |address: &spanlight::Address| self.keys.get(address).copied();
        let committers: Vec<u64> = signers.iter().filter_map(|line| key(&line.address?)).collect();
        let proposer = key(&proposer).ok_or(DevnetError::NoQuorum { have: 0, need: 1 })?;
        spanlight_forge::chain::seal(&mut fields, proposer, &committers);
        let [.., round] = &mut fields.extra.vanity;
        *round = head.header.fields().round();
        Ok(UntrustedHeader::new(fields))
    }

    /// The newest header with only `seals` committed seals, served in its place from now on. The chain itself goes on from
    /// the whole one: seals lie outside the block hash.
    pub fn serve_under_sealed(&mut self, seals: usize) -> UntrustedHeader {
        let header = self.head().header.clone();
        let number = header.number();
        let mut fields = header.into_fields();
        fields.extra.committed_seals.truncate(seals);
        let header = UntrustedHeader::new(fields);
        self.faults.served.insert(number, header.clone());
        header
    }

    /// The header that is served for a height.
    #[must_use]
    pub fn served_header(&self, number: u64) -> Option<UntrustedHeader> {
        let own = || self.block(number).map(|block| block.header.clone());
        self.faults.served.get(&number).cloned().or_else(own)
    }
}
