//! The members of a genesis file's JSON, read as Go reads them.
//!
//! Nodes are Go programs, and their files were written for them: a name may be written in other
//! capitals, a member may stand twice (the last counts, objects are put together), and a member
//! that nobody reads is ignored. Numbers stay text here, because amounts may be larger than any
//! number type.

use super::GenesisError;
use crate::primitives::{decode_hex, U256};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The members of one object, or of several that nodes put together, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

const NULL: &str = "null";

impl<'t> Members<'t> {
    /// The first JSON value of a text. Nodes read no further, so what stands behind it changes
    /// nothing.
    pub(super) fn of_text(text: &'t str) -> Result<Self, GenesisError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        Self::deserialize(&mut reader)
            .map_err(|error| GenesisError::Json { line: error.line(), column: error.column() })
    }

    /// Every member's name and value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'t str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    fn named(&self, name: &'static str) -> impl Iterator<Item = &'t str> + '_ {
        self.iter().filter(move |(other, _)| is_the_same_name(other, name)).map(|(_, value)| value)
    }

    /// Whether a member of this name stands in the object, `null` included.
    pub(super) fn names(&self, name: &'static str) -> bool {
        self.named(name).next().is_some()
    }

    /// The object under `name`; `null` takes back what stood before it.
    pub(super) fn section(&self, name: &'static str) -> Result<Option<Self>, GenesisError> {
        let mut section: Option<Self> = None;
        for value in self.named(name) {
            if value == NULL {
                section = None;
                continue;
            }
            let more: Self = serde_json::from_str(value).map_err(|_| GenesisError::Field { field: name })?;
            section.get_or_insert_default().0.extend(more.0);
        }
        Ok(section)
    }

    /// The value under `name`, where nodes keep a pointer: `null` takes back what stood before it.
    pub(super) fn pointer<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, GenesisError> {
        let mut last = None;
        for value in self.named(name) {
            last = match value {
                NULL => None,
                _ => Some(parse(value).ok_or(GenesisError::Field { field: name })?),
            };
        }
        Ok(last)
    }

    /// The value under `name`, where also `null` must be one.
    pub(super) fn every<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, GenesisError> {
        let mut last = None;
        for value in self.named(name) {
            last = Some(parse(value).ok_or(GenesisError::Field { field: name })?);
        }
        Ok(last)
    }

    /// The value under `name`, where nodes keep it in place: `null` changes nothing.
    pub(super) fn value<T>(
        &self,
        name: &'static str,
        absent: T,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, GenesisError> {
        let mut last = absent;
        for value in self.named(name).filter(|value| *value != NULL) {
            last = parse(value).ok_or(GenesisError::Field { field: name })?;
        }
        Ok(last)
    }
}

/// Names as Go compares them: without regard to case, of which two letters beyond ASCII are a case
/// too.
pub(super) fn is_the_same_name(one: &str, other: &str) -> bool {
    let folded = |letter: char| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => letter.to_ascii_lowercase(),
    };
    one.chars().map(folded).eq(other.chars().map(folded))
}

pub(super) fn text(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

pub(super) fn boolean(json: &str) -> Option<bool> {
    json.parse().ok()
}

/// A number below 2^64 that stands as a number.
pub(super) fn unsigned(json: &str) -> Option<u64> {
    json.parse().ok()
}

/// A whole number of any size that stands as a number, in its decimal digits.
pub(super) fn whole(json: &str) -> Option<String> {
    let digits = json.strip_prefix('-').unwrap_or(json);
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // JSON has no leading zeros, so the text is the number's one form, but for a zero with a sign.
    Some(if digits == "0" { digits } else { json }.to_string())
}

/// A number of up to 256 bits in a text, in decimal or behind 0x; no text is zero.
pub(super) fn number_in_text(json: &str) -> Option<U256> {
    let text = text(json)?;
    let (digits, base) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.is_empty() => return Some(U256::ZERO),
        None => (text.as_str(), 10),
    };
    match digits.strip_prefix('-') {
        // Below zero there is no balance and no score; nodes read the text all the same.
        Some(digits) => number(digits, base).filter(U256::is_zero),
        None => number(digits.strip_prefix('+').unwrap_or(digits), base),
    }
}

