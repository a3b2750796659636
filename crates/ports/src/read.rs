//! What a read gives: found, missing or odd, record by record, so that one odd record never fails a
//! whole page; and how fresh it is.

use serde::{Deserialize, Serialize};

/// How sure a read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Lists and queries are good enough, and may lag.
    Cheap,
    /// Each record by id, from the system of record: what money commands rest on.
    Direct,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "read", content = "value")]
pub enum Read<T> {
    Found(T),
    /// A direct read says that it does not exist. Lists never say so.
    Missing,
    /// It exists, but something in it can not be understood: a sentence that names the field.
    Odd(String),
}

impl<T> Read<T> {
    #[must_use]
    pub fn found(&self) -> Option<&T> {
        match self {
            Read::Found(value) => Some(value),
            Read::Missing | Read::Odd(_) => None,
        }
    }

    #[must_use]
    pub fn into_found(self) -> Option<T> {
        match self {
            Read::Found(value) => Some(value),
            Read::Missing | Read::Odd(_) => None,
        }
    }
}

/// A record that turned up in a list of changes; odd ones keep their id, so that they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen<I, T> {
    pub id: I,
    pub read: Read<T>,
}

/// One page of a list. Paging is frozen: a window's end is fixed with its first page, and its mark
/// moves only after the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub records: Vec<T>,
    /// Opaque; `None`: this was the last page.
    pub next: Option<String>,
}
