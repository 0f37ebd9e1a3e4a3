//! Amounts of coin, of any size: coins as text, `"12.5"`. A number would be too small for many peb
//! and rounded for many coins.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use spanlight::U256;
use std::fmt;
use std::str::FromStr;

/// Digits behind the point: one coin is ten to this power of peb.
const DECIMALS: usize = 18;

const HOW: &str = "write coins as text, for example \"12.5\"";

/// An amount of coin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(U256);

impl Amount {
    /// So many coins.
    pub(super) fn coins(number: u64) -> Self {
        Self(U256::from(number).saturating_mul(U256::from(1_000_000_000_000_000_000u64)))
    }

    /// The amount in peb.
    #[must_use]
    pub const fn peb(self) -> U256 {
        self.0
    }
}

impl FromStr for Amount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) {
            return Err("it is no amount");
        }
        if part.len() > DECIMALS {
            return Err("a coin has 18 digits behind the point");
        }
        // All digits in a row, filled up to a whole number of peb.
        let digits = format!("{whole}{part:0<DECIMALS$}");
        U256::from_str_radix(&digits, 10).map(Self).map_err(|_| "it is more than there can be")
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HOW)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
        text.parse().map_err(|error| E::custom(format!("{error}; {HOW}")))
    }

    /// A number was peb once and reads like coins: only nothing is the same in both.
    fn visit_i64<E: Error>(self, number: i64) -> Result<Amount, E> {
        match number {
            0 => Ok(Amount::default()),
            _ => Err(E::custom(format!("numbers were peb, and are not taken any more; {HOW}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_of_any_size_are_read_to_the_last_peb() {
        let peb = |text: &str| text.parse::<Amount>().map(|amount| amount.peb().to_string());
        for (text, expected) in [
            ("0", "0"),
            ("1", "1000000000000000000"),
            ("12.5", "12500000000000000000"),
            ("0.000000000000000001", "1"),
            ("10860000000", "10860000000000000000000000000"),
            ("007.10", "7100000000000000000"),
        ] {
            assert_eq!(peb(text).as_deref(), Ok(expected), "{text}");
        }
        let long = "9".repeat(80);
        for bad in ["", ".", "1.", ".5", "-1", "1e3", "1,5", "0x10", "1.0000000000000000001", " 1", long.as_str()] {
            assert!(peb(bad).is_err(), "{bad}");
        }
    }
}
