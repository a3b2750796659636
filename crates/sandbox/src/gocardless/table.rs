//! Rows of one resource: kept in order of creation, owned by an organisation, with their recent
//! past, so that stale lists can be answered as of an earlier instant.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::time::minutes_after;

/// How long earlier versions of a row are kept, in minutes (the longest staleness on offer).
pub const PAST_MINUTES: i64 = 24 * 60;

/// One row with its earlier versions.
#[derive(Debug, Clone)]
struct Row<T> {
    organisation: String,
    value: T,
    created_at: Timestamp,
    removed_at: Option<Timestamp>,
    past: VecDeque<(Timestamp, T)>,
}

impl<T> Row<T> {
    /// The value as it was at `at`, or nothing if it was not there.
    fn at(&self, at: Timestamp) -> Option<&T> {
        if self.created_at > at || self.removed_at.is_some_and(|removed| removed <= at) {
            return None;
        }
        let earlier = self.past.iter().find(|(until, _)| *until > at);
        Some(earlier.map_or(&self.value, |(_, value)| value))
    }
}

/// All rows of one resource, in the order of creation.
#[derive(Debug, Clone)]
pub struct Table<T> {
    rows: Vec<(String, Row<T>)>,
    places: BTreeMap<String, usize>,
    owned: BTreeMap<String, Vec<usize>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), places: BTreeMap::new(), owned: BTreeMap::new() }
    }
}

impl<T: Clone> Table<T> {
    /// Adds a row. `owners` are ids under which [`Table::listed`] finds it without a full scan.
    pub fn insert(
        &mut self,
        now: Timestamp,
        organisation: &str,
        id: &str,
        owners: &[&str],
        value: T,
    ) {
        let place = self.rows.len();
        for owner in owners {
            self.owned.entry((*owner).to_owned()).or_default().push(place);
        }
        self.places.insert(id.to_owned(), place);
        let row = Row {
            organisation: organisation.to_owned(),
            value,
            created_at: now,
            removed_at: None,
            past: VecDeque::new(),
        };
        self.rows.push((id.to_owned(), row));
    }

    /// Adds an owner to a row that is there already (a mandate that got another bank account).
    pub fn own(&mut self, owner: &str, id: &str) {
        let Some(place) = self.places.get(id) else { return };
        let owned = self.owned.entry(owner.to_owned()).or_default();
        if let Err(gap) = owned.binary_search(place) {
            owned.insert(gap, *place);
        }
    }

    fn row(&self, id: &str) -> Option<&Row<T>> {
        self.rows.get(*self.places.get(id)?).map(|(_, row)| row)
    }

    fn row_mut(&mut self, id: &str) -> Option<&mut Row<T>> {
        self.rows.get_mut(*self.places.get(id)?).map(|(_, row)| row)
    }

    /// Changes a row, keeping its earlier version.
    pub fn edit(&mut self, now: Timestamp, id: &str, change: impl FnOnce(&mut T)) {
        let Some(row) = self.row_mut(id) else { return };
        if row.past.back().is_none_or(|(until, _)| *until < now) {
            row.past.push_back((now, row.value.clone()));
        }
        let horizon = minutes_after(now, -PAST_MINUTES);
        while row.past.front().is_some_and(|(until, _)| *until < horizon) {
            row.past.pop_front();
        }
        change(&mut row.value);
    }

    /// Hides a row from now on (`DELETE /customers/:id`).
    pub fn remove(&mut self, now: Timestamp, id: &str) {
        if let Some(row) = self.row_mut(id) {
            row.removed_at = Some(now);
        }
    }

    /// The current value, of any organisation, removed or not: the emulator's own bookkeeping.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.row(id).map(|row| &row.value)
    }

    /// The current value as `organisation` sees it.
    pub fn visible(&self, organisation: &str, id: &str) -> Option<&T> {
        let row = self.row(id)?;
        (row.organisation == organisation && row.removed_at.is_none()).then_some(&row.value)
    }

    /// The organisation of a row.
    pub fn organisation(&self, id: &str) -> Option<&str> {
        self.row(id).map(|row| row.organisation.as_str())
    }

    /// The place of a row in the order of creation.
    pub fn sequence(&self, id: &str) -> Option<u64> {
        self.places.get(id).map(|place| *place as u64)
    }

    /// Rows of `organisation` as of `at`, newest first; of one owner if given.
    pub fn listed(
        &self,
        organisation: &str,
        at: Timestamp,
        owner: Option<&str>,
    ) -> Vec<(u64, &str, &T)> {
        let shown = |place: usize| -> Option<(u64, &str, &T)> {
            let (id, row) = self.rows.get(place)?;
            let value = row.at(at).filter(|_| row.organisation == organisation)?;
            Some((place as u64, id.as_str(), value))
        };
        match owner {
            Some(owner) => {
                let owned = self.owned.get(owner).map_or(&[] as &[usize], Vec::as_slice);
                owned.iter().rev().filter_map(|place| shown(*place)).collect()
            }
            None => (0..self.rows.len()).rev().filter_map(shown).collect(),
        }
    }

    /// Every row in the order of creation, removed ones included.
    pub fn all(&self) -> impl Iterator<Item = (&str, &T)> {
        self.rows.iter().map(|(id, row)| (id.as_str(), &row.value))
    }

    /// Ids of the rows of one owner, oldest first.
    pub fn owned_ids(&self, owner: &str) -> Vec<String> {
        let owned = self.owned.get(owner).map_or(&[] as &[usize], Vec::as_slice);
        let id = |place: &usize| self.rows.get(*place).map(|(id, _)| id.clone());
        owned.iter().filter_map(id).collect()
    }
}
