//! Typed reads from a node. Nothing read here is believed: the core checks whatever is used.

use crate::error::{refused, ProveError};
use crate::rpc::{RpcError, Transport};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use serde_json::{json, Value};
use spanlight::header::{from_rpc_json, UntrustedHeader};
use spanlight::json::member;
use spanlight::ordered::set_of;
use spanlight::primitives::{decode_hex, keccak256};
use spanlight::profile::ChainProfile;
use spanlight::receipt::Receipt;
use spanlight::state::StateProof;
use spanlight::transaction::Transaction;
use spanlight::{Address, Hash};

/// All methods that are asked of a node. Each of them reads.
pub const METHODS: [&str; 8] = [
    "kaia_chainID",
    "kaia_blockNumber",
    "kaia_getHeaderByNumber",
    "kaia_getBlockByNumber",
    "kaia_getBlockReceipts",
    "kaia_getTransactionReceipt",
    "kaia_getLogs",
    "kaia_getProof",
];

/// One node of one chain.
#[derive(Debug)]
pub struct Node<'t, T> {
    transport: &'t T,
    profile: &'t ChainProfile,
}

/// A block with its transactions.
#[derive(Clone, Debug)]
pub struct NodeBlock {
    /// The header.
    pub header: UntrustedHeader,
    /// The transactions in order.
    pub transactions: Vec<Transaction>,
}

/// Where a log was found, and the log.
#[derive(Clone, Debug)]
pub struct NodeLog {
    /// Block number.
    pub block: u64,
    /// The transaction's index in the block.
    pub index: u32,
    /// The log.
    pub log: spanlight::receipt::Log,
}

/// What a node knows of a transaction: its place, and its receipt.
#[derive(Clone, Debug)]
pub struct NodeReceipt {
    /// Block number.
    pub block: u64,
    /// Index in the block.
    pub index: u32,
    /// The receipt.
    pub receipt: Receipt,
}

impl<'t, T: Transport> Node<'t, T> {
    /// The node behind `transport`, read by the rules of `profile`.
    pub const fn new(transport: &'t T, profile: &'t ChainProfile) -> Self {
        Self { transport, profile }
    }

