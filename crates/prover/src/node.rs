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
use spanlight::ordered::{set_of, Set};
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

const PROOF: &str = "kaia_getProof";

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

    /// Blocks with whole transactions, asked for together.
    ///
    /// # Errors
    /// Those of the endpoint, and where an answer is no block of its height.
    pub async fn blocks(&self, heights: &[u64]) -> Result<Vec<NodeBlock>, ProveError> {
        const METHOD: &str = "kaia_getBlockByNumber";
        let params = heights.iter().map(|height| json!([quantity(*height), true])).collect();
        let answers = self.transport.call_all(METHOD, params).await?;
        let read = |(height, answer): (&u64, &Value)| {
            let header = self.read_header(METHOD, answer, *height)?;
            let transactions = list(answer, METHOD, "transactions")?.iter().map(Transaction::from_rpc_json);
            Ok(NodeBlock { header, transactions: transactions.collect::<Result<_, _>>().map_err(refused)? })
        };
        heights.iter().zip(&answers).map(read).collect()
    }

    /// For each of these block hashes all receipts of the block, in order; asked for together.
    ///
    /// # Errors
    /// Those of the endpoint, and where an answer holds no receipts.
    pub async fn receipts(&self, blocks: &[Hash]) -> Result<Vec<Vec<Receipt>>, ProveError> {
        const METHOD: &str = "kaia_getBlockReceipts";
        let params = blocks.iter().map(|block| json!([block.to_string()])).collect();
        let answers = self.transport.call_all(METHOD, params).await?;
        let read = |answer: &Value| {
            let receipts = answer.as_array().ok_or_else(|| unusable(METHOD, "receipts"))?;
            receipts.iter().map(|receipt| Receipt::from_rpc_json(receipt).map_err(refused)).collect()
        };
        answers.iter().map(read).collect()
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

    /// Logs of a contract whose first topic is one of `topics`, for each of some ranges of blocks, both ends included; asked
    /// for together.
    ///
    /// # Errors
    /// Those of the endpoint: many nodes limit the range.
    pub async fn logs(
        &self,
        contract: Address,
        topics: &[Hash],
        ranges: &[(u64, u64)],
    ) -> Result<Vec<Vec<NodeLog>>, ProveError> {
        const METHOD: &str = "kaia_getLogs";
        let topics: Vec<String> = topics.iter().map(Hash::to_string).collect();
        let filter = |(from, to): &(u64, u64)| {
            json!([{
                "address": contract.to_string(),
                "topics": [topics],
                "fromBlock": quantity(*from),
                "toBlock": quantity(*to),
            }])
        };
        let answers = self.transport.call_all(METHOD, ranges.iter().map(filter).collect()).await?;
        let read = |(answer, (from, to)): (&Value, &(u64, u64))| {
            let logs = answer.as_array().ok_or_else(|| unusable(METHOD, "logs"))?;
            let logs: Vec<NodeLog> = logs.iter().map(|log| read_log(log, METHOD)).collect::<Result<_, _>>()?;
            if logs.iter().any(|log| !(*from..=*to).contains(&log.block)) {
                return Err(unusable(METHOD, "blockNumber").into());
            }
            Ok(logs)
        };
        answers.iter().zip(ranges).map(read).collect()
    }

    /// Proof of an account and some of its storage after a block: each node once, ascending by hash.
    ///
    /// # Errors
    /// Those of the endpoint: a pruned node refuses old heights.
    pub async fn proof(&self, account: Address, height: u64, slots: &[Hash]) -> Result<StateProof, ProveError> {
        let proofs = self.proofs(account, &[(height, slots.to_vec())]).await?;
        Ok(proofs.into_iter().next().ok_or_else(|| unusable(PROOF, "proof"))?)
    }

    /// The same after several blocks, asked for together.
    ///
    /// # Errors
    /// As [`Self::proof`]; of several heights that are pruned the lowest is named.
    pub async fn proofs(&self, account: Address, asked: &[(u64, Vec<Hash>)]) -> Result<Vec<StateProof>, ProveError> {
        let sorted = |(height, slots): &(u64, Vec<Hash>)| (*height, set_of(slots.iter().copied()));
        let asked: Vec<(u64, Set<Hash>)> = asked.iter().map(sorted).collect();
        let params = asked.iter().map(|(height, slots)| {
            let keys: Vec<String> = slots.iter().map(Hash::to_string).collect();
            json!([account.to_string(), keys, quantity(*height)])
        });
        let lowest = asked.iter().map(|(height, _)| *height).min().unwrap_or_default();
        let answers = self.transport.call_all(PROOF, params.collect()).await;
        let answers = answers.map_err(|error| error.about((&self.profile.name, account), lowest))?;
        asked.into_iter().zip(&answers).map(|((_, slots), answer)| read_proof(answer, slots)).collect()
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

fn read_proof(answer: &Value, slots: Set<Hash>) -> Result<StateProof, ProveError> {
    let (mut account_nodes, mut storage_nodes) = (BTreeMap::new(), BTreeMap::new());
    for slot in list(answer, PROOF, "storageProof")? {
        add_nodes(&mut storage_nodes, slot, PROOF, "proof")?;
    }
    add_nodes(&mut account_nodes, answer, PROOF, "accountProof")?;
    Ok(StateProof {
        account_nodes: account_nodes.into_values().collect(),
        slots: slots.into_iter().collect(),
        storage_nodes: storage_nodes.into_values().collect(),
    })
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
