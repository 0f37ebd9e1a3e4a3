//! Where a text cites a document of docs/spec, and which places of it.
//!
//! A citation is the document's name and then, joined by commas, "and", "to" or a hyphen: sections
//! ("2.5"), labels of the last section ("P3", "(a')", "rule 4", "steps 1 to 5", a label in
//! quotation marks), and words in brackets that the section contains. Labels may also stand before
//! the name, joined to it by "of". The list ends where the text goes on otherwise.

/// A place within one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Section(String),
    /// In one of these sections.
    Label {
        sections: Vec<String>,
        label: String,
    },
    Words {
        section: String,
        words: String,
    },
    Anchor(String),
}

#[derive(Debug, PartialEq, Eq)]
pub struct Citation {
    pub line: usize,
    pub document: &'static str,
    /// As it stands in the text, comment marks and line breaks aside.
    pub words: String,
    pub places: Vec<Place>,
}

/// The words that announce labels without a letter of their own.
const ANNOUNCING: [&str; 10] = ["rule", "rules", "step", "steps", "level", "levels", "trap", "traps", "row", "rows"];
const COMMENT_MARKS: [&str; 4] = ["//!", "///", "//", "* "];

/// Every citation of a document of these `names`.
pub fn citations(text: &str, names: &[&'static str]) -> Vec<Citation> {
    let flat = Flat::new(text);
    let mut found = Vec::new();
    for &document in names {
        for (at, _) in flat.text.match_indices(document) {
            let (before, rest) = (&flat.text[..at], &flat.text[at + document.len()..]);
            if before.chars().next_back().is_some_and(belongs_to_a_name) || rest.starts_with(belongs_to_a_name) {
                continue;
            }
            let mut list = List { rest, places: Vec::new(), section: None };
            list.read();
            let (places, taken) = (list.places, rest.len() - list.rest.len());
            let places = with_labels_before(before, places);
            let words = format!("{document}{}", &rest[..taken]);
            found.push(Citation { line: flat.line_at(at), document, words, places });
        }
    }
    found
}

fn belongs_to_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// A text without its line breaks, since a comment may break a citation.
struct Flat {
    text: String,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl Flat {
    fn new(text: &str) -> Self {
        let mut flat = Self { text: String::new(), starts: Vec::new() };
        for line in text.lines() {
            flat.starts.push(flat.text.len());
            let line = line.trim();
            let line = COMMENT_MARKS.iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
            flat.text.push_str(line.trim());
            flat.text.push(' ');
        }
        flat
    }

    fn line_at(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at)
    }
}

/// The list behind a document's name, and how far it is read.
struct List<'a> {
    rest: &'a str,
    places: Vec<Place>,
    section: Option<String>,
}

impl<'a> List<'a> {
    fn read(&mut self) {
        if let Some(anchor) = self.rest.strip_prefix('#') {
            let end = anchor.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(anchor.len());
            self.places.push(Place::Anchor(anchor[..end].to_string()));
            self.rest = &anchor[end..];
            return;
        }
        let Some(first) = self.rest.strip_prefix(' ') else { return };
        if !self.takes_section(first.strip_prefix("section ").unwrap_or(first)) {
            return;
        }
        let mut counts = false;
        while let Some((joined, rest)) = joint(self.rest) {
            let announced = ANNOUNCING.iter().find_map(|word| rest.strip_prefix(word)?.strip_prefix(' '));
            counts |= announced.is_some();
            let is_section = joined && announced.is_none() && (!counts || has_dot(rest)) && self.takes_section(rest);
            counts &= !is_section;
            if !is_section && !self.takes_label(announced.unwrap_or(rest), counts, joined) {
                return;
            }
        }
    }

    fn takes_section(&mut self, text: &'a str) -> bool {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let number = text[..end].trim_end_matches('.');
        let rest = &text[number.len()..];
        if number.is_empty() || number.starts_with('.') || rest.starts_with(belongs_to_a_name_but_no_hyphen) {
            return false;
        }
        self.section = Some(number.to_string());
        self.places.push(Place::Section(number.to_string()));
        self.rest = rest;
        true
    }

    /// `counts`: after a word such as "step", a bare number is a label too.
    fn takes_label(&mut self, text: &'a str, counts: bool, joined: bool) -> bool {
        let Some(section) = self.section.clone() else { return false };
        let place = |label: &str| Place::Label { sections: vec![section.clone()], label: label.to_string() };
        let (place, rest) = if let Some(inner) = text.strip_prefix('(') {
            let Some((inner, rest)) = inner.split_once(')') else { return false };
            if is_short(inner) || is_number(inner) {
                (place(inner), rest)
            } else if !joined && inner.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '-')) {
                (Place::Words { section, words: inner.to_string() }, rest)
            } else {
                return false;
            }
        } else if let (Some(inner), false) = (text.strip_prefix('"'), joined) {
            let Some((inner, rest)) = inner.split_once('"') else { return false };
            (place(inner), rest)
        } else {
            let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '\'').unwrap_or(text.len());
            let (word, rest) = text.split_at(end);
            let fits = is_code(word) || counts && is_number(word) || is_short(word) && (counts || ends_or_joins(rest));
            if !fits {
                return false;
            }
            (place(word), rest)
        };
        self.places.push(place);
        self.rest = rest;
        true
    }
}

fn belongs_to_a_name_but_no_hyphen(c: char) -> bool {
    belongs_to_a_name(c) && c != '-'
}

