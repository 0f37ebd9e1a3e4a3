//! Lines for people: a name at the left, wrapped words at the right, and counts with the right ending.

use super::style::dim;
use std::fmt::Write;

/// Characters of a whole line.
const WIDTH: usize = 100;
/// Characters before the words of a named line.
const INDENT: usize = 12;

/// Appends `name` and its words, wrapped; nothing where there are no words.
pub(crate) fn named(out: &mut String, name: &str, words: &str) {
    let mut name = dim(&format!("{name:<9}"));
    for line in wrapped(words, WIDTH.saturating_sub(INDENT)) {
        let _ = writeln!(out, "{}", format!("  {name} {line}").trim_end());
        name = " ".repeat(9);
    }
}

/// Appends words without a name, wrapped.
pub(crate) fn paragraph(out: &mut String, words: &str) {
    for line in wrapped(words, WIDTH.saturating_sub(2)) {
        let _ = writeln!(out, "  {line}");
    }
}

/// Lines of at most `width` characters, unless a single word is longer.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if shown(line).saturating_add(shown(word)) < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

/// Characters that are seen: escape codes have no width.
fn shown(text: &str) -> usize {
    anstream::adapter::strip_str(text).map(|part| part.chars().count()).sum()
}

/// A count and what is counted.
pub(crate) fn count(number: impl ToString, one: &str) -> String {
    let number = number.to_string();
    let many = if number == "1" { "" } else { "s" };
    format!("{number} {one}{many}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_between_words_and_never_loses_one() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible", 4), ["incomprehensible"]);
        assert!(wrapped(" ", 4).is_empty());
        let coloured = crate::show::style::bold("one");
        assert_eq!(wrapped(&format!("{coloured} two three"), 8), [format!("{coloured} two"), "three".to_owned()]);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([count(0, "word"), count(1, "word"), count(2, "word")], ["0 words", "1 word", "2 words"]);
    }
}
