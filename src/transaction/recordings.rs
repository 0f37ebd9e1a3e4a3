//! What tests of transactions and of the bridge read: vectors and recorded blocks.

use super::Transaction;
use crate::commitment::split_transactions;
use crate::primitives::{decode_hex, Address, Hash};
use crate::rlp::Reader;
use alloc::vec::Vec;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::string::{String, ToString};
use std::vec;

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(std::format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub(crate) fn fixture_json(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

pub(crate) fn hex(value: &Value) -> Vec<u8> {
    decode_hex(value.as_str().unwrap()).unwrap()
}

pub(crate) fn address(value: &Value) -> Address {
    value.as_str().unwrap().parse().unwrap()
}

pub(crate) fn hash(value: &Value) -> Hash {
    value.as_str().unwrap().parse().unwrap()
}

/// One block of a recording: the raw items of its transactions, the transactions as JSON, the receipts as JSON.
pub(crate) struct Block {
    pub(crate) number: u64,
    pub(crate) hash: String,
    pub(crate) items: Vec<Vec<u8>>,
    pub(crate) transactions: Vec<Value>,
    pub(crate) receipts: Vec<Value>,
}

pub(crate) fn recorded_blocks(chain: &str) -> Vec<Block> {
    let mut blocks = std::collections::BTreeMap::<u64, Block>::new();
    let mut receipts = std::collections::BTreeMap::<String, Vec<Value>>::new();
    let mut hashes = std::collections::BTreeMap::<u64, String>::new();
    let data = fixture(&std::format!("{chain}.rpc.jsonl.gz"));
    let number_of = |line: &Value| match &line["params"][0] {
        Value::String(text) => u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap(),
        other => other.as_u64().unwrap(),
    };
    let blank = |number| Block { number, hash: String::new(), items: vec![], transactions: vec![], receipts: vec![] };
    for line in BufReader::new(flate2::read::GzDecoder::new(data.as_slice())).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        match line["method"].as_str().unwrap() {
            "kaia_getBlockByNumber" if line["result"].is_object() => {
                let number = number_of(&line);
                hashes.insert(number, line["result"]["hash"].as_str().unwrap().to_string());
                blocks.entry(number).or_insert_with(|| blank(number)).transactions =
                    line["result"]["transactions"].as_array().unwrap().clone();
            }
            "kaia_getBlockReceipts" => {
                let at = line["params"][0].as_str().unwrap().to_string();
                receipts.insert(at, line["result"].as_array().cloned().unwrap_or_default());
            }
            "debug_getBlockRlp" if line["result"].is_string() => {
                let number = number_of(&line);
                let text = line["result"].as_str().unwrap();
                let raw = decode_hex(&std::format!("0x{}", text.trim_start_matches("0x"))).unwrap();
                let mut reader = Reader::list(&raw).unwrap();
                reader.raw().unwrap();
                let body = reader.raw().unwrap();
                let header = usize::from(body[0].max(0xf7) - 0xf7) + 1;
                let items = split_transactions(&body[header..]).unwrap();
                blocks.entry(number).or_insert_with(|| blank(number)).items = items;
            }
            _ => {}
        }
    }
    for (number, at) in hashes {
        let block = blocks.get_mut(&number).unwrap();
        block.receipts = receipts.remove(&at).unwrap_or_default();
        block.hash = at;
    }
    blocks.into_values().collect()
}

/// The decoded transactions of blocks by hash.
pub(crate) fn recorded_transactions(blocks: &[Block]) -> std::collections::BTreeMap<Hash, Transaction> {
    let decoded = blocks.iter().flat_map(|block| &block.items).map(|raw| Transaction::decode(raw).unwrap());
    decoded.map(|transaction| (transaction.hash(), transaction)).collect()
}

pub(crate) fn recover(message: &Hash, signature: &[u8; 65]) -> Option<Address> {
    use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
    let id = RecoveryId::try_from(i32::from(signature[64])).ok()?;
    let signature = RecoverableSignature::from_compact(&signature[..64], id).ok()?;
    let key = signature.recover_ecdsa(secp256k1::Message::from_digest(message.0)).ok()?;
    let xy: [u8; 64] = key.serialize_uncompressed()[1..].try_into().unwrap();
    Some(Address::of_public_key(&xy))
}
