use super::*;
use serde_json::json;
use std::vec;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/chain_vectors.json")).unwrap()
}

fn encoded_vectors() -> Vec<Vec<u8>> {
    let vectors = vectors();
    let cases = vectors["deriveSha"].as_array().unwrap();
    cases
        .iter()
        .filter_map(|case| case["receipts"].as_array())
        .flatten()
        .map(|item| decode_hex(item.as_str().unwrap()).unwrap())
        .collect()
}

fn receipt(logs: Vec<Log>) -> Receipt {
    Receipt { status: 1, gas_used: 21000, bloom: Box::new(bloom_of(&logs)), logs }
}

fn log(topics: usize) -> Log {
    Log { address: Address([7; 20]), topics: vec![Hash([9; 32]); topics], data: vec![1, 2, 3] }
}

fn answer() -> Value {
    json!({
        "status": "0x1", "gasUsed": "0x5208", "logsBloom": crate::primitives::encode_hex(&bloom_of(&[log(1)])),
        "logs": [{ "address": Address([7; 20]), "topics": [Hash([9; 32])], "data": "0x010203", "logIndex": "0x0" }],
    })
}

#[test]
fn decodes_and_encodes_the_receipts_of_the_node() {
    let all = encoded_vectors();
    assert!(all.len() > 20);
    for bytes in all {
        let receipt = Receipt::decode(&bytes).unwrap();
        assert_eq!(receipt.encode(), bytes);
        assert_eq!(receipt.bloom_matches_logs(), Ok(()));
    }
}

#[test]
fn only_status_one_is_success() {
    for (status, name) in [(0, Some("failed")), (2, Some("default error")), (9, Some("execution reverted"))] {
        let receipt = Receipt { status, ..receipt(vec![]) };
        assert!(!Receipt::decode(&receipt.encode()).unwrap().is_success());
        assert_eq!(receipt.status_name(), name);
    }
    assert!(receipt(vec![]).is_success());
    let named = |status| Receipt { status, ..receipt(vec![]) }.status_name();
    assert_eq!(named(0x1e), Some("invalid code format"));
    assert_eq!((named(0x1f), named(u64::MAX)), (None, None));
}

#[test]
fn rejects_a_fifth_item_a_type_prefix_another_bloom_size_and_a_padded_status() {
    let encode = |status: &[u8], bloom: usize, extra: bool| {
        let mut stream = RlpStream::new_list(if extra { 5 } else { 4 });
        stream.append_raw(status, 1).append(&21000u64).append(&vec![0u8; bloom]).begin_list(0);
        if extra {
            stream.append_empty_data();
        }
        stream.out().to_vec()
    };
    let good = encode(&[1], 256, false);
    assert!(Receipt::decode(&good).is_ok());
    let refused = |bytes: &[u8]| Receipt::decode(bytes).unwrap_err();
    assert_eq!(refused(&encode(&[1], 256, true)), ReceiptError::Rlp(RlpError::TooMany));
    assert_eq!(refused(&[&[0x02][..], &good].concat()), ReceiptError::Rlp(RlpError::TooMany));
    assert_eq!(refused(&encode(&[1], 255, false)), ReceiptError::Rlp(RlpError::Length { expected: 256, got: 255 }));
    assert_eq!(refused(&encode(&[0], 256, false)), ReceiptError::Rlp(RlpError::Integer));
    assert_eq!(refused(&encode(&[0x81, 1], 256, false)), ReceiptError::Rlp(RlpError::Malformed));
    assert_eq!(refused(&[&good[..], &[0]].concat()), ReceiptError::Rlp(RlpError::TooMany));
}

#[test]
fn rejects_more_than_four_topics() {
    assert!(Receipt::decode(&receipt(vec![log(4)]).encode()).is_ok());
    let refused = ReceiptError::TooManyTopics { limit: 4, got: 5 };
    assert_eq!(Receipt::decode(&receipt(vec![log(5)]).encode()), Err(refused));
}

#[test]
fn rejects_a_bloom_that_is_not_that_of_the_logs() {
    let mut other = receipt(vec![log(2)]);
    assert_eq!(other.bloom_matches_logs(), Ok(()));
    other.bloom[0] ^= 1;
    assert_eq!(other.bloom_matches_logs(), Err(ReceiptError::BloomMismatch));
}

#[test]
fn rebuilds_a_receipt_from_the_answer_of_a_node() {
    assert_eq!(Receipt::from_rpc_json(&answer()), Ok(receipt(vec![log(1)])));
    let mut failed = answer();
    failed["status"] = json!("0x0");
    failed["txError"] = json!("0x9");
    assert_eq!(Receipt::from_rpc_json(&failed).unwrap().status, 9);
    let mut no_logs = answer();
    no_logs["logs"] = Value::Null;
    assert_eq!(Receipt::from_rpc_json(&no_logs).unwrap().logs, vec![]);
}

#[test]
fn rejects_answers_without_a_needed_field() {
    for field in ["status", "gasUsed", "logsBloom", "logs"] {
        let mut json = answer();
        json.as_object_mut().unwrap().remove(field);
        assert_eq!(Receipt::from_rpc_json(&json), Err(ReceiptError::JsonField { field }));
        json[field] = json!("0x+1");
        assert_eq!(Receipt::from_rpc_json(&json), Err(ReceiptError::JsonField { field }));
    }
    let mut failed = answer();
    failed["status"] = json!("0x0");
    assert_eq!(Receipt::from_rpc_json(&failed), Err(ReceiptError::JsonField { field: "txError" }));
    for field in ["address", "topics", "data"] {
        let mut json = answer();
        json["logs"][0][field] = json!("0x0");
        assert_eq!(Receipt::from_rpc_json(&json), Err(ReceiptError::JsonField { field }));
    }
}
