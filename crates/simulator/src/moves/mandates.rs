//! Mandates come, go and are replaced.

use model::ids::MandateId;
use model::mandate::MandateStatus;

use super::pick_mandate;
use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    match random.below(6) {
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
        2 => {
            let waits = MandateStatus::PendingCustomerApproval;
            let ids: Vec<MandateId> = {
                let state = world.state();
                let waiting =
                    state.processor.mandates.iter().filter(|(_, row)| row.status == waits);
                waiting.map(|(id, _)| id.clone()).collect()
            };
            let id = random.pick(&ids)?;
            let approved = random.chance(7_000);
            let done = world.state().processor.answer_approval(id, approved, now);
            done.then(|| format!("payer answers for {id}, approved: {approved}"))
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
            if let Some(row) = processor.mandates.get_mut(&id).filter(|_| random.chance(4_000)) {
                row.status = MandateStatus::PendingCustomerApproval;
            }
            Some(format!("{customer} signs mandate {id}"))
        }
    }
}
