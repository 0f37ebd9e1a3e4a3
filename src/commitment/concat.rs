//! Concat form: the hash of all items one behind the other. Source: chain.md 3.1 "Concat (2)".
//!
//! No short proof exists: the whole list must be there. The hash does not say where an item ends, so every item must be
//! self-delimiting: a receipt is one list, a transaction its type bytes and one list. Then the bytes have one decomposition,
//! and a prover cannot shift an index by cutting elsewhere.

use super::{item_count_is_bounded, root_matches, CommitmentError, List, ProvenItem, Roots};
use crate::primitives::{keccak256_concat, Hash};
use crate::receipt::Receipt;
use crate::rlp::{item_length, RlpError};
use alloc::vec::Vec;

/// First byte of a transaction of an Ethereum type; the Ethereum type byte follows.
const ETHEREUM_ENVELOPE: u8 = 0x78;
/// First byte of the shortest RLP list, with which a legacy transaction begins.
const LIST: u8 = 0xc0;

/// Hash of all items in order.
pub(super) fn root<T: AsRef<[u8]>>(items: &[T]) -> Hash {
    let parts: Vec<&[u8]> = items.iter().map(AsRef::as_ref).collect();
    keccak256_concat(&parts)
}

pub(super) fn verify(
    roots: Roots<'_>,
    transactions: &[Vec<u8>],
    receipts: &[Vec<u8>],
) -> Result<Vec<ProvenItem>, CommitmentError> {
    lists_have_one_length(transactions.len(), receipts.len())?;
    item_count_is_bounded(transactions.len())?;
    root_matches(List::Transactions, roots.transactions, root(transactions))?;
    root_matches(List::Receipts, roots.receipts, root(receipts))?;
    (0u32..)
        .zip(transactions.iter().zip(receipts))
        .map(|(index, (transaction, receipt))| {
            item_is_one_transaction(transaction)?;
            Receipt::decode(receipt)?;
            Ok(ProvenItem { index, transaction: transaction.clone(), receipt: receipt.clone() })
        })
        .collect()
}

/// Cuts a run of transactions, as a block body or a Concat root holds them, into its items.
///
/// # Errors
/// Where a type is unknown or a list is malformed.
pub fn split_transactions(bytes: &[u8]) -> Result<Vec<Vec<u8>>, CommitmentError> {
    let mut rest = bytes;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (item, behind) = rest.split_at_checked(transaction_length(rest)?).ok_or(RlpError::Malformed)?;
        items.push(item.to_vec());
        item_count_is_bounded(items.len())?;
        rest = behind;
    }
    Ok(items)
}

pub(super) fn lists_have_one_length(transactions: usize, receipts: usize) -> Result<(), CommitmentError> {
    if transactions == receipts {
        Ok(())
    } else {
        Err(CommitmentError::ListLengthsDiffer { transactions, receipts })
    }
}

fn item_is_one_transaction(item: &[u8]) -> Result<(), CommitmentError> {
    if transaction_length(item)? == item.len() {
        Ok(())
    } else {
        Err(CommitmentError::Rlp(RlpError::TooMany))
    }
}

/// Length of the first transaction of `bytes`.
fn transaction_length(bytes: &[u8]) -> Result<usize, CommitmentError> {
    let type_bytes = match bytes {
        [first, ..] if *first >= LIST => 0usize,
        [ETHEREUM_ENVELOPE] => return Err(CommitmentError::Rlp(RlpError::Malformed)),
        [ETHEREUM_ENVELOPE, 1..=4, ..] => 2,
        [ETHEREUM_ENVELOPE, kind, ..] => {
            return Err(CommitmentError::UnsupportedType(u16::from_be_bytes([ETHEREUM_ENVELOPE, *kind])))
        }
        [kind, ..] if is_kaia_type(*kind) => 1,
        [kind, ..] if *kind < 0x80 => return Err(CommitmentError::UnsupportedType(u16::from(*kind))),
        _ => return Err(CommitmentError::Rlp(RlpError::Kind)),
    };
    let list = bytes.get(type_bytes..).ok_or(RlpError::Malformed)?;
    if list.first().is_some_and(|first| *first < LIST) {
        return Err(CommitmentError::Rlp(RlpError::Kind));
    }
    Ok(item_length(list)?.saturating_add(type_bytes))
}

/// Base type times eight, plus 0 (plain), 1 (fee delegated) or 2 (with ratio); without the types that no chain carries.
/// Source: chain.md 3.3.
const fn is_kaia_type(kind: u8) -> bool {
    matches!(kind >> 3, 1 | 2 | 4 | 5 | 6 | 7 | 9) && kind & 7 <= 2
}
