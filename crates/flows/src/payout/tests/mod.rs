//! Stories of payouts as text: what is known, then every decision until the case rests. What the
//! flow decides is done at once in a small world of documents.

mod by_hand;
mod restored;
mod stories;
mod waits;
mod world;

use world::World;

/// Plays the known facts, section by section (`---` between), and compares all decisions.
fn check(known: &str, expected: &str) {
    let mut world = World::new();
    let mut told = Vec::new();
    for section in known.split("---") {
        for line in section.lines().map(str::trim).filter(|line| !line.is_empty()) {
            world.learn(line);
        }
        told.extend(world.play());
    }
    let expected: Vec<&str> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(told.join("\n"), expected.join("\n"), "\nknown:\n{known}");
}
