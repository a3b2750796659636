//! The ERP's books of a collection: one receipt per settlement, taken back by its reversal, the rest
//! applied when the invoice has a balance again (promise P3; mission rows NG7 and NG10).

use model::command::{
    AnnotateReceipt, CommandState, CommandView, ErpWrite, RecordReceipt, RejectionCause, Write,
};
use model::decision::{Decision, Stage};
use model::ids::{CollectionId, InvoiceId, LedgerAccountId, PayoutId};
use model::invoice::{Invoice, InvoiceStatus};
use model::key::Key;
use model::money::Money;
use model::payment::{Collection, CollectionStatus};
use model::payout::{ItemRoute, KeptItem};
use model::policy::PostOn;
use model::reason::{Reason, ReasonCode, ReasonKind};
use model::sight::Sight;

use crate::dating::{date_document, period_closed};
use crate::unresolved::unresolved;

use super::facts::{CollectionFacts, is_collected};
use super::receipts::{
    before_cut_over, confirmed_keys, next_confirmed_key, receipt_key, reversal_begun,
    stands_settled, unsettled_confirmed,
};
pub use super::receipts::{forgotten_to_read, keys_to_read};
use super::{predecessor, rests, reversal, suspense};

/// How the books stand.
pub enum Books {
    /// This and nothing else now: a step of the books, or an outcome that is not known yet.
    Only(Box<Decision>),
    /// Nothing to post; what differs is shown.
    Complete { differences: Vec<Reason> },
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
    if let Some(decision) = unknown_outcome(facts) {
        return Books::Only(Box::new(decision));
    }
    let mut blocked = Vec::new();
    for (_, collection) in facts.readable() {
        for step in steps(facts, invoice, collection) {
            match step {
                Step::Done => {}
                Step::Act(decision) => return Books::Only(decision),
                Step::Blocked(decision) => blocked.push(*decision),
            }
        }
    }
    if let Some(decision) = all_told(blocked) {
        return Books::Blocked(Box::new(decision));
    }
    rests::next(facts, invoice)
}

/// The first step that is blocked, and beside it what the others need a person for: what is refused may
/// wait behind something else for weeks.
fn all_told(blocked: Vec<Decision>) -> Option<Decision> {
    let mut blocked = blocked.into_iter();
    let mut first = blocked.next()?;
    let others = blocked.map(|decision| decision.reason);
    for reason in others.filter(|reason| reason.code.kind() == ReasonKind::NeedsPerson) {
        let told = first.attention.iter().chain([&first.reason]);
        if !told.map(|told| told.code).any(|code| code == reason.code) {
            first.attention.push(reason);
        }
    }
    Some(first)
}

/// A document of ours may just have changed the balances that this look saw: it is wanted again with
/// the content it was sent with, or waited for, before anything else is concluded (promise P6).
fn unknown_outcome(facts: &CollectionFacts) -> Option<Decision> {
    let unwanted = |view: &CommandView| match &view.write {
        Write::Erp(ErpWrite::RecordReceipt(write)) if write.payout.is_none() => {
            let paid = facts.readable().find(|(_, one)| one.id == write.collection);
            paid.is_some_and(|(_, one)| {
                let lost = !is_collected(one.status) && !stands_settled(facts, &one.id);
                // What is there, and not released, is gone on with: only then it can be taken back.
                lost && !is_begun(facts, one, &view.key)
            })
        }
        Write::Erp(_) | Write::Processor(_) => false,
    };
    let orphan = facts.frame.commands.iter().find(|view| {
        view.state == CommandState::InFlight && is_document(&view.write) && unwanted(view)
    });
    if let Some(view) = orphan {
        let reason = Reason::new(ReasonCode::CommandInFlight, view.key.as_str());
        return Some(Decision::rest(Stage::Collected, reason));
    }
    unresolved(&facts.frame, Stage::Collected, |view| is_document(&view.write))
}

fn is_document(write: &Write) -> bool {
    match write {
        Write::Erp(
            ErpWrite::RecordReceipt(_)
            | ErpWrite::ApplyReceipt(_)
            | ErpWrite::UnapplyReceipt(_)
            | ErpWrite::RecordRefund(_)
            | ErpWrite::RecordDeposit(_)
            | ErpWrite::RecordJournal(_),
        ) => true,
        Write::Erp(
            ErpWrite::SaveCustomerFields(_)
            | ErpWrite::AnnotateInvoice(_)
            | ErpWrite::AnnotateReceipt(_),
        )
        | Write::Processor(_) => false,
    }
}

