//! Which receipt stands for which settlement, what receipts hold on the invoice, and which documents
//! of ours a look must read (promise P3).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use model::case::CaseKey;
use model::decision::{DocumentRole, ItemDocument};
use model::ids::{CollectionId, PayoutId};
use model::invoice::{Invoice, InvoiceStatus};
use model::key::Key;
use model::payout::KeptItem;
use model::policy::PostOn;
use model::reason::ReasonCode;
use model::receipt::{DocumentKind, ErpDocument};
use model::sight::Sight;

use super::facts::{CollectionFacts, count, is_collected};

/// The documents of ours that a decision about these payments depends on.
#[must_use]
pub fn keys_to_read(facts: &CollectionFacts) -> Vec<(DocumentKind, Key)> {
    let mut keys = Vec::new();
    for (_, collection) in facts.readable() {
        let id = &collection.id;
        for key in confirmed_keys(facts, id) {
            let reversal = confirmed_reversal_key(&key);
            if facts.frame.command(&reversal).is_some() {
                keys.push((DocumentKind::Refund, reversal));
            }
            keys.push((DocumentKind::Receipt, key));
        }
        keys.extend(forgotten_of(facts, id).map(|key| (DocumentKind::Receipt, key)));
        for kept in facts.settlements(id).filter(|kept| !before_cut_over(facts, kept)) {
            keys.push((DocumentKind::Receipt, receipt_key(facts, kept)));
        }
        for kept in facts.reversals(id).filter(|kept| !before_cut_over(facts, kept)) {
            keys.push((DocumentKind::Refund, item_key("refund", kept)));
            let loss = item_key("loss", kept);
            if facts.frame.command(&loss).is_some() {
                keys.push((DocumentKind::Journal, loss));
            }
        }
    }
    keys.sort();
    keys.dedup();
    keys
}

/// Payouts that arrived before the cut-over are never booked (mission row C13).
pub fn before_cut_over(facts: &CollectionFacts, kept: &KeptItem) -> bool {
    facts.frame.policy.cut_over_on.is_none_or(|cut_over| kept.arrival_on < cut_over)
}

/// The key of a document that an item needs beside a receipt.
pub fn item_key(word: &str, kept: &KeptItem) -> Key {
    Key::new(&[word, kept.payout.as_str(), &kept.item.ordinal.to_string()])
}

/// The key of the nth receipt posted at confirmed.
pub fn confirmed_key(id: &CollectionId, nth: usize) -> Key {
    Key::new(&["receipt", id.as_str(), &format!("confirmed-{nth}")])
}

/// Keys of the receipts posted at confirmed, in order.
pub fn confirmed_keys(facts: &CollectionFacts, id: &CollectionId) -> Vec<Key> {
    confirmed_numbers(facts, id).into_iter().map(|nth| confirmed_key(id, nth)).collect()
}

/// The key of one more receipt at confirmed.
pub fn next_confirmed_key(facts: &CollectionFacts, id: &CollectionId) -> Key {
    confirmed_key(id, confirmed_numbers(facts, id).last().map_or(1, |last| last + 1))
}

/// Those that commands know, and those that the ERP has all the same.
fn confirmed_numbers(facts: &CollectionFacts, id: &CollectionId) -> BTreeSet<usize> {
    let found = facts.documents.keys().filter(|key| facts.receipt(key).is_some());
    known_numbers(facts, id).chain(found.filter_map(|key| number_of(id, key))).collect()
}

/// One that was decided, never sent and given up leaves its number out, with others after it.
fn known_numbers(facts: &CollectionFacts, id: &CollectionId) -> impl Iterator<Item = usize> {
    use model::command::CommandState::Intended;
    let there = facts.frame.commands.iter().filter(|view| view.sends > 0 || view.state == Intended);
    there.filter_map(|view| number_of(id, &view.key))
}

/// The number of a receipt of this payment at confirmed.
fn number_of(id: &CollectionId, key: &Key) -> Option<usize> {
    let stem = confirmed_key(id, 0);
    key.as_str().strip_prefix(stem.as_str().trim_end_matches('0'))?.parse().ok()
}

