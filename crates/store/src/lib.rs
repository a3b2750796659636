//! The only SQL of the project: cases, facts, commands, inbox, audit chain and sealed credentials
//! behind one trait, with a conformance suite that every implementation passes.

pub mod api;
mod body;
mod canonical;
mod chain;
pub mod conformance;
pub mod master_key;
#[cfg(feature = "memory")]
pub mod memory;
pub mod rows;
mod rules;
pub mod sqlite;
mod values;
pub mod vault;

pub use api::{Result, Store, StoreError};
pub use body::Body;
pub use master_key::MasterKeySource;
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
pub use sqlite::{SqliteStore, open_or_create};
pub use vault::Vault;
