//! One step of the test command and how it came out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::tally::Tally;

/// A named step.
pub struct Step {
    pub name: String,
    /// Part of `--fast`.
    pub quick: bool,
    pub run: Box<dyn Fn() -> Outcome>,
}

impl Step {
    /// A step that is also run with `--fast`.
    pub fn quick(
        name: impl Into<String>,
        root: &Path,
        run: impl Fn(&Path) -> Outcome + 'static,
    ) -> Self {
        Step { quick: true, ..Step::full(name, root, run) }
    }

    /// A step that `--fast` leaves out.
    pub fn full(
        name: impl Into<String>,
        root: &Path,
        run: impl Fn(&Path) -> Outcome + 'static,
    ) -> Self {
        let root: PathBuf = root.to_path_buf();
        Step { name: name.into(), quick: false, run: Box::new(move || run(&root)) }
    }
}

/// What a step counted, and for people why it failed where the output does not say.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub tally: Tally,
    pub reason: Option<String>,
}

impl Outcome {
    /// A step that is one check.
    pub fn one(passed: bool) -> Self {
        Outcome { tally: Tally::one(passed), reason: None }
    }

    /// A step that counted its checks.
    pub fn counted(tally: Tally) -> Self {
        Outcome { tally, reason: None }
    }

    /// A step that could not be carried out: one failed check.
    pub fn failed(reason: impl Into<String>) -> Self {
        Outcome { tally: Tally::one(false), reason: Some(reason.into()) }
    }

    pub fn word(&self) -> &'static str {
        if self.tally.failed == 0 { "ok" } else { "FAILED" }
    }
}

/// Measures a step.
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "how long a step took is for people only")]
    pub fn start() -> Self {
        Stopwatch(Instant::now())
    }

    pub fn milliseconds(&self) -> u128 {
        self.0.elapsed().as_millis()
    }
}

/// Milliseconds as seconds with two decimals.
pub fn seconds(milliseconds: u128) -> String {
    format!("{}.{:02} s", milliseconds / 1000, milliseconds % 1000 / 10)
}
