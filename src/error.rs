//! One error for callers who do not care which module refused; each module has its own enum behind it.
//!
//! Errors are passed up through hundreds of `?`, and each of them is code that moves the error and may wrap it in another.
//! So what is larger than a word or two stands behind a pointer, which several may share, and wrapping is done out of line (`cold_from`): together
//! a tenth of the WebAssembly module.

use crate::bridge::BridgeError;
use crate::bundle::BundleError;
use crate::commitment::CommitmentError;
use crate::consensus::ConsensusError;
use crate::crypto::CurveError;
use crate::header::{GenesisError, HeaderError};
use crate::receipt::ReceiptError;
use crate::rlp::RlpError;
use crate::state::StateError;
use crate::transaction::TransactionError;
use crate::trie::TrieError;
use crate::trust::TrustError;
use crate::uncovered::{Uncovered, Unsupported};
use crate::verify::VerifyError;
use alloc::sync::Arc;

/// `From` for an error that wraps another, out of line.
macro_rules! cold_from {
    ($outer:ident: $($variant:ident($inner:ty)),*) => {
        $(impl From<$inner> for $outer {
            #[cold]
            #[inline(never)]
            fn from(error: $inner) -> Self {
                Self::$variant(error.into())
            }
        })*
    };
}
pub(crate) use cold_from;

macro_rules! one_of {
    ($($(#[$doc:meta])* $variant:ident($inner:ty)),* $(,)?) => {
        /// Any refusal of the core. [`Error::code`] is the same on every surface.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum Error {
            $($(#[$doc])* #[error(transparent)] $variant(Arc<$inner>),)*
        }

        $(impl From<$inner> for Error {
            #[cold]
            #[inline(never)]
            fn from(error: $inner) -> Self {
                Self::$variant(Arc::new(error))
            }
        })*

        impl Error {
            /// The stable code.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant(error) => error.code(),)*
                }
            }
        }
    };
}

one_of! {
    /// Malformed RLP.
    Rlp(RlpError),
    /// A signature.
    Curve(CurveError),
    /// A header.
    Header(HeaderError),
    /// A genesis file.
    Genesis(GenesisError),
    /// Seals, votes, parameters or the way a chain is followed.
    Consensus(ConsensusError),
    /// Nodes of a trie.
    Trie(TrieError),
    /// Items of a block.
    Commitment(CommitmentError),
    /// A receipt.
    Receipt(ReceiptError),
    /// An account or storage.
    State(StateError),
    /// A transaction.
    Transaction(TransactionError),
    /// A bridge event, call or storage word.
    Bridge(BridgeError),
    /// The bundle's form.
    Bundle(BundleError),
    /// The trust file.
    Trust(TrustError),
    /// Evidence that does not show what it is presented for.
    Verify(VerifyError),
}

impl Error {
    /// Whether proven transactions show that the trust file is wrong about the chain: nothing
    /// supplied is false then.
    pub(crate) fn shows_wrong_trust(&self) -> bool {
        matches!(self, Self::Trust(error) if matches!(**error, TrustError::ChainId { .. }))
    }

    /// What is not covered, where the refusal says only that: it accuses nobody.
    #[must_use]
    pub fn unsupported(&self) -> Option<Unsupported> {
        match self {
            Self::Consensus(error) => match **error {
                ConsensusError::Unsupported { what, number } => Some(Unsupported { what, chain: None, number }),
                ConsensusError::Header(ref header) => header.unsupported(),
                _ => None,
            },
            Self::Header(error) => error.unsupported(),
            Self::Transaction(error) if matches!(**error, TransactionError::UnsupportedType { .. }) => {
                Some(Uncovered::TransactionType.into())
            }
            Self::Transaction(error) if matches!(**error, TransactionError::Price) => {
                Some(Uncovered::TransactionPrice.into())
            }
            Self::Commitment(error) if matches!(**error, CommitmentError::UnsupportedType(..)) => {
                Some(Uncovered::TransactionType.into())
            }
            _ => None,
        }
    }
}
