//! Why a genesis file gives no header.

use crate::error::cold_from;
use crate::header::HeaderError;
use crate::profile::Fork;
use alloc::boxed::Box;

/// A genesis file that no chain could be started from, or that holds what is not supported here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// The text is not JSON.
    #[error("line {line}, column {column}: not the JSON of a genesis file")]
    Json {
        /// Line of the text, from 1.
        line: usize,
        /// Column of the line.
        column: usize,
    },
    /// A member that nodes need is absent.
    #[error("member {field} is missing: nodes start no chain without it")]
    Missing {
        /// The member's name.
        field: &'static str,
    },
    /// A member is of the wrong kind, malformed, or too large.
    #[error("member {field} is malformed, or larger than any chain needs")]
    Field {
        /// The member's name.
        field: &'static str,
    },
    /// Nodes refuse the value of a member.
    #[error("member {field} has a value with which nodes start no chain: {why}")]
    Refused {
        /// The member's name.
        field: &'static str,
        /// What it must be.
        why: &'static str,
    },
    /// The extra field is malformed.
    #[error(transparent)]
    Header(HeaderError),
    /// A fork is set to a lower block than one before it.
    #[error("fork {later:?} is set to a lower block than {earlier:?}, which comes before it")]
    ForkOrder {
        /// The earlier fork.
        earlier: Fork,
        /// The later fork.
        later: Fork,
    },
    /// The file sets a fork that this verifier does not know; following the chain past it would be
    /// guessing.
    #[error("the file sets {member}, a fork that is not supported here")]
    UnknownFork {
        /// The member that sets it.
        member: Box<str>,
    },
    /// The file was made for another node's program.
    #[error("this is a genesis file of {node} (its config has {member}), not of Klaytn or Kaia")]
    Foreign {
        /// The program.
        node: &'static str,
        /// The member by which it is known.
        member: &'static str,
    },
    /// The file gives the genesis block of a public network and contradicts what all nodes of that
    /// network have built in.
    #[error("the file is that of {network}, and its {field} is not the one of that network")]
    PublicDiffers {
        /// The network.
        network: &'static str,
        /// The member that differs.
        field: &'static str,
    },
}

cold_from!(GenesisError: Header(HeaderError));

impl GenesisError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "genesis.json",
            Self::Missing { .. } => "genesis.missing",
            Self::Field { .. } => "genesis.field",
            Self::Refused { .. } => "genesis.refused",
            Self::Header(e) => e.code(),
            Self::ForkOrder { .. } => "genesis.fork_order",
            Self::UnknownFork { .. } => "genesis.unknown_fork",
            Self::Foreign { .. } => "genesis.foreign",
            Self::PublicDiffers { .. } => "genesis.public_differs",
        }
    }
}
