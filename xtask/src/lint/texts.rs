//! No file may name a folder of one person's machine, nor say that it is unfinished.

use crate::shell::{self, output, root};
use std::fmt::Write as _;

/// Folders that exist on one machine only. They are joined with slashes when used, or this file would report itself.
const MACHINE_FOLDERS: [&str; 4] = ["work", "root", "tmp/wt", "farm"];
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACROS: [&str; 2] = [concat!("to", "do!("), concat!("unimpl", "emented!(")];

/// Checks every file that git tracks or would add.
pub fn check() -> shell::Result {
    let listed = output(&mut shell::program("git", "ls-files -z --cached --others --exclude-standard"))?;
    let mut found = String::new();
    for name in String::from_utf8_lossy(&listed).split_terminator('\0') {
        // A tracked file may be gone from the work tree, and bytes that are no text hold no words.
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        for (number, line) in (1..).zip(text.lines()) {
            for problem in problems_of(line) {
                let _ = writeln!(found, "{name}:{number}: {problem}");
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(found)
}

fn problems_of(line: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for folder in MACHINE_FOLDERS {
        if has_path(line, &format!("/{folder}/")) {
            problems.push(format!("path of one machine: /{folder}/"));
        }
    }
    for mark in MARKS.into_iter().filter(|mark| has_word(line, mark)) {
        problems.push(format!("unfinished: {mark}"));
    }
    for call in MACROS.into_iter().filter(|call| line.contains(call)) {
        problems.push(format!("unfinished: {call}"));
    }
    problems
}

/// Whether `path` begins somewhere in `line`; after a name it is only the middle of a longer path or of an address.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| is_word(c) || c == '.')
    })
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_path_of_one_machine() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(problems_of(&format!("read /{folder}/x")).len(), 1);
            assert_eq!(problems_of(&format!("/{folder}/")).len(), 1);
        }
    }

    #[test]
    fn allows_folders_of_the_repository_and_web_addresses() {
        for line in ["tests/work/x", "./root/x", "https://host.example/root/x", "/workers/x", "network"] {
            assert!(problems_of(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn finds_marks_as_words_only() {
        for mark in MARKS {
            assert_eq!(problems_of(&format!("// {mark}: later")).len(), 1);
            assert!(problems_of(&format!("A{mark}S")).is_empty());
        }
        for call in MACROS {
            assert_eq!(problems_of(&format!("    {call})")).len(), 1);
        }
    }
}
