//! The extra field: vanity, validators, the proposer's seal and the committed seals.
//!
//! `extra = vanity(32) ‖ RLP([validators, seal, committedSeals])`; the last vanity byte is the round. Nobody checks the
//! validators written here outside genesis: the council comes from votes, never from this list. Source: chain.md 1.2, 1.3.

use super::HeaderError;
use crate::primitives::Address;
use crate::rlp::{Reader, RlpStream};
use alloc::vec::Vec;

const VANITY_LENGTH: usize = 32;

/// The content of the extra field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IstanbulExtra {
    /// Free text; the last byte is the round, which no hash and no seal covers.
    pub vanity: [u8; 32],
    /// What the proposer says the validators are. In genesis: the first council.
    pub validators: Vec<Address>,
    /// The proposer's seal: 65 bytes, in genesis maybe zeros or nothing. The check of the seal checks its length.
    pub seal: Vec<u8>,
    /// Seals of those who committed the block; covered by no hash, each node keeps its own set.
    pub committed_seals: Vec<[u8; 65]>,
}

/// How much of the extra field an encoding keeps (the filter of chain.md 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Everything, as it travels.
    Whole,
    /// For the block hash: round byte zero, no committed seals.
    BlockHash,
    /// For the proposer's signature: as for the block hash, and no seal.
    Proposal,
}

impl IstanbulExtra {
    /// Reads the extra field.
    ///
    /// # Errors
    /// Where it is shorter than the vanity, or the rest is not exactly one canonical list of the three parts.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let too_short = HeaderError::ExtraTooShort { got: bytes.len() };
        let Some((vanity, rest)) = bytes.split_first_chunk::<VANITY_LENGTH>() else {
            return Err(too_short);
        };
        let mut reader = Reader::list(rest)?;
        let mut items = reader.nested()?;
        let mut validators = Vec::new();
        while !items.is_empty() {
            validators.push(items.address()?);
        }
        let seal = reader.bytes()?.to_vec();
        let mut items = reader.nested()?;
        let mut committed_seals = Vec::new();
        while !items.is_empty() {
            committed_seals.push(items.fixed()?);
        }
        reader.finish()?;
        Ok(Self { vanity: *vanity, validators, seal, committed_seals })
    }

    /// The extra field as it travels.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encode_form(Form::Whole)
    }

    /// The consensus round modulo 256 in which the block was made, as told by whoever supplied the header.
    #[must_use]
    pub const fn round(&self) -> u8 {
        let [.., round] = self.vanity;
        round
    }

    pub(super) fn encode_form(&self, form: Form) -> Vec<u8> {
        let [text @ .., round] = &self.vanity;
        let (round, seal, committed) = match form {
            Form::Whole => (*round, self.seal.as_slice(), self.committed_seals.as_slice()),
            Form::BlockHash => (0, self.seal.as_slice(), &[][..]),
            Form::Proposal => (0, &[][..], &[][..]),
        };
        let mut stream = RlpStream::new_list(3);
        stream.begin_list(self.validators.len());
        for validator in &self.validators {
            stream.append(&validator.as_bytes());
        }
        stream.append(&seal);
        stream.begin_list(committed.len());
        for seal in committed {
            stream.append(&seal.as_slice());
        }
        let mut out = text.to_vec();
        out.push(round);
        out.extend_from_slice(stream.as_raw());
        out
    }
}
