//! The recording answers as the node did, in every spelling of a call, and refuses what the node would have pruned.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{block_on, fixture, replay, transfers};
use serde_json::{json, Value};
use spanlight_prover::{Replay, ReplayError, RpcError, Transport};

fn call(replay: &Replay, method: &str, params: Value) -> Result<Value, RpcError> {
    block_on(replay.call(method, params))
}

#[test]
fn derives_what_follows_from_recorded_blocks() {
    let replay = replay("service");
    let head = call(&replay, "kaia_blockNumber", json!([])).unwrap();
    assert_eq!(head, "0x1f7");
    let block = call(&replay, "kaia_getBlockByNumber", json!(["0x82", true])).unwrap();
    let by_hash = call(&replay, "kaia_getBlockByHash", json!([block["hash"], true])).unwrap();
    assert_eq!(block, by_hash);
    let hashes = call(&replay, "kaia_getBlockByNumber", json!(["0x082", false])).unwrap();
    assert_eq!(hashes["transactions"][0], block["transactions"][0]["hash"]);
    let header = call(&replay, "kaia_getHeaderByNumber", json!(["0x82"])).unwrap();
    assert_eq!(header["stateRoot"], block["stateRoot"]);
    assert!(header.get("transactions").is_none());
    let hash = &block["transactions"][1]["hash"];
    let transaction = call(&replay, "kaia_getTransactionByHash", json!([hash])).unwrap();
    assert_eq!(transaction["transactionIndex"], "0x1");
    let receipt = call(&replay, "kaia_getTransactionReceipt", json!([hash])).unwrap();
    assert_eq!(&receipt["transactionHash"], hash);
    let receipts = call(&replay, "kaia_getBlockReceipts", json!([block["hash"]])).unwrap();
    assert_eq!(receipts[1], receipt);
    let unknown = call(&replay, "kaia_getTransactionReceipt", json!([format!("0x{}", "07".repeat(32))])).unwrap();
    assert!(unknown.is_null());
    assert_eq!(replay.calls()["kaia_getBlockByNumber"], 2);
}

#[test]
fn one_call_has_one_answer_in_every_spelling() {
    let replay = replay("service");
    let bridge = transfers()["chains"]["service"]["bridge"].as_str().unwrap().to_owned();
    let upper = format!("0x{}", bridge[2..].to_ascii_uppercase());
    let code = call(&replay, "kaia_getCode", json!([bridge, "0x1f7"])).unwrap();
    assert_eq!(call(&replay, "kaia_getCode", json!([upper, "0x01F7"])), Ok(code));
    let one = call(&replay, "kaia_getProof", json!([bridge, ["0xf"], "0x1f7"])).unwrap();
    let other = call(&replay, "kaia_getProof", json!([upper, [format!("0x{:064x}", 15)], "latest"])).unwrap();
    assert_eq!(one["storageProof"][0]["proof"], other["storageProof"][0]["proof"]);
    assert_eq!(one["storageProof"].as_array().unwrap().len(), 1);
}

#[test]
fn logs_are_those_of_the_filter() {
    let replay = replay("service").with_log_range(100);
    let bridge = transfers()["chains"]["service"]["bridge"].clone();
    let topic = "0x12b02f226d965a2881e0e8ffed6c421803a22d57ad91f9ef996fe0748ea10175";
    let filter = |from, to| json!([{ "address": bridge, "topics": [[topic]], "fromBlock": from, "toBlock": to }]);
    let logs = call(&replay, "kaia_getLogs", filter("0x80", "0xe2")).unwrap();
    let handled = transfers()["transfers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|t| t["from"] == "main" && t["handle"][0]["block"].as_u64().is_some_and(|n| n <= 0xe2))
        .count();
    assert_eq!(logs.as_array().unwrap().len(), handled);
    let refused = call(&replay, "kaia_getLogs", filter("0x0", "0x64")).unwrap_err();
    assert_eq!(refused.code(), "rpc.node");
}

#[test]
fn refuses_what_a_pruned_node_refuses() {
    let replay = replay("service");
    let bridge = transfers()["chains"]["service"]["bridge"].clone();
    let code = |method, params| match call(&replay, method, params) {
        Err(RpcError::Node { code, message }) => (code, message.split(':').next().unwrap().to_owned()),
        other => panic!("{other:?}"),
    };
    let pruned = (-32_000, "missing trie node".to_owned());
    assert_eq!(code("kaia_getProof", json!([bridge, ["0xf"], "0x10"])), pruned);
    // Of slots that were not recorded, some lie on recorded paths and others do not.
    let slots = (0x10_0000..0x10_0040).map(|slot| json!([bridge, [format!("{slot:#x}")], "0x1f7"]));
    let answers: Vec<_> = slots.map(|params| call(&replay, "kaia_getProof", params)).collect();
    assert!(answers.iter().any(Result::is_ok) && answers.iter().any(Result::is_err));
    assert_eq!(code("kaia_getProof", json!([bridge, ["0xf"], "0x1f8"])).0, -32_000);
    assert_eq!(code("kaia_getBlockByNumber", json!(["0x1f8", true])).0, -32_000);
    assert_eq!(code("debug_traceTransaction", json!([])).0, -32_601);
}

#[test]
fn refuses_files_that_are_no_recordings() {
    assert_eq!(Replay::read(b"").unwrap_err(), ReplayError::NoBlock);
    assert_eq!(Replay::read(b"{}\n").unwrap_err(), ReplayError::Line { line: 1 });
    let recorded = fixture("service.rpc.jsonl.gz");
    assert_eq!(Replay::read(&recorded[..recorded.len() / 2]).unwrap_err(), ReplayError::Unpack);
}
