use super::super::recordings::{fixture_json, hex, recorded_blocks};
use super::*;
use crate::primitives::encode_hex;
use serde_json::json;
use std::string::{String, ToString};
use std::vec;
use std::{format, vec::Vec};

fn quantity(value: impl core::fmt::LowerHex) -> Value {
    json!(format!("{value:#x}"))
}

fn signatures_json(signatures: &[Signature]) -> Value {
    signatures.iter().map(|one| json!({"V": quantity(one.v), "R": quantity(one.r), "S": quantity(one.s)})).collect()
}

/// The member of a field, with the value that the node gives it.
fn member(transaction: &Transaction, field: Field) -> (&'static str, Value) {
    let address = |address: Option<Address>| json!(address);
    match field {
        Field::ChainId => ("chainId", quantity(transaction.chain_id)),
        Field::Nonce => ("nonce", quantity(transaction.nonce)),
        Field::GasPrice => ("gasPrice", quantity(transaction.gas_price)),
        Field::FeeCap => ("maxFeePerGas", quantity(transaction.gas_price)),
        Field::Tip => ("maxPriorityFeePerGas", quantity(transaction.tip)),
        Field::Gas => ("gas", quantity(transaction.gas)),
        Field::To | Field::ToOrCreate => ("to", address(transaction.to)),
        Field::Value => ("value", quantity(transaction.value)),
        Field::From => ("from", address(transaction.from)),
        Field::Input => ("input", json!(encode_hex(&transaction.input))),
        Field::Key => ("key", json!(encode_hex(&transaction.key))),
        Field::HumanReadable => ("humanReadable", json!(transaction.human_readable)),
        Field::CodeFormat => ("codeFormat", quantity(transaction.code_format)),
        Field::FeeRatio => ("feeRatio", quantity(transaction.fee_ratio)),
        Field::AccessList => {
            let entry = |one: &AccessEntry| json!({"address": one.address, "storageKeys": one.slots});
            ("accessList", transaction.access_list.iter().map(entry).collect())
        }
        Field::BlobFeeCap => ("maxFeePerBlobGas", quantity(transaction.blob_fee_cap)),
        Field::BlobHashes => ("blobVersionedHashes", json!(transaction.blob_hashes)),
        Field::Authorizations => {
            let entry = |one: &Authorization| {
                json!({
                    "chainId": quantity(one.chain_id), "address": one.address, "nonce": quantity(one.nonce),
                    "yParity": quantity(one.y_parity), "r": quantity(one.r), "s": quantity(one.s),
                })
            };
            ("authorizationList", transaction.authorizations.iter().map(entry).collect())
        }
        Field::FlatSignature | Field::Signatures => ("signatures", signatures_json(&transaction.signatures)),
        Field::FeePayer => ("feePayer", address(transaction.fee_payer)),
        Field::FeePayerSignatures => ("feePayerSignatures", signatures_json(&transaction.fee_payer_signatures)),
    }
}

/// The answer of a node for the transaction, with the names of the members that its encoding is made of.
fn answer(transaction: &Transaction) -> (Value, Vec<&'static str>) {
    let mut object = json!({"typeInt": transaction.type_number(), "hash": transaction.hash(), "blockNumber": "0x1"});
    let mut names = vec![];
    for field in transaction.kind.fields(transaction.delegation) {
        let (name, value) = member(transaction, field);
        object[name] = value;
        names.push(name);
    }
    (object, names)
}

fn of_every_type() -> Vec<Transaction> {
    let txs = fixture_json("chain_vectors.json")["txs"]["list"].clone();
    let raw = txs.as_object().unwrap().values().map(|vector| hex(&vector["raw"]));
    raw.map(|raw| Transaction::decode(&raw).unwrap()).collect()
}

#[test]
fn every_recorded_answer_gives_the_bytes_of_the_block() {
    for (chain, count) in [("main", 501), ("service", 364)] {
        let mut seen = 0;
        for block in recorded_blocks(chain) {
            assert_eq!(block.items.len(), block.transactions.len());
            for (raw, json) in block.items.iter().zip(&block.transactions) {
                assert_eq!(&Transaction::from_rpc_json(json).unwrap().encode(), raw);
                seen += 1;
            }
        }
        assert_eq!(seen, count, "{chain}");
    }
}

#[test]
fn every_type_is_rebuilt_from_its_members() {
    let transactions = of_every_type();
    assert_eq!(transactions.len(), 26);
    for transaction in transactions {
        assert_eq!(Transaction::from_rpc_json(&answer(&transaction).0), Ok(transaction));
    }
}

