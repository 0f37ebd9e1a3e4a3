//! Transactions of all 26 encodings: strict decoding, lossless encoding, hashes, sender.
//!
//! An item of a block's transaction list is RLP (legacy), a type byte and RLP (Kaia types), or 0x78, a type byte and RLP
//! (Ethereum types). The bytes accepted are exactly those that [`Transaction::encode`] gives back: nobody can present one
//! transaction under two encodings. Source: chain.md 3.3 to 3.6.

mod codec;
mod kind;
#[cfg(test)]
pub(crate) mod recordings;
mod rpc;
mod signing;
#[cfg(test)]
mod tests;

pub use kind::{FeeDelegation, TransactionKind};
pub(crate) use signing::is_low_s;

use crate::error::cold_from;
use crate::primitives::{Address, Hash, U256};
use crate::rlp::RlpError;
use alloc::vec::Vec;

/// Most signatures of one role: an account key holds at most ten keys.
pub const MAX_SIGNATURES: usize = 10;

/// Why bytes are no transaction, or its sender cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// A type number that this build does not know. Nothing is said about the transaction.
    #[error("unsupported transaction type {type_number:#x}")]
    UnsupportedType {
        /// The type byte, with 0x78 before it for an Ethereum type.
        type_number: u16,
    },
    /// The first byte begins neither a list nor a type.
    #[error("byte {got:#x} begins no transaction")]
    FirstByte {
        /// The byte.
        got: u8,
    },
    /// Malformed RLP.
    #[error(transparent)]
    Rlp(RlpError),
    /// More signatures than an account key can have keys.
    #[error("more than {max} signatures of one role")]
    TooManySignatures {
        /// The most there may be.
        max: usize,
    },
    /// A gas price or tip of more than 256 bits, which a block before Prague may hold. Nothing is
    /// said about the transaction.
    #[error("unsupported gas price of more than 256 bits")]
    Price,
    /// The transaction was signed for another chain.
    #[error("transaction of chain {got} where chain {expected} is meant")]
    ChainId {
        /// The chain asked for.
        expected: u64,
        /// The chain signed for.
        got: u64,
    },
    /// V is none of the values that its type allows.
    #[error("signature has impossible V {got}")]
    V {
        /// The value found.
        got: u64,
    },
    /// S lies in the upper half, so anybody could have made this second form of a signature.
    #[error("signature is not low-S")]
    HighS,
    /// No public key fits the signature.
    #[error("no sender can be recovered")]
    NoSender,
    /// A member of a node's answer is absent or malformed, or its hash is not that of the other members.
    #[error("member {field} of the node's answer is absent, malformed or wrong")]
    Json {
        /// Name of the member.
        field: &'static str,
    },
}

cold_from!(TransactionError: Rlp(RlpError));

impl TransactionError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedType { .. } => "transaction.unsupported_type",
            Self::FirstByte { .. } => "transaction.first_byte",
            Self::Rlp(e) => e.code(),
            Self::TooManySignatures { .. } => "transaction.too_many_signatures",
            Self::Price => "transaction.price",
            Self::ChainId { .. } => "transaction.chain_id",
            Self::V { .. } => "transaction.v",
            Self::HighS => "transaction.high_s",
            Self::NoSender => "transaction.no_sender",
            Self::Json { .. } => "transaction.json",
        }
    }
}

/// One signature as it stands in a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Recovery id, mixed with the chain id as the type demands.
    pub v: u64,
    /// R.
    pub r: U256,
    /// S.
    pub s: U256,
}

/// An account's consent to run foreign code (EIP-7702). It is data here: an invalid one is skipped by the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The chain it holds on; zero for every chain.
    pub chain_id: U256,
    /// Whose code is to run.
    pub address: Address,
    /// The account's count of transactions.
    pub nonce: u64,
    /// Recovery id.
    pub y_parity: u8,
    /// R.
    pub r: U256,
    /// S.
    pub s: U256,
}

/// An address and the storage slots of it that a transaction announces (EIP-2930).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessEntry {
    /// The address.
    pub address: Address,
    /// Its slots.
    pub slots: Vec<Hash>,
}

/// A decoded transaction. Fields that its type does not have are zero or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    kind: TransactionKind,
    delegation: FeeDelegation,
    chain_id: u64,
    nonce: u64,
    gas_price: U256,
    tip: U256,
    gas: u64,
    to: Option<Address>,
    value: U256,
    from: Option<Address>,
    input: Vec<u8>,
    key: Vec<u8>,
    human_readable: bool,
    code_format: u8,
    fee_ratio: u8,
    access_list: Vec<AccessEntry>,
    blob_fee_cap: U256,
    blob_hashes: Vec<Hash>,
    authorizations: Vec<Authorization>,
    signatures: Vec<Signature>,
    fee_payer: Option<Address>,
    fee_payer_signatures: Vec<Signature>,
}

