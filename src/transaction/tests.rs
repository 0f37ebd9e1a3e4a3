use super::recordings::{address, fixture_json, hash, hex, recorded_blocks, recover};
use super::*;
use crate::commitment::split_transactions;
use crate::primitives::encode_hex;
use crate::rlp::Reader;
use serde_json::Value;
use std::string::String;
use std::vec;

fn vectors() -> (u64, Vec<(String, Value)>) {
    let txs = fixture_json("chain_vectors.json")["txs"].clone();
    let list = txs["list"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    (txs["chainId"].as_u64().unwrap(), list)
}

#[test]
fn all_encodings_give_the_hashes_and_senders_of_the_reference() {
    let (chain_id, list) = vectors();
    assert_eq!(list.len(), 26);
    for (number, vector) in list {
        let raw = hex(&vector["raw"]);
        let transaction = Transaction::decode(&raw).unwrap();
        assert_eq!(std::format!("{:#x}", transaction.type_number()), number);
        assert_eq!(encode_hex(&transaction.encode()), encode_hex(&raw), "{number}");
        assert_eq!(transaction.hash(), hash(&vector["hash"]), "{number}");
        assert_eq!(transaction.sign_hash(chain_id), hash(&vector["sigHash"]), "{number}");
        let optional = |name: &str| vector.get(name).filter(|v| !v.is_null());
        assert_eq!(transaction.sender_tx_hash(), optional("senderTxHash").map(hash), "{number}");
        assert_eq!(transaction.fee_payer_sign_hash(chain_id), optional("feePayerSigHash").map(hash), "{number}");
        assert_eq!(transaction.fee_payer(), optional("feePayer").map(address), "{number}");
        assert_eq!(transaction.chain_id(), Some(chain_id), "{number}");
        let from = address(&vector["from"]);
        assert_eq!(transaction.sender(chain_id, &recover), Ok(from), "{number}");
        assert_eq!(transaction.from_field(), transaction.kind().names_sender().then_some(from), "{number}");
    }
}

#[test]
fn signatures_of_kaia_types_recover_to_sender_and_fee_payer_over_the_signing_hashes() {
    let (chain_id, list) = vectors();
    for (number, vector) in list {
        let transaction = Transaction::decode(&hex(&vector["raw"])).unwrap();
        let recovered = |hash: Hash, signature: &Signature| {
            recover(&hash, &signature.to_bytes(transaction.recovery_id(signature).unwrap()))
        };
        let signature = &transaction.signatures()[0];
        assert_eq!(recovered(transaction.sign_hash(chain_id), signature), Some(address(&vector["from"])), "{number}");
        if let Some(payer) = transaction.fee_payer() {
            let hash = transaction.fee_payer_sign_hash(chain_id).unwrap();
            assert_eq!(recovered(hash, &transaction.fee_payer_signatures()[0]), Some(payer), "{number}");
        }
    }
}

#[test]
fn every_recorded_transaction_decodes_to_its_hash_and_sender() {
    for (chain, chain_id, count) in [("main", 8888, 501), ("service", 9999, 364)] {
        let mut seen = 0;
        for block in recorded_blocks(chain) {
            assert_eq!(block.items.len(), block.transactions.len());
            for (raw, json) in block.items.iter().zip(&block.transactions) {
                let transaction = Transaction::decode(raw).unwrap();
                assert_eq!(&transaction.encode(), raw);
                assert_eq!(transaction.hash(), hash(&json["hash"]));
                assert_eq!(transaction.sender(chain_id, &recover), Ok(address(&json["from"])));
                assert_eq!(u64::from(transaction.type_number()), json["typeInt"].as_u64().unwrap());
                assert_eq!(std::format!("{:#x}", transaction.nonce()), json["nonce"].as_str().unwrap());
                assert_eq!(std::format!("{:#x}", transaction.gas()), json["gas"].as_str().unwrap());
                assert_eq!(encode_hex(transaction.input()), json["input"].as_str().unwrap());
                seen += 1;
            }
        }
        assert_eq!(seen, count, "{chain}");
    }
}

#[test]
fn rejects_every_truncation_and_any_byte_behind_the_end() {
    for (number, vector) in vectors().1 {
        let raw = hex(&vector["raw"]);
        for length in 0..raw.len() {
            assert!(Transaction::decode(&raw[..length]).is_err(), "{number} cut to {length}");
        }
        let mut longer = raw;
        longer.push(0);
        assert_eq!(Transaction::decode(&longer), Err(TransactionError::Rlp(RlpError::TooMany)), "{number}");
    }
}

#[test]
fn whatever_decodes_after_a_changed_byte_encodes_to_the_same_bytes() {
    for (number, vector) in vectors().1 {
        let raw = hex(&vector["raw"]);
        for at in 0..raw.len() {
            for flip in [1u8, 0x80, 0xff] {
                let mut changed = raw.clone();
                changed[at] ^= flip;
                if let Ok(transaction) = Transaction::decode(&changed) {
                    assert_eq!(transaction.encode(), changed, "{number} byte {at}");
                    assert_ne!(transaction.hash(), hash(&vector["hash"]), "{number} byte {at}");
                }
            }
        }
    }
}

fn raw_of(number: &str) -> Vec<u8> {
    hex(&vectors().1.into_iter().find(|(n, _)| n == number).unwrap().1["raw"])
}

#[test]
fn unknown_type_numbers_are_unsupported_and_not_invalid() {
    let list = raw_of("0x0");
    for number in [0x01u8, 0x07, 0x0b, 0x18, 0x23, 0x40, 0x4b, 0x77, 0x79, 0x7f] {
        let raw = [&[number], list.as_slice()].concat();
        let error = TransactionError::UnsupportedType { type_number: u16::from(number) };
        assert_eq!(error.code(), "transaction.unsupported_type");
        assert_eq!(Transaction::decode(&raw), Err(error));
    }
    let raw = [&[0x78, 0x05], list.as_slice()].concat();
    assert_eq!(Transaction::decode(&raw), Err(TransactionError::UnsupportedType { type_number: 0x7805 }));
}

#[test]
fn rejects_a_first_byte_that_begins_nothing() {
    let list = raw_of("0x0");
    for got in [0u8, 0x80, 0xbf] {
        let raw = [&[got], list.as_slice()].concat();
        assert_eq!(Transaction::decode(&raw), Err(TransactionError::FirstByte { got }));
    }
    assert_eq!(Transaction::decode(&[]), Err(TransactionError::Rlp(RlpError::Malformed)));
    assert_eq!(Transaction::decode(&[0x78]), Err(TransactionError::Rlp(RlpError::TooFew)));
}

#[test]
fn rejects_a_blob_transaction_with_its_side_car() {
    let raw = raw_of("0x7803");
    let mut stream = crate::rlp::RlpStream::new();
    stream.begin_list(2).append_raw(&raw[2..], 1).begin_list(0);
    let wrapped = [&[0x78, 0x03], &stream.out()[..]].concat();
    assert_eq!(Transaction::decode(&wrapped), Err(TransactionError::Rlp(RlpError::Kind)));
}

#[test]
fn blob_and_set_code_transactions_need_a_recipient() {
    for (number, skipped) in [("0x7803", 2), ("0x7804", 2)] {
        let raw = raw_of(number);
        let mut reader = Reader::list(&raw[skipped..]).unwrap();
        let mut stream = crate::rlp::RlpStream::new();
        stream.begin_unbounded_list();
        for index in 0.. {
            let Ok(item) = reader.raw() else { break };
            if index == 5 {
                stream.append_empty_data();
            } else {
                stream.append_raw(item, 1);
            }
        }
        stream.finalize_unbounded_list();
        let changed = [&raw[..skipped], &stream.out()[..]].concat();
        let error = RlpError::Length { expected: 20, got: 0 };
        assert_eq!(Transaction::decode(&changed), Err(TransactionError::Rlp(error)));
    }
}

/// The list items of the raw transaction, with item `index` (a list holding one list) given a further item inside.
fn with_longer_entry(raw: &[u8], index: usize) -> Vec<u8> {
    let mut reader = Reader::list(&raw[2..]).unwrap();
    let mut stream = crate::rlp::RlpStream::new();
    stream.begin_unbounded_list();
    for at in 0.. {
        let Ok(item) = reader.raw() else { break };
        if at == index {
            let mut entry = Reader::list(item).unwrap().nested().unwrap();
            stream.begin_list(1).begin_unbounded_list();
            while let Ok(part) = entry.raw() {
                stream.append_raw(part, 1);
            }
            stream.append(&1u8).finalize_unbounded_list();
        } else {
            stream.append_raw(item, 1);
        }
    }
    stream.finalize_unbounded_list();
    [&raw[..2], &stream.out()[..]].concat()
}

#[test]
fn rejects_access_entries_and_authorizations_with_an_item_too_many() {
    let too_many = Err(TransactionError::Rlp(RlpError::TooMany));
    assert_eq!(Transaction::decode(&with_longer_entry(&raw_of("0x7801"), 7)), too_many);
    assert_eq!(Transaction::decode(&with_longer_entry(&raw_of("0x7804"), 8)), too_many);
    assert_eq!(Transaction::decode(&with_longer_entry(&raw_of("0x7804"), 9)), too_many);
}

#[test]
fn reads_any_fee_ratio_because_a_proposer_may_commit_it() {
    let transaction = Transaction::decode(&raw_of("0x32")).unwrap();
    for fee_ratio in [0u8, 1, 99, 100, 101, 255] {
        let any = Transaction { fee_ratio, ..transaction.clone() };
        assert_eq!(Transaction::decode(&any.encode()), Ok(any));
    }
}

#[test]
fn a_price_above_256_bits_is_not_covered_and_never_called_malformed() {
    // The price is the second field of the list of type 0x30, the tip the third of type 0x7802.
    for (kind, prefix, place) in [("0x30", 1, 1), ("0x7802", 2, 2)] {
        let raw = raw_of(kind);
        let list = ::rlp::Rlp::new(&raw[prefix..]);
        let with_price = |price: &[u8]| {
            let mut stream = ::rlp::RlpStream::new_list(list.item_count().unwrap());
            for (at, item) in list.iter().enumerate() {
                if at == place {
                    stream.append(&price);
                } else {
                    stream.append_raw(item.as_raw(), 1);
                }
            }
            Transaction::decode(&[&raw[..prefix], &stream.out()].concat())
        };
        assert!(with_price(&[255; 32]).is_ok());
        assert_eq!(with_price(&[1; 33]), Err(TransactionError::Price));
        assert_eq!(with_price(&[0; 33]), Err(TransactionError::Rlp(RlpError::Integer)));
    }
    let error = crate::Error::from(TransactionError::Price);
    assert_eq!(error.unsupported().unwrap().what.code(), "transaction.price");
}

#[test]
fn rejects_more_than_ten_signatures() {
    let transaction = Transaction::decode(&raw_of("0x30")).unwrap();
    let one = transaction.signatures()[0];
    let most = Transaction { signatures: vec![one; MAX_SIGNATURES], ..transaction.clone() };
    assert_eq!(Transaction::decode(&most.encode()), Ok(most));
    let too_many = Transaction { signatures: vec![one; MAX_SIGNATURES + 1], ..transaction };
    let error = TransactionError::TooManySignatures { max: MAX_SIGNATURES };
    assert_eq!(Transaction::decode(&too_many.encode()), Err(error));
}

#[test]
fn rejects_a_transaction_signed_for_another_chain() {
    let (expected, list) = vectors();
    for (number, vector) in list {
        let transaction = Transaction::decode(&hex(&vector["raw"])).unwrap();
        let error = TransactionError::ChainId { expected: expected + 1, got: expected };
        assert_eq!(transaction.sender(expected + 1, &recover), Err(error), "{number}");
    }
}

fn legacy(v: u64, r: U256, s: U256) -> Transaction {
    let value = U256::from(10);
    Transaction::legacy(3, U256::from(25), 100_000, Some(Address([7; 20])), value, vec![1, 2, 3], v, r, s)
}

#[test]
fn a_legacy_transaction_without_chain_id_holds_on_every_chain() {
    let key = secp256k1::SecretKey::from_secret_bytes([1; 32]).unwrap();
    let sign = |hash: Hash| {
        use secp256k1::ecdsa::RecoverableSignature;
        let signature = RecoverableSignature::sign_ecdsa_recoverable(secp256k1::Message::from_digest(hash.0), &key);
        let (id, bytes) = signature.serialize_compact();
        let number = |bytes: &[u8]| U256::try_from_be_slice(bytes).unwrap();
        (u64::from(id.to_u8()), number(&bytes[..32]), number(&bytes[32..]))
    };
    let unsigned = legacy(27, U256::ZERO, U256::ZERO);
    let (id, r, s) = sign(unsigned.sign_hash(1));
    let old = legacy(27 + id, r, s);
    assert_eq!(old.chain_id(), None);
    let sender = old.sender(1, &recover).unwrap();
    assert_eq!(old.sender(2, &recover), Ok(sender));

    let (id, r, s) = sign(legacy(0, U256::ZERO, U256::ZERO).sign_hash(5));
    let protected = legacy(35 + 2 * 5 + id, r, s);
    assert_eq!(protected.chain_id(), Some(5));
    assert_eq!(protected.sender(5, &recover), Ok(sender));
    assert_eq!(Transaction::decode(&protected.encode()), Ok(protected));
}

#[test]
fn rejects_a_high_s_an_impossible_v_and_a_signature_of_nobody() {
    let transaction = Transaction::decode(&raw_of("0x0")).unwrap();
    let chain_id = vectors().0;
    let order = Hash(secp256k1::constants::CURVE_ORDER).to_u256();
    let Signature { v, r, s } = transaction.signatures()[0];
    let turned = Signature { v: ((v - 35) ^ 1) + 35, r, s: order - s };
    let with = |signature| Transaction { signatures: vec![signature], ..transaction.clone() };
    assert_eq!(with(turned).sender(chain_id, &recover), Err(TransactionError::HighS));
    let impossible = with(Signature { v: 29, r, s });
    assert_eq!(impossible.sender(chain_id, &recover), Err(TransactionError::V { got: 29 }));
    let nobody = with(Signature { v, r: U256::ZERO, s });
    assert_eq!(nobody.sender(chain_id, &recover), Err(TransactionError::NoSender));
    let ethereum = Transaction::decode(&raw_of("0x7801")).unwrap();
    let ethereum = Transaction { signatures: vec![Signature { v: 27, r, s }], ..ethereum };
    assert_eq!(ethereum.sender(chain_id, &recover), Err(TransactionError::V { got: 27 }));
}

#[test]
fn a_zero_chain_id_field_is_signed_as_the_networks_own() {
    let (chain_id, _) = vectors();
    let transaction = Transaction::decode(&raw_of("0x7802")).unwrap();
    let open = Transaction { chain_id: 0, ..transaction.clone() };
    assert_eq!(open.chain_id(), None);
    assert_eq!(open.sign_hash(chain_id), transaction.sign_hash(chain_id));
    assert_ne!(open.hash(), transaction.hash());
}

#[test]
fn only_calls_of_contracts_are_contract_calls() {
    let calls = ["0x0", "0x30", "0x31", "0x32", "0x7801", "0x7802", "0x7803", "0x7804"];
    for (number, vector) in vectors().1 {
        let transaction = Transaction::decode(&hex(&vector["raw"])).unwrap();
        assert_eq!(transaction.is_contract_call(), calls.contains(&number.as_str()), "{number}");
    }
    let creation = Transaction { to: None, ..legacy(27, U256::ZERO, U256::ZERO) };
    assert!(!creation.is_contract_call());
}

#[test]
fn the_types_known_here_are_those_that_a_run_of_transactions_is_cut_by() {
    let list = raw_of("0x0");
    for number in (1..0x80u16).filter(|number| *number != 0x78).chain(0x7800..=0x78ff) {
        let prefix = number.to_be_bytes();
        let prefix = if number < 0x100 { &prefix[1..] } else { &prefix[..] };
        let run = [prefix, &list].concat();
        let cut = split_transactions(&run).is_ok_and(|items| items == [run.as_slice()]);
        assert_eq!(cut, TransactionKind::of_number(number).is_some(), "{number:#x}");
    }
}