/// Posts and reversals of one payment, in the order in which they must happen.
fn steps<'a>(
    facts: &'a CollectionFacts,
    invoice: &'a Invoice,
    collection: &'a Collection,
) -> impl Iterator<Item = Step> + 'a {
    let confirmed = std::iter::once_with(move || post_confirmed(facts, invoice, collection));
    let posts = facts.settlements(&collection.id).map(move |kept| {
        let by_status =
            model::defect!(ReceiptByStatus) && collection.status != CollectionStatus::PaidOut;
        let apart = suspense::settlement_cancels(facts, &collection.id, kept);
        if before_cut_over(facts, kept) || apart || by_status {
            Step::Done
        } else {
            post_settlement(facts, invoice, collection, kept)
        }
    });
    let reversals = facts.reversals(&collection.id).enumerate().map(move |(k, item)| {
        let settlement = if model::defect!(NewestTakenBack) {
            facts.settlements(&collection.id).last()
        } else {
            facts.settlements(&collection.id).nth(k)
        };
        if before_cut_over(facts, item) || suspense::cancels(facts, settlement, Some(item)) {
            Step::Done
        } else {
            reversal::reverse(facts, invoice, settlement, item)
        }
    });
    confirmed.chain(posts).chain(reversals)
}

/// Posting at confirmed by policy: at most one open receipt, and only while the payment is confirmed
/// or paid out; any other status takes it back at once, and a begun reversal is finished.
fn post_confirmed(facts: &CollectionFacts, invoice: &Invoice, collection: &Collection) -> Step {
    let id = &collection.id;
    let lost = !is_collected(collection.status) && !stands_settled(facts, id);
    let open = unsettled_confirmed(facts, id);
    let taken_back = confirmed_keys(facts, id)
        .into_iter()
        .filter(|key| reversal_begun(facts, key) || (lost && open.contains(key)));
    for key in taken_back {
        match reversal::reverse_confirmed(facts, invoice, collection, &key) {
            Step::Done => {}
            step @ (Step::Act(_) | Step::Blocked(_)) => return step,
        }
    }
    // The item of a settlement asks for its receipt by itself.
    if lost || stands_settled(facts, id) {
        return Step::Done;
    }
    let wanted = facts.frame.policy.post_on == PostOn::Confirmed
        && collection.status == CollectionStatus::Confirmed;
    // Of somebody else's payment a receipt may exist already: it is looked for once it is paid out.
    let adopted = facts.attempts.iter().any(|attempt| attempt.id == *id && attempt.adopted);
    let key = match open.first() {
        Some(key) => key.clone(),
        None if wanted && !adopted => next_confirmed_key(facts, id),
        None => return Step::Done,
    };
    let told = facts.last_event(id, "confirmed").map(|event| facts.frame.date_of(event.at));
    let on = match told {
        Some(on) => on,
        // The event that gives the date was not read yet; at the latest the payout brings the receipt.
        None if open.is_empty() => return Step::Done,
        None => facts.frame.today,
    };
    let account = facts.frame.policy.accounts.undeposited.clone();
    let posting = Posting { key, amount: collection.amount, on, payout: None, account };
    stand(facts, invoice, collection, posting)
}

/// One receipt for one `payment_paid_out` item.
fn post_settlement(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    kept: &KeptItem,
) -> Step {
    let stop = |code, detail: String| Step::blocked(Stage::Collected, Reason::new(code, detail));
    let Some(minor) = kept.item.amount.whole_minor().filter(|minor| *minor > 0) else {
        let detail = format!("item {} of payout {}", kept.item.ordinal, kept.payout);
        return stop(ReasonCode::OddRecord, detail);
    };
    if let Some(waits) = predecessor::undecided(facts, kept) {
        return waits;
    }
    // Kept before it was matched: the payout's deposit has put the money on the suspense account.
    let suspense = kept.route == ItemRoute::DepositLine;
    let accounts = &facts.frame.policy.accounts;
    if suspense && accounts.suspense.is_none() {
        return stop(ReasonCode::AccountNotMapped, "suspense".to_owned());
    }
    let posting = Posting {
        key: receipt_key(facts, kept),
        amount: Money::new(minor, kept.currency),
        on: paid_out_on(facts, &collection.id, &kept.payout).unwrap_or(kept.arrival_on),
        payout: Some(kept.payout.clone()),
        account: if suspense { accounts.suspense.clone() } else { accounts.undeposited.clone() },
    };
    let key = posting.key.clone();
    match stand(facts, invoice, collection, posting) {
        Step::Done => note_payout(facts, &key, kept),
        step @ (Step::Act(_) | Step::Blocked(_)) => step,
    }
}

