//! Customers are renamed, get another e-mail address, are entered twice, and are merged.

use model::ids::{ErpCustomerId, ProcessorCustomerId};

use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let ids: Vec<ErpCustomerId> = world.state().books.customers.keys().cloned().collect();
    let id = random.pick(&ids)?;
    let now = world.now();
    world.state().watched.customers_moved = true;
    match random.below(8) {
        0 | 1 => {
            let name = format!("Renamed {}", random.below(100));
            world.state().books.edit_customer(id, |customer| customer.company_name = Some(name));
            Some(format!("customer {id} is renamed"))
        }
        2 | 3 => {
            // Sometimes another's address, so that two have the same.
            let email = format!("c{}@example.com", random.between(1, 4));
            let told = format!("customer {id} has the e-mail address {email}");
            world.state().books.edit_customer(id, |customer| customer.email = Some(email));
            Some(told)
        }
        4 => {
            let payers: Vec<ProcessorCustomerId> =
                world.state().processor.customers.keys().cloned().collect();
            let payer = random.pick(&payers)?;
            let email = format!("c{}@example.com", random.between(1, 4));
            let told = format!("payer {payer} has the e-mail address {email}");
            if let Some(row) = world.state().processor.customers.get_mut(payer) {
                row.email = Some(email);
            }
            Some(told)
        }
        5 => {
            let payer = world.state().processor.add_customer(id, random.chance(5_000));
            Some(format!("somebody enters {id} a second time at the processor, as {payer}"))
        }
        6 => {
            let nth = ids.len() as u64 + 1;
            let double = world.state().books.add_customer(nth);
            let email = world.state().books.customers.get(id).and_then(|row| row.email.clone());
            world.state().books.edit_customer(&double, |customer| customer.email = email);
            Some(format!("somebody enters {id} a second time in the ERP, as {double}"))
        }
        _ => {
            let into = random.pick(&ids)?;
            let merged = world.state().books.merge_customer(id, into, now);
            merged.then(|| format!("customer {id} is merged into {into}"))
        }
    }
}
