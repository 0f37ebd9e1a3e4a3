//! Strict RLP: canonical forms only, every item consumed, nothing behind the end.
//!
//! The `rlp` crate parses; this module adds what a verifier needs and the crate leaves to its caller: a list is read to
//! its last item, a string has exactly the expected length, and no byte follows the outermost item. Without that an
//! attacker could give one thing two encodings. Source: chain.md 0 (canonical-only decoding).

use crate::primitives::{Address, Hash, U256};
use ::rlp::{PayloadInfo, Rlp};
use alloc::vec::Vec;

pub use ::rlp::RlpStream;

/// Why bytes are not the canonical RLP of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RlpError {
    /// The item's length is cut short, overlong or not in shortest form.
    #[error("malformed or non-canonical RLP")]
    Malformed,
    /// A list stands where a string belongs, or the reverse.
    #[error("RLP item of the wrong kind")]
    Kind,
    /// A string has another length than its type.
    #[error("RLP string of {got} bytes where {expected} are needed")]
    Length {
        /// Bytes that the type has.
        expected: usize,
        /// Bytes found.
        got: usize,
    },
    /// A number has leading zeros or does not fit its type.
    #[error("RLP integer with leading zeros or too large")]
    Integer,
    /// A list has fewer items than needed.
    #[error("RLP list too short")]
    TooFew,
    /// A list has items left after the last expected one, or bytes follow the outermost item.
    #[error("RLP items or bytes left over")]
    TooMany,
}

impl RlpError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "rlp.malformed",
            Self::Kind => "rlp.kind",
            Self::Length { .. } => "rlp.length",
            Self::Integer => "rlp.integer",
            Self::TooFew => "rlp.too_few",
            Self::TooMany => "rlp.too_many",
        }
    }
}

/// Length in bytes of the first RLP item of `bytes`, which may be followed by others.
///
/// # Errors
/// [`RlpError::Malformed`] where the item is cut short or not in shortest form.
pub fn item_length(bytes: &[u8]) -> Result<usize, RlpError> {
    let PayloadInfo { header_len, value_len } = PayloadInfo::from(bytes).map_err(|_| RlpError::Malformed)?;
    let total = header_len.checked_add(value_len).ok_or(RlpError::Malformed)?;
    let item = bytes.get(..total).ok_or(RlpError::Malformed)?;
    // A single byte below 0x80 is its own encoding; `81 xx` would be a second one.
    match item {
        [0x81, low] if *low < 0x80 => Err(RlpError::Malformed),
        _ => Ok(total),
    }
}

/// Reads the items of one list in order. Call [`Reader::finish`] at the end: only then is nothing left over.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` as exactly one list.
    ///
    /// # Errors
    /// Where the bytes are no list, or something follows it.
    pub fn list(bytes: &'a [u8]) -> Result<Self, RlpError> {
        if item_length(bytes)? != bytes.len() {
            return Err(RlpError::TooMany);
        }
        let rlp = Rlp::new(bytes);
        if !rlp.is_list() {
            return Err(RlpError::Kind);
        }
        let info = rlp.payload_info().map_err(|_| RlpError::Malformed)?;
        Ok(Self { rest: bytes.get(info.header_len..).ok_or(RlpError::Malformed)? })
    }

    /// Reads a bare run of items, not wrapped in a list.
    #[must_use]
    pub const fn items(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether every item is read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next item with its header, as it stands.
    ///
    /// # Errors
    /// At the end, or where the item is malformed.
    pub fn raw(&mut self) -> Result<&'a [u8], RlpError> {
        if self.rest.is_empty() {
            return Err(RlpError::TooFew);
        }
        let (item, rest) = self.rest.split_at_checked(item_length(self.rest)?).ok_or(RlpError::Malformed)?;
        self.rest = rest;
        Ok(item)
    }

    /// Whether the next item is a list (false at the end).
    #[must_use]
    pub fn next_is_list(&self) -> bool {
        self.rest.first().is_some_and(|first| *first >= 0xc0)
    }

    /// The next item as a list.
    ///
    /// # Errors
    /// Where it is none.
    pub fn nested(&mut self) -> Result<Reader<'a>, RlpError> {
        Reader::list(self.raw()?)
    }

    /// The next item as a byte string of any length.
    ///
    /// # Errors
    /// Where it is a list or malformed.
    pub fn bytes(&mut self) -> Result<&'a [u8], RlpError> {
        let item = self.raw()?;
        let rlp = Rlp::new(item);
        if rlp.is_list() {
            return Err(RlpError::Kind);
        }
        rlp.data().map_err(|_| RlpError::Malformed)
    }

    /// The next item as a string of exactly `N` bytes.
    ///
    /// # Errors
    /// Where the length differs.
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], RlpError> {
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|_| RlpError::Length { expected: N, got: bytes.len() })
    }

    /// The next item as a hash.
    ///
    /// # Errors
    /// Where it is no 32-byte string.
    pub fn hash(&mut self) -> Result<Hash, RlpError> {
        self.fixed().map(Hash)
    }

    /// The next item as an address.
    ///
    /// # Errors
    /// Where it is no 20-byte string.
    pub fn address(&mut self) -> Result<Address, RlpError> {
        self.fixed().map(Address)
    }

    /// The next item as an address or, if the string is empty, none (`address?` of chain.md 0).
    ///
    /// # Errors
    /// Where it is neither.
    pub fn optional_address(&mut self) -> Result<Option<Address>, RlpError> {
        let bytes = self.bytes()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        Address::from_slice(bytes).map(Some).ok_or(RlpError::Length { expected: 20, got: bytes.len() })
    }

    /// The next item as a number: big-endian, no leading zeros, zero is the empty string.
    ///
    /// # Errors
    /// Where it has leading zeros or more than 32 bytes.
    pub fn u256(&mut self) -> Result<U256, RlpError> {
        let bytes = self.bytes()?;
        if bytes.first() == Some(&0) {
            return Err(RlpError::Integer);
        }
        U256::try_from_be_slice(bytes).ok_or(RlpError::Integer)
    }

    /// The next item as a number below 2^64.
    ///
    /// # Errors
    /// Where it has leading zeros or is larger.
    pub fn u64(&mut self) -> Result<u64, RlpError> {
        u64::try_from(self.u256()?).map_err(|_| RlpError::Integer)
    }

    /// The next item as a number below 256.
    ///
    /// # Errors
    /// Where it has leading zeros or is larger.
    pub fn u8(&mut self) -> Result<u8, RlpError> {
        u8::try_from(self.u64()?).map_err(|_| RlpError::Integer)
    }

    /// The next item as a bool: `01` or `80`.
    ///
    /// # Errors
    /// Where it is another number.
    pub fn bool(&mut self) -> Result<bool, RlpError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(RlpError::Integer),
        }
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// [`RlpError::TooMany`] where items are left.
    pub fn finish(&self) -> Result<(), RlpError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(RlpError::TooMany)
        }
    }
}

