//! The folder of evidence, and which bundles still find a place in it.
//!
//! Whoever has a stolen key decides how many votes there are to be proven false, and each bundle carries all headers since the
//! checkpoint. A full disk would stop this operator's own votes, so a few bundles of the same operators are enough, and the
//! folder as a whole has an end. Everything is counted from the folder itself: a restart forgets nothing, and whoever moves
//! evidence away makes place.

use spanlight::{keccak256, Address};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Bundles of mere votes of the same operators.
const MOST_ATTEMPTED: u64 = 8;
/// Bundles of executions of one kind by the votes of the same operators.
const MOST_EXECUTED: u64 = 64;

/// What a bundle proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case<'v> {
    /// The code of the verdict.
    pub(crate) kind: &'v str,
    /// Whether something was executed.
    pub(crate) executed: bool,
    pub(crate) culprits: &'v [Address],
}

impl Case<'_> {
    /// The operators and the kind, as the ending of a file's name.
    pub(crate) fn group(&self) -> String {
        let text = self.to_string();
        let digest = keccak256(text.as_bytes()).to_string();
        let short: String = digest.trim_start_matches("0x").chars().take(16).collect();
        format!("{}-{short}", self.kind)
    }
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut culprits = self.culprits.to_vec();
        culprits.sort_unstable();
        let names: Vec<String> = culprits.iter().map(Address::to_string).collect();
        write!(f, "{} {}", self.kind, names.join(" "))
    }
}

/// Why a bundle is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    #[error("{0} bundles of the same operators and kind are kept")]
    Enough(u64),
    #[error("the evidence folder is full (evidence_max_mb)")]
    Full,
    #[error("not written: {0}")]
    Io(#[from] io::Error),
}

/// What the folder holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    bytes: u64,
    /// Bundles of the same operators and kind.
    alike: u64,
}

impl Held {
    /// Whether `size` bytes more find a place. Mere votes leave a quarter of the folder to executions, and the first bundle of
    /// each set of operators may go where further ones may not: no one fills the folder with his own before others are shown.
    fn take(self, executed: bool, size: u64, most: u64) -> Result<(), NotKept> {
        let enough = if executed { MOST_EXECUTED } else { MOST_ATTEMPTED };
        if self.alike >= enough {
            return Err(NotKept::Enough(enough));
        }
        let eighths = match (executed, self.alike) {
            (true, 0) => 8,
            (true, _) => 7,
            (false, 0) => 6,
            (false, _) => 4,
        };
        let place = (most >> 3_u32).saturating_mul(eighths);
        if self.bytes.saturating_add(size) > place {
            return Err(NotKept::Full);
        }
        Ok(())
    }
}

/// The folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Folder<'c> {
    pub(crate) path: &'c Path,
    pub(crate) most_bytes: u64,
}

impl Folder<'_> {
    /// Writes the files of a case beside each other, as `stem` and their endings; the last one is the bundle. Gives its path.
    pub(crate) fn keep(&self, stem: &str, case: &Case<'_>, files: &[(&str, Vec<u8>)]) -> Result<PathBuf, NotKept> {
        let path = |ending: &str| self.path.join(format!("{stem}.{ending}"));
        let bundle = path(files.last().map_or("", |(ending, _)| ending));
        let group = case.group();
        fs::create_dir_all(self.path)?;
        let mark = path(&group);
        if mark.exists() && bundle.exists() {
            return Ok(bundle);
        }
        let size = files.iter().map(|(_, bytes)| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let size = size.fold(0u64, u64::saturating_add);
        self.held(&group, &mark)?.take(case.executed, size, self.most_bytes)?;
        // The mark comes first: whoever dies in between has counted too many, never too few.
        write_whole(&mark, case.to_string().as_bytes())?;
        for (ending, bytes) in files {
            write_whole(&path(ending), bytes)?;
        }
        Ok(bundle)
    }

    /// What is there, except for `mark`.
    fn held(&self, group: &str, mark: &Path) -> io::Result<Held> {
        let ending = format!(".{group}");
        let mut held = Held::default();
        for entry in fs::read_dir(self.path)? {
            let entry = entry?;
            let found = entry.metadata()?;
            if !found.is_file() {
                continue;
            }
            held.bytes = held.bytes.saturating_add(found.len());
            if entry.path() != mark && entry.file_name().to_string_lossy().ends_with(&ending) {
                held.alike = held.alike.saturating_add(1);
            }
        }
        Ok(held)
    }
}

/// Most sets of operators whose further cases are counted.
const MOST_COUNTED: usize = 256;

/// How many cases a session saw whose evidence is not kept.
#[derive(Debug, Default)]
pub(crate) struct Further(BTreeMap<String, u64>);

impl Further {
    /// Counts one more; gives how many there are like it.
    pub(crate) fn count(&mut self, case: &Case<'_>) -> u64 {
        let group = case.group();
        if self.0.len() >= MOST_COUNTED && !self.0.contains_key(&group) {
            self.0.pop_first();
        }
        let count = self.0.entry(group).or_default();
        *count = count.saturating_add(1);
        *count
    }
}

/// A file is there as a whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests;
