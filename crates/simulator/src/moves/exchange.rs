//! The bank is in another currency than what was collected: its rate is confirmed some time after the
//! payout was made.

use model::ids::PayoutId;

use crate::faults::Fault;
use crate::world::World;

pub fn make(world: &World) -> Option<String> {
    let mut state = world.state();
    let pending = |row: &crate::world::processor::PayoutRow| {
        row.payout.exchange.as_ref().is_some_and(|exchange| exchange.amount.is_none())
    };
    let mut rows = state.processor.payouts.iter();
    let id: PayoutId = rows.find(|(_, row)| pending(row)).map(|(id, _)| id.clone())?;
    let now = world.now();
    let done = state.processor.confirm_rate(&id, now);
    drop(state);
    if done {
        world.faults().note(Fault::Exchanged);
    }
    done.then(|| format!("the rate of payout {id} is confirmed"))
}
