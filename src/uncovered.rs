//! What this build, or this trust, does not cover: one name and one stable code for each rule or
//! form.
//!
//! A verdict of this kind accuses nobody. Surfaces look up their own words and the next step by the
//! code, so that the core stays small.

use alloc::string::String;
use core::fmt;
use serde::{Serialize, Serializer};

macro_rules! uncovered {
    ($($(#[$doc:meta])* $variant:ident => $code:literal,)*) => {
        /// A rule or form that is not covered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Uncovered { $($(#[$doc])* $variant,)* }

        impl Uncovered {
            /// All of them, so that every surface can be checked to have words for each.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }
    };
}

uncovered! {
    /// Parameters can change in a governance contract, which headers do not show.
    GovernanceByContract => "consensus.governance_by_contract",
    /// Mode "ballot" tallies votes over an epoch.
    GovernanceByBallot => "consensus.governance_by_ballot",
    /// The weighted-random policy demotes members by stake, and the trust does not say how many are
    /// left.
    QualifiedUnknown => "consensus.qualified_unknown",
    /// A proposer policy that no release defines.
    ProposerPolicy => "consensus.proposer_policy",
    /// A committee without seats.
    CommitteeSizeZero => "consensus.committee_size_zero",
    /// An epoch of zero blocks.
    EpochZero => "consensus.epoch_zero",
    /// A genesis block that carries a vote.
    VoteInGenesis => "consensus.vote_in_genesis",
    /// Legacy rules with several addresses joined in one string, which those releases never wrote.
    LegacyJoinedAddresses => "consensus.legacy_joined_addresses",
    /// Legacy rules where members may be demoted: whether a vote counts then depends on stake.
    LegacyVotesOfDemoted => "consensus.legacy_votes_of_demoted",
    /// Legacy rules with an announcement in a form or place of which it is not known what those
    /// releases made of it.
    LegacyAnnouncement => "consensus.legacy_announcement",
    /// Legacy rules with a vote on the epoch, by which announcements are counted.
    EpochChange => "consensus.epoch_change",
    /// A vote or announcement longer than is followed.
    FieldTooLong => "consensus.field_too_long",
    /// A council of more members than are followed.
    CouncilTooLarge => "consensus.council_too_large",
    /// A header of the Permissionless fork, with other fields and seals.
    PermissionlessFork => "header.permissionless_fork",
    /// The trust accepts votes of the governing node only, and somebody else's is to be followed.
    VoteByOther => "vote_by_other",
    /// The signers are in no committee that could have been drawn, if as many members are qualified
    /// as the trust assumes.
    OutsideAssumedCommittee => "consensus.outside_assumed_committee",
    /// A transaction type that this build does not know.
    TransactionType => "transaction.unsupported_type",
    /// A gas price or tip of more than 256 bits, which a block before Prague may hold.
    TransactionPrice => "transaction.price",
    /// The threshold differs before and after the deciding block, and the votes lie between.
    ThresholdChangedInBlock => "votes.threshold_changed_in_block",
    /// Operators who left in the deciding block were needed for the threshold.
    FormerOperatorsDecided => "votes.former_operators_decided",
    /// More voters for one nonce than are followed.
    TooManyVoters => "votes.too_many_voters",
    /// The executed vote key cannot be told apart.
    ExecutedKeyUnknown => "votes.executed_key_unknown",
    /// The destination bridge serves another source than the one that the trust pairs it with.
    BoundToAnotherSource => "bridge.bound_to_another_source",
    /// A bridge runs code that the trust does not accept.
    UnknownCode => "bridge.unknown_code",
    /// The registry names no destination token.
    TokenNotRegistered => "bridge.token_not_registered",
    /// The registry entry changed while it mattered.
    TokenMappingChanged => "bridge.token_mapping_changed",
    /// The token URI of the request cannot be told.
    TokenUriUnknown => "bridge.token_uri_unknown",
    /// The executed call is hidden inside another contract's call.
    ExecutedCallUnknown => "bridge.executed_call_unknown",
    /// The executed call cannot be decoded.
    UndecodableCall => "bridge.undecodable_call",
    /// The token moved the value in an unusual way.
    UnusualToken => "bridge.unusual_token",
}

/// What is not covered, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unsupported {
    /// The rule or form.
    #[serde(rename = "code")]
    pub what: Uncovered,
    /// The chain on which it was met, where it belongs to one.
    pub chain: Option<String>,
    /// The block at which it was met, where it belongs to one.
    pub number: Option<u64>,
}

impl From<Uncovered> for Unsupported {
    fn from(what: Uncovered) -> Self {
        Self { what, chain: None, number: None }
    }
}

impl Serialize for Uncovered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl fmt::Display for Uncovered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.what.code())?;
        if let Some(chain) = &self.chain {
            write!(formatter, " on chain {chain}")?;
        }
        match self.number {
            Some(number) => write!(formatter, " at block {number}"),
            None => Ok(()),
        }
    }
}
