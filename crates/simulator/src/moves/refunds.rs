//! Refunds that people make at the processor.

use model::ids::ProcessorRefundId;
use model::payment::CollectionStatus;

use super::pick_payment;
use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    if world.state().processor.further && random.chance(1_500) {
        let minor = random.between(100, 5_000);
        let id = world.state().processor.refund_mandate(minor, now);
        return Some(format!("{id}: {minor} is refunded by a mandate"));
    }
    if random.chance(2_500) {
        let ids: Vec<ProcessorRefundId> = world.state().processor.refunds.keys().cloned().collect();
        let id = random.pick(&ids)?;
        let done = world.state().processor.return_refund(id, now);
        return done.then(|| format!("the funds of {id} come back"));
    }
    let id = pick_payment(world, random, &[CollectionStatus::PaidOut])?;
    let left = {
        let state = world.state();
        state.processor.payments.get(&id).map_or(0, |row| row.amount - row.refunded)
    };
    let minor = if random.chance(5_000) { left } else { random.between(1, left.max(1)) };
    let refund = world.state().processor.refund(&id, minor, now)?;
    Some(format!("{refund}: {minor} of {id} is refunded"))
}
