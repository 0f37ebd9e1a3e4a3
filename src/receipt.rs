//! Receipts as the chain commits to them, and from what a node answers.
//!
//! A receipt is `[status, gasUsed, bloom, logs]`, the same for every transaction type. It names neither its transaction nor
//! its sender: prove the transaction at the same index of the same block to bind it. `gasUsed` is of this transaction alone.
//! A status is a code: only 1 is success, 0 and every other number is not. Source: chain.md 3.2, 5.3.

use crate::error::cold_from;
use crate::json::member;
use crate::primitives::{decode_hex, keccak256, Address, Hash};
use crate::rlp::{Reader, RlpError, RlpStream};
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde_json::Value;

#[cfg(test)]
mod tests;

/// The EVM has no instruction that logs more topics.
pub const MAX_TOPICS: usize = 4;
/// Status of a transaction that did what it was sent for.
const SUCCESS: u64 = 1;

/// Why bytes or JSON are no receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Not the canonical RLP of a receipt.
    #[error(transparent)]
    Rlp(RlpError),
    /// A log with more topics than any instruction writes.
    #[error("log of {got} topics where {limit} are the most")]
    TooManyTopics {
        /// Most topics of a log.
        limit: usize,
        /// Topics found (counted up to one above the limit).
        got: usize,
    },
    /// The bloom filter is not that of the logs.
    #[error("receipt bloom differs from the bloom of its logs")]
    BloomMismatch,
    /// A field of the node's answer is absent or of the wrong form.
    #[error("receipt field {field} is absent or malformed")]
    JsonField {
        /// The field's name.
        field: &'static str,
    },
}

cold_from!(ReceiptError: Rlp(RlpError));

impl ReceiptError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rlp(e) => e.code(),
            Self::TooManyTopics { .. } => "receipt.too_many_topics",
            Self::BloomMismatch => "receipt.bloom_mismatch",
            Self::JsonField { .. } => "receipt.json_field",
        }
    }
}

/// One event that a contract emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The contract.
    pub address: Address,
    /// Indexed words, at most [`MAX_TOPICS`]; the first names the event.
    pub topics: Vec<Hash>,
    /// Everything not indexed.
    pub data: Vec<u8>,
}

/// The outcome of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// 1 for success, else a failure code.
    pub status: u64,
    /// Gas that this transaction used.
    pub gas_used: u64,
    /// Bloom filter of the logs.
    pub bloom: Box<[u8; 256]>,
    /// What was emitted, in order.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// Reads the committed form, complete and canonical.
    ///
    /// # Errors
    /// Where the bytes are anything else: a fifth item, a type prefix, a bloom of another size, more than four topics.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let mut reader = Reader::list(bytes)?;
        let status = reader.u64()?;
        let gas_used = reader.u64()?;
        let bloom = Box::new(reader.fixed::<256>()?);
        let mut list = reader.nested()?;
        reader.finish()?;
        let mut logs = Vec::new();
        while !list.is_empty() {
            logs.push(Log::decode(list.nested()?)?);
        }
        Ok(Self { status, gas_used, bloom, logs })
    }

    /// The committed form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut stream = RlpStream::new_list(4);
        stream.append(&self.status).append(&self.gas_used).append(&self.bloom.as_slice());
        stream.begin_list(self.logs.len());
        for log in &self.logs {
            log.append_to(&mut stream);
        }
        stream.out().to_vec()
    }

    /// Rebuilds a receipt from an item of `kaia_getBlockReceipts`. The result is a claim until its encoding is proven.
    ///
    /// # Errors
    /// [`ReceiptError::JsonField`] where a needed field is absent or malformed.
    pub fn from_rpc_json(json: &Value) -> Result<Self, ReceiptError> {
        // The node folds every failure into status 0x0 and moves the committed code to txError.
        let status = match json_u64(json, "status")? {
            SUCCESS => SUCCESS,
            _ => json_u64(json, "txError")?,
        };
        let gas_used = json_u64(json, "gasUsed")?;
        let bloom = <[u8; 256]>::try_from(json_bytes(json, "logsBloom")?)
            .map_err(|_| ReceiptError::JsonField { field: "logsBloom" })?;
        let logs = match member(json, "logs") {
            Some(Value::Null) => Vec::new(),
            Some(Value::Array(logs)) => logs.iter().map(Log::from_rpc_json).collect::<Result<_, _>>()?,
            _ => return Err(ReceiptError::JsonField { field: "logs" }),
        };
        Ok(Self { status, gas_used, bloom: Box::new(bloom), logs })
    }

    /// Whether the transaction succeeded.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status == SUCCESS
    }

    /// What the status says in words, if it is a known code.
    #[must_use]
    pub fn status_name(&self) -> Option<&'static str> {
        let index = usize::try_from(self.status).ok()?;
        STATUS_NAMES.get(index).copied()
    }

    /// The bloom filter is the one of the logs. The root covers both, so a difference is a fault of the chain itself.
    ///
    /// # Errors
    /// [`ReceiptError::BloomMismatch`] where it is another one.
    pub fn bloom_matches_logs(&self) -> Result<(), ReceiptError> {
        if *self.bloom == bloom_of(&self.logs) {
            Ok(())
        } else {
            Err(ReceiptError::BloomMismatch)
        }
    }
}

