//! What the verifying party believes: both chains' rules and checkpoints, and which bridge is meant.
//!
//! Everything else is untrusted. Endpoints are never part of trust. Source: claims.md 4; the file's schema is in
//! docs/trust.md.

use crate::bridge::generation::Generation;
use crate::clock::Clock;
use crate::consensus::light_client::{check_trusting_period, Checkpoint, LightClient};
use crate::consensus::parameters::ParameterName;
use crate::consensus::{ConsensusError, VotesBy};
use crate::header::UntrustedHeader;
use crate::primitives::{Address, Hash};
use crate::profile::{ChainProfile, Fork, QuorumPolicy, VoteRules};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The only version of the trust file.
pub const TRUST_VERSION: u32 = 1;

/// One trust file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// [`TRUST_VERSION`].
    pub version: u32,
    /// The chains; names are unique.
    pub chains: Vec<TrustedChain>,
    /// The bridge pair, where transfers are to be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgePair>,
    /// Accounts whose anchoring transactions count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchoring: Option<Anchoring>,
}

/// What is believed of one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedChain {
    /// Seconds for which a verified header may be built upon. The chain has no unbonding, so this is a policy.
    pub trusting_period: u64,
    /// Seconds after which a head is too old for verdicts that hold only as of now.
    pub max_age: u64,
    /// Seconds after which a transfer without enough votes counts as stuck.
    pub patience: u64,
    /// Seconds by which a header may be ahead of this machine's clock.
    #[serde(default = "crate::clock::default_tolerance")]
    pub clock_tolerance: u64,
    /// Whether headers may be skipped (claims.md 5, `jump`).
    #[serde(default)]
    pub allow_jump: bool,
    /// Whose votes are followed (claims.md 5).
    #[serde(default)]
    pub votes: VotesBy,
    /// The chain's rules.
    pub profile: ChainProfile,
    /// The header from which the chain is followed, with the council and parameters for the block after it.
    pub checkpoint: Checkpoint,
}

impl TrustedChain {
    /// The clock that headers of this chain are compared with.
    #[must_use]
    pub const fn clock(&self, now: u64) -> Clock {
        Clock { now, tolerance: self.clock_tolerance }
    }

    /// A client at the checkpoint, whose header anybody may supply: its hash is trusted.
    ///
    /// # Errors
    /// Where the header is another one, or at `now` the checkpoint is older than the trusting period or ahead of the clock.
    pub fn light_client(&self, header: UntrustedHeader, now: u64) -> Result<LightClient, ConsensusError> {
        let client = LightClient::from_checkpoint(&self.profile, &self.checkpoint, header)?;
        self.clock(now).reaches(client.head().time())?;
        check_trusting_period(client.trusted_since(), now, self.trusting_period)?;
        Ok(client.accepting(self.votes))
    }

    /// Both name block 0, so one of them would be another chain's.
    fn checkpoint_at_0_is_the_genesis(&self) -> Result<(), TrustError> {
        if self.checkpoint.number == 0 && self.checkpoint.hash != self.profile.genesis_hash {
            return Err(TrustError::GenesisCheckpoint { chain: self.profile.name.as_str().into() });
        }
        Ok(())
    }

    /// The checkpoint's values of what no vote may change are those of the genesis file, which the
    /// profile holds. Where a governance contract is in force it may have changed all but the
    /// epoch; old rules let votes change more.
    fn checkpoint_keeps_what_no_vote_changes(&self) -> Result<(), TrustError> {
        let (profile, then) = (&self.profile, &self.checkpoint.parameters);
        let next = self.checkpoint.number.saturating_add(1);
        let by_contract = profile.forks.is_active(Fork::Kore, next) && !then.gov_param_contract.is_zero();
        let by_vote = profile.vote_rules == VoteRules::Legacy;
        let first = &profile.parameters;
        let same = [
            (ParameterName::Epoch, by_vote || first.epoch == then.epoch),
            (ParameterName::ProposerPolicy, by_contract || first.proposer_policy == then.proposer_policy),
            (ParameterName::GovernanceMode, by_contract || by_vote || first.governance_mode == then.governance_mode),
            (ParameterName::MinimumStake, by_contract || by_vote || first.minimum_stake == then.minimum_stake),
        ];
        match same.into_iter().find(|(_, agrees)| !agrees) {
            Some((parameter, _)) => {
                Err(TrustError::ImmutableDiffers { chain: self.profile.name.as_str().into(), parameter })
            }
            None => Ok(()),
        }
    }
}

