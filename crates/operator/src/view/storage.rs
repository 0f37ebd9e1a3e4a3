//! Words of one account's storage, all proven under one header.

use futures_util::future::try_join_all;
use spanlight::state::Account;
use spanlight::verify::{AnchoredHeader, Stop, VerifyError};
use spanlight::{Address, Hash, U256};
use spanlight_prover::{read_state, Node, ProveError, Transport};
use std::collections::{BTreeMap, BTreeSet};

/// Most slots in one request: nodes and the services before them refuse long lists and long answers.
const MOST_SLOTS: usize = 128;

/// Most lists that are asked for side by side.
const LISTS_TOGETHER: usize = 16;

/// Words that were read, by slot.
#[derive(Debug, Default)]
pub(crate) struct Words(BTreeMap<Hash, U256>);

impl Words {
    /// The word at a slot. One that was not read is an error: it must never pass for zero, which is what says "no vote".
    pub(crate) fn word(&self, slot: &Hash) -> Result<U256, ProveError> {
        self.0.get(slot).copied().ok_or_else(|| Stop::from(VerifyError::BridgeStorage).into())
    }

    pub(crate) fn hash(&self, slot: &Hash) -> Result<Hash, ProveError> {
        self.word(slot).map(Hash::from_u256)
    }
}

#[cfg(test)]
impl Words {
    pub(crate) fn set(&mut self, slot: Hash, word: U256) {
        self.0.insert(slot, word);
    }
}

#[cfg(test)]
impl FromIterator<(Hash, U256)> for Words {
    fn from_iter<I: IntoIterator<Item = (Hash, U256)>>(words: I) -> Self {
        Self(words.into_iter().collect())
    }
}

/// An account and what was read of its storage at a header.
pub(crate) struct Storage<'n, 'p, T> {
    node: &'n Node<'p, T>,
    header: &'n AnchoredHeader,
    address: Address,
    account: Account,
    words: Words,
}

impl<'n, 'p, T: Transport> Storage<'n, 'p, T> {
    /// Reads the account and these slots.
    pub(crate) async fn read(
        node: &'n Node<'p, T>,
        header: &'n AnchoredHeader,
        address: Address,
        slots: impl IntoIterator<Item = Hash>,
    ) -> Result<Self, ProveError> {
        let mut chunks = chunks(slots.into_iter().collect());
        if chunks.is_empty() {
            chunks.push(Vec::new());
        }
        let mut read = read_chunks(node, header, address, &chunks).await?.into_iter();
        let (account, words) = read.next().ok_or_else(|| Stop::from(VerifyError::BridgeAbsent))?;
        let mut storage = Self { node, header, address, account, words: Words(words) };
        storage.words.0.extend(read.flat_map(|(_, words)| words));
        Ok(storage)
    }

    /// Reads more slots at the same header; those that are there already are not asked for.
    pub(crate) async fn more(&mut self, slots: impl IntoIterator<Item = Hash>) -> Result<(), ProveError> {
        let missing = slots.into_iter().filter(|slot| !self.words.0.contains_key(slot)).collect();
        let read = read_chunks(self.node, self.header, self.address, &chunks(missing)).await?;
        self.words.0.extend(read.into_iter().flat_map(|(_, words)| words));
        Ok(())
    }

    pub(crate) const fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) const fn words(&self) -> &Words {
        &self.words
    }
}

/// Each slot once, in lists that a node answers.
fn chunks(slots: BTreeSet<Hash>) -> Vec<Vec<Hash>> {
    let slots: Vec<Hash> = slots.into_iter().collect();
    slots.chunks(MOST_SLOTS).map(<[Hash]>::to_vec).collect()
}

/// Lists of slots, side by side: so few at a time that an error ends them at once, before another
/// answer could be blamed for it.
async fn read_chunks<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    address: Address,
    chunks: &[Vec<Hash>],
) -> Result<Vec<(Account, BTreeMap<Hash, U256>)>, ProveError> {
    let mut read = Vec::new();
    for together in chunks.chunks(LISTS_TOGETHER) {
        read.extend(try_join_all(together.iter().map(|chunk| read_chunk(node, header, address, chunk))).await?);
    }
    Ok(read)
}

async fn read_chunk<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    address: Address,
    slots: &[Hash],
) -> Result<(Account, BTreeMap<Hash, U256>), ProveError> {
    let (_, state) = read_state(node, header, address, slots).await?;
    let state = state.ok_or_else(|| ProveError::from(Stop::from(VerifyError::BridgeAbsent)))?;
    let words = slots.iter().filter_map(|slot| Some((*slot, state.slot(slot)?))).collect();
    Ok((state.account().clone(), words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_is_longer_than_nodes_answer_and_none_asks_twice() {
        let slot = |number: u64| Hash::from_u256(U256::from(number));
        let lists = chunks((0..300).chain(100..200).map(slot).collect());
        assert_eq!(lists.iter().map(Vec::len).collect::<Vec<_>>(), [128, 128, 44]);
        assert_eq!(lists.into_iter().flatten().collect::<BTreeSet<_>>(), (0..300).map(slot).collect());
        assert!(chunks(BTreeSet::new()).is_empty());
    }

    #[test]
    fn a_slot_that_was_not_read_is_no_zero() {
        let words: Words = [(Hash([1; 32]), U256::ZERO)].into_iter().collect();
        assert_eq!(words.word(&Hash([1; 32])).ok(), Some(U256::ZERO));
        assert!(words.word(&Hash([2; 32])).is_err());
    }
}
