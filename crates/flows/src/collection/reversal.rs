//! Taking a receipt back: un-apply, then a refund document, then what is left as a loss. The route
//! was fixed with the payout item; the receipt of a payout is deposited gross first (mission row
//! NG10; DESIGN.md section 5, Reversal).

use jiff::ToSpan;

use model::command::{
    ErpWrite, JournalLine, RecordDeposit, RecordJournal, RecordRefund, UnapplyReceipt, Write,
};
use model::decision::{Decision, Stage};
use model::ids::{LedgerAccountId, PayoutId};
use model::invoice::Invoice;
use model::key::Key;
use model::money::Money;
use model::payment::Collection;
use model::payout::{ItemRoute, KeptItem, PayoutItemKind};
use model::reason::{Reason, ReasonCode};
use model::receipt::{Application, ErpDocument, ErpRefund, Receipt, ReceiptPlace};
use model::sight::Sight;

use crate::dating::{date_not_before, period_closed};

use super::books::{Step, memo};
use super::facts::CollectionFacts;
use super::receipts::{
    before_cut_over, confirmed_reversal_key, item_key, missing_items, receipt_key,
};

/// Minutes until a look whether the events are read up to a payout.
const EVENTS_WAIT_MINUTES: i64 = 5;

/// What is to be taken back, and under which keys.
struct Reversal<'a> {
    /// First parts of the keys: (payout, ordinal) or (payment, confirmed-n).
    scope: [String; 2],
    need: Money,
    on: jiff::civil::Date,
    payout: Option<&'a PayoutId>,
    /// Taken from here; `None`: undeposited funds.
    from: Option<LedgerAccountId>,
    /// An undeposited receipt and its refund leave undeposited funds by a deposit of zero.
    zero_deposit: bool,
    /// The account that a loss is taken from, and that a deposit of zero names.
    counter: Option<LedgerAccountId>,
}

impl Reversal<'_> {
    fn key(&self, word: &str) -> Key {
        Key::new(&[word, &self.scope[0], &self.scope[1]])
    }
}

/// The k-th reversal takes back the k-th settlement.
pub fn reverse(
    facts: &CollectionFacts,
    invoice: &Invoice,
    settlement: Option<&KeptItem>,
    item: &KeptItem,
) -> Step {
    let place_of = format!("item {} of payout {}", item.item.ordinal, item.payout);
    let Some(minor) = item.item.amount.negated().whole_minor().filter(|minor| *minor > 0) else {
        return stop(ReasonCode::OddRecord, place_of);
    };
    if let Some(waits) = unread(facts, item, &place_of).filter(|_| !begun(facts, item)) {
        return waits;
    }
    let Some(settlement) = settlement.filter(|kept| !before_cut_over(facts, kept)) else {
        if facts.left(ReasonCode::PredecessorReceiptMissing) {
            return Step::Done;
        }
        return stop(ReasonCode::PredecessorReceiptMissing, place_of);
    };
    let receipt = facts.receipt(&receipt_key(facts, settlement));
    let Some(receipt) = receipt.filter(|receipt| !receipt.voided) else {
        // A receipt that a person dealt with is reversed by that person too.
        if facts.left(ReasonCode::ReceiptVoided) {
            return Step::Done;
        }
        return stop(ReasonCode::WaitingForReceipts, place_of);
    };
    let Some(bank) = bank(facts, item) else {
        let what = format!("bank account for {}", item.currency);
        return stop(ReasonCode::AccountNotMapped, what);
    };
    let deposited = receipt.place == ReceiptPlace::Deposited;
    let crosses = model::defect!(ReversalCrossesDeposit) || begun(facts, item);
    if waits_for_deposit(item, settlement) && !deposited && !crosses {
        let reason = Reason::new(ReasonCode::WaitingForDeposit, format!("receipt {}", receipt.id));
        let mut decision = Decision::rest(Stage::Reversed, reason);
        decision.hints.push(facts.payout_case(settlement));
        return Step::Blocked(Box::new(decision));
    }
    let route = if model::defect!(RouteDecidedTwice) && item.route != ItemRoute::LeftToPeople {
        match facts.frame.policy.reversals {
            model::policy::ReversalRoute::FromBank => ItemRoute::FromBank,
            model::policy::ReversalRoute::InDeposit => ItemRoute::InDeposit,
        }
    } else {
        item.route
    };
    let (from, zero_deposit, counter) = match route {
        ItemRoute::FromBank => (Some(bank.clone()), false, bank),
        ItemRoute::LeftToPeople if deposited => (Some(bank.clone()), false, bank),
        ItemRoute::LeftToPeople => (None, true, bank),
        ItemRoute::InDeposit => (None, false, bank),
        // Kept before its payment was matched: the deposit took it from the suspense account.
        ItemRoute::DepositLine => match &facts.frame.policy.accounts.suspense {
            Some(suspense) => (Some(suspense.clone()), false, suspense.clone()),
            None => return stop(ReasonCode::AccountNotMapped, "suspense"),
        },
    };
    let reversal = Reversal {
        scope: [item.payout.to_string(), item.item.ordinal.to_string()],
        need: Money::new(minor, item.currency),
        on: item.arrival_on,
        payout: Some(&item.payout),
        from,
        zero_deposit,
        counter: Some(counter),
    };
    run(facts, invoice, receipt, &reversal, item.item.collection.as_ref())
}

