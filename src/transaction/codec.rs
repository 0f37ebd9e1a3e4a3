//! Decoding and encoding along the field table.
//!
//! Every number, list and string must be in its one canonical form and nothing may be left over, so what decodes encodes
//! to the same bytes. Memory is a small multiple of the input: every list element has bytes of its own.
//! Source: chain.md 3.4, 5.2.

use super::kind::Field;
use super::{AccessEntry, Authorization, Signature, Transaction, TransactionError, TransactionKind, MAX_SIGNATURES};
use crate::primitives::{Hash, U256};
use crate::rlp::{append_optional_address, append_u256, Reader, RlpError, RlpStream};
use alloc::vec::Vec;

/// The byte before the type byte of an Ethereum type.
pub(super) const ETHEREUM_PREFIX: u8 = 0x78;

impl Transaction {
    /// Decodes one item e_i of a transaction list.
    ///
    /// # Errors
    /// [`TransactionError::UnsupportedType`] where the type number is unknown; any other error means malformed bytes.
    pub fn decode(raw: &[u8]) -> Result<Self, TransactionError> {
        let (number, list) = split_type(raw)?;
        let (kind, delegation) =
            TransactionKind::of_number(number).ok_or(TransactionError::UnsupportedType { type_number: number })?;
        let mut reader = Reader::list(list)?;
        let mut transaction = Self::blank(kind, delegation);
        for field in kind.fields(delegation) {
            transaction.read(field, &mut reader)?;
        }
        reader.finish()?;
        Ok(transaction)
    }

    /// The item e_i: the bytes that were decoded.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.type_prefix();
        out.extend(self.list_of(|_| true));
        out
    }

    /// The type bytes before the list.
    fn type_prefix(&self) -> Vec<u8> {
        let [high, low] = self.type_number().to_be_bytes();
        match self.kind {
            TransactionKind::Legacy => Vec::new(),
            kind if kind.is_ethereum() => Vec::from([high, low]),
            _ => Vec::from([low]),
        }
    }

    /// RLP of the list of those fields that `keep` names.
    pub(super) fn list_of(&self, keep: impl Fn(Field) -> bool) -> Vec<u8> {
        let mut stream = RlpStream::new();
        stream.begin_unbounded_list();
        self.write_fields(&mut stream, keep);
        stream.finalize_unbounded_list();
        stream.out().to_vec()
    }

    /// Appends those fields that `keep` names to an open list.
    pub(super) fn write_fields(&self, stream: &mut RlpStream, keep: impl Fn(Field) -> bool) {
        for field in self.kind.fields(self.delegation).filter(|field| keep(*field)) {
            self.write(field, stream);
        }
    }

    fn read(&mut self, field: Field, reader: &mut Reader<'_>) -> Result<(), TransactionError> {
        match field {
            Field::ChainId => self.chain_id = reader.u64()?,
            Field::Nonce => self.nonce = reader.u64()?,
            Field::GasPrice | Field::FeeCap => self.gas_price = read_price(reader)?,
            Field::Tip => self.tip = read_price(reader)?,
            Field::Gas => self.gas = reader.u64()?,
            Field::To => self.to = Some(reader.address()?),
            Field::ToOrCreate => self.to = reader.optional_address()?,
            Field::Value => self.value = reader.u256()?,
            Field::From => self.from = Some(reader.address()?),
            Field::Input => self.input = reader.bytes()?.to_vec(),
            Field::Key => self.key = reader.bytes()?.to_vec(),
            Field::HumanReadable => self.human_readable = reader.bool()?,
            Field::CodeFormat => self.code_format = reader.u8()?,
            Field::FeeRatio => self.fee_ratio = reader.u8()?,
            Field::AccessList => self.access_list = read_all(reader.nested()?, read_access_entry)?,
            Field::BlobFeeCap => self.blob_fee_cap = reader.u256()?,
            Field::BlobHashes => self.blob_hashes = read_all(reader.nested()?, Reader::hash)?,
            Field::Authorizations => self.authorizations = read_all(reader.nested()?, read_authorization)?,
            Field::FlatSignature => self.signatures = Vec::from([read_signature(reader)?]),
            Field::Signatures => self.signatures = read_signatures(reader.nested()?)?,
            Field::FeePayer => self.fee_payer = Some(reader.address()?),
            Field::FeePayerSignatures => self.fee_payer_signatures = read_signatures(reader.nested()?)?,
        }
        Ok(())
    }

    fn write(&self, field: Field, stream: &mut RlpStream) {
        match field {
            Field::ChainId => append(stream, &self.chain_id),
            Field::Nonce => append(stream, &self.nonce),
            Field::GasPrice | Field::FeeCap => append_u256(stream, self.gas_price),
            Field::Tip => append_u256(stream, self.tip),
            Field::Gas => append(stream, &self.gas),
            Field::To | Field::ToOrCreate => append_optional_address(stream, self.to.as_ref()),
            Field::Value => append_u256(stream, self.value),
            Field::From => append_optional_address(stream, self.from.as_ref()),
            Field::Input => append(stream, &self.input),
            Field::Key => append(stream, &self.key),
            Field::HumanReadable => append(stream, &self.human_readable),
            Field::CodeFormat => append(stream, &self.code_format),
            Field::FeeRatio => append(stream, &self.fee_ratio),
            Field::AccessList => write_access_list(stream, &self.access_list),
            Field::BlobFeeCap => append_u256(stream, self.blob_fee_cap),
            Field::BlobHashes => write_hashes(stream, &self.blob_hashes),
            Field::Authorizations => write_authorizations(stream, &self.authorizations),
            Field::FlatSignature => {
                write_signature(stream, &self.signatures.first().copied().unwrap_or_default());
            }
            Field::Signatures => write_signatures(stream, &self.signatures),
            Field::FeePayer => append_optional_address(stream, self.fee_payer.as_ref()),
            Field::FeePayerSignatures => write_signatures(stream, &self.fee_payer_signatures),
        }
    }
}

