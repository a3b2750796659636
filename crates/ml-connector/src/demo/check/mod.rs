//! The promises, checked on the emulators' own ledgers alone (DESIGN.md section 1, P1, P3, P4 and P5).
//! What people did in the story is known to the check as [`Hands`]; everything else must be explained
//! by the processor's payments and payouts.

mod books;
mod collected;
pub mod secrecy;
mod settled;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use model::key::Key;

use super::truth::Truth;

/// A promise that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Broken {
    /// The promise of DESIGN.md section 1, or the chapter of the story.
    pub promise: String,
    pub what: String,
}

impl Broken {
    pub fn new(promise: &str, what: impl Into<String>) -> Broken {
        Broken { promise: promise.to_owned(), what: what.into() }
    }
}

/// Accounts of the ERP's chart, as the link maps them.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// Bank account by currency code.
    pub banks: BTreeMap<String, String>,
    /// Where receipts stand until they are deposited, by currency code.
    pub undeposited: BTreeMap<String, String>,
    pub fees: String,
    pub fee_tax: String,
    pub chargebacks: String,
    pub refunds: String,
    pub suspense: String,
    pub rounding: String,
}

/// What people did by hand, so that it is not taken for ours.
#[derive(Debug, Clone, Default)]
pub struct Hands {
    /// Documents of the ERP.
    pub documents: BTreeSet<String>,
    /// Receipts of ours that a person un-applied.
    pub unapplied: BTreeSet<String>,
    /// Payments at the processor.
    pub payments: BTreeSet<String>,
    /// The most that an invoice ever owed, minor units.
    pub owed: BTreeMap<String, i64>,
}

/// Everything the check looks at.
pub struct Case<'a> {
    pub truth: &'a Truth,
    pub hands: &'a Hands,
    pub accounts: &'a Accounts,
    /// How a key stands on a document of the ERP.
    pub stamp: &'a dyn Fn(&Key) -> String,
}

/// Every broken promise; none: all hold.
#[must_use]
pub fn check(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = collected::check(case);
    broken.extend(settled::check(case));
    broken.extend(books::check(case));
    broken.sort();
    broken.dedup();
    broken
}
