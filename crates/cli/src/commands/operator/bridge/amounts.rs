//! What a person writes for assets, amounts and times.

use crate::failure::Failure;
use spanlight::{Address, U256};
use spanlight_operator::config::Amount;
use std::str::FromStr;

/// The coin, or a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asset(Address);

impl Asset {
    /// The zero address for the coin.
    pub(super) const fn address(self) -> Address {
        self.0
    }
}

impl FromStr for Asset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "coin" {
            return Ok(Self(Address::ZERO));
        }
        let address: Address = text.parse().map_err(|error| format!("`coin`, or a token's address: {error}"))?;
        // Of the contract the zero address is the coin; here somebody has forgotten something.
        if address.is_zero() {
            return Err("the zero address is no token; write `coin` for the coin".to_owned());
        }
        Ok(Self(address))
    }
}

/// An amount in the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Units(U256);

impl Units {
    pub(super) const fn number(self) -> U256 {
        self.0
    }

    /// Limits have 128 bits.
    pub(super) fn small(self, option: &str) -> Result<u128, Failure> {
        u128::try_from(self.0)
            .map_err(|_| Failure::usage(format!("{option}: a limit is below 2^128")).hint("0 is no limit at all"))
    }
}

impl FromStr for Units {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(coins) = text.strip_suffix("coin") {
            return coins.parse::<Amount>().map(|amount| Self(amount.peb())).map_err(str::to_owned);
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_number.then(|| U256::from_str_radix(text, 10).ok()).flatten();
        number.map(Self).ok_or_else(|| "a whole number in the smallest unit, or coins as `12.5coin`".to_owned())
    }
}

/// A time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delay(u64);

impl Delay {
    /// What the contract takes.
    const LEAST: u64 = 3_600;
    const MOST: u64 = 30 * 86_400;

    pub(super) const fn seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Delay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
            Some(digits) => (digits, text.bytes().last()),
            None => (text, None),
        };
        let factor = match unit {
            Some(b'm') => 60,
            Some(b'h') => 3_600,
            Some(b'd') => 86_400,
            _ => 1,
        };
        let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
        let seconds = seconds.ok_or_else(|| "a number of seconds, or one with m, h or d behind it".to_owned())?;
        if !(Self::LEAST..=Self::MOST).contains(&seconds) {
            return Err("the bridge takes a delay of 1h to 30d".to_owned());
        }
        Ok(Self(seconds))
    }
}

/// Seconds as a person would say them.
pub(super) fn time(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        7_200..172_800 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_amounts_and_times_are_read_or_refused() {
        assert_eq!("coin".parse::<Asset>().map(Asset::address), Ok(Address::ZERO));
        assert!("0x0000000000000000000000000000000000000000".parse::<Asset>().is_err());
        assert!("0x12".parse::<Asset>().is_err());
        let units = |text: &str| text.parse::<Units>().map(Units::number);
        assert_eq!(units("12"), Ok(U256::from(12)));
        assert_eq!(units("0.5coin"), Ok(U256::from(500_000_000_000_000_000u64)));
        for bad in ["", "-1", "1.5", "1e3", "0x10", "coin", " 1"] {
            assert!(units(bad).is_err(), "{bad}");
        }
        let above = "340282366920938463463374607431768211456".parse::<Units>();
        assert!(above.is_ok_and(|amount| amount.small("--request").is_err()));
        let delay = |text: &str| text.parse::<Delay>().map(Delay::seconds);
        assert_eq!([delay("3600"), delay("60m"), delay("1h")], [Ok(3_600), Ok(3_600), Ok(3_600)]);
        assert_eq!(delay("30d"), Ok(2_592_000));
        for bad in ["", "h", "59m", "31d", "1w", "18446744073709551615d", "-1h"] {
            assert!(delay(bad).is_err(), "{bad}");
        }
        assert_eq!([time(90), time(3_600), time(86_400), time(604_800)], ["90 s", "60 min", "24 h", "7 days"]);
    }
}
