//! Mandates come, go and are replaced.

use super::pick_mandate;
use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    match random.below(4) {
        0 => {
            let id = pick_mandate(world, random)?;
            let done = world.state().processor.end_mandate(&id, now);
            done.then(|| format!("payer ends mandate {id}"))
        }
        1 => {
            let id = pick_mandate(world, random)?;
            let new = world.state().processor.replace_mandate(&id, now)?;
            Some(format!("mandate {id} is replaced by {new}"))
        }
        _ => {
            // A payer without a usable mandate signs one.
            let mut state = world.state();
            let processor = &mut state.processor;
            let lacking: Vec<_> = processor
                .customers
                .keys()
                .filter(|customer| {
                    let mut own = processor.mandates.values();
                    !own.any(|row| row.customer == **customer && row.status.usable(true))
                })
                .cloned()
                .collect();
            let customer = random.pick(&lacking)?;
            let id = processor.add_mandate(customer, now);
            Some(format!("{customer} signs mandate {id}"))
        }
    }
}