/// What joins two items, taken off `text`; and whether it is more than a space.
fn joint(text: &str) -> Option<(bool, &str)> {
    for joint in [", and ", ", to ", " and ", " to ", ", ", "-", "–"] {
        if let Some(rest) = text.strip_prefix(joint) {
            return Some((true, rest));
        }
    }
    Some((false, text.strip_prefix(' ')?))
}

fn has_dot(text: &str) -> bool {
    let number = text.trim_start_matches(|c: char| c.is_ascii_digit());
    number.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// A capital letter and a number, as in P3.
fn is_code(word: &str) -> bool {
    word.strip_prefix(|c: char| c.is_ascii_uppercase()).is_some_and(is_number)
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// One small letter, perhaps with a mark: a or a'.
fn is_short(word: &str) -> bool {
    matches!(word.as_bytes(), [b'a'..=b'z'] | [b'a'..=b'z', b'\''])
}

/// Without this, the article in "2.5 a reader …" were a label.
fn ends_or_joins(rest: &str) -> bool {
    match rest.strip_prefix(" and ").or_else(|| rest.strip_prefix(" to ")) {
        Some(next) => next.split(|c: char| !c.is_ascii_alphanumeric()).next().is_some_and(is_short),
        None => !rest.starts_with(' ') || rest.trim().is_empty(),
    }
}

/// Adds the labels of "P1 to P7 and M13 of …"; they stand in one of the sections that follow.
fn with_labels_before(before: &str, mut places: Vec<Place>) -> Vec<Place> {
    let sections: Vec<String> = places
        .iter()
        .filter_map(|place| match place {
            Place::Section(number) => Some(number.clone()),
            _ => None,
        })
        .collect();
    let Some(before) = before.strip_suffix(" of ").filter(|_| !sections.is_empty()) else { return places };
    let (mut labels, mut numbers) = (Vec::new(), Vec::new());
    for word in before.rsplit(' ') {
        let word = word.trim_end_matches(',');
        if is_code(word) {
            labels.push(word);
        } else if is_number(word) {
            numbers.push(word);
        } else if ANNOUNCING.contains(&word) {
            labels.append(&mut numbers);
        } else if !matches!(word, "and" | "to") {
            break;
        }
    }
    places
        .extend(labels.into_iter().map(|label| Place::Label { sections: sections.clone(), label: label.to_string() }));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that no document has, so that the lint does not check this file's examples.
    const NAMES: [&str; 1] = ["law.md"];

    fn places(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for citation in citations(text, &NAMES) {
            found.extend(citation.places.into_iter().map(|place| match place {
                Place::Section(number) => number,
                Place::Label { sections, label } => format!("{}:{label}", sections.join("+")),
                Place::Words { section, words } => format!("{section}({words})"),
                Place::Anchor(id) => format!("#{id}"),
            }));
        }
        found
    }

    #[test]
    fn reads_every_form_of_a_list() {
        for (text, expected) in [
            ("law.md 2.5.", "2.5"),
            ("law.md 1.4, 1.8\"", "1.4 1.8"),
            ("law.md 6.4 and 6.5", "6.4 6.5"),
            ("law.md 2.3 to 2.5", "2.3 2.5"),
            ("law.md 1, 2.3-2.5.", "1 2.3 2.5"),
            ("law.md 6.4 P3\"", "6.4 6.4:P3"),
            ("law.md 2.4, 6.6 F15", "2.4 6.6 6.6:F15"),
            ("law.md 2 (a')\"", "2 2:a'"),
            ("law.md 2, rule a')", "2 2:a'"),
            ("law.md 2.3, 2.6 (2).", "2.3 2.6 2.6:2"),
            ("law.md 1.8 b and c)", "1.8 1.8:b 1.8:c"),
            ("law.md 2.5, steps 1 to 5.", "2.5 2.5:1 2.5:5"),
            ("law.md 2.3 rule 4, 2.5 steps 1 and 3.", "2.3 2.3:4 2.5 2.5:1 2.5:3"),
            ("law.md 2, M8 alone", "2 2:M8"),
            ("law.md 3.3 (numbers), 3.4 (fields).", "3.3 3.3(numbers) 3.4 3.4(fields)"),
            ("law.md 3.1 \"Concat (2)\".", "3.1 3.1:Concat (2)"),
            ("law.md section 9.", "9"),
            ("law.md#sec-2-5)", "#sec-2-5"),
            ("P1 to P7 and M13 of law.md 6.4 and 6.5", "6.4 6.5 6.4+6.5:M13 6.4+6.5:P7 6.4+6.5:P1"),
            ("levels 1 and 2 of law.md 2.5", "2.5 2.5:2 2.5:1"),
        ] {
            assert_eq!(places(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn a_list_ends_where_the_text_goes_on() {
        for (text, expected) in [
            ("law.md asks for", ""),
            ("(law.md 6). 0 is for scripts", "6"),
            ("law.md 2.5 a reader", "2.5"),
            ("law.md 2.5, steps of it", "2.5"),
            ("law.md 3.3, for example 0x48", "3.3"),
            ("law.md 2 (see 3, above)", "2"),
            ("law.md 1.4, seals; 2 more", "1.4"),
            ("slot 15 of law.md 2.2", "2.2"),
            ("outlaw.md 2.5, law.mdx 2.5", ""),
        ] {
            assert_eq!(places(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn a_comment_may_break_a_citation() {
        let found = citations("fn a() {}\n    //! Source: law.md 2.3 rule\n    //! 4, 2.5.\n", &NAMES);
        let [citation] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((citation.line, citation.words.as_str()), (2, "law.md 2.3 rule 4, 2.5"));
    }
}
