//! Every guarantee of docs/trust.md names the check that gives it and a test that fails without it:
//! both must exist.
//!
//! A table counts where its header ends with the columns `Check` and `Test`. The names stand in
//! backticks: rule ids or codes that some source of the core holds as text, and test functions of
//! any crate.

use crate::shell::{self, output, root};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const DOCUMENT: &str = "docs/trust.md";
const COLUMNS: [&str; 2] = ["Check", "Test"];

/// Checks the document against the sources that git tracks.
pub fn check() -> shell::Result {
    let text = std::fs::read_to_string(root().join(DOCUMENT)).map_err(|e| format!("{DOCUMENT}: {e}"))?;
    let (mut checks, mut tests) = (BTreeSet::new(), BTreeSet::new());
    let listed = output(&mut shell::program("git", "ls-files -z *.rs"))?;
    for name in String::from_utf8_lossy(&listed).split_terminator('\0') {
        let Ok(source) = std::fs::read_to_string(root().join(name)) else { continue };
        tests.extend(test_functions(&source));
        if name.starts_with("src/") {
            checks.extend(texts(&source));
        }
    }
    let rows = rows(&text);
    if rows.is_empty() {
        return Err(format!("{DOCUMENT}: no table ends with the columns {}", COLUMNS.join(" and ")));
    }
    let mut found = String::new();
    for row in rows {
        for (column, names, known) in [("Check", row.checks, &checks), ("Test", row.tests, &tests)] {
            if names.is_empty() {
                let _ = writeln!(found, "{DOCUMENT}:{}: the row names nothing in the column {column}", row.line);
            }
            for name in names.iter().filter(|name| !known.contains(*name)) {
                let _ = writeln!(found, "{DOCUMENT}:{}: `{name}` ({column}) does not exist", row.line);
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(found)
}

/// One row of a table of guarantees.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    line: usize,
    checks: Vec<String>,
    tests: Vec<String>,
}

fn rows(text: &str) -> Vec<Row> {
    let (mut rows, mut inside) = (Vec::new(), false);
    for (line, content) in (1..).zip(text.lines()) {
        let Some(content) = content.strip_prefix('|') else {
            inside = false;
            continue;
        };
        let cells: Vec<&str> = content.trim_end().trim_end_matches('|').split('|').map(str::trim).collect();
        let [.., check, test] = cells.as_slice() else { continue };
        if [*check, *test] == COLUMNS {
            inside = true;
        } else if inside && !check.starts_with("---") {
            rows.push(Row { line, checks: in_backticks(check), tests: in_backticks(test) });
        }
    }
    rows
}

fn in_backticks(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_string).collect()
}

/// Functions that follow a line `#[test]`.
fn test_functions(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut lines = source.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line != "#[test]" {
            continue;
        }
        let function = lines.by_ref().find(|line| !line.starts_with('#') && !line.starts_with("//"));
        let name = function.and_then(|line| line.strip_prefix("fn ")?.split_once('('));
        names.extend(name.map(|(name, _)| name.to_string()));
    }
    names
}

/// Everything between quotation marks.
fn texts(source: &str) -> Vec<String> {
    source.lines().flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_string)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_rows_of_tables_that_name_checks_and_tests() {
        let text = "| a | b |\n|---|---|\n| `x` | `y` |\n\n| Verdict | Check | Test |\n| --- | --- | --- |\n\
                    | v | `M5`, `a.b` | `some_test` |\nend\n| w | `M6` | `t` |\n";
        let row = Row { line: 7, checks: vec!["M5".into(), "a.b".into()], tests: vec!["some_test".into()] };
        assert_eq!(rows(text), [row]);
    }

    #[test]
    fn only_functions_that_are_tests_count() {
        let source = "#[test]\n/// Words.\n#[cfg(unix)]\nfn shown() {\n}\nfn helper() {}\n";
        assert_eq!(test_functions(source), ["shown"]);
    }
}
