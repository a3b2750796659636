//! The suite of the ERP port.

mod annotations;
mod applications;
mod changes;
mod deposits;
mod journals;
mod money;
mod reads;
mod receipts;
mod refunds;
mod troubles;
mod unknowns;
mod world;

use super::run::{self, Report};
use super::subject::{ErpSubject, Need};
use super::{Case, expect, suite};

/// Every case of the suite.
#[must_use]
pub fn cases() -> Vec<&'static Case<dyn ErpSubject>> {
    [
        reads::CASES,
        changes::CASES,
        receipts::CASES,
        applications::CASES,
        refunds::CASES,
        deposits::CASES,
        journals::CASES,
        annotations::CASES,
        money::CASES,
        unknowns::CASES,
        troubles::CASES,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs the suite, each case on a fresh subject. `lacks` is what such a subject can not do.
///
/// # Panics
/// When promises are broken; the message names all of them.
pub async fn run_erp(lacks: &[Need], fresh: impl Fn() -> Box<dyn ErpSubject>) -> Report {
    run::run(&cases(), lacks, fresh).await
}