/// Two bridge contracts that belong together. Nothing on chain ties a handle to its source: this does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgePair {
    /// Both ends.
    pub ends: [BridgeEnd; 2],
}

/// One bridge contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeEnd {
    /// Name of its chain.
    pub chain: String,
    /// Its address.
    pub address: Address,
    /// Whether it burns on request and mints on handle, rather than locks and releases.
    pub mint_burn: bool,
    /// Whether transfers from this end to the other are judged.
    #[serde(default = "yes")]
    pub sends: bool,
    /// Runtime code that is accepted, and which rules it follows.
    pub codes: Vec<AcceptedCode>,
}

const fn yes() -> bool {
    true
}

/// Runtime code that the verifying party accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedCode {
    /// keccak-256 of the runtime code, as in the account.
    pub hash: Hash,
    /// The generation whose rules it follows.
    pub generation: Generation,
}

/// Who may anchor which chain into which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchoring {
    /// Chain that carries the anchors.
    pub parent: String,
    /// Chain whose headers are anchored.
    pub child: String,
    /// Accounts that may anchor.
    pub accounts: Vec<Address>,
}

/// Why a trust file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The version is not [`TRUST_VERSION`].
    #[error("trust version {got}, this build reads {expected}")]
    Version {
        /// Read by this build.
        expected: u32,
        /// In the file.
        got: u32,
    },
    /// Two chains share a name.
    #[error("two chains have the same name")]
    DuplicateChain,
    /// A name refers to no chain of the file.
    #[error("the trust names no such chain")]
    UnknownChain,
    /// A fork of a profile is set to a lower block than one before it.
    #[error("profile.forks: {later:?} is set to a lower block than {earlier:?}, which comes before it")]
    ForkOrder {
        /// The earlier fork.
        earlier: Fork,
        /// The later fork.
        later: Fork,
    },
    /// The checkpoint is block 0 and has another hash than the profile's genesis.
    #[error("chain {chain}: checkpoint.hash of block 0 is not profile.genesis_hash")]
    GenesisCheckpoint {
        /// The chain.
        chain: Box<str>,
    },
    /// Profile and checkpoint differ in a value that the chain cannot have changed between genesis
    /// and checkpoint.
    #[error(
        "chain {chain}: {} differs between profile.parameters and checkpoint.parameters, and no vote can change it",
        .parameter.as_str()
    )]
    ImmutableDiffers {
        /// The chain.
        chain: Box<str>,
        /// The parameter.
        parameter: ParameterName,
    },
    /// A transaction under a sealed root was signed for another chain id: the chain refuses such a
    /// transaction, so the id in the trust is not the chain's.
    #[error("chain {chain}: profile.chain_id is {expected}, but its transactions are signed for chain id {got}")]
    ChainId {
        /// The chain.
        chain: Box<str>,
        /// In the trust.
        expected: u64,
        /// In the transaction.
        got: u64,
    },
    /// A trusting period of zero would mean "for ever" or "never".
    #[error("the trusting period must not be zero")]
    ZeroTrustingPeriod,
    /// Two chains' clocks always differ, and a rule that accuses rests on by how much.
    #[error("the clock skew must not be zero")]
    ZeroClockSkew,
    /// No seal at all would make a block final.
    #[error("a custom quorum must not be zero")]
    ZeroQuorum,
    /// The claim is about a transfer and the trust has no bridge pair.
    #[error("the trust has no bridge pair")]
    NoBridge,
    /// Both ends of the pair are on one chain, or an end accepts no code.
    #[error("a bridge pair needs two chains and accepted code at each end")]
    BridgePair,
    /// Code that is known to be of bridge version 2 is listed under another generation, or the reverse.
    #[error("bridge code {0} is listed under another generation than its own")]
    Generation(Box<Hash>),
    /// Transfers in this direction are not judged.
    #[error("the trust does not allow transfers from this chain")]
    Direction,
    /// The claim is about an anchor and the trust has no anchoring accounts for these chains.
    #[error("the trust has no anchoring accounts for these chains")]
    NoAnchoring,
}