/// One more key to ask the ERP for: a receipt at confirmed may stand under it that no command knows,
/// made before the database was put back from a copy. `None`: there is nothing to ask.
#[must_use]
pub fn forgotten_to_read(facts: &CollectionFacts) -> Option<Key> {
    facts.readable().find_map(|(_, collection)| forgotten_of(facts, &collection.id))
}

/// Asked before another receipt is made for a settlement, and of a payment that was confirmed once and
/// is lost now, for what stands would be taken back.
fn forgotten_of(facts: &CollectionFacts, id: &CollectionId) -> Option<Key> {
    let asks = |kept: &KeptItem| {
        tied_key(facts, kept).is_none()
            && !before_cut_over(facts, kept)
            && !is_sent(facts, &own_key(id.as_str(), kept))
    };
    let collected = facts.readable().any(|(_, one)| one.id == *id && is_collected(one.status));
    let lost = !collected
        && facts.frame.policy.post_on == PostOn::Confirmed
        && facts.last_event(id, "confirmed").is_some();
    if !lost && !facts.settlements(id).any(asks) {
        return None;
    }
    let known: BTreeSet<Key> = known_numbers(facts, id).map(|nth| confirmed_key(id, nth)).collect();
    let mut unknown = (1..).map(|nth| confirmed_key(id, nth)).filter(|key| !known.contains(key));
    let next = unknown.find(|key| facts.receipt(key).is_none())?;
    (!facts.documents.contains_key(&next)).then_some(next)
}

/// The key of the reversal of a receipt that was posted at confirmed and never settled.
pub fn confirmed_reversal_key(receipt: &Key) -> Key {
    let mut parts: Vec<&str> = receipt.as_str().split('/').collect();
    parts[0] = "refund";
    Key::new(&parts)
}

/// A step of the reversal of a receipt posted at confirmed was sent: the sequence is finished,
/// whatever the payment's status is by then (DESIGN.md section 5, Posting).
pub fn reversal_begun(facts: &CollectionFacts, receipt: &Key) -> bool {
    let refund = confirmed_reversal_key(receipt);
    let mut parts: Vec<&str> = receipt.as_str().split('/').collect();
    parts[0] = "unapply";
    let unapply = format!("{}/", Key::new(&parts));
    facts.frame.commands.iter().any(|view| {
        view.sends > 0 && (view.key == refund || view.key.as_str().starts_with(&unapply))
    })
}

/// Receipts at confirmed that are neither being reversed nor tied to a payout item.
pub fn open_confirmed(facts: &CollectionFacts, id: &CollectionId) -> Vec<Key> {
    let tied: BTreeSet<&Key> = facts.settled.iter().map(|document| &document.key).collect();
    confirmed_keys(facts, id)
        .into_iter()
        .filter(|key| !tied.contains(key))
        .filter(|key| !reversal_begun(facts, key))
        .collect()
}

/// Open receipts at confirmed that no kept settlement has asked for.
pub fn unsettled_confirmed(facts: &CollectionFacts, id: &CollectionId) -> Vec<Key> {
    let asked: BTreeSet<Key> = facts.settlements(id).map(|kept| receipt_key(facts, kept)).collect();
    open_confirmed(facts, id).into_iter().filter(|key| !asked.contains(key)).collect()
}

/// The key of the receipt that stands for a settlement: the one tied to it, else a receipt at
/// confirmed that is still open, else one of its own.
pub fn receipt_key(facts: &CollectionFacts, kept: &KeptItem) -> Key {
    let Some(id) = &kept.item.collection else { return own_key("-", kept) };
    if let Some(key) = tied_key(facts, kept) {
        return key.clone();
    }
    let own = own_key(id.as_str(), kept);
    if is_sent(facts, &own) || before_cut_over(facts, kept) {
        return own;
    }
    // Earlier settlements that take an open receipt at confirmed before this one does.
    let earlier = facts
        .settlements(id)
        .take_while(|other| *other != kept)
        .filter(|other| tied_key(facts, other).is_none() && !before_cut_over(facts, other))
        .filter(|other| !is_sent(facts, &own_key(id.as_str(), other)))
        .count();
    open_confirmed(facts, id).into_iter().nth(earlier).unwrap_or(own)
}

fn own_key(payment: &str, kept: &KeptItem) -> Key {
    if model::defect!(ReceiptWithoutPayout) {
        return Key::new(&["receipt", payment]);
    }
    Key::new(&["receipt", payment, kept.payout.as_str()])
}

