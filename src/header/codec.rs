//! Header bytes: the field order, and which elements are optional. Source: chain.md 1.1.

use super::extra::{Form, IstanbulExtra};
use super::{HeaderError, HeaderFields};
use crate::primitives::Hash;
use crate::rlp::{append_u256, Reader, RlpStream};
use alloc::boxed::Box;
use alloc::vec::Vec;

const FIXED_FIELDS: usize = 14;
const WITH_BASE_FEE: usize = 15;
const WITH_RANDAO: usize = 17;
const WITH_BLOBS: usize = 19;
/// The Permissionless fork adds a field whose rules are not known here.
const OF_PERMISSIONLESS: usize = 20;

impl HeaderFields {
    /// Reads the canonical RLP of a header.
    ///
    /// Only the four element counts that forks define are read: with 16 or 18 the codec of the
    /// nodes would find half a pair, which no fork schedule allows. A chain may leave out a fork
    /// between others: then the empty string stands for its fields, before those of the later fork.
    /// Accepted bytes encode to themselves.
    ///
    /// # Errors
    /// Where the bytes are not exactly one canonical header.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let count = count_elements(bytes)?;
        if count == OF_PERMISSIONLESS {
            return Err(HeaderError::Permissionless { number: number_of(bytes) });
        }
        if ![FIXED_FIELDS, WITH_BASE_FEE, WITH_RANDAO, WITH_BLOBS].contains(&count) {
            return Err(HeaderError::FieldCount { got: count });
        }
        let mut reader = Reader::list(bytes)?;
        let mut fields = decode_fixed_fields(&mut reader)?;
        if count >= WITH_BASE_FEE {
            fields.base_fee = Some(reader.u256()?);
        }
        if count >= WITH_RANDAO {
            let later = count > WITH_RANDAO;
            fields.random_reveal = fixed_or_left_out(&mut reader, later)?.map(Box::new);
            fields.mix_hash = fixed_or_left_out(&mut reader, later)?.map(Hash);
        }
        if count >= WITH_BLOBS {
            fields.blob_gas_used = Some(reader.u64()?);
            fields.excess_blob_gas = Some(reader.u64()?);
        }
        reader.finish()?;
        Ok(fields)
    }

    pub(super) fn encode_form(&self, form: Form) -> Vec<u8> {
        let mut stream = RlpStream::new_list(self.element_count());
        stream.append(&self.parent_hash.as_bytes());
        stream.append(&self.rewardbase.as_bytes());
        stream.append(&self.state_root.as_bytes());
        stream.append(&self.transactions_root.as_bytes());
        stream.append(&self.receipts_root.as_bytes());
        stream.append(&self.bloom.as_slice());
        append_u256(&mut stream, self.block_score);
        stream.append(&self.number);
        stream.append(&self.gas_used);
        stream.append(&self.time);
        stream.append(&self.time_fos);
        stream.append(&self.extra.encode_form(form));
        stream.append(&self.governance);
        stream.append(&self.vote);
        self.append_optional_fields(&mut stream);
        stream.out().to_vec()
    }

    /// The tail: everything up to the last field that is set, an unset one before it as the empty string. A field that is
    /// present with value zero is set.
    ///
    /// A hole is right only where the chain leaves out a fork between others, which
    /// [`super::rules::field_count_matches_forks`] decides.
    fn append_optional_fields(&self, stream: &mut RlpStream) {
        let optional = self.element_count().saturating_sub(FIXED_FIELDS);
        let number = |value: Option<u64>| ::rlp::encode(&value.unwrap_or_default()).to_vec();
        let text = |bytes: Option<&[u8]>| ::rlp::encode(&bytes.unwrap_or_default()).to_vec();
        let tail = [
            text(Some(&self.base_fee.unwrap_or_default().to_be_bytes_trimmed_vec())),
            text(self.random_reveal.as_ref().map(|reveal| reveal.as_slice())),
            text(self.mix_hash.as_ref().map(Hash::as_bytes)),
            number(self.blob_gas_used),
            number(self.excess_blob_gas),
        ];
        for item in tail.iter().take(optional) {
            stream.append_raw(item, 1);
        }
    }

    const fn element_count(&self) -> usize {
        if self.excess_blob_gas.is_some() {
            WITH_BLOBS
        } else if self.blob_gas_used.is_some() {
            WITH_BLOBS.saturating_sub(1)
        } else if self.mix_hash.is_some() {
            WITH_RANDAO
        } else if self.random_reveal.is_some() {
            WITH_RANDAO.saturating_sub(1)
        } else if self.base_fee.is_some() {
            WITH_BASE_FEE
        } else {
            FIXED_FIELDS
        }
    }
}

/// Bytes of one length, or the empty string where later fields follow and the chain leaves out this
/// one's fork.
fn fixed_or_left_out<const N: usize>(reader: &mut Reader<'_>, later: bool) -> Result<Option<[u8; N]>, HeaderError> {
    match reader.clone().bytes()? {
        [] if later => reader.bytes().map(|_| None).map_err(Into::into),
        _ => reader.fixed().map(Some).map_err(Into::into),
    }
}

fn count_elements(bytes: &[u8]) -> Result<usize, HeaderError> {
    let mut reader = Reader::list(bytes)?;
    let mut count = 0usize;
    while !reader.is_empty() {
        reader.raw()?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// The height that a header of whatever fork claims.
fn number_of(bytes: &[u8]) -> Option<u64> {
    const BEFORE: usize = 7;
    let mut reader = Reader::list(bytes).ok()?;
    for _ in 0..BEFORE {
        reader.raw().ok()?;
    }
    reader.u64().ok()
}

fn decode_fixed_fields(reader: &mut Reader<'_>) -> Result<HeaderFields, HeaderError> {
    Ok(HeaderFields {
        parent_hash: reader.hash()?,
        rewardbase: reader.address()?,
        state_root: reader.hash()?,
        transactions_root: reader.hash()?,
        receipts_root: reader.hash()?,
        bloom: Box::new(reader.fixed()?),
        block_score: reader.u256()?,
        number: reader.u64()?,
        gas_used: reader.u64()?,
        time: reader.u64()?,
        time_fos: reader.u8()?,
        extra: IstanbulExtra::decode(reader.bytes()?)?,
        governance: reader.bytes()?.to_vec(),
        vote: reader.bytes()?.to_vec(),
        base_fee: None,
        random_reveal: None,
        mix_hash: None,
        blob_gas_used: None,
        excess_blob_gas: None,
    })
}
