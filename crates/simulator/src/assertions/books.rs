//! P3: every settlement has exactly one receipt, applied up to the balance; every reversal takes
//! back exactly one, the k-th reversal the k-th settlement.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use model::command::{ErpWrite, Write};
use model::ids::{CollectionId, InvoiceId, PayoutId, ReceiptId};
use model::payout::{PayoutItemKind, PayoutStatus};

use crate::setup;
use crate::world::erp::{BANK, Books, EXCHANGE_CLEARING, ReceiptRow};
use crate::world::processor::{PaymentRow, Processor};
use crate::world::{STALENESS_SECONDS, State};

/// What would be wrong with this document: the receipt of a payout is deposited gross before it is
/// taken back from the bank account.
#[must_use]
pub fn crossing(books: &Books, write: &Write) -> Option<String> {
    let Write::Erp(ErpWrite::RecordRefund(write)) = write else { return None };
    let row = books.receipts.get(&write.receipt)?;
    let from_bank =
        write.from.as_ref().is_some_and(|from| [BANK, EXCHANGE_CLEARING].contains(&from.as_str()));
    // One that stands on suspense is in no deposit, since its payout's deposit has the money already.
    let early = row.payout.is_some() && row.is_undeposited() && !row.touched;
    (from_bank && early)
        .then(|| format!("P3: receipt {} is taken back before it is deposited", write.receipt))
}

/// A receipt that pays more than the invoice owes, and has owed for longer than any read may lag.
#[must_use]
pub fn beyond(books: &Books, write: &Write, now: Timestamp) -> Option<String> {
    let Write::Erp(ErpWrite::RecordReceipt(write)) = write else { return None };
    let (invoice, amount) = write.apply.as_ref()?;
    let seen = now - SignedDuration::from_secs(STALENESS_SECONDS);
    let settled = books.invoices.get(invoice).is_some_and(|row| row.changed_at <= seen);
    let due = books.due(invoice);
    (settled && amount.minor > due)
        .then(|| format!("P3: {amount} is to be applied to invoice {invoice}, which owes {due}"))
}

/// Never more than one standing receipt for one item: holds after every step.
#[must_use]
pub fn doubled(books: &Books) -> Option<String> {
    let ours = |row: &&ReceiptRow| !row.voided && row.payout.is_some() && row.key.is_some();
    let rows: Vec<&ReceiptRow> = books.receipts.values().filter(ours).collect();
    rows.iter().enumerate().find_map(|(nth, row)| {
        let same = |other: &&&ReceiptRow| {
            other.collection == row.collection && other.payout == row.payout && !is_returned(other)
        };
        let other = rows[nth + 1..].iter().find(same).filter(|_| !is_returned(row))?;
        Some(format!(
            "P3: {:?} and {:?} are receipts of one item",
            row.key.as_ref().map(ToString::to_string),
            other.key.as_ref().map(ToString::to_string)
        ))
    })
}

/// The receipt of a refund whose funds came back.
fn is_returned(row: &ReceiptRow) -> bool {
    row.key.as_ref().is_some_and(|key| key.as_str().starts_with("returned/"))
}

/// Everything that is wrong with the receipts, at the end. `held_up`: the invoice's case waits for
/// what a person has to do first.
#[must_use]
pub fn check(state: &State, held_up: impl Fn(&InvoiceId) -> bool) -> Vec<String> {
    let payments = state.processor.payments.iter();
    let free = payments.filter(|(_, row)| !row.invoice().is_some_and(|id| held_up(&id)));
    free.flat_map(|(id, row)| check_payment(state, id, row)).collect()
}

