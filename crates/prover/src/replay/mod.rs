//! A recorded node: answers from a file, so that tests and demos need no network.
//!
//! The file has one exchange `{"method", "params", "result"}` in each line, plain or gzip. What is not recorded but follows
//! from the recorded blocks, receipts and trie nodes is derived; all else gets the error of a node that has pruned it.

mod logs;
mod proofs;

use crate::rpc::{RpcError, Transport};
use proofs::Proofs;
use serde_json::{json, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read};

/// JSON-RPC code of a node's own errors.
const SERVER_ERROR: i64 = -32_000;
const METHOD_NOT_FOUND: i64 = -32_601;
const INVALID_PARAMS: i64 = -32_602;
/// First bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Largest recording that is read, unpacked: a packed file may claim any size.
const MAX_BYTES: u64 = 1 << 30;
/// Blocks in one log query, as many endpoints allow.
const LOG_RANGE: u64 = 1024;

/// Why a file is no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The bytes cannot be unpacked, or are no text.
    #[error("the recording cannot be unpacked")]
    Unpack,
    /// A line is no recorded exchange.
    #[error("line {line} is no recorded exchange")]
    Line {
        /// The line, from 1.
        line: usize,
    },
    /// No block is recorded.
    #[error("the recording holds no block")]
    NoBlock,
}

impl ReplayError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unpack => "replay.unpack",
            Self::Line { .. } => "replay.line",
            Self::NoBlock => "replay.no_block",
        }
    }
}

/// A recording that answers as the node did.
#[derive(Debug)]
pub struct Replay {
    exchanges: HashMap<String, Value>,
    /// Blocks with whole transactions, by number.
    blocks: BTreeMap<u64, Value>,
    numbers: HashMap<String, u64>,
    /// Receipts by block hash.
    receipts: HashMap<String, Value>,
    /// Place of each transaction.
    places: HashMap<String, (u64, usize)>,
    proofs: Proofs,
    calls: RefCell<BTreeMap<String, u64>>,
    log_range: u64,
}

impl Replay {
    /// Reads a recording, plain or packed with gzip.
    ///
    /// # Errors
    /// Where a line is no exchange, or no block is recorded.
    pub fn read(bytes: &[u8]) -> Result<Self, ReplayError> {
        let packed = bytes.starts_with(&GZIP);
        let source: Box<dyn Read + '_> =
            if packed { Box::new(flate2::read::GzDecoder::new(bytes)) } else { Box::new(bytes) };
        let mut replay = Self {
            exchanges: HashMap::new(),
            blocks: BTreeMap::new(),
            numbers: HashMap::new(),
            receipts: HashMap::new(),
            places: HashMap::new(),
            proofs: Proofs::default(),
            calls: RefCell::default(),
            log_range: LOG_RANGE,
        };
        for (index, line) in BufReader::new(source.take(MAX_BYTES)).lines().enumerate() {
            let line = line.map_err(|_| ReplayError::Unpack)?;
            if !line.trim().is_empty() {
                replay.take_line(&line).ok_or(ReplayError::Line { line: index.saturating_add(1) })?;
            }
        }
        if replay.blocks.is_empty() {
            return Err(ReplayError::NoBlock);
        }
        Ok(replay)
    }

    /// The same recording behind a node that allows at most `blocks` blocks in one log query.
    #[must_use]
    pub const fn with_log_range(mut self, blocks: u64) -> Self {
        self.log_range = blocks;
        self
    }

