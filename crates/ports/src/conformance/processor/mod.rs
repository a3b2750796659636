//! The suite of the processor port.

mod actions;
mod collects;
mod deliveries;
mod direct;
mod lists;
mod mandates;
mod payouts;
mod reads;
mod troubles;
mod unknowns;
mod world;

use super::run::{self, Report};
use super::subject::{Need, ProcessorSubject};
use super::{Case, expect, suite};

/// Every case of the suite.
#[must_use]
pub fn cases() -> Vec<&'static Case<dyn ProcessorSubject>> {
    [
        reads::CASES,
        lists::CASES,
        collects::CASES,
        actions::CASES,
        mandates::CASES,
        direct::CASES,
        payouts::CASES,
        deliveries::CASES,
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
pub async fn run_processor(
    lacks: &[Need],
    fresh: impl Fn() -> Box<dyn ProcessorSubject>,
) -> Report {
    run::run(&cases(), lacks, fresh).await
}