fn check_payment(state: &State, id: &CollectionId, row: &PaymentRow) -> Vec<String> {
    let Some(invoice) = row.invoice() else { return Vec::new() };
    let books = &state.books;
    if super::foreign::is_other(books, &invoice) {
        return Vec::new();
    }
    let receipts: Vec<(&ReceiptId, &ReceiptRow)> = books
        .receipts
        .iter()
        .filter(|(_, row)| row.collection.as_ref() == Some(id) && !is_returned(row))
        .collect();
    if books.touched.contains(&invoice) || receipts.iter().any(|(_, row)| row.touched) {
        // For people to end; that it is shown to them is checked elsewhere.
        return Vec::new();
    }
    let (settled, reversed) = items_of(&state.processor, id);
    let booked_here = |item: &&Item| item.0 >= setup::first_day();
    if settled.iter().any(|item| !booked_here(&item)) {
        return of_predecessor(id, &receipts, settled.iter().filter(booked_here).count());
    }
    let mut standing: Vec<(&ReceiptId, &ReceiptRow)> = receipts;
    standing.retain(|(receipt, row)| !row.voided && !taken_back_unsettled(books, receipt));
    if came_to_nothing(&state.processor, id) {
        // Whoever recorded those takes them back: `predecessor` sees that a person is told.
        standing.retain(|(_, row)| row.key.is_some());
    }
    let mut wrong = Vec::new();
    let kept = settled.len().saturating_sub(reversed.len());
    let mut refunds = state.processor.refunds.values();
    let refunded = refunds.any(|row| row.refund.collection.as_ref() == Some(id));
    if row.said.is_some() {
        return by_number(id, &standing, kept, refunded);
    }
    if standing.len() != settled.len() {
        wrong.push(format!(
            "P3: {id} of invoice {invoice}: {} settlements, {} receipts",
            settled.len(),
            standing.len()
        ));
        return wrong;
    }
    if standing.iter().any(|(_, row)| row.key.is_none()) {
        return by_number(id, &standing, kept, refunded);
    }
    standing.sort_by_key(|(_, row)| {
        settled.iter().position(|(_, payout, _)| Some(payout) == row.payout.as_ref())
    });
    for (nth, (receipt, row)) in standing.iter().enumerate() {
        let applied: i64 = row.applications.values().sum();
        if nth < reversed.len() {
            if applied != 0 || row.unapplied() != 0 {
                wrong.push(format!("P3: receipt {receipt} of {id} is reversed, and still holds"));
            }
        } else if row.unapplied() > 0 && books.due(&invoice) > 0 && live(state, id) {
            wrong.push(format!("P3: receipt {receipt} of {id} is not applied up to the balance"));
        }
    }
    wrong
}

/// A payment that somebody adopted or matched: what was paid out and taken back while it was nobody's
/// stood on suspense, and needs no receipt any more. Or one of which others recorded a receipt, which
/// names no payout: any of its settlements may be the one it is for. `refunded`: a receipt may hold
/// nothing any more.
fn by_number(
    id: &CollectionId,
    standing: &[(&ReceiptId, &ReceiptRow)],
    kept: usize,
    refunded: bool,
) -> Vec<String> {
    let holds = |row: &ReceiptRow| row.unapplied() + row.applications.values().sum::<i64>() > 0;
    let holding = standing.iter().filter(|(_, row)| holds(row)).count();
    let wrong = holding > kept || (holding < kept && !refunded);
    wrong
        .then(|| format!("P3: {id}: {kept} settlements are kept, {holding} receipts hold them"))
        .into_iter()
        .collect()
}

/// A payment that settled before the cut-over: what arrived by then is not booked here once more.
fn of_predecessor(
    id: &CollectionId,
    receipts: &[(&ReceiptId, &ReceiptRow)],
    later: usize,
) -> Vec<String> {
    let ours = receipts.iter().filter(|(_, row)| row.key.is_some() && !row.voided).count();
    let wrong = ours > later;
    wrong
        .then(|| format!("P3: {id} arrived before the cut-over: {later} later settlements, {ours} receipts of ours"))
        .into_iter()
        .collect()
}

/// The payment is over, and never settled.
#[must_use]
pub fn came_to_nothing(processor: &Processor, id: &CollectionId) -> bool {
    let over = processor.payments.get(id).is_some_and(|row| !row.status.live());
    over && items_of(processor, id).0.is_empty()
}

fn live(state: &State, id: &CollectionId) -> bool {
    let row = state.processor.payments.get(id);
    row.is_some_and(|row| row.status.live() && row.refunded == 0)
}

/// Posted at confirmed, never settled, and taken back as a whole.
fn taken_back_unsettled(books: &Books, receipt: &ReceiptId) -> bool {
    books.refunds.values().any(|refund| {
        !refund.voided && refund.receipt == *receipt && refund.key.as_str().contains("/confirmed-")
    })
}

type Item = (Date, PayoutId, u32);

/// Settlements and reversals of a payment in paid payouts, in their order.
#[must_use]
pub fn items_of(processor: &Processor, id: &CollectionId) -> (Vec<Item>, Vec<Item>) {
    let mut settled = Vec::new();
    let mut reversed = Vec::new();
    for (payout, row) in &processor.payouts {
        if row.payout.status != PayoutStatus::Paid {
            continue;
        }
        let Some(arrival_on) = row.payout.arrival_on else { continue };
        for item in row.items.iter().filter(|item| item.collection.as_ref() == Some(id)) {
            let place = (arrival_on, payout.clone(), item.ordinal);
            if item.kind == PayoutItemKind::PaymentPaidOut {
                settled.push(place);
            } else if item.kind.is_reversal() {
                reversed.push(place);
            }
        }
    }
    settled.sort();
    reversed.sort();
    (settled, reversed)
}
