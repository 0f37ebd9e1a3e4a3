//! Headers that a check has passed. Their fields are private, so that only the checks of this module's parent make them.

use super::parameters::Parameters;
use super::seals::{proposer_of, SealReport};
use super::ConsensusError;
use crate::header::{HeaderFields, UntrustedHeader};
use crate::primitives::{Address, Hash};

macro_rules! checked_header {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            header: UntrustedHeader,
            derive_sha_impl: u64,
            seals: Option<SealReport>,
        }

        impl $name {
            pub(super) const fn new(header: UntrustedHeader, derive_sha_impl: u64, seals: Option<SealReport>) -> Self {
                Self { header, derive_sha_impl, seals }
            }

            /// The height.
            #[must_use]
            pub const fn number(&self) -> u64 {
                self.header.number()
            }

            /// The block hash.
            #[must_use]
            pub const fn hash(&self) -> Hash {
                self.header.hash()
            }

            /// Unix time in seconds.
            #[must_use]
            pub const fn time(&self) -> u64 {
                self.header.fields().time
            }

            /// Root of the state after the block.
            #[must_use]
            pub const fn state_root(&self) -> Hash {
                self.header.fields().state_root
            }

            /// Commitment to the transactions.
            #[must_use]
            pub const fn transactions_root(&self) -> Hash {
                self.header.fields().transactions_root
            }

            /// Commitment to the receipts.
            #[must_use]
            pub const fn receipts_root(&self) -> Hash {
                self.header.fields().receipts_root
            }

            /// The form of both commitments at this height: 0 trie, 1 simple, 2 concatenation.
            #[must_use]
            pub const fn derive_sha_impl(&self) -> u64 {
                self.derive_sha_impl
            }

            /// All fields. The committed seals and the round byte among them are covered by no hash; believe
            /// [`Self::seals`] instead.
            #[must_use]
            pub const fn fields(&self) -> &HeaderFields {
                self.header.fields()
            }

            /// What the seals show, or none where the header is authenticated by the hash link from a later one (or is
            /// the anchor of trust itself).
            #[must_use]
            pub const fn seals(&self) -> Option<&SealReport> {
                self.seals.as_ref()
            }
        }
    };
}

checked_header! {
    /// A header of the chain that is followed: sealed by a quorum, or linked by hash to one that is.
    VerifiedHeader
}

checked_header! {
    /// A header reached by a jump. Proofs may stand on it, but council votes and parameter changes between are unseen, so
    /// nothing that advances a client takes it.
    JumpedHeader
}

impl VerifiedHeader {
    /// Who signed the proposal: a quorum answers for the header's hash, which holds this seal.
    ///
    /// # Errors
    /// Where the seal gives no signer.
    pub fn proposer(&self) -> Result<Address, ConsensusError> {
        self.seals.as_ref().map_or_else(|| proposer_of(&self.header), |seals| Ok(seals.proposer))
    }

    /// The header as a parent of the next. A jumped header has no such way in.
    pub(super) const fn header(&self) -> &UntrustedHeader {
        &self.header
    }
}

/// Nodes fall back to the trie for any value but 1 and 2.
pub(super) const fn commitment_form(parameters: &Parameters) -> u64 {
    match parameters.derive_sha_impl {
        form @ (1 | 2) => form,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_commitment_form_falls_back_to_the_trie() {
        for (value, form) in [(0, 0), (1, 1), (2, 2), (3, 0), (u64::MAX, 0)] {
            let parameters = Parameters { derive_sha_impl: value, ..Parameters::default() };
            assert_eq!(commitment_form(&parameters), form);
        }
    }
}