/// A receipt posted at confirmed whose payment never settled: taken back at once, dated by the event.
pub fn reverse_confirmed(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    key: &Key,
) -> Step {
    // Never made, or gone already: there is nothing to take back.
    let Some(receipt) = facts.receipt(key).filter(|receipt| !receipt.voided) else {
        return Step::Done;
    };
    // Entered and not released: only what is posted can be refunded.
    if let Some(decision) = facts.frame.go_on_with(Stage::Reversed, key, receipt.place) {
        return Step::of(decision);
    }
    let event = ["failed", "charged_back", "cancelled"]
        .iter()
        .filter_map(|action| facts.last_event(&collection.id, action))
        .max_by_key(|event| event.at);
    let bank = facts.frame.policy.accounts.bank(None, receipt.amount.currency);
    let bank = bank.map(|bank| bank.account.clone());
    let deposited = receipt.place == ReceiptPlace::Deposited;
    if deposited && bank.is_none() {
        let what = format!("bank account for {}", receipt.amount.currency);
        return stop(ReasonCode::AccountNotMapped, what);
    }
    let reversal_key = confirmed_reversal_key(key);
    let parts: Vec<&str> = reversal_key.as_str().split('/').collect();
    let scope = [parts[1].to_owned(), parts.get(2).copied().unwrap_or_default().to_owned()];
    let reversal = Reversal {
        scope,
        need: receipt.amount,
        on: event.map_or(facts.frame.today, |event| facts.frame.date_of(event.at)),
        payout: None,
        from: if deposited { bank.clone() } else { None },
        zero_deposit: !deposited,
        counter: bank,
    };
    run(facts, invoice, receipt, &reversal, Some(&collection.id))
}

fn stop(code: ReasonCode, detail: impl Into<String>) -> Step {
    Step::blocked(Stage::Reversed, Reason::new(code, detail))
}

/// Which settlement is the k-th, and which reversal this is, is known once all of them are.
fn unread(facts: &CollectionFacts, item: &KeptItem, place_of: &str) -> Option<Step> {
    if item.item.collection.as_ref().is_some_and(|id| missing_items(facts, id)) {
        return Some(stop(ReasonCode::WaitingForItems, place_of));
    }
    behind(facts, item)
        .then(|| waiting_for_events(facts, Stage::Reversed, format!("{place_of}, and its events")))
}

