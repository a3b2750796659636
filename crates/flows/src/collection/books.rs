//! The ERP's books of a collection: one receipt per settlement, taken back by its reversal, the rest
//! applied when the invoice has a balance again (promise P3; mission rows NG7 and NG10).

use std::collections::BTreeSet;

use model::case::CaseKey;
use model::command::{
    AnnotateReceipt, ApplyReceipt, CommandState, ErpWrite, RecordReceipt, RejectionCause, Write,
};
use model::decision::{Decision, DocumentRole, ItemDocument, Stage};
use model::ids::{CollectionId, PayoutId};
use model::invoice::{Invoice, InvoiceStatus};
use model::key::Key;
use model::money::Money;
use model::payment::{Collection, CollectionStatus};
use model::payout::{KeptItem, PayoutItemKind};
use model::policy::PostOn;
use model::reason::{Reason, ReasonCode};
use model::receipt::{DocumentKind, ErpDocument, Receipt};
use model::sight::Sight;

use crate::dating::date_document;

use super::facts::{CollectionFacts, is_collected};
use super::reversal;

/// How the books stand.
pub enum Books {
    Act(Box<Decision>),
    /// Nothing to post; what differs is shown.
    Complete {
        differences: Vec<Reason>,
    },
    /// Something must be posted and can not be yet.
    Blocked(Box<Decision>),
}

/// One step inside the books.
pub enum Step {
    Done,
    Act(Box<Decision>),
    Blocked(Box<Decision>),
}

impl Step {
    /// A decision with a command acts; without one it blocks.
    pub fn of(decision: Decision) -> Step {
        if decision.command.is_some() {
            Step::Act(Box::new(decision))
        } else {
            Step::Blocked(Box::new(decision))
        }
    }

    pub fn blocked(stage: Stage, reason: Reason) -> Step {
        Step::Blocked(Box::new(Decision::rest(stage, reason)))
    }
}

/// The next step of the books over all attempts, oldest first. A blocked step does not keep later
/// ones from being made.
pub fn next(facts: &CollectionFacts, invoice: &Invoice) -> Books {
    let mut blocked = None;
    for (_, collection) in facts.readable() {
        for step in steps(facts, invoice, collection) {
            match step {
                Step::Done => {}
                Step::Act(decision) => return Books::Act(decision),
                Step::Blocked(decision) => blocked = blocked.or(Some(decision)),
            }
        }
    }
    if let Some(decision) = blocked {
        return Books::Blocked(decision);
    }
    rests(facts, invoice)
}

