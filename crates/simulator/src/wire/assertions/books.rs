//! P3, P4 and the ledger's balance, from the ERP's documents and the processor's payouts.

use std::collections::BTreeSet;

use jiff::civil::Date;
use model::key::{Alphabet, Key};
use model::policy::Accounts;
use rust_decimal::Decimal;

use super::lines;
use crate::wire::systems::Hands;
use crate::wire::truth::{Document, DocumentKind, Item, ItemKind, Payment, Payout, Truth};

/// Lengths of the stamps on the ERP's documents (netsuite sheet section 5.10, acumatica sheet
/// section 9.5).
const STAMP_LENGTHS: [usize; 2] = [50, 40];

/// Characters of the digest at the end of a stamp that is cut, and of an id that tell it from others.
const DIGEST: usize = 12;
const TELLING: usize = 12;

/// What the checks of the books rest on.
pub struct Case<'a> {
    pub truth: &'a Truth,
    pub hands: &'a Hands,
    pub accounts: &'a Accounts,
    /// Payouts whose cases say that they are booked.
    pub booked: &'a BTreeSet<String>,
    /// Invoices whose cases wait for what a person has to do first.
    pub held_up: &'a BTreeSet<String>,
    /// What arrived before is not booked here.
    pub cut_over_on: Option<Date>,
}

/// The document carries the key's stamp, also when it is void.
fn carries(document: &Document, parts: &[&str]) -> bool {
    let key = Key::new(parts);
    let stamps = STAMP_LENGTHS.map(|length| key.stamp(Alphabet::PathSafe, length));
    document.stamp.as_ref().is_some_and(|stamp| stamps.contains(stamp))
}

/// The document carries the key's stamp, and stands.
pub fn is_stamped(document: &Document, parts: &[&str]) -> bool {
    !document.voided && carries(document, parts)
}

/// Whether a stamp was made from a key that names the payout.
pub fn names(document: &Document, payout: &str) -> bool {
    let stamp = document.stamp.as_deref().unwrap_or_default();
    let whole = stamp.split_once(payout).is_some_and(|(head, _)| head.ends_with('-'));
    whole || is_cut(stamp, payout)
}

/// A short stamp ends the payout's id early, and its digest follows.
fn is_cut(stamp: &str, payout: &str) -> bool {
    let Some(head) = stamp.get(..stamp.len().saturating_sub(DIGEST)) else { return false };
    let Some((_, last)) = head.rsplit_once('-') else { return false };
    STAMP_LENGTHS.contains(&stamp.len()) && last.len() >= TELLING && payout.starts_with(last)
}

/// What holds after every step: the ledger balances, document by document, and no item has two
/// receipts.
#[must_use]
pub fn always(truth: &Truth) -> Vec<String> {
    let mut wrong = Vec::new();
    if truth.trial_balance != "0" {
        wrong.push(format!("P4: the trial balance is {}", truth.trial_balance));
    }
    for one in &truth.documents {
        let sum: Decimal = one.postings.iter().map(|(_, base, _)| *base).sum();
        if !sum.is_zero() {
            wrong.push(format!("P4: document {} is off by {sum}", one.id));
        }
    }
    let mut stamps: Vec<&str> = truth
        .documents
        .iter()
        .filter(|one| !one.voided)
        .filter_map(|one| one.stamp.as_deref())
        .collect();
    stamps.sort_unstable();
    for pair in stamps.windows(2).filter(|pair| pair[0] == pair[1]) {
        wrong.push(format!("P3: two documents carry {}", pair[0]));
    }
    wrong
}

/// Everything that is wrong with the books at the end.
#[must_use]
pub fn check(case: &Case<'_>) -> Vec<String> {
    let mut wrong = always(case.truth);
    for payment in case.truth.payments.values() {
        wrong.extend(settled(case, payment));
    }
    for payout in case.truth.payouts.iter().filter(|one| case.booked.contains(&one.id)) {
        wrong.extend(at_bank(case, payout));
        wrong.extend(lines::check(case, payout));
        for item in payout.items.iter().filter(|item| item.kind == ItemKind::Reversal) {
            wrong.extend(taken_back(case, payout, item));
        }
    }
    wrong
}

