//! What an older integration left behind at the cut-over: payments that it made for invoices, on their
//! way or paid out, with a receipt of its own or without one.

use jiff::{SignedDuration, Timestamp};
use model::ids::{CollectionId, InvoiceId, MandateId};

use super::{invoices, pick_mandate};
use crate::faults::Fault;
use crate::random::Random;
use crate::world::World;
use crate::world::erp::BANK;

/// Days before the cut-over on which it made its payments.
const MADE_DAYS: i64 = 12;

/// Days before the cut-over on which its last payout of its own arrived.
const ARRIVED_DAYS: i64 = 5;

/// Invoices that it collected, at most.
const INVOICES_MAX: i64 = 4;

/// How far a payment had got by the cut-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Got {
    PaidOut,
    /// In a payout that arrives after the cut-over.
    OnItsWay,
    Confirmed,
    Submitted,
    Failed,
}

const GOT: [Got; 5] = [Got::PaidOut, Got::OnItsWay, Got::Confirmed, Got::Submitted, Got::Failed];

struct Left {
    invoice: InvoiceId,
    payment: CollectionId,
    got: Got,
    receipted: bool,
}

/// Makes what stood before the story begins. Gives a line for each invoice.
pub fn leave(world: &World, random: &mut Random) -> Vec<String> {
    let start = world.now();
    let made_at = start - SignedDuration::from_hours(24 * MADE_DAYS);
    let count = random.between(1, INVOICES_MAX);
    let left: Vec<Left> = (0..count).filter_map(|_| collect(world, random, made_at)).collect();
    let arrived_at = start - SignedDuration::from_hours(24 * ARRIVED_DAYS);
    pay_out(world, &left, Got::PaidOut, arrived_at);
    pay_out(world, &left, Got::OnItsWay, start - SignedDuration::from_mins(1));
    advance(world, &left, start - SignedDuration::from_mins(1));
    for one in left.iter().filter(|one| one.receipted) {
        record(world, one, arrived_at);
    }
    world.faults().note(Fault::Predecessor);
    let line = |one: &Left| {
        let (invoice, payment, got) = (&one.invoice, &one.payment, one.got);
        let receipt = if one.receipted { "and recorded a receipt" } else { "and no receipt" };
        format!("a predecessor made {payment} for invoice {invoice}, {got:?}, {receipt}")
    };
    left.iter().map(line).collect()
}

fn collect(world: &World, random: &mut Random, at: Timestamp) -> Option<Left> {
    let mandate: MandateId = pick_mandate(world, random)?;
    let got = *random.pick(&GOT)?;
    let confirmed = matches!(got, Got::PaidOut | Got::OnItsWay | Got::Confirmed);
    let receipted = confirmed && random.chance(5_000);
    let (total, flagged) = (invoices::amount(random), random.chance(7_000));
    let mut state = world.state();
    let payer = state.processor.mandates.get(&mandate)?.customer.clone();
    let customer = state.processor.customers.get(&payer)?.erp_customer.clone()?;
    let due_on = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let invoice = state.books.add_invoice(&customer, total, due_on, flagged, at);
    let number = format!("INV{invoice}");
    let payment = state.processor.pay_by_hand(&mandate, total, Some(&invoice), &number, at);
    Some(Left { invoice, payment, got, receipted })
}

/// A payout of these payments, paid when it was made.
fn pay_out(world: &World, left: &[Left], got: Got, at: Timestamp) {
    let mut state = world.state();
    let before = at - SignedDuration::from_hours(48);
    for one in left.iter().filter(|one| one.got == got) {
        state.processor.submit(&one.payment, before);
        state.processor.confirm(&one.payment, before);
    }
    let Some(payout) = state.processor.pay_out(before) else { return };
    if got == Got::PaidOut {
        state.processor.pay(&payout, at);
    } else if let Some(row) = state.processor.payouts.get_mut(&payout) {
        // It arrives on the day after the cut-over.
        let arrives = at + SignedDuration::from_hours(24);
        row.payout.arrival_on = Some(arrives.to_zoned(jiff::tz::TimeZone::UTC).date());
    }
}

/// What is in no payout yet.
fn advance(world: &World, left: &[Left], at: Timestamp) {
    let mut state = world.state();
    for Left { payment, got, .. } in left {
        match got {
            Got::PaidOut | Got::OnItsWay => {}
            Got::Submitted => {
                state.processor.submit(payment, at);
            }
            Got::Confirmed => {
                state.processor.submit(payment, at);
                state.processor.confirm(payment, at);
            }
            Got::Failed => {
                state.processor.submit(payment, at);
                state.processor.fail(payment, "insufficient_funds", at);
            }
        }
    }
}

/// The receipt that it recorded, deposited with the payout that it booked itself.
fn record(world: &World, left: &Left, at: Timestamp) {
    let mut state = world.state();
    let Some(amount) = state.processor.payments.get(&left.payment).map(|row| row.amount) else {
        return;
    };
    let Some(receipt) = state.books.receipt_of_others(&left.invoice, &left.payment, amount, at)
    else {
        return;
    };
    if left.got == Got::PaidOut {
        let on = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        state.books.deposit_by_hand(&[receipt], BANK, 0, on);
    }
}