/// Posts and reversals of one payment, in the order in which they must happen.
fn steps<'a>(
    facts: &'a CollectionFacts,
    invoice: &'a Invoice,
    collection: &'a Collection,
) -> impl Iterator<Item = Step> + 'a {
    let confirmed = std::iter::once_with(move || post_confirmed(facts, invoice, collection));
    let posts = facts.settlements(&collection.id).map(move |kept| {
        if before_cut_over(facts, kept) {
            Step::Done
        } else {
            post_settlement(facts, invoice, collection, kept)
        }
    });
    let reversals = facts.reversals(&collection.id).enumerate().map(move |(k, item)| {
        let settlement = facts.settlements(&collection.id).nth(k);
        if before_cut_over(facts, item) {
            Step::Done
        } else {
            reversal::reverse(facts, invoice, settlement, item)
        }
    });
    confirmed.chain(posts).chain(reversals)
}

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
        for kept in facts.settlements(id).filter(|kept| !before_cut_over(facts, kept)) {
            keys.push((DocumentKind::Receipt, receipt_key(facts, kept)));
        }
        for kept in facts.reversals(id).filter(|kept| !before_cut_over(facts, kept)) {
            let ordinal = kept.item.ordinal.to_string();
            let key = |word| Key::new(&[word, kept.payout.as_str(), &ordinal]);
            keys.push((DocumentKind::Refund, key("refund")));
            if facts.frame.command(&key("loss")).is_some() {
                keys.push((DocumentKind::Journal, key("loss")));
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

/// Keys of the receipts posted at confirmed, in order.
fn confirmed_keys(facts: &CollectionFacts, id: &CollectionId) -> Vec<Key> {
    (1_u32..)
        .map(|n| Key::new(&["receipt", id.as_str(), &format!("confirmed-{n}")]))
        .take_while(|key| {
            facts
                .frame
                .command(key)
                .is_some_and(|view| view.sends > 0 || view.state == CommandState::Intended)
        })
        .collect()
}

/// The key of the reversal of a receipt that was posted at confirmed and never settled.
pub fn confirmed_reversal_key(receipt: &Key) -> Key {
    let mut parts: Vec<&str> = receipt.as_str().split('/').collect();
    parts[0] = "refund";
    Key::new(&parts)
}

/// Receipts at confirmed that are neither being reversed nor tied to a payout item.
fn open_confirmed(facts: &CollectionFacts, id: &CollectionId) -> Vec<Key> {
    let tied: BTreeSet<&Key> = facts.settled.iter().map(|document| &document.key).collect();
    confirmed_keys(facts, id)
        .into_iter()
        .filter(|key| !tied.contains(key))
        .filter(|key| facts.frame.command(&confirmed_reversal_key(key)).is_none())
        .collect()
}

/// The key of the receipt that stands for a settlement: the one tied to it, else a receipt at
/// confirmed that is still open, else one of its own.
pub fn receipt_key(facts: &CollectionFacts, kept: &KeptItem) -> Key {
    let own = |payment: &str| Key::new(&["receipt", payment, kept.payout.as_str()]);
    let Some(id) = &kept.item.collection else { return own("-") };
    if let Some(key) = tied_key(facts, kept) {
        return key.clone();
    }
    if facts.frame.command(&own(id.as_str())).is_some_and(|view| view.sends > 0) {
        return own(id.as_str());
    }
    let earlier_untied = facts
        .settlements(id)
        .take_while(|other| *other != kept)
        .filter(|other| tied_key(facts, other).is_none())
        .count();
    open_confirmed(facts, id).into_iter().nth(earlier_untied).unwrap_or_else(|| own(id.as_str()))
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

/// Posting at confirmed by policy: at most one open receipt, and only while the payment is confirmed
/// or paid out; any other status takes it back at once.
fn post_confirmed(facts: &CollectionFacts, invoice: &Invoice, collection: &Collection) -> Step {
    let id = &collection.id;
    let begun = confirmed_keys(facts, id)
        .into_iter()
        .filter(|key| facts.frame.command(&confirmed_reversal_key(key)).is_some());
    for key in begun {
        let step = reversal::reverse_confirmed(facts, invoice, collection, &key);
        if matches!(step, Step::Act(_) | Step::Blocked(_)) {
            return step;
        }
    }
    let open = open_confirmed(facts, id);
    let settled = facts.settlements(id).count();
    let reversed = facts.reversals(id).count();
    if let Some(key) = open.first()
        && !is_collected(collection.status)
        && settled == reversed
    {
        return reversal::reverse_confirmed(facts, invoice, collection, key);
    }
    let unsettled = settled == reversed && collection.status == CollectionStatus::Confirmed;
    let wanted = facts.frame.policy.post_on == PostOn::Confirmed && unsettled;
    match open.first() {
        Some(key) => check_receipt(facts, key, collection.amount),
        None if wanted => {
            let nth = confirmed_keys(facts, id).len() + 1;
            let key = Key::new(&["receipt", id.as_str(), &format!("confirmed-{nth}")]);
            let on = facts
                .last_event(id, "confirmed")
                .map_or(facts.frame.today, |event| facts.frame.date_of(event.at));
            let posting = Posting { key, amount: collection.amount, on, payout: None };
            post(facts, invoice, collection, posting)
        }
        None => Step::Done,
    }
}

/// One receipt for one `payment_paid_out` item.
fn post_settlement(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    kept: &KeptItem,
) -> Step {
    let Some(minor) = kept.item.amount.whole_minor() else {
        let detail = format!("item {} of payout {}", kept.item.ordinal, kept.payout);
        return Step::blocked(Stage::Collected, Reason::new(ReasonCode::OddRecord, detail));
    };
    let amount = Money::new(minor, kept.currency);
    let key = receipt_key(facts, kept);
    match facts.documents.get(&key) {
        Some(Sight::Found(_)) => match check_receipt(facts, &key, amount) {
            Step::Done => note_payout(facts, &key, kept),
            step @ (Step::Act(_) | Step::Blocked(_)) => step,
        },
        Some(Sight::Odd(why)) => {
            Step::blocked(Stage::Collected, Reason::new(ReasonCode::OddRecord, why.clone()))
        }
        Some(Sight::Missing) if facts.frame.done_id(&key).is_some() => gone(facts, &key),
        Some(Sight::NotRead) | None if facts.frame.done_id(&key).is_some() => Step::Done,
        Some(Sight::Missing | Sight::NotRead) | None => {
            let on = paid_out_on(facts, &collection.id, &kept.payout).unwrap_or(kept.arrival_on);
            let payout = Some(kept.payout.clone());
            post(facts, invoice, collection, Posting { key, amount, on, payout })
        }
    }
}

/// The date of the event that says in which payout the payment was settled.
fn paid_out_on(
    facts: &CollectionFacts,
    id: &CollectionId,
    payout: &PayoutId,
) -> Option<jiff::civil::Date> {
    facts
        .events_of(id)
        .find(|event| {
            event.action == "paid_out"
                && event.links.get("payout").is_some_and(|link| link == payout.as_str())
        })
        .map(|event| facts.frame.date_of(event.at))
}

fn gone(facts: &CollectionFacts, key: &Key) -> Step {
    if facts.left(ReasonCode::ReceiptVoided) {
        return Step::Done;
    }
    let id = facts.frame.done_id(key).unwrap_or("?");
    Step::blocked(
        Stage::Collected,
        Reason::new(ReasonCode::ReceiptVoided, format!("receipt {id} is gone from the ERP")),
    )
}

/// A receipt that exists must be what was decided.
fn check_receipt(facts: &CollectionFacts, key: &Key, amount: Money) -> Step {
    let Some(receipt) = facts.receipt(key) else { return Step::Done };
    if receipt.voided {
        if facts.left(ReasonCode::ReceiptVoided) {
            return Step::Done;
        }
        let detail = format!("receipt {}", receipt.id);
        return Step::blocked(Stage::Collected, Reason::new(ReasonCode::ReceiptVoided, detail));
    }
    if receipt.amount != amount {
        let detail = format!("receipt {} over {}, settled {amount}", receipt.id, receipt.amount);
        return Step::blocked(Stage::Collected, Reason::new(ReasonCode::ReceiptDiffers, detail));
    }
    Step::Done
}

/// A receipt posted before its payout was known carries the payout's id from now on.
fn note_payout(facts: &CollectionFacts, key: &Key, kept: &KeptItem) -> Step {
    let Some(receipt) = facts.receipt(key) else { return Step::Done };
    let named = receipt.memo.as_deref().is_some_and(|memo| memo.contains(kept.payout.as_str()));
    if named || !key.as_str().contains("/confirmed-") {
        return Step::Done;
    }
    let write = AnnotateReceipt {
        receipt: receipt.id.clone(),
        payout: kept.payout.clone(),
        memo: memo(kept.item.collection.as_ref(), Some(&kept.payout), None),
    };
    let note = Key::new(&["note", receipt.id.as_str(), kept.payout.as_str()]);
    if facts.frame.command(&note).is_some_and(|view| view.state == CommandState::Rejected) {
        return Step::Done;
    }
    let write = Write::Erp(ErpWrite::AnnotateReceipt(write));
    Step::of(facts.frame.issue(Stage::Collected, note, write, None))
}

struct Posting {
    key: Key,
    amount: Money,
    on: jiff::civil::Date,
    payout: Option<PayoutId>,
}

/// Records a receipt, applied up to the open balance, the rest visibly unapplied.
fn post(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    posting: Posting,
) -> Step {
    let Posting { key, amount, on, payout } = posting;
    let dated = date_document(on, &facts.frame.periods, facts.frame.policy.closed_period);
    let Some((dated_on, true_date)) = dated.dates() else {
        let detail = format!("{on}, for the receipt of {amount}");
        return Step::blocked(Stage::Collected, Reason::new(ReasonCode::PeriodClosed, detail));
    };
    let write = RecordReceipt {
        customer: invoice.customer.clone(),
        amount,
        apply: application(facts, invoice, &key, amount),
        dated_on,
        true_date,
        subsidiary: invoice.subsidiary.clone(),
        receivable_account: invoice.receivable_account.clone(),
        exchange_rate: None,
        account: facts.frame.policy.accounts.undeposited.clone(),
        collection: collection.id.clone(),
        memo: memo(Some(&collection.id), payout.as_ref(), true_date),
        payout,
    };
    let write = Write::Erp(ErpWrite::RecordReceipt(write));
    Step::of(facts.frame.issue(Stage::Collected, key, write, Some(dated_on)))
}

/// What of a new receipt pays the invoice. Nothing when the ERP said that it can not.
fn application(
    facts: &CollectionFacts,
    invoice: &Invoice,
    key: &Key,
    amount: Money,
) -> Option<(model::ids::InvoiceId, Money)> {
    let impossible = facts.frame.command(key).is_some_and(|view| {
        view.rejection
            .as_ref()
            .is_some_and(|rejection| rejection.cause == RejectionCause::ApplicationImpossible)
    });
    let open = invoice.status == InvoiceStatus::Open && invoice.due.is_positive();
    if impossible || !open {
        return None;
    }
    let applied = invoice.due.checked_min(amount).ok()?;
    Some((invoice.id.clone(), applied))
}

/// The reference on a document: payment id, payout id, and the true date when it was moved.
pub fn memo(
    collection: Option<&CollectionId>,
    payout: Option<&PayoutId>,
    true_date: Option<jiff::civil::Date>,
) -> String {
    let mut parts = Vec::new();
    parts.extend(collection.map(|id| format!("payment {id}")));
    parts.extend(payout.map(|id| format!("payout {id}")));
    parts.extend(true_date.map(|date| format!("true date {date}")));
    parts.join(", ")
}

/// Unapplied rests of live receipts: applied when the invoice has a balance again, before any new
/// collection; one that a person un-applied is for a person.
fn rests(facts: &CollectionFacts, invoice: &Invoice) -> Books {
    let mut differences = Vec::new();
    for (_, collection) in facts.readable() {
        if !is_collected(collection.status) || refund_pending(facts, &collection.id) {
            continue;
        }
        for key in live_receipts(facts, &collection.id) {
            let Some(receipt) = facts.receipt(&key) else { continue };
            match rest(facts, invoice, &key, receipt) {
                Rest::Nothing => {}
                Rest::Show(reason) => differences.push(reason),
                Rest::Apply(decision) => return Books::Act(decision),
            }
        }
    }
    Books::Complete { differences }
}

enum Rest {
    Nothing,
    Show(Reason),
    Apply(Box<Decision>),
}

fn rest(facts: &CollectionFacts, invoice: &Invoice, key: &Key, receipt: &Receipt) -> Rest {
    let Some(never_applied) = never_applied(facts, key, receipt) else { return Rest::Nothing };
    if receipt.voided || !receipt.unapplied.is_positive() {
        return Rest::Nothing;
    }
    if receipt.unapplied.minor > never_applied {
        if facts.left(ReasonCode::ReceiptUnapplied) {
            return Rest::Nothing;
        }
        let detail = format!("{} of receipt {}", receipt.unapplied, receipt.id);
        return Rest::Show(Reason::new(ReasonCode::ReceiptUnapplied, detail));
    }
    if invoice.status != InvoiceStatus::Open || !invoice.due.is_positive() {
        if facts.left(ReasonCode::AmountChanged) {
            return Rest::Nothing;
        }
        let detail = format!("{} stays unapplied on receipt {}", receipt.unapplied, receipt.id);
        return Rest::Show(Reason::new(ReasonCode::AmountChanged, detail));
    }
    let Ok(amount) = invoice.due.checked_min(receipt.unapplied) else { return Rest::Nothing };
    let write = ApplyReceipt {
        receipt: receipt.id.clone(),
        customer: receipt.customer.clone(),
        invoice: invoice.id.clone(),
        amount,
        decided_unapplied: receipt.unapplied,
        decided_due: invoice.due,
    };
    let parts = ["apply", receipt.id.as_str()];
    let nth = facts.frame.next_nth_of(&parts).to_string();
    let key = Key::new(&[parts[0], parts[1], &nth]);
    let write = Write::Erp(ErpWrite::ApplyReceipt(write));
    let decision = facts.frame.issue(Stage::Collected, key, write, Some(receipt.dated_on));
    if decision.command.is_some() {
        Rest::Apply(Box::new(decision))
    } else {
        Rest::Show(decision.reason)
    }
}

/// Minor units of a receipt of ours that were applied to nothing by us so far. `None`: not ours.
fn never_applied(facts: &CollectionFacts, key: &Key, receipt: &Receipt) -> Option<i64> {
    let recorded = match &facts.frame.command(key)?.write {
        Write::Erp(ErpWrite::RecordReceipt(write)) => write,
        Write::Erp(_) | Write::Processor(_) => return None,
    };
    let applied_first = recorded.apply.as_ref().map_or(0, |(_, amount)| amount.minor);
    let applied_later: i64 = facts
        .frame
        .commands
        .iter()
        .filter(|view| view.state == CommandState::Done)
        .filter_map(|view| match &view.write {
            Write::Erp(ErpWrite::ApplyReceipt(write)) if write.receipt == receipt.id => {
                Some(write.amount.minor)
            }
            Write::Erp(_) | Write::Processor(_) => None,
        })
        .sum();
    Some(recorded.amount.minor - applied_first - applied_later)
}

/// A refund of this payment stands in a payout and is not booked yet: what it un-applies on the way
/// is not a person's doing.
fn refund_pending(facts: &CollectionFacts, id: &CollectionId) -> bool {
    let refunds = facts.items.iter().filter(|kept| {
        kept.item.kind == PayoutItemKind::PaymentRefunded
            && kept.item.collection.as_ref() == Some(id)
    });
    refunds.into_iter().any(|kept| !has_document(facts, kept, DocumentRole::Refund))
}

fn has_document(facts: &CollectionFacts, kept: &KeptItem, role: DocumentRole) -> bool {
    facts.settled.iter().any(|document| {
        document.role == role
            && document.payout == kept.payout
            && document.ordinal == kept.item.ordinal
    })
}

/// Keys of the receipts of a payment that no reversal has taken back.
pub fn live_receipts(facts: &CollectionFacts, id: &CollectionId) -> Vec<Key> {
    let reversed = facts.reversals(id).count();
    let settled = facts.settlements(id).skip(reversed).map(|kept| receipt_key(facts, kept));
    let mut keys: Vec<Key> = settled.collect();
    for key in open_confirmed(facts, id) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// What unreversed receipts of the payment hold on this invoice, in minor units.
pub fn held(facts: &CollectionFacts, invoice: &Invoice, id: &CollectionId) -> i64 {
    live_receipts(facts, id)
        .iter()
        .filter_map(|key| facts.receipt(key))
        .filter(|receipt| !receipt.voided)
        .flat_map(|receipt| &receipt.applications)
        .filter(|application| application.invoice == invoice.id)
        .map(|application| application.amount.minor)
        .sum()
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
        for kept in facts.reversals(&collection.id) {
            let ordinal = kept.item.ordinal.to_string();
            let key = |word| Key::new(&[word, kept.payout.as_str(), &ordinal]);
            documents.extend(stands_for(facts, kept, DocumentRole::Refund, key("refund")));
            documents.extend(stands_for(facts, kept, DocumentRole::Loss, key("loss")));
        }
    }
    documents
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

/// Payout cases for which this look found a document that they did not know, or that must act
/// before this case can.
pub fn payouts_to_hint(facts: &CollectionFacts) -> Vec<CaseKey> {
    let known: BTreeSet<&ItemDocument> = facts.settled.iter().collect();
    let fresh = settled(facts);
    let news = fresh.iter().filter(|document| !known.contains(document));
    let payouts: BTreeSet<&PayoutId> = news.map(|document| &document.payout).collect();
    payouts.into_iter().map(|id| CaseKey::payout(&facts.frame.processor, id)).collect()
}
