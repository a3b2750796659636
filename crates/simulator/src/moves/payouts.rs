//! Payouts bounce, and are paid again.

use model::ids::PayoutId;
use model::payout::PayoutStatus;

use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    let bounces = random.chance(4_000);
    let from = if bounces { PayoutStatus::Paid } else { PayoutStatus::Bounced };
    let ids: Vec<PayoutId> = {
        let state = world.state();
        let rows = state.processor.payouts.iter().filter(|(_, row)| row.payout.status == from);
        rows.map(|(id, _)| id.clone()).collect()
    };
    let id = random.pick(&ids)?;
    if bounces {
        world.state().processor.bounce(id, now).then(|| format!("payout {id} bounces"))
    } else {
        world.state().processor.pay(id, now).then(|| format!("payout {id} is paid again"))
    }
}
