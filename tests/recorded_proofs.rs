//! Roots and state proofs of two real chains: everything recorded verifies, with exact node sets.

// A test stops where the recording is not what it should be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

use flate2::read::GzDecoder;
use memory_db::{HashKey, MemoryDB};
use serde_json::Value;
use spanlight::commitment::{self, derive_root, split_transactions, verify_items, BlockItems, CommitmentForm};
use spanlight::primitives::decode_hex;
use spanlight::receipt::Receipt;
use spanlight::rlp::{Reader, RlpError};
use spanlight::state::{verify_state, StateProof};
use spanlight::trie::{EthereumLayout, KeccakHasher};
use spanlight::{keccak256, Hash, U256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use trie_db::{Recorder, Trie, TrieDBBuilder, TrieDBMutBuilder, TrieMut};

struct Recording {
    form: CommitmentForm,
    exchanges: Vec<Value>,
}

fn recording(name: &str, form: CommitmentForm) -> Recording {
    let path = format!("{}/tests/fixtures/{name}.rpc.jsonl.gz", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(path).expect("the recording is there");
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    let exchanges = lines.map(|line| serde_json::from_str(&line.expect("text")).expect("JSON")).collect();
    Recording { form, exchanges }
}

fn recordings() -> [Recording; 2] {
    [recording("main", CommitmentForm::Concat), recording("service", CommitmentForm::Trie)]
}

impl Recording {
    fn all<'a>(&'a self, method: &'a str) -> impl Iterator<Item = (&'a Value, &'a Value)> + 'a {
        let named = self.exchanges.iter().filter(move |exchange| exchange["method"] == method);
        named.map(|exchange| (&exchange["params"], &exchange["result"]))
    }

    /// Blocks by number text.
    fn blocks(&self) -> BTreeMap<&str, &Value> {
        self.all("kaia_getBlockByNumber").filter_map(|(params, block)| Some((params[0].as_str()?, block))).collect()
    }
}

fn hash(value: &Value) -> Hash {
    value.as_str().expect("text").parse().expect("a hash")
}

fn number(value: &Value) -> U256 {
    let digits = value.as_str().expect("text").trim_start_matches("0x");
    U256::from_str_radix(digits, 16).expect("a number")
}

/// The transactions in an answer of `debug_getBlockRlp`.
fn body(answer: &Value) -> Vec<Vec<u8>> {
    let bytes = decode_hex(&format!("0x{}", answer.as_str().expect("text"))).expect("hex");
    let mut block = Reader::list(&bytes).expect("a block");
    block.raw().expect("a header");
    let list = block.raw().expect("transactions");
    block.finish().expect("nothing more");
    let header = match list[0] {
        0xc0..=0xf7 => 1,
        first => 1 + usize::from(first - 0xf7),
    };
    split_transactions(&list[header..]).expect("known types")
}

/// The nodes of several RPC proofs as one exact set.
fn exact<'a>(proofs: impl Iterator<Item = &'a Value>) -> Vec<Vec<u8>> {
    let nodes = proofs.flat_map(|proof| proof.as_array().expect("nodes"));
    let nodes = nodes.map(|node| decode_hex(node.as_str().expect("text")).expect("hex"));
    nodes.map(|node| (keccak256(&node), node)).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// A recorded proof, the state root of its block, and the values that the node reports beside it.
fn state_proof(
    params: &Value,
    result: &Value,
    blocks: &BTreeMap<&str, &Value>,
) -> (Hash, StateProof, Vec<(Hash, U256)>) {
    let root = hash(&blocks[params[2].as_str().expect("a block number")]["stateRoot"]);
    let reported = result["storageProof"].as_array().expect("slots");
    let mut words: Vec<(Hash, U256)> =
        reported.iter().map(|slot| (hash(&slot["key"]), number(&slot["value"]))).collect();
    words.sort_unstable();
    words.dedup();
    let proof = StateProof {
        account_nodes: exact(std::iter::once(&result["accountProof"])),
        slots: words.iter().map(|(slot, _)| *slot).collect(),
        storage_nodes: exact(reported.iter().map(|slot| &slot["proof"])),
    };
    (root, proof, words)
}

#[test]
fn transaction_and_receipt_roots_of_every_block_are_recomputed() {
    for recording in recordings() {
        let blocks = recording.blocks();
        let receipts: BTreeMap<&str, &Value> = recording
            .all("kaia_getBlockReceipts")
            .filter_map(|(params, receipts)| Some((params[0].as_str()?, receipts)))
            .collect();
        let mut with_transactions = 0;
        for (params, answer) in recording.all("debug_getBlockRlp") {
            let block = blocks[params[0].as_str().expect("a block number")];
            let transactions = body(answer);
            let rebuilt: Vec<Receipt> = receipts
                .get(block["hash"].as_str().expect("a hash"))
                .map(|list| list.as_array().expect("receipts").iter())
                .into_iter()
                .flatten()
                .map(|json| Receipt::from_rpc_json(json).expect("a receipt"))
                .collect();
            let encoded: Vec<Vec<u8>> = rebuilt.iter().map(Receipt::encode).collect();
            let roots = [hash(&block["transactionsRoot"]), hash(&block["receiptsRoot"])];
            assert_eq!(derive_root(recording.form, &transactions), roots[0], "{params}");
            assert_eq!(derive_root(recording.form, &encoded), roots[1], "{params}");
            for (receipt, bytes) in rebuilt.iter().zip(&encoded) {
                assert_eq!(Receipt::decode(bytes).as_ref(), Ok(receipt));
                assert_eq!(receipt.bloom_matches_logs(), Ok(()));
            }
            with_transactions += usize::from(!transactions.is_empty());
            if recording.form == CommitmentForm::Concat {
                let items = BlockItems::Concat { transactions: transactions.clone(), receipts: encoded };
                let proven = verify_items(recording.form, &roots[0], &roots[1], &items).expect("the whole block");
                assert_eq!(proven.len(), transactions.len());
            }
        }
        assert_eq!(with_transactions, receipts.len());
    }
}

#[test]
fn every_recorded_state_proof_verifies_and_agrees_with_the_node() {
    let mut verified = 0;
    for recording in recordings() {
        let blocks = recording.blocks();
        for (params, result) in recording.all("kaia_getProof") {
            let (root, proof, words) = state_proof(params, result, &blocks);
            let address = params[0].as_str().expect("text").parse().expect("an address");
            let proven = verify_state(&root, &address, &proof).expect("a proof").expect("an account");
            let account = proven.account();
            assert_eq!(U256::from(account.nonce), number(&result["nonce"]));
            assert_eq!(account.balance, number(&result["balance"]));
            assert_eq!(account.code_hash, hash(&result["codeHash"]));
            assert_eq!(account.storage_root, hash(&result["storageHash"]));
            assert_eq!(proven.slots().iter().map(|(slot, word)| (*slot, *word)).collect::<Vec<_>>(), words);
            verified += 1;
        }
    }
    assert_eq!(verified, 90);
}

#[test]
fn a_recorded_state_proof_fails_under_the_root_of_the_parent() {
    let mut refused_proofs = 0;
    for recording in recordings() {
        let blocks = recording.blocks();
        for (params, result) in recording.all("kaia_getProof") {
            let (root, proof, _) = state_proof(params, result, &blocks);
            let parent = number(&params[2]) - U256::from(1);
            let parent_root = hash(&blocks[format!("{parent:#x}").as_str()]["stateRoot"]);
            if root == parent_root {
                continue; // A block without transactions and rewards leaves the state as it was.
            }
            let address = params[0].as_str().expect("text").parse().expect("an address");
            let refused = verify_state(&parent_root, &address, &proof).expect_err("another state");
            assert_eq!(refused.code(), "trie.node_missing");
            refused_proofs += 1;
        }
    }
    assert!(refused_proofs > 40, "{refused_proofs}");
}

#[test]
fn a_concat_block_with_one_byte_changed_or_one_receipt_less_is_refused() {
    let recording = recording("main", CommitmentForm::Concat);
    let blocks = recording.blocks();
    let (params, answers) = recording.all("kaia_getBlockReceipts").next().expect("receipts");
    let (number, block) = blocks.iter().find(|(_, block)| block["hash"] == params[0]).expect("its block");
    let (_, answer) = recording.all("debug_getBlockRlp").find(|(params, _)| params[0] == *number).expect("its bytes");
    let transactions = body(answer);
    let receipts: Vec<Vec<u8>> = answers
        .as_array()
        .expect("receipts")
        .iter()
        .map(|json| Receipt::from_rpc_json(json).expect("a receipt").encode())
        .collect();
    let verify = |transactions: Vec<Vec<u8>>, receipts: Vec<Vec<u8>>| {
        let items = BlockItems::Concat { transactions, receipts };
        verify_items(recording.form, &hash(&block["transactionsRoot"]), &hash(&block["receiptsRoot"]), &items)
    };
    assert!(verify(transactions.clone(), receipts.clone()).is_ok());
    for byte in 0..receipts[0].len() {
        let mut changed = receipts.clone();
        changed[0][byte] ^= 1;
        assert!(verify(transactions.clone(), changed).is_err());
    }
    assert!(verify(transactions.clone(), receipts[1..].to_vec()).is_err());
    assert_eq!(Receipt::decode(&[]), Err(RlpError::Malformed.into()));
}

/// Root of a list as a trie, and exactly the nodes on the path of one index.
fn trie_proof(items: &[Vec<u8>], index: u32) -> (Hash, Vec<Vec<u8>>) {
    let null: &[u8] = &[0x80];
    let mut db = MemoryDB::<KeccakHasher, HashKey<_>, Vec<u8>>::from_null_node(null, null.into());
    let mut root = [0u8; 32];
    let mut trie = TrieDBMutBuilder::<EthereumLayout>::new(&mut db, &mut root).build();
    for (index, item) in (0u32..).zip(items) {
        trie.insert(&commitment::trie::key(index), item).expect("room");
    }
    drop(trie);
    let mut recorder = Recorder::<EthereumLayout>::new();
    let trie = TrieDBBuilder::<EthereumLayout>::new(&db, &root).with_recorder(&mut recorder).build();
    trie.get(&commitment::trie::key(index)).expect("every node");
    let nodes = recorder.drain().into_iter().map(|record| (keccak256(&record.data), record.data));
    (Hash(root), nodes.collect::<BTreeMap<_, _>>().into_values().collect())
}

#[test]
fn every_transaction_of_the_service_chain_is_proven_with_its_receipt() {
    let recording = recording("service", CommitmentForm::Trie);
    let blocks = recording.blocks();
    let bodies: BTreeMap<&str, &Value> =
        recording.all("debug_getBlockRlp").filter_map(|(params, answer)| Some((params[0].as_str()?, answer))).collect();
    let mut proven_items = 0;
    for (params, answers) in recording.all("kaia_getBlockReceipts") {
        let (number, block) = blocks.iter().find(|(_, block)| block["hash"] == params[0]).expect("its block");
        let roots = [hash(&block["transactionsRoot"]), hash(&block["receiptsRoot"])];
        let transactions = body(bodies[number]);
        let answers = answers.as_array().expect("receipts").iter();
        let receipts: Vec<Vec<u8>> =
            answers.map(|json| Receipt::from_rpc_json(json).expect("a receipt").encode()).collect();
        for index in 0..u32::try_from(transactions.len()).expect("few") {
            let [(root, transaction_nodes), (_, receipt_nodes)] =
                [&transactions, &receipts].map(|list| trie_proof(list, index));
            assert_eq!(root, roots[0]);
            let items = BlockItems::Trie { indices: vec![index], transaction_nodes, receipt_nodes };
            let proven = verify_items(CommitmentForm::Trie, &roots[0], &roots[1], &items).expect("a proof");
            let place = usize::try_from(index).expect("small");
            assert_eq!((&proven[0].transaction, &proven[0].receipt), (&transactions[place], &receipts[place]));
            proven_items += 1;
        }
    }
    assert!(proven_items > 100, "{proven_items}");
}