impl Log {
    fn decode(mut reader: Reader<'_>) -> Result<Self, ReceiptError> {
        let address = reader.address()?;
        let mut list = reader.nested()?;
        let data = reader.bytes()?.to_vec();
        reader.finish()?;
        let mut topics = Vec::new();
        while !list.is_empty() {
            topics.push(list.hash()?);
            topics_are_few(topics.len())?;
        }
        Ok(Self { address, topics, data })
    }

    fn append_to(&self, stream: &mut RlpStream) {
        stream.begin_list(3).append(&self.address.0.as_slice());
        stream.begin_list(self.topics.len());
        for topic in &self.topics {
            stream.append(&topic.0.as_slice());
        }
        stream.append(&self.data.as_slice());
    }

    fn from_rpc_json(json: &Value) -> Result<Self, ReceiptError> {
        let address =
            Address::from_slice(&json_bytes(json, "address")?).ok_or(ReceiptError::JsonField { field: "address" })?;
        let Some(Value::Array(list)) = member(json, "topics") else {
            return Err(ReceiptError::JsonField { field: "topics" });
        };
        topics_are_few(list.len())?;
        let topics = list
            .iter()
            .map(|topic| topic.as_str().and_then(|text| text.parse().ok()))
            .collect::<Option<_>>()
            .ok_or(ReceiptError::JsonField { field: "topics" })?;
        Ok(Self { address, topics, data: json_bytes(json, "data")? })
    }
}

fn topics_are_few(got: usize) -> Result<(), ReceiptError> {
    if got > MAX_TOPICS {
        return Err(ReceiptError::TooManyTopics { limit: MAX_TOPICS, got });
    }
    Ok(())
}

fn json_text<'a>(json: &'a Value, field: &'static str) -> Result<&'a str, ReceiptError> {
    member(json, field).and_then(Value::as_str).ok_or(ReceiptError::JsonField { field })
}

fn json_bytes(json: &Value, field: &'static str) -> Result<Vec<u8>, ReceiptError> {
    decode_hex(json_text(json, field)?).map_err(|_| ReceiptError::JsonField { field })
}

/// A number as JSON-RPC writes it: 0x and hex digits without leading zeros.
fn json_u64(json: &Value, field: &'static str) -> Result<u64, ReceiptError> {
    let digits = json_text(json, field)?.strip_prefix("0x").ok_or(ReceiptError::JsonField { field })?;
    // `from_str_radix` would let a sign pass.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(ReceiptError::JsonField { field });
    }
    u64::from_str_radix(digits, 16).map_err(|_| ReceiptError::JsonField { field })
}

/// The 2048-bit filter of the addresses and topics of `logs`: three bits for each, counted from the end.
#[must_use]
pub fn bloom_of(logs: &[Log]) -> [u8; 256] {
    let mut bloom = [0u8; 256];
    for log in logs {
        add_to_bloom(&mut bloom, log.address.as_bytes());
        for topic in &log.topics {
            add_to_bloom(&mut bloom, topic.as_bytes());
        }
    }
    bloom
}

fn add_to_bloom(bloom: &mut [u8; 256], input: &[u8]) {
    let hash = keccak256(input);
    for pair in hash.0.chunks_exact(2).take(3) {
        let bit = pair.iter().fold(0usize, |bits, byte| bits.wrapping_shl(8) | usize::from(*byte)) & 2047;
        if let Some(byte) = bloom.iter_mut().rev().nth(bit >> 3) {
            *byte |= 1u8.wrapping_shl(u32::try_from(bit & 7).unwrap_or_default());
        }
    }
}

/// Names of the status codes in order. Source: chain.md 3.2.
const STATUS_NAMES: [&str; 31] = [
    "failed",
    "success",
    "default error",
    "call depth exceeded",
    "contract address collision",
    "code store out of gas",
    "maximum code size exceeded",
    "out of gas",
    "write protection",
    "execution reverted",
    "opcode computation cost limit reached",
    "address already exists",
    "not a program account",
    "address not human readable",
    "fee ratio out of range",
    "fail key not updatable",
    "different account key type",
    "nil account key not initializable",
    "public key not on curve",
    "key weight is zero",
    "account key not serializable",
    "duplicated key",
    "sum of key weights overflows",
    "key threshold cannot be reached",
    "key list is empty",
    "key list is too long",
    "role-based key inside a role-based key",
    "legacy transaction needs a legacy key",
    "deprecated",
    "not supported",
    "invalid code format",
];
