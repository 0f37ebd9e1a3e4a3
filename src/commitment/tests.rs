use super::*;
use crate::primitives::{decode_hex, keccak256};
use crate::receipt::{bloom_of, Log, Receipt};
use crate::trie::tests::prove;
use serde_json::Value;
use std::boxed::Box;
use std::collections::{BTreeMap, BTreeSet};
use std::vec;
use std::vec::Vec;

const FORMS: [CommitmentForm; 3] = [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat];

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/chain_vectors.json")).unwrap()
}

fn hash_at(value: &Value, name: &str) -> Hash {
    value[name].as_str().unwrap().parse().unwrap()
}

/// Receipts by the rule that the vectors follow, for the list that they give no items of.
fn vector_receipt(i: u64, addresses: &Value) -> Vec<u8> {
    let byte = u8::try_from(i).unwrap();
    let number = usize::try_from(i).unwrap();
    let logs = match i % 2 {
        0 => vec![Log {
            address: addresses[number % 6].as_str().unwrap().parse().unwrap(),
            topics: vec![keccak256(&[byte]), Hash::ZERO],
            data: vec![byte, 1, 2],
        }],
        _ => vec![],
    };
    let status = [1, 0, 9, 1, 2, 7, 1][number % 7];
    Receipt { status, gas_used: 21000 + i, bloom: Box::new(bloom_of(&logs)), logs }.encode()
}

/// `count` transactions, each different, and their receipts, all alike.
fn block(count: u32) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let receipt = Receipt { status: 1, gas_used: 21000, bloom: Box::new([0; 256]), logs: vec![] }.encode();
    let transactions = (0..count).map(|i| [&[0xc5, 0x84][..], &(i | 0x8000_0000).to_be_bytes()].concat()).collect();
    (transactions, vec![receipt; usize::try_from(count).unwrap()])
}

fn items_of(form: CommitmentForm, transactions: &[Vec<u8>], receipts: &[Vec<u8>], indices: &[u32]) -> BlockItems {
    let nodes = |list: &[Vec<u8>]| {
        let entries: BTreeMap<_, _> = (0u32..).map(trie::key).zip(list.iter().cloned()).collect();
        prove(&entries, &indices.iter().map(|index| trie::key(*index)).collect::<Vec<_>>()).1
    };
    match form {
        CommitmentForm::Trie => BlockItems::Trie {
            indices: indices.to_vec(),
            transaction_nodes: nodes(transactions),
            receipt_nodes: nodes(receipts),
        },
        CommitmentForm::Simple => BlockItems::Simple {
            count: u32::try_from(transactions.len()).unwrap(),
            entries: indices
                .iter()
                .map(|index| SimpleEntry {
                    index: *index,
                    transaction: transactions[*index as usize].clone(),
                    transaction_path: simple::path(transactions, *index),
                    receipt: receipts[*index as usize].clone(),
                    receipt_path: simple::path(receipts, *index),
                })
                .collect(),
        },
        CommitmentForm::Concat => {
            BlockItems::Concat { transactions: transactions.to_vec(), receipts: receipts.to_vec() }
        }
    }
}

/// A block whose transactions and receipts are `count` long, a Simple proof of one index, and the verdict on it after a change.
fn simple_verdict(count: u32, index: u32, change: impl Fn(&mut u32, &mut SimpleEntry)) -> Result<u32, CommitmentError> {
    let (transactions, receipts) = block(count);
    let roots = [&transactions, &receipts].map(|list| derive_root(CommitmentForm::Simple, list));
    let BlockItems::Simple { mut count, mut entries } =
        items_of(CommitmentForm::Simple, &transactions, &receipts, &[index])
    else {
        panic!()
    };
    change(&mut count, &mut entries[0]);
    let items = BlockItems::Simple { count, entries };
    verify_items(CommitmentForm::Simple, &roots[0], &roots[1], &items).map(|proven| proven[0].index)
}

