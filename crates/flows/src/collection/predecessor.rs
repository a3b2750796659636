//! Receipts that somebody else recorded for payments that were taken over: found and used, else a
//! person is told (DESIGN.md section 4, cut-over; mission row C13).

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use model::decision::{Decision, Stage};
use model::ids::{CollectionId, ReceiptId};
use model::invoice::{Invoice, InvoiceStatus};
use model::key::Key;
use model::payment::{Collection, CollectionStatus};
use model::payout::{ItemRoute, KeptItem};
use model::policy::Policy;
use model::reason::{Reason, ReasonCode};
use model::receipt::{ErpDocument, Receipt};
use model::sight::Sight;

use super::attempts::differs;
use super::books::Step;
use super::facts::CollectionFacts;
use super::receipts::{
    before_cut_over, missing_items, receipt_key, stands_settled, unkept_settlements,
};
use super::reversal::{behind, waiting_for_events};

/// Somebody's payment that was made and over before this link went live: it says nothing any more,
/// unless the case has a stake in it.
#[must_use]
pub fn is_over(policy: &Policy, collection: &Collection) -> bool {
    let made_on = collection.created_at.to_zoned(TimeZone::UTC).date();
    !collection.status.live() && policy.cut_over_on.is_none_or(|cut_over| made_on < cut_over)
}

/// Payments of others for which the ERP is asked for receipts that name them: before one is recorded for
/// a settlement, and before an invoice is said to owe another amount than its payment.
#[must_use]
pub fn to_search(facts: &CollectionFacts) -> Vec<CollectionId> {
    let Sight::Found(invoice) = &facts.invoice else { return Vec::new() };
    let adopted = facts.readable().filter(|(attempt, _)| attempt.adopted);
    let wanted = adopted.filter(|(_, one)| {
        let early = facts.holds(one) && !stands_settled(facts, &one.id);
        lacking(facts, &one.id).next().is_some()
            || (early && differs(facts, invoice, one))
            || came_to_nothing(facts, invoice, one)
    });
    wanted.map(|(_, one)| one.id.clone()).collect()
}

/// The payment ended without money, and the invoice is paid in part at least: a receipt of it may stand
/// all the same.
fn came_to_nothing(facts: &CollectionFacts, invoice: &Invoice, one: &Collection) -> bool {
    !one.status.live()
        && facts.settlements(&one.id).next().is_none()
        && invoice.due.minor < invoice.total.minor
        && !facts.left(ReasonCode::PredecessorReceiptStands)
}

/// Receipts that somebody else recorded early, at confirmed say, for payments that then brought no money:
/// whoever recorded them takes them back.
pub fn stand_for_nothing(facts: &CollectionFacts, invoice: &Invoice) -> Vec<Reason> {
    let adopted = facts.readable().filter(|(attempt, _)| attempt.adopted);
    let ended = adopted.filter(|(_, one)| came_to_nothing(facts, invoice, one));
    let standing = ended.flat_map(|(_, one)| {
        facts.theirs.get(&one.id).into_iter().flatten().map(move |receipt| (one, receipt))
    });
    let told = standing.map(|(one, receipt)| {
        let detail = format!(
            "receipt {} over {} names payment {}, which {}",
            receipt.id,
            receipt.amount,
            one.id,
            how_it_ended(one.status)
        );
        Reason::new(ReasonCode::PredecessorReceiptStands, detail)
    });
    told.collect()
}

fn how_it_ended(status: CollectionStatus) -> &'static str {
    match status {
        CollectionStatus::Failed => "failed",
        CollectionStatus::Cancelled => "was cancelled",
        CollectionStatus::CustomerApprovalDenied => "was denied by its payer",
        CollectionStatus::ChargedBack => "was charged back",
        CollectionStatus::PendingCustomerApproval
        | CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Confirmed
        | CollectionStatus::PaidOut => "is not over",
    }
}

/// Settlements without a receipt, of which none was asked for. What stood on suspense before it was
/// matched needs one of ours.
fn lacking<'a>(
    facts: &'a CollectionFacts,
    id: &'a CollectionId,
) -> impl Iterator<Item = &'a KeptItem> {
    facts.settlements(id).filter(|kept| {
        let key = receipt_key(facts, kept);
        !before_cut_over(facts, kept)
            && kept.route != ItemRoute::DepositLine
            && facts.receipt(&key).is_none()
            && facts.frame.command(&key).is_none_or(|view| view.sends == 0)
    })
}

/// Receipts that stand for settlements before the cut-over, the oldest first: whoever collected them
/// has booked them, and they stand for no later settlement of the same payment. Those of which no item
/// is kept are known by what took them back.
fn of_earlier(
    facts: &CollectionFacts,
    id: &CollectionId,
    receipts: &[Receipt],
    used: &BTreeSet<ReceiptId>,
) -> Vec<ReceiptId> {
    let mut taken: Vec<ReceiptId> = Vec::new();
    if model::defect!(EarlierReceiptCounts) {
        return taken;
    }
    let kept = facts.settlements(id).filter(|kept| before_cut_over(facts, kept));
    let unkept = facts.reversals(id).take(unkept_settlements(facts, id));
    let amounts = kept
        .map(|kept| kept.item.amount.whole_minor())
        .chain(unkept.map(|item| item.item.amount.negated().whole_minor()));
    for minor in amounts {
        let free =
            receipts.iter().filter(|one| !used.contains(&one.id) && !taken.contains(&one.id));
        let same = free.filter(|one| Some(one.amount.minor) == minor);
        taken.extend(same.min_by_key(|one| (one.dated_on, &one.id)).map(|one| one.id.clone()));
    }
    taken
}

