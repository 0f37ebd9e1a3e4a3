//! Block headers: bytes, hashes, and the rules that tie a header to its parent.
//!
//! A header is read strictly ([`UntrustedHeader::decode`]), hashed once, and compared with its parent by the flat list
//! of rules in [`check_child`]. Seals, votes and governance are checked elsewhere: nothing here makes a header trusted,
//! except that [`read_genesis`] computes the anchor of a private chain from its genesis file.
//!
//! The block hash is not the keccak of the header's bytes: the round byte and the committed seals are left out, because
//! every node gathers its own set of seals. Source: chain.md 1.1-1.6.

mod base_fee;
mod codec;
mod error;
mod extra;
pub mod genesis;
pub mod rpc;
pub mod rules;
pub(crate) mod text;

#[cfg(test)]
mod left_out_tests;
#[cfg(test)]
mod rpc_tests;
#[cfg(test)]
mod tests;

pub use base_fee::base_fee;
pub use error::HeaderError;
pub use extra::IstanbulExtra;
pub use genesis::{read_genesis, Genesis, GenesisError};
pub use rpc::from_rpc_json;
pub use rules::check_child;

use crate::primitives::{keccak256, keccak256_concat, Address, Hash, U256};
use alloc::boxed::Box;
use alloc::vec::Vec;
use extra::Form;

/// The fields of a header, in the order in which they are encoded. Nothing here is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderFields {
    /// Block hash of the parent.
    pub parent_hash: Hash,
    /// Who receives the reward (not the proposer).
    pub rewardbase: Address,
    /// Root of the state after this block.
    pub state_root: Hash,
    /// Commitment to the transactions.
    pub transactions_root: Hash,
    /// Commitment to the receipts.
    pub receipts_root: Hash,
    /// All log blooms of the receipts, combined.
    pub bloom: Box<[u8; 256]>,
    /// Always 1 after genesis.
    pub block_score: U256,
    /// Height.
    pub number: u64,
    /// Gas used by the block.
    pub gas_used: u64,
    /// Unix time in seconds.
    pub time: u64,
    /// Hundredths of a second; nobody checks them.
    pub time_fos: u8,
    /// Vanity, validators and seals.
    pub extra: IstanbulExtra,
    /// Parameters announced at an epoch block, else empty.
    pub governance: Vec<u8>,
    /// The proposer's vote, or empty.
    pub vote: Vec<u8>,
    /// From Magma.
    pub base_fee: Option<U256>,
    /// From Randao: the proposer's BLS signature of the number.
    pub random_reveal: Option<Box<[u8; 96]>>,
    /// From Randao.
    pub mix_hash: Option<Hash>,
    /// From Osaka.
    pub blob_gas_used: Option<u64>,
    /// From Osaka.
    pub excess_blob_gas: Option<u64>,
}

impl HeaderFields {
    /// The header's RLP as it travels.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encode_form(Form::Whole)
    }

    /// The block hash: committed seals left out, round byte zero.
    #[must_use]
    pub fn hash(&self) -> Hash {
        keccak256(&self.encode_form(Form::BlockHash))
    }

    /// The hash under the proposer's seal: as the block hash, with the seal left out too.
    #[must_use]
    pub fn sig_hash(&self) -> Hash {
        keccak256(&self.encode_form(Form::Proposal))
    }

    /// The digest that the proposer signed: the keccak of [`Self::sig_hash`], so hashed twice.
    #[must_use]
    pub fn proposer_digest(&self) -> Hash {
        keccak256(self.sig_hash().as_bytes())
    }

    /// The round byte. Whoever supplied the header chose it: no hash and no seal covers it.
    #[must_use]
    pub const fn round(&self) -> u8 {
        self.extra.round()
    }
}

/// The digest that a committer signed: the block hash followed by the code of the commit message.
#[must_use]
pub fn committed_digest(block_hash: &Hash) -> Hash {
    const COMMIT: u8 = 2;
    keccak256_concat(&[block_hash.as_bytes(), &[COMMIT]])
}

/// A header that anybody may have made up, with its block hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntrustedHeader {
    fields: HeaderFields,
    hash: Hash,
}

impl UntrustedHeader {
    /// Reads canonical header RLP and computes the block hash.
    ///
    /// # Errors
    /// Where the bytes are not exactly one canonical header.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        HeaderFields::decode(bytes).map(Self::new)
    }

    /// Takes fields as they are and computes the block hash.
    #[must_use]
    pub fn new(fields: HeaderFields) -> Self {
        let hash = fields.hash();
        Self { fields, hash }
    }

    /// The fields.
    #[must_use]
    pub const fn fields(&self) -> &HeaderFields {
        &self.fields
    }

    /// The block hash.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The height that the header claims.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.fields.number
    }

    /// The header's RLP as it travels.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.fields.encode()
    }

    /// The fields, to change them.
    #[must_use]
    pub fn into_fields(self) -> HeaderFields {
        self.fields
    }

    /// The same block in its smallest form: no committed seals, round byte zero. The block hash stays, because it covers
    /// neither.
    #[must_use]
    pub fn without_seals(&self) -> Self {
        let mut stripped = self.clone();
        stripped.fields.extra.committed_seals.clear();
        let [.., round] = &mut stripped.fields.extra.vanity;
        *round = 0;
        stripped
    }
}