#[test]
fn roots_equal_those_of_the_node() {
    let vectors = vectors();
    for case in vectors["deriveSha"].as_array().unwrap() {
        let count = case["n"].as_u64().unwrap();
        let items: Vec<Vec<u8>> = match &case["receipts"] {
            Value::Array(items) => items.iter().map(|item| decode_hex(item.as_str().unwrap()).unwrap()).collect(),
            _ => (0..count).map(|i| vector_receipt(i, &vectors["addresses"])).collect(),
        };
        for (i, item) in (0u64..).zip(&items) {
            assert_eq!(*item, vector_receipt(i, &vectors["addresses"]), "the rule gives receipt {i} of {count}");
        }
        for (form, name) in FORMS.into_iter().zip(["orig", "simple", "concat"]) {
            assert_eq!(derive_root(form, &items), hash_at(case, name), "{name} of {count} items");
        }
    }
}

#[test]
fn parameter_chooses_the_form_and_unknown_values_fall_back_to_the_trie() {
    let forms = [0, 1, 2, 3, u64::MAX].map(CommitmentForm::from_parameter);
    assert_eq!(forms, [FORMS[0], FORMS[1], FORMS[2], FORMS[0], FORMS[0]]);
}

#[test]
fn proves_chosen_items_in_every_form() {
    for count in [1u32, 2, 3, 5, 8, 130] {
        let (transactions, receipts) = block(count);
        let indices: BTreeSet<u32> = [0, count / 2, count - 1].into();
        let indices: Vec<u32> = indices.into_iter().collect();
        for form in FORMS {
            let items = items_of(form, &transactions, &receipts, &indices);
            let roots = [&transactions, &receipts].map(|list| derive_root(form, list));
            let proven = verify_items(form, &roots[0], &roots[1], &items).unwrap();
            let expected: Vec<u32> =
                if form == CommitmentForm::Concat { (0..count).collect() } else { indices.clone() };
            assert_eq!(proven.iter().map(|item| item.index).collect::<Vec<_>>(), expected);
            for item in proven {
                assert_eq!(item.transaction, transactions[item.index as usize]);
                assert_eq!(item.receipt, receipts[item.index as usize]);
            }
        }
    }
}

#[test]
fn rejects_a_proof_of_another_form_than_the_chains() {
    // With one item, Simple and Concat have the same root; the prover still may not choose.
    let (transactions, receipts) = block(1);
    for got in FORMS {
        let roots = [&transactions, &receipts].map(|list| derive_root(got, list));
        let items = items_of(got, &transactions, &receipts, &[0]);
        for expected in FORMS.into_iter().filter(|form| *form != got) {
            let refused = CommitmentError::WrongForm { expected, got };
            assert_eq!(verify_items(expected, &roots[0], &roots[1], &items), Err(refused));
        }
    }
}

#[test]
fn rejects_roots_of_other_lists() {
    let (transactions, receipts) = block(4);
    for form in FORMS {
        let roots = [&transactions, &receipts].map(|list| derive_root(form, list));
        let items = items_of(form, &transactions, &receipts, &[2]);
        for wrong in [[roots[1], roots[1]], [roots[0], roots[0]]] {
            let code = verify_items(form, &wrong[0], &wrong[1], &items).unwrap_err().code();
            let expected = if form == CommitmentForm::Trie { "trie.node_missing" } else { "commitment.root_mismatch" };
            // A missing root leaves the given nodes unread.
            assert_eq!(code, expected);
        }
    }
}

#[test]
fn rejects_indices_out_of_order_and_none_at_all() {
    let (transactions, receipts) = block(4);
    for form in [CommitmentForm::Trie, CommitmentForm::Simple] {
        let roots = [&transactions, &receipts].map(|list| derive_root(form, list));
        let verdict = |indices: &[u32]| {
            verify_items(form, &roots[0], &roots[1], &items_of(form, &transactions, &receipts, indices))
        };
        assert_eq!(verdict(&[]), Err(CommitmentError::NoItems));
        assert_eq!(verdict(&[2, 1]), Err(CommitmentError::IndicesNotAscending { previous: 2, got: 1 }));
        assert_eq!(verdict(&[2, 2]), Err(CommitmentError::IndicesNotAscending { previous: 2, got: 2 }));
    }
}