/// Looked at again soon: the events are read on their own.
pub fn waiting_for_events(facts: &CollectionFacts, stage: Stage, detail: String) -> Step {
    let reason = Reason::new(ReasonCode::WaitingForItems, detail);
    let again = facts.frame.now + EVENTS_WAIT_MINUTES.minutes();
    Step::Blocked(Box::new(Decision::rest(stage, reason).at(again)))
}

/// The events are not read up to this payout yet: they may name payouts before it that nobody knows.
pub fn behind(facts: &CollectionFacts, item: &KeptItem) -> bool {
    let (Some(until), Some(made_at)) = (facts.events_until, item.made_at) else { return false };
    until < made_at
}

/// The receipt is deposited gross before it is taken back: always where the reversal is booked from the
/// bank, and, where people deposit the payout that holds the reversal, when the settlement's own
/// payout is deposited by us.
fn waits_for_deposit(item: &KeptItem, settlement: &KeptItem) -> bool {
    match item.route {
        ItemRoute::FromBank => true,
        ItemRoute::LeftToPeople => settlement.route == ItemRoute::InDeposit,
        ItemRoute::InDeposit | ItemRoute::DepositLine => false,
    }
}

/// The account that the payout reached: the same as for its deposit.
fn bank(facts: &CollectionFacts, item: &KeptItem) -> Option<LedgerAccountId> {
    let accounts = &facts.frame.policy.accounts;
    if item.exchanged {
        return accounts.exchange_clearing.clone();
    }
    let bank = accounts.bank(item.bank_account.as_deref(), item.currency)?;
    Some(bank.account.clone())
}

/// A sequence that was begun is finished, whatever the receipt's place is by then.
fn begun(facts: &CollectionFacts, item: &KeptItem) -> bool {
    facts.frame.command(&item_key("refund", item)).is_some_and(|view| view.sends > 0)
}

fn run(
    facts: &CollectionFacts,
    invoice: &Invoice,
    receipt: &Receipt,
    reversal: &Reversal<'_>,
    collection: Option<&model::ids::CollectionId>,
) -> Step {
    let (periods, policy) = (&facts.frame.periods, facts.frame.policy.closed_period);
    let dated = date_not_before(receipt.dated_on, reversal.on, periods, policy);
    let Some((dated_on, true_date)) = dated.dates() else {
        let closed = period_closed(reversal.on.max(receipt.dated_on), periods, "the reversal");
        return stop(closed.code, closed.detail);
    };
    let text = memo(collection, reversal.payout, true_date);
    let refunded = match refund_document(facts, reversal) {
        RefundDocument::Found(refund) => refund.amount.minor,
        RefundDocument::Gone(step) => return *step,
        // Nothing was left of the receipt then: what it holds by now is somebody else's matter.
        RefundDocument::None if loss_booked(facts, reversal) => 0,
        RefundDocument::None => {
            let free = free_up(facts, invoice, receipt, reversal, dated_on);
            let amount = match free {
                Free::Enough(amount) => amount,
                Free::First(step) => return *step,
            };
            if amount.is_positive() {
                let write = RecordRefund {
                    receipt: receipt.id.clone(),
                    customer: receipt.customer.clone(),
                    amount,
                    from: reversal.from.clone(),
                    dated_on,
                    true_date,
                    receivable_account: receipt.receivable_account.clone(),
                    subsidiary: receipt.subsidiary.clone(),
                    exchange_rate: receipt.exchange_rate,
                    memo: text,
                };
                let write = Write::Erp(ErpWrite::RecordRefund(write));
                let key = reversal.key("refund");
                return Step::of(facts.frame.issue(Stage::Reversed, key, write, Some(dated_on)));
            }
            0
        }
    };
    let rest = reversal.need.minor - refunded;
    if rest > 0 {
        let loss = Loss { minor: rest, dated_on, true_date, text: text.clone() };
        match book_loss(facts, receipt, reversal, loss) {
            Step::Done => {}
            step @ (Step::Act(_) | Step::Blocked(_)) => return step,
        }
    }
    if reversal.zero_deposit && refunded > 0 {
        return zero_deposit(facts, receipt, reversal, (dated_on, true_date));
    }
    Step::Done
}