/// The receipt stands as decided, or is posted.
fn stand(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    posting: Posting,
) -> Step {
    let done = facts.frame.done_id(&posting.key).is_some();
    match facts.documents.get(&posting.key) {
        Some(Sight::Found(_)) if is_begun(facts, collection, &posting.key) => {
            post(facts, invoice, collection, posting)
        }
        Some(Sight::Found(_)) => check_receipt(facts, &posting.key, posting.amount),
        Some(Sight::Odd(why)) => {
            Step::blocked(Stage::Collected, Reason::new(ReasonCode::OddRecord, why.clone()))
        }
        Some(Sight::Missing) if done => gone(facts, &posting.key),
        Some(Sight::NotRead) | None if done => Step::Done,
        Some(Sight::Missing | Sight::NotRead) | None => post(facts, invoice, collection, posting),
    }
}

/// A receipt of ours that was entered and not released: the same command goes on with it, or says why it
/// can not. One of somebody else in its place is for whoever entered it.
fn is_begun(facts: &CollectionFacts, collection: &Collection, key: &Key) -> bool {
    facts.receipt(key).filter(|receipt| !receipt.voided).is_some_and(|receipt| {
        facts.frame.begun(key, receipt.place).is_some()
            && predecessor::is_ours(receipt, &collection.id)
    })
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
    let rest = model::defect!(RestTakenForVoid) && receipt.unapplied.is_positive();
    if receipt.voided || rest {
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
    // Written or refused once, it is not written again, whatever the ERP made of the text.
    let over =
        |view: &CommandView| matches!(view.state, CommandState::Done | CommandState::Rejected);
    if facts.frame.command(&note).is_some_and(over) {
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
    /// Where the money stands; `None`: the ERP's undeposited funds.
    account: Option<LedgerAccountId>,
}

/// Records a receipt, applied up to the open balance, the rest visibly unapplied.
fn post(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    posting: Posting,
) -> Step {
    let Posting { key, amount, on, payout, account } = posting;
    if let Some(write) = sent_before(facts, invoice, &key, amount) {
        return Step::of(facts.frame.issue(Stage::Collected, key, write, None));
    }
    let dated = date_document(on, &facts.frame.periods, facts.frame.policy.closed_period);
    let Some((dated_on, true_date)) = dated.dates() else {
        let what = format!("the receipt of {amount}");
        return Step::blocked(Stage::Collected, period_closed(on, &facts.frame.periods, &what));
    };
    let rate = match facts.frame.policy.exchange.rate(amount.currency, dated_on) {
        Ok(rate) => rate,
        Err(missing) => {
            let reason = Reason::new(ReasonCode::ExchangeRateMissing, missing);
            return Step::blocked(Stage::Collected, reason);
        }
    };
    let write = RecordReceipt {
        customer: invoice.customer.clone(),
        amount,
        apply: application(facts, invoice, &key, amount),
        dated_on,
        true_date,
        subsidiary: invoice.subsidiary.clone(),
        receivable_account: invoice.receivable_account.clone(),
        exchange_rate: rate,
        account,
        collection: collection.id.clone(),
        memo: memo(Some(&collection.id), payout.as_ref(), true_date),
        payout,
    };
    let write = Write::Erp(ErpWrite::RecordReceipt(write));
    Step::of(facts.frame.issue(Stage::Collected, key, write, Some(dated_on)))
}

/// A receipt that was sent, never seen and given up is sent again as it was, as long as the balance
/// and the period allow: its key stands for that content.
fn sent_before(
    facts: &CollectionFacts,
    invoice: &Invoice,
    key: &Key,
    amount: Money,
) -> Option<Write> {
    let view = facts.frame.command(key)?;
    let Write::Erp(ErpWrite::RecordReceipt(sent)) = &view.write else { return None };
    let given_up = view.state == CommandState::Ended && view.sends > 0;
    let open = facts.frame.periods.is_open(sent.dated_on);
    let fits = sent.apply.as_ref().is_none_or(|(to, applied)| {
        *to == invoice.id
            && invoice.status == InvoiceStatus::Open
            && applied.currency == invoice.due.currency
            && applied.minor <= invoice.due.minor
    });
    (given_up && open && fits && sent.amount == amount).then(|| view.write.clone())
}

/// What of a new receipt pays the invoice. Nothing when the ERP said that it can not.
fn application(
    facts: &CollectionFacts,
    invoice: &Invoice,
    key: &Key,
    amount: Money,
) -> Option<(InvoiceId, Money)> {
    let impossible = facts
        .frame
        .command(key)
        .and_then(|view| view.rejection.as_ref())
        .is_some_and(|rejection| rejection.cause == RejectionCause::ApplicationImpossible);
    let open = invoice.status == InvoiceStatus::Open && invoice.due.is_positive();
    if impossible || !open {
        return None;
    }
    if model::defect!(AppliedBeyondBalance) {
        return Some((invoice.id.clone(), amount));
    }
    Some((invoice.id.clone(), invoice.due.checked_min(amount).ok()?))
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