#[test]
fn trie_form_rejects_an_index_that_a_list_does_not_have() {
    let (transactions, receipts) = block(4);
    let verdict = |transactions: &[Vec<u8>], receipts: &[Vec<u8>]| {
        let roots = [transactions, receipts].map(|list| derive_root(CommitmentForm::Trie, list));
        let items = items_of(CommitmentForm::Trie, transactions, receipts, &[3]);
        verify_items(CommitmentForm::Trie, &roots[0], &roots[1], &items)
    };
    let absent = |list| Err(CommitmentError::ItemAbsent { list, index: 3 });
    assert_eq!(verdict(&transactions[..3], &receipts), absent(List::Transactions));
    assert_eq!(verdict(&transactions, &receipts[..3]), absent(List::Receipts));
}

#[test]
fn simple_root_is_the_same_with_the_last_item_repeated() {
    let vectors = vectors();
    let pair = &vectors["simpleDuplicateAmbiguity"];
    let items: Vec<Vec<u8>> = vectors["deriveSha"][3]["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| decode_hex(item.as_str().unwrap()).unwrap())
        .collect();
    let [a, b, c] = items.as_slice() else { panic!() };
    assert_eq!(derive_root(CommitmentForm::Simple, &[a, b, c]), hash_at(pair, "abc"));
    assert_eq!(derive_root(CommitmentForm::Simple, &[a, b, c, c]), hash_at(pair, "abcc"));
}

#[test]
fn simple_form_rejects_an_index_beyond_the_claimed_count() {
    let verdict = simple_verdict(3, 2, |_, entry| entry.index = 3);
    assert_eq!(verdict, Err(CommitmentError::IndexOutOfRange { index: 3, count: 3 }));
}

#[test]
fn simple_form_rejects_every_index_beyond_the_true_end() {
    for count in 1u32..18 {
        let (transactions, receipts) = block(count);
        let roots = [&transactions, &receipts].map(|list| derive_root(CommitmentForm::Simple, list));
        let width = count.next_power_of_two();
        // What the tree would be if every copied node were made of copied items.
        let spread = |list: &[Vec<u8>]| -> Vec<Vec<u8>> {
            let mut places: Vec<usize> = (0..list.len()).collect();
            let mut run = 1;
            while places.len() < width as usize {
                if places.len() / run % 2 == 1 {
                    places.extend_from_within(places.len() - run..);
                }
                run *= 2;
            }
            places.into_iter().map(|place| list[place].clone()).collect()
        };
        let (transactions, receipts) = (spread(&transactions), spread(&receipts));
        assert_eq!(derive_root(CommitmentForm::Simple, &transactions), roots[0]);
        for index in count..width {
            for claimed in index + 1..=width {
                let items = BlockItems::Simple {
                    count: claimed,
                    entries: vec![SimpleEntry {
                        index,
                        transaction: transactions[index as usize].clone(),
                        transaction_path: simple::path(&transactions, index),
                        receipt: receipts[index as usize].clone(),
                        receipt_path: simple::path(&receipts, index),
                    }],
                };
                let verdict = verify_items(CommitmentForm::Simple, &roots[0], &roots[1], &items);
                let refused = [CommitmentError::RepeatedTransaction, CommitmentError::LastNodeNotPairedWithItself];
                assert!(refused.contains(&verdict.unwrap_err()), "{index} of {claimed}, truly {count}");
            }
        }
    }
}

#[test]
fn simple_form_rejects_paths_of_another_length() {
    for (count, expected) in [(1u32, 0u32), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4)] {
        assert_eq!(simple_verdict(count, 0, |_, _| {}), Ok(0));
        let longer = simple_verdict(count, 0, |_, entry| entry.transaction_path.push(Hash::ZERO));
        let got = expected as usize + 1;
        assert_eq!(longer, Err(CommitmentError::PathLength { expected, got }));
    }
    let shorter = simple_verdict(3, 0, |_, entry| entry.receipt_path.truncate(1));
    assert_eq!(shorter, Err(CommitmentError::PathLength { expected: 2, got: 1 }));
}

#[test]
fn simple_form_rejects_a_last_node_paired_with_another() {
    let verdict = simple_verdict(3, 2, |_, entry| entry.transaction_path[0] = Hash::ZERO);
    assert_eq!(verdict, Err(CommitmentError::LastNodeNotPairedWithItself));
}

