//! P5: a case waits for a person, or for others that wait for one, only where the world knows of somebody who
//! did something, or left something: by their deeds, not by what the case says of itself.

use std::collections::BTreeSet;

use model::case::CaseKind;
use model::ids::CollectionId;
use model::payout::PayoutItem;
use store::rows::CaseRow;

use super::ending::{is_overtaken, is_stuck};
use super::foreign::is_other;
use super::together::{Node, Together, alone, waits};
use crate::setup;
use crate::world::State;
use crate::world::processor::PaymentRow;

/// Cases that wait for people, or for others, and nobody did anything that they hang together with.
#[must_use]
pub fn check(state: &State, cases: &[CaseRow]) -> Vec<String> {
    if !cases.iter().any(waits) {
        return Vec::new();
    }
    let touched = touched(state, cases);
    alone(cases.iter(), |case| nodes_of(state, case), &groups(state), &touched)
}

/// Payouts without a case that hang together with nothing that anybody left or did.
#[must_use]
pub fn dropped(state: &State, cases: &[CaseRow]) -> Vec<String> {
    let seen = |id: &str| {
        cases.iter().any(|one| one.key.kind == CaseKind::Payout && one.key.subject == id)
    };
    let dropped: Vec<_> = state.processor.payouts.keys().filter(|id| !seen(id.as_str())).collect();
    if dropped.is_empty() {
        return Vec::new();
    }
    let (together, touched) = (groups(state), touched(state, cases));
    let alone = |id: &_| !together.reach(&BTreeSet::from([Node::payout(id)]), &touched);
    let alone = dropped.into_iter().filter(|id| alone(*id));
    alone.map(|id| format!("P5: payout {id} has no case")).collect()
}

fn groups(state: &State) -> Together {
    let mut together = Together::default();
    for (id, row) in &state.processor.payouts {
        let items = row.items.iter().flat_map(|item| invoices_of(state, item));
        together.join(items.chain([Node::payout(id)]).collect());
    }
    for row in state.processor.payments.values() {
        together.join(invoices(row).collect());
    }
    for row in state.books.deposits.values() {
        let receipts = row.receipts.iter().filter_map(|id| state.books.receipts.get(id));
        let payments = receipts.flat_map(|receipt| {
            let payment = receipt.collection.as_ref();
            let payment = payment.and_then(|id| state.processor.payments.get(id));
            payment.into_iter().flat_map(invoices).chain(receipt.payout.iter().map(Node::payout))
        });
        together.join(payments.collect());
    }
    together
}

/// The invoice that a payment names, and that people said it is for.
fn invoices(row: &PaymentRow) -> impl Iterator<Item = Node> {
    let named = row.metadata.get(model::payment::metadata::INVOICE).map(Node::invoice);
    named.into_iter().chain(row.invoice().map(Node::invoice))
}

fn invoices_of(state: &State, item: &PayoutItem) -> Vec<Node> {
    let payment = payment_of(state, item).and_then(|id| state.processor.payments.get(id));
    payment.into_iter().flat_map(invoices).collect()
}

fn payment_of<'a>(state: &'a State, item: &'a PayoutItem) -> Option<&'a CollectionId> {
    let refund = item.refund.as_ref().and_then(|id| state.processor.refunds.get(id));
    let refunded = refund.and_then(|row| row.refund.collection.as_ref());
    item.collection.as_ref().or(refunded)
}

fn nodes_of(state: &State, case: &CaseRow) -> BTreeSet<Node> {
    let subject = case.key.subject.as_str();
    match case.key.kind {
        CaseKind::Collection => BTreeSet::from([Node::invoice(subject)]),
        CaseKind::Payout => BTreeSet::from([Node::payout(subject)]),
        CaseKind::Refund => of_refund(state, subject),
        _ => BTreeSet::new(),
    }
}

fn of_refund(state: &State, refund: &str) -> BTreeSet<Node> {
    let rows = state.processor.refunds.iter().filter(|(id, _)| id.as_str() == refund);
    let payments = rows.filter_map(|(_, row)| row.refund.collection.as_ref());
    let payments = payments.filter_map(|id| state.processor.payments.get(id));
    let takes = |item: &PayoutItem| item.refund.as_ref().is_some_and(|id| id.as_str() == refund);
    let payouts = state.processor.payouts.iter();
    let payouts = payouts.filter(|(_, row)| row.items.iter().any(takes));
    payments.flat_map(invoices).chain(payouts.map(|(id, _)| Node::payout(id))).collect()
}

/// What somebody did something about, or left.
fn touched(state: &State, cases: &[CaseRow]) -> BTreeSet<Node> {
    let books = &state.books;
    let mut touched: BTreeSet<Node> = books.touched.iter().map(Node::invoice).collect();
    touched.extend(books.touched_payouts.iter().map(Node::payout));
    for row in books.receipts.values() {
        let deposit = row.deposit.as_ref().and_then(|id| books.deposits.get(id));
        let by_hand = deposit.is_some_and(|deposit| deposit.key.is_none());
        if row.touched || by_hand || row.key.is_none() {
            touched.extend(row.payout.iter().map(Node::payout));
            let payment = row.collection.as_ref();
            let payment = payment.and_then(|id| state.processor.payments.get(id));
            touched.extend(payment.into_iter().flat_map(invoices));
        }
    }
    for row in state.processor.payments.values() {
        let before = row.created_at < setup::start();
        if row.said.is_some() || before {
            touched.extend(invoices(row));
        }
    }
    for (id, row) in &state.processor.payouts {
        if row.items.iter().any(|item| is_of_others(state, item)) {
            touched.insert(Node::payout(id));
        }
    }
    // What may have other content by now, and refunds that no deposit can carry, are told by their words.
    let by_word = cases.iter().filter(|case| is_overtaken(case) || is_stuck(case));
    let left = |case: &&CaseRow| state.watched.left.iter().any(|(key, _)| *key == case.key);
    let theirs = by_word.chain(cases.iter().filter(left));
    touched.extend(theirs.flat_map(|case| nodes_of(state, case)));
    touched
}

/// Money that nobody collected for an invoice of the link's.
fn is_of_others(state: &State, item: &PayoutItem) -> bool {
    if item.collection.is_none() && item.refund.is_none() {
        return false;
    }
    let payment = payment_of(state, item).and_then(|id| state.processor.payments.get(id));
    payment.and_then(PaymentRow::invoice).is_none_or(|id| is_other(&state.books, &id))
}
