//! Hasher and layout that make `trie-db` an Ethereum trie.

use super::RlpNodeCodec;
use crate::primitives::keccak256;
use hash_db::Hasher;
use trie_db::{TrieConfiguration, TrieLayout};

/// keccak-256 as `hash-db` asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeccakHasher;

impl Hasher for KeccakHasher {
    type Out = [u8; 32];
    type StdHasher = HashBytesHasher;
    const LENGTH: usize = 32;

    fn hash(bytes: &[u8]) -> [u8; 32] {
        keccak256(bytes).0
    }
}

/// Spreads keys that are keccak hashes already over hash maps, as `memory-db` needs when a trie is built.
#[derive(Clone, Copy, Debug, Default)]
pub struct HashBytesHasher(u64);

impl core::hash::Hasher for HashBytesHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(5) ^ u64::from(*byte);
        }
    }
}

/// Extension nodes, no empty values, values always inside nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EthereumLayout;

impl TrieLayout for EthereumLayout {
    const USE_EXTENSION: bool = true;
    const ALLOW_EMPTY: bool = false;
    const MAX_INLINE_VALUE: Option<u32> = None;
    type Hash = KeccakHasher;
    type Codec = RlpNodeCodec;
}

impl TrieConfiguration for EthereumLayout {}