enum RefundDocument<'a> {
    Found(&'a ErpRefund),
    Gone(Box<Step>),
    None,
}

fn refund_document<'a>(facts: &'a CollectionFacts, reversal: &Reversal<'_>) -> RefundDocument<'a> {
    let key = reversal.key("refund");
    let done = facts.frame.done_id(&key);
    let lost = |id: &str| {
        if facts.left(ReasonCode::ReceiptVoided) {
            return Step::Done;
        }
        stop(ReasonCode::ReceiptVoided, format!("refund {id} of ours is voided or gone"))
    };
    match facts.documents.get(&key) {
        Some(Sight::Found(ErpDocument::Refund(refund))) if refund.voided => {
            RefundDocument::Gone(Box::new(lost(refund.id.as_str())))
        }
        Some(Sight::Found(ErpDocument::Refund(refund))) => {
            match facts.frame.go_on_with(Stage::Reversed, &key, refund.place) {
                Some(decision) => RefundDocument::Gone(Box::new(Step::of(decision))),
                None => RefundDocument::Found(refund),
            }
        }
        Some(Sight::Missing) => match done {
            Some(id) => RefundDocument::Gone(Box::new(lost(id))),
            None => RefundDocument::None,
        },
        Some(Sight::Odd(why)) => {
            RefundDocument::Gone(Box::new(stop(ReasonCode::OddRecord, why.clone())))
        }
        Some(Sight::NotRead | Sight::Found(_)) | None => match done {
            // Made, and not shown by this look: nothing more to do until a read shows it.
            Some(_) => RefundDocument::Gone(Box::new(Step::Done)),
            None => RefundDocument::None,
        },
    }
}

enum Free {
    /// This much can be refunded now.
    Enough(Money),
    /// This un-application comes first.
    First(Box<Step>),
}

/// Only what is unapplied can be refunded: un-applies our invoice first, then others. No more than
/// the receipt still holds.
fn free_up(
    facts: &CollectionFacts,
    invoice: &Invoice,
    receipt: &Receipt,
    reversal: &Reversal<'_>,
    dated_on: jiff::civil::Date,
) -> Free {
    let applied: i64 = receipt.applications.iter().map(|one| one.amount.minor).sum();
    let available = receipt.unapplied.minor.max(0).saturating_add(applied);
    let target = reversal.need.minor.min(available);
    let short = target - receipt.unapplied.minor;
    if short <= 0 {
        return Free::Enough(Money::new(target, receipt.amount.currency));
    }
    let ours_first = |one: &&Application| u8::from(one.invoice != invoice.id);
    let Some(from) =
        receipt.applications.iter().filter(|one| one.amount.is_positive()).min_by_key(ours_first)
    else {
        return Free::Enough(receipt.unapplied);
    };
    let write = UnapplyReceipt {
        receipt: receipt.id.clone(),
        customer: receipt.customer.clone(),
        invoice: from.invoice.clone(),
        amount: Money::new(short.min(from.amount.minor), receipt.amount.currency),
        decided_applied: from.amount,
        dated_on: Some(dated_on),
    };
    let parts = ["unapply", reversal.scope[0].as_str(), reversal.scope[1].as_str()];
    let nth = facts.frame.next_nth_of(&parts).to_string();
    let key = Key::new(&[parts[0], parts[1], parts[2], &nth]);
    let write = Write::Erp(ErpWrite::UnapplyReceipt(write));
    let decision = facts.frame.issue(Stage::Reversed, key, write, Some(receipt.dated_on));
    Free::First(Box::new(Step::of(decision)))
}

struct Loss {
    minor: i64,
    dated_on: jiff::civil::Date,
    true_date: Option<jiff::civil::Date>,
    text: String,
}

