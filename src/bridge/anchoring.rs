//! The payload of an anchoring transaction: what an account of the main chain says of a block of the service chain.
//!
//! A commitment and a time bound of that account, never finality: nobody checked the payload, and anybody may send one.
//! Source: bridge.md 4.2, chain.md 3.7.

use super::BridgeError;
use crate::primitives::Hash;
use crate::rlp::{Reader, RlpError, RlpStream};
use alloc::vec::Vec;

const TYPE_BLOCK: u8 = 0;
const TYPE_JSON: u8 = 128;

/// A decoded payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchoring {
    /// Type 0, or the older form without a type.
    Block(AnchorData),
    /// Type 128: JSON of free form, which anchors nothing.
    Json(Vec<u8>),
}

/// The header fields of the anchored block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorData {
    /// Its hash.
    pub block_hash: Hash,
    /// Its transactions root.
    pub transactions_root: Hash,
    /// Hash of its parent.
    pub parent_hash: Hash,
    /// Its receipts root.
    pub receipts_root: Hash,
    /// Its state root.
    pub state_root: Hash,
    /// Its number.
    pub number: u64,
    /// Blocks since the sender's last anchor; none in the older form.
    pub block_count: Option<u64>,
    /// Transactions since the sender's last anchor; none in the older form.
    pub tx_count: Option<u64>,
}

impl Anchoring {
    /// Decodes a payload: two items are a type and its data, six are the older form.
    ///
    /// # Errors
    /// [`BridgeError::AnchorType`] for an unknown type; [`BridgeError::Rlp`] where the payload is malformed.
    pub fn decode(payload: &[u8]) -> Result<Self, BridgeError> {
        let mut outer = Reader::list(payload)?;
        let first = outer.bytes()?;
        // The older form begins with a block hash of 32 bytes, the newer one with a type of at most one.
        if first.len() > 1 {
            return Ok(Self::Block(AnchorData::read(Reader::list(payload)?, Form::Older)?));
        }
        let number = Reader::list(payload)?.u8()?;
        let data = outer.bytes()?;
        outer.finish()?;
        match number {
            TYPE_BLOCK => Ok(Self::Block(AnchorData::read(Reader::list(data)?, Form::Typed)?)),
            TYPE_JSON => Ok(Self::Json(data.to_vec())),
            got => Err(BridgeError::AnchorType { got }),
        }
    }

    /// The payload that decodes to this.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let typed = |number: u8, data: &[u8]| {
            let mut stream = RlpStream::new_list(2);
            stream.append(&number).append(&data);
            stream.out().to_vec()
        };
        match self {
            Self::Json(text) => typed(TYPE_JSON, text),
            Self::Block(block) if block.block_count.is_none() && block.tx_count.is_none() => block.write(),
            Self::Block(block) => typed(TYPE_BLOCK, &block.write()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Typed,
    Older,
}

impl AnchorData {
    fn read(mut list: Reader<'_>, form: Form) -> Result<Self, RlpError> {
        let count = |list: &mut Reader<'_>| match form {
            Form::Typed => list.u64().map(Some),
            Form::Older => Ok(None),
        };
        let data = Self {
            block_hash: list.hash()?,
            transactions_root: list.hash()?,
            parent_hash: list.hash()?,
            receipts_root: list.hash()?,
            state_root: list.hash()?,
            number: list.u64()?,
            block_count: count(&mut list)?,
            tx_count: count(&mut list)?,
        };
        list.finish()?;
        Ok(data)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut stream = RlpStream::new();
        stream.begin_unbounded_list();
        let hashes = [self.block_hash, self.transactions_root, self.parent_hash, self.receipts_root, self.state_root];
        for hash in &hashes {
            stream.append(&hash.as_bytes());
        }
        stream.append(&self.number);
        if let (Some(blocks), Some(transactions)) = (self.block_count, self.tx_count) {
            stream.append(&blocks).append(&transactions);
        }
        stream.finalize_unbounded_list();
        stream.out().to_vec()
    }
}
