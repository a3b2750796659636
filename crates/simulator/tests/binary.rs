//! The command as people use it: an exploration that says nothing about a kind of fault fails, a seed
//! that breaks a promise is told shorter, and replayed, and what it can not do is refused in words.

use std::process::{Command, Output, Stdio};

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

/// What goes wrong is said on the other stream, and nothing is told.
fn refused(arguments: &[&str], words: &[&str]) {
    let output = simulate(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // The sentence may stand on several lines.
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(line.contains(word), "{arguments:?}: {word} is not in: {said}");
    }
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert_eq!(text(&output), "", "{arguments:?}");
}

#[test]
fn what_does_not_go_together_is_refused() {
    refused(
        &["--seed", "3", "--depth", "wire", "--world", "reversals"],
        &["--world reversals goes with --depth model"],
    );
    refused(
        &["--seed", "3", "--depth", "wire", "--store", "sqlite"],
        &["--store sqlite goes with --depth model"],
    );
    for books in ["acumatica", "netsuite"] {
        let goes = format!("--books {books} goes with --depth wire");
        refused(&["--seed", "3", "--depth", "model", "--books", books], &[&goes]);
        refused(&["--seed", "3", "--books", books], &[&goes]);
    }
    refused(&["--seeds", "0..2", "--from", "1"], &["--from goes with --minutes"]);
    refused(&["--seed", "1", "--from", "1"], &["--from goes with --minutes"]);
    refused(&["--seed", "1", "--all"], &["cannot be used with '--all'"]);
    refused(&["--seed", "1", "--threads", "2"], &["cannot be used with '--threads"]);
    refused(&["--threads", "0"], &["a number from 1 on"]);
}

#[test]
fn a_range_without_a_seed_is_refused() {
    for seeds in ["10..5", "5..5"] {
        refused(&["--seeds", seeds], &["the range is empty"]);
    }
    refused(&["--minutes", "0"], &["the range is empty"]);
    refused(&["--seeds", "5"], &["FIRST..END"]);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulate"));
    command.args(["--seed", "3"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    // What a shell says of a process that a closed pipe ended; nobody is told of success.
    assert_eq!(ended.status.code(), Some(141));
}

#[test]
fn the_help_says_which_seeds_are_poorer() {
    let help = simulate(&["--help"]);
    let said = text(&help).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("Earlier seeds have poorer worlds"), "{said}");
}

#[cfg(not(feature = "defects"))]
#[test]
fn without_defects_it_says_how_to_build_them() {
    let how = "--features defects --bin simulate";
    refused(&["--seed", "3", "--defect", "rounding per item"], &[how]);
    refused(&["--seed", "3", "--defect", "nonsense defect"], &[how]);
    refused(&["--defects"], &[how]);
}

#[cfg(feature = "defects")]
#[test]
fn a_defect_that_can_not_be_planted_is_refused() {
    let planted = |words: &str, more: &[&str], why: &[&str]| {
        refused(&[&["--defect", words], more].concat(), why);
    };
    // With the names of all: of the code and of the fakes.
    let names = ["no defect has these words", "rounding per item", "2xx before the commit"];
    planted("nonsense defect", &["--seed", "3"], &names);
    planted("rounding per item", &["--seeds", "0..9", "--threads", "2"], &["--threads must be 1"]);
    let fakes = "the ERP ignores external ids";
    planted(fakes, &["--seed", "3", "--depth", "wire"], &["a mistake of the fakes"]);
    refused(&["--defects", "--threads", "2"], &["--threads must be 1"]);
    refused(&["--defects", "--world", "wide"], &["cannot be used with"]);
}

/// Nothing is said of threads: there is one, where the defect is.
#[cfg(feature = "defects")]
#[test]
fn an_exploration_with_a_defect_shows_it() {
    let explored =
        simulate(&["--seeds", "0..4", "--all", "--defect", "audit rows chained to nothing"]);
    let said = text(&explored);
    assert!(said.contains(" 4 broken"), "{said}");
    assert!(said.contains("P9: "), "{said}");
    assert!(!explored.status.success(), "{said}");
}

#[cfg(feature = "defects")]
#[test]
fn a_defect_is_planted_over_the_wire() {
    let words = "audit rows chained to nothing";
    let told = simulate(&["--seed", "110000", "--depth", "wire", "--whole", "--defect", words]);
    let said = text(&told);
    assert!(said.contains("seed 110000: P9: "), "{said}");
    let replay = "replay: simulate --seed 110000 --depth wire --books netsuite --defect";
    assert!(said.contains(&format!("{replay} \"{words}\"")), "{said}");
    assert!(!told.status.success());
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
    // Where the rows are kept is part of how it was told.
    let kept = text(&seed(&failing, &["--store", "sqlite"]));
    assert!(kept.contains("--world anything --store sqlite --defect"), "{kept}");
}
