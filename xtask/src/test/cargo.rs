//! The steps that Cargo carries out.

use std::path::Path;
use std::process::Command;

use super::count;
use super::step::Outcome;
use crate::shell;
use crate::tally::Tally;

/// Tests whose name contains this take long; `--fast` leaves them out.
const SLOW: &str = "slow_";

pub fn formatting(root: &Path) -> Outcome {
    one(shell::cargo(root).args(["fmt", "--all", "--check"]))
}

pub fn clippy(root: &Path) -> Outcome {
    one(shell::cargo(root).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Our documentation without the dependencies'; a broken link in it is an error.
pub fn documentation(root: &Path) -> Outcome {
    one(shell::cargo(root)
        .args(["doc", "--workspace", "--no-deps"])
        .env("RUSTDOCFLAGS", "-D warnings"))
}

/// All tests but those in documentation, with nextest where it is installed.
pub fn tests(root: &Path, fast: bool) -> Outcome {
    let mut cargo = shell::cargo(root);
    if shell::probe(root, &["cargo", "nextest", "--version"]) {
        cargo.args(["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "slow"]);
        if fast {
            cargo.args(["-E", &format!("not test({SLOW})")]);
        }
        counted(&mut cargo, count::nextest)
    } else {
        cargo.args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"]);
        if fast {
            cargo.args(["--", "--skip", SLOW]);
        }
        counted(&mut cargo, count::libtest)
    }
}

/// The simulator sees each deliberate mistake. They are built in for this step alone, and for the
/// simulator's own crates.
pub fn deliberate_defects(root: &Path) -> Outcome {
    let mut cargo = shell::cargo(root);
    let tests = ["--test", "defects", "--test", "binary"];
    cargo.args(["test", "-p", "simulator", "--features", "defects", "--no-fail-fast"]).args(tests);
    counted(&mut cargo, count::libtest)
}

/// Examples in documentation, which nextest does not run.
pub fn doc_tests(root: &Path) -> Outcome {
    let mut cargo = shell::cargo(root);
    counted(cargo.args(["test", "--workspace", "--no-fail-fast", "--doc"]), count::libtest)
}

fn one(command: &mut Command) -> Outcome {
    match shell::run(command) {
        Ok(finished) => Outcome::one(finished.success),
        Err(error) => Outcome::failed(format!("{}: {error}", shell::describe(command))),
    }
}

fn counted(command: &mut Command, count: fn(&str) -> Option<Tally>) -> Outcome {
    match shell::run(command) {
        Ok(finished) => judge(count(&finished.output), finished.success),
        Err(error) => Outcome::failed(format!("{}: {error}", shell::describe(command))),
    }
}

/// Neither a failure that was not counted nor a run that counted nothing may look like success.
fn judge(counted: Option<Tally>, success: bool) -> Outcome {
    match (counted, success) {
        (Some(tally), true) => Outcome::counted(tally),
        (Some(tally), false) if tally.failed > 0 => Outcome::counted(tally),
        (Some(tally), false) => Outcome {
            tally: tally + Tally::one(false),
            reason: Some("the command failed although no test did".into()),
        },
        (None, false) => Outcome::failed("ended before a test was counted"),
        (None, true) => Outcome::failed("no test was counted"),
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::tally::Tally;

    #[test]
    fn success_needs_both_a_count_and_a_good_end() {
        let tally = |passed, failed| Tally { passed, failed, skipped: 0 };
        let judged = |counted, success| judge(counted, success).tally;
        assert_eq!(judged(Some(tally(2, 0)), true), tally(2, 0));
        assert_eq!(judged(Some(tally(2, 1)), false), tally(2, 1));
        assert_eq!(judged(Some(tally(2, 0)), false), tally(2, 1));
        assert_eq!(judged(None, true), tally(0, 1));
        assert_eq!(judged(None, false), tally(0, 1));
    }
}