/// The receipt of a refund whose funds came back.
fn is_returned(document: &Document) -> bool {
    document.stamp.as_deref().is_some_and(|stamp| stamp.starts_with("returned-"))
}

/// What an un-application left of a receipt in parts, beside the receipt (acumatica sheet section
/// 10, rule 18).
fn is_part(document: &Document) -> bool {
    let stamp = document.stamp.as_deref().unwrap_or_default();
    ["kept-", "free-"].iter().any(|word| stamp.starts_with(word))
}

/// Posted at confirmed, never settled, and taken back as a whole.
fn is_taken_back(case: &Case<'_>, receipt: &Document, payment: &str) -> bool {
    (1..10).any(|nth| {
        let nth = format!("confirmed-{nth}");
        carries(receipt, &["receipt", payment, &nth])
            && case.truth.documents.iter().any(|one| is_stamped(one, &["refund", payment, &nth]))
    })
}

fn is_free(case: &Case<'_>, payment: &Payment) -> bool {
    let Some(invoice) = &payment.invoice else { return false };
    if payment.said.is_some() && case.truth.invoices.get(invoice).is_some_and(|one| one.foreign) {
        // It was adopted for an invoice that no link collects, and is told of as foreign.
        return false;
    }
    let touched = case.truth.documents.iter().any(|one| {
        one.payment.as_deref() == Some(payment.id.as_str())
            && case.hands.documents.contains(&one.id)
    });
    !touched && !case.hands.invoices.contains(invoice) && !case.held_up.contains(invoice)
}

/// P3: as many receipts as settlements, each of its item's amount, applied up to the balance.
fn settled(case: &Case<'_>, payment: &Payment) -> Vec<String> {
    if !is_free(case, payment) {
        return Vec::new();
    }
    let of_payment = |item: &Item| item.payment.as_deref() == Some(payment.id.as_str());
    let items = || case.truth.items().filter(|(_, item)| of_payment(item));
    if case.hands.predecessor.contains_key(&payment.id)
        && items().any(|(payout, _)| case.hands.payouts.contains(&payout.id))
    {
        // What a bank sent back at the cut-over may never have been settled for the case.
        return Vec::new();
    }
    let is_settlement = |item: &Item| item.kind == ItemKind::Settlement;
    let earlier = items().any(|(payout, item)| is_settlement(item) && is_earlier(case, payout));
    let settlements = items().filter(|(_, item)| item.kind == ItemKind::Settlement).count();
    let reversals = items().filter(|(_, item)| item.kind == ItemKind::Reversal).count();
    let standing: Vec<&Document> = case
        .truth
        .receipts()
        .filter(|one| one.payment.as_deref() == Some(payment.id.as_str()) && one.stamp.is_some())
        .filter(|one| !is_returned(one) && !is_part(one))
        .filter(|one| !is_taken_back(case, one, &payment.id))
        .collect();
    if payment.said.is_some() {
        return as_said(payment, standing.len(), settlements, reversals);
    }
    let mut wrong = Vec::new();
    let later = items().filter(|(payout, item)| is_settlement(item) && !is_earlier(case, payout));
    let wanted = later.count() - usize::from(stands_for_one(case, payment, settlements, earlier));
    // Of a payment that a predecessor settled, a person may have to say what becomes of the rest.
    if standing.len() > wanted || (standing.len() < wanted && !earlier) {
        wrong.push(format!(
            "P3: {}: {wanted} settlements to record, {} receipts",
            payment.id,
            standing.len()
        ));
    }
    let invoice = payment.invoice.as_ref().and_then(|id| case.truth.invoices.get(id));
    let owes = invoice.is_some_and(|invoice| invoice.remaining > 0);
    for receipt in standing {
        if receipt.amount != payment.amount {
            wrong.push(format!(
                "P3: receipt {} is over {}, its payment over {}",
                receipt.id, receipt.amount, payment.amount
            ));
        }
        if receipt.unapplied > 0
            && owes
            && reversals == 0
            && payment.is_live()
            && payment.refunded == 0
        {
            wrong.push(format!("P3: receipt {} is not applied up to the balance", receipt.id));
        }
    }
    wrong
}

