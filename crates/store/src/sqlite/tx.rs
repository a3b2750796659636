//! One transaction as the operations see it, and the few ways they run a statement. Every statement
//! of the crate passes through here, so a test can ask SQLite how it runs each of them.

use rusqlite::{Connection, ErrorCode, Params, Row};

use crate::api::{Result, StoreError};
use crate::vault::{Vault, VaultError};

pub(super) use crate::values::{
    from_word, json, maybe_time, micros, parsed, refused, seconds, stored_body, time, word,
};

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