/// Puts each receipt that was found in the place of the one that would be recorded. One over another
/// amount takes it too, and is then told of as differing: better than a second one. One that has no
/// settlement yet counts in the invoice's balance. Which settlement a receipt is for is known once the
/// items of all are.
pub fn take_over(facts: &mut CollectionFacts, found: BTreeMap<CollectionId, Vec<Receipt>>) {
    let answered = facts.frame.commands.iter().filter_map(|view| view.answer.as_ref());
    let mut used: BTreeSet<ReceiptId> = answered.map(|answer| answer.id.as_str().into()).collect();
    used.extend(facts.documents.values().filter_map(Sight::found).filter_map(|document| {
        match document {
            ErpDocument::Receipt(receipt) => Some(receipt.id.clone()),
            ErpDocument::Refund(_) | ErpDocument::Deposit(_) | ErpDocument::Journal(_) => None,
        }
    }));
    for (id, mut receipts) in found {
        receipts.retain(|receipt| !receipt.voided && !is_ours(receipt, &id));
        used.extend(of_earlier(facts, &id, &receipts, &used));
        let places: Vec<(Key, Option<i64>)> = lacking(facts, &id)
            .filter(|kept| !may_not_be_the_first(facts, &id, kept))
            .map(|kept| (receipt_key(facts, kept), kept.item.amount.whole_minor()))
            .collect();
        for (key, minor) in places {
            let free = |receipt: &&Receipt| !used.contains(&receipt.id);
            let same = |receipt: &&Receipt| Some(receipt.amount.minor) == minor;
            let mut fitting = receipts.iter().filter(free).filter(same);
            let Some(receipt) =
                fitting.next().or_else(|| receipts.iter().find(|receipt| free(receipt)))
            else {
                continue;
            };
            used.insert(receipt.id.clone());
            facts.documents.insert(key, Sight::Found(ErpDocument::Receipt(receipt.clone())));
        }
        receipts.retain(|receipt| !used.contains(&receipt.id));
        facts.theirs.insert(id, receipts);
    }
}

/// A receipt of somebody else may be the settlement's, and which it is for is not known yet.
pub fn undecided(facts: &CollectionFacts, kept: &KeptItem) -> Option<Step> {
    let id = kept.item.collection.as_ref()?;
    let waits = facts.theirs.get(id).is_some_and(|receipts| !receipts.is_empty())
        && may_not_be_the_first(facts, id, kept)
        && lacking(facts, id).any(|lacking| lacking == kept);
    waits.then(|| {
        let detail = format!("payment {id} may have been settled before payout {}", kept.payout);
        waiting_for_events(facts, Stage::Collected, detail)
    })
}

/// There may be settlements before it whose items nobody has kept yet.
fn may_not_be_the_first(facts: &CollectionFacts, id: &CollectionId, kept: &KeptItem) -> bool {
    missing_items(facts, id) || behind(facts, kept)
}

/// Its stamp is that of a receipt of ours for the payment: it stands for its own settlement and no other,
/// although this look did not find it there, as it was made late. Or of the receipt of a refund whose
/// funds came back, which pays nothing.
pub fn is_ours(receipt: &Receipt, id: &CollectionId) -> bool {
    receipt.stamp.as_deref().is_some_and(|stamp| {
        Key::may_be_stamped(stamp, &["receipt", id.as_str()])
            || Key::may_be_stamped(stamp, &["returned"])
    })
}

/// A payment that was paid out before the cut-over, and the invoice still owes it: whoever collected
/// it has recorded no receipt, and payouts before the cut-over are never booked here.
#[must_use]
pub fn receipt_missing(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
) -> Option<Decision> {
    let id = &collection.id;
    let standing = standing_before(facts, id)?;
    let kept = collection.amount.minor.saturating_sub(collection.refunded.minor);
    let owed = invoice.status == InvoiceStatus::Open
        && invoice.due.currency == collection.amount.currency
        && invoice.due.minor.saturating_add(kept) > invoice.total.minor;
    if !owed || facts.left(ReasonCode::PredecessorReceiptMissing) {
        return None;
    }
    let detail = format!(
        "payment {id} over {} arrived with payout {} before the cut-over, and {} of the invoice are open",
        collection.amount, standing.payout, invoice.due
    );
    let reason = Reason::new(ReasonCode::PredecessorReceiptMissing, detail);
    Some(Decision::rest(Stage::Collected, reason))
}

/// The settlement that stands of the payment, where all that stand arrived before the cut-over.
fn standing_before<'a>(facts: &'a CollectionFacts, id: &'a CollectionId) -> Option<&'a KeptItem> {
    facts.frame.policy.cut_over_on?;
    let standing: Vec<&KeptItem> =
        facts.settlements(id).skip(facts.reversals(id).count()).collect();
    let first = standing.first().copied()?;
    standing.iter().all(|kept| before_cut_over(facts, kept)).then_some(first)
}

/// Of an invoice whose payment arrived before the cut-over, something is open all the same: the payment
/// was for less, or a credit came off again. No receipt of ours shows that as its rest.
#[must_use]
pub fn rest_owed(facts: &CollectionFacts, invoice: &Invoice, id: &CollectionId) -> bool {
    invoice.status == InvoiceStatus::Open
        && invoice.due.is_positive()
        && standing_before(facts, id).is_some()
}
