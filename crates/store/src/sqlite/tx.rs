//! One transaction as the operations see it, and the few ways they run a statement. Every statement
//! of the crate passes through here, so a test can ask SQLite how it runs each of them.

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{Result, StoreError};
use crate::vault::{Vault, VaultError};

/// An open transaction. Errors are returned, never swallowed: whoever opened it rolls back.
pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    pub(super) vault: &'a Vault,
}

impl Tx<'_> {
    /// All rows of a statement.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        mut row: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        seen(sql);
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut out = Vec::new();
        while let Some(next) = rows.next()? {
            out.push(row(next)?);
        }
        Ok(out)
    }

    /// The first row, if any. The statement runs to its end, so that `returning` is complete.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        row: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.all(sql, params, row)?.into_iter().next())
    }

    /// Runs a statement and says how many rows it changed.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize> {
        seen(sql);
        Ok(self.db.prepare_cached(sql)?.execute(params)?)
    }
}

#[cfg(not(test))]
fn seen(_: &str) {}

#[cfg(test)]
fn seen(sql: &str) {
    super::plans::SEEN.lock().unwrap().insert(sql.to_owned());
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ConstraintViolation) => StoreError::Refused(error.to_string()),
            Some(_) | None => StoreError::Broken(error.to_string()),
        }
    }
}

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> StoreError {
        StoreError::Broken(error.to_string())
    }
}

pub(super) fn refused<T>(why: impl Into<String>) -> Result<T> {
    Err(StoreError::Refused(why.into()))
}

/// Times are stored as whole microseconds since 1970; finer parts are dropped.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::Broken(format!("{micros} is not a time")))
}

pub(super) fn maybe_time(micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(time).transpose()
}

/// Whole seconds as stored microseconds.
pub(super) fn seconds(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Broken(format!("a value can not be written: {error}")))
}

pub(super) fn value<T: Serialize>(value: &T) -> Result<serde_json::Value> {
    serde_json::to_value(value)
        .map_err(|error| StoreError::Broken(format!("a value can not be written: {error}")))
}

/// Reads stored JSON. The error names the place, not the content.
pub(super) fn parsed<T: DeserializeOwned>(text: &str, what: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::Broken(format!("the stored {what} can not be read: {:?}", error.classify()))
    })
}

/// The text of a unit variant as serde names it.
pub(super) fn word<T: Serialize>(unit: &T) -> Result<String> {
    match value(unit)? {
        serde_json::Value::String(word) => Ok(word),
        _ => Err(StoreError::Broken("a word was expected".to_owned())),
    }
}

/// Reads the text of a unit variant.
pub(super) fn from_word<T: DeserializeOwned>(word: String, what: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(word))
        .map_err(|_| StoreError::Broken(format!("the stored {what} is not known")))
}
