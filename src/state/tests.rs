use super::*;
use crate::primitives::decode_hex;
use crate::rlp::RlpStream;
use crate::trie::tests::{prove, sorted};
use crate::trie::EMPTY_ROOT;
use serde_json::Value;
use std::vec;
use std::vec::Vec;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/chain_vectors.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    decode_hex(value.as_str().unwrap()).unwrap()
}

fn nodes(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(bytes).collect()
}

fn address(value: &Value) -> Address {
    value["address"].as_str().unwrap().parse().unwrap()
}

fn hash(value: &Value) -> Hash {
    value.as_str().unwrap().parse().unwrap()
}

/// The contract of the vectors with both recorded slots.
fn contract() -> (Hash, Address, StateProof) {
    let vectors = vectors()["stateProofs"].clone();
    let contract = &vectors["contract"];
    let slots = [&contract["slot5"], &contract["slot99absent"]];
    let proof = StateProof {
        account_nodes: sorted(nodes(&contract["proof"])),
        slots: slots.iter().map(|slot| hash(&slot["key"])).collect(),
        storage_nodes: sorted(slots.iter().flat_map(|slot| nodes(&slot["proof"])).collect()),
    };
    (hash(&vectors["stateRoot"]), address(contract), proof)
}

/// A state with one account, whose value is given, and the proof of it.
fn state_of(value: Vec<u8>) -> (Hash, StateProof) {
    let key = keccak256(&[7; 20]).0.to_vec();
    let other = (keccak256(&[8; 20]).0.to_vec(), vec![9; 40]);
    let (root, account_nodes) = prove(&[(key.clone(), value), other].into(), &[key]);
    (root, StateProof { account_nodes, ..StateProof::default() })
}

fn contract_with(storage_root: Hash) -> Account {
    Account { storage_root, ..Account::decode(&bytes(&vectors()["accounts"]["sca"])).unwrap() }
}

#[test]
fn accounts_of_every_form_keep_every_byte() {
    let vectors = vectors();
    let accounts = vectors["accounts"].as_object().unwrap();
    for (name, value) in accounts {
        let account = Account::decode(&bytes(value)).unwrap();
        assert_eq!(account.encode(), bytes(value), "{name}");
        let kind = match name.as_str() {
            "sca" => AccountKind::Contract,
            "eoa_full" | "eoa_full_unextended_same" => AccountKind::EoaFull,
            _ => AccountKind::Eoa,
        };
        assert_eq!(account.kind, kind, "{name}");
        let number = match name.as_str() {
            "eoa_public_key" => 2,
            "eoa_fail_key" | "sca" => 3,
            "eoa_multisig_key" => 4,
            "eoa_rolebased_key" => 5,
            _ => 1,
        };
        assert_eq!(account.key.type_number(), number, "{name}");
    }
    assert_eq!(account::EMPTY_CODE_HASH, keccak256(&[]));
}

#[test]
fn reads_the_fields_of_accounts() {
    let vectors = vectors();
    let eoa = Account::decode(&bytes(&vectors["accounts"]["eoa_legacy_key"])).unwrap();
    assert_eq!((eoa.nonce, eoa.balance), (3, U256::from(5_000_000_000_000_000_000u64)));
    assert_eq!((eoa.storage_root, eoa.code_hash, eoa.code_info), (EMPTY_ROOT, account::EMPTY_CODE_HASH, 0));
    let contract = Account::decode(&bytes(&vectors["accounts"]["sca"])).unwrap();
    assert_eq!((contract.code_info, contract.has_no_storage()), (0x10, true));
    let roles = Account::decode(&bytes(&vectors["accounts"]["eoa_rolebased_key"])).unwrap().key;
    let AccountKey::RoleBased(roles) = roles else { panic!() };
    assert!(matches!(roles.as_slice(), [AccountKey::Public(_), AccountKey::Fail, AccountKey::Legacy]));
}

