//! A reader of a citation must find the cited place of the specification: its section and its
//! label exist in docs/spec, and so does each anchor that a link names.

mod citation;
mod document;

use crate::shell::{self, output, root};
use citation::{citations, Citation, Place};
use document::Document;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const FOLDER: &str = "docs/spec";
/// The documents, by the name under which they are cited.
const NAMES: [&str; 5] = ["chain.md", "bridge.md", "claims.md", "public.md", "node.md"];

type Documents = BTreeMap<&'static str, Document>;

/// Checks the documents, and every citation in every file that git tracks or would add.
pub fn check() -> shell::Result {
    let mut documents = Documents::new();
    let mut found = String::new();
    for name in NAMES {
        let path = format!("{FOLDER}/{name}");
        let text = std::fs::read_to_string(root().join(&path)).map_err(|e| format!("{path}: {e}"))?;
        let document = Document::read(&text);
        for (line, problem) in &document.problems {
            let _ = writeln!(found, "{path}:{line}: {problem}");
        }
        documents.insert(name, document);
    }
    let listed = output(&mut shell::program("git", "ls-files -z --cached --others --exclude-standard"))?;
    for name in String::from_utf8_lossy(&listed).split_terminator('\0') {
        // A tracked file may be gone from the work tree, and bytes that are no text cite nothing.
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        let own = name.strip_prefix(FOLDER).and_then(|rest| documents.get(rest.trim_start_matches('/')));
        for (line, problem) in problems_of(&text, own, &documents) {
            let _ = writeln!(found, "{name}:{line}: {problem}");
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(found)
}

/// What `text` cites in vain. `own` is the document whose anchors a link without a file name means.
fn problems_of(text: &str, own: Option<&Document>, documents: &Documents) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    for Citation { line, document, words, places } in citations(text, &NAMES) {
        let Some(known) = documents.get(document) else { continue };
        for problem in places.iter().filter_map(|place| known.lacks(place)) {
            problems.push((line, format!("`{words}`: {FOLDER}/{document} has {problem}")));
        }
    }
    if let Some(own) = own {
        for (line, anchor) in links_within(text) {
            if let Some(problem) = own.lacks(&Place::Anchor(anchor.to_string())) {
                problems.push((line, format!("`#{anchor}`: this document has {problem}")));
            }
        }
    }
    problems
}

/// The anchors of links into the same file.
fn links_within(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).flat_map(|(line, content)| {
        content.split("](#").skip(1).filter_map(move |rest| Some((line, rest.split_once(')')?.0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<a id=\"sec-1\"></a>\n\n## 1. One\n\n<a id=\"sec-1-4\"></a>\n\n### 1.4 Rules\n\n\
                        | <a id=\"h4\"></a>**H4** | time |\n\n<a id=\"sec-2\"></a>\n\n## 2. Two\n\n\
                        <a id=\"sec-2-a-prime\"></a>**(a')** text\n";

    fn problems(text: &str) -> Vec<(usize, String)> {
        let document = Document::read(TEXT);
        assert_eq!(document.problems, []);
        problems_of(text, None, &Documents::from([("chain.md", document)]))
    }

    /// A citation of the document above. It stands in no text of this file, or the lint would check
    /// it.
    fn cited(rest: &str) -> String {
        format!("line\n// Source: {}{rest}", NAMES[0])
    }

    #[test]
    fn finds_what_is_cited_and_exists() {
        for rest in ["", " 1", " 1.4", " 1.4 H4", " 1.4, H4", " 1, 2", " 1 to 2", " 2 (a').", " 2 (text)", "#h4)"] {
            assert_eq!(problems(&cited(rest)), [], "{rest}");
        }
    }

    #[test]
    fn names_line_and_citation_of_what_does_not_exist() {
        for rest in [" 3", " 1.5", " 1.4 H5", " 1, 3", " 1 to 3", " 2 (b)", " 2 (words)", " 2 H4", "#h5)"] {
            let found = problems(&cited(rest));
            let [(line, problem)] = found.as_slice() else { panic!("{rest}: {found:?}") };
            assert_eq!(*line, 2, "{rest}");
            assert!(problem.starts_with(&format!("`{}", NAMES[0])), "{problem}");
        }
    }

    #[test]
    fn links_within_a_document_must_lead_somewhere() {
        let document = Document::read(TEXT);
        let documents = Documents::new();
        assert_eq!(problems_of("see [1.4](#sec-1-4)", Some(&document), &documents), []);
        assert_eq!(problems_of("\nsee [1.5](#sec-1-5)", Some(&document), &documents).len(), 1);
        assert_eq!(problems_of("see [1.5](#sec-1-5)", None, &documents), []);
    }
}
