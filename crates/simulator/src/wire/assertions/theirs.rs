//! P5: a case waits for a person, or for others that wait for one, only where somebody did something, or left
//! something (as `crate::assertions::theirs` judges it at model depth).

use std::collections::BTreeSet;

use model::case::CaseKind;
use store::rows::CaseRow;

use super::ending::End;
use crate::assertions::ending::is_overtaken;
use crate::assertions::together::{Node, Together, alone};
use crate::wire::truth::{Item, Payment, Truth};

/// Cases that wait, and nobody did anything that they hang together with. `rests`: what this depth knows to stay
/// so for ever by the rules, and others may wait for.
#[must_use]
pub fn check(end: &End<'_>, cases: &[CaseRow], rests: impl Fn(&CaseRow) -> bool) -> Vec<String> {
    let mut touched = touched(end, cases);
    let resting = cases.iter().filter(|case| rests(case));
    touched.extend(resting.flat_map(|case| nodes_of(end.truth, case)));
    let waiting = cases.iter().filter(|case| !rests(case));
    alone(waiting, |case| nodes_of(end.truth, case), &groups(end.truth), &touched)
}

fn groups(truth: &Truth) -> Together {
    let mut together = Together::default();
    for payout in &truth.payouts {
        let payments = payout.items.iter().filter_map(|item| payment_of(truth, item));
        together.join(payments.filter_map(invoice).chain([Node::payout(&payout.id)]).collect());
    }
    together
}

fn payment_of<'a>(truth: &'a Truth, item: &Item) -> Option<&'a Payment> {
    truth.payments.get(item.payment.as_ref()?)
}

fn invoice(payment: &Payment) -> Option<Node> {
    payment.invoice.as_ref().map(Node::invoice)
}

fn nodes_of(truth: &Truth, case: &CaseRow) -> BTreeSet<Node> {
    let subject = case.key.subject.as_str();
    match case.key.kind {
        CaseKind::Collection => BTreeSet::from([Node::invoice(subject)]),
        CaseKind::Payout => BTreeSet::from([Node::payout(subject)]),
        CaseKind::Refund => {
            let of_it = |one: &&Payment| one.refunds.iter().any(|refund| refund.id == subject);
            let payments: Vec<&Payment> = truth.payments.values().filter(of_it).collect();
            let in_payouts = truth.payouts.iter().filter(|payout| {
                let of =
                    |item: &Item| payments.iter().any(|one| Some(&one.id) == item.payment.as_ref());
                payout.items.iter().any(of)
            });
            let payouts = in_payouts.map(|payout| Node::payout(&payout.id));
            payments.iter().filter_map(|one| invoice(one)).chain(payouts).collect()
        }
        CaseKind::Customer | CaseKind::Mandate => BTreeSet::new(),
    }
}

fn touched(end: &End<'_>, cases: &[CaseRow]) -> BTreeSet<Node> {
    let (truth, hands) = (end.truth, end.hands);
    let mut touched: BTreeSet<Node> = hands.invoices.iter().map(Node::invoice).collect();
    touched.extend(hands.payouts.iter().map(Node::payout));
    let by_hand = truth.documents.iter().filter(|one| hands.documents.contains(&one.id));
    for document in by_hand {
        let payment = document.payment.as_ref().and_then(|id| truth.payments.get(id));
        touched.extend(payment.and_then(invoice));
        let stamp = document.stamp.as_deref().unwrap_or_default();
        let named = truth.payouts.iter().filter(|payout| stamp.contains(&payout.id));
        touched.extend(named.map(|payout| Node::payout(&payout.id)));
    }
    let theirs = |one: &&Payment| one.said.is_some() || hands.predecessor.contains_key(&one.id);
    touched.extend(truth.payments.values().filter(theirs).filter_map(invoice));
    for payout in &truth.payouts {
        if end.left_to_people || payout.items.iter().any(|item| is_of_others(truth, item)) {
            touched.insert(Node::payout(&payout.id));
        }
    }
    // What may have other content by now is told by its words.
    let left = |case: &&CaseRow| hands.answers.left.iter().any(|(key, _)| *key == case.key);
    let words = cases.iter().filter(|case| is_overtaken(case));
    touched.extend(words.chain(cases.iter().filter(left)).flat_map(|one| nodes_of(truth, one)));
    touched
}

/// Money that nobody collected for an invoice of the link's.
fn is_of_others(truth: &Truth, item: &Item) -> bool {
    let Some(payment) = payment_of(truth, item) else { return item.payment.is_some() };
    let invoice = payment.invoice.as_ref().and_then(|id| truth.invoices.get(id));
    invoice.is_none_or(|one| one.foreign)
}
