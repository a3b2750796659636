//! Where the rows of a story are kept: most stories keep them in memory, which is several times as
//! quick, and every so many on SQLite, which has to be explored as well. The story is the same.

use std::sync::Arc;

use store::sqlite::Place;
use store::{MasterKeySource, MemoryStore, SqliteStore, Store, StoreError, Vault};
use zeroize::Zeroizing;

/// One seed in so many is told on SQLite.
const ON_SQLITE: u64 = 200;

/// The store of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    Memory,
    Sqlite,
}

impl Rows {
    pub const ALL: [Rows; 2] = [Rows::Memory, Rows::Sqlite];

    /// The one of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Rows {
        if seed.is_multiple_of(ON_SQLITE) { Rows::Sqlite } else { Rows::Memory }
    }

    /// Its name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Rows::Memory => "memory",
            Rows::Sqlite => "sqlite",
        }
    }

    #[must_use]
    pub fn named(word: &str) -> Option<Rows> {
        Rows::ALL.into_iter().find(|rows| rows.word() == word)
    }

    /// An empty store.
    ///
    /// # Errors
    /// When the database can not be made.
    pub fn empty(self) -> Result<Arc<dyn Store>, StoreError> {
        let key = MasterKeySource::Bytes(Zeroizing::new([7; 32]));
        let vault = Vault::open(&key)?;
        Ok(match self {
            Rows::Memory => Arc::new(MemoryStore::new(vault)),
            Rows::Sqlite => Arc::new(SqliteStore::in_line(&Place::Memory, vault)?),
        })
    }
}
