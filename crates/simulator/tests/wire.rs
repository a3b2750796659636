//! The wire depth on every run: a fixed set of seeds, each promise kept, each kind of fault struck,
//! each story the same when it is told again.

use std::collections::BTreeMap;
use std::ops::Range;

use simulator::Outcome;
use simulator::faults::Fault;
use simulator::wire::{
    ANSWERS_FROM, Books, FURTHER_FROM, NEWEST_FROM, PREDECESSORS_FROM, SETTLED_FROM, kinds_from,
    run, run_on,
};

/// Seeds of every run: about a minute on two cores without optimisation. The later ones have more in
/// their world.
const FIXED: [Range<u64>; 7] = [
    0..14,
    FURTHER_FROM..FURTHER_FROM + 6,
    FURTHER_FROM + 50..FURTHER_FROM + 51,
    PREDECESSORS_FROM..PREDECESSORS_FROM + 6,
    ANSWERS_FROM + 13..ANSWERS_FROM + 17,
    SETTLED_FROM..SETTLED_FROM + 3,
    NEWEST_FROM..NEWEST_FROM + 3,
];

/// Seeds that broke a promise once, with what they found.
const KEPT: &str = include_str!("../seeds/kept_wire.txt");

/// Runs seeds on two threads, each story alone in its own world; gives what each came to.
fn outcomes(seeds: &[u64]) -> Vec<Outcome> {
    let (first, second) = seeds.split_at(seeds.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| second.iter().map(|seed| run(*seed)).collect::<Vec<_>>());
        let mut all: Vec<Outcome> = first.iter().map(|seed| run(*seed)).collect();
        all.extend(other.join().expect("the other thread ends well"));
        all
    })
}

/// The last lines of a story: what led to its end.
fn check(outcome: &Outcome, books: Books) {
    let tail: Vec<&str> = outcome.story.lines().rev().take(80).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    assert!(
        outcome.violations.is_empty(),
        "seed {}: {:#?}\n{}\nreplay: cargo run -p simulator --bin simulate -- --depth wire --books {} --seed {}",
        outcome.seed,
        outcome.violations,
        tail.join("\n"),
        books.word(),
        outcome.seed,
    );
}

#[test]
fn the_fixed_seeds_keep_every_promise_over_the_wire() {
    println!("seeds {FIXED:?}");
    let seeds: Vec<u64> = FIXED.into_iter().flatten().collect();
    let mut struck: BTreeMap<Fault, u64> = BTreeMap::new();
    for outcome in outcomes(&seeds) {
        check(&outcome, Books::default());
        for (fault, count) in &outcome.faults {
            *struck.entry(*fault).or_default() += count;
        }
    }
    for fault in kinds_from(SETTLED_FROM, Books::default()) {
        let count = struck.get(&fault).copied().unwrap_or(0);
        println!("{count:>8}  {}", fault.words());
        assert!(count > 0, "{} never struck", fault.words());
    }
}

#[test]
fn seeds_that_found_something_stay_mended() {
    for line in KEPT.lines() {
        let mut words = line.split_whitespace();
        let seed = words.next().expect("a seed").parse().expect("a number");
        // Whose books, where they are not the first ones.
        let books = words.next().and_then(Books::named).unwrap_or_default();
        check(&run_on(seed, books), books);
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in [2, 13, NEWEST_FROM + 1] {
        let (first, again) = (run(seed), run(seed));
        assert!(first.story.lines().count() > 20, "seed {seed} tells nothing");
        assert!(first.story.contains("POST /"), "seed {seed} never writes");
        assert_eq!(first.story, again.story, "seed {seed}");
    }
    assert_ne!(run(2).story, run(13).story);
}

/// Acumatica keeps the books of these.
const ON_ACUMATICA: [Range<u64>; 5] = [
    0..6,
    PREDECESSORS_FROM..PREDECESSORS_FROM + 4,
    ANSWERS_FROM + 13..ANSWERS_FROM + 17,
    SETTLED_FROM..SETTLED_FROM + 3,
    NEWEST_FROM..NEWEST_FROM + 2,
];

#[test]
fn seeds_with_acumatica_keep_every_promise_over_the_wire() {
    for seed in ON_ACUMATICA.into_iter().flatten() {
        check(&run_on(seed, Books::Acumatica), Books::Acumatica);
    }
}