impl TrustError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Version { .. } => "trust.version",
            Self::DuplicateChain => "trust.duplicate_chain",
            Self::UnknownChain => "trust.unknown_chain",
            Self::ForkOrder { .. } => "trust.fork_order",
            Self::GenesisCheckpoint { .. } => "trust.genesis_checkpoint",
            Self::ImmutableDiffers { .. } => "trust.immutable_differs",
            Self::ChainId { .. } => "trust.chain_id",
            Self::ZeroTrustingPeriod => "trust.zero_trusting_period",
            Self::ZeroClockSkew => "trust.zero_clock_skew",
            Self::ZeroQuorum => "trust.zero_quorum",
            Self::NoBridge => "trust.no_bridge",
            Self::BridgePair => "trust.bridge_pair",
            Self::Generation(_) => "trust.generation",
            Self::Direction => "trust.direction",
            Self::NoAnchoring => "trust.no_anchoring",
        }
    }
}

impl Trust {
    /// Whether the file can be used at all.
    ///
    /// # Errors
    /// The first rule of this file that does not hold.
    pub fn check(&self) -> Result<(), TrustError> {
        if self.version != TRUST_VERSION {
            return Err(TrustError::Version { expected: TRUST_VERSION, got: self.version });
        }
        for (index, chain) in self.chains.iter().enumerate() {
            if self.chains.iter().skip(index.saturating_add(1)).any(|other| other.profile.name == chain.profile.name) {
                return Err(TrustError::DuplicateChain);
            }
            if let Some((earlier, later)) = chain.profile.forks.out_of_order() {
                return Err(TrustError::ForkOrder { earlier, later });
            }
            if chain.profile.clock_skew == 0 {
                return Err(TrustError::ZeroClockSkew);
            }
            if chain.profile.quorum == QuorumPolicy::Custom(0) {
                return Err(TrustError::ZeroQuorum);
            }
            if chain.trusting_period == 0 {
                return Err(TrustError::ZeroTrustingPeriod);
            }
            chain.checkpoint_at_0_is_the_genesis()?;
            chain.checkpoint_keeps_what_no_vote_changes()?;
        }
        if let Some(BridgePair { ends: [a, b] }) = &self.bridge {
            self.chain(&a.chain)?;
            self.chain(&b.chain)?;
            if a.chain == b.chain || a.codes.is_empty() || b.codes.is_empty() {
                return Err(TrustError::BridgePair);
            }
            a.codes.iter().chain(&b.codes).try_for_each(generation_is_its_own)?;
        }
        if let Some(anchoring) = &self.anchoring {
            self.chain(&anchoring.parent)?;
            self.chain(&anchoring.child)?;
        }
        Ok(())
    }

    /// The chain of this name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn chain(&self, name: &str) -> Result<&TrustedChain, TrustError> {
        self.chains.iter().find(|chain| chain.profile.name == name).ok_or(TrustError::UnknownChain)
    }

    /// The ends for transfers from chain `source`: the sending and the receiving one.
    ///
    /// # Errors
    /// Where the trust has no pair, no such end, or does not judge this direction.
    pub fn ends_from(&self, source: &str) -> Result<(&BridgeEnd, &BridgeEnd), TrustError> {
        let [a, b] = &self.bridge.as_ref().ok_or(TrustError::NoBridge)?.ends;
        let (from, to) = if a.chain == source {
            (a, b)
        } else if b.chain == source {
            (b, a)
        } else {
            return Err(TrustError::UnknownChain);
        };
        if from.sends {
            Ok((from, to))
        } else {
            Err(TrustError::Direction)
        }
    }
}

/// By the rules of an older generation, a version 2 handle that could not deliver would look delivered.
fn generation_is_its_own(code: &AcceptedCode) -> Result<(), TrustError> {
    match Generation::of_code_hash(&code.hash) {
        Some(known) if known.keeps_claims() != code.generation.keeps_claims() => {
            Err(TrustError::Generation(code.hash.into()))
        }
        _ => Ok(()),
    }
}

impl BridgeEnd {
    /// The generation of accepted runtime code.
    #[must_use]
    pub fn generation(&self, code_hash: &Hash) -> Option<Generation> {
        self.codes.iter().find(|code| code.hash == *code_hash).map(|code| code.generation)
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
