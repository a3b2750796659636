//! The command as people use it: an exploration that says nothing about a kind of fault fails, and a
//! seed that breaks a promise is told shorter, and replayed.

use std::process::{Command, Output};

fn simulate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_simulate")).args(arguments).output().expect("it starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_exploration_in_which_a_kind_of_fault_never_struck_fails() {
    let explored = simulate(&["--seeds", "0..1", "--threads", "1"]);
    let said = text(&explored);
    assert!(said.contains("never struck: "), "{said}");
    assert!(said.contains(" 0 broken"), "{said}");
    assert!(!explored.status.success(), "{said}");
}

#[test]
fn a_seed_that_keeps_every_promise_is_told_and_succeeds() {
    let told = simulate(&["--seed", "3", "--depth", "model"]);
    assert!(told.status.success());
    let said = text(&told);
    assert!(said.contains("seed 3: every promise was kept"), "{said}");
}

/// Words that a person who reads a story needs nothing but the docs for.
#[cfg(feature = "defects")]
#[test]
fn a_seed_that_fails_is_told_shorter_and_replayed() {
    let words = "a new attempt after a person cancelled";
    let seed = |seed: &str, more: &[&str]| {
        let world = ["--depth", "model", "--world", "anything", "--defect", words];
        simulate(&[&["--seed", seed], world.as_slice(), more].concat())
    };
    let failing = (0..60).map(|nth: u32| nth.to_string()).find(|nth| {
        let told = seed(nth, &["--whole"]);
        !told.status.success()
    });
    let failing = failing.expect("some seed shows it");
    let (whole, short) = (seed(&failing, &["--whole"]), seed(&failing, &[]));
    let (told_whole, told) = (text(&whole), text(&short));
    assert!(told.contains("was cancelled by a person"), "{told}");
    assert!(told.contains("somebody cancels PM"), "{told}");
    assert!(told.lines().count() < told_whole.lines().count(), "{told}");
    assert!(told.contains(&format!("replay: simulate --seed {failing} --depth model")), "{told}");
    // Told again, it is the same to the byte.
    assert_eq!(text(&seed(&failing, &[])), told);
}
