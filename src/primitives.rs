//! Hashes, addresses, 256-bit numbers and hex text: the words every other module is written in.

use alloc::{format, string::String, vec::Vec};
use core::fmt;
use core::str::FromStr;
use serde::{de, Deserialize, Deserializer, Serialize, Serializer};
use tiny_keccak::{Hasher, Keccak};

pub use ruint::aliases::U256;

/// keccak-256 with the original padding byte 0x01 (not NIST SHA3-256). Source: chain.md 0.
#[must_use]
pub fn keccak256(bytes: &[u8]) -> Hash {
    keccak256_concat(&[bytes])
}

/// keccak-256 of the concatenation of `parts`, without building it.
#[must_use]
pub fn keccak256_concat(parts: &[&[u8]]) -> Hash {
    let mut hasher = Keccak::v256();
    for part in parts {
        hasher.update(part);
    }
    let mut out = [0u8; 32];
    hasher.finalize(&mut out);
    Hash(out)
}

/// Why a text is not the hex value asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HexError {
    /// The text does not begin with 0x.
    #[error("hex text must begin with 0x")]
    Prefix,
    /// A character is no hex digit, or a digit is missing.
    #[error("not hex digits, two for each byte")]
    Digit,
    /// The text has another length than the type.
    #[error("expected {expected} bytes, got {got}")]
    Length {
        /// Bytes that the type has.
        expected: usize,
        /// Bytes that the text gives.
        got: usize,
    },
}

/// Bytes of a 0x-prefixed hex text.
///
/// # Errors
/// [`HexError`] where the prefix is missing or a digit is wrong.
pub fn decode_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let digits = text.strip_prefix("0x").ok_or(HexError::Prefix)?.as_bytes();
    if digits.len() & 1 == 1 {
        return Err(HexError::Digit);
    }
    digits
        .chunks_exact(2)
        .map(|pair| match *pair {
            [high, low] => Ok(nibble(high)?.wrapping_shl(4) | nibble(low)?),
            _ => Err(HexError::Digit),
        })
        .collect()
}

fn nibble(digit: u8) -> Result<u8, HexError> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(HexError::Digit)
}

/// 0x-prefixed lower-case hex text of `bytes`.
#[must_use]
pub fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len().saturating_mul(2).saturating_add(2));
    out.push_str("0x");
    for byte in bytes {
        for index in [byte >> 4, byte & 15] {
            out.push(char::from(DIGITS.get(usize::from(index)).copied().unwrap_or(b'0')));
        }
    }
    out
}

macro_rules! fixed_bytes {
    ($name:ident, $len:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// All bytes zero.
            pub const ZERO: Self = Self([0u8; $len]);

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8] {
                &self.0
            }

            /// Whether every byte is zero.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                *self == Self::ZERO
            }

            /// The value, if `bytes` has exactly the right length.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                <[u8; $len]>::try_from(bytes).ok().map(Self)
            }
        }

        impl FromStr for $name {
            type Err = HexError;
            fn from_str(text: &str) -> Result<Self, HexError> {
                let bytes = decode_hex(text)?;
                Self::from_slice(&bytes).ok_or(HexError::Length { expected: $len, got: bytes.len() })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode_hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&encode_hex(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(|e| de::Error::custom(format!("{e}: {text}")))
            }
        }
    };
}

fixed_bytes!(Hash, 32, "A 32-byte keccak hash, or any other 32-byte word of the protocol.");
fixed_bytes!(Address, 20, "A 20-byte account address.");

impl Hash {
    /// The word as a big-endian number.
    #[must_use]
    pub fn to_u256(&self) -> U256 {
        U256::from_be_bytes(self.0)
    }

    /// A big-endian number as a word.
    #[must_use]
    pub fn from_u256(value: U256) -> Self {
        Self(value.to_be_bytes())
    }
}

impl Address {
    /// The address of an uncompressed public key (X and Y, 64 bytes): last 20 bytes of its keccak. Source: chain.md 0.
    #[must_use]
    pub fn of_public_key(xy: &[u8; 64]) -> Self {
        Self::low_bytes(&keccak256(xy))
    }

    /// The last 20 bytes of a word, whatever stands before them.
    #[must_use]
    pub fn low_bytes(word: &Hash) -> Self {
        let mut out = [0u8; 20];
        for (to, from) in out.iter_mut().zip(word.0.iter().skip(12)) {
            *to = *from;
        }
        Self(out)
    }

