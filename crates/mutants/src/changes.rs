//! Which changes there are, as cargo-mutants lists them.

use crate::results::Results;
use crate::Result;
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

const INSTALL: &str = "cargo install --locked cargo-mutants --version 27.1.0";

/// Where the rules stand.
const RULES: [&str; 4] = ["src/verify/*.rs", "src/consensus/*.rs", "src/header/rules.rs", "src/header/base_fee.rs"];

/// A change that switches a rule off: it always holds, or what it gives is empty.
const SWITCHED_OFF: &str = " with Ok(";

/// Which changes a run makes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Part {
    /// Rules switched off one by one.
    Switches,
    /// Every place of the rules.
    Rules,
    /// Every place of the core.
    Core,
    /// What no test noticed in the run before.
    Missed,
}

impl Part {
    pub(crate) fn named(name: &str) -> Result<Self> {
        match name {
            "switches" => Ok(Self::Switches),
            "rules" => Ok(Self::Rules),
            "core" => Ok(Self::Core),
            "missed" => Ok(Self::Missed),
            _ => Err(format!("no such part: {name}")),
        }
    }
}

/// One change of one place.
#[derive(Deserialize)]
pub(crate) struct Change {
    /// Switches the change on. Numbers are given after the list was read, from 1; 0 stands for no
    /// change.
    #[serde(skip)]
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) genre: String,
    pub(crate) replacement: String,
    pub(crate) span: Span,
    function: Option<Function>,
}

#[derive(Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Position,
    pub(crate) end: Position,
}

/// Counted from 1, in characters.
#[derive(Deserialize, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

#[derive(Deserialize)]
struct Function {
    return_type: String,
}

impl Change {
    /// The name without line and column, which move when a test is added above.
    pub(crate) fn lasting_name(&self) -> String {
        lasting(&self.name)
    }

    /// Whether the change switches a rule off. These run first.
    pub(crate) fn switches_off(&self) -> bool {
        self.name.contains(SWITCHED_OFF)
    }

    /// Whether a `return` of the replacement is all that the change is: where it does not compile,
    /// the change does not.
    pub(crate) fn is_a_return(&self) -> bool {
        let opaque = self.function.as_ref().is_some_and(|function| function.return_type.contains("impl "));
        self.genre == "FnValue" && !opaque
    }
}

pub(crate) fn lasting(name: &str) -> String {
    let mut words = name.splitn(4, ':');
    let file = words.next().unwrap_or(name);
    format!("{file}:{}", words.nth(2).unwrap_or_default())
}

/// Lists the changes of a part.
pub(crate) fn listed(root: &Path, part: Part, results: &Results) -> Result<Vec<Change>> {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["mutants", "--list", "--json", "--package", "spanlight"]);
    if matches!(part, Part::Switches | Part::Rules) {
        command.args(RULES.iter().flat_map(|files| ["--file", files]));
    }
    let output = command.output().map_err(|e| format!("cargo does not start: {e}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo mutants: {}: {said}\nWhere it is missing: {INSTALL}", output.status));
    }
    let mut changes: Vec<Change> =
        serde_json::from_slice(&output.stdout).map_err(|e| format!("list of cargo mutants: {e}"))?;
    match part {
        Part::Switches => changes.retain(Change::switches_off),
        Part::Missed => changes.retain(|change| results.missed_before(&change.lasting_name())),
        Part::Rules | Part::Core => {}
    }
    for (number, change) in (1..).zip(&mut changes) {
        change.number = number;
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::lasting;

    #[test]
    fn a_name_lasts_when_lines_move() {
        let name = "src/a.rs:12:5: replace x::y -> Result<()> with Ok(())";
        assert_eq!(lasting(name), "src/a.rs: replace x::y -> Result<()> with Ok(())");
        assert_eq!(lasting(name), lasting(&name.replace(":12:", ":13:")));
    }
}
