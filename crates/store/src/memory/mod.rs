//! The store in memory, for the simulator: the same promises without a database under them. What is
//! decided about commands, the audit chain and the vault are those of every store; only where rows are
//! kept is its own. A transaction that is refused is undone, change by change.

mod cases;
mod commands;
mod connections;
mod directory;
mod inbox;
mod look;
mod payouts;
mod people;
mod store;
mod streams;
mod table;
mod trail;
mod views;

use std::sync::{Mutex, MutexGuard, PoisonError};

use model::case::CaseKey;
use model::customer::ProcessorCustomer;
use model::decision::ItemDocument;
use model::event::Event;
use model::ids::{
    AccountId, BankDetailsId, CollectionId, ConnectionId, ErpCustomerId, EventId, LinkId, PayoutId,
    ProcessorCustomerId,
};
use model::key::Key;
use model::payout::KeptItem;
use ports::exchange::Exchange;

use crate::api::Result;
use crate::rows::{Body, CaseId, CollectionRow, Link, PersonFact};
use crate::vault::{Sealed, Vault};
use cases::Case;
use commands::Command;
use connections::Connected;
use directory::Paired;
use inbox::Delivery;
use look::Decided;
use people::Details;
use streams::Stream;
use table::Table;
use trail::Row;

/// The store of one process, gone with it.
pub struct MemoryStore {
    rows: Mutex<Rows>,
    vault: Vault,
}

/// Makes the tables, and the ends of a transaction over all of them.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $key:ty => $row:ty,)*) => {
        /// Everything that is stored.
        #[derive(Default)]
        struct Rows {
            $($(#[$doc])* $name: Table<$key, $row>,)*
            /// A writing transaction began and did not end.
            open: bool,
        }

        impl Rows {
            fn commit(&mut self) {
                $(self.$name.commit();)*
                self.open = false;
            }

            /// What an operation left behind that was refused, or that panicked in its middle.
            fn undo(&mut self) {
                if self.open {
                    $(self.$name.undo();)*
                    self.open = false;
                }
            }
        }
    };
}

tables! {
    /// The number that orders facts.
    sequence: () => i64,
    settings: String => String,
    connections: ConnectionId => Connected,
    secrets: (ConnectionId, String) => Sealed,
    links: LinkId => Link,
    cases: CaseId => Case,
    cases_by_key: CaseKey => CaseId,
    /// What history says last of a decision.
    decided: CaseId => Decided,
    facts: (CaseId, String) => (i64, Body),
    person_facts: (CaseId, i64) => PersonFact,
    bank_details: BankDetailsId => Details,
    case_refs: (CaseId, String) => (),
    case_refs_by_reference: (String, CaseId) => (),
    /// By the order of their creation.
    commands: i64 => Command,
    commands_by_key: Key => i64,
    commands_by_case: (CaseId, i64) => (),
    document_locks: (String, Key) => (),
    document_locks_by_command: (Key, String) => (),
    /// By case, code and particulars: when it was raised, and whether a person took it off.
    attention: (CaseId, &'static str, String) => (i64, bool),
    attention_ignored: (CaseId, &'static str, String) => (),
    audit: i64 => Row,
    /// Rows of the history of a case.
    audit_by_case: (CaseKey, i64) => i64,
    inbox: i64 => Delivery,
    streams: (ConnectionId, String) => Stream,
    events: (AccountId, EventId) => (),
    /// By account, kind and id of the subject, time and id.
    events_by_subject: (AccountId, String, String, i64, EventId) => Event,
    directory: (AccountId, ProcessorCustomerId) => ProcessorCustomer,
    pairs: (AccountId, AccountId, ErpCustomerId) => Paired,
    collections: (AccountId, CollectionId) => CollectionRow,
    kept_items: (AccountId, PayoutId, u32) => KeptItem,
    /// By the account, the item and the word of the document's role.
    item_documents: (AccountId, PayoutId, u32, String) => ItemDocument,
    exchanges: i64 => Exchange,
    /// In the order in which they were put.
    remembered: (ConnectionId, i64) => (String, String),
}

/// An open transaction.
struct Tx<'a> {
    rows: &'a mut Rows,
    vault: &'a Vault,
}

impl MemoryStore {
    /// An empty store under this vault.
    #[must_use]
    pub fn new(vault: Vault) -> MemoryStore {
        MemoryStore { rows: Mutex::default(), vault }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All or nothing of it is stored.
    fn write<T>(&self, operation: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut rows = self.rows();
        rows.undo();
        rows.open = true;
        let result = operation(&mut Tx { rows: &mut rows, vault: &self.vault });
        if result.is_ok() {
            rows.commit();
        } else {
            rows.undo();
        }
        result
    }

    fn read<T>(&self, operation: impl FnOnce(&Rows) -> Result<T>) -> Result<T> {
        let mut rows = self.rows();
        rows.undo();
        operation(&rows)
    }
}
