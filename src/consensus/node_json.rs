//! JSON as nodes read it out of a header: whatever form Go's decoder takes for a map of values.
//!
//! A proposer chooses the form of an announcement, and nodes compare only what it means. So what
//! they read must be read here, or one proposer could stop every client: of a name that stands
//! there twice the last value, `null` for nothing at all, values of any kind in between. What they
//! refuse is refused. There is no recursion, and the cost is that of the text.

use super::float::Decimal;
use alloc::string::String;
use alloc::vec::Vec;

/// Deepest nesting that Go's decoder reads.
const MAX_DEPTH: usize = 10_000;

/// A member's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A string; see [`Scanner::text`].
    Text(String),
    Number(Decimal),
    Bool(bool),
    /// `null`, a list or an object.
    Other,
}

/// The members of the object that `text` is, in order. `null` has none.
///
/// Nothing where `text` is something else, or a number in it is above what a float holds.
pub(super) fn members(text: &[u8]) -> Option<Vec<(String, Value)>> {
    let mut scanner = Scanner { rest: text };
    if !matches!(scanner.peek()?, b'{' | b'n') {
        return None;
    }
    let mut found = Vec::new();
    // The containers that are open, by their first byte, and the name for which the outermost
    // waits.
    let mut open: Vec<u8> = Vec::new();
    let mut name = String::new();
    loop {
        let mut value = match scanner.token()? {
            kind @ (b'{' | b'[') => {
                open.push(kind);
                if open.len() > MAX_DEPTH {
                    return None;
                }
                if !scanner.closes(kind) {
                    scanner.name_in(&open, &mut name)?;
                    continue;
                }
                open.pop();
                Value::Other
            }
            first => scanner.scalar(first)?,
        };
        // A value is read: what follows it?
        loop {
            let Some(kind) = open.last().copied() else {
                let is_whole = value == Value::Other && scanner.token().is_none();
                return is_whole.then_some(found);
            };
            if open.len() == 1 {
                found.push((core::mem::take(&mut name), core::mem::replace(&mut value, Value::Other)));
            }
            if !scanner.closes(kind) {
                break;
            }
            open.pop();
            value = Value::Other;
        }
        if scanner.token()? != b',' {
            return None;
        }
        scanner.name_in(&open, &mut name)?;
    }
}

struct Scanner<'t> {
    rest: &'t [u8],
}

impl<'t> Scanner<'t> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    fn token(&mut self) -> Option<u8> {
        self.peek()?;
        self.next()
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Takes the next byte if it is one of `bytes`.
    fn takes(&mut self, bytes: &[u8]) -> Option<u8> {
        let found = self.rest.first().copied().filter(|byte| bytes.contains(byte))?;
        self.next();
        Some(found)
    }

    /// Takes the end of a container, if it comes next.
    fn closes(&mut self, kind: u8) -> bool {
        let end = if kind == b'{' { b'}' } else { b']' };
        self.peek() == Some(end) && self.next().is_some()
    }

    /// Reads a member's name and the colon, where an object is the innermost container; keeps a
    /// name of the outermost.
    fn name_in(&mut self, open: &[u8], name: &mut String) -> Option<()> {
        if open.last() == Some(&b'{') {
            let read = (self.token()? == b'"').then(|| self.text())??;
            if open.len() == 1 {
                *name = read;
            }
            return (self.token()? == b':').then_some(());
        }
        Some(())
    }

    fn scalar(&mut self, first: u8) -> Option<Value> {
        match first {
            b'"' => self.text().map(Value::Text),
            b't' => self.word(b"rue", Value::Bool(true)),
            b'f' => self.word(b"alse", Value::Bool(false)),
            b'n' => self.word(b"ull", Value::Other),
            _ => self.number(first).filter(|number| !number.is_infinite()).map(Value::Number),
        }
    }

    fn word(&mut self, rest: &[u8], value: Value) -> Option<Value> {
        self.rest = self.rest.strip_prefix(rest)?;
        Some(value)
    }

