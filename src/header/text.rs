//! Numbers as JSON texts write them.

use crate::primitives::{decode_hex, U256};
use alloc::format;

/// A number in 0x-hex of any digit count, if it fits.
pub(crate) fn hex_number(text: &str) -> Option<U256> {
    let digits = text.strip_prefix("0x").filter(|digits| !digits.is_empty())?;
    let padding = if digits.len() & 1 == 1 { "0" } else { "" };
    let bytes = decode_hex(&format!("0x{padding}{digits}")).ok()?;
    let significant = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    U256::try_from_be_slice(bytes.get(significant..)?)
}

/// A number in 0x-hex or in decimal digits, if it fits.
pub(super) fn number(text: &str) -> Option<U256> {
    if text.starts_with("0x") {
        return hex_number(text);
    }
    if text.is_empty() {
        return None;
    }
    text.chars().try_fold(U256::ZERO, |sum, digit| {
        let digit = digit.to_digit(10)?;
        sum.checked_mul(U256::from(10u8))?.checked_add(U256::from(digit))
    })
}

/// [`number`] below 2^64.
pub(super) fn small_number(text: &str) -> Option<u64> {
    u64::try_from(number(text)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hex_of_any_length_and_decimal_and_nothing_else() {
        assert_eq!(number("0x0"), Some(U256::ZERO));
        assert_eq!(number("0x0000f"), Some(U256::from(15u8)));
        assert_eq!(number("120"), Some(U256::from(120u8)));
        for bad in ["", "0x", "1_0", "0x1_0", "-1", "1e3", "ff"] {
            assert_eq!(number(bad), None, "{bad}");
        }
        assert_eq!(number(&format!("0x1{}", "0".repeat(64))), None);
        assert_eq!(number(&"9".repeat(78)), None);
        assert_eq!(small_number("0x10000000000000000"), None);
    }
}
