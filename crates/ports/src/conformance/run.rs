//! Runs cases, each on a fresh subject, and tells which passed, which broke and which were left out.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures::FutureExt;

use super::subject::Need;

type Run<S> = for<'a> fn(&'a S) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// One promise of a port, by its name.
pub struct Case<S: ?Sized + 'static> {
    pub name: &'static str,
    /// What a subject must be able to do so that the case says something.
    pub needs: &'static [Need],
    pub(super) run: Run<S>,
}

/// A case that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub name: &'static str,
    pub lacks: Need,
}

/// What was run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub passed: Vec<&'static str>,
    pub skipped: Vec<Skipped>,
}

/// Runs every case whose needs the subject does not lack.
///
/// # Panics
/// When promises are broken (the message names all of them), or when the subject says that it lacks
/// what no case needs: then the list of lacks is out of date.
pub(super) async fn run<S: ?Sized + 'static>(
    cases: &[&Case<S>],
    lacks: &[Need],
    fresh: impl Fn() -> Box<S>,
) -> Report {
    let needed: BTreeSet<Need> = cases.iter().flat_map(|case| case.needs).copied().collect();
    let idle: Vec<&Need> = lacks.iter().filter(|need| !needed.contains(need)).collect();
    assert!(idle.is_empty(), "no case needs what the subject lacks: {idle:?}");
    let (mut report, mut broken) = (Report::default(), Vec::new());
    for case in cases {
        if let Some(lacks) = case.needs.iter().find(|need| lacks.contains(need)) {
            report.skipped.push(Skipped { name: case.name, lacks: *lacks });
            continue;
        }
        let subject = fresh();
        match AssertUnwindSafe((case.run)(&subject)).catch_unwind().await {
            Ok(()) => report.passed.push(case.name),
            Err(_) => broken.push(case.name),
        }
    }
    assert!(broken.is_empty(), "broken promises: {broken:#?}");
    report
}
