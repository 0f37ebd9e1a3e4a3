//! What proves some items of a block to somebody who has its header, made from the whole block.

use super::{concat, indices_ascend, item_count_is_bounded, simple, trie, BlockItems, CommitmentError, CommitmentForm};
use alloc::vec::Vec;

/// The proof of the items at `indices`, in the form of the chain: what [`super::verify_items`] accepts under the roots that
/// [`super::derive_root`] gives for the two lists. A Concat proof holds the whole lists whatever the indices.
///
/// Whether the lists are those of a header is for the caller to see, by the roots.
///
/// # Errors
/// Where the lists differ in length or are too long, or the indices are none, do not ascend or are beyond the lists.
pub fn prove_items(
    form: CommitmentForm,
    transactions: &[Vec<u8>],
    receipts: &[Vec<u8>],
    indices: &[u32],
) -> Result<BlockItems, CommitmentError> {
    concat::lists_have_one_length(transactions.len(), receipts.len())?;
    item_count_is_bounded(transactions.len())?;
    indices_ascend(indices.iter().copied())?;
    let count = u32::try_from(transactions.len()).unwrap_or(u32::MAX);
    indices.iter().try_for_each(|index| simple::index_is_below_count(*index, count))?;
    Ok(match form {
        CommitmentForm::Trie => BlockItems::Trie {
            indices: indices.to_vec(),
            transaction_nodes: trie::prove(transactions, indices)?,
            receipt_nodes: trie::prove(receipts, indices)?,
        },
        CommitmentForm::Simple => BlockItems::Simple { count, entries: simple::prove(transactions, receipts, indices) },
        CommitmentForm::Concat => {
            BlockItems::Concat { transactions: transactions.to_vec(), receipts: receipts.to_vec() }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::{derive_root, verify_items, ProvenItem};
    use super::*;
    use crate::primitives::{keccak256, Address};
    use crate::receipt::{bloom_of, Log, Receipt};
    use std::boxed::Box;
    use std::vec;

    const FORMS: [CommitmentForm; 3] = [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat];

    /// Different transactions, and receipts of which some are alike and some have a log.
    fn block(count: u32) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let receipt = |i: u32| {
            let log = Log { address: Address::ZERO, topics: vec![keccak256(&i.to_be_bytes())], data: vec![] };
            let logs = if i.is_multiple_of(3) { vec![log] } else { vec![] };
            Receipt { status: 1, gas_used: 21000, bloom: Box::new(bloom_of(&logs)), logs }.encode()
        };
        let transaction = |i: u32| [&[0xc5, 0x84][..], &(i | 0x8000_0000).to_be_bytes()].concat();
        ((0..count).map(transaction).collect(), (0..count).map(receipt).collect())
    }

    fn proven(form: CommitmentForm, count: u32, indices: &[u32]) -> Vec<ProvenItem> {
        let (transactions, receipts) = block(count);
        let items = prove_items(form, &transactions, &receipts, indices).unwrap();
        verify_items(form, &derive_root(form, &transactions), &derive_root(form, &receipts), &items).unwrap()
    }

    #[test]
    fn what_is_proven_verifies_in_every_form() {
        for count in (1u32..=20).chain([130]) {
            let (transactions, receipts) = block(count);
            let all: Vec<u32> = (0..count).collect();
            let mut choices: Vec<Vec<u32>> = all.iter().map(|index| vec![*index]).collect();
            choices.push(all.iter().copied().filter(|index| index % 3 != 1).collect());
            choices.push(all.clone());
            for (form, indices) in FORMS.into_iter().flat_map(|form| choices.iter().map(move |one| (form, one))) {
                let expected = if form == CommitmentForm::Concat { &all } else { indices };
                let expected: Vec<ProvenItem> = expected
                    .iter()
                    .map(|index| ProvenItem {
                        index: *index,
                        transaction: transactions[*index as usize].clone(),
                        receipt: receipts[*index as usize].clone(),
                    })
                    .collect();
                assert_eq!(proven(form, count, indices), expected, "{form:?} of {count}");
            }
        }
    }

    #[test]
    fn all_items_are_told_from_some_of_them() {
        for (form, count) in FORMS.into_iter().flat_map(|form| [1u32, 2, 3, 4, 7, 130].map(|count| (form, count))) {
            let (transactions, receipts) = block(count);
            let root = derive_root(form, &receipts);
            let proves_all = |indices: &[u32]| {
                let items = prove_items(form, &transactions, &receipts, indices).unwrap();
                let proven = proven(form, count, indices);
                let receipts: Vec<&[u8]> = proven.iter().map(|item| item.receipt.as_slice()).collect();
                items.proves_all(&receipts, &root)
            };
            let all: Vec<u32> = (0..count).collect();
            assert!(proves_all(&all), "{form:?} of {count}");
            for left_out in (0..count).filter(|_| count > 1) {
                let some: Vec<u32> = all.iter().copied().filter(|index| *index != left_out).collect();
                assert_eq!(proves_all(&some), form == CommitmentForm::Concat, "{form:?} of {count} but {left_out}");
            }
        }
    }

    #[test]
    fn rejects_what_no_proof_can_be_made_of() {
        let (transactions, receipts) = block(3);
        for form in FORMS {
            let prove = |indices: &[u32]| prove_items(form, &transactions, &receipts, indices);
            assert_eq!(prove(&[]), Err(CommitmentError::NoItems));
            assert_eq!(prove(&[1, 1]), Err(CommitmentError::IndicesNotAscending { previous: 1, got: 1 }));
            assert_eq!(prove(&[0, 3]), Err(CommitmentError::IndexOutOfRange { index: 3, count: 3 }));
            let refused = CommitmentError::ListLengthsDiffer { transactions: 3, receipts: 2 };
            assert_eq!(prove_items(form, &transactions, &receipts[..2], &[0]), Err(refused));
        }
    }
}
