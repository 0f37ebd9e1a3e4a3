//! Why no bundle could be gathered. What is wrong with a transfer is a verdict, not an error.

use crate::rpc::RpcError;
use alloc::string::String;
use spanlight::trust::TrustError;
use spanlight::verdict::Verdict;
use spanlight::verify::Stop;
use spanlight::{Error, Hash};

/// Why gathering stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The endpoint.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The trust cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The node gave something that the core refuses.
    #[error("the endpoint's answer is refused: {}", .0.code())]
    Refused(Error),
    /// The chain cannot be followed with this trust: expired, or a rule that is not covered.
    #[error("the chain cannot be followed: {}", .0.code().unwrap_or("unknown"))]
    NotFollowed(Verdict),
    /// No such transaction at or below the synced head.
    #[error("no transaction {0} up to the synced head")]
    UnknownTransaction(Hash),
    /// The transaction neither requests nor executes a transfer of this bridge in this direction.
    #[error("transaction {0} holds no request and no handle of this bridge")]
    NoTransfer(Hash),
    /// The transaction failed, so it did nothing on any bridge.
    #[error("transaction {hash} failed on {chain} (status {status:#x}): it requested and executed nothing")]
    FailedTransaction {
        /// The transaction.
        hash: Hash,
        /// The chain that it is on.
        chain: String,
        /// The status of its receipt.
        status: u64,
    },
    /// The transaction requests or executes a transfer of the other direction.
    #[error("transaction {hash} is of a transfer from {from}, the other direction")]
    OtherDirection {
        /// The transaction.
        hash: Hash,
        /// The chain on which that transfer is requested.
        from: String,
    },
    /// The event is not in the receipt at the place where the node's log search says it is.
    #[error("block {block} does not hold the event that the log search names")]
    EventNotFound {
        /// The block.
        block: u64,
    },
    /// A range runs backwards, or is larger than one bundle may hold.
    #[error("the range is empty or too large")]
    Range,
    /// A jump was asked for and the trust allows none.
    #[error("the trust allows no jump")]
    JumpNotAllowed,
    /// The finished bundle was judged otherwise than its evidence had been: a fault of this program.
    #[error("the finished bundle does not verify as its evidence did")]
    SelfCheck,
}

impl ProveError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rpc(e) => e.code(),
            Self::Trust(e) => e.code(),
            Self::Refused(e) => e.code(),
            Self::NotFollowed(_) => "prove.not_followed",
            Self::UnknownTransaction(_) => "prove.unknown_transaction",
            Self::NoTransfer(_) => "prove.no_transfer",
            Self::FailedTransaction { .. } => "prove.failed_transaction",
            Self::OtherDirection { .. } => "prove.other_direction",
            Self::EventNotFound { .. } => "prove.event_not_found",
            Self::Range => "prove.range",
            Self::JumpNotAllowed => "prove.jump_not_allowed",
            Self::SelfCheck => "prove.self_check",
        }
    }
}

impl From<Stop> for ProveError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Invalid(Error::Trust(error)) => Self::Trust((*error).clone()),
            Stop::Invalid(error) => Self::Refused(error),
            other => Self::NotFollowed(other.into()),
        }
    }
}

/// Any refusal of the core: a fault of the endpoint, or a form that this build does not cover.
pub(crate) fn refused(error: impl Into<Error>) -> ProveError {
    Stop::from(error.into()).into()
}