#[test]
fn simple_form_rejects_an_item_of_64_bytes() {
    let verdict = simple_verdict(2, 0, |count, entry| {
        // The root's two children passed off as one item.
        *count = 1;
        entry.transaction = [keccak256(&entry.transaction).0, entry.transaction_path[0].0].concat();
        entry.transaction_path.clear();
    });
    assert_eq!(verdict, Err(CommitmentError::ItemLooksLikeNode));
}

#[test]
fn simple_form_rejects_a_changed_item_path_or_index() {
    let changes: [fn(&mut u32, &mut SimpleEntry); 5] = [
        |_, entry| entry.transaction[2] ^= 1,
        |_, entry| entry.receipt[5] ^= 1,
        |_, entry| entry.transaction_path[1].0[7] ^= 1,
        |_, entry| entry.receipt_path[0].0[0] ^= 1,
        |_, entry| entry.index ^= 1,
    ];
    for change in changes {
        assert_eq!(simple_verdict(8, 5, change).unwrap_err().code(), "commitment.root_mismatch");
    }
}

#[test]
fn simple_form_bounds_the_count() {
    let verdict = simple_verdict(2, 0, |count, _| *count = MAX_ITEMS + 1);
    assert_eq!(verdict, Err(CommitmentError::TooManyItems { limit: MAX_ITEMS, got: MAX_ITEMS as usize + 1 }));
}

fn concat_verdict(transactions: &[Vec<u8>], receipts: &[Vec<u8>]) -> Result<usize, CommitmentError> {
    let roots = [transactions, receipts].map(|list| derive_root(CommitmentForm::Concat, list));
    let items = items_of(CommitmentForm::Concat, transactions, receipts, &[]);
    verify_items(CommitmentForm::Concat, &roots[0], &roots[1], &items).map(|proven| proven.len())
}

#[test]
fn concat_form_rejects_lists_of_different_length() {
    let (transactions, receipts) = block(3);
    let refused = CommitmentError::ListLengthsDiffer { transactions: 3, receipts: 2 };
    assert_eq!(concat_verdict(&transactions, &receipts[..2]), Err(refused));
    assert_eq!(concat_verdict(&[], &[]), Ok(0));
}

#[test]
fn concat_form_rejects_missing_added_and_reordered_items() {
    let (transactions, receipts) = block(3);
    let roots = [&transactions, &receipts].map(|list| derive_root(CommitmentForm::Concat, list));
    let changed = [
        transactions[..2].to_vec(),
        [&transactions[..], &transactions[..1]].concat(),
        transactions.iter().rev().cloned().collect(),
    ];
    for transactions in changed {
        let receipts = vec![receipts[0].clone(); transactions.len()];
        let items = BlockItems::Concat { transactions, receipts };
        let verdict = verify_items(CommitmentForm::Concat, &roots[0], &roots[1], &items);
        assert_eq!(verdict.unwrap_err().code(), "commitment.root_mismatch");
    }
}

#[test]
fn concat_form_rejects_items_cut_elsewhere() {
    let (transactions, receipts) = block(2);
    // The same bytes, so the same root, with the border moved or one item empty.
    let all = transactions.concat();
    for cut in (0..=all.len()).filter(|cut| *cut != transactions[0].len()) {
        let moved = [all[..cut].to_vec(), all[cut..].to_vec()];
        assert!(concat_verdict(&moved, &receipts).is_err(), "cut at {cut}");
    }
    let both = receipts.concat();
    let moved = [both.clone(), vec![]];
    let too_many = CommitmentError::Receipt(ReceiptError::Rlp(RlpError::TooMany));
    assert_eq!(concat_verdict(&transactions, &moved), Err(too_many));
    assert_eq!(concat_verdict(&transactions, &transactions).unwrap_err().code(), "rlp.too_few");
    assert_eq!(
        concat_verdict(&[all, vec![]], &receipts),
        Err(CommitmentError::Rlp(RlpError::TooMany)),
        "two transactions as one"
    );
}

