//! Nobody works for days: the connector is switched off, and banks and payers go on. What happened
//! between a payout and our look is then met all at once.

use jiff::SignedDuration;
use model::payment::CollectionStatus;

use super::{bank, pick_payment};
use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let days = random.between(2, 12);
    for _ in 0..days {
        bank::settle_all(world);
        let line = match random.below(6) {
            0 | 1 => bank::reverse(world, random),
            2 => retry(world, random),
            3 => bank::make(world, random),
            _ => None,
        };
        if let Some(line) = line {
            world.tell(&line);
        }
        world.announce();
        world.pass(SignedDuration::from_hours(24));
    }
    Some(format!("nobody has worked for {days} days"))
}

fn retry(world: &World, random: &mut Random) -> Option<String> {
    let id = pick_payment(world, random, &[CollectionStatus::Failed])?;
    let now = world.now();
    let done = world.state().processor.retry_payment(&id, now, false);
    done.then(|| format!("somebody retries {id}"))
}