/// A reversal after a refund (or the other way round): what the receipt no longer holds is a loss.
fn book_loss(
    facts: &CollectionFacts,
    receipt: &Receipt,
    reversal: &Reversal<'_>,
    loss: Loss,
) -> Step {
    if loss_booked(facts, reversal) {
        return Step::Done;
    }
    let key = reversal.key("loss");
    let (Some(chargebacks), Some(bank)) =
        (&facts.frame.policy.accounts.chargebacks, &reversal.counter)
    else {
        return stop(ReasonCode::AccountNotMapped, "chargebacks");
    };
    let currency = reversal.need.currency;
    let line = |account: &LedgerAccountId, minor| JournalLine {
        account: account.clone(),
        amount: Money::new(minor, currency),
        memo: loss.text.clone(),
        customer: None,
    };
    let write = RecordJournal {
        subsidiary: receipt.subsidiary.clone(),
        currency,
        dated_on: loss.dated_on,
        true_date: loss.true_date,
        lines: vec![line(chargebacks, loss.minor), line(bank, -loss.minor)],
        payout: None,
        memo: loss.text.clone(),
    };
    let write = Write::Erp(ErpWrite::RecordJournal(write));
    Step::of(facts.frame.issue(Stage::Reversed, key, write, Some(loss.dated_on)))
}

fn loss_booked(facts: &CollectionFacts, reversal: &Reversal<'_>) -> bool {
    let key = reversal.key("loss");
    facts.frame.done_id(&key).is_some()
        || facts.documents.get(&key).and_then(Sight::found).is_some()
}

/// An undeposited receipt and its refund leave undeposited funds together.
fn zero_deposit(
    facts: &CollectionFacts,
    receipt: &Receipt,
    reversal: &Reversal<'_>,
    dates: (jiff::civil::Date, Option<jiff::civil::Date>),
) -> Step {
    let key = reversal.key("zero");
    let RefundDocument::Found(refund) = refund_document(facts, reversal) else {
        return Step::Done;
    };
    // One that was taken from the bank stays there, also where a person voided the deposit of its receipt.
    let both = [receipt.place, refund.place].iter().all(|one| *one == ReceiptPlace::Undeposited);
    let known = facts.frame.done_id(&key).is_some();
    if known || !both || refund.amount != receipt.amount {
        return Step::Done;
    }
    let Some(bank) = &reversal.counter else {
        let what = format!("bank account for {}", reversal.need.currency);
        return stop(ReasonCode::AccountNotMapped, what);
    };
    let write = RecordDeposit {
        bank: bank.clone(),
        currency: reversal.need.currency,
        dated_on: dates.0,
        true_date: dates.1,
        receipts: vec![receipt.id.clone()],
        refunds: vec![refund.id.clone()],
        lines: Vec::new(),
        exchange_rate: receipt.exchange_rate,
        total: Money::zero(reversal.need.currency),
        payout: None,
        memo: format!("clears the reversal of receipt {}", receipt.id),
    };
    let write = Write::Erp(ErpWrite::RecordDeposit(write));
    Step::of(facts.frame.issue(Stage::Reversed, key, write, Some(dates.0)))
}

/// The word for the invoice's payment status once a reversal is in a payout.
#[must_use]
pub fn settled_word(kind: PayoutItemKind) -> Option<model::invoice::PaymentStatus> {
    use model::invoice::PaymentStatus;
    match kind {
        PayoutItemKind::PaymentChargedBack => Some(PaymentStatus::ChargebackSettled),
        PayoutItemKind::PaymentFailed => Some(PaymentStatus::LateFailureSettled),
        PayoutItemKind::PaymentPaidOut
        | PayoutItemKind::PaymentRefunded
        | PayoutItemKind::Refund
        | PayoutItemKind::RefundFundsReturned
        | PayoutItemKind::ProcessorFee
        | PayoutItemKind::AppFee
        | PayoutItemKind::RevenueShare
        | PayoutItemKind::SurchargeFee => None,
    }
}
