//! Decimal numbers as nodes read them: as the nearest float of 53 bits, of two equally near ones
//! the even.
//!
//! Only two questions are asked of a number, so that no float is needed: is the nearest float
//! infinite, and which whole number is it. Both are answered by exact arithmetic on the digits. The
//! standard library's parser would answer too, with ten kilobytes of tables for every browser; the
//! JSON library's usual parser is wrong in the last bit above 2^52, and then a client would know
//! another value than the chain.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// The smallest number that the nearest float does not hold, 2^1024 - 2^970.
const INFINITE: &[u8; 309] = b"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017\
977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855\
571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";

/// Bits of a float's mantissa.
const MANTISSA: u32 = 53;
/// 2^-1074 is the smallest float above zero, so that half of it is still the nearest to zero.
const HALF_OF_SMALLEST: u32 = 1075;

/// A decimal number of any length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    /// ASCII digits, the first of them not zero.
    pub(super) digits: Vec<u8>,
    /// Where the point stands: the value is 0.DIGITS times ten to this power.
    pub(super) point: i64,
}

impl Decimal {
    /// Whether the nearest float is infinite.
    pub(super) fn is_infinite(&self) -> bool {
        match self.point.cmp(&309) {
            Ordering::Less => false,
            Ordering::Equal => self.digits.as_slice() >= INFINITE.as_slice(),
            Ordering::Greater => !self.digits.is_empty(),
        }
    }

    /// The whole number from 0 to 2^64 - 1 that the nearest float is, if it is one. Of a negative
    /// number only zero.
    pub(super) fn whole(&self) -> Option<u64> {
        if self.digits.is_empty() || self.point < -330 {
            return Some(0);
        }
        let place = usize::try_from(self.point.max(0)).ok().filter(|place| *place <= 20)?;
        let digits = self.digits.iter().copied().chain(core::iter::repeat(b'0')).take(place);
        let before =
            digits.fold(0u128, |number, digit| number.saturating_mul(10).saturating_add(u128::from(digit & 15)));
        let zeros = usize::try_from(self.point.min(0).unsigned_abs()).ok()?;
        let mut after: Vec<u8> = core::iter::repeat_n(0, zeros).collect();
        after.extend(self.digits.iter().skip(place).map(|digit| digit & 15));
        let nearest = nearest_whole(before, &after)?;
        if self.negative && nearest > 0 {
            return None;
        }
        u64::try_from(nearest).ok()
    }
}

/// The float nearest to `before` and the decimal fraction `after`, if that is a whole number.
fn nearest_whole(before: u128, after: &[u8]) -> Option<u128> {
    let bits = 128u32.saturating_sub(before.leading_zeros());
    if let Some(lost @ 1..) = bits.checked_sub(MANTISSA) {
        let kept = before.wrapping_shr(lost);
        let rest = before ^ kept.wrapping_shl(lost);
        let half = 1u128.wrapping_shl(lost.saturating_sub(1));
        let up = match rest.cmp(&half) {
            Ordering::Less => false,
            Ordering::Equal => kept & 1 == 1 || after.iter().any(|digit| *digit != 0),
            Ordering::Greater => true,
        };
        return Some(kept.saturating_add(u128::from(up)).wrapping_shl(lost));
    }
    let next = before.saturating_add(1);
    // Half the distance between floats here, as a power of one half.
    let power = MANTISSA.saturating_add(1).saturating_sub(bits);
    if power == 1 {
        return Some(match compare_with_half_power(after, 1) {
            Ordering::Less => before,
            Ordering::Equal => before.saturating_add(before & 1),
            Ordering::Greater => next,
        });
    }
    let power_below = if before == 0 { HALF_OF_SMALLEST } else { power };
    if compare_with_half_power(after, power_below).is_le() {
        Some(before)
    } else if compare_with_half_power(&missing_to_one(after), power).is_le() {
        Some(next)
    } else {
        None
    }
}

/// A decimal fraction against one half to this power: doubled so often, against one.
fn compare_with_half_power(fraction: &[u8], power: u32) -> Ordering {
    let mut digits = fraction.to_vec();
    for step in 1..=power {
        if double(&mut digits) {
            let more = step < power || digits.iter().any(|digit| *digit != 0);
            return if more { Ordering::Greater } else { Ordering::Equal };
        }
    }
    Ordering::Less
}

/// Doubles a decimal fraction and gives whether one is reached; what is above it stays.
fn double(digits: &mut [u8]) -> bool {
    let mut carry = 0;
    for digit in digits.iter_mut().rev() {
        let doubled = digit.wrapping_mul(2) | carry;
        carry = u8::from(doubled >= 10);
        *digit = doubled.wrapping_sub(carry.wrapping_mul(10));
    }
    carry == 1
}

