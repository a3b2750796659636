//! A fixed set of seeds on every run: each promise kept, each kind of fault struck, each story the
//! same when it is told again; and deliberate mistakes of the fakes, each of which must be seen.

use std::collections::BTreeMap;
use std::ops::Range;

use simulator::faults::Fault;
use simulator::focus::Focus;
use simulator::further::NEWEST_FROM;
use simulator::rows::Rows;
use simulator::{Defect, Options, Outcome, run, run_with, shrink};

/// Seeds of every run: about a minute on two cores. The later ones have more in their world.
const FIXED: [Range<u64>; 2] = [0..90, NEWEST_FROM..NEWEST_FROM + 60];

/// Seeds that broke a promise once, with the world and with what they found.
const KEPT: &str = include_str!("../seeds/kept.txt");

/// Runs seeds on two threads, each story alone in its own world; gives what each came to.
fn outcomes(seeds: &[(u64, Option<Focus>)]) -> Vec<Outcome> {
    let one = |(seed, focus): &(u64, Option<Focus>)| {
        run_with(*seed, &Options { focus: *focus, ..Options::default() })
    };
    let (first, second) = seeds.split_at(seeds.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| second.iter().map(one).collect::<Vec<_>>());
        let mut all: Vec<Outcome> = first.iter().map(one).collect();
        all.extend(other.join().expect("the other thread ends well"));
        all
    })
}

/// The last lines of a story: what led to its end.
fn check(outcome: &Outcome) {
    let tail: Vec<&str> = outcome.story.lines().rev().take(60).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    assert!(
        outcome.violations.is_empty(),
        "seed {}: {:#?}\n{}\nreplay: cargo run -p simulator --bin simulate -- --seed {}",
        outcome.seed,
        outcome.violations,
        tail.join("\n"),
        outcome.seed,
    );
}

#[test]
fn the_fixed_seeds_keep_every_promise_under_every_fault() {
    println!("seeds {FIXED:?}");
    let seeds: Vec<(u64, Option<Focus>)> =
        FIXED.into_iter().flatten().map(|seed| (seed, None)).collect();
    let mut struck: BTreeMap<Fault, u64> = BTreeMap::new();
    for outcome in outcomes(&seeds) {
        check(&outcome);
        for (fault, count) in &outcome.faults {
            *struck.entry(*fault).or_default() += count;
        }
    }
    for fault in Fault::ALL.iter().chain(Fault::OF_THE_WORLD) {
        let count = struck.get(fault).copied().unwrap_or(0);
        println!("{count:>8}  {}", fault.words());
        assert!(count > 0, "{} never struck", fault.words());
    }
}

#[test]
fn seeds_that_found_something_stay_mended() {
    let kept = |line: &str| {
        let mut words = line.split_whitespace();
        let seed = words.next().unwrap().parse().unwrap();
        (seed, Some(words.next().and_then(Focus::named).expect("a seed stands with its world")))
    };
    let seeds: Vec<(u64, Option<Focus>)> = KEPT.lines().map(kept).collect();
    assert!(!seeds.is_empty());
    outcomes(&seeds).iter().for_each(check);
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in [3, 8, 17, 1_405] {
        let (first, again) = (run(seed), run(seed));
        assert!(first.story.lines().count() > 5, "seed {seed} tells nothing");
        assert_eq!(first.story, again.story, "seed {seed}");
    }
    assert_ne!(run(3).story, run(4).story);
}

#[test]
fn a_story_is_the_same_wherever_its_rows_are_kept() {
    for focus in Focus::ALL {
        for seed in [2, 11] {
            let told = |rows: Rows| {
                let (focus, rows) = (Some(focus), Some(rows));
                run_with(seed, &Options { focus, rows, ..Options::default() })
            };
            let (memory, sqlite) = (told(Rows::Memory), told(Rows::Sqlite));
            assert_eq!(memory.story, sqlite.story, "seed {seed} of {}", focus.word());
            assert_eq!(memory.faults, sqlite.faults, "seed {seed} of {}", focus.word());
        }
    }
}

/// The promise that a mistake breaks must be seen broken within these seeds.
fn seen(defect: Defect, promise: &str) {
    let found = (0..200).find(|seed| {
        let focus = Some(Focus::Anything);
        let options = Options { defect: Some(defect), focus, ..Options::default() };
        let violations = run_with(*seed, &options).violations;
        violations.iter().any(|line| line.starts_with(promise))
    });
    assert!(found.is_some(), "{defect:?} breaks {promise}, and nobody saw it");
}

#[test]
fn a_failing_story_is_shrunk_to_a_shorter_one_of_the_same_kind() {
    let options = Options { defect: Some(Defect::BankOff), ..Options::default() };
    let fails = |seed: &u64| !run_with(*seed, &options).violations.is_empty();
    let seed = (0..200).find(fails).unwrap();
    let whole = run_with(seed, &options);
    let shrunk = shrink::shrink(seed, &options).unwrap();
    assert!(shrunk.outcome.violations[0].starts_with("P4"), "{:?}", shrunk.outcome.violations);
    assert!(whole.violations[0].starts_with("P4"), "{:?}", whole.violations);
    // Nothing but an invoice that is paid out is needed.
    assert!(shrunk.choices.len() < 6, "{:?}", shrunk.choices);
    assert!(shrunk.choices.len() < shrunk.before);
    // What is left tells the same story again.
    let kept = Some(std::sync::Arc::new(shrunk.choices.into_iter().collect()));
    let again = run_with(seed, &Options { kept, ..options });
    assert_eq!(again.story, shrunk.outcome.story);
}

#[test]
fn an_ignored_idempotency_key_is_seen() {
    seen(Defect::KeysIgnored, "P1");
}

#[test]
fn a_frozen_balance_is_seen() {
    seen(Defect::DuesFrozen, "P1");
}

#[test]
fn a_penny_on_the_bank_account_is_seen() {
    seen(Defect::BankOff, "P4");
}

#[test]
fn a_write_without_an_intent_is_seen() {
    seen(Defect::PortRepeats, "P6");
}
