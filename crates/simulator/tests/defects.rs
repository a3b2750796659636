//! The simulator is itself tested: every deliberate defect is seen within the seeds that the table
//! of docs/simulator.md states (DESIGN.md section 9). Only with `--features defects`; `simulate
//! --defects` prints the table anew when the worlds have changed.
#![cfg(feature = "defects")]

use std::sync::atomic::{AtomicUsize, Ordering};

use simulator::defects::{Place, all, find};

const TABLE: &str = include_str!("../../../docs/simulator.md");

/// Defects that must stand in the table.
const SEEN_MIN: usize = 30;

/// Seeds that are tried when the one of the table does not show it any more.
const SEEDS_MAX: u64 = 2_000;

/// Seeds that the table says are needed.
fn stated(words: &str) -> Option<u64> {
    let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| "));
    let row = rows.map(|line| line.split(" | ").collect::<Vec<_>>());
    row.into_iter().find(|row| row[0] == words).and_then(|row| row[2].parse().ok())
}

/// Runs the seed of the table, or finds another; gives what is wrong.
fn check(place: Place) -> Result<(), String> {
    let words = find(place, 0..0).words;
    let seeds = stated(words).ok_or_else(|| format!("{words}: not in the table"))?;
    if find(place, seeds - 1..seeds).by.is_some() {
        return Ok(());
    }
    match find(place, 0..SEEDS_MAX).by {
        Some((seed, _)) => {
            println!("{words}: {} seeds, the table says {seeds}", seed + 1);
            Ok(())
        }
        None => Err(format!("{words}: not seen within {SEEDS_MAX} seeds")),
    }
}

#[test]
fn every_deliberate_defect_is_seen_within_its_seeds() {
    let places = all();
    assert!(places.len() >= SEEN_MIN, "{} defects", places.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.extend(check(*place).err());
        }
        wrong
    };
    // A defect is switched on in its thread alone.
    let wrong = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut wrong = work();
        wrong.extend(other.join().expect("the other thread ends well"));
        wrong
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}
