//! What a document of docs/spec offers to be cited: sections, labels and anchors.
//!
//! A section is a heading that begins with its number. A label is bold text behind an anchor (`<a
//! id="p3"></a>**P3 Votes**`), the number of a list item, or the number in a table's first cell.

use super::citation::Place;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub struct Document {
    /// By number, in the form "2.5".
    sections: BTreeMap<String, Section>,
    anchors: BTreeSet<String>,
    /// Line and words of what the document itself does wrong.
    pub problems: Vec<(usize, String)>,
}

#[derive(Debug, Default)]
struct Section {
    /// In lower case, without brackets.
    labels: BTreeSet<String>,
    /// In lower case, all white space single.
    text: String,
}

impl Document {
    pub fn read(text: &str) -> Self {
        let mut document = Self::default();
        let mut current = String::new();
        for (line, content) in (1..).zip(text.lines()) {
            if let Some(number) = section_number(content) {
                document.add_section(line, number);
                current = number.to_string();
            }
            for anchor in anchors_in(content) {
                if !document.anchors.insert(anchor.id.to_string()) {
                    document.problems.push((line, format!("anchor `{}` stands here a second time", anchor.id)));
                }
                document.add_labels(line, &current, &anchor);
            }
            if let Some(section) = document.sections.get_mut(&current) {
                section.labels.extend(item_number(content).map(str::to_string));
                section.text.extend(content.split_whitespace().flat_map(|word| [word, " "]).map(str::to_lowercase));
            }
        }
        document
    }

    /// Readers follow a citation by its anchor, so each section has the anchor that its number
    /// gives.
    fn add_section(&mut self, line: usize, number: &str) {
        let anchor = format!("sec-{}", number.replace('.', "-"));
        if !self.anchors.contains(&anchor) {
            self.problems.push((line, format!("section {number} has no anchor `{anchor}` above its heading")));
        }
        if self.sections.insert(number.to_string(), Section::default()).is_some() {
            self.problems.push((line, format!("section {number} stands here a second time")));
        }
    }

    fn add_labels(&mut self, line: usize, section: &str, anchor: &Anchor) {
        let (Some(section), Some(bold)) = (self.sections.get_mut(section), anchor.bold) else { return };
        let full = bold.trim_end_matches(['.', ':']).to_lowercase();
        let first = full.split_whitespace().next().unwrap_or_default().trim_matches(['(', ')', '.', ':']).to_string();
        if is_code(&first) && anchor.id != first && !anchor.id.starts_with("sec-") {
            self.problems.push((line, format!("the anchor of label {first} is `{}`", anchor.id)));
        }
        section.labels.extend([first, full]);
    }

    /// What is missing if the document does not have `place`.
    pub fn lacks(&self, place: &Place) -> Option<String> {
        match place {
            Place::Section(number) => (!self.sections.contains_key(number)).then(|| format!("no section {number}")),
            Place::Anchor(id) => (!self.anchors.contains(id)).then(|| format!("no anchor {id}")),
            Place::Label { sections, label } => {
                let wanted = label.to_lowercase();
                let mut within = sections.iter().flat_map(|section| self.within(section));
                let has = within.any(|section| section.labels.contains(&wanted));
                (!has).then(|| format!("no label {label} in section {}", sections.join(" or ")))
            }
            Place::Words { section, words } => {
                let wanted = words.to_lowercase();
                let has = self.within(section).any(|section| section.text.contains(&wanted));
                (!has).then(|| format!("no words ({words}) in section {section}"))
            }
        }
    }

    /// A section and those within it.
    fn within<'a>(&'a self, number: &'a str) -> impl Iterator<Item = &'a Section> + 'a {
        self.sections.iter().filter_map(move |(known, section)| {
            let rest = known.strip_prefix(number)?;
            (rest.is_empty() || rest.starts_with('.')).then_some(section)
        })
    }
}

/// A letter and a number, as in P3.
fn is_code(label: &str) -> bool {
    let mut letters = label.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.clone().next().is_some()
        && letters.all(|c| c.is_ascii_digit())
}

/// The number with which a heading begins.
fn section_number(line: &str) -> Option<&str> {
    let heading = line.strip_prefix("##")?.trim_start_matches('#').strip_prefix(' ')?;
    let number = heading.split(' ').next()?.trim_end_matches('.');
    let is_number = number.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    is_number.then_some(number)
}

/// The number of a list item or of a table row.
fn item_number(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let number = match line.strip_prefix("| ") {
        Some(row) => row.split_once(" |")?.0,
        None => line.split_once(". ")?.0,
    };
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

struct Anchor<'a> {
    id: &'a str,
    /// The bold text right behind it.
    bold: Option<&'a str>,
}

fn anchors_in(line: &str) -> impl Iterator<Item = Anchor<'_>> {
    line.split("<a id=\"").skip(1).filter_map(|rest| {
        let (id, rest) = rest.split_once("\"></a>")?;
        let bold = rest.strip_prefix("**").and_then(|rest| Some(rest.split_once("**")?.0));
        Some(Anchor { id, bold })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(section: &str, label: &str) -> Place {
        Place::Label { sections: vec![section.to_string()], label: label.to_string() }
    }

    #[test]
    fn reads_labels_of_all_kinds() {
        let text = "<a id=\"sec-3\"></a>\n## 3. Three\n<a id=\"p3\"></a>**P3 Votes.** words\n1. first\n  2. <a id=\"v2\">\
                    </a>**V2** second\n| 17 | row |\n<a id=\"sec-3-a\"></a>**(a)** x\n<a id=\"sec-3-one\"></a>**One (1)** y\n";
        let document = Document::read(text);
        assert_eq!(document.problems, []);
        for known in ["P3", "P3 Votes", "1", "2", "V2", "17", "a", "One (1)"] {
            assert_eq!(document.lacks(&label("3", known)), None, "{known}");
        }
        assert!(document.lacks(&label("3", "P4")).is_some());
        assert!(document.lacks(&label("4", "P3")).is_some());
    }

    #[test]
    fn a_section_holds_the_labels_of_those_within_it() {
        let text = "<a id=\"sec-1\"></a>\n## 1. x\n<a id=\"sec-1-2\"></a>\n### 1.2 y\n<a id=\"h1\"></a>**H1**\n\
                    <a id=\"sec-12\"></a>\n## 12. z\n<a id=\"h2\"></a>**H2**\n";
        let document = Document::read(text);
        assert_eq!(document.lacks(&label("1", "H1")), None);
        assert!(document.lacks(&label("1", "H2")).is_some());
    }

    #[test]
    fn tells_what_a_document_does_wrong() {
        for (text, what) in [
            ("## 1. One\n", "no anchor"),
            ("<a id=\"sec-1\"></a>\n## 1. One\n## 1. Again\n", "a second time"),
            ("<a id=\"x\"></a>\n<a id=\"x\"></a>\n", "a second time"),
            ("<a id=\"sec-1\"></a>\n## 1. One\n<a id=\"p4\"></a>**P3**\n", "label p3"),
        ] {
            let problems = Document::read(text).problems;
            assert!(problems.iter().any(|(_, problem)| problem.contains(what)), "{text}: {problems:?}");
        }
    }
}