    /// The chain's rules.
    #[must_use]
    pub const fn profile(&self) -> &'t ChainProfile {
        self.profile
    }

    /// The id of the chain that the node serves.
    ///
    /// # Errors
    /// Those of the endpoint.
    pub async fn chain_id(&self) -> Result<u64, ProveError> {
        const METHOD: &str = "kaia_chainID";
        let answer = self.transport.call(METHOD, json!([])).await?;
        Ok(number(&answer).ok_or_else(|| unusable(METHOD, "number"))?)
    }

    /// Number of the newest block.
    ///
    /// # Errors
    /// Those of the endpoint.
    pub async fn head_number(&self) -> Result<u64, ProveError> {
        const METHOD: &str = "kaia_blockNumber";
        let answer = self.transport.call(METHOD, json!([])).await?;
        Ok(number(&answer).ok_or_else(|| unusable(METHOD, "number"))?)
    }

    /// The header of a block.
    ///
    /// # Errors
    /// Those of the endpoint, and where the answer is no header of that height.
    pub async fn header(&self, height: u64) -> Result<UntrustedHeader, ProveError> {
        const METHOD: &str = "kaia_getHeaderByNumber";
        let answer = self.transport.call(METHOD, json!([quantity(height)])).await?;
        self.read_header(METHOD, &answer, height)
    }

    /// The headers of consecutive heights, both ends included, asked for together.
    ///
    /// # Errors
    /// As [`Self::header`].
    pub async fn headers(&self, first: u64, last: u64) -> Result<Vec<UntrustedHeader>, ProveError> {
        const METHOD: &str = "kaia_getHeaderByNumber";
        let params = (first..=last).map(|height| json!([quantity(height)])).collect();
        let answers = self.transport.call_all(METHOD, params).await?;
        (first..=last).zip(&answers).map(|(height, answer)| self.read_header(METHOD, answer, height)).collect()
    }

    /// A block with whole transactions.
    ///
    /// # Errors
    /// Those of the endpoint, and where the answer is no block of that height.
    pub async fn block(&self, height: u64) -> Result<NodeBlock, ProveError> {
        const METHOD: &str = "kaia_getBlockByNumber";
        let answer = self.transport.call(METHOD, json!([quantity(height), true])).await?;
        let header = self.read_header(METHOD, &answer, height)?;
        let transactions = list(&answer, METHOD, "transactions")?;
        let transactions =
            transactions.iter().map(Transaction::from_rpc_json).collect::<Result<_, _>>().map_err(refused)?;
        Ok(NodeBlock { header, transactions })
    }

    /// All receipts of the block with this hash, in order.
    ///
    /// # Errors
    /// Those of the endpoint, and where the answer holds no receipts.
    pub async fn receipts(&self, block: Hash) -> Result<Vec<Receipt>, ProveError> {
        const METHOD: &str = "kaia_getBlockReceipts";
        let answer = self.transport.call(METHOD, json!([block.to_string()])).await?;
        let receipts = answer.as_array().ok_or_else(|| unusable(METHOD, "receipts"))?;
        receipts.iter().map(|receipt| Receipt::from_rpc_json(receipt).map_err(refused)).collect()
    }

    /// Where the node says a transaction is, and what came of it; none if it knows no such transaction.
    ///
    /// # Errors
    /// Those of the endpoint, and where the answer is no receipt.
    pub async fn transaction_receipt(&self, hash: Hash) -> Result<Option<NodeReceipt>, ProveError> {
        const METHOD: &str = "kaia_getTransactionReceipt";
        let answer = self.transport.call(METHOD, json!([hash.to_string()])).await?;
        if answer.is_null() {
            return Ok(None);
        }
        let (block, index) = place(&answer, METHOD)?;
        Ok(Some(NodeReceipt { block, index, receipt: Receipt::from_rpc_json(&answer).map_err(refused)? }))
    }

    /// Logs of a contract whose first topic is one of `topics`, in an inclusive range of blocks.
    ///
    /// # Errors
    /// Those of the endpoint: many nodes limit the range.
    pub async fn logs(
        &self,
        contract: Address,
        topics: &[Hash],
        (from, to): (u64, u64),
    ) -> Result<Vec<NodeLog>, ProveError> {
        const METHOD: &str = "kaia_getLogs";
        let topics: Vec<String> = topics.iter().map(Hash::to_string).collect();
        let filter = json!([{
            "address": contract.to_string(),
            "topics": [topics],
            "fromBlock": quantity(from),
            "toBlock": quantity(to),
        }]);
        let answer = self.transport.call(METHOD, filter).await?;
        let logs = answer.as_array().ok_or_else(|| unusable(METHOD, "logs"))?;
        logs.iter().map(|log| read_log(log, METHOD)).collect()
    }

    /// Proof of an account and some of its storage after a block: each node once, ascending by hash.
    ///
    /// # Errors
    /// Those of the endpoint: a pruned node refuses old heights.
    pub async fn proof(&self, account: Address, height: u64, slots: &[Hash]) -> Result<StateProof, ProveError> {
        const METHOD: &str = "kaia_getProof";
        let sorted: Vec<Hash> = set_of(slots.iter().copied()).into_iter().collect();
        let keys: Vec<String> = sorted.iter().map(Hash::to_string).collect();
        let answer = self.transport.call(METHOD, json!([account.to_string(), keys, quantity(height)])).await;
        let answer = answer.map_err(|error| error.at_height(height))?;
        let mut storage_nodes = BTreeMap::new();
        for slot in list(&answer, METHOD, "storageProof")? {
            add_nodes(&mut storage_nodes, slot, METHOD, "proof")?;
        }
        let mut account_nodes = BTreeMap::new();
        add_nodes(&mut account_nodes, &answer, METHOD, "accountProof")?;
        Ok(StateProof {
            account_nodes: account_nodes.into_values().collect(),
            slots: sorted,
            storage_nodes: storage_nodes.into_values().collect(),
        })
    }

    fn read_header(&self, method: &'static str, answer: &Value, height: u64) -> Result<UntrustedHeader, ProveError> {
        let header = from_rpc_json(answer, self.profile).map_err(refused)?;
        if header.number() == height {
            Ok(header)
        } else {
            Err(unusable(method, "number").into())
        }
    }
}

const fn unusable(method: &'static str, field: &'static str) -> RpcError {
    RpcError::Answer { method, field }
}

fn quantity(number: u64) -> String {
    format!("{number:#x}")
}

fn number(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn list<'v>(value: &'v Value, method: &'static str, field: &'static str) -> Result<&'v Vec<Value>, RpcError> {
    member(value, field).and_then(Value::as_array).ok_or_else(|| unusable(method, field))
}

fn place(value: &Value, method: &'static str) -> Result<(u64, u32), RpcError> {
    let field = |name| member(value, name).and_then(number);
    let block = field("blockNumber").ok_or_else(|| unusable(method, "blockNumber"))?;
    let index = field("transactionIndex").and_then(|index| u32::try_from(index).ok());
    Ok((block, index.ok_or_else(|| unusable(method, "transactionIndex"))?))
}

fn read_log(value: &Value, method: &'static str) -> Result<NodeLog, ProveError> {
    let (block, index) = place(value, method)?;
    let topics = list(value, method, "topics")?.iter().map(|topic| topic.as_str()?.parse().ok());
    let topics = topics.collect::<Option<Vec<Hash>>>().ok_or_else(|| unusable(method, "topics"))?;
    let text = |field| member(value, field).and_then(Value::as_str);
    let address = text("address").and_then(|address| address.parse().ok());
    let address: Address = address.ok_or_else(|| unusable(method, "address"))?;
    let data = text("data").and_then(|data| decode_hex(data).ok()).ok_or_else(|| unusable(method, "data"))?;
    Ok(NodeLog { block, index, log: spanlight::receipt::Log { address, topics, data } })
}

fn add_nodes(
    nodes: &mut BTreeMap<Hash, Vec<u8>>,
    value: &Value,
    method: &'static str,
    field: &'static str,
) -> Result<(), RpcError> {
    for node in list(value, method, field)? {
        let node = node.as_str().and_then(|text| decode_hex(text).ok()).ok_or_else(|| unusable(method, field))?;
        nodes.insert(keccak256(&node), node);
    }
    Ok(())
}