    /// The rest of a string. All characters beyond ASCII become one, also bytes and escapes that
    /// are no character, for which Go's decoder puts another in: no name and no value that means
    /// something holds any.
    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            let byte = match self.next()? {
                b'"' => return Some(text),
                b'\\' => self.escaped()?,
                byte if byte < b' ' => return None,
                byte => byte,
            };
            text.push(if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER });
        }
    }

    fn escaped(&mut self) -> Option<u8> {
        Some(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let mut code = 0u32;
                for _ in 0..4 {
                    code = code.wrapping_shl(4) | char::from(self.next()?).to_digit(16)?;
                }
                u8::try_from(code).unwrap_or(u8::MAX)
            }
            _ => return None,
        })
    }

    fn number(&mut self, first: u8) -> Option<Decimal> {
        let negative = first == b'-';
        let first = if negative { self.next()? } else { first };
        let mut digits = Vec::from([first]);
        match first {
            b'0' => {}
            b'1'..=b'9' => digits.extend_from_slice(self.digits()),
            _ => return None,
        }
        let mut point = i64::try_from(digits.len()).ok()?;
        if self.takes(b".").is_some() {
            digits.extend_from_slice(Some(self.digits()).filter(|digits| !digits.is_empty())?);
        }
        if self.takes(b"eE").is_some() {
            let sign = self.takes(b"+-");
            let exponent = exponent_of(Some(self.digits()).filter(|digits| !digits.is_empty())?);
            point = if sign == Some(b'-') { point.saturating_sub(exponent) } else { point.saturating_add(exponent) };
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..zeros);
        Some(Decimal { negative, digits, point: point.saturating_sub(i64::try_from(zeros).ok()?) })
    }

    fn digits(&mut self) -> &'t [u8] {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at_checked(count).unwrap_or_default();
        self.rest = rest;
        digits
    }
}

/// Go's parser takes no further digit once it has ten thousand.
fn exponent_of(digits: &[u8]) -> i64 {
    digits.iter().fold(0i64, |exponent, digit| {
        if exponent < 10_000 {
            exponent.saturating_mul(10).saturating_add(i64::from(digit & 15))
        } else {
            exponent
        }
    })
}

/// The number that all of `text` is.
#[cfg(test)]
pub(super) fn number(text: &str) -> Option<Decimal> {
    let mut scanner = Scanner { rest: text.as_bytes() };
    let first = scanner.next()?;
    scanner.number(first).filter(|_| scanner.rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn names(text: &str) -> Option<std::vec::Vec<String>> {
        members(text.as_bytes()).map(|found| found.into_iter().map(|(name, _)| name).collect())
    }

    #[test]
    fn reads_members_in_order_whatever_stands_between() {
        let found = members(b" {\"a\":[{\"b\":[1,{}]},[]], \"a\" :true,\n\"\\u0061\":\"x\\n\"}\t").unwrap();
        let text = |text: &str| text.to_string();
        let expected =
            [(text("a"), Value::Other), (text("a"), Value::Bool(true)), (text("a"), Value::Text(text("x\n")))];
        assert_eq!(found, expected);
        assert_eq!(names("{\"a b\":1}"), Some(std::vec![text("a b")]));
        assert_eq!(members(b"null"), Some(Vec::new()));
        assert_eq!(members(b"{ }"), Some(Vec::new()));
    }

    #[test]
    fn refuses_what_is_no_object_or_no_json() {
        for text in [
            "",
            " ",
            "[]",
            "5",
            "true",
            "\"a\"",
            "{",
            "{}}",
            "{},",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{a:1}",
            "nul",
            "nullx",
            "{\"a\":[1,]}",
            "{\"a\":[1}",
            "{\"a\":{]}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":.5}",
            "{\"a\":1.}",
            "{\"a\":1e}",
            "{\"a\":-}",
            "{\"a\":tru}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12g4\"}",
            "{\"a\":\"\u{1}\"}",
            "\u{feff}{}",
            "{\"a\":1e400}",
            "{\"a\":[1e400]}",
            "{\"a\" 1}",
            "{\"a\":1 \"b\":2}",
        ] {
            assert_eq!(members(text.as_bytes()), None, "{text}");
        }
        assert_eq!(members(b"{\"a\":1\xa0}"), None);
    }

    #[test]
    fn reads_every_escape() {
        let found = names(r#"{"\"\\\/\b\f\n\r\t\u0041":1}"#).unwrap();
        assert_eq!(found, ["\"\\/\u{8}\u{c}\n\r\tA"]);
    }

    #[test]
    fn an_exponent_stops_at_ten_thousand() {
        assert_eq!([&b"9999"[..], b"10000", b"100001", b"99999"].map(exponent_of), [9_999, 10_000, 10_000, 99_999]);
    }

    #[test]
    fn characters_beyond_ascii_and_what_is_none_are_one() {
        let mark = "\u{fffd}".to_string();
        assert_eq!(names("{\"\\ud800\":1,\"\\u00e9\":1}"), Some(std::vec![mark.clone(), mark]));
        assert!(names("{\"\u{e9}\":1}").is_some_and(|names| names[0] != "\u{e9}"));
        assert!(members(b"{\"a\":\"\xff\xfe\",\"b\":1}").is_some());
    }

    #[test]
    fn nests_as_deep_as_nodes_read_and_no_deeper() {
        let nested = |depth: usize| std::format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(members(nested(MAX_DEPTH - 1).as_bytes()).is_some());
        assert!(members(nested(MAX_DEPTH).as_bytes()).is_none());
    }
}
