//! People edit documents of ours in the ERP.

use model::ids::{DepositId, ReceiptId};

use crate::random::Random;
use crate::world::World;
use crate::world::erp::{BANK, SAVINGS};

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    let ids: Vec<ReceiptId> = world.state().books.receipts.keys().cloned().collect();
    let id = random.pick(&ids)?;
    match random.below(10) {
        0 => {
            let deposits: Vec<DepositId> = world.state().books.deposits.keys().cloned().collect();
            let deposit = random.pick(&deposits)?;
            let done = world.state().books.void_deposit(deposit);
            done.then(|| format!("somebody voids deposit {deposit}"))
        }
        1 | 2 => {
            let done = world.state().books.void_receipt(id, now);
            done.then(|| format!("somebody voids receipt {id}"))
        }
        3..=5 => {
            let done = world.state().books.unapply_by_hand(id, now);
            done.then(|| format!("somebody un-applies receipt {id}"))
        }
        _ => {
            let on = world.clock.today();
            let bank = if random.chance(1_500) { SAVINGS } else { BANK };
            let fee = if random.chance(2_500) { random.between(1, 60) } else { 0 };
            let ids = std::slice::from_ref(id);
            let deposit = world.state().books.deposit_by_hand(ids, bank, fee, on)?;
            Some(format!("somebody deposits receipt {id} as {deposit} on {bank}, less {fee}"))
        }
    }
}
