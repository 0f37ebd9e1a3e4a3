//! The rules of one chain, chosen by the verifying party: never read from a proof.
//!
//! A [`ChainProfile`] says which forks are active at which height, how many seals make a quorum, which vote rules hold and
//! what the governance parameters were before any header changed them. Source: chain.md 1.1, 1.7, 2.5, 6.

use crate::consensus::parameters::Parameters;
use crate::primitives::Hash;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// A protocol upgrade that changes what a light client checks (chain.md 6.1), in the order in which
/// those that are set activate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Fork {
    Istanbul,
    London,
    EthTxType,
    Magma,
    Kore,
    Shanghai,
    Cancun,
    Randao,
    Kaia,
    Prague,
    Osaka,
}

impl Fork {
    /// All forks in activation order.
    pub const ALL: [Self; 11] = [
        Self::Istanbul,
        Self::London,
        Self::EthTxType,
        Self::Magma,
        Self::Kore,
        Self::Shanghai,
        Self::Cancun,
        Self::Randao,
        Self::Kaia,
        Self::Prague,
        Self::Osaka,
    ];
}

/// The block from which each fork is active; `None` means never.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ForkSchedule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub istanbul: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub london: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eth_tx_type: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magma: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kore: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shanghai: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancun: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub randao: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kaia: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prague: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub osaka: Option<u64>,
}

impl ForkSchedule {
    /// The block from which `fork` is active.
    #[must_use]
    pub const fn block_of(&self, fork: Fork) -> Option<u64> {
        match fork {
            Fork::Istanbul => self.istanbul,
            Fork::London => self.london,
            Fork::EthTxType => self.eth_tx_type,
            Fork::Magma => self.magma,
            Fork::Kore => self.kore,
            Fork::Shanghai => self.shanghai,
            Fork::Cancun => self.cancun,
            Fork::Randao => self.randao,
            Fork::Kaia => self.kaia,
            Fork::Prague => self.prague,
            Fork::Osaka => self.osaka,
        }
    }

    /// Whether `fork` is active for block `number`: set, and at or below it (chain.md 0).
    #[must_use]
    pub fn is_active(&self, fork: Fork, number: u64) -> bool {
        self.block_of(fork).is_some_and(|block| block <= number)
    }

    /// The first two forks whose heights fall along the fork order. Any fork may be left out
    /// between others: each rule follows its own fork's height alone (chain.md 6.1).
    #[must_use]
    pub fn out_of_order(&self) -> Option<(Fork, Fork)> {
        let mut previous: Option<(Fork, u64)> = None;
        for fork in Fork::ALL {
            let Some(block) = self.block_of(fork) else { continue };
            match previous {
                Some((earlier, before)) if block < before => return Some((earlier, fork)),
                _ => previous = Some((fork, block)),
            }
        }
        None
    }
}

/// Blob counts per block from Osaka (chain.md 1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobSchedule {
    /// Blobs above which the excess grows.
    pub target: u64,
    /// Most blobs in a block.
    pub max: u64,
}

impl Default for BlobSchedule {
    fn default() -> Self {
        Self { target: 1, max: 1 }
    }
}

/// How many committed seals make a block final (chain.md 1.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuorumPolicy {
    /// What producers gather: all below 4, else ceil(2m/3).
    #[default]
    Engine,
    /// What a node's header check accepts: more than 2F, F = ceil(m/3) - 1. One seal suffices for m of 2 or 3.
    Node,
    /// A fixed number of seals, at least one. Below the engine's rule it is for the verifying party to answer for.
    Custom(u32),
}

/// Which release's rules apply validator votes (chain.md 2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum VoteRules {
    /// Kaia v2.2.1: every address of the vote on its own; any proposer's vote counts.
    #[default]
    #[serde(rename = "v2")]
    V2,
    /// Klaytn 1.12 and before, governance modes "none" and "single".
    #[serde(rename = "legacy")]
    Legacy,
}

/// What the verifying party knows about demotion under the weighted-random policy (claims.md 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Qualified {
    /// Nobody is demoted, as on a private chain without staking.
    Council,
    /// At least so many council members are qualified.
    AtLeast(u32),
}

/// The rules of one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainProfile {
    /// The name used in commands and reports, for example `main`.
    pub name: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Block hash of block 0.
    pub genesis_hash: Hash,
    /// Forks by height.
    #[serde(default)]
    pub forks: ForkSchedule,
    /// Blob counts from Osaka.
    #[serde(default)]
    pub blobs: BlobSchedule,
    /// Parameters from the genesis file's chain config over the defaults: levels 1 and 2 of chain.md 2.5.
    pub parameters: Parameters,
    /// Seals that make a block final.
    #[serde(default)]
    pub quorum: QuorumPolicy,
    /// How validator votes apply.
    #[serde(default)]
    pub vote_rules: VoteRules,
    /// Needed where the proposer policy is weighted-random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualified: Option<Qualified>,
    /// Seconds by which the two chains' clocks may differ (claims.md 2, rule a').
    #[serde(default = "default_clock_skew")]
    pub clock_skew: u64,
}

pub(crate) const fn default_clock_skew() -> u64 {
    300
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_is_active_from_its_block_on() {
        let forks = ForkSchedule { istanbul: Some(0), london: Some(5), ..ForkSchedule::default() };
        assert!(!forks.is_active(Fork::London, 4));
        assert!(forks.is_active(Fork::London, 5));
        assert!(!forks.is_active(Fork::Magma, u64::MAX));
    }

    #[test]
    fn fork_order_allows_a_gap_and_no_fall() {
        let set = |istanbul, london, kaia| ForkSchedule { istanbul, london, kaia, ..ForkSchedule::default() };
        assert_eq!(set(Some(1), Some(1), None).out_of_order(), None);
        assert_eq!(set(None, Some(1), Some(7)).out_of_order(), None);
        assert_eq!(set(Some(2), Some(1), None).out_of_order(), Some((Fork::Istanbul, Fork::London)));
        assert_eq!(set(Some(2), None, Some(1)).out_of_order(), Some((Fork::Istanbul, Fork::Kaia)));
    }
}
