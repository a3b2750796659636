//! Refunds that fail: before any payout debited them, or at the payer's bank after one did, and their
//! funds come back.

use model::ids::ProcessorRefundId;

use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    let ids: Vec<ProcessorRefundId> = world.state().processor.refunds.keys().cloned().collect();
    let id = random.pick(&ids)?;
    let cancelled = world.state().processor.cancel_refund(id, now);
    if cancelled {
        return Some(format!("refund {id} fails before a payout debits it"));
    }
    let bounced = world.state().processor.bounce_refund(id, now);
    bounced.then(|| format!("refund {id} bounces at the payer's bank"))
}
