//! The copy of the repository that is changed: the work tree itself never is.

use crate::Result;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A copy of all files that git knows, with the core's sources kept aside.
pub(crate) struct Copy {
    pub(crate) root: PathBuf,
    /// The unchanged text of each file of the core, by its path in the repository.
    pub(crate) core: BTreeMap<String, String>,
    /// Changes with every file that is built or tested.
    pub(crate) digest: String,
}

/// What the copy's core asks whether a change is switched on.
const SWITCH: &str = include_str!("switch.rs.txt");

/// Copies what git knows, but for the core, which [`Copy::write_core`] writes.
pub(crate) fn sources(root: &Path, to: &Path) -> Result<Copy> {
    let listed = Command::new("git").current_dir(root).args(["ls-files", "-z"]).output();
    let listed = listed.map_err(|e| format!("git does not start: {e}"))?;
    let mut core = BTreeMap::new();
    let mut hasher = DefaultHasher::new();
    for path in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
        // A file that was deleted and not yet committed is still listed.
        let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
        if path.starts_with("src/") && path.ends_with(".rs") {
            (path, &bytes).hash(&mut hasher);
            core.insert(path.to_owned(), String::from_utf8(bytes).map_err(|e| format!("{path}: {e}"))?);
        } else {
            if path.starts_with("crates/forge/") || path.starts_with("tests/") {
                (path, &bytes).hash(&mut hasher);
            }
            write(&to.join(path), &bytes)?;
        }
    }
    Ok(Copy { root: to.to_path_buf(), core, digest: format!("{:016x}", hasher.finish()) })
}

impl Copy {
    /// Writes the core with some of its files changed, and the switch that the changes ask.
    pub(crate) fn write_core(&self, changed: &BTreeMap<&str, String>) -> Result {
        for (path, text) in &self.core {
            let text = changed.get(path.as_str()).unwrap_or(text);
            let switch = if path == "src/lib.rs" { "\nmod mutants;\n" } else { "" };
            write(&self.root.join(path), format!("{text}{switch}").as_bytes())?;
        }
        write(&self.root.join("src/mutants.rs"), SWITCH.as_bytes())
    }
}

/// Leaves a file that is already there alone, so that cargo does not build it again.
fn write(path: &Path, bytes: &[u8]) -> Result {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, bytes));
    written.map_err(|e| format!("{}: {e}", path.display()))
}