/// Appends a number in canonical form.
pub fn append_u256(stream: &mut RlpStream, value: U256) {
    stream.append(&value.to_be_bytes_trimmed_vec());
}

/// Appends an address, or the empty string for none.
pub fn append_optional_address(stream: &mut RlpStream, value: Option<&Address>) {
    let bytes: Vec<u8> = value.map(|a| a.0.to_vec()).unwrap_or_default();
    stream.append(&bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn rejects_a_wrapped_single_byte_and_a_long_form_of_a_short_string() {
        assert_eq!(item_length(&[0x81, 0x7f]), Err(RlpError::Malformed));
        assert_eq!(item_length(&[0x81, 0x80]), Ok(2));
        let mut long = vec![0xb8, 55];
        long.extend([1u8; 55]);
        assert_eq!(item_length(&long), Err(RlpError::Malformed));
        let mut long_list = vec![0xf8, 55];
        long_list.extend([1u8; 55]);
        assert_eq!(item_length(&long_list), Err(RlpError::Malformed));
        let mut zero_length = vec![0xb9, 0x00, 0x40];
        zero_length.extend([1u8; 64]);
        assert_eq!(item_length(&zero_length), Err(RlpError::Malformed));
    }

    #[test]
    fn rejects_a_length_beyond_the_end_and_one_that_overflows() {
        assert_eq!(item_length(&[0x83, 1, 2]), Err(RlpError::Malformed));
        assert_eq!(item_length(&[0xbf, 255, 255, 255, 255, 255, 255, 255, 255]), Err(RlpError::Malformed));
        assert_eq!(item_length(&[0xff, 255, 255, 255, 255, 255, 255, 255, 255]), Err(RlpError::Malformed));
        assert_eq!(item_length(&[]), Err(RlpError::Malformed));
    }

    #[test]
    fn reads_exactly_one_list_to_its_end() {
        assert!(matches!(Reader::list(&[0xc1, 0x01, 0x00]), Err(RlpError::TooMany)));
        assert!(matches!(Reader::list(&[0x01]), Err(RlpError::Kind)));
        let mut reader = Reader::list(&[0xc2, 0x01, 0x02]).unwrap();
        assert_eq!(reader.u64(), Ok(1));
        assert_eq!(reader.finish(), Err(RlpError::TooMany));
        assert_eq!(reader.u64(), Ok(2));
        assert_eq!(reader.finish(), Ok(()));
        assert_eq!(reader.u64(), Err(RlpError::TooFew));
    }

    #[test]
    fn rejects_numbers_with_leading_zeros_or_out_of_range() {
        assert_eq!(Reader::items(&[0x00]).u64(), Err(RlpError::Integer));
        assert_eq!(Reader::items(&[0x82, 0x00, 0x01]).u64(), Err(RlpError::Integer));
        assert_eq!(Reader::items(&[0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]).u64(), Err(RlpError::Integer));
        assert_eq!(Reader::items(&[0x80]).u64(), Ok(0));
        assert_eq!(Reader::items(&[0x02]).bool(), Err(RlpError::Integer));
        let mut too_long = vec![0xa1];
        too_long.extend([1u8; 33]);
        assert_eq!(Reader::items(&too_long).u256(), Err(RlpError::Integer));
    }

    #[test]
    fn tells_lists_from_strings() {
        assert_eq!(Reader::items(&[0xc0]).bytes(), Err(RlpError::Kind));
        assert!(matches!(Reader::items(&[0x80]).nested(), Err(RlpError::Kind)));
        assert_eq!(Reader::items(&[0x82, 1, 2]).fixed::<3>(), Err(RlpError::Length { expected: 3, got: 2 }));
        assert_eq!(Reader::items(&[0x80]).optional_address(), Ok(None));
        assert_eq!(Reader::items(&[0x01]).optional_address(), Err(RlpError::Length { expected: 20, got: 1 }));
    }
}
