//! Invoices in a currency that no link collects, customers whose field names a processor account that no
//! link has, and payments that others make for such invoices in pounds all the same.

use model::ids::{ErpCustomerId, InvoiceId};
use model::money::Currency;

use super::{invoices, pick_mandate};
use crate::faults::Fault;
use crate::random::Random;
use crate::world::World;

/// What invoices are in that no link collects.
pub const OTHER: Currency = Currency::EUR;

/// The name of a processor account that no link has.
const ELSEWHERE: &str = "elsewhere";

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    match random.below(8) {
        0..=2 => new_invoice(world, random),
        3..=5 => pay(world, random),
        6 => send_elsewhere(world, random),
        _ => {
            let id = pick(world, random)?;
            let minor = world.state().books.due(&id);
            let now = world.now();
            let done = world.state().books.credit(&id, minor, now);
            done.then(|| format!("invoice {id} is paid by other means"))
        }
    }
}

fn new_invoice(world: &World, random: &mut Random) -> Option<String> {
    let before: Vec<InvoiceId> = world.state().books.invoices.keys().cloned().collect();
    let line = invoices::new_invoice(world, random)?;
    let now = world.now();
    {
        let mut state = world.state();
        let new: Vec<InvoiceId> =
            state.books.invoices.keys().filter(|id| !before.contains(id)).cloned().collect();
        for id in new {
            state.books.edit_invoice(&id, now, |row| row.currency = OTHER);
        }
    }
    world.faults().note(Fault::OtherCurrency);
    Some(format!("{line}, in {OTHER}"))
}

fn pick(world: &World, random: &mut Random) -> Option<InvoiceId> {
    let state = world.state();
    let other = state.books.invoices.iter().filter(|(_, row)| row.currency == OTHER);
    let ids: Vec<InvoiceId> = other.map(|(id, _)| id.clone()).collect();
    random.pick(&ids).cloned()
}

/// Somebody collects pounds for it; with whose mandate does not matter.
fn pay(world: &World, random: &mut Random) -> Option<String> {
    let invoice = pick(world, random)?;
    let mandate = pick_mandate(world, random)?;
    let (minor, now) = (invoices::amount(random), world.now());
    let id = world.state().processor.pay_by_hand(&mandate, minor, Some(&invoice), "by hand", now);
    world.faults().note(Fault::PaidInOther);
    Some(format!("somebody makes {id} over {minor} pence for invoice {invoice}, in {OTHER}"))
}

/// The processor account named on a customer is one that no link has, or none again.
fn send_elsewhere(world: &World, random: &mut Random) -> Option<String> {
    let ids: Vec<ErpCustomerId> = world.state().books.customers.keys().cloned().collect();
    let id = random.pick(&ids)?;
    let named = random.chance(5_000).then(|| ELSEWHERE.to_owned());
    let line = format!("the processor account of customer {id} is {named:?}");
    world.state().books.edit_customer(id, |customer| customer.stored.processor_account = named);
    Some(line)
}

/// Every customer is collected from through the link again: the end of a story.
pub fn bring_back(world: &World) {
    let mut state = world.state();
    let away: Vec<ErpCustomerId> = state
        .books
        .customers
        .iter()
        .filter(|(_, one)| one.stored.processor_account.as_deref() == Some(ELSEWHERE))
        .map(|(id, _)| id.clone())
        .collect();
    for id in away {
        state.books.edit_customer(&id, |customer| customer.stored.processor_account = None);
    }
}