#[test]
fn splits_a_run_of_every_transaction_type() {
    let vectors = vectors();
    let list = vectors["txs"]["list"].as_object().unwrap();
    let items: Vec<Vec<u8>> = list.values().map(|tx| decode_hex(tx["raw"].as_str().unwrap()).unwrap()).collect();
    assert_eq!(items.len(), 26);
    assert_eq!(split_transactions(&items.concat()), Ok(items));
    assert_eq!(split_transactions(&[]), Ok(vec![]));
}

#[test]
fn rejects_unknown_types_and_what_is_no_transaction() {
    for kind in [0x00u8, 0x01, 0x0b, 0x0f, 0x18, 0x40, 0x4b, 0x50, 0x77, 0x79, 0x7f] {
        let refused = CommitmentError::UnsupportedType(u16::from(kind));
        assert_eq!(split_transactions(&[kind, 0xc0]), Err(refused));
    }
    for kind in [0x00u8, 0x05, 0xc0] {
        let refused = CommitmentError::UnsupportedType(0x7800 | u16::from(kind));
        assert_eq!(split_transactions(&[0x78, kind, 0xc0]), Err(refused));
    }
    assert_eq!(split_transactions(&[0x80]), Err(CommitmentError::Rlp(RlpError::Kind)));
    assert_eq!(split_transactions(&[0x08, 0x08, 0xc0]), Err(CommitmentError::Rlp(RlpError::Kind)));
    assert_eq!(split_transactions(&[0x78]), Err(CommitmentError::Rlp(RlpError::Malformed)));
    assert_eq!(split_transactions(&[0x08]), Err(CommitmentError::Rlp(RlpError::Malformed)));
    assert_eq!(split_transactions(&[0x08, 0xc2, 0x01]), Err(CommitmentError::Rlp(RlpError::Malformed)));
}

#[test]
fn rejects_every_flipped_byte_of_a_proof() {
    let (transactions, receipts) = block(3);
    for form in [CommitmentForm::Trie, CommitmentForm::Concat] {
        let roots = [&transactions, &receipts].map(|list| derive_root(form, list));
        let honest = items_of(form, &transactions, &receipts, &[1]);
        let (BlockItems::Trie { transaction_nodes: first, receipt_nodes: second, .. }
        | BlockItems::Concat { transactions: first, receipts: second }) = honest.clone()
        else {
            panic!()
        };
        let places = first.iter().chain(&second).map(Vec::len).enumerate();
        for (place, length) in places.flat_map(|(place, length)| (0..length).map(move |byte| (place, byte))) {
            let mut changed = honest.clone();
            let (BlockItems::Trie { transaction_nodes: first, receipt_nodes: second, .. }
            | BlockItems::Concat { transactions: first, receipts: second }) = &mut changed
            else {
                panic!()
            };
            first.iter_mut().chain(second).nth(place).unwrap()[length] ^= 1;
            assert!(verify_items(form, &roots[0], &roots[1], &changed).is_err(), "{form:?} {place} {length}");
        }
    }
}

#[test]
fn codes_are_distinct() {
    let form = CommitmentForm::Trie;
    let list = List::Receipts;
    let errors = [
        CommitmentError::WrongForm { expected: form, got: form },
        CommitmentError::RootMismatch { list, expected: Hash::ZERO.into(), got: Hash::ZERO.into() },
        CommitmentError::NoItems,
        CommitmentError::TooManyItems { limit: 1, got: 2 },
        CommitmentError::IndicesNotAscending { previous: 1, got: 1 },
        CommitmentError::ItemAbsent { list, index: 1 },
        CommitmentError::IndexOutOfRange { index: 1, count: 1 },
        CommitmentError::PathLength { expected: 1, got: 2 },
        CommitmentError::LastNodeNotPairedWithItself,
        CommitmentError::RepeatedTransaction,
        CommitmentError::ItemLooksLikeNode,
        CommitmentError::ListLengthsDiffer { transactions: 1, receipts: 2 },
        CommitmentError::UnsupportedType(0x18),
    ];
    let codes: BTreeSet<&str> = errors.iter().map(CommitmentError::code).collect();
    assert_eq!(codes.len(), errors.len());
    assert!(codes.iter().all(|code| code.starts_with("commitment.")));
}
