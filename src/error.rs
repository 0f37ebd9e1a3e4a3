//! One error for callers who do not care which module refused; each module has its own enum behind it.

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
use crate::verify::VerifyError;

macro_rules! one_of {
    ($($(#[$doc:meta])* $variant:ident($inner:ty)),* $(,)?) => {
        /// Any refusal of the core. [`Error::code`] is the same on every surface.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum Error {
            $($(#[$doc])* #[error(transparent)] $variant(#[from] $inner),)*
        }

        impl Error {
            /// The stable code.
            #[must_use]
            pub const fn code(&self) -> &'static str {
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
    /// What is not covered, where the refusal says only that: it accuses nobody.
    #[must_use]
    pub const fn unsupported(&self) -> Option<&'static str> {
        match self {
            Self::Consensus(ConsensusError::Unsupported(what)) => Some(what),
            Self::Transaction(TransactionError::UnsupportedType { .. })
            | Self::Commitment(CommitmentError::UnsupportedType(..)) => Some("transaction.unsupported_type"),
            _ => None,
        }
    }
}
