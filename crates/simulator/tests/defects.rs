//! The simulator is itself tested: every deliberate defect is seen by the seed that the table of
//! docs/simulator.md names (DESIGN.md section 9). Only with `--features defects`; `simulate
//! --defects` prints the table anew when the world has changed.
#![cfg(feature = "defects")]

use simulator::defects::{all, find};

const TABLE: &str = include_str!("../../../docs/simulator.md");

/// Seeds that the table says are needed.
fn stated(words: &str) -> Option<u64> {
    let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| "));
    let row = rows.map(|line| line.split(" | ").collect::<Vec<_>>());
    row.into_iter().find(|row| row[0] == words).and_then(|row| row[1].parse().ok())
}

#[test]
fn every_deliberate_defect_is_seen_by_its_seed() {
    let mut seen_in_all = 0;
    for place in all() {
        let words = find(place, 0..0).words;
        let Some(seeds) = stated(words) else { continue };
        let seen = find(place, seeds - 1..seeds);
        assert!(seen.by.is_some(), "{words}: not seen by seed {}", seeds - 1);
        seen_in_all += 1;
    }
    assert!(seen_in_all >= 24, "{seen_in_all} defects are seen");
}
