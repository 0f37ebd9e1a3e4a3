//! Every member name that is read of a node's answer stands in an answer of a real node.
//!
//! The names come from the readers themselves: each is given an object, told which member it
//! misses, and given that member, until it misses none. A name that only our own devnet writes
//! would be found here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod common;

use common::{block_on, fixture};
use serde_json::{json, Value};
use spanlight::header::{from_rpc_json, HeaderError};
use spanlight::json::trace;
use spanlight::receipt::{Receipt, ReceiptError};
use spanlight::transaction::{Transaction, TransactionError};
use spanlight::{Address, Hash};
use spanlight_prover::{Node, RpcError, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};

type Names = BTreeSet<String>;

/// Answers of real nodes by what they are about, with the names of all members in them.
#[derive(Default)]
struct Recorded {
    headers: Names,
    transactions: Names,
    receipts: Names,
    proofs: Names,
}

fn add_names(value: &Value, names: &mut Names) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            names.insert(name.clone());
            add_names(value, names);
        }),
        Value::Array(items) => items.iter().for_each(|item| add_names(item, names)),
        _ => {}
    }
}

impl Recorded {
    fn read() -> Self {
        let mut all = Self::default();
        for chain in ["main", "service"] {
            let packed = fixture(&format!("{chain}.rpc.jsonl.gz"));
            for line in BufReader::new(flate2::read::GzDecoder::new(packed.as_slice())).lines() {
                let mut exchange: Value = serde_json::from_str(&line.unwrap()).unwrap();
                let mut result = exchange["result"].take();
                match exchange["method"].as_str().unwrap() {
                    "kaia_getBlockByNumber" => {
                        add_names(&result["transactions"].take(), &mut all.transactions);
                        add_names(&result, &mut all.headers);
                    }
                    "kaia_getBlockReceipts" => add_names(&result, &mut all.receipts),
                    "kaia_getProof" => add_names(&result, &mut all.proofs),
                    _ => {}
                }
            }
        }
        // Two headers of Kaia mainnet, by the method that gives headers alone.
        for number in [227_942_836u64, 227_942_837] {
            add_names(&json_of(&format!("mainnet/header-{number}.json")), &mut all.headers);
        }
        add_names(&json_of("rpc/blob-transaction.json"), &mut all.transactions);
        all
    }
}

fn json_of(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

/// What may stand in a member, one after the other.
fn values() -> Vec<Value> {
    let hex = |bytes: usize| json!(format!("0x{}", "00".repeat(bytes)));
    let extra = "0x0000000000000000000000000000000000000000000000000000000000000000d8d594f1c5ac6035a403f71713dad05a779d1d1b0e277c80c0";
    let authorization =
        json!({"chainId": "0x1", "address": hex(20), "nonce": "0x0", "yParity": "0x0", "r": "0x1", "s": "0x1"});
    vec![
        json!("0x1"),
        hex(20),
        hex(32),
        hex(96),
        hex(256),
        hex(1),
        json!(extra),
        json!(true),
        json!([{"address": hex(20), "topics": [hex(32)], "data": "0x"}]),
        json!([{"V": "0x1", "R": "0x1", "S": "0x1"}]),
        json!([{"address": hex(20), "storageKeys": [hex(32)]}]),
        json!([authorization]),
        json!([hex(32)]),
        json!([]),
    ]
}

/// The names that a reader reads, found by giving it what it misses. `missing` tells that of its
/// refusal.
fn names_read(start: Value, missing: impl Fn(&Value) -> Option<&'static str>) -> BTreeSet<&'static str> {
    let (mut object, mut tried) = (start, BTreeMap::<&'static str, usize>::new());
    let values = values();
    drop(trace::take());
    while let Some(name) = missing(&object) {
        let next = tried.entry(name).or_default();
        object[name] = values.get(*next).unwrap_or_else(|| panic!("no value fits {name}: {object}")).clone();
        *next += 1;
    }
    trace::take()
}

fn of_transactions() -> BTreeSet<&'static str> {
    let numbers = (0..=0xffu16).chain(0x7801..=0x7804);
    let known = numbers.filter(|number| {
        let refusal = Transaction::from_rpc_json(&json!({"typeInt": number}));
        !matches!(refusal, Err(TransactionError::UnsupportedType { .. }))
    });
    let read = |number: u16| {
        names_read(json!({"typeInt": number, "hash": Hash::ZERO}), |object| {
            match Transaction::from_rpc_json(object).unwrap_err() {
                TransactionError::Json { field: "hash" } => None,
                TransactionError::Json { field } => Some(field),
                other => panic!("{number:#x}: {other:?}"),
            }
        })
    };
    let known: Vec<u16> = known.collect();
    assert_eq!(known.len(), 26);
    known.into_iter().flat_map(read).collect()
}

fn of_headers() -> BTreeSet<&'static str> {
    let mut profile = common::trust().chains.remove(0).profile;
    let forks = &mut profile.forks;
    (forks.magma, forks.randao, forks.osaka) = (Some(0), Some(0), Some(0));
    names_read(json!({}), |object| match from_rpc_json(object, &profile) {
        Ok(_) => None,
        Err(HeaderError::JsonField { field }) => Some(field),
        Err(HeaderError::Rlp(_) | HeaderError::ExtraTooShort { .. }) => Some("extraData"),
        Err(other) => panic!("{other:?}"),
    })
}

fn of_receipts() -> BTreeSet<&'static str> {
    let read = |status: &str| {
        names_read(json!({"status": status}), |object| match Receipt::from_rpc_json(object) {
            Ok(_) => None,
            Err(ReceiptError::JsonField { field }) => Some(field),
            Err(other) => panic!("{other:?}"),
        })
    };
    let mut names = read("0x1");
    names.extend(read("0x0"));
    names
}

