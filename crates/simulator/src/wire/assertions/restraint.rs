//! P1: what holds the next payment of an invoice back: a person's cancel, the days after a chargeback, and
//! the limits of the link (as `crate::assertions` judges it at model depth).

use jiff::{SignedDuration, Timestamp};
use model::ids::InvoiceId;
use model::key::Key;

use super::may::reads_before;
use super::once::UNSEEN_MINUTES;
use crate::assertions::limits::{self, Made};
use crate::assertions::may::{CLOCKS_APART, days_after_chargeback};
use crate::wire::systems::Hands;
use crate::wire::truth::{Payment, Truth};
use crate::world::watched::Watched;

/// Why the payment should not have been made when it was.
#[must_use]
pub fn held_back(
    truth: &Truth,
    payment: &Payment,
    hands: &Hands,
    watched: &Watched,
) -> Option<String> {
    after(truth, payment, hands, watched).or_else(|| beyond_limit(truth, payment, watched))
}

/// What the newest payment before it ended as is known, and nobody allowed another one. Where people said
/// whose payments are whose, another one may have been the newest.
fn after(truth: &Truth, payment: &Payment, hands: &Hands, watched: &Watched) -> Option<String> {
    let (born, ..) = payment.history.first()?;
    let invoice = payment.invoice.as_ref()?;
    let said = truth.payments.values().any(|one| one.said.is_some());
    if said || watched.is_released(&InvoiceId::new(invoice.as_str()), *born) {
        return None;
    }
    let earlier = truth.payments_of(invoice).filter_map(|one| {
        let (at, ..) = one.history.first()?;
        (one.id != payment.id && at <= born).then_some((*at, one))
    });
    let (_, newest) = earlier.max_by_key(|(at, one)| (*at, one.id.clone()))?;
    let (since, status, _) = newest.history.iter().rfind(|(at, ..)| at <= born)?;
    let known = *since <= reads_before(*born) - SignedDuration::from_mins(UNSEEN_MINUTES);
    let id = &newest.id;
    match status.as_str() {
        "charged_back" if known => too_soon(*born, *since, watched)
            .map(|days| format!("{id} came back at {since}: {days}")),
        "cancelled" if known && hands.cancelled.contains(id) => {
            Some(format!("a person cancelled {id} at {since}"))
        }
        _ => None,
    }
}

fn too_soon(born: Timestamp, back: Timestamp, watched: &Watched) -> Option<String> {
    let Some(days) = days_after_chargeback(watched, reads_before(born)) else {
        return Some("the invoice is left open".to_owned());
    };
    let from = back + SignedDuration::from_hours(24 * i64::from(days)) - CLOCKS_APART;
    (born < from).then(|| format!("the link waits {days} days"))
}

fn beyond_limit(truth: &Truth, payment: &Payment, watched: &Watched) -> Option<String> {
    let made = |one: &Payment| {
        let key = Key::from_stored(one.key.as_ref()?);
        let (born, ..) = one.history.first()?;
        let invoice = InvoiceId::new(one.invoice.as_ref()?.as_str());
        Some(Made { key, minor: one.amount, released: watched.is_released(&invoice, *born) })
    };
    let others = truth.payments.values().filter(|one| one.id != payment.id);
    let others: Vec<Made> = others.filter_map(made).collect();
    limits::beyond(watched, &made(payment)?, &others)
}