    /// The address left-padded with zeros to a word (H(x) of bridge.md 2.2).
    #[must_use]
    pub fn to_word(&self) -> Hash {
        let mut out = [0u8; 32];
        for (to, from) in out.iter_mut().skip(12).zip(self.0.iter()) {
            *to = *from;
        }
        Hash(out)
    }

    /// The address in a word, if its 12 high bytes are zero.
    #[must_use]
    pub fn from_word(word: &Hash) -> Option<Self> {
        let address = Self::low_bytes(word);
        (address.to_word() == *word).then_some(address)
    }

    /// EIP-55 mixed-case text. Kaia sorts validators by it (chain.md 2.6).
    #[must_use]
    pub fn checksum(&self) -> String {
        let lower = encode_hex(&self.0);
        let digits = lower.strip_prefix("0x").unwrap_or(&lower);
        let hash = keccak256(digits.as_bytes());
        let nibbles = hash.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let mut out = String::from("0x");
        out.extend(digits.chars().zip(nibbles).map(|(c, n)| if n >= 8 { c.to_ascii_uppercase() } else { c }));
        out
    }
}

/// serde of byte strings as 0x text, for `#[serde(with = "...")]`.
pub mod hex_bytes {
    use super::{decode_hex, encode_hex, format, Vec};
    use serde::{de, Deserialize, Deserializer, Serializer};

    /// Writes 0x text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode_hex(bytes))
    }

    /// Reads 0x text.
    ///
    /// # Errors
    /// Where the text is no hex.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        decode_hex(&text).map_err(|e| de::Error::custom(format!("{e}")))
    }
}

/// serde of lists of byte strings as 0x texts, for `#[serde(with = "...")]`.
pub mod hex_list {
    use super::{decode_hex, encode_hex, format, Vec};
    use alloc::borrow::Cow;
    use serde::{de, Deserialize, Deserializer, Serializer};

    /// Writes a list of 0x texts.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(items: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(items.iter().map(|item| encode_hex(item)))
    }

    /// Reads a list of 0x texts.
    ///
    /// # Errors
    /// Where a text is no hex.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let texts = <Vec<Cow<'de, str>>>::deserialize(deserializer)?;
        texts.iter().map(|text| decode_hex(text).map_err(|e| de::Error::custom(format!("{e}")))).collect()
    }
}

/// `value / by`, truncated; none by zero. Limb by limb from the top: the general division of the
/// number library, for divisors of any length, would be eight kilobytes more for browsers to load.
pub(crate) fn quotient(value: U256, by: u64) -> Option<U256> {
    let by = u128::from(by);
    let mut limbs = value.into_limbs();
    let mut rest = 0u128;
    for limb in limbs.iter_mut().rev() {
        // The rest is below the divisor, so each quotient fits a limb.
        let dividend = rest.wrapping_shl(64) | u128::from(*limb);
        *limb = u64::try_from(dividend.checked_div(by)?).ok()?;
        rest = dividend.checked_rem(by)?;
    }
    Some(U256::from_limbs(limbs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keccak_of_nothing_is_the_known_constant() {
        let expected = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
        assert_eq!(encode_hex(keccak256(b"").as_bytes()), expected);
    }

    #[test]
    fn checksum_follows_eip_55() {
        let text = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        assert_eq!(text.parse::<Address>().unwrap().checksum(), text);
    }

    #[test]
    fn rejects_hex_without_prefix_odd_digits_and_wrong_length() {
        assert_eq!("00".parse::<Address>(), Err(HexError::Prefix));
        assert_eq!(decode_hex("0x0"), Err(HexError::Digit));
        assert_eq!(decode_hex("0x0g"), Err(HexError::Digit));
        assert_eq!("0x00".parse::<Address>(), Err(HexError::Length { expected: 20, got: 1 }));
    }

    #[test]
    fn address_in_a_word_needs_twelve_zero_bytes() {
        let address = Address([7; 20]);
        assert_eq!(Address::from_word(&address.to_word()), Some(address));
        assert_eq!(Address::from_word(&Hash([7; 32])), None);
    }

    #[test]
    fn the_quotient_is_that_of_the_number_library() {
        let mut value = U256::MAX;
        while !value.is_zero() {
            for by in [1, 2, 3, 64, 10_000_000, u64::from(u32::MAX), 1 << 63, u64::MAX - 1, u64::MAX] {
                assert_eq!(quotient(value, by), value.checked_div(U256::from(by)), "{value} / {by}");
            }
            value = (value >> 7) ^ (value >> 9);
        }
        assert_eq!(quotient(U256::ONE, 0), None);
    }
}
