//! What became of each change. Each line is written at once: a run that is interrupted goes on
//! where it was.

use crate::changes::{lasting, Change, Part};
use crate::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What the tests say of a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// A test failed.
    Noticed,
    /// The tests did not end: nothing would pass with that change.
    OutOfTime,
    /// All tests passed.
    Missed,
    /// No test runs that place.
    Unreached,
    /// The change does not compile.
    Unviable,
    /// It cannot be put behind a number: cargo-mutants makes it by itself.
    Left,
}

use Outcome::{Left, Missed, Noticed, OutOfTime, Unreached, Unviable};
const WORDS: [(Outcome, &str); 6] = [
    (Noticed, "noticed"),
    (OutOfTime, "out_of_time"),
    (Missed, "missed"),
    (Unreached, "unreached"),
    (Unviable, "unviable"),
    (Left, "left"),
];

/// The file of results.
pub(crate) struct Results {
    path: PathBuf,
    known: BTreeMap<String, Outcome>,
    missed_before: BTreeSet<String>,
}

impl Results {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let known: BTreeMap<String, Outcome> = text.lines().filter_map(entry).collect();
        let unseen = known.iter().filter(|(_, outcome)| matches!(outcome, Missed | Unreached | Left));
        let missed_before = unseen.map(|(name, _)| lasting(name)).collect();
        Ok(Self { path: path.to_path_buf(), known, missed_before })
    }

    /// Whether no test noticed the change when this program started, by a name that lasts.
    pub(crate) fn missed_before(&self, name: &str) -> bool {
        self.missed_before.contains(name)
    }

    pub(crate) fn known(&self, change: &Change) -> Option<Outcome> {
        self.known.get(&change.name).copied()
    }

    pub(crate) fn note(&mut self, change: &Change, outcome: Outcome, by: &str) -> Result {
        self.known.insert(change.name.clone(), outcome);
        let word = WORDS.iter().find(|(known, _)| *known == outcome).map_or("", |(_, word)| word);
        self.append(&format!("{word}\t{}\t{by}\t{}\n", change.name, change.number))
    }
}

impl Results {
    /// Starts a file for these sources, or goes on with it. The file about other sources is kept
    /// beside it.
    pub(crate) fn begin(&mut self, part: Part, digest: &str, changes: &[Change]) -> Result {
        let first = format!("# sources {digest}");
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        if !text.starts_with(&first) {
            self.known.clear();
            if !text.is_empty() {
                let before = self.path.with_extension("before.tsv");
                std::fs::rename(&self.path, &before).map_err(|e| format!("{}: {e}", before.display()))?;
            }
            self.append(&format!("{first}\n"))?;
        }
        if part == Part::Missed {
            // An interrupted run must not forget what it did not come to.
            for change in changes {
                self.note(change, Missed, "before")?;
                self.known.remove(&change.name);
            }
        }
        Ok(())
    }

    fn append(&self, line: &str) -> Result {
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(|e| format!("{}: {e}", self.path.display()))
    }

    /// Prints how many changes came to what, and names those that no test noticed.
    pub(crate) fn summary(&self, changes: &[Change]) {
        for change in changes.iter().filter(|change| matches!(self.known(change), Some(Missed | Unreached))) {
            println!("missed: {}", change.name);
        }
        for (outcome, word) in WORDS {
            println!("{word}: {}", changes.iter().filter(|change| self.known(change) == Some(outcome)).count());
        }
        println!("each change: {}", self.path.display());
    }
}

/// A line of the file: what became of a change, its name, the test that noticed it, and its number
/// in that run.
fn entry(line: &str) -> Option<(String, Outcome)> {
    let mut words = line.split('\t');
    let word = words.next()?;
    let (outcome, _) = WORDS.iter().find(|(_, known)| *known == word)?;
    Some((words.next()?.to_owned(), *outcome))
}