/// A node with one answer.
struct Answering(Value);

impl Transport for Answering {
    async fn call(&self, _method: &str, _params: Value) -> Result<Value, RpcError> {
        Ok(self.0.clone())
    }
}

fn of_proofs() -> BTreeSet<&'static str> {
    let profile = common::trust().chains.remove(0).profile;
    let answer = json!({"accountProof": [], "storageProof": [{"proof": []}]});
    drop(trace::take());
    block_on(Node::new(&Answering(answer), &profile).proof(Address::ZERO, 1, &[Hash::ZERO])).unwrap();
    trace::take()
}

/// The place of a log in `kaia_getLogs`, and of a receipt in `kaia_getTransactionReceipt`.
fn of_places() -> BTreeSet<&'static str> {
    let profile = common::trust().chains.remove(0).profile;
    let place = json!({"blockNumber": "0x1", "transactionIndex": "0x0"});
    let (mut log, mut receipt) = (place.clone(), place);
    log["address"] = json!(Address::ZERO);
    log["topics"] = json!([]);
    log["data"] = json!("0x");
    receipt["status"] = json!("0x1");
    receipt["gasUsed"] = json!("0x1");
    receipt["logsBloom"] = json!(format!("0x{}", "00".repeat(256)));
    receipt["logs"] = json!([]);
    drop(trace::take());
    let logs = Answering(json!([log]));
    block_on(Node::new(&logs, &profile).logs(Address::ZERO, &[], &[(1, 1)])).unwrap();
    block_on(Node::new(&Answering(receipt), &profile).transaction_receipt(Hash::ZERO)).unwrap();
    trace::take()
}

fn not_shown<'n>(read: &BTreeSet<&'n str>, shown: &Names) -> Vec<&'n str> {
    read.iter().copied().filter(|name| !shown.contains(*name)).collect()
}

#[test]
fn every_name_that_is_read_stands_in_an_answer_of_a_real_node() {
    let recorded = Recorded::read();
    // `blockscore` is the spelling of nodes before Klaytn 1.12, `vrank` a member of the
    // Permissionless fork: both have a case in the fixtures. `mixhash` is how
    // `kaia_getHeaderByNumber` spells `mixHash`; that method was not recorded.
    assert_eq!(not_shown(&of_headers(), &recorded.headers), ["blockscore", "mixhash", "vrank"]);
    assert_eq!(not_shown(&of_receipts(), &recorded.receipts), [] as [&str; 0]);
    assert_eq!(not_shown(&of_places(), &recorded.receipts), [] as [&str; 0]);
    assert_eq!(not_shown(&of_proofs(), &recorded.proofs), [] as [&str; 0]);
    // No recording has a transaction with these: fee payers and ratios, account updates,
    // deployments by Kaia's own type, addresses announced beforehand, and consents to run foreign
    // code. They are the names that the program of Kaia v2.2.1 writes; a wrong one could not lead
    // to a wrong verdict, because the rebuilt transaction must have the claimed hash.
    let not_recorded = [
        "address",
        "authorizationList",
        "codeFormat",
        "feePayer",
        "feePayerSignatures",
        "feeRatio",
        "humanReadable",
        "key",
        "r",
        "s",
        "storageKeys",
        "yParity",
    ];
    assert_eq!(not_shown(&of_transactions(), &recorded.transactions), not_recorded);
}

#[test]
fn the_blocks_of_a_node_hold_their_transactions_under_the_name_that_is_read() {
    let packed = fixture("main.rpc.jsonl.gz");
    let lines = BufReader::new(flate2::read::GzDecoder::new(packed.as_slice())).lines();
    let block = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let mut block = block.filter(|exchange| exchange["method"] == "kaia_getBlockByNumber");
    let answer = block.next().unwrap()["result"].take();
    let profile = common::trust().chains.remove(0).profile;
    let number = u64::from_str_radix(answer["number"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    drop(trace::take());
    block_on(Node::new(&Answering(answer.clone()), &profile).blocks(&[number])).unwrap();
    assert!(trace::take().contains("transactions") && answer["transactions"].is_array());
}
