//! Request nonces on the command line: `7`, or `0..20`, both ends inclusive; several with commas.

use std::str::FromStr;

/// Most nonces that one command looks at.
const MOST: u64 = 1_000_000;

/// Nonces from first to last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nonces {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl FromStr for Nonces {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let number = |digits: &str| {
            digits
                .parse::<u64>()
                .map_err(|_| format!("`{digits}` is no nonce; write 7, or 0..20 with both ends included"))
        };
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(format!("{first}..{last} runs backwards; write {last}..{first}"));
        }
        if last.saturating_sub(first) >= MOST {
            return Err(format!("{first}..{last} are more than {MOST} nonces"));
        }
        Ok(Self { first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_includes_both_ends_and_one_number_is_one_nonce() {
        assert_eq!("0..20".parse(), Ok(Nonces { first: 0, last: 20 }));
        assert_eq!("61".parse(), Ok(Nonces { first: 61, last: 61 }));
    }

    #[test]
    fn refuses_what_is_no_range() {
        for text in ["", "..", "a", "1..", "..2", "5..4", "0..18446744073709551615", "-1", "1...2", "1..=2"] {
            assert!(text.parse::<Nonces>().is_err(), "{text}");
        }
    }
}