#[test]
fn reads_an_ethereum_shaped_account() {
    let account = Account {
        nonce: 5,
        balance: U256::from(7),
        human_readable: false,
        key: AccountKey::Legacy,
        kind: AccountKind::Legacy,
        storage_root: Hash([1; 32]),
        code_hash: Hash([2; 32]),
        code_info: 0,
    };
    assert_eq!(Account::decode(&account.encode()), Ok(account));
}

#[test]
fn rejects_accounts_without_type_byte_or_of_unknown_type_or_nesting() {
    let value = bytes(&vectors()["accounts"]["sca"]);
    assert_eq!(Account::decode(&[]), Err(StateError::AccountType { got: 0 }));
    assert_eq!(Account::decode(&[&[3][..], &value[1..]].concat()), Err(StateError::AccountType { got: 3 }));
    assert!(Account::decode(&value[1..]).is_err(), "type byte dropped");
    let compact_contract = [&[2][..], &bytes(&vectors()["accounts"]["eoa_fail_key"])[1..]].concat();
    assert!(Account::decode(&compact_contract).is_err(), "a contract is never compact");
    assert_eq!(Account::decode(&[&value[..], &[0]].concat()), Err(StateError::Rlp(RlpError::TooMany)));
}

#[test]
fn rejects_a_storage_root_of_39_bytes() {
    let account = contract_with(Hash([1; 32]));
    let mut stream = RlpStream::new_list(4);
    stream.begin_list(5).append(&account.nonce).append(&1u8).append(&0u8).append_raw(&account.key.encode(), 2);
    stream.append(&vec![1u8; 39]).append(&account.code_hash.0.as_slice()).append(&account.code_info);
    let value = [&[2][..], &stream.out()].concat();
    assert_eq!(Account::decode(&value), Err(StateError::Rlp(RlpError::Length { expected: 32, got: 39 })));
}

#[test]
fn rejects_a_full_form_that_is_not_needed() {
    for storage_root in [EMPTY_ROOT, Hash::ZERO] {
        let contract = Account { code_hash: account::EMPTY_CODE_HASH, ..contract_with(storage_root) };
        let mut account = Account { kind: AccountKind::EoaFull, code_info: 0, ..contract };
        assert_eq!(Account::decode(&account.encode()), Err(StateError::FullFormNotNeeded));
        account.code_info = 0x10;
        assert_eq!(Account::decode(&account.encode()), Ok(account));
    }
}

fn key_verdict(key: AccountKey) -> Result<Account, StateError> {
    let account = Account { key, ..contract_with(Hash([1; 32])) };
    let decoded = Account::decode(&account.encode())?;
    assert_eq!(decoded, account);
    Ok(decoded)
}

#[test]
fn rejects_unknown_nil_and_nested_keys() {
    assert!(key_verdict(AccountKey::RoleBased(vec![AccountKey::Nil, AccountKey::Legacy])).is_ok());
    let nested = AccountKey::RoleBased(vec![AccountKey::RoleBased(vec![AccountKey::Legacy])]);
    assert_eq!(key_verdict(nested), Err(StateError::KeyType { got: 5 }));
    let decode = |bytes: &[u8]| AccountKey::decode(&mut crate::rlp::Reader::items(bytes));
    assert_eq!(decode(&[0x80]), Err(StateError::KeyType { got: 0 }));
    assert_eq!(decode(&[0x06, 0xc0]), Err(StateError::KeyType { got: 6 }));
    assert_eq!(decode(&[0x01, 0xc1, 0x80]), Err(StateError::Rlp(RlpError::TooMany)));
    assert_eq!(decode(&[0x02, 0x05]), Err(StateError::Rlp(RlpError::Length { expected: 33, got: 1 })));
}

#[test]
fn rejects_key_lists_that_are_empty_or_too_long() {
    let weighted = |count: usize| {
        let keys = vec![WeightedKey { weight: 1, key: [2; 33] }; count];
        key_verdict(AccountKey::WeightedMultiSig { threshold: 2, keys })
    };
    assert!(weighted(1).is_ok() && weighted(10).is_ok());
    assert_eq!(weighted(0), Err(StateError::KeyCount { limit: 10, got: 0 }));
    assert_eq!(weighted(11), Err(StateError::KeyCount { limit: 10, got: 11 }));
    let roles = |count: usize| key_verdict(AccountKey::RoleBased(vec![AccountKey::Legacy; count]));
    assert!(roles(3).is_ok());
    assert_eq!(roles(0), Err(StateError::KeyCount { limit: 3, got: 0 }));
    assert_eq!(roles(4), Err(StateError::KeyCount { limit: 3, got: 4 }));
}

