//! What an older integration left behind at the cut-over: invoices that it billed and collected, on their
//! way or paid out, with receipts of its own or without.

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::outside::Outside;
use super::systems::{Customer, Deed, Hands};
use crate::faults::Fault;
use crate::random::Random;
use crate::world::World;

/// Days before the cut-over on which its first payments may have been made.
pub const DAYS: i64 = 12;

/// Hours before the cut-over at which it recorded its last receipts: no list lags that long.
const LAST_HOURS: i64 = 2;

/// Invoices that it collected, at most.
const INVOICES_MAX: i64 = 4;

/// Chances in ten thousand: a bank refuses the payment; a receipt was recorded of what arrived, or was
/// confirmed, by the cut-over.
const FAILS: u32 = 1_500;
const RECORDED: u32 = 5_000;

struct Made {
    invoice: String,
    payment: String,
}

/// Lives through the days before the cut-over, up to its morning; what stands then is of other hands.
pub fn meet(
    outside: &Outside,
    world: &World,
    customers: &[Customer],
    mut random: Random,
    hands: &mut Hands,
) {
    let random = &mut random;
    let mut days: Vec<i64> =
        (0..random.between(1, INVOICES_MAX)).map(|_| random.between(1, DAYS)).collect();
    days.sort_unstable();
    let mut made = Vec::new();
    for before in (1..=DAYS).rev() {
        while days.pop_if(|day| *day == before).is_some() {
            made.extend(collect(outside, customers, random));
        }
        outside.pass(SignedDuration::from_hours(if before > 1 { 24 } else { 24 - LAST_HOURS }));
    }
    for one in made {
        let receipt = record(outside, &one, random);
        let (invoice, payment) = (&one.invoice, &one.payment);
        let with = receipt.as_deref().unwrap_or("none");
        world.tell(&format!("a predecessor made {payment} for invoice {invoice}, receipt {with}"));
        hands.payments.insert(payment.clone());
        hands.documents.extend(receipt.clone());
        hands.predecessor.insert(one.payment, receipt);
    }
    if !hands.predecessor.is_empty() {
        world.faults().note(Fault::Predecessor);
    }
    outside.pass(SignedDuration::from_hours(LAST_HOURS));
}

fn collect(outside: &Outside, customers: &[Customer], random: &mut Random) -> Option<Made> {
    let payers: Vec<&Customer> = customers.iter().filter(|one| one.mandated).collect();
    let customer = random.pick(&payers).copied()?;
    let (amount, fails) = (random.between(1_000, 90_000), random.chance(FAILS));
    let on = outside.time.now().to_zoned(TimeZone::UTC).date();
    let does = |deed: &Deed<'_>| {
        outside.systems().iter().find_map(|system| system.before_cut_over(outside, deed))
    };
    let invoice = does(&Deed::Bill { customer, amount, on })?;
    let payment = does(&Deed::Collect { customer, invoice: &invoice, amount, fails })?;
    Some(Made { invoice, payment })
}

/// It records what was confirmed, and has in the bank what arrived with a payout.
fn record(outside: &Outside, made: &Made, random: &mut Random) -> Option<String> {
    if !random.chance(RECORDED) {
        return None;
    }
    let truth = outside.truth().ok()?;
    let status = &truth.payments.get(&made.payment)?.status;
    if !["confirmed", "paid_out"].contains(&status.as_str()) {
        return None;
    }
    let banked =
        truth.items().any(|(_, item)| item.payment.as_deref() == Some(made.payment.as_str()));
    let yesterday = outside.time.now() - SignedDuration::from_hours(24);
    let on = yesterday.to_zoned(TimeZone::UTC).date();
    let deed = Deed::Record { invoice: &made.invoice, payment: &made.payment, banked, on };
    outside.systems().iter().find_map(|system| system.before_cut_over(outside, &deed))
}
