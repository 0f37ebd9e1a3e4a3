//! The devnet writes the members that real nodes write, no more and no fewer.

use serde_json::{json, Value};
use spanlight::primitives::U256;
use spanlight_devnet::pair::COIN;
use spanlight_devnet::wallet::{self, Sending};
use spanlight_devnet::{ChainConfig, ChainHandle};
use spanlight_forge::keys;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

const RICH: u64 = 101;

/// The names of an object's members, of objects in it too, each behind the place where it stands.
fn names(value: &Value) -> Vec<String> {
    fn walk(value: &Value, place: &str, all: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                all.push(format!("{place}.{name}"));
                walk(value, &format!("{place}.{name}"), all);
            }),
            Value::Array(items) => items.iter().take(1).for_each(|item| walk(item, &format!("{place}[]"), all)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk(value, "", &mut all);
    all.sort();
    all
}

/// One answer of a real node for each thing that is compared.
fn recorded() -> BTreeMap<&'static str, Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/main.rpc.jsonl.gz");
    let file = flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap());
    let mut found = BTreeMap::new();
    for line in BufReader::new(file).lines() {
        let mut exchange: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let mut result = exchange["result"].take();
        match exchange["method"].as_str().unwrap() {
            "kaia_getBlockByNumber" if result.get("excessBlobGas").is_some() => {
                let transactions = result["transactions"].take();
                let legacy = transactions.as_array().unwrap().iter().find(|tx| tx["typeInt"] == 0);
                found.extend(legacy.map(|legacy| ("transaction", legacy.clone())));
                found.insert("block", result);
            }
            "kaia_getBlockReceipts" => {
                for receipt in result.as_array().unwrap().iter().filter(|receipt| receipt["typeInt"] == 0) {
                    let logs = receipt["logs"].as_array().is_some_and(|logs| !logs.is_empty());
                    let kind = match (receipt["status"] == "0x1", logs) {
                        (true, true) => "receipt with logs",
                        (true, false) => "receipt",
                        (false, _) => "failed receipt",
                    };
                    found.insert(kind, receipt.clone());
                }
            }
            "kaia_getProof" => drop(found.insert("proof", result)),
            _ => {}
        }
    }
    found
}

fn of_devnet() -> BTreeMap<&'static str, Value> {
    let balances = vec![(keys::address(RICH), COIN * U256::from(1_000u64))];
    let chain = ChainHandle::start(ChainConfig { balances, ..ChainConfig::main() }).unwrap();
    let call = |method: &str, params: Value| chain.node().call(method, params.as_array().unwrap()).unwrap();
    let create = |input: &[u8]| {
        let sending = Sending { input: input.to_vec(), gas: Some(200_000), ..Sending::default() };
        let raw = wallet::sign(&chain.chain(), RICH, &sending);
        let hash = chain.send(&raw).unwrap();
        chain.mine().unwrap();
        call("kaia_getTransactionReceipt", json!([hash]))
    };
    // Init code that stops, that writes a log with a topic, and that is no instruction.
    let receipt = create(&[0x00]);
    let with_logs = create(&[0x60, 0, 0x60, 0, 0x60, 0, 0xa1, 0x00]);
    let failed = create(&[0xfe]);
    let mut block = call("kaia_getBlockByNumber", json!(["latest", true]));
    let transaction = block["transactions"].take()[0].take();
    let proof = call("kaia_getProof", json!([keys::address(RICH), [], "latest"]));
    BTreeMap::from([
        ("block", block),
        ("failed receipt", failed),
        ("proof", proof),
        ("receipt", receipt),
        ("receipt with logs", with_logs),
        ("transaction", transaction),
    ])
}

#[test]
fn the_devnet_writes_the_members_that_a_node_writes() {
    let (recorded, ours) = (recorded(), of_devnet());
    assert_eq!(recorded.len(), 6);
    for (what, real) in &recorded {
        let without_slots = |name: &String| !name.starts_with(".storageProof[]");
        let real: Vec<String> = names(real).into_iter().filter(without_slots).collect();
        assert_eq!(names(&ours[what]), real, "{what}");
    }
}
