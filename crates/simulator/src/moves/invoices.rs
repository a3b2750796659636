//! People write, change and tick invoices.

use jiff::ToSpan;
use model::invoice::Approval;

use super::pick_invoice;
use crate::random::Random;
use crate::world::World;

/// Amounts between a pound and five hundred, uneven on purpose.
pub fn amount(random: &mut Random) -> i64 {
    random.between(100, 50_000)
}

pub fn new_invoice(world: &World, random: &mut Random) -> Option<String> {
    let customers: Vec<_> = world.state().books.customers.keys().cloned().collect();
    let customer = random.pick(&customers)?;
    let due_on = world.clock.today().saturating_add(random.between(-5, 6).days());
    let (total, flagged) = (amount(random), random.chance(8_500));
    let now = world.now();
    let id = world.state().books.add_invoice(customer, total, due_on, flagged, now);
    if random.chance(1_000) {
        // Approved later, or never.
        world.state().books.edit_invoice(&id, now, |row| row.approval = Approval::Pending);
    }
    Some(format!("invoice {id} over {total} for {customer}, flagged: {flagged}"))
}

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    if random.chance(2_500) {
        return new_invoice(world, random);
    }
    let id = pick_invoice(world, random)?;
    let now = world.now();
    let due = world.state().books.due(&id);
    match random.below(11) {
        8 | 9 => {
            let minor = if random.chance(5_000) { due } else { random.between(1, due.max(1)) };
            let done = world.state().books.pay_by_transfer(&id, minor, now);
            done.then(|| format!("the payer transfers {minor} for invoice {id}"))
        }
        10 => {
            let pending = world.state().books.invoices.get(&id)?.approval == Approval::Pending;
            let to = if pending { Approval::Approved } else { Approval::Pending };
            world.state().books.edit_invoice(&id, now, |row| row.approval = to);
            Some(format!("invoice {id}: {to:?}"))
        }
        0 | 1 => {
            let total = amount(random);
            let done = world.state().books.amend(&id, total, now);
            done.then(|| format!("invoice {id} is amended to {total}"))
        }
        2 => {
            let minor = random.between(1, due.max(1));
            let done = world.state().books.credit(&id, minor, now);
            done.then(|| format!("invoice {id} is credited {minor}"))
        }
        3 => {
            let done = world.state().books.credit(&id, due, now);
            done.then(|| format!("invoice {id} is paid by other means"))
        }
        4 => {
            let done = world.state().books.void_invoice(&id, now);
            done.then(|| format!("invoice {id} is voided"))
        }
        5 => {
            world.state().books.edit_invoice(&id, now, |row| row.flagged = !row.flagged);
            Some(format!("invoice {id}: its box is ticked or unticked"))
        }
        6 => {
            world.state().books.edit_invoice(&id, now, |row| row.retry_requested = true);
            world.state().watched.release(id.clone());
            Some(format!("invoice {id}: a retry is asked for"))
        }
        _ => {
            let shift = random.between(1, 5).days();
            world.state().books.edit_invoice(&id, now, |row| {
                row.due_on = row.due_on.map(|on| on.saturating_add(shift));
            });
            Some(format!("invoice {id} is due later"))
        }
    }
}