#[test]
fn rejects_an_answer_without_a_member_and_names_it() {
    for transaction in of_every_type() {
        let (object, names) = answer(&transaction);
        for field in names.into_iter().chain(["hash", "typeInt"]) {
            let refused = Err(TransactionError::Json { field });
            let mut less = object.clone();
            less.as_object_mut().unwrap().remove(field);
            assert_eq!(Transaction::from_rpc_json(&less), refused, "{:#x}", transaction.type_number());
            for wrong in [json!("text"), json!({}), json!([1]), json!("0x1g"), json!(-1)] {
                let mut malformed = object.clone();
                malformed[field] = wrong;
                assert_eq!(Transaction::from_rpc_json(&malformed), refused, "{:#x}", transaction.type_number());
            }
        }
    }
    assert_eq!(Transaction::from_rpc_json(&json!(null)), Err(TransactionError::Json { field: "typeInt" }));
}

#[test]
fn rejects_members_that_do_not_make_the_claimed_hash() {
    for transaction in of_every_type() {
        let changed = Transaction { nonce: transaction.nonce + 1, ..transaction.clone() };
        let mut object = answer(&transaction).0;
        object["nonce"] = quantity(changed.nonce);
        assert_eq!(Transaction::from_rpc_json(&object), Err(TransactionError::Json { field: "hash" }));
    }
}

#[test]
fn a_creation_has_no_recipient() {
    let transactions = of_every_type();
    let legacy = transactions.iter().find(|one| one.kind == TransactionKind::Legacy).unwrap();
    let creation = Transaction { to: None, ..legacy.clone() };
    let object = answer(&creation).0;
    assert!(object["to"].is_null());
    assert_eq!(Transaction::from_rpc_json(&object), Ok(creation));
}

#[test]
fn rebuilds_nothing_that_the_decoder_would_refuse() {
    let transactions = of_every_type();
    let of_type = |number| transactions.iter().find(|one| one.type_number() == number).unwrap().clone();
    let verdict = |transaction: &Transaction| Transaction::from_rpc_json(&answer(transaction).0);
    let one = of_type(0x30).signatures[0];
    let crowd = Transaction { signatures: vec![one; MAX_SIGNATURES + 1], ..of_type(0x30) };
    assert_eq!(verdict(&crowd), Err(TransactionError::TooManySignatures { max: MAX_SIGNATURES }));
    let two = Transaction { signatures: vec![one; 2], ..of_type(0) };
    assert_eq!(verdict(&two), Err(TransactionError::Json { field: "signatures" }));
    let all = Transaction { fee_ratio: 100, ..of_type(0x32) };
    assert_eq!(verdict(&all), Ok(all));
    let mut dear = answer(&of_type(0)).0;
    dear["gasPrice"] = json!(format!("0x1{}", "0".repeat(64)));
    assert_eq!(Transaction::from_rpc_json(&dear), Err(TransactionError::Price));
    let mut wide = answer(&of_type(0)).0;
    wide["gas"] = json!("0x10000000000000000");
    assert_eq!(Transaction::from_rpc_json(&wide), Err(TransactionError::Json { field: "gas" }));
    let mut unknown = answer(&of_type(0)).0;
    unknown["typeInt"] = json!(0x18);
    assert_eq!(Transaction::from_rpc_json(&unknown), Err(TransactionError::UnsupportedType { type_number: 0x18 }));
    let code: String = TransactionError::Json { field: "gas" }.code().into();
    assert_eq!(code, "transaction.json");
}

#[test]
fn a_blob_transaction_is_read_by_the_names_of_a_node() {
    let object = fixture_json("rpc/blob-transaction.json");
    let read = Transaction::from_rpc_json(&object).unwrap();
    assert_eq!((read.type_number(), read.blob_fee_cap()), (0x7803, U256::from(30u8)));
    assert_eq!(read.blob_hashes().len(), 1);
    assert_eq!(read.hash().to_string(), object["hash"].as_str().unwrap());
    for field in ["maxFeePerBlobGas", "blobVersionedHashes"] {
        let mut less = object.clone();
        less.as_object_mut().unwrap().remove(field);
        assert_eq!(Transaction::from_rpc_json(&less), Err(TransactionError::Json { field }));
    }
}

#[test]
fn an_empty_list_may_be_written_as_null() {
    let mut object = fixture_json("rpc/blob-transaction.json");
    object["accessList"] = json!(null);
    assert!(Transaction::from_rpc_json(&object).is_ok());
    let with = of_every_type().into_iter().find(|one| one.kind == TransactionKind::EthereumAccessList).unwrap();
    let entry = AccessEntry { address: Address([7; 20]), slots: vec![] };
    let with = Transaction { access_list: vec![entry], ..with };
    let mut object = answer(&with).0;
    object["accessList"][0]["storageKeys"] = json!(null);
    assert_eq!(Transaction::from_rpc_json(&object), Ok(with));
}