/// The type number and the RLP list behind it.
fn split_type(raw: &[u8]) -> Result<(u16, &[u8]), TransactionError> {
    match raw {
        [] => Err(RlpError::Malformed.into()),
        [0xc0..=0xff, ..] => Ok((0, raw)),
        [ETHEREUM_PREFIX, low, list @ ..] => Ok((u16::from_be_bytes([ETHEREUM_PREFIX, *low]), list)),
        [ETHEREUM_PREFIX] => Err(RlpError::TooFew.into()),
        // A legacy transaction has no type byte: a zero byte would be a second form of it.
        [got @ (0 | 0x80..=0xbf), ..] => Err(TransactionError::FirstByte { got: *got }),
        [number, list @ ..] => Ok((u16::from(*number), list)),
    }
}

/// Before Prague only the node's pool bounds a price, so a block may hold a longer one; it is not
/// followed.
fn read_price(reader: &mut Reader<'_>) -> Result<U256, TransactionError> {
    let mut ahead = reader.clone();
    match ahead.bytes() {
        Ok([first, rest @ ..]) if *first != 0 && rest.len() >= 32 => Err(TransactionError::Price),
        _ => Ok(reader.u256()?),
    }
}

fn read_all<'a, T, E>(mut list: Reader<'a>, read: impl Fn(&mut Reader<'a>) -> Result<T, E>) -> Result<Vec<T>, E> {
    let mut out = Vec::new();
    while !list.is_empty() {
        out.push(read(&mut list)?);
    }
    Ok(out)
}

fn read_signature(reader: &mut Reader<'_>) -> Result<Signature, RlpError> {
    Ok(Signature { v: reader.u64()?, r: reader.u256()?, s: reader.u256()? })
}

fn read_signatures(mut list: Reader<'_>) -> Result<Vec<Signature>, TransactionError> {
    let mut out = Vec::new();
    while !list.is_empty() {
        if out.len() == MAX_SIGNATURES {
            return Err(TransactionError::TooManySignatures { max: MAX_SIGNATURES });
        }
        let mut one = list.nested()?;
        out.push(read_signature(&mut one)?);
        one.finish()?;
    }
    Ok(out)
}

fn read_access_entry(list: &mut Reader<'_>) -> Result<AccessEntry, RlpError> {
    let mut entry = list.nested()?;
    let out = AccessEntry { address: entry.address()?, slots: read_all(entry.nested()?, Reader::hash)? };
    entry.finish()?;
    Ok(out)
}

fn read_authorization(list: &mut Reader<'_>) -> Result<Authorization, RlpError> {
    let mut entry = list.nested()?;
    let out = Authorization {
        chain_id: entry.u256()?,
        address: entry.address()?,
        nonce: entry.u64()?,
        y_parity: entry.u8()?,
        r: entry.u256()?,
        s: entry.u256()?,
    };
    entry.finish()?;
    Ok(out)
}

fn append(stream: &mut RlpStream, value: &impl ::rlp::Encodable) {
    stream.append(value);
}

fn write_signature(stream: &mut RlpStream, signature: &Signature) {
    stream.append(&signature.v);
    append_u256(stream, signature.r);
    append_u256(stream, signature.s);
}

fn write_signatures(stream: &mut RlpStream, signatures: &[Signature]) {
    stream.begin_list(signatures.len());
    for signature in signatures {
        stream.begin_list(3);
        write_signature(stream, signature);
    }
}

fn write_hashes(stream: &mut RlpStream, hashes: &[Hash]) {
    stream.begin_list(hashes.len());
    for hash in hashes {
        stream.append(&hash.as_bytes());
    }
}

fn write_access_list(stream: &mut RlpStream, list: &[AccessEntry]) {
    stream.begin_list(list.len());
    for entry in list {
        stream.begin_list(2);
        stream.append(&entry.address.as_bytes());
        write_hashes(stream, &entry.slots);
    }
}

fn write_authorizations(stream: &mut RlpStream, list: &[Authorization]) {
    stream.begin_list(list.len());
    for entry in list {
        stream.begin_list(6);
        append_u256(stream, entry.chain_id);
        stream.append(&entry.address.as_bytes());
        stream.append(&entry.nonce);
        stream.append(&entry.y_parity);
        append_u256(stream, entry.r);
        append_u256(stream, entry.s);
    }
}
