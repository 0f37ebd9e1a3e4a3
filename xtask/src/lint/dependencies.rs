//! Every crate in the core can turn a wrong verdict right, so each one is let in on purpose: by a line in a file.

use crate::shell::{self, cargo, output, root};
use std::collections::BTreeSet;

const LIST: &str = "tests/budgets/core-dependencies.txt";

/// Compares the crates that the core is built from, with every feature on, with the committed list.
pub fn check() -> shell::Result {
    let tree = output(&mut cargo("tree -p spanlight -e normal --prefix none --all-features"))?;
    let tree = String::from_utf8_lossy(&tree);
    let used = names(&tree);
    let text = std::fs::read_to_string(root().join(LIST)).map_err(|e| format!("{LIST}: {e}"))?;
    let listed = names(&text);
    if used == listed {
        return Ok(());
    }
    let added = used.difference(&listed).map(|name| format!("{name}: used but not listed in {LIST}\n"));
    let gone = listed.difference(&used).map(|name| format!("{name}: listed in {LIST} but not used\n"));
    Err(added.chain(gone).collect())
}

/// The first word of each line, without comments and without the core itself.
fn names(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or(line));
    lines.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "spanlight").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_from_a_tree_and_from_a_list() {
        let tree = names("spanlight v0.1.0 (path)\nrlp v0.6.1\nserde v1.0.0\nrlp v0.6.1 (*)\n\n");
        assert_eq!(tree, names("# about\nrlp # encoding\n\nserde\n"));
    }
}
