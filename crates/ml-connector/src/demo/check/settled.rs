//! P3: every settlement has exactly one receipt, every reversal takes back exactly what it should,
//! and no document carries our key without a reason.

use std::collections::{BTreeMap, BTreeSet};

use model::key::Key;
use rust_decimal::Decimal;

use super::{Broken, Case};
use crate::demo::truth::{Document, Item, Kind, Payout, to_minor};

pub fn check(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut explained: BTreeSet<&str> = BTreeSet::new();
    let by_stamp: BTreeMap<&str, &Document> =
        case.truth.documents.iter().filter_map(|one| Some((one.stamp.as_deref()?, one))).collect();
    for (payout, item) in case.truth.items().filter(|(payout, _)| payout.status == "paid") {
        if !is_ours(case, item) {
            continue;
        }
        if item.kind == "payment_paid_out" {
            settlement(case, payout, item, &mut explained, &mut broken);
        } else if item.is_reversal() {
            reversal(case, payout, item, &by_stamp, &mut explained, &mut broken);
        }
    }
    applied(case, &mut broken);
    let by_payout = |one: &Document| {
        let lines = matches!(one.kind, Kind::Deposit | Kind::Journal);
        lines && case.truth.payouts.iter().any(|payout| names(one, payout))
    };
    for one in &case.truth.documents {
        // A part is told by its void, which is explained or not.
        let known = case.hands.documents.contains(&one.id)
            || one.kind == Kind::Part
            || explained.contains(one.id.as_str())
            || by_payout(one);
        if !known && !one.voided {
            let key = one.stamp.as_deref().unwrap_or("without a key");
            let what = format!("{} {} ({key}) belongs to nothing", one.kind.word(), one.id);
            broken.push(Broken::new("P3", what));
        }
    }
    broken
}

/// Whether a document of ours names the payout, or its key does.
pub fn names(document: &Document, payout: &Payout) -> bool {
    let Some(stamp) = &document.stamp else { return false };
    document.payout.as_ref() == Some(&payout.id)
        || stamp.split_once(&payout.id).is_some_and(|(head, _)| head.ends_with('-'))
}

/// The item belongs to a payment that names an invoice.
pub fn is_ours(case: &Case<'_>, item: &Item) -> bool {
    let payment = item.payment.as_ref().and_then(|id| case.truth.payments.get(id));
    payment.is_some_and(|payment| payment.invoice.is_some())
}

fn settlement<'a>(
    case: &Case<'a>,
    payout: &Payout,
    item: &Item,
    explained: &mut BTreeSet<&'a str>,
    broken: &mut Vec<Broken>,
) {
    let payment = item.payment.as_deref().unwrap_or_default();
    let found: Vec<&Document> = case
        .truth
        .receipts()
        .filter(|one| one.payment.as_deref() == Some(payment))
        .filter(|one| one.payout.as_deref() == Some(payout.id.as_str()))
        .collect();
    explained.extend(found.iter().map(|one| one.id.as_str()));
    let place = format!("payment {payment} in payout {}", payout.id);
    match found.as_slice() {
        [] => broken.push(Broken::new("P3", format!("{place} has no receipt"))),
        [one] if Decimal::from(one.amount) != item.amount => {
            let what = format!("{place}: the receipt is {}, the item {}", one.amount, item.amount);
            broken.push(Broken::new("P3", what));
        }
        [_] => {}
        several => {
            let what = format!("{place} has {} receipts", several.len());
            broken.push(Broken::new("P3", what));
        }
    }
}

/// Times that one item may be un-applied: a person's edit in between makes it another time.
const UNAPPLIED_MAX: u32 = 9;

/// Refund document and loss together take back exactly the item.
fn reversal<'a>(
    case: &Case<'a>,
    payout: &Payout,
    item: &Item,
    by_stamp: &BTreeMap<&str, &'a Document>,
    explained: &mut BTreeSet<&'a str>,
    broken: &mut Vec<Broken>,
) {
    let bank = case.accounts.banks.get(&payout.currency).map_or("", String::as_str);
    let mut taken = Decimal::ZERO;
    let mut documents = 0;
    for purpose in ["refund", "loss"] {
        let key = Key::new(&[purpose, &payout.id, &item.ordinal.to_string()]);
        let Some(one) = by_stamp.get((case.stamp)(&key).as_str()).filter(|one| !one.voided) else {
            continue;
        };
        explained.insert(one.id.as_str());
        documents += 1;
        taken += at_account(one, bank);
    }
    // Where an ERP un-applies by a document, that one takes nothing from the bank.
    for nth in 1..=UNAPPLIED_MAX {
        let key = ["unapply", &payout.id, &item.ordinal.to_string(), &nth.to_string()];
        let one = by_stamp.get((case.stamp)(&Key::new(&key)).as_str());
        explained.extend(one.filter(|one| one.kind == Kind::Void).map(|one| one.id.as_str()));
    }
    let place = format!("item {} ({}) of payout {}", item.ordinal, item.kind, payout.id);
    if documents == 0 {
        broken.push(Broken::new("P3", format!("{place} was not taken back")));
    } else if taken * Decimal::ONE_HUNDRED != item.amount {
        let what = format!("{place} is {}, its documents moved {taken} at the bank", item.amount);
        broken.push(Broken::new("P3", what));
    }
}

/// What a document moves on an account, major units of its currency, debit positive.
pub fn at_account(document: &Document, account: &str) -> Decimal {
    let lines = document.postings.iter().filter(|(on, _, _)| on == account);
    lines.map(|(_, _, foreign)| *foreign).sum()
}

/// A receipt is applied up to what its invoice owes; people may have un-applied one.
fn applied(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for receipt in case.truth.receipts() {
        let by_hand = case.hands.documents.contains(&receipt.id)
            || case.hands.unapplied.contains(&receipt.id);
        let payment = receipt.payment.as_ref().and_then(|id| case.truth.payments.get(id));
        let invoice = payment
            .and_then(|payment| payment.invoice.as_ref())
            .and_then(|id| case.truth.invoices.get(id));
        let (Some(invoice), false) = (invoice, by_hand) else { continue };
        if receipt.unapplied > 0 && invoice.remaining > 0 {
            let what = format!(
                "receipt {} has {} left although invoice {} still owes {}",
                receipt.id, receipt.unapplied, invoice.number, invoice.remaining
            );
            broken.push(Broken::new("P3", what));
        }
        let exact: Decimal = receipt.postings.iter().map(|(_, _, foreign)| *foreign).sum();
        if to_minor(exact).is_ok_and(|rest| rest != 0) {
            let what = format!("receipt {} does not balance", receipt.id);
            broken.push(Broken::new("P3", what));
        }
    }
}
