//! What every store must do, as tests against the trait alone: one suite for each implementation.
//! A test gets an empty store of its own, and panics where a promise is broken.

mod bank_details;
mod commands;
mod connections;
mod directory;
mod fixtures;
mod inbox;
mod leases;
mod locks;
mod looks;
mod payouts;
mod people;
mod sends;
mod streams;
mod trail;
mod views;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures::FutureExt;

use crate::api::Store;

type Run = fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// One promise, by its name.
pub struct Test {
    pub name: &'static str,
    pub run: Run,
}

/// Lists the tests of a file. One that is not listed is dead code, which the build refuses.
macro_rules! suite {
    ($($name:ident,)*) => {
        pub(super) const TESTS: &[$crate::conformance::Test] = &[$($crate::conformance::Test {
            name: concat!(module_path!(), "::", stringify!($name)),
            run: |store| Box::pin($name(store)),
        },)*];
    };
}
use suite;

/// Every test of the suite.
#[must_use]
pub fn tests() -> Vec<&'static Test> {
    [
        connections::TESTS,
        leases::TESTS,
        looks::TESTS,
        commands::TESTS,
        locks::TESTS,
        sends::TESTS,
        people::TESTS,
        bank_details::TESTS,
        inbox::TESTS,
        streams::TESTS,
        directory::TESTS,
        payouts::TESTS,
        views::TESTS,
        trail::TESTS,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs the whole suite, each test on a fresh store.
///
/// # Panics
/// When promises are broken; the message names all of them.
pub async fn run<F, Fut>(fresh: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn Store>>,
{
    let mut broken = Vec::new();
    for test in tests() {
        let store = fresh().await;
        if AssertUnwindSafe((test.run)(store)).catch_unwind().await.is_err() {
            broken.push(test.name);
        }
    }
    assert!(broken.is_empty(), "broken promises: {broken:#?}");
}
