//! P1: an invoice is never collected twice, judged from the payments' own histories at every step.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::wire::systems::Hands;
use crate::wire::truth::{Payment, Truth};

/// Minutes before a payment within which the reads lie that it rests on: a lease, a deadline, a
/// server's cut-off, and a sleep in between.
pub const READS_MINUTES: i64 = 60;

/// Minutes within which what others make may not be seen yet.
pub const UNSEEN_MINUTES: i64 = 20;

/// Statuses in which a receipt is recorded.
const RECORDED: [&str; 2] = ["confirmed", "paid_out"];

/// What each invoice owed, from when on, minor units.
#[derive(Debug, Default)]
pub struct Owed(BTreeMap<String, Vec<(Timestamp, i64)>>);

impl Owed {
    /// Notes what invoices owe now.
    pub fn note(&mut self, truth: &Truth, now: Timestamp) {
        for invoice in truth.invoices.values() {
            let log = self.0.entry(invoice.id.clone()).or_default();
            if log.last().is_none_or(|(_, due)| *due != invoice.remaining) {
                log.push((now, invoice.remaining));
            }
        }
    }

    /// The most that the invoice owed in the hour before `at`.
    fn most(&self, invoice: &str, at: Timestamp) -> i64 {
        let Some(log) = self.0.get(invoice) else { return 0 };
        let from = at - SignedDuration::from_mins(READS_MINUTES);
        let before = log.iter().rfind(|(since, _)| *since <= from).map(|(_, due)| *due);
        let within = log.iter().filter(|(since, _)| *since > from && *since <= at);
        within.map(|(_, due)| *due).chain(before).max().unwrap_or(0)
    }
}

/// What is wrong with the payments that stand for one invoice.
#[must_use]
pub fn check(truth: &Truth, hands: &Hands, owed: &Owed) -> Vec<String> {
    let mut wrong = Vec::new();
    for (invoice, shown) in &truth.invoices {
        let payments: Vec<&Payment> = truth.payments_of(invoice).collect();
        for payment in payments.iter().filter(|payment| payment.is_ours()) {
            if shown.foreign {
                let id = &payment.id;
                wrong.push(format!("P10: {id} collects invoice {invoice} in another currency"));
            }
            let Some((born, ..)) = payment.history.first() else { continue };
            let most = owed.most(invoice, *born);
            if payment.amount > most {
                wrong.push(format!(
                    "P1: {} of {} was made for invoice {invoice}, which owed {most} at most",
                    payment.id, payment.amount
                ));
            }
            for begin in retries_by_us(payment, hands) {
                // Its own receipt may pay the invoice still.
                let mut before = payment.history.iter().take_while(|(at, ..)| *at < begin);
                let most = owed.most(invoice, begin);
                if before.all(|(_, status, _)| !RECORDED.contains(&status.as_str()))
                    && payment.amount > most
                {
                    wrong.push(format!(
                        "P1: {} of {} was retried for invoice {invoice}, which owed {most} at most",
                        payment.id, payment.amount
                    ));
                }
            }
            wrong.extend(beside(payment, &payments, hands));
        }
    }
    wrong
}

/// Another payment that was live already when this one was made live by us.
fn beside(payment: &Payment, all: &[&Payment], hands: &Hands) -> Option<String> {
    let touched = is_touched(payment, hands);
    let begins = payment.lives().into_iter().enumerate();
    // A later life of a payment that others touched was begun by them, or by a bank.
    let by_us = begins.filter(|(nth, _)| *nth == 0 || (!touched && retried(payment, *nth)));
    for (_, (begin, _)) in by_us {
        // What was given back to the payer may be collected again once a person says so.
        let others = all.iter().filter(|other| other.id != payment.id);
        for other in others.filter(|other| !other.is_given_back(begin)) {
            let unseen = if other.is_ours() && !hands.payments.contains(&other.id) {
                SignedDuration::ZERO
            } else {
                SignedDuration::from_mins(UNSEEN_MINUTES)
            };
            let lives = other.lives();
            let live = lives.iter().enumerate().any(|(nth, (since, until))| {
                let theirs = nth > 0 && !retried(other, nth);
                let unseen =
                    if theirs { SignedDuration::from_mins(UNSEEN_MINUTES) } else { unseen };
                // It is the invoice's only since somebody said so.
                let since = other.said.map_or(*since, |said| said.max(*since));
                since + unseen <= begin && until.is_none_or(|until| until > begin)
            });
            if live {
                return Some(format!(
                    "P1: {} became live at {begin} while {} was live",
                    payment.id, other.id
                ));
            }
        }
    }
    None
}

/// The nth life began with a retry, and not with a chargeback that was cancelled. Told by its place:
/// several things may happen at one moment.
fn retried(payment: &Payment, nth: usize) -> bool {
    let pairs = payment.history.windows(2);
    let mut begun = pairs.filter(|pair| !pair[0].2 && pair[1].2);
    let before = nth.checked_sub(1).and_then(|nth| begun.nth(nth));
    before.is_some_and(|pair| pair[0].1 == "failed")
}

/// When we retried the payment, each time.
#[must_use]
pub fn retries_by_us(payment: &Payment, hands: &Hands) -> Vec<Timestamp> {
    if is_touched(payment, hands) {
        return Vec::new();
    }
    let lives = payment.lives().into_iter().enumerate();
    lives.filter(|(nth, _)| retried(payment, *nth)).map(|(_, (begin, _))| begin).collect()
}

/// Others, or the processor by itself, made it live, cancelled it, or retried it.
fn is_touched(payment: &Payment, hands: &Hands) -> bool {
    [&hands.payments, &hands.retried].iter().any(|of| of.contains(&payment.id))
}
