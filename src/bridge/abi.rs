//! The Solidity contract ABI, as far as the bridge uses it: static words and byte strings.
//!
//! Reading follows offsets as the contract and the operators do; whoever needs the canonical form encodes what was read
//! and compares. So there is one reader and one writer, and "canonical" means exactly "what the writer writes".

use super::BridgeError;
use crate::primitives::{Address, Hash, U256};
use alloc::vec::Vec;

const WORD: usize = 32;

/// Reads the static words ("head") of ABI data in order; byte strings are found through their offset word.
#[derive(Clone, Copy, Debug)]
pub(super) struct AbiReader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> AbiReader<'a> {
    /// Data whose head has `words` words.
    pub(super) const fn new(data: &'a [u8], words: usize) -> Result<Self, BridgeError> {
        let expected = words.saturating_mul(WORD);
        if data.len() < expected {
            return Err(BridgeError::AbiTooShort { expected, got: data.len() });
        }
        Ok(Self { data, at: 0 })
    }

    pub(super) fn word(&mut self) -> Result<Hash, BridgeError> {
        let word = word_at(self.data, self.at)?;
        self.at = self.at.saturating_add(WORD);
        Ok(word)
    }

    pub(super) fn u256(&mut self) -> Result<U256, BridgeError> {
        Ok(self.word()?.to_u256())
    }

    pub(super) fn u64(&mut self) -> Result<u64, BridgeError> {
        u64_in(&self.word()?)
    }

    pub(super) fn u8(&mut self) -> Result<u8, BridgeError> {
        u8_in(&self.word()?)
    }

    pub(super) fn address(&mut self) -> Result<Address, BridgeError> {
        address_in(&self.word()?)
    }

    /// A byte string: its offset word counts from the start of the data; there stand its length and its bytes. Padding
    /// is not read.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], BridgeError> {
        let offset = index_in(&self.word()?)?;
        let length = index_in(&word_at(self.data, offset)?)?;
        let start = offset.checked_add(WORD).ok_or(BridgeError::AbiBounds)?;
        let end = start.checked_add(length).ok_or(BridgeError::AbiBounds)?;
        self.data.get(start..end).ok_or(BridgeError::AbiBounds)
    }

    /// A tuple whose head has `words` words and that stands behind its offset word.
    pub(super) fn tuple(&mut self, words: usize) -> Result<Self, BridgeError> {
        Self::new(self.behind_offset()?, words)
    }

    /// A list of at most `most` byte strings.
    pub(super) fn byte_strings(&mut self, most: usize) -> Result<Vec<&'a [u8]>, BridgeError> {
        let data = self.behind_offset()?;
        let length = index_in(&word_at(data, 0)?)?;
        if length > most {
            return Err(BridgeError::AbiBounds);
        }
        let mut items = Self::new(data.get(WORD..).ok_or(BridgeError::AbiBounds)?, length)?;
        (0..length).map(|_| items.bytes()).collect()
    }

    fn behind_offset(&mut self) -> Result<&'a [u8], BridgeError> {
        let offset = index_in(&self.word()?)?;
        self.data.get(offset..).ok_or(BridgeError::AbiBounds)
    }
}

fn word_at(data: &[u8], at: usize) -> Result<Hash, BridgeError> {
    let end = at.checked_add(WORD).ok_or(BridgeError::AbiBounds)?;
    data.get(at..end).and_then(Hash::from_slice).ok_or(BridgeError::AbiBounds)
}

fn index_in(word: &Hash) -> Result<usize, BridgeError> {
    usize::try_from(word.to_u256()).map_err(|_| BridgeError::AbiBounds)
}

/// A word as a number below 2^64.
pub(super) fn u64_in(word: &Hash) -> Result<u64, BridgeError> {
    u64::try_from(word.to_u256()).map_err(|_| BridgeError::AbiInteger { bits: 64, got: (*word).into() })
}

/// A word as a number below 256.
pub(super) fn u8_in(word: &Hash) -> Result<u8, BridgeError> {
    u8::try_from(word.to_u256()).map_err(|_| BridgeError::AbiInteger { bits: 8, got: (*word).into() })
}

/// A word as an address with nothing before it.
pub(super) fn address_in(word: &Hash) -> Result<Address, BridgeError> {
    Address::from_word(word).ok_or(BridgeError::AbiAddress { got: (*word).into() })
}

/// Writes the canonical form: head words in order, byte strings behind the head in the order of their offset words,
/// padded with zeros to whole words, nothing after.
#[derive(Debug)]
pub(super) struct AbiWriter {
    head: Vec<u8>,
    tail: Vec<u8>,
    head_length: usize,
}

impl AbiWriter {
    /// A writer of data whose head has `words` words.
    pub(super) const fn new(words: usize) -> Self {
        Self { head: Vec::new(), tail: Vec::new(), head_length: words.saturating_mul(WORD) }
    }

    pub(super) fn word(mut self, word: Hash) -> Self {
        self.head.extend_from_slice(word.as_bytes());
        self
    }

    pub(super) fn u256(self, value: U256) -> Self {
        self.word(Hash::from_u256(value))
    }

    pub(super) fn u64(self, value: u64) -> Self {
        self.u256(U256::from(value))
    }

    pub(super) fn address(self, address: Address) -> Self {
        self.word(address.to_word())
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let length = Hash::from_u256(U256::from(bytes.len()));
        let mut written = [length.as_bytes(), bytes].concat();
        written.resize(written.len().next_multiple_of(WORD), 0);
        self.tail(&written)
    }

    /// Whole words that stand behind the head: a tuple, or a list with its length before it.
    pub(super) fn tail(mut self, words: &[u8]) -> Self {
        let offset = self.head_length.saturating_add(self.tail.len());
        self.tail.extend_from_slice(words);
        self.u256(U256::from(offset))
    }

    /// A list of byte strings.
    pub(super) fn byte_strings(self, items: &[Vec<u8>]) -> Self {
        let list = items.iter().fold(Self::new(items.len()), |list, item| list.bytes(item)).finish();
        let length = Hash::from_u256(U256::from(items.len()));
        self.tail(&[length.as_bytes(), &list].concat())
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.head.extend_from_slice(&self.tail);
        self.head
    }
}
