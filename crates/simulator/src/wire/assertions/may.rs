//! P1 and P10: money is asked for only where people want it, and from whom it is owed; receipts have the
//! date on which the money moved (as `crate::assertions::may` judges it at model depth).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::policy::{CollectWhich, Mode};

use super::books::is_stamped;
use super::once::{self, READS_MINUTES};
use super::restraint;
use crate::wire::systems::{Customer, Hands, customer_of};
use crate::wire::truth::{Document, Payment, Truth};
use crate::world::watched::Watched;

/// What payments are judged by, of which each is judged once: mandates pass to other payers.
#[derive(Debug, Default)]
pub struct Wants {
    /// What people said of each invoice, from when on.
    shown: BTreeMap<String, Vec<(Timestamp, Shown)>>,
    /// By when they were made, or retried.
    judged: BTreeSet<(String, Timestamp)>,
}

/// What people say of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    ticked: bool,
    approved: bool,
}

impl Wants {
    /// Notes what is ticked and approved now.
    pub fn note(&mut self, truth: &Truth, now: Timestamp) {
        for invoice in truth.invoices.values() {
            let shown = Shown { ticked: invoice.ticked, approved: invoice.approved };
            let log = self.shown.entry(invoice.id.clone()).or_default();
            if log.last().is_none_or(|(_, before)| *before != shown) {
                log.push((now, shown));
            }
        }
    }

    /// It was so at some time in the hour before `at`.
    fn was(&self, invoice: &str, at: Timestamp, so: impl Fn(&Shown) -> bool) -> bool {
        let Some(log) = self.shown.get(invoice) else { return false };
        let from = reads_before(at);
        let before = log.iter().rfind(|(since, _)| *since <= from);
        let within = log.iter().filter(|(since, _)| *since > from && *since <= at);
        within.chain(before).any(|(_, shown)| so(shown))
    }
}

/// From when on the reads lie that a payment of this time rests on.
#[must_use]
pub fn reads_before(at: Timestamp) -> Timestamp {
    at - SignedDuration::from_mins(READS_MINUTES)
}

/// What is wrong with payments that we made. `customers`: none, where people moved them.
#[must_use]
pub fn asked(
    truth: &Truth,
    wants: &mut Wants,
    watched: &Watched,
    hands: &Hands,
    customers: Option<&[Customer]>,
) -> Vec<String> {
    let ours = truth.payments.values().filter(|one| one.is_ours() && one.said.is_none());
    let mut wrong = Vec::new();
    for payment in ours {
        let Some((born, ..)) = payment.history.first() else { continue };
        if wants.judged.insert((payment.id.clone(), *born)) {
            let why = unwanted(payment, *born, wants, watched)
                .or_else(|| of_another(truth, payment, customers?))
                .or_else(|| restraint::held_back(truth, payment, hands, watched));
            wrong.extend(why.map(|why| format!("P1: {} is asked for, and {why}", payment.id)));
        }
        for again in once::retries_by_us(payment, hands) {
            if wants.judged.insert((payment.id.clone(), again)) {
                let why = unwanted(payment, again, wants, watched);
                wrong.extend(why.map(|why| format!("P1: {} is retried, and {why}", payment.id)));
            }
        }
    }
    wrong
}

fn unwanted(payment: &Payment, at: Timestamp, wants: &Wants, watched: &Watched) -> Option<String> {
    let invoice = payment.invoice.as_ref()?;
    let policies = || watched.rules.policies_since(reads_before(at));
    if policies().all(|one| one.mode != Mode::On) {
        return Some("the link did not collect".to_owned());
    }
    let flagged = policies().all(|one| one.collect == CollectWhich::Flagged);
    if !wants.was(invoice, at, |shown| shown.approved) {
        return Some(format!("invoice {invoice} was not approved"));
    }
    (flagged && !wants.was(invoice, at, |shown| shown.ticked))
        .then(|| format!("the box of invoice {invoice} was not ticked"))
}

fn of_another(truth: &Truth, payment: &Payment, customers: &[Customer]) -> Option<String> {
    let invoice = truth.invoices.get(payment.invoice.as_ref()?)?;
    let mandate = truth.mandates.iter().find(|one| one.id == payment.mandate)?;
    // Whose it is may be known by the request alone that it was given for, until the payer carries it.
    let payer = customer_of(mandate, customers)?;
    (*payer != invoice.customer).then(|| {
        let (mandate, id, customer) = (&mandate.id, &invoice.id, &invoice.customer);
        format!("{mandate} is not of {customer}, who owes invoice {id}")
    })
}

/// Receipts of ours whose date is neither that of their payment's settlement, nor of their payout's
/// arrival. Only where no period was closed.
#[must_use]
pub fn dated(truth: &Truth, hands: &Hands, zone: &TimeZone) -> Vec<String> {
    let ours = truth.receipts().filter(|one| !hands.documents.contains(&one.id));
    ours.filter_map(|receipt| wrongly_dated(truth, receipt, zone)).collect()
}

fn wrongly_dated(truth: &Truth, receipt: &Document, zone: &TimeZone) -> Option<String> {
    let payment = truth.payments.get(receipt.payment.as_ref()?)?;
    let mut payouts = truth.payouts.iter();
    // Those at confirmed, and what was returned, are dated otherwise.
    let payout = payouts.find(|one| is_stamped(receipt, &["receipt", &payment.id, &one.id]))?;
    let settled = payment.history.iter().filter(|(_, status, _)| status == "paid_out");
    let days = settled.map(|(at, ..)| at.to_zoned(zone.clone()).date());
    let right: BTreeSet<Date> = days.chain(payout.arrives_on).collect();
    let on = receipt.dated_on?;
    (!right.contains(&on)).then(|| {
        let (id, payout) = (&receipt.id, &payout.id);
        format!("P10: receipt {id} of {payout} is dated {on}, and the money moved on {right:?}")
    })
}
