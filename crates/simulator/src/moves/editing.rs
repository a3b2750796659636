//! People edit documents of ours in the ERP.

use model::ids::ReceiptId;

use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    let ids: Vec<ReceiptId> = world.state().books.receipts.keys().cloned().collect();
    let id = random.pick(&ids)?;
    match random.below(4) {
        0 => {
            let done = world.state().books.void_receipt(id, now);
            done.then(|| format!("somebody voids receipt {id}"))
        }
        1 => {
            let done = world.state().books.unapply_by_hand(id, now);
            done.then(|| format!("somebody un-applies receipt {id}"))
        }
        _ => {
            let on = world.clock.today();
            let deposit = world.state().books.deposit_by_hand(std::slice::from_ref(id), on)?;
            Some(format!("somebody deposits receipt {id} as {deposit}"))
        }
    }
}
