//! Tests of both forms: lossless, one encoding, and every refusal.

use super::*;
use crate::commitment::SimpleEntry;
use crate::primitives::Hash;
use std::string::ToString;
use std::vec;

fn item(block: u64, index: u32) -> ItemRef {
    ItemRef { block, index }
}

/// One of everything that the schema knows.
fn sample() -> ProofBundle {
    let entry = |hints| HeaderEntry { header: vec![0xc1, 0x80], hints };
    let hints = vec![SealHint { signer: 300, y: [7; 32] }];
    let simple = SimpleEntry {
        index: 2,
        transaction: vec![1],
        transaction_path: vec![Hash([1; 32])],
        receipt: vec![2, 3],
        receipt_path: vec![],
    };
    let blocks = vec![
        BlockProof {
            number: 1,
            items: BlockItems::Trie {
                indices: vec![0, 300],
                transaction_nodes: vec![vec![1; 40]],
                receipt_nodes: vec![vec![], vec![0x80]],
            },
        },
        BlockProof { number: 2, items: BlockItems::Simple { count: 3, entries: vec![simple] } },
        BlockProof {
            number: u64::MAX,
            items: BlockItems::Concat { transactions: vec![vec![5]], receipts: vec![vec![6]] },
        },
    ];
    let proof = StateProof { account_nodes: vec![vec![9]], slots: vec![Hash([3; 32])], storage_nodes: vec![] };
    let source = ChainProof {
        chain: "main".to_string(),
        mode: FollowMode::Sparse,
        headers: vec![entry(vec![]), entry(hints)],
        jumps: vec![vec![entry(vec![])]],
        blocks,
        states: vec![StateEvidence { number: 0, proof }],
    };
    let destination = ChainProof {
        chain: "service".to_string(),
        mode: FollowMode::Full,
        headers: vec![],
        jumps: vec![],
        blocks: vec![],
        states: vec![],
    };
    let full = TransferProof {
        nonce: 7,
        request: Some(LogRef { item: item(1, 2), log: 0 }),
        handle: Some(LogRef { item: item(0, 0), log: 4 }),
        votes: vec![item(0, 1), item(3, 0)],
        failed: Some(item(4, 5)),
        calls: vec![vec![1, 2]],
    };
    let bare = TransferProof { nonce: u64::MAX, ..TransferProof::default() };
    let claim = Claim::Transfers { transfers: vec![full, bare], complete: Some((0, 9)) };
    ProofBundle { chains: vec![source, destination], claim }
}

fn every_claim() -> Vec<ProofBundle> {
    let entry = HeaderEntry { header: vec![1], hints: vec![] };
    let with = |claim| ProofBundle { claim, ..sample() };
    vec![
        sample(),
        with(Claim::Equivocation { first: entry.clone(), second: entry }),
        with(Claim::Anchored { child_number: 5, anchor: item(6, 7) }),
        with(Claim::Transfers { transfers: vec![TransferProof::default()], complete: None }),
    ]
}

#[test]
fn both_forms_are_lossless() {
    for bundle in every_claim() {
        let bytes = bundle.encode();
        assert_eq!(ProofBundle::decode(&bytes), Ok(bundle.clone()));
        let text = bundle.to_json().unwrap();
        let back = ProofBundle::from_json(&text).unwrap();
        assert_eq!(back.encode(), bytes);
        assert_eq!(back.to_json().unwrap(), text);
    }
}

#[test]
fn what_is_accepted_re_encodes_to_itself_after_any_byte_changed() {
    let bytes = sample().encode();
    for at in 0..bytes.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= mask;
            if let Ok(bundle) = ProofBundle::decode(&changed) {
                assert_eq!(bundle.encode(), changed, "byte {at}");
            }
        }
    }
}