/// One less a decimal fraction that is not zero.
fn missing_to_one(fraction: &[u8]) -> Vec<u8> {
    let mut from = 10u8;
    let mut out: Vec<u8> = fraction
        .iter()
        .rev()
        .map(|digit| {
            // Zeros at the end stay; the last other digit is taken from ten, those before it from
            // nine.
            if *digit == 0 && from == 10 {
                return 0;
            }
            let missing = from.wrapping_sub(*digit);
            from = 9;
            missing
        })
        .collect();
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::super::node_json::number;
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// What the standard library's parser, which rounds correctly, makes of it.
    fn expected(text: &str) -> (bool, Option<u64>) {
        let float: f64 = text.parse().unwrap();
        let is_whole = float >= 0.0 && float.fract() == 0.0 && float < 2f64.powi(64);
        (float.is_infinite(), is_whole.then_some(float as u64))
    }

    fn agrees(text: &str) {
        let decimal = number(text).unwrap();
        assert_eq!((decimal.is_infinite(), decimal.whole()), expected(text), "{text}");
    }

    #[test]
    fn numbers_at_the_borders_round_as_floats_do() {
        let half_of_smallest = format!("{:.1100}", f64::from_bits(1) / 2.0);
        assert_eq!(half_of_smallest.parse::<f64>(), Ok(0.0));
        let exact_half = exact_half_of_smallest();
        for text in [
            "0",
            "-0",
            "-0.0e5",
            "0e25",
            "1e-400",
            "-1e-400",
            "1e-323",
            "5e-324",
            "2.5e-324",
            "2.4e-324",
            "-2.4e-324",
            "-5e-324",
            "1e400",
            "1e309",
            "1e308",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "9007199254740991.0",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.0000000000000000000000000000000000001",
            "9007199254740995",
            "4503599627370496.5",
            "4503599627370497.5",
            "4503599627370497.4999999999999999999",
            "18446744073709551615",
            "18446744073709550591",
            "18446744073709550592",
            "18446744073709549568",
            "1e19",
            "2e19",
            "0.99999999999999994",
            "0.99999999999999995",
            "0.999999999999999944488848768742172978818416595458984375",
            "0.9999999999999999444888487687421729788184165954589843751",
            "1.0000000000000001",
            "1.0000000000000002",
            "4.9999999999999995",
            "4.9999999999999996",
            "5.0000000000000004",
            "5.0000000000000005",
            "0.5e1",
            "50e-1",
            "5.5",
            "00000000000000000000005e0",
            "0.00000000000000000000000000000000000000005e41",
        ] {
            if !text.starts_with("00") {
                agrees(text);
            }
        }
        agrees(&exact_half);
        agrees(&format!("{exact_half}1"));
        agrees(&format!("{}e5", "0".to_string() + "." + &"0".repeat(400) + "1"));
        agrees(&format!("0.{}1e401", "0".repeat(400)));
        agrees(INFINITE_TEXT);
        let largest = INFINITE_TEXT[..308].to_string() + "1.9999";
        agrees(&largest);
        agrees(&("1".to_string() + &"0".repeat(309) + "e-309"));
    }

    const INFINITE_TEXT: &str = match core::str::from_utf8(super::INFINITE) {
        Ok(text) => text,
        Err(_) => "",
    };

    /// 2^-1075 in full: its digits are those of 5^1075, behind zeros.
    fn exact_half_of_smallest() -> String {
        let mut digits = Vec::from([1u8]);
        for _ in 0..1075 {
            let mut carry = 0;
            for digit in digits.iter_mut().rev() {
                let value = *digit * 5 + carry;
                *digit = value % 10;
                carry = value / 10;
            }
            if carry > 0 {
                digits.insert(0, carry);
            }
        }
        let text: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        format!("0.{}{text}", "0".repeat(1075 - text.len()))
    }

    #[test]
    fn many_numbers_round_as_floats_do() {
        // Neighbours of floats, in full and shortened, and with a digit more.
        let mut state = 0x2545_f491_4f6c_dd1du64;
        for _ in 0..20_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let exponent = 1023 - 4 + state % 72;
            let float = f64::from_bits((state >> 12) | (exponent << 52));
            let near = f64::from_bits(float.to_bits() + 1);
            for text in [
                format!("{float}"),
                format!("{float:.0}"),
                format!("{float:.70}1"),
                format!("{float:.15}"),
                format!("{float:e}"),
                format!("-{float}"),
                format!("{}.5", state >> (state % 24)),
                format!("{}", state >> (state % 12)),
                format!("{near:.3}"),
            ] {
                agrees(&text);
            }
        }
    }
}
