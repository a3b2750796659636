//! Others at the processor: payments of their own, cancels and retries of ours.

use model::payment::CollectionStatus;

use super::{pick_invoice, pick_mandate, pick_payment};
use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    match random.below(5) {
        0 => {
            let mandate = pick_mandate(world, random)?;
            let minor = super::invoices::amount(random);
            let id =
                world.state().processor.pay_by_hand(&mandate, minor, None, "subscription", now);
            Some(format!("somebody makes {id} over {minor} for nothing of ours"))
        }
        1 => {
            let invoice = pick_invoice(world, random)?;
            let mandate = mandate_of(world, &invoice)?;
            let minor = world.state().books.due(&invoice);
            if minor <= 0 {
                return None;
            }
            let id = world.state().processor.pay_by_hand(
                &mandate,
                minor,
                Some(&invoice),
                "by hand",
                now,
            );
            world.state().books.touched.insert(invoice.clone());
            Some(format!("somebody makes {id} over {minor} for invoice {invoice}"))
        }
        2 | 3 => {
            let id = pick_payment(world, random, &[CollectionStatus::PendingSubmission])?;
            let done = world.state().processor.cancel_by_hand(&id, now);
            let mut state = world.state();
            let invoice = state.processor.payments.get(&id).and_then(|row| row.invoice());
            if let Some(invoice) = invoice.filter(|_| done) {
                let newest = state.processor.payments_for(&invoice).map(|(id, _)| id).max();
                let ticked = state.books.invoices.get(&invoice);
                // Who is said to pay for it may be said anew.
                let said =
                    state.processor.payments_for(&invoice).any(|(_, row)| row.said.is_some());
                if !said && newest == Some(&id) && !ticked.is_some_and(|row| row.retry_requested) {
                    state.watched.withdraw(&invoice, now);
                }
            }
            drop(state);
            done.then(|| format!("somebody cancels {id}"))
        }
        _ => {
            let id = pick_payment(world, random, &[CollectionStatus::Failed])?;
            let done = world.state().processor.retry_payment(&id, now, false);
            done.then(|| format!("somebody retries {id}"))
        }
    }
}

pub(super) fn mandate_of(
    world: &World,
    invoice: &model::ids::InvoiceId,
) -> Option<model::ids::MandateId> {
    let state = world.state();
    let customer = &state.books.invoices.get(invoice)?.customer;
    let payer = state
        .processor
        .customers
        .values()
        .find(|payer| payer.erp_customer.as_ref() == Some(customer))?;
    let mut own = state.processor.mandates.iter();
    own.find(|(_, row)| row.customer == payer.id && row.status.usable(true))
        .map(|(id, _)| id.clone())
}
