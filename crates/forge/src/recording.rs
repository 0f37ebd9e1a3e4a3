//! A forged chain in the words of a node: a recording that `spanlight replay` serves, with the bridge's whole state at every
//! block, so that a prover can be tried on chains that nobody ran.

use crate::chain::{Block, Chain};
use serde_json::{json, Map, Value};
use spanlight::header::HeaderFields;
use spanlight::primitives::{encode_hex, Hash};
use spanlight::receipt::{Log, Receipt};
use spanlight::transaction::Transaction;
use std::fmt::{LowerHex, Write};

/// One exchange in each line. Only blocks that hold the transactions of kinds that this crate signs can be told.
///
/// # Panics
/// Where a block holds other transactions.
#[must_use]
pub fn record(chain: &Chain) -> String {
    let mut lines = String::new();
    let mut line = |method: &str, params: Value, result: Value| {
        let _ = writeln!(lines, "{}", json!({ "method": method, "params": params, "result": result }));
    };
    line("kaia_chainID", json!([]), quantity(chain.profile.chain_id));
    for block in chain.blocks() {
        let number = quantity(block.header.number());
        line("kaia_getBlockByNumber", json!([number, true]), block_json(block));
        if !block.receipts.is_empty() {
            line("kaia_getBlockReceipts", json!([block.header.hash().to_string()]), receipts_json(block));
        }
        let address = chain.bridge.address.to_string();
        line("kaia_getProof", json!([address, [Hash::ZERO.to_string()], number]), proof_json(chain, block));
    }
    lines
}

fn quantity(number: impl LowerHex) -> Value {
    format!("{number:#x}").into()
}

fn block_json(block: &Block) -> Value {
    let fields = block.header.fields();
    let mut json = header_json(fields, &block.header.hash());
    let transactions = block.transactions.iter().enumerate().map(|(index, raw)| {
        let transaction = Transaction::decode(raw).expect("a transaction of this crate");
        let mut json = transaction_json(&transaction);
        place(&mut json, block, index, &transaction.hash());
        Value::from(json)
    });
    json.insert("transactions".into(), transactions.collect());
    json.into()
}

fn header_json(fields: &HeaderFields, hash: &Hash) -> Map<String, Value> {
    let bytes = |bytes: &[u8]| Value::from(encode_hex(bytes));
    let mut json = Map::from_iter([
        ("hash".into(), hash.to_string().into()),
        ("parentHash".into(), fields.parent_hash.to_string().into()),
        ("reward".into(), fields.rewardbase.to_string().into()),
        ("stateRoot".into(), fields.state_root.to_string().into()),
        ("transactionsRoot".into(), fields.transactions_root.to_string().into()),
        ("receiptsRoot".into(), fields.receipts_root.to_string().into()),
        ("logsBloom".into(), bytes(fields.bloom.as_slice())),
        ("blockScore".into(), quantity(fields.block_score)),
        ("number".into(), quantity(fields.number)),
        ("gasUsed".into(), quantity(fields.gas_used)),
        ("timestamp".into(), quantity(fields.time)),
        ("timestampFoS".into(), quantity(fields.time_fos)),
        ("extraData".into(), bytes(&fields.extra.encode())),
        ("governanceData".into(), bytes(&fields.governance)),
        ("voteData".into(), bytes(&fields.vote)),
    ]);
    let mut add = |name: &str, value: Option<Value>| json.extend(value.map(|value| (name.to_owned(), value)));
    add("baseFeePerGas", fields.base_fee.map(quantity));
    add("randomReveal", fields.random_reveal.as_ref().map(|reveal| bytes(reveal.as_slice())));
    add("mixHash", fields.mix_hash.map(|hash| hash.to_string().into()));
    add("blobGasUsed", fields.blob_gas_used.map(quantity));
    add("excessBlobGas", fields.excess_blob_gas.map(quantity));
    json
}

fn transaction_json(transaction: &Transaction) -> Map<String, Value> {
    assert_eq!(transaction.type_number(), 0, "only legacy transactions are signed here");
    let signature = |signature: &spanlight::transaction::Signature| json!({ "V": quantity(signature.v), "R": quantity(signature.r), "S": quantity(signature.s) });
    Map::from_iter([
        ("typeInt".into(), 0.into()),
        ("hash".into(), transaction.hash().to_string().into()),
        ("nonce".into(), quantity(transaction.nonce())),
        ("gasPrice".into(), quantity(transaction.gas_price())),
        ("gas".into(), quantity(transaction.gas())),
        ("to".into(), transaction.to().map(|to| to.to_string()).into()),
        ("value".into(), quantity(transaction.value())),
        ("input".into(), encode_hex(transaction.input()).into()),
        ("signatures".into(), transaction.signatures().iter().map(signature).collect()),
    ])
}

/// Where something is, in the words of receipts, logs and transactions.
fn place(json: &mut Map<String, Value>, block: &Block, index: usize, transaction: &Hash) {
    json.insert("blockHash".into(), block.header.hash().to_string().into());
    json.insert("blockNumber".into(), quantity(block.header.number()));
    json.insert("transactionIndex".into(), quantity(index as u64));
    json.insert("transactionHash".into(), transaction.to_string().into());
}

fn receipts_json(block: &Block) -> Value {
    let items = block.transactions.iter().zip(&block.receipts).enumerate();
    let mut logs = 0u64;
    let receipts = items.map(|(index, (transaction, receipt))| {
        let hash = Transaction::decode(transaction).expect("a transaction of this crate").hash();
        let receipt = Receipt::decode(receipt).expect("a receipt of this crate");
        let mut json = Map::from_iter([
            ("gasUsed".into(), quantity(receipt.gas_used)),
            ("logsBloom".into(), encode_hex(receipt.bloom.as_slice()).into()),
            // A node tells success and failure, and the code of a failure apart.
            ("status".into(), quantity(u64::from(receipt.status == 1))),
        ]);
        if receipt.status != 1 {
            json.insert("txError".into(), quantity(receipt.status));
        }
        let log = |log: &Log| {
            let mut json = log_json(log);
            place(&mut json, block, index, &hash);
            json.insert("logIndex".into(), quantity(logs));
            logs += 1;
            Value::from(json)
        };
        json.insert("logs".into(), receipt.logs.iter().map(log).collect());
        place(&mut json, block, index, &hash);
        Value::from(json)
    });
    receipts.collect()
}

fn log_json(log: &Log) -> Map<String, Value> {
    Map::from_iter([
        ("address".into(), log.address.to_string().into()),
        ("topics".into(), log.topics.iter().map(Hash::to_string).collect()),
        ("data".into(), encode_hex(&log.data).into()),
    ])
}

/// The whole storage, as the proof of one slot: a replay takes the nodes of other slots' paths from it.
fn proof_json(chain: &Chain, block: &Block) -> Value {
    let address = chain.bridge.address;
    let contract = block.state.contract.as_ref().expect("every block has the bridge");
    let slots: Vec<Hash> = contract.storage.keys().copied().collect();
    let proof = block.state.prove(&address, &slots);
    let hex = |nodes: &[Vec<u8>]| nodes.iter().map(|node| encode_hex(node)).collect::<Value>();
    json!({
        "address": address.to_string(),
        "accountProof": hex(&proof.account_nodes),
        "storageHash": contract.account().storage_root.to_string(),
        "storageProof": [{ "key": Hash::ZERO.to_string(), "value": "0x0", "proof": hex(&proof.storage_nodes) }],
    })
}
