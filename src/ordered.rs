//! Maps and sets in one sorted list.
//!
//! Most of what is kept by key here arrives in ascending order, because every format demands it, or is small. For that a
//! list is enough, and a tree costs dearly where code is loaded over a network: each type of key and value brings its own
//! copy of it, four kilobytes of WebAssembly, twenty times. An entry that is not the last is moved into its place, so
//! **many entries in an order that somebody else chooses belong into a `BTreeMap`**, filled by [`tree_of`].

use alloc::collections::BTreeMap;
use alloc::vec::{self, Vec};
use core::borrow::Borrow;
use core::fmt;
use core::ops::{Bound, RangeBounds};
use core::slice;

/// A sorted list of keys with their values.
#[derive(Clone, PartialEq, Eq)]
pub struct Map<K, V>(Vec<(K, V)>);

impl<K: Ord, V> Map<K, V> {
    /// Without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        match self.0.last() {
            // In ascending order each entry belongs to the end.
            Some((last, _)) if last.borrow() < key => Err(self.0.len()),
            None => Err(0),
            _ => self.0.binary_search_by(|(other, _)| other.borrow().cmp(key)),
        }
    }

    /// Sets the value of a key and gives the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => self.0.get_mut(place).map(|(_, old)| core::mem::replace(old, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        self.0.get_mut(place).map(|(_, value)| value)
    }

    /// Whether the key has a value.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Takes a key out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(self.0.remove(place).1)
    }

    /// Entries whose keys lie in a range, ascending.
    pub fn range(&self, range: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let first = match range.start_bound() {
            Bound::Included(key) => self.0.partition_point(|(other, _)| other < key),
            Bound::Excluded(key) => self.0.partition_point(|(other, _)| other <= key),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(key) => self.0.partition_point(|(other, _)| other <= key),
            Bound::Excluded(key) => self.0.partition_point(|(other, _)| other < key),
            Bound::Unbounded => self.0.len(),
        };
        self.0.get(first..end).unwrap_or_default().iter().map(|(key, value)| (key, value))
    }

    /// The entry with the largest key.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.0.last().map(|(key, value)| (key, value))
    }
}

impl<K: Ord, T: Ord> Map<K, Set<T>> {
    /// Adds an item to the set of a key.
    pub fn add(&mut self, key: K, item: T) {
        match self.get_mut(&key) {
            Some(set) => {
                set.insert(item);
            }
            None => {
                self.insert(key, set_of([item]));
            }
        }
    }
}

impl<K, V> Map<K, V> {
    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries, ascending.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, ascending.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, ascending by key.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// The keys, ascending.
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> {
        self.0.into_iter().map(|(key, _)| key)
    }

    /// The values, ascending by key.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }
}

/// Entries by reference.
pub type Iter<'m, K, V> = core::iter::Map<slice::Iter<'m, (K, V)>, fn(&'m (K, V)) -> (&'m K, &'m V)>;

impl<'m, K, V> IntoIterator for &'m Map<K, V> {
    type Item = (&'m K, &'m V);
    type IntoIter = Iter<'m, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        map_of(entries)
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// A sorted list of items, each once.
#[derive(Clone, PartialEq, Eq)]
pub struct Set<T>(Map<T, ()>);

impl<T: Ord> Set<T> {
    /// Without items.
    #[must_use]
    pub const fn new() -> Self {
        Self(Map::new())
    }

    /// Adds an item; false where it was there.
    pub fn insert(&mut self, item: T) -> bool {
        self.0.insert(item, ()).is_none()
    }

    /// Whether the item is there.
    pub fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.contains_key(item)
    }

    /// Items in a range, ascending.
    pub fn range(&self, range: impl RangeBounds<T>) -> impl DoubleEndedIterator<Item = &T> {
        self.0.range(range).map(|(item, ())| item)
    }
}

impl<T> Set<T> {
    /// How many items there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The items, ascending.
    pub fn iter(&self) -> Items<'_, T> {
        self.0 .0.iter().map(|(item, ())| item)
    }

    /// The largest item.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.0 .0.last().map(|(item, ())| item)
    }
}

/// Items by reference.
pub type Items<'s, T> = core::iter::Map<slice::Iter<'s, (T, ())>, fn(&'s (T, ())) -> &'s T>;

impl<'s, T> IntoIterator for &'s Set<T> {
    type Item = &'s T;
    type IntoIter = Items<'s, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = core::iter::Map<vec::IntoIter<(T, ())>, fn((T, ())) -> T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(item, ())| item)
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        set_of(items)
    }
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Map::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

/// A map of `entries`; of two with one key the later stays.
#[must_use]
pub fn map_of<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> Map<K, V> {
    let mut map = Map::new();
    map.extend(entries);
    map
}

/// A set of `items`.
#[must_use]
pub fn set_of<T: Ord>(items: impl IntoIterator<Item = T>) -> Set<T> {
    let mut set = Set::new();
    set.extend(items);
    set
}

/// A tree of `entries`, one at a time: `collect` would sort them first, by a sort of its own for each type.
#[must_use]
pub fn tree_of<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut tree = BTreeMap::new();
    tree.extend(entries);
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    /// Keys in an order that is neither ascending nor descending, some of them twice.
    fn keys() -> impl Iterator<Item = u64> {
        (0..200u64).map(|i| i.wrapping_mul(7919) % 97)
    }

    #[test]
    fn a_map_and_a_tree_are_alike_in_everything_asked_of_them() {
        let (mut map, mut tree) = (Map::new(), BTreeMap::new());
        for (value, key) in keys().enumerate() {
            assert_eq!(map.insert(key, value), tree.insert(key, value));
        }
        for key in [0, 5, 96] {
            assert_eq!(map.remove(&key), tree.remove(&key));
            assert_eq!(map.remove(&key), None);
        }
        assert!(map.iter().eq(&tree) && map.keys().eq(tree.keys()) && map.values().eq(tree.values()));
        assert_eq!((map.len(), map.is_empty(), map.last_key_value()), (tree.len(), false, tree.last_key_value()));
        for key in 0..100 {
            assert_eq!((map.get(&key), map.contains_key(&key)), (tree.get(&key), tree.contains_key(&key)));
            assert!(map.range(key..).eq(tree.range(key..)) && map.range(..=key).eq(tree.range(..=key)));
            assert!(map.range(key..50.max(key)).eq(tree.range(key..50.max(key))));
        }
        assert!(map.clone().into_values().eq(tree.clone().into_values()) && map.into_keys().eq(tree.into_keys()));
    }

    #[test]
    fn a_set_holds_each_item_once_and_ascending() {
        let (set, tree) = (set_of(keys()), keys().collect::<BTreeSet<_>>());
        assert!(set.iter().eq(&tree) && set.range(40..).eq(tree.range(40..)));
        assert_eq!(
            (set.len(), set.last(), set.contains(&5), set.contains(&97)),
            (tree.len(), tree.last(), true, false)
        );
        assert!(set.into_iter().eq(tree));
    }

    #[test]
    fn an_item_is_added_to_the_set_of_its_key() {
        let mut map = Map::new();
        for (key, item) in [(2, 1), (1, 9), (2, 0), (2, 1)] {
            map.add(key, item);
        }
        assert_eq!(map, map_of([(1, set_of([9])), (2, set_of([0, 1]))]));
    }
}