fn is_sent(facts: &CollectionFacts, key: &Key) -> bool {
    facts.frame.command(key).is_some_and(|view| view.sends > 0)
}

fn tied_key<'a>(facts: &'a CollectionFacts, kept: &KeptItem) -> Option<&'a Key> {
    facts
        .settled
        .iter()
        .find(|document| {
            document.role == DocumentRole::Receipt
                && document.payout == kept.payout
                && document.ordinal == kept.item.ordinal
        })
        .map(|document| &document.key)
}

/// Keys of the receipts of a payment that no reversal has taken back.
pub fn live_receipts(facts: &CollectionFacts, id: &CollectionId) -> Vec<Key> {
    let reversed = facts.reversals(id).count();
    let settled = facts
        .settlements(id)
        .skip(reversed)
        .filter(|kept| !before_cut_over(facts, kept))
        .map(|kept| receipt_key(facts, kept));
    let mut keys: Vec<Key> = settled.collect();
    for key in open_confirmed(facts, id) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Keys of all receipts of a payment, those of settlements that were taken back included.
fn all_receipts(facts: &CollectionFacts, id: &CollectionId) -> BTreeSet<Key> {
    facts
        .settlements(id)
        .filter(|kept| !before_cut_over(facts, kept))
        .map(|kept| receipt_key(facts, kept))
        .chain(confirmed_keys(facts, id))
        .collect()
}

/// What the invoice owes without this payment, in minor units: its open balance, what receipts of
/// the payment hold on it, and what reversals that are not booked yet will give back.
pub fn balance_without(facts: &CollectionFacts, invoice: &Invoice, id: &CollectionId) -> i64 {
    let due = match invoice.status {
        InvoiceStatus::Open => invoice.due.minor,
        InvoiceStatus::Paid | InvoiceStatus::Voided => 0,
    };
    let mut keys = BTreeSet::new();
    for (_, collection) in facts.readable() {
        let mut all = all_receipts(facts, &collection.id);
        if collection.id != *id {
            for live in live_receipts(facts, &collection.id) {
                all.remove(&live);
            }
        }
        keys.extend(all);
    }
    let held: i64 = keys
        .iter()
        .filter_map(|key| facts.receipt(key))
        .chain(facts.theirs.get(id).into_iter().flatten())
        .filter(|receipt| !receipt.voided)
        .flat_map(|receipt| &receipt.applications)
        .filter(|one| one.invoice == invoice.id && one.amount.currency == invoice.due.currency)
        .map(|one| one.amount.minor)
        .sum();
    due.saturating_add(held)
}

/// More settlements than reversals: the payment's money is in a payout and was not taken back.
pub fn stands_settled(facts: &CollectionFacts, id: &CollectionId) -> bool {
    count(facts.settlements(id)) > count(facts.reversals(id))
}

/// More payouts are named by events than items are kept, or the kept items do not follow each other.
pub fn missing_items(facts: &CollectionFacts, id: &CollectionId) -> bool {
    let says = |action| facts.count_events(id, action);
    missing_settlements(facts, id)
        || has_gap(facts, id)
        || says("chargeback_settled") + says("late_failure_settled") > count(facts.reversals(id))
}

/// A payment is paid out again only after it was taken back: two settlements, or two reversals, with
/// nothing between them show that a payout between them was not read, whatever the events say by now.
/// What arrived on one day has no order.
fn has_gap(facts: &CollectionFacts, id: &CollectionId) -> bool {
    let standing = standing_by_day(facts, id);
    // A predecessor's settlement may never have been kept.
    let least = standing.first().map_or(0, |first| (*first).min(0));
    standing.iter().any(|standing| !(least..=least + 1).contains(standing))
}

/// Settlements less reversals at the end of each day on which any arrived.
fn standing_by_day(facts: &CollectionFacts, id: &CollectionId) -> Vec<i64> {
    let mut days: BTreeMap<Date, i64> = BTreeMap::new();
    for kept in facts.settlements(id) {
        *days.entry(kept.arrival_on).or_default() += 1;
    }
    for kept in facts.reversals(id) {
        *days.entry(kept.arrival_on).or_default() -= 1;
    }
    let sum = |sum: &mut i64, change: i64| {
        *sum += change;
        Some(*sum)
    };
    days.into_values().scan(0, sum).collect()
}

/// Settlements of which no item is kept, and that reversals took back: a predecessor's.
pub fn unkept_settlements(facts: &CollectionFacts, id: &CollectionId) -> usize {
    let least = standing_by_day(facts, id).into_iter().min().unwrap_or(0);
    usize::try_from(-least).unwrap_or(0)
}

/// Events name a payout of which no item is kept, or more settlements than items are kept. A later one
/// may be kept before its own event is read, and stands for no earlier one.
fn missing_settlements(facts: &CollectionFacts, id: &CollectionId) -> bool {
    let kept: BTreeSet<&str> = facts.settlements(id).map(|kept| kept.payout.as_str()).collect();
    let events = facts.events_of(id).filter(|event| event.action == "paid_out");
    let mut named = events.filter_map(|event| event.links.get("payout"));
    named.any(|payout| !kept.contains(payout.as_str()))
        || facts.count_events(id, "paid_out") > count(facts.settlements(id))
}

/// The documents that stand for payout items now, for the payout's case and for `verify`.
pub fn settled(facts: &CollectionFacts) -> Vec<ItemDocument> {
    let mut documents = Vec::new();
    for (_, collection) in facts.readable() {
        for kept in facts.settlements(&collection.id) {
            if before_cut_over(facts, kept) {
                continue;
            }
            let key = receipt_key(facts, kept);
            documents.extend(stands_for(facts, kept, DocumentRole::Receipt, key));
        }
        for (k, kept) in facts.reversals(&collection.id).enumerate() {
            let refund = item_key("refund", kept);
            documents.extend(stands_for(facts, kept, DocumentRole::Refund, refund));
            let loss = item_key("loss", kept);
            documents.extend(stands_for(facts, kept, DocumentRole::Loss, loss));
            let settlement = facts.settlements(&collection.id).nth(k);
            documents.extend(settlement.and_then(|settlement| by_person(facts, settlement, kept)));
        }
    }
    documents
}

/// A reversal whose receipt a person voided, and took over with it: nothing of ours books it.
fn by_person(
    facts: &CollectionFacts,
    settlement: &KeptItem,
    item: &KeptItem,
) -> Option<ItemDocument> {
    if before_cut_over(facts, settlement) || !facts.left(ReasonCode::ReceiptVoided) {
        return None;
    }
    let key = receipt_key(facts, settlement);
    let receipt = facts.receipt(&key).filter(|receipt| receipt.voided)?;
    let documents = [item_key("refund", item), item_key("loss", item)];
    let ours = documents.iter().any(|key| facts.frame.done_id(key).is_some());
    (!ours).then(|| ItemDocument {
        payout: item.payout.clone(),
        ordinal: item.item.ordinal,
        role: DocumentRole::ByPerson,
        document: receipt.id.to_string(),
        key,
        collection: item.item.collection.clone(),
    })
}

fn stands_for(
    facts: &CollectionFacts,
    kept: &KeptItem,
    role: DocumentRole,
    key: Key,
) -> Option<ItemDocument> {
    let document = facts.documents.get(&key).and_then(Sight::found)?;
    let voided = match document {
        ErpDocument::Receipt(receipt) => receipt.voided,
        ErpDocument::Refund(refund) => refund.voided,
        ErpDocument::Deposit(deposit) => deposit.voided,
        ErpDocument::Journal(journal) => journal.voided,
    };
    (!voided).then(|| ItemDocument {
        payout: kept.payout.clone(),
        ordinal: kept.item.ordinal,
        role,
        document: document.id().to_owned(),
        key,
        collection: kept.item.collection.clone(),
    })
}

/// Payout cases for which this look found a document that they did not know.
pub fn payouts_to_hint(facts: &CollectionFacts) -> Vec<CaseKey> {
    let known: BTreeSet<&ItemDocument> = facts.settled.iter().collect();
    let fresh = settled(facts);
    let news = fresh.iter().filter(|document| !known.contains(document));
    let payouts: BTreeSet<&PayoutId> = news.map(|document| &document.payout).collect();
    payouts.into_iter().map(|id| CaseKey::payout(&facts.frame.processor, id)).collect()
}
