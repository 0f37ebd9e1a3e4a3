//! What is proven of one transfer beside its state: what was requested, what was executed, and who voted for what.
//!
//! Each part is there only if the checks that cover it have passed, whatever became of the verdict: a request is shown as
//! soon as it is proven, also where the trust does not reach the execution. What a bundle merely claims never gets here.
//! docs/report.md names the check that covers each field.

use crate::bridge::events::TokenType;
use crate::commitment::CommitmentPath;
use crate::consensus::{SealReport, WarnedOf, WarnedVote};
use crate::primitives::{hex_bytes, Address, Hash, U256};
use crate::verdict::HeaderRef;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Serialize, Serializer};

/// The proven parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What the source bridge was asked to transfer.
    pub request: Option<Request>,
    /// What the destination bridge did.
    pub execution: Option<Execution>,
    /// Who voted on the destination.
    pub votes: Option<Votes>,
}

/// A vote on a followed chain that no governing node cast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WarnedOn {
    /// The chain.
    pub chain: String,
    /// `vote_by_other` or `vote_by_member`.
    pub code: WarnedOf,
    /// Block of the vote.
    pub number: u64,
    /// Who voted.
    pub voter: Address,
    /// The key of the vote, as it stands in the header.
    pub key: String,
}

impl WarnedOn {
    /// `vote` on chain `chain`.
    #[must_use]
    pub fn new(chain: &str, vote: &WarnedVote) -> Self {
        let WarnedVote { code, number, voter, key } = vote.clone();
        Self { chain: chain.into(), code, number, voter, key }
    }
}

/// A request, proven on the source chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The source chain.
    pub chain: String,
    /// The block.
    pub block: HeaderRef,
    /// Hash of the transaction.
    pub transaction: Hash,
    /// Place of the transaction in the block.
    pub index: u32,
    /// Place of the log in the transaction's receipt.
    pub log: u32,
    /// Coin, fungible tokens, or one token.
    pub kind: TokenType,
    /// Who requested.
    pub from: Address,
    /// Who shall receive.
    pub to: Address,
    /// The token on the source chain; zero for coin.
    pub token: Address,
    /// The token of the destination chain that is registered for it; zero for coin.
    pub registered_token: Address,
    /// How much, net of the fee; none for ERC-721.
    #[serde(serialize_with = "optional_digits")]
    pub amount: Option<U256>,
    /// Which token; none but for ERC-721.
    #[serde(serialize_with = "optional_digits")]
    pub token_id: Option<U256>,
    /// What the bridge took beside the amount.
    #[serde(serialize_with = "digits")]
    pub fee: U256,
    /// Bytes for the recipient.
    #[serde(with = "hex_bytes")]
    pub extra: Vec<u8>,
    /// What operators take for the token's URI; none but for ERC-721.
    #[serde(serialize_with = "text")]
    pub token_uri: Option<Vec<u8>>,
    /// The path from the header's roots to the transaction and its receipt.
    pub commitment: CommitmentPath,
    /// Number of the header whose seals cover the block; see [`Sealed`]. None for a checkpoint, which is trusted.
    pub sealed_by: Option<u64>,
}

/// An execution, proven on the destination chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Execution {
    /// The destination chain.
    pub chain: String,
    /// The block.
    pub block: HeaderRef,
    /// Hash of the transaction.
    pub transaction: Hash,
    /// Place of the transaction in the block.
    pub index: u32,
    /// Place of the log in the transaction's receipt.
    pub log: u32,
    /// Who sent the transaction; none where its signature cannot be read.
    pub sender: Option<Address>,
    /// Coin, fungible tokens, or one token.
    pub kind: TokenType,
    /// Who requested, as the bridge was told.
    pub from: Address,
    /// Who received.
    pub to: Address,
    /// The token on the destination chain; zero for coin.
    pub token: Address,
    /// How much; none for ERC-721.
    #[serde(serialize_with = "optional_digits")]
    pub amount: Option<U256>,
    /// Which token; none but for ERC-721.
    #[serde(serialize_with = "optional_digits")]
    pub token_id: Option<U256>,
    /// Bytes for the recipient.
    #[serde(with = "hex_bytes")]
    pub extra: Vec<u8>,
    /// The request's transaction, as the bridge was told.
    pub request_transaction: Hash,
    /// The executed vote key: the hash of the voted calldata. None where it is not proven.
    pub vote_key: Option<Hash>,
    /// The request's block, as that calldata says; none also where it cannot be read.
    pub request_block: Option<u64>,
    /// The token's URI in that calldata; none also where it is not for ERC-721.
    #[serde(serialize_with = "text")]
    pub token_uri: Option<Vec<u8>>,
    /// The path from the header's roots to the transaction and its receipt.
    pub commitment: CommitmentPath,
    /// Number of the header whose seals cover the block; see [`Sealed`]. None for a checkpoint, which is trusted.
    pub sealed_by: Option<u64>,
}

