//! P1 and P10: money is asked for only where people want it, from whom it is owed, and documents have the
//! date on which the money moved. Judged when a write has its effect, from what the reads before it could
//! see.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::command::{ErpWrite, ProcessorWrite, Write};
use model::customer::fold_email;
use model::event::{Event, EventSubject};
use model::ids::{CollectionId, InvoiceId, MandateId, PayoutId};
use model::invoice::Approval;
use model::key::Key;
use model::payout::Payout;
use model::policy::{CollectWhich, Mode};

use crate::world::{ReadMark, State};

/// Minutes for which a policy may have been replaced before a look that knew it sends: a lease, a
/// deadline, a server's cut-off, and a sleep in between.
const POLICY_MINUTES: i64 = 60;

/// What would be wrong with making this write now.
#[must_use]
pub fn before(state: &State, key: &Key, write: &Write, mark: Option<&ReadMark>) -> Option<String> {
    match write {
        Write::Processor(ProcessorWrite::Collect(w)) => {
            let payer = || wrong_payer(state, &w.invoice, &w.mandate);
            unwanted(state, &w.invoice, mark?).or_else(payer)
        }
        Write::Processor(ProcessorWrite::RetryCollection(w)) => unwanted(state, &w.invoice, mark?),
        Write::Processor(_) => None,
        Write::Erp(write) => wrong_date(state, key, write),
    }
}

/// Nobody wants the invoice collected, as the reads before the write showed.
fn unwanted(state: &State, invoice: &InvoiceId, mark: &ReadMark) -> Option<String> {
    let since = mark.at - SignedDuration::from_mins(POLICY_MINUTES);
    let policies = || state.watched.policies_since(since);
    if mark.approval != Approval::Approved {
        return Some(format!("P1: invoice {invoice} is asked for, and was not approved"));
    }
    if !mark.flagged && policies().all(|one| one.collect == CollectWhich::Flagged) {
        return Some(format!("P1: invoice {invoice} is asked for, and was not ticked"));
    }
    policies()
        .all(|one| one.mode != Mode::On)
        .then(|| format!("P1: invoice {invoice} is asked for, and the link did not collect"))
}

/// The mandate is another customer's. Where people moved, doubled or merged customers, or chose among
/// them, who is whose is theirs.
fn wrong_payer(state: &State, invoice: &InvoiceId, mandate: &MandateId) -> Option<String> {
    if state.watched.customers_moved {
        return None;
    }
    let row = state.books.invoices.get(invoice)?;
    let customer = state.books.customers.get(&row.customer)?;
    let payer = &state.processor.mandates.get(mandate)?.customer;
    let payer = state.processor.customers.get(payer)?;
    let email = customer.email.as_deref().map(fold_email);
    let same = email.is_some() && payer.email.as_deref().map(fold_email) == email;
    let named = payer.erp_customer.as_ref();
    let theirs = named.map_or(same, |named| *named == customer.id);
    (!theirs).then(|| {
        let (id, customer) = (&payer.id, &customer.id);
        format!("P1: {id} is asked for invoice {invoice}, which is {customer}'s")
    })
}

/// A receipt is dated when its payment was paid out, or confirmed, any other document of a payout when that
/// arrived, unless the period was closed meanwhile (DESIGN.md section 5, Posting).
fn wrong_date(state: &State, key: &Key, write: &ErpWrite) -> Option<String> {
    let (dated_on, right) = match write {
        ErpWrite::RecordReceipt(w) => (w.dated_on, dates_of_receipt(state, key, &w.collection)),
        ErpWrite::RecordRefund(w) => {
            // It is not dated before what it takes back.
            let receipt = state.books.receipts.get(&w.receipt).map(|row| row.dated_on);
            let arrived = arrival_of(state, key)?;
            (w.dated_on, [Some(arrived), receipt].into_iter().flatten().collect())
        }
        ErpWrite::RecordDeposit(w) => {
            // One of nothing is dated as the refunds that it clears.
            let refunds = w.refunds.iter().filter_map(|id| state.books.refunds.get(id));
            let cleared = refunds.map(|row| row.dated_on).filter(|_| w.total.is_zero());
            (w.dated_on, cleared.chain([arrival_of(state, key)?]).collect())
        }
        _ => return None,
    };
    let first = *right.first()?;
    let moved = state.watched.periods_closed && dated_on > first;
    (!right.contains(&dated_on) && !moved)
        .then(|| format!("P10: what happened on {first} is dated {dated_on}"))
}

/// The days, where the link is, on which the payment was paid out with the payout that the key names, or
/// confirmed; and when that payout arrived, where the event was not known yet.
fn dates_of_receipt(state: &State, key: &Key, payment: &CollectionId) -> BTreeSet<Date> {
    let subject = EventSubject::Collection(payment.to_string());
    let zone = state.watched.policies().next().map(|one| one.time_zone.clone());
    let zone = zone.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC);
    let payout = payout_of(state, key).map(|payout| payout.id.as_str());
    let tells = |event: &&Event| match (payout, event.action.as_str()) {
        (Some(id), "paid_out") => event.links.get("payout").is_some_and(|link| link == id),
        (None, "confirmed" | "chargeback_cancelled") => true,
        _ => false,
    };
    let events = state.processor.events.iter().map(|row| &row.event);
    let days = events.filter(|event| event.subject == subject).filter(tells);
    let days = days.map(|event| event.at.to_zoned(zone.clone()).date());
    days.chain(arrival_of(state, key)).collect()
}

/// When the payout arrived that the key names.
fn arrival_of(state: &State, key: &Key) -> Option<Date> {
    payout_of(state, key)?.arrival_on
}

fn payout_of<'a>(state: &'a State, key: &Key) -> Option<&'a Payout> {
    let mut parts = key.as_str().split('/').skip(1);
    let named = parts.find_map(|part| state.processor.payouts.get(&PayoutId::new(part)))?;
    Some(&named.payout)
}
