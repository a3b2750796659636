//! A table with a memory of what the open transaction changed, so that it can be undone.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::RangeBounds;

/// Rows by their key, in its order.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    /// What stood under each key before it was changed, the first change first.
    before: Vec<(K, Option<V>)>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Table { rows: BTreeMap::new(), before: Vec::new() }
    }
}

impl<K: Ord + Clone, V> Table<K, V> {
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.rows.get(key)
    }

    pub(super) fn has<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.rows.contains_key(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.values()
    }

    pub(super) fn range(
        &self,
        keys: impl RangeBounds<K>,
    ) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.rows.range(keys)
    }

    pub(super) fn last(&self) -> Option<&K> {
        self.rows.last_key_value().map(|(key, _)| key)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds a row, or replaces the one that stands under the key.
    pub(super) fn put(&mut self, key: K, row: V) {
        let old = self.rows.insert(key.clone(), row);
        self.before.push((key, old));
    }

    /// Whether there was one.
    pub(super) fn remove(&mut self, key: &K) -> bool {
        let Some(old) = self.rows.remove(key) else { return false };
        self.before.push((key.clone(), Some(old)));
        true
    }

    /// Changes the row in its place; `None`: there is none.
    pub(super) fn change<T>(&mut self, key: &K, change: impl FnOnce(&mut V) -> T) -> Option<T>
    where
        V: Clone,
    {
        let row = self.rows.get_mut(key)?;
        self.before.push((key.clone(), Some(row.clone())));
        Some(change(row))
    }

    /// Every change since the last end stands from now on.
    pub(super) fn commit(&mut self) {
        self.before.clear();
    }

    /// No change since the last end ever happened.
    pub(super) fn undo(&mut self) {
        for (key, old) in self.before.drain(..).rev() {
            match old {
                Some(row) => drop(self.rows.insert(key, row)),
                None => drop(self.rows.remove(&key)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undone_never_happened() {
        let mut table: Table<u8, &str> = Table::default();
        table.put(1, "one");
        table.put(2, "two");
        table.commit();
        table.put(1, "uno");
        table.change(&1, |row| *row = "eins");
        table.put(3, "three");
        assert!(table.remove(&2) && !table.remove(&9));
        table.put(2, "due");
        table.undo();
        let rows: Vec<_> = table.iter().map(|(key, row)| (*key, *row)).collect();
        assert_eq!(rows, [(1, "one"), (2, "two")]);
    }
}
