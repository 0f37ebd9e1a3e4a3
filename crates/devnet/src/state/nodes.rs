//! Trie nodes by hash, none ever thrown away: every root that a block had can still be read and proven.

use hash_db::{AsHashDB, HashDB, HashDBRef, Prefix};
use spanlight::keccak256;
use spanlight::primitives::Hash;
use spanlight::trie::{EthereumLayout, KeccakHasher, TrieError, EMPTY_ROOT};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use trie_db::{DBValue, Trie, TrieDBBuilder, TrieDBMutBuilder, TrieMut};

const EMPTY_NODE: [u8; 1] = [0x80];

/// What changes in a trie: the value of each key, or none to remove it.
pub(super) type Changes = BTreeMap<Hash, Option<Vec<u8>>>;

/// Nodes of all tries of one chain. A node is named by its hash, so tries share what they have in common.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    by_hash: HashMap<[u8; 32], DBValue>,
    fresh: Vec<[u8; 32]>,
}

impl Nodes {
    /// Adds a node that was kept on disk.
    pub fn restore(&mut self, node: Vec<u8>) {
        self.by_hash.insert(keccak256(&node).0, node);
    }

    /// The nodes added since the last call.
    pub fn take_fresh(&mut self) -> Vec<([u8; 32], DBValue)> {
        let fresh = std::mem::take(&mut self.fresh);
        fresh.into_iter().filter_map(|hash| Some((hash, self.by_hash.get(&hash)?.clone()))).collect()
    }

    /// The value at `key` under `root`.
    ///
    /// # Errors
    /// Where a node is missing, which means that the root is none of this chain.
    pub fn get(&self, root: &Hash, key: &Hash) -> Result<Option<Vec<u8>>, TrieError> {
        if *root == EMPTY_ROOT || root.is_zero() {
            return Ok(None);
        }
        let trie = TrieDBBuilder::<EthereumLayout>::new(self, &root.0).build();
        trie.get(key.as_bytes()).map_err(|error| missing(&error))
    }

    /// The nodes on the path of `key`, from the root down, as `getProof` lists them.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn path(&self, root: &Hash, key: &Hash) -> Result<Vec<Vec<u8>>, TrieError> {
        if *root == EMPTY_ROOT || root.is_zero() {
            return Ok(Vec::new());
        }
        let visits = Visits { nodes: self, path: RefCell::default() };
        let trie = TrieDBBuilder::<EthereumLayout>::new(&visits, &root.0).build();
        trie.get(key.as_bytes()).map_err(|error| missing(&error))?;
        Ok(visits.path.into_inner())
    }

    /// The root after `changes` to the trie with this root.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn change(&mut self, root: &Hash, changes: &Changes) -> Result<Hash, TrieError> {
        let mut new_root = if root.is_zero() { EMPTY_ROOT.0 } else { root.0 };
        let mut trie = TrieDBMutBuilder::<EthereumLayout>::from_existing(self, &mut new_root).build();
        for (key, value) in changes {
            match value {
                Some(value) => trie.insert(key.as_bytes(), value),
                None => trie.remove(key.as_bytes()),
            }
            .map_err(|error| missing(&error))?;
        }
        drop(trie);
        Ok(Hash(new_root))
    }
}

fn missing(error: &trie_db::TrieError<[u8; 32], TrieError>) -> TrieError {
    match error {
        trie_db::TrieError::InvalidStateRoot(hash) | trie_db::TrieError::IncompleteDatabase(hash) => {
            TrieError::NodeMissing { hash: Box::new(Hash(*hash)) }
        }
        trie_db::TrieError::DecoderError(_, error) => error.clone(),
        trie_db::TrieError::InvalidHash(_, bytes) => TrieError::Reference { got: bytes.len() },
        trie_db::TrieError::ValueAtIncompleteKey(..) => TrieError::Path,
    }
}

impl HashDB<KeccakHasher, DBValue> for Nodes {
    fn get(&self, hash: &[u8; 32], _prefix: Prefix) -> Option<DBValue> {
        // The empty trie is a node too, which nobody ever put here.
        self.by_hash.get(hash).cloned().or_else(|| (*hash == EMPTY_ROOT.0).then(|| EMPTY_NODE.to_vec()))
    }