/// Votes on the transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Votes {
    /// Equal votes that decide; none where nobody voted and it does not matter.
    pub threshold: Option<u32>,
    /// Everyone that the proof shows, ascending by address.
    pub operators: Vec<Operator>,
    /// The state from which the votes were read, where it is later than that of the execution's
    /// block: threshold and membership are then of that state.
    pub later: Option<HeaderRef>,
}

/// What one operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// Who.
    pub address: Address,
    /// What its vote was for.
    pub role: Role,
    /// Key of its live vote, if it has one.
    pub vote_key: Option<Hash>,
    /// Its transaction, where that is proven: the vote, or the attempt that reverted.
    pub transaction: Option<VoteTransaction>,
}

/// What an operator's vote was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// For the executed key; where nothing is executed, for what was requested; where nothing was requested, for anything.
    Voted,
    /// For another key.
    Dissented,
    /// It has no live vote: the one it cast was taken back.
    None,
    /// A live vote of somebody who was no operator when it would have counted.
    ExOperator,
    /// No live vote; its attempt to cast the deciding one reverted.
    Reverted,
}

/// A transaction on the destination chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VoteTransaction {
    /// Number of its block.
    pub block: u64,
    /// Its hash.
    pub hash: Hash,
}

/// What an execution could not deliver (bridge version 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Who may claim it.
    pub recipient: Address,
    /// Coin, fungible tokens, or one token.
    pub kind: TokenType,
    /// The token on the destination chain; zero for coin.
    pub token: Address,
    /// How much; none for ERC-721.
    #[serde(serialize_with = "optional_digits")]
    pub amount: Option<U256>,
    /// Which token; none but for ERC-721.
    #[serde(serialize_with = "optional_digits")]
    pub token_id: Option<U256>,
    /// Whether the recipient has claimed it, as of [`Self::as_of`].
    pub claimed: bool,
    /// The newest proven state of the claim.
    pub as_of: HeaderRef,
}

/// How an execution differs from its request in one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The rule that fails, `M1` to `M11`.
    pub rule: &'static str,
    /// The field, by its name in the JSON form of the execution.
    pub field: &'static str,
    /// What the request says; for M11, what the voted calldata says.
    pub requested: String,
    /// What was executed.
    pub executed: String,
}

/// A sealed header: its seals make it final, and every earlier block that it is linked to by hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sealed {
    /// The chain.
    pub chain: String,
    /// The header.
    pub block: HeaderRef,
    /// What its seals show.
    pub seals: SealReport,
}

/// Amounts go out in decimal digits: JSON numbers do not hold 256 bits.
fn digits<S: Serializer>(value: &U256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

fn optional_digits<S: Serializer>(value: &Option<U256>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

/// The bytes as text; those that are no UTF-8 become the replacement character.
fn text<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes)).serialize(serializer)
}

/// An amount, or a token id: one is never taken for the other.
pub(crate) const fn amount_or_id(kind: TokenType, value: U256) -> [Option<U256>; 2] {
    match kind {
        TokenType::Coin | TokenType::Erc20 => [Some(value), None],
        TokenType::Erc721 => [None, Some(value)],
    }
}
