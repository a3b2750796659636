//! Asks SQLite how it runs each statement that the tests used, so that none reads a whole table.

use std::collections::BTreeSet;
use std::sync::Mutex;

/// Every statement that passed through a transaction in this test run.
pub(super) static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