    fn contains(&self, hash: &[u8; 32], _prefix: Prefix) -> bool {
        self.by_hash.contains_key(hash) || *hash == EMPTY_ROOT.0
    }

    fn insert(&mut self, prefix: Prefix, value: &[u8]) -> [u8; 32] {
        let hash = keccak256(value).0;
        self.emplace(hash, prefix, value.to_vec());
        hash
    }

    fn emplace(&mut self, hash: [u8; 32], _prefix: Prefix, value: DBValue) {
        if self.by_hash.insert(hash, value).is_none() {
            self.fresh.push(hash);
        }
    }

    /// Older roots still need it.
    fn remove(&mut self, _hash: &[u8; 32], _prefix: Prefix) {}
}

impl HashDBRef<KeccakHasher, DBValue> for Nodes {
    fn get(&self, hash: &[u8; 32], prefix: Prefix) -> Option<DBValue> {
        HashDB::get(self, hash, prefix)
    }

    fn contains(&self, hash: &[u8; 32], prefix: Prefix) -> bool {
        HashDB::contains(self, hash, prefix)
    }
}

impl AsHashDB<KeccakHasher, DBValue> for Nodes {
    fn as_hash_db(&self) -> &dyn HashDB<KeccakHasher, DBValue> {
        self
    }

    fn as_hash_db_mut<'a>(&'a mut self) -> &'a mut (dyn HashDB<KeccakHasher, DBValue> + 'a) {
        self
    }
}

/// Writes down which nodes a walk asks for.
struct Visits<'n> {
    nodes: &'n Nodes,
    path: RefCell<Vec<Vec<u8>>>,
}

impl HashDBRef<KeccakHasher, DBValue> for Visits<'_> {
    fn get(&self, hash: &[u8; 32], prefix: Prefix) -> Option<DBValue> {
        let node = HashDB::get(self.nodes, hash, prefix)?;
        self.path.borrow_mut().push(node.clone());
        Some(node)
    }

    fn contains(&self, hash: &[u8; 32], prefix: Prefix) -> bool {
        HashDB::contains(self.nodes, hash, prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::trie::{read_exact, trie_root};

    /// Small pseudo-random numbers, the same in every run.
    fn step(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    #[test]
    fn keeps_the_root_that_all_entries_have_and_proves_every_older_one() {
        let (mut nodes, mut root, mut seed) = (Nodes::default(), EMPTY_ROOT, 7);
        let mut entries: BTreeMap<Hash, Vec<u8>> = BTreeMap::new();
        let mut history = Vec::new();
        for _ in 0..60 {
            let mut changes = Changes::new();
            for _ in 0..=step(&mut seed) % 8 {
                let key = keccak256(&(step(&mut seed) % 40).to_be_bytes());
                let remove = step(&mut seed).is_multiple_of(3);
                let length = 1 + step(&mut seed) as usize % 60;
                changes.insert(key, (!remove).then(|| vec![step(&mut seed) as u8 | 1; length]));
            }
            root = nodes.change(&root, &changes).unwrap();
            for (key, value) in changes {
                match value {
                    Some(value) => entries.insert(key, value),
                    None => entries.remove(&key),
                };
            }
            let all: BTreeMap<Vec<u8>, _> = entries.iter().map(|(key, value)| (key.0.to_vec(), value)).collect();
            assert_eq!(root, trie_root(&all));
            history.push((root, entries.clone()));
        }
        for (root, entries) in history {
            for number in 0..40u64 {
                let key = keccak256(&number.to_be_bytes());
                assert_eq!(nodes.get(&root, &key).unwrap(), entries.get(&key).cloned());
                let mut proof = nodes.path(&root, &key).unwrap();
                proof.sort_by_key(|node| keccak256(node));
                let read = read_exact(&root, &[key.0.to_vec()], &proof).unwrap();
                assert_eq!(read, vec![entries.get(&key).cloned()]);
            }
        }
    }
}