#[test]
fn proves_the_accounts_and_slots_of_the_vectors() {
    let (root, contract_address, proof) = contract();
    let vectors = vectors()["stateProofs"].clone();
    let proven = verify_state(&root, &contract_address, &proof).unwrap().unwrap();
    assert_eq!(proven.account().storage_root, hash(&vectors["contract"]["storageRoot"]));
    assert_eq!(proven.account().code_hash, hash(&vectors["contract"]["codeHash"]));
    let value = U256::from(vectors["contract"]["slot5"]["value"].as_u64().unwrap());
    assert_eq!(proven.slot(&proof.slots[0]), Some(value));
    assert_eq!(proven.slot(&proof.slots[1]), Some(U256::ZERO));
    assert_eq!(proven.slot(&Hash::ZERO), None);
    assert_eq!(proven.slots().len(), 2);

    let account_nodes = sorted(nodes(&vectors["eoa"]["proof"]));
    let proof = StateProof { account_nodes, ..StateProof::default() };
    let eoa = verify_state(&root, &address(&vectors["eoa"]), &proof).unwrap().unwrap();
    assert_eq!(Some(eoa.account().nonce), vectors["eoa"]["nonce"].as_u64());
    assert_eq!(eoa.account().balance, U256::from(vectors["eoa"]["balance"].as_u64().unwrap()));
}

#[test]
fn proves_an_absent_account_which_has_no_storage() {
    let (root, _, with_storage) = contract();
    let absent = vectors()["stateProofs"]["absent"].clone();
    let account_nodes = sorted(nodes(&absent["proof"]));
    let mut proof = StateProof { account_nodes, ..StateProof::default() };
    assert_eq!(verify_state(&root, &address(&absent), &proof), Ok(None));
    proof.slots = with_storage.slots;
    assert_eq!(verify_state(&root, &address(&absent), &proof), Err(StateError::StorageOfAbsentAccount));
    proof.slots.clear();
    proof.storage_nodes = with_storage.storage_nodes;
    assert_eq!(verify_state(&root, &address(&absent), &proof), Err(StateError::StorageOfAbsentAccount));
}

#[test]
fn rejects_another_state_root_and_another_address() {
    let (root, address, proof) = contract();
    let missing = verify_state(&Hash([1; 32]), &address, &proof).unwrap_err();
    assert_eq!(missing.code(), "trie.node_missing");
    assert!(verify_state(&root, &Address([1; 20]), &proof).is_err());
}

#[test]
fn rejects_every_flipped_byte_and_every_changed_node_set() {
    let (root, address, proof) = contract();
    let changed = |change: &dyn Fn(&mut StateProof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        verify_state(&root, &address, &proof)
    };
    for place in 0..proof.account_nodes.len() {
        for byte in 0..proof.account_nodes[place].len() {
            assert!(changed(&|proof| proof.account_nodes[place][byte] ^= 1).is_err());
        }
        assert!(changed(&|proof| drop(proof.account_nodes.remove(place))).is_err());
        assert!(changed(&|proof| proof.account_nodes.push(proof.account_nodes[place].clone())).is_err());
    }
    for place in 0..proof.storage_nodes.len() {
        for byte in 0..proof.storage_nodes[place].len() {
            assert!(changed(&|proof| proof.storage_nodes[place][byte] ^= 1).is_err());
        }
        assert!(changed(&|proof| drop(proof.storage_nodes.remove(place))).is_err());
    }
    assert!(changed(&|proof| proof.storage_nodes.reverse()).is_err());
    assert!(
        changed(&|proof| {
            proof.slots.remove(0);
        })
        .is_err(),
        "nodes of a slot not asked for"
    );
}

