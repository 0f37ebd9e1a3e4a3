//! The multi-bridge contract as a verifier sees it: its events, the calls that vote, and where its state lies.
//!
//! Codecs only. They say what bytes mean, never whether a transfer is right. Source: bridge.md 2 and 4.2.

mod abi;
pub mod anchoring;
pub mod call_for;
pub mod calls;
pub mod events;
pub mod generation;
pub mod layout;
pub mod signed;
pub mod uri;

pub use anchoring::{AnchorData, Anchoring};
pub use call_for::expected_call;
pub use calls::{vote_key, HandleCall};
pub use events::{DeliveryFailedEvent, HandleEvent, OperatorEvent, RequestEvent, TokenType};
pub use generation::Generation;
pub use signed::{SignedHandle, SigningDomain};

use crate::error::cold_from;
use crate::primitives::Hash;
use crate::rlp::RlpError;
use alloc::boxed::Box;

/// Why bytes are not the bridge's event, call, slot or anchoring payload that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// Malformed RLP of an anchoring payload.
    #[error(transparent)]
    Rlp(RlpError),
    /// The log is of another event.
    #[error("event signature {got:?} is not the one expected")]
    EventSignature {
        /// The first topic, if there is one.
        got: Option<Box<Hash>>,
    },
    /// The log has more or fewer indexed arguments than its event.
    #[error("log with {got} topics where {expected} are needed")]
    TopicCount {
        /// Topics that the event has.
        expected: usize,
        /// Topics found.
        got: usize,
    },
    /// The call is of no handle function.
    #[error("selector {got:02x?} is of no handle function")]
    Selector {
        /// The first four bytes, if there are as many.
        got: Option<[u8; 4]>,
    },
    /// The arguments end before their fixed part does.
    #[error("ABI data of {got} bytes where at least {expected} are needed")]
    AbiTooShort {
        /// Bytes that the fixed part has.
        expected: usize,
        /// Bytes found.
        got: usize,
    },
    /// A word is no address: one of its 12 high bytes is not zero.
    #[error("ABI word {got} is no address")]
    AbiAddress {
        /// The word.
        got: Box<Hash>,
    },
    /// A number is larger than its type.
    #[error("ABI word {got} does not fit {bits} bits")]
    AbiInteger {
        /// Bits that the type has.
        bits: u32,
        /// The word.
        got: Box<Hash>,
    },
    /// The offset or length of a byte string points outside the data.
    #[error("ABI byte string reaches beyond the data")]
    AbiBounds,
    /// The data decodes, but is not the one canonical encoding of what it says.
    #[error("ABI data is not in canonical form")]
    AbiNotCanonical,
    /// No such token type.
    #[error("token type {got} is none of 0, 1, 2")]
    TokenType {
        /// The number found.
        got: u8,
    },
    /// A packed storage word has bytes set that belong to no variable.
    #[error("storage word {got} has bytes set beyond its variables")]
    StorageWord {
        /// The word.
        got: Box<Hash>,
    },
    /// An anchoring payload of a type that this build does not know.
    #[error("anchoring payload of unknown type {got}")]
    AnchorType {
        /// The type byte.
        got: u8,
    },
}

cold_from!(BridgeError: Rlp(RlpError));

impl BridgeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rlp(e) => e.code(),
            Self::EventSignature { .. } => "bridge.event_signature",
            Self::TopicCount { .. } => "bridge.topic_count",
            Self::Selector { .. } => "bridge.selector",
            Self::AbiTooShort { .. } => "bridge.abi_too_short",
            Self::AbiAddress { .. } => "bridge.abi_address",
            Self::AbiInteger { .. } => "bridge.abi_integer",
            Self::AbiBounds => "bridge.abi_bounds",
            Self::AbiNotCanonical => "bridge.abi_not_canonical",
            Self::TokenType { .. } => "bridge.token_type",
            Self::StorageWord { .. } => "bridge.storage_word",
            Self::AnchorType { .. } => "bridge.anchor_type",
        }
    }
}

#[cfg(test)]
mod tests;
