//! Mandates come, go, come back and are replaced.

use model::ids::MandateId;
use model::mandate::MandateStatus;

use super::pick_mandate;
use crate::random::Random;
use crate::world::World;
use crate::world::processor::mandates::ENDS;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    match random.below(8) {
        0 | 1 => {
            let id = pick_mandate(world, random)?;
            let end = random.pick(&ENDS)?;
            let done = world.state().processor.end_mandate(&id, end, now);
            done.then(|| format!("mandate {id} ends: {}", end.action))
        }
        2 => {
            let id = pick_mandate(world, random)?;
            let new = world.state().processor.replace_mandate(&id, now)?;
            Some(format!("mandate {id} is replaced by {new}"))
        }
        3 => {
            let id = pick(world, random, |status| !status.usable(true))?;
            let done = world.state().processor.reinstate_mandate(&id, now);
            done.then(|| format!("mandate {id} is reinstated"))
        }
        4 => {
            let id = pick_mandate(world, random)?;
            world.state().processor.transfer_mandate(&id, now);
            Some(format!("mandate {id} is transferred to another bank account"))
        }
        5 => {
            let waits = MandateStatus::PendingCustomerApproval;
            let id = pick(world, random, |status| status == waits)?;
            let approved = random.chance(7_000);
            let done = world.state().processor.answer_approval(&id, approved, now);
            done.then(|| format!("payer answers for {id}, approved: {approved}"))
        }
        _ => sign(world, random),
    }
}

fn pick(
    world: &World,
    random: &mut Random,
    fits: impl Fn(MandateStatus) -> bool,
) -> Option<MandateId> {
    let state = world.state();
    let fitting = state.processor.mandates.iter().filter(|(_, row)| fits(row.status));
    let ids: Vec<MandateId> = fitting.map(|(id, _)| id.clone()).collect();
    random.pick(&ids).cloned()
}

/// A payer without a usable mandate signs one.
fn sign(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
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