/// Of a payment that people said whose it is: what was settled and taken back before it was matched may
/// stand on suspense, and needs no receipt.
fn as_said(payment: &Payment, receipts: usize, settled: usize, reversed: usize) -> Vec<String> {
    let kept = settled.saturating_sub(reversed);
    let wrong = receipts > settled || (receipts < kept && payment.refunded == 0);
    let words =
        format!("P3: {}: {settled} settlements, {kept} kept, {receipts} receipts", payment.id);
    wrong.then_some(words).into_iter().collect()
}

fn is_earlier(case: &Case<'_>, payout: &Payout) -> bool {
    payout.arrives_on.zip(case.cut_over_on).is_some_and(|(arrives, cut_over)| arrives < cut_over)
}

/// A predecessor's receipt takes the place of the first one that would be recorded.
fn stands_for_one(case: &Case<'_>, payment: &Payment, settlements: usize, earlier: bool) -> bool {
    let recorded = case.hands.predecessor.get(&payment.id).and_then(Option::as_ref);
    let stands = recorded.is_some_and(|id| case.truth.receipts().any(|one| one.id == *id));
    stands && !earlier && settlements > 0
}

/// P3: refund document and loss together take back exactly the item.
fn taken_back(case: &Case<'_>, payout: &Payout, item: &Item) -> Option<String> {
    let payment = item.payment.as_ref().and_then(|id| case.truth.payments.get(id))?;
    if !is_free(case, payment) {
        return None;
    }
    let ordinal = item.ordinal.to_string();
    let documents = case.truth.documents.iter().filter(|one| {
        ["refund", "loss"].iter().any(|word| is_stamped(one, &[word, &payout.id, &ordinal]))
    });
    let taken: Decimal = documents.map(Document::size).sum();
    let wanted = -item.amount;
    (taken * Decimal::ONE_HUNDRED != wanted).then(|| {
        format!(
            "P3: item {ordinal} ({}) of {} is {wanted}, its documents take back {taken}",
            item.name, payout.id
        )
    })
}

/// People took something of the payout into their own hands, or it waits for them.
#[must_use]
pub fn is_touched(case: &Case<'_>, payout: &Payout) -> bool {
    let of_item = |item: &Item| item.payment.as_ref().and_then(|id| case.truth.payments.get(id));
    let mut payments = payout.items.iter().filter_map(of_item);
    let touched = payments.any(|one| one.invoice.is_some() && !is_free(case, one));
    touched || case.hands.payouts.contains(&payout.id)
}

/// P4: the bank lines of all documents of a payout sum to the payout.
#[must_use]
pub fn at_bank(case: &Case<'_>, payout: &Payout) -> Option<String> {
    let mapped = case.accounts.banks.get(&payout.currency).map(|bank| &bank.account);
    let bank = if payout.exchanged { case.accounts.exchange_clearing.as_ref() } else { mapped };
    let bank = bank?;
    if is_touched(case, payout) {
        return None;
    }
    let carries = |one: &&Document| {
        one.kind != DocumentKind::Receipt && !one.voided && names(one, &payout.id)
    };
    // A predecessor may have put its receipt on the bank account by itself.
    let theirs: Vec<&String> = payout
        .items
        .iter()
        .filter(|item| item.kind == ItemKind::Settlement)
        .filter_map(|item| case.hands.predecessor.get(item.payment.as_ref()?)?.as_ref())
        .collect();
    let banked = |one: &&Document| {
        one.kind == DocumentKind::Receipt && !one.voided && theirs.contains(&&one.id)
    };
    let documents = case.truth.documents.iter().filter(|one| carries(one) || banked(one));
    let moved: Decimal = documents.map(|one| one.at_account(bank.as_str())).sum();
    (moved * Decimal::ONE_HUNDRED != Decimal::from(payout.amount)).then(|| {
        format!(
            "P4: payout {} is {} minor units, its documents put {moved} on the bank account",
            payout.id, payout.amount
        )
    })
}
