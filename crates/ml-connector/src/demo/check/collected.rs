//! P1: an invoice is never collected twice. Judged from the payments' histories, at every moment.

use jiff::Timestamp;

use super::{Broken, Case};
use crate::demo::truth::Payment;

pub fn check(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    for invoice in case.truth.invoices.values() {
        let ours: Vec<&Payment> = case
            .truth
            .payments_of(&invoice.id)
            .into_iter()
            .filter(|payment| !case.hands.payments.contains(&payment.id))
            .collect();
        let owed = case.hands.owed.get(&invoice.id).copied().unwrap_or(invoice.total);
        let mut moments: Vec<Timestamp> =
            ours.iter().flat_map(|payment| payment.history.iter().map(|(at, _)| *at)).collect();
        moments.sort();
        moments.dedup();
        for at in moments {
            let live: Vec<&&Payment> = ours.iter().filter(|one| live_at(one, at)).collect();
            let sum: i64 = live.iter().map(|payment| payment.amount).sum();
            if live.len() > 1 || sum > owed {
                let ids: Vec<&str> = live.iter().map(|payment| payment.id.as_str()).collect();
                let what = format!(
                    "invoice {} owed {owed} and was collected by {} ({sum}) at {at}",
                    invoice.number,
                    ids.join(" and ")
                );
                broken.push(Broken::new("P1", what));
                break;
            }
        }
        if !invoice.collect && !ours.is_empty() {
            let what = format!("invoice {} was never ticked, and is collected", invoice.number);
            broken.push(Broken::new("P1", what));
        }
    }
    broken
}

/// Its status at a moment; nothing before its first.
fn live_at(payment: &Payment, at: Timestamp) -> bool {
    let last = payment.history.iter().rfind(|(since, _)| *since <= at);
    last.is_some_and(|(_, status)| Payment::is_live(status))
}
