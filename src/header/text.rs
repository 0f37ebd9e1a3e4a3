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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hex_of_any_length_and_nothing_else() {
        assert_eq!(hex_number("0x0"), Some(U256::ZERO));
        assert_eq!(hex_number("0x0000f"), Some(U256::from(15u8)));
        for bad in ["", "0x", "120", "0x1_0", "-1", "ff"] {
            assert_eq!(hex_number(bad), None, "{bad}");
        }
        assert_eq!(hex_number(&format!("0x1{}", "0".repeat(64))), None);
    }
}