#[test]
fn rejects_slots_out_of_order_twice_or_too_many() {
    let (root, address, proof) = contract();
    let with = |slots: Vec<Hash>| verify_state(&root, &address, &StateProof { slots, ..proof.clone() });
    let [first, second] = [proof.slots[0], proof.slots[1]];
    let refused =
        |previous: Hash, got: Hash| Err(StateError::SlotsNotAscending { previous: previous.into(), got: got.into() });
    assert_eq!(with(vec![second, first]), refused(second, first));
    assert_eq!(with(vec![first, first]), refused(first, first));
    let got = MAX_SLOTS + 1;
    assert_eq!(with(vec![first; got]), Err(StateError::TooManySlots { limit: MAX_SLOTS, got }));
}

#[test]
fn an_account_without_storage_has_only_zero_words_and_needs_no_nodes() {
    let (_, _, foreign) = contract();
    for storage_root in [EMPTY_ROOT, Hash::ZERO] {
        let (root, mut proof) = state_of(contract_with(storage_root).encode());
        proof.slots = vec![Hash([1; 32]), Hash([2; 32])];
        let proven = verify_state(&root, &Address([7; 20]), &proof).unwrap().unwrap();
        assert!(proven.slots().values().all(|word| word.is_zero()));
        proof.storage_nodes = foreign.storage_nodes.clone();
        assert_eq!(verify_state(&root, &Address([7; 20]), &proof).unwrap_err().code(), "trie.node_unused");
    }
}

#[test]
fn rejects_storage_under_another_root_than_the_proven_account_has() {
    let (_, _, foreign) = contract();
    let (root, proof) = state_of(contract_with(Hash([1; 32])).encode());
    let proof = StateProof { account_nodes: proof.account_nodes, ..foreign };
    let refused = StateError::Trie(TrieError::NodeMissing { hash: Hash([1; 32]).into() });
    assert_eq!(verify_state(&root, &Address([7; 20]), &proof), Err(refused));
}

#[test]
fn rejects_words_that_are_not_trimmed() {
    assert_eq!(storage::decode_word(&[0x82, 0x61, 0xa9]), Ok(U256::from(25001)));
    assert_eq!(storage::decode_word(&[0x7f]), Ok(U256::from(127)));
    assert_eq!(storage::decode_word(&[0x80]), Err(StateError::ZeroWord));
    assert_eq!(storage::decode_word(&[0x00]), Err(StateError::Rlp(RlpError::Integer)));
    assert_eq!(storage::decode_word(&[0x82, 0, 1]), Err(StateError::Rlp(RlpError::Integer)));
    assert_eq!(storage::decode_word(&[0x81, 1]), Err(StateError::Rlp(RlpError::Malformed)));
    assert_eq!(storage::decode_word(&[0x01, 0x01]), Err(StateError::Rlp(RlpError::TooMany)));
    assert_eq!(storage::decode_word(&[&[0xa1][..], &[1; 33]].concat()), Err(StateError::Rlp(RlpError::Integer)));
    assert_eq!(storage::decode_word(&[0xc0]), Err(StateError::Rlp(RlpError::Kind)));
    let mut word = vec![0xa0];
    word.extend([0xff; 32]);
    assert_eq!(storage::decode_word(&word), Ok(U256::MAX));
}

#[test]
fn codes_are_distinct() {
    let errors = [
        StateError::TooManySlots { limit: 1, got: 2 },
        StateError::SlotsNotAscending { previous: Hash::ZERO.into(), got: Hash::ZERO.into() },
        StateError::StorageOfAbsentAccount,
        StateError::AccountType { got: 3 },
        StateError::FullFormNotNeeded,
        StateError::KeyType { got: 6 },
        StateError::KeyCount { limit: 10, got: 11 },
        StateError::ZeroWord,
    ];
    let codes: std::collections::BTreeSet<&str> = errors.iter().map(StateError::code).collect();
    assert_eq!(codes.len(), errors.len());
    assert!(codes.iter().all(|code| code.starts_with("state.")));
}
