//! The simulator is itself tested: every deliberate defect is seen by the very seed, and by the very
//! words, that stand in the tables of docs/simulator.md (DESIGN.md section 9). Only with `--features
//! defects`; `simulate --defects`, also with `--depth wire`, prints them anew when the worlds have
//! changed.
#![cfg(feature = "defects")]

use std::sync::atomic::{AtomicUsize, Ordering};

use simulator::defects::{Place, all, find, find_over_wire, first_seed, focus_of, named};
use simulator::wire::Books;

const DOCS: &str = include_str!("../../../docs/simulator.md");

/// Defects that must stand in the first table, and in the second.
const SEEN_MIN: usize = 30;
const OVER_WIRE_MIN: usize = 10;

/// A seed over the wire takes some seconds.
const OVER_WIRE_MAX: usize = 30;

/// The rows of the first table below this headline, cell by cell.
fn table(headline: &str) -> Vec<Vec<&'static str>> {
    let (_, below) = DOCS.split_once(headline).expect("the headline stands there");
    let lines = below.lines().skip_while(|line| !line.starts_with("| "));
    let rows = lines.take_while(|line| line.starts_with("| ")).skip(2);
    rows.map(|line| line.trim_matches(['|', ' ']).split(" | ").collect()).collect()
}

/// Checks each on two threads, in each of which one defect is on at a time; gives what is wrong.
fn each<T: Sync>(all: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.extend(check(one).err());
        }
        wrong
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut wrong = work();
        wrong.extend(other.join().expect("the other thread ends well"));
        wrong
    })
}

/// Runs the seed of the table alone.
fn check(place: Place, rows: &[Vec<&str>]) -> Result<(), String> {
    let words = place.words();
    let row = rows.iter().find(|row| row[0] == words);
    let Some([_, world, seeds, gist]) = row.map(Vec::as_slice) else {
        return Err(format!("{words}: not in the table"));
    };
    if *world != focus_of(place).word() {
        return Err(format!("{words}: looked for in the world {}", focus_of(place).word()));
    }
    let seeds: u64 = seeds.parse().map_err(|error| format!("{words}: {seeds} seeds: {error}"))?;
    let seed = first_seed(place) + seeds - 1;
    let seen = find(place, seed..seed + 1).map(|seen| seen.gist);
    is_so(words, seed, seen, gist)
}

fn check_over_wire(row: &[&str]) -> Result<(), String> {
    let [words, seed, gist] = row else { return Err(format!("{row:?} is no row")) };
    let Some(Place::Code(defect)) = named(words) else {
        return Err(format!("{words}: no defect that can be planted over the wire"));
    };
    let seed: u64 = seed.parse().map_err(|error| format!("{words}: seed {seed}: {error}"))?;
    let seen = find_over_wire(defect, Books::default(), seed..seed + 1).map(|seen| seen.gist);
    is_so(words, seed, seen, gist)
}

fn is_so(words: &str, seed: u64, seen: Option<String>, stated: &str) -> Result<(), String> {
    match seen {
        None => Err(format!("{words}: seed {seed} does not show it")),
        Some(gist) if gist != stated => {
            Err(format!("{words}: seed {seed} says \"{gist}\", the table \"{stated}\""))
        }
        Some(_) => Ok(()),
    }
}

#[test]
fn every_deliberate_defect_is_seen_by_the_seed_and_words_of_the_table() {
    let (places, rows) = (all(), table("## Deliberate defects"));
    assert!(places.len() >= SEEN_MIN, "{} defects", places.len());
    let known = |row: &&Vec<&str>| named(row[0]).is_none();
    let unknown: Vec<_> = rows.iter().filter(known).collect();
    assert!(unknown.is_empty(), "nobody plants {unknown:?}");
    let wrong = each(&places, |place| check(*place, &rows));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn defects_are_seen_over_the_wire_by_the_seeds_and_words_of_the_table() {
    let rows = table("### Over the wire");
    assert!((OVER_WIRE_MIN..=OVER_WIRE_MAX).contains(&rows.len()), "{} rows", rows.len());
    let wrong = each(&rows, |row| check_over_wire(row));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