/// [`number_in_text`] below 2^64, where no sign may stand.
pub(super) fn small_number_in_text(json: &str) -> Option<u64> {
    let signed = text(json)?.contains(['+', '-']);
    number_in_text(json).filter(|_| !signed).and_then(|number| u64::try_from(number).ok())
}

fn number(digits: &str, base: u32) -> Option<U256> {
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(U256::ZERO, |sum, digit| {
        sum.checked_mul(U256::from(base))?.checked_add(U256::from(digit.to_digit(base)?))
    })
}

/// Bytes in hex behind 0x; no text is no bytes.
pub(super) fn bytes(json: &str) -> Option<Vec<u8>> {
    match text(json)?.as_str() {
        "" => Some(Vec::new()),
        text => decode_hex(&format!("0x{}", text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?)).ok(),
    }
}

/// So many bytes in hex behind 0x.
pub(super) fn fixed<const N: usize>(json: &str) -> Option<[u8; N]> {
    bytes(json)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn reads_numbers_in_texts_as_nodes_do() {
        let read = |text: &str| number_in_text(&std::format!("\"{text}\""));
        for (text, number) in
            [("", 0u64), ("0x0", 0), ("0x0000f", 15), ("120", 120), ("010", 10), ("0X10", 16), ("+5", 5)]
        {
            assert_eq!(read(text), Some(U256::from(number)), "{text}");
        }
        for bad in ["0x", "1_0", "0x1_0", "-1", "1e3", "ff", " 5"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&std::format!("0x1{}", "0".repeat(64))), None);
        assert_eq!(read(&"9".repeat(78)), None);
        assert_eq!(number_in_text("5"), None);
        assert_eq!(small_number_in_text("\"0x10000000000000000\""), None);
        assert_eq!(small_number_in_text("\"+5\""), None);
    }

    #[test]
    fn a_whole_number_has_one_form() {
        assert_eq!(whole("96000000000000000000000"), Some("96000000000000000000000".to_string()));
        assert_eq!(whole("-5"), Some("-5".to_string()));
        assert_eq!(whole("-0"), Some("0".to_string()));
        assert_eq!((whole("1e3"), whole("1.0"), whole("\"5\"")), (None, None, None));
    }

    #[test]
    fn the_last_member_of_a_name_counts_in_any_capitals_and_objects_are_put_together() {
        let members = Members::of_text(r#"{"a":1,"A":2,"o":{"x":1},"O":{"y":2},"a":null} and more"#).unwrap();
        assert_eq!(members.value("a", 0, unsigned), Ok(2));
        assert_eq!(members.pointer("a", unsigned), Ok(None));
        assert_eq!(members.value("absent", 7, unsigned), Ok(7));
        let section = members.section("o").unwrap().unwrap();
        assert_eq!((section.value("x", 0, unsigned), section.value("y", 0, unsigned)), (Ok(1), Ok(2)));
        let null = Members::of_text(r#"{"o":{"x":1},"o":null,"bloc\u212a\u017fcore":3}"#).unwrap();
        assert!(null.section("o").unwrap().is_none());
        assert_eq!(null.value("blockScore", 0, unsigned), Ok(3));
    }

    #[test]
    fn a_wrong_kind_is_refused_also_where_a_later_member_would_count() {
        let members = Members::of_text(r#"{"a":"x","a":2}"#).unwrap();
        assert_eq!(members.value("a", 0, unsigned), Err(GenesisError::Field { field: "a" }));
        assert_eq!(members.pointer("a", unsigned), Err(GenesisError::Field { field: "a" }));
        assert!(members.section("a").is_err());
    }
}