    /// How often each method was called.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.borrow().clone()
    }

    /// Starts counting anew.
    pub fn reset_calls(&self) {
        self.calls.borrow_mut().clear();
    }

    fn take_line(&mut self, line: &str) -> Option<()> {
        let mut exchange: Value = serde_json::from_str(line).ok()?;
        let method = exchange.get("method")?.as_str()?.to_owned();
        let params = exchange.get_mut("params")?.take();
        let result = exchange.get_mut("result")?.take();
        match method.as_str() {
            "kaia_getBlockByNumber" => self.take_block(&result)?,
            "kaia_getBlockReceipts" => {
                self.receipts.insert(canonical_text(params.get(0)?.as_str()?), result);
            }
            "kaia_getProof" => self.proofs.take(&params, &result)?,
            _ => {
                self.exchanges.insert(exchange_key(&method, &params), result);
            }
        }
        Some(())
    }

    fn take_block(&mut self, block: &Value) -> Option<()> {
        let number = quantity(block.get("number")?)?;
        self.numbers.insert(block.get("hash")?.as_str()?.to_owned(), number);
        for (index, transaction) in block.get("transactions")?.as_array()?.iter().enumerate() {
            // Recorded with whole transactions; a list of hashes would be a recording of another call.
            self.places.insert(transaction.get("hash")?.as_str()?.to_owned(), (number, index));
        }
        self.blocks.insert(number, block.clone());
        Some(())
    }

    fn head(&self) -> u64 {
        self.blocks.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// A block number, or one of the names that mean the head.
    fn block_number(&self, param: Option<&Value>) -> Result<u64, RpcError> {
        match param.and_then(Value::as_str) {
            Some("latest" | "pending" | "safe" | "finalized") => Ok(self.head()),
            Some("earliest") => Ok(0),
            _ => param.and_then(quantity).ok_or_else(|| invalid("block number")),
        }
    }

    fn block(&self, number: u64) -> Result<&Value, RpcError> {
        self.blocks
            .get(&number)
            .ok_or_else(|| node_error(SERVER_ERROR, format!("the block does not exist (block number: {number})")))
    }

    fn block_of_hash(&self, param: Option<&Value>) -> Result<&Value, RpcError> {
        let hash = param.and_then(Value::as_str).map(canonical_text).ok_or_else(|| invalid("block hash"))?;
        let number = self
            .numbers
            .get(&hash)
            .ok_or_else(|| node_error(SERVER_ERROR, format!("the block does not exist (block hash: {hash})")))?;
        self.block(*number)
    }

    fn receipts_of(&self, block: &Value) -> Value {
        let hash = block.get("hash").and_then(Value::as_str).unwrap_or_default();
        self.receipts.get(hash).cloned().unwrap_or_else(|| json!([]))
    }

    fn transaction(&self, param: Option<&Value>) -> Result<Option<(&Value, usize)>, RpcError> {
        let hash = param.and_then(Value::as_str).map(canonical_text).ok_or_else(|| invalid("transaction hash"))?;
        let Some((number, index)) = self.places.get(&hash) else { return Ok(None) };
        Ok(Some((self.block(*number)?, *index)))
    }

    fn answer(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        let param = |index: usize| params.get(index);
        match method {
            "kaia_blockNumber" => Ok(json!(hex(self.head()))),
            "kaia_getBlockByNumber" => {
                let block = self.block(self.block_number(param(0))?)?;
                Ok(with_transactions(block, param(1)))
            }
            "kaia_getBlockByHash" => Ok(with_transactions(self.block_of_hash(param(0))?, param(1))),
            "kaia_getHeaderByNumber" => Ok(header_of(self.block(self.block_number(param(0))?)?)),
            "kaia_getHeaderByHash" => Ok(header_of(self.block_of_hash(param(0))?)),
            "kaia_getBlockReceipts" => {
                let by_hash = param(0).and_then(Value::as_str).is_some_and(|text| text.len() == 66);
                let block =
                    if by_hash { self.block_of_hash(param(0))? } else { self.block(self.block_number(param(0))?)? };
                Ok(self.receipts_of(block))
            }
            "kaia_getTransactionByHash" => Ok(self
                .transaction(param(0))?
                .and_then(|(block, index)| block.get("transactions")?.get(index).cloned())
                .unwrap_or(Value::Null)),
            "kaia_getTransactionReceipt" => Ok(self
                .transaction(param(0))?
                .and_then(|(block, index)| self.receipts_of(block).get(index).cloned())
                .unwrap_or(Value::Null)),
            "kaia_getLogs" => self.logs(param(0)),
            "kaia_getProof" => {
                let number = self.block_number(param(2))?;
                self.block(number)?;
                self.proofs.answer(params, number)
            }
            _ => self.exchanges.get(&exchange_key(method, params)).cloned().ok_or_else(|| {
                node_error(METHOD_NOT_FOUND, format!("the method {method} does not exist/is not available"))
            }),
        }
    }
}

impl Transport for Replay {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let mut calls = self.calls.borrow_mut();
        let count = calls.entry(method.to_owned()).or_default();
        *count = count.saturating_add(1);
        drop(calls);
        self.answer(method, &params)
    }
}

fn node_error(code: i64, message: String) -> RpcError {
    RpcError::Node { code, message }
}

fn invalid(what: &str) -> RpcError {
    node_error(INVALID_PARAMS, format!("invalid argument: {what}"))
}

fn hex(number: u64) -> String {
    format!("{number:#x}")
}

/// A number, as JSON or as hex text.
fn quantity(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        _ => None,
    }
}

/// Hex text in lower case; leading zeros gone where the text is neither an address nor a word.
fn canonical_text(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let Some(digits) = lower.strip_prefix("0x") else { return text.to_owned() };
    if matches!(digits.len(), 40 | 64) {
        return lower;
    }
    let significant = digits.trim_start_matches('0');
    format!("0x{}", if significant.is_empty() { "0" } else { significant })
}

/// The same call in another spelling has the same key.
fn exchange_key(method: &str, params: &Value) -> String {
    fn canonical(value: &Value) -> Value {
        match value {
            Value::String(text) => json!(canonical_text(text)),
            Value::Number(number) => number.as_u64().map_or_else(|| value.clone(), |number| json!(hex(number))),
            Value::Array(items) => items.iter().map(canonical).collect(),
            other => other.clone(),
        }
    }
    format!("{method} {}", canonical(params))
}

/// A node gives hashes where whole transactions are not asked for.
fn with_transactions(block: &Value, whole: Option<&Value>) -> Value {
    let mut block = block.clone();
    if !whole.and_then(Value::as_bool).unwrap_or(false) {
        if let Some(transactions) = block.get_mut("transactions").and_then(Value::as_array_mut) {
            for transaction in transactions {
                *transaction = transaction.get("hash").cloned().unwrap_or_default();
            }
        }
    }
    block
}

/// Header methods leave the body out and spell one key otherwise.
fn header_of(block: &Value) -> Value {
    let mut header = block.clone();
    if let Some(fields) = header.as_object_mut() {
        for key in ["transactions", "size"] {
            fields.remove(key);
        }
        if let Some(mix_hash) = fields.remove("mixHash") {
            fields.insert("mixhash".to_owned(), mix_hash);
        }
    }
    header
}
