//! Maps and sets filled one entry at a time.
//!
//! `collect` into them sorts all entries first, and every type of entry brings a sort of its own: four kilobytes of
//! WebAssembly each, which browsers would have to load.

use alloc::collections::{BTreeMap, BTreeSet};

/// A map of `entries`; of two with one key the later stays.
#[must_use]
pub fn map_of<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(entries);
    map
}

/// A set of `items`.
#[must_use]
pub fn set_of<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}