#[test]
fn refuses_every_truncation_and_a_trailing_byte() {
    let mut bytes = sample().encode();
    for end in 0..bytes.len() {
        assert!(ProofBundle::decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    bytes.push(0);
    assert_eq!(ProofBundle::decode(&bytes), Err(BundleError::Rlp(RlpError::TooMany)));
}

#[test]
fn refuses_other_magic_and_other_versions() {
    let mut bytes = sample().encode();
    assert_eq!(ProofBundle::decode(b"SPL"), Err(BundleError::Magic));
    bytes[4] = 2;
    assert_eq!(ProofBundle::decode(&bytes), Err(BundleError::Version { expected: 1, got: 2 }));
    bytes[0] = b'X';
    assert_eq!(ProofBundle::decode(&bytes), Err(BundleError::Magic));
    let text = sample().to_json().unwrap().replacen("\"version\":1", "\"version\":2", 1);
    assert_eq!(ProofBundle::from_json(&text), Err(BundleError::Version { expected: 1, got: 2 }));
}

#[test]
fn refuses_a_file_beyond_the_limit() {
    assert_eq!(binary::size_is_allowed(MAX_BYTES, MAX_BYTES), Ok(()));
    let too_large = BundleError::TooLarge { most: MAX_BYTES, got: MAX_BYTES + 1 };
    assert_eq!(binary::size_is_allowed(MAX_BYTES + 1, MAX_BYTES), Err(too_large));
}

#[test]
fn refuses_lists_that_do_not_ascend_in_both_forms() {
    let breaks: [fn(&mut ProofBundle); 5] = [
        |bundle| bundle.chains[0].blocks.swap(0, 1),
        |bundle| {
            let twice = bundle.chains[0].states[0].clone();
            bundle.chains[0].states.push(twice);
        },
        |bundle| transfers(bundle).reverse(),
        |bundle| transfers(bundle)[0].votes.reverse(),
        |bundle| transfers(bundle)[0].calls.push(vec![1, 2]),
    ];
    for break_it in breaks {
        let mut bundle = sample();
        break_it(&mut bundle);
        assert_eq!(ProofBundle::decode(&bundle.encode()), Err(BundleError::Order));
        assert_eq!(ProofBundle::from_json(&bundle.to_json().unwrap()), Err(BundleError::Order));
    }
}

fn transfers(bundle: &mut ProofBundle) -> &mut Vec<TransferProof> {
    match &mut bundle.claim {
        Claim::Transfers { transfers, .. } => transfers,
        _ => panic!("a claim of transfers"),
    }
}

#[test]
fn refuses_a_claim_of_nothing() {
    let mut bundle = sample();
    transfers(&mut bundle).clear();
    assert_eq!(ProofBundle::decode(&bundle.encode()), Err(BundleError::NoClaim));
}

#[test]
fn refuses_names_and_tags_outside_the_schema() {
    let mut bundle = sample();
    bundle.chains[0].chain.clear();
    assert_eq!(ProofBundle::decode(&bundle.encode()), Err(BundleError::Schema));
    bundle.chains[0].chain = "x".repeat(MAX_NAME + 1);
    assert_eq!(ProofBundle::decode(&bundle.encode()), Err(BundleError::Schema));
    // The body's list [ [], [3] ]: a claim with an unknown tag.
    assert_eq!(ProofBundle::decode(b"SPLT\x01\xc3\xc0\xc1\x03"), Err(BundleError::Schema));
}

#[test]
fn refuses_unknown_and_duplicate_json_names_and_says_where() {
    let text = sample().to_json().unwrap();
    let unknown = text.replacen("\"chain\":", "\"extra\":1,\"chain\":", 1);
    assert!(matches!(ProofBundle::from_json(&unknown), Err(BundleError::Json { line: 1, column }) if column > 1));
    let twice = text.replacen("\"mode\":", "\"mode\":\"full\",\"mode\":", 1);
    assert!(matches!(ProofBundle::from_json(&twice), Err(BundleError::Json { .. })));
    assert!(matches!(ProofBundle::from_json("{}"), Err(BundleError::Json { .. })));
}

#[test]
fn refuses_more_transfers_than_a_bundle_may_claim() {
    let mut bundle = sample();
    *transfers(&mut bundle) =
        (0..=MAX_TRANSFERS as u64).map(|nonce| TransferProof { nonce, ..TransferProof::default() }).collect();
    let refusal = ProofBundle::decode(&bundle.encode()).map_err(|e| e.code());
    assert_eq!(refusal.err(), Some("bundle.too_many_transfers"));
}
