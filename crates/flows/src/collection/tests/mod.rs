//! Tables of the collection flow: facts as short text, one per comma, and what is decided. One table
//! per rule; `check` also asserts what every decision must keep (see `world::law`).

mod annotation;
mod attempts;
mod eligibility;
mod orders;
mod posting;
mod predecessor;
mod random;
mod rests;
mod retries;
mod reversal;
mod stories;
mod suspense;
mod told;
mod unknown;
mod unserved;
mod world;
mod world_effects;
mod world_words;

use world::World;

/// What is decided on these facts: the command as `key amount …`, else the reason; then ` ! reason`
/// for each further thing a person must know. Annotations of the invoice are left out here.
fn check(known: &str, expected: &str) {
    let mut world = World::new();
    world.learn_all(known);
    let decision = world.decide();
    assert_eq!(told::decision(&decision), expected, "\nknown: {known}");
}

/// Plays a story: facts are learnt section by section (`---` between), every decision is carried
/// out at once, until the case rests.
fn story(known: &str, expected: &str) {
    let mut world = World::new();
    let mut lines = Vec::new();
    for section in known.split("---") {
        world.learn_all(section);
        lines.extend(world.play());
    }
    let expected: Vec<&str> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.join("\n"), expected.join("\n"), "\nknown: {known}");
}
