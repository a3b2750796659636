//! The only SQL of the project: cases, facts, commands, inbox, audit chain and sealed credentials
//! behind one trait, with a conformance suite that every implementation passes.

pub mod api;
mod canonical;
pub mod conformance;
pub mod master_key;
pub mod rows;
pub mod sqlite;
pub mod vault;

pub use api::{Result, Store, StoreError};
pub use master_key::MasterKeySource;
pub use sqlite::{SqliteStore, open_or_create};
pub use vault::Vault;