impl Transaction {
    /// A transaction of a kind with every field zero or empty.
    fn blank(kind: TransactionKind, delegation: FeeDelegation) -> Self {
        Self {
            kind,
            delegation,
            chain_id: 0,
            nonce: 0,
            gas_price: U256::ZERO,
            tip: U256::ZERO,
            gas: 0,
            to: None,
            value: U256::ZERO,
            from: None,
            input: Vec::new(),
            key: Vec::new(),
            human_readable: false,
            code_format: 0,
            fee_ratio: 0,
            access_list: Vec::new(),
            blob_fee_cap: U256::ZERO,
            blob_hashes: Vec::new(),
            authorizations: Vec::new(),
            signatures: Vec::new(),
            fee_payer: None,
            fee_payer_signatures: Vec::new(),
        }
    }

    /// A legacy transaction. To sign one, build it with `v`, `r`, `s` zero, sign [`Transaction::sign_hash`], build again.
    #[must_use]
    #[allow(clippy::too_many_arguments)] // The wire order of the type, which every caller knows by heart.
    pub fn legacy(
        nonce: u64,
        gas_price: U256,
        gas: u64,
        to: Option<Address>,
        value: U256,
        input: Vec<u8>,
        v: u64,
        r: U256,
        s: U256,
    ) -> Self {
        Self {
            nonce,
            gas_price,
            gas,
            to,
            value,
            input,
            signatures: Vec::from([Signature { v, r, s }]),
            ..Self::blank(TransactionKind::Legacy, FeeDelegation::None)
        }
    }

    /// What the transaction does.
    #[must_use]
    pub const fn kind(&self) -> TransactionKind {
        self.kind
    }

    /// Who pays for it.
    #[must_use]
    pub const fn delegation(&self) -> FeeDelegation {
        self.delegation
    }

    /// The type number of chain.md 3.3, for example 0x48 or 0x7802.
    #[must_use]
    pub const fn type_number(&self) -> u16 {
        self.kind.number(self.delegation)
    }

    /// The sender's count of transactions before this one.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.nonce
    }

    /// The most gas it may use.
    #[must_use]
    pub const fn gas(&self) -> u64 {
        self.gas
    }

    /// The price of gas; the fee cap where the type has one.
    #[must_use]
    pub const fn gas_price(&self) -> U256 {
        self.gas_price
    }

    /// The most that is paid above the base fee, where the type says so; zero elsewhere.
    #[must_use]
    pub const fn tip(&self) -> U256 {
        self.tip
    }

    /// The percentage of the fee that the fee payer pays; zero where the type has no ratio. Only
    /// the node's pool asks for one from 1 to 99, so a block may hold any.
    #[must_use]
    pub const fn fee_ratio(&self) -> u8 {
        self.fee_ratio
    }

    /// Addresses and slots announced beforehand.
    #[must_use]
    pub fn access_list(&self) -> &[AccessEntry] {
        &self.access_list
    }

    /// The most that a blob transaction pays for a unit of blob gas.
    #[must_use]
    pub const fn blob_fee_cap(&self) -> U256 {
        self.blob_fee_cap
    }

    /// The hashes of a blob transaction's blobs.
    #[must_use]
    pub fn blob_hashes(&self) -> &[Hash] {
        &self.blob_hashes
    }

    /// Consents to run foreign code.
    #[must_use]
    pub fn authorizations(&self) -> &[Authorization] {
        &self.authorizations
    }

    /// The flag for named accounts of a deployment.
    #[must_use]
    pub const fn human_readable(&self) -> bool {
        self.human_readable
    }

    /// The code format of a deployment: zero is the EVM's.
    #[must_use]
    pub const fn code_format(&self) -> u8 {
        self.code_format
    }

    /// The coin sent, zero where the type sends none.
    #[must_use]
    pub const fn value(&self) -> U256 {
        self.value
    }

    /// The recipient; none for creations and for types without one.
    #[must_use]
    pub const fn to(&self) -> Option<Address> {
        self.to
    }

    /// Calldata, init code, memo or anchoring payload; empty where the type has none.
    #[must_use]
    pub fn input(&self) -> &[u8] {
        &self.input
    }

    /// The serialized account key of an account update; empty for other types.
    #[must_use]
    pub fn account_key(&self) -> &[u8] {
        &self.key
    }

    /// The sender's signatures: exactly one, except for Kaia types.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The fee payer's signatures.
    #[must_use]
    pub fn fee_payer_signatures(&self) -> &[Signature] {
        &self.fee_payer_signatures
    }

    /// The explicit sender of a Kaia type. Consensus checked it against the account's key, so inclusion proves it.
    #[must_use]
    pub const fn from_field(&self) -> Option<Address> {
        self.from
    }

    /// The account that pays the fee in the sender's stead.
    #[must_use]
    pub const fn fee_payer(&self) -> Option<Address> {
        self.fee_payer
    }

    /// Whether `to` runs the input as calldata, if it is a contract.
    #[must_use]
    pub const fn is_contract_call(&self) -> bool {
        self.to.is_some() && self.kind.may_call()
    }
}
