//! Reads of the port: lists by query, cheap reads by query with a direct read of whatever the query
//! did not show, and direct reads record by record.

pub mod customers;
pub mod deleted;
pub mod documents;
pub mod invoices;
pub mod ledger;

use std::collections::BTreeMap;
use std::future::Future;

use futures::future::join_all;
use jiff::Timestamp;

use ports::{PortError, Read, Seen};

use super::NetSuite;
use super::queries::moment;
use super::suiteql::PAGE_ROWS;
use super::wire::{Body, Record, is_internal_id};
use super::zone::{ZONE_SLACK, record_saved};

/// Direct reads under way at once before the connection's own limit makes them wait.
const DIRECT_READS_TOGETHER: usize = 16;

/// Where a list goes on: the moment it compares with is fixed by its first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub from: String,
    /// The last id of the page before; "0" at the start.
    pub after: String,
}

impl Mark {
    /// A first page of changes since `since`, looking further back because the zone of query times
    /// is not known (netsuite sheet section 20, row 12).
    pub fn since(since: Timestamp, page: Option<&str>) -> Result<Mark, PortError> {
        match page {
            Some(text) => Mark::parse(text),
            None => {
                let from = since.checked_sub(ZONE_SLACK).unwrap_or(Timestamp::UNIX_EPOCH);
                let from = from.max(Timestamp::UNIX_EPOCH);
                Ok(Mark { from: moment(from), after: "0".to_owned() })
            }
        }
    }

    /// A list that compares with no moment.
    pub fn whole(page: Option<&str>) -> Result<Mark, PortError> {
        match page {
            Some(text) => Mark::parse(text),
            None => Ok(Mark { from: String::new(), after: "0".to_owned() }),
        }
    }

    fn parse(text: &str) -> Result<Mark, PortError> {
        let refused = || PortError::Unsupported("this is not a page mark of ours".to_owned());
        let (from, after) = text.split_once('|').ok_or_else(refused)?;
        let fits = from.chars().all(|c| c.is_ascii_digit() || "-: ".contains(c));
        if !fits || !is_internal_id(after) {
            return Err(refused());
        }
        Ok(Mark { from: from.to_owned(), after: after.to_owned() })
    }

    /// The mark of the page after these rows, if there is one.
    pub fn next(&self, rows: &[Body], has_more: bool) -> Option<String> {
        if !has_more && rows.len() < PAGE_ROWS {
            return None;
        }
        let last = Record(rows.last()?).id()?;
        Some(format!("{}|{last}", self.from))
    }
}

/// Records one by one, several under way at once, in the order asked.
pub(super) async fn each<K, T, F, R>(keys: &[K], read: F) -> Result<Vec<T>, PortError>
where
    F: Fn(&K) -> R,
    R: Future<Output = Result<T, PortError>>,
{
    let mut out = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(DIRECT_READS_TOGETHER) {
        for result in join_all(chunk.iter().map(&read)).await {
            out.push(result?);
        }
    }
    Ok(out)
}

/// A mapping's sentence is an odd record.
pub(super) fn odd_or<T>(mapped: Result<T, String>) -> Read<T> {
    match mapped {
        Ok(value) => Read::Found(value),
        Err(sentence) => Read::Odd(sentence),
    }
}

/// The ids that can stand in a query, each once.
pub(super) fn queryable<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut list: Vec<&str> = ids.filter(|id| is_internal_id(id)).collect();
    list.sort_unstable();
    list.dedup();
    list
}

/// Rows as records of a list; a row without an id can not be shown to anyone.
pub(super) fn seen<I, T>(
    rows: &[Body],
    id: impl Fn(String) -> I,
    reads: Vec<Read<T>>,
) -> Result<Vec<Seen<I, T>>, PortError> {
    rows.iter()
        .zip(reads)
        .map(|(row, read)| {
            let text = Record(row).id().ok_or_else(|| {
                PortError::Unavailable("a query gave a row without an id".to_owned())
            })?;
            Ok(Seen { id: id(text), read })
        })
        .collect()
}

/// Reads by id, for looking up.
pub(super) fn by_id<T>(rows: &[Body], reads: Vec<Read<T>>) -> BTreeMap<String, Read<T>> {
    rows.iter().zip(reads).filter_map(|(row, read)| Some((Record(row).id()?, read))).collect()
}

impl NetSuite {
    /// The version stamps of rows, in UTC. Where the offset of a month is not known yet, one record
    /// of that month is read to measure it.
    pub(super) async fn versions(
        &self,
        kind: &str,
        rows: &[Body],
    ) -> Result<Vec<String>, PortError> {
        let mut versions = Vec::with_capacity(rows.len());
        for row in rows {
            let row = Record(row);
            let Some(local) = row.local_time("modified") else {
                versions.push(row.text("modified").unwrap_or_default());
                continue;
            };
            if self.books.zone.is_unknown(local)
                && let Some(id) = row.id().filter(|id| is_internal_id(id))
                && let Some(body) = self.client.get(kind, &id, false).await?
                && let Some(saved) = record_saved(Record(&body))
            {
                self.books.zone.measure(local, saved);
            }
            versions.push(self.books.zone.version(local));
        }
        Ok(versions)
    }
}
