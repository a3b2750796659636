//! P1 and P10: money is asked for only where people want it, from whom it is owed, and documents have the
//! date on which the money moved. Judged when a write has its effect, from what the reads before it could
//! see.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::command::{Collect, ErpWrite, ProcessorWrite, RecordReceipt, Write};
use model::customer::fold_email;
use model::event::{Event, EventSubject};
use model::ids::{InvoiceId, MandateId, PayoutId};
use model::invoice::Approval;
use model::key::Key;
use model::payment::CollectionStatus;
use model::policy::{AfterReversal, CollectWhich, Mode};

use super::limits::{self, Made};
use super::once::NEWS_SECONDS;
use crate::world::processor::PaymentRow;
use crate::world::rules::zone_of;
use crate::world::watched::Watched;
use crate::world::{ReadMark, STALENESS_SECONDS, State};

/// Minutes for which a policy may have been replaced before a look that knew it sends: a lease, a
/// deadline, a server's cut-off, and a sleep in between.
const POLICY_MINUTES: i64 = 60;

/// By how much the clocks of processes may differ from the world's.
pub const CLOCKS_APART: SignedDuration = SignedDuration::from_hours(1);

/// What would be wrong with making this write now.
#[must_use]
pub fn before(state: &State, key: &Key, write: &Write, mark: Option<&ReadMark>) -> Option<String> {
    match write {
        Write::Processor(ProcessorWrite::Collect(w)) => {
            let mark = mark?;
            unwanted(state, &w.invoice, mark)
                .or_else(|| unclear_link(state, &w.invoice, mark))
                .or_else(|| wrong_payer(state, &w.invoice, &w.mandate))
                .or_else(|| too_soon(state, &w.invoice, mark))
                .or_else(|| beyond_limit(state, key, w, mark))
        }
        Write::Processor(ProcessorWrite::RetryCollection(w)) => unwanted(state, &w.invoice, mark?),
        Write::Processor(_) => None,
        Write::Erp(write) => wrong_date(state, key, write),
    }
}

/// Nobody wants the invoice collected, as the reads before the write showed.
fn unwanted(state: &State, invoice: &InvoiceId, mark: &ReadMark) -> Option<String> {
    let since = mark.at - SignedDuration::from_mins(POLICY_MINUTES);
    let policies = || state.watched.rules.policies_since(since);
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

/// Two links could collect it, neither has asked for it, and nobody said on the customer which is to.
fn unclear_link(state: &State, invoice: &InvoiceId, mark: &ReadMark) -> Option<String> {
    let since = mark.at - SignedDuration::from_mins(POLICY_MINUTES);
    if state.watched.rules.on_since(since) < 2 || !mark.links_read {
        return None;
    }
    let row = state.books.invoices.get(invoice)?;
    let customer = state.books.customers.get(&row.customer)?;
    let paid = state.processor.payments_for(invoice).count() > 0;
    let begun = paid || state.watched.is_asked(invoice, mark.at);
    let said = customer.stored.processor_account.is_some();
    (!begun && !said)
        .then(|| format!("P1: invoice {invoice} is asked for, and two links could collect it"))
}

/// The newest payment was charged back, which was known, and people leave such invoices open, or the days
/// that they wait are not over.
fn too_soon(state: &State, invoice: &InvoiceId, mark: &ReadMark) -> Option<String> {
    let payments = || state.processor.payments_for(invoice);
    // Whose payments are whose was told by people: another one may have been the newest.
    let told = state.processor.payments.values().any(|row| row.said.is_some());
    if told || state.watched.is_released(invoice, mark.at) {
        return None;
    }
    let (id, row) = payments()
        .filter(|(_, row)| row.created_at <= mark.at)
        .max_by_key(|(id, row)| (row.created_at, *id))?;
    let subject = EventSubject::Collection(id.to_string());
    let mut events = state.processor.events.iter().rev().map(|row| &row.event);
    let back = events.find(|event| event.subject == subject && event.action == "charged_back")?;
    let unseen = SignedDuration::from_secs(STALENESS_SECONDS + NEWS_SECONDS);
    let known = back.at.max(row.created_at) <= mark.at - unseen;
    if row.status != CollectionStatus::ChargedBack || !known {
        return None;
    }
    let since = mark.at - SignedDuration::from_mins(POLICY_MINUTES);
    let Some(days) = days_after_chargeback(&state.watched, since) else {
        return Some(format!("P1: {invoice} is asked for again, and {id} was charged back"));
    };
    // A process's clock may be ahead.
    let from = back.at + SignedDuration::from_hours(24 * i64::from(days)) - CLOCKS_APART;
    (mark.at < from).then(|| {
        format!("P1: {invoice} is asked for again before {days} days are over since {id} came back")
    })
}

/// The fewest days for which the link waited at some time from then on; `None`: it left such invoices open.
#[must_use]
pub fn days_after_chargeback(watched: &Watched, since: Timestamp) -> Option<u32> {
    let days = watched.rules.policies_since(since).filter_map(|one| match one.after_chargeback {
        AfterReversal::CollectAfterDays(days) => Some(days),
        AfterReversal::LeaveOpen => None,
    });
    days.min()
}

/// The link collected as much as it may by then.
fn beyond_limit(state: &State, key: &Key, write: &Collect, mark: &ReadMark) -> Option<String> {
    let watched = &state.watched;
    let released = watched.is_released(&write.invoice, mark.at);
    let one = Made { key: key.clone(), minor: write.amount.minor, released };
    let made = |(key, row): (Key, &PaymentRow)| {
        let invoice = row.invoice();
        let released = invoice.is_some_and(|invoice| watched.is_released(&invoice, row.created_at));
        Made { key, minor: row.amount, released }
    };
    let others = state.processor.made_by_us().filter(|(other, _)| other != key);
    let others: Vec<Made> = others.map(made).collect();
    let above = limits::beyond(watched, &one, &others)?;
    Some(format!("P1: invoice {} is asked for, and {above}", write.invoice))
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
        ErpWrite::RecordReceipt(w) => (w.dated_on, dates_of_receipt(state, w)),
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

/// The days, where the link is, on which the payment was confirmed, or paid out with the payout that it
/// is recorded for; and when that payout arrived, where the event was not known yet.
fn dates_of_receipt(state: &State, receipt: &RecordReceipt) -> BTreeSet<Date> {
    let subject = EventSubject::Collection(receipt.collection.to_string());
    let zone = state.watched.rules.policies().next().map_or(TimeZone::UTC, zone_of);
    let tells = |event: &&Event| match (&receipt.payout, event.action.as_str()) {
        (Some(id), "paid_out") => event.links.get("payout").is_some_and(|link| link == id.as_str()),
        (None, "confirmed" | "chargeback_cancelled") => true,
        _ => false,
    };
    let events = state.processor.events.iter().map(|row| &row.event);
    let days = events.filter(|event| event.subject == subject).filter(tells);
    let days = days.map(|event| event.at.to_zoned(zone.clone()).date());
    let payout = receipt.payout.as_ref().and_then(|id| state.processor.payouts.get(id));
    days.chain(payout.and_then(|row| row.payout.arrival_on)).collect()
}

/// When the payout arrived that the key names.
fn arrival_of(state: &State, key: &Key) -> Option<Date> {
    let mut parts = key.as_str().split('/').skip(1);
    let named = parts.find_map(|part| state.processor.payouts.get(&PayoutId::new(part)))?;
    named.payout.arrival_on
}
