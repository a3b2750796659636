//! Booking a refund that a payout debited: un-apply what is needed from the receipt, refund it, and
//! book as a loss what the receipt no longer holds (DESIGN.md section 5, Reversal and Refunds).

use jiff::civil::Date;

use model::case::CaseKey;
use model::command::{
    CommandState, ErpWrite, JournalLine, RecordDeposit, RecordJournal, RecordRefund,
    UnapplyReceipt, Write,
};
use model::decision::{Decision, Stage};
use model::ids::LedgerAccountId;
use model::key::Key;
use model::money::Money;
use model::payout::{ItemRoute, KeptItem};
use model::reason::{Reason, ReasonCode};
use model::receipt::{Application, ErpDocument, Receipt, ReceiptPlace};
use model::sight::Sight;

use crate::dating::{date_not_before, period_closed};
use crate::payout::bank_account;
use crate::unresolved::unresolved;

use super::facts::{RefundFacts, Settlement};

/// How far one item is.
pub enum Step {
    /// Booked, with this much of it as a loss.
    Done { lost: Option<Money> },
    /// A command, or a wait.
    Next(Box<Decision>),
}

/// A step that is not taken yet, as a decision.
type Next = Box<Decision>;

fn stop(code: ReasonCode, detail: impl Into<String>) -> Next {
    Box::new(Decision::rest(Stage::Reversed, Reason::new(code, detail)))
}

/// Takes back what the item debited.
pub fn step(facts: &RefundFacts, kept: &KeptItem) -> Step {
    match try_step(facts, kept) {
        Ok(lost) => Step::Done { lost },
        Err(next) => Step::Next(next),
    }
}

/// The key of a document of an item.
#[must_use]
pub fn key(purpose: &str, kept: &KeptItem) -> Key {
    Key::new(&[purpose, kept.payout.as_str(), &kept.item.ordinal.to_string()])
}

/// Refunded and lost so far; both in the item's currency.
fn try_step(facts: &RefundFacts, kept: &KeptItem) -> Result<Option<Money>, Next> {
    let item = format!("item {} of payout {}", kept.item.ordinal, kept.payout);
    let Some(minor) = kept.item.amount.negated().whole_minor().filter(|minor| *minor > 0) else {
        return Err(stop(ReasonCode::OddRecord, format!("{item}: {}", kept.item.amount)));
    };
    let need = Money::new(minor, kept.currency);
    sent_is_known(facts, kept)?;
    let dates = || dates(facts, kept);
    let lost = lost(facts, kept)?;
    let refunded = match (refunded(facts, kept)?, lost) {
        (Some(refunded), _) => refunded,
        // The rest was booked: a receipt that is settled later has no part in this item.
        (None, Some(lost)) => Money::new(need.minor.saturating_sub(lost.minor), kept.currency),
        (None, None) => match standing(facts)? {
            Some(receipt) => take_back(facts, kept, receipt, need, dates()?)?,
            None => Money::zero(kept.currency),
        },
    };
    let rest = Money::new(need.minor.saturating_sub(refunded.minor), kept.currency);
    if rest.is_positive() && lost.is_none() {
        book_loss(facts, kept, rest, dates()?)?;
    }
    if refunded.is_positive() && kept.route == ItemRoute::LeftToPeople {
        clear_undeposited(facts, kept, refunded, dates()?)?;
    }
    Ok(rest.is_positive().then_some(rest))
}

/// What was sent for the item and is not shown may stand all the same: un-applying more would double the
/// refund, and a receipt that is settled meanwhile has no part in what is booked as a loss.
fn sent_is_known(facts: &RefundFacts, kept: &KeptItem) -> Result<(), Next> {
    let own = [key("refund", kept), key("loss", kept)];
    let shown = |key: &Key| facts.documents.get(key).and_then(Sight::found).is_some();
    let hidden = |key: &Key| own.contains(key) && !shown(key);
    match unresolved(&facts.frame, Stage::Reversed, |view| hidden(&view.key)) {
        Some(decision) => Err(Box::new(decision)),
        None => Ok(()),
    }
}

/// What a loss journal of the item holds, unless it was voided.
fn lost(facts: &RefundFacts, kept: &KeptItem) -> Result<Option<Money>, Next> {
    let key = key("loss", kept);
    let debits = |minor: i64| Money::new(minor, kept.currency);
    match facts.documents.get(&key).unwrap_or(&Sight::NotRead) {
        Sight::Found(ErpDocument::Journal(journal)) if journal.voided => Ok(None),
        Sight::Found(ErpDocument::Journal(journal)) => {
            let lines = journal.lines.iter().map(|(_, amount)| amount.minor.max(0));
            Ok(Some(debits(lines.sum())))
        }
        Sight::Found(_) => {
            Err(stop(ReasonCode::ReceiptDiffers, format!("{key} stands on another document")))
        }
        Sight::Odd(why) => Err(stop(ReasonCode::OddRecord, why.clone())),
        Sight::Missing => match facts.frame.done_id(&key) {
            Some(id) => Err(stop(ReasonCode::OutcomeUnclear, format!("{key} {id} is gone"))),
            None => Ok(None),
        },
        // The answer to our own write counts until a read shows the document.
        Sight::NotRead => {
            let done = facts.frame.command(&key).filter(|view| view.state == CommandState::Done);
            Ok(done.and_then(|view| match &view.write {
                Write::Erp(ErpWrite::RecordJournal(write)) => {
                    let lines = write.lines.iter().map(|line| line.amount.minor.max(0));
                    Some(debits(lines.sum()))
                }
                Write::Erp(_) | Write::Processor(_) => None,
            }))
        }
    }
}

/// Every document of a payout carries its arrival date, or its receipt's, which may have been moved: that
/// which was refunded, where another one stands by now.
fn dates(facts: &RefundFacts, kept: &KeptItem) -> Result<(Date, Option<Date>), Next> {
    let (periods, policy) = (&facts.frame.periods, facts.frame.policy.closed_period);
    let refund = key("refund", kept);
    let made = facts.documents.get(&refund).and_then(Sight::found).is_some();
    let refunded = made.then(|| refunded_receipt(facts, &refund)).flatten();
    let standing = || facts.standing_settlement().and_then(|one| one.receipt.found());
    let receipt = refunded.or_else(standing);
    let first = receipt.map_or(kept.arrival_on, |receipt| receipt.dated_on);
    date_not_before(first, kept.arrival_on, periods, policy).dates().ok_or_else(|| {
        let closed = period_closed(kept.arrival_on.max(first), periods, "the refund");
        stop(closed.code, closed.detail)
    })
}

/// What the refund document of the item took back; `None`: there is none yet.
fn refunded(facts: &RefundFacts, kept: &KeptItem) -> Result<Option<Money>, Next> {
    let key = key("refund", kept);
    let done = facts.frame.done_id(&key);
    match facts.documents.get(&key).unwrap_or(&Sight::NotRead) {
        Sight::Found(ErpDocument::Refund(refund)) if refund.voided => {
            Err(stop(ReasonCode::ReceiptVoided, format!("{key} {} was voided", refund.id)))
        }
        Sight::Found(ErpDocument::Refund(refund)) => {
            match facts.frame.go_on_with(Stage::Reversed, &key, refund.place) {
                Some(decision) => Err(Box::new(decision)),
                None => Ok(Some(refund.amount)),
            }
        }
        Sight::Found(_) => {
            Err(stop(ReasonCode::ReceiptDiffers, format!("{key} stands on another document")))
        }
        Sight::Odd(why) => Err(stop(ReasonCode::OddRecord, why.clone())),
        Sight::Missing => match done {
            Some(id) => Err(stop(ReasonCode::OutcomeUnclear, format!("{key} {id} is gone"))),
            None => Ok(None),
        },
        // The answer to our own write counts until a read shows the document.
        Sight::NotRead => {
            Ok(facts.frame.command(&key).filter(|_| done.is_some()).and_then(|view| {
                match &view.write {
                    Write::Erp(ErpWrite::RecordRefund(refund)) => Some(refund.amount),
                    Write::Erp(_) | Write::Processor(_) => None,
                }
            }))
        }
    }
}

/// The receipt to take it from; `None`: each is reversed already, so that all of it is a loss.
fn standing(facts: &RefundFacts) -> Result<Option<&Receipt>, Next> {
    let Some(settlement) = facts.standing_settlement() else {
        if facts.settlements.is_empty() {
            return Err(wait(facts, ReasonCode::WaitingForReceipts, "no settlement yet"));
        }
        return Ok(None);
    };
    match &settlement.receipt {
        Sight::Found(receipt) if receipt.voided => {
            Err(stop(ReasonCode::ReceiptVoided, format!("receipt {} was voided", receipt.id)))
        }
        Sight::Found(receipt) if receipt.place == ReceiptPlace::NotPosted => {
            Err(wait(facts, ReasonCode::WaitingForReceipts, &format!("{} to post", receipt.id)))
        }
        Sight::Found(receipt) => Ok(Some(receipt)),
        // What a query does not show is waited for as well: without a command no look is direct.
        Sight::Missing | Sight::NotRead => Err(missing(facts, settlement)),
        Sight::Odd(why) => Err(stop(ReasonCode::OddRecord, why.clone())),
    }
}

fn missing(facts: &RefundFacts, settlement: &Settlement) -> Next {
    let predecessors = settlement.kept.as_ref().is_some_and(|kept| facts.is_before_cut_over(kept));
    if predecessors {
        stop(ReasonCode::PredecessorReceiptMissing, settlement.key.to_string())
    } else {
        wait(facts, ReasonCode::WaitingForReceipts, settlement.key.as_str())
    }
}

/// Waits for the collection's case, and hints it.
fn wait(facts: &RefundFacts, code: ReasonCode, detail: &str) -> Next {
    let mut decision = stop(code, detail);
    decision.hints.extend(facts.collection.clone());
    decision
}

/// Un-applies what is missing, then refunds. Answers what is refunded when nothing can be.
fn take_back(
    facts: &RefundFacts,
    kept: &KeptItem,
    receipt: &Receipt,
    need: Money,
    dates: (Date, Option<Date>),
) -> Result<Money, Next> {
    let from = source(facts, kept, receipt)?;
    let applied: i64 = receipt.applications.iter().map(|one| one.amount.minor).sum();
    let free = receipt.unapplied.minor.max(0);
    let amount = need.minor.min(free.saturating_add(applied.max(0)));
    if amount <= 0 {
        return Ok(Money::zero(need.currency));
    }
    if amount > free
        && let Some(decision) = unapply(facts, kept, receipt, amount - free, dates.0)
    {
        return Err(decision);
    }
    let write = Write::Erp(ErpWrite::RecordRefund(RecordRefund {
        receipt: receipt.id.clone(),
        customer: receipt.customer.clone(),
        amount: Money::new(amount, need.currency),
        from,
        dated_on: dates.0,
        true_date: dates.1,
        receivable_account: receipt.receivable_account.clone(),
        subsidiary: receipt.subsidiary.clone(),
        exchange_rate: receipt.exchange_rate,
        memo: memo(facts, kept),
    }));
    Err(Box::new(facts.frame.issue(Stage::Reversed, key("refund", kept), write, Some(dates.0))))
}

/// Where the refund is paid from: by the item's fixed route, or, where people make the deposits, by
/// the receipt's state. A receipt that goes to the bank is deposited gross first.
fn source(
    facts: &RefundFacts,
    kept: &KeptItem,
    receipt: &Receipt,
) -> Result<Option<LedgerAccountId>, Next> {
    let undeposited = facts.frame.policy.accounts.undeposited.clone();
    let deposited = receipt.place == ReceiptPlace::Deposited;
    let by_us = facts
        .standing_settlement()
        .and_then(|one| one.kept.as_ref())
        .is_some_and(|settled| settled.route == ItemRoute::InDeposit);
    let first = kept.route == ItemRoute::FromBank || by_us;
    match kept.route {
        ItemRoute::FromBank | ItemRoute::LeftToPeople if !deposited && first => {
            let mut decision =
                stop(ReasonCode::WaitingForDeposit, format!("receipt {}", receipt.id));
            decision.hints.extend(settling_payout(facts));
            Err(decision)
        }
        ItemRoute::FromBank => bank(facts, kept).map(Some),
        ItemRoute::LeftToPeople if deposited => bank(facts, kept).map(Some),
        ItemRoute::LeftToPeople | ItemRoute::InDeposit | ItemRoute::DepositLine => Ok(undeposited),
    }
}

/// The payout whose deposit holds the receipt.
fn settling_payout(facts: &RefundFacts) -> Option<CaseKey> {
    let kept = facts.standing_settlement()?.kept.as_ref()?;
    Some(CaseKey::payout(&facts.frame.processor, &kept.payout))
}

/// The bank account that the item's payout reached.
fn bank(facts: &RefundFacts, kept: &KeptItem) -> Result<LedgerAccountId, Next> {
    let policy = &facts.frame.policy;
    let mapped = match facts.payouts.get(&kept.payout) {
        Some(payout) => bank_account(policy, payout),
        None => policy.accounts.bank(None, kept.currency).map(|bank| &bank.account),
    };
    mapped.cloned().ok_or_else(|| stop(ReasonCode::AccountNotMapped, "bank"))
}

/// Our invoice first, then others; one invoice per command.
fn unapply(
    facts: &RefundFacts,
    kept: &KeptItem,
    receipt: &Receipt,
    short: i64,
    dated_on: Date,
) -> Option<Next> {
    let ours_first = |one: &&Application| u8::from(Some(&one.invoice) != facts.invoice.as_ref());
    let from = receipt
        .applications
        .iter()
        .filter(|one| one.amount.is_positive())
        .min_by_key(ours_first)?;
    let ordinal = kept.item.ordinal.to_string();
    let head = ["unapply", kept.payout.as_str(), ordinal.as_str()];
    let nth = facts.frame.next_nth_of(&head).to_string();
    let key = Key::new(&[head[0], head[1], head[2], &nth]);
    let write = Write::Erp(ErpWrite::UnapplyReceipt(UnapplyReceipt {
        receipt: receipt.id.clone(),
        customer: receipt.customer.clone(),
        invoice: from.invoice.clone(),
        amount: Money::new(short.min(from.amount.minor), from.amount.currency),
        decided_applied: from.amount,
        dated_on: Some(dated_on),
    }));
    Some(Box::new(facts.frame.issue(Stage::Reversed, key, write, Some(receipt.dated_on))))
}

/// What the receipt no longer holds: debit the refunds account, credit the bank. Not again where somebody
/// voided it.
fn book_loss(
    facts: &RefundFacts,
    kept: &KeptItem,
    rest: Money,
    dates: (Date, Option<Date>),
) -> Result<(), Next> {
    let key = key("loss", kept);
    if let Some(ErpDocument::Journal(journal)) = facts.documents.get(&key).and_then(Sight::found) {
        let detail = format!("{key} {} was voided", journal.id);
        return Err(stop(ReasonCode::ReceiptVoided, detail));
    }
    let accounts = &facts.frame.policy.accounts;
    let refunds = accounts.refunds.clone();
    let refunds = refunds.ok_or_else(|| stop(ReasonCode::AccountNotMapped, "refunds"))?;
    let memo = memo(facts, kept);
    let line = |account, minor| JournalLine {
        account,
        amount: Money::new(minor, rest.currency),
        memo: memo.clone(),
        customer: facts.customer.clone(),
    };
    let payout = facts.payouts.get(&kept.payout);
    let creditor_bank = payout.and_then(|payout| payout.bank_account.as_deref());
    let subsidiary = accounts.bank(creditor_bank, kept.currency);
    let bank = bank(facts, kept)?;
    let write = Write::Erp(ErpWrite::RecordJournal(RecordJournal {
        subsidiary: subsidiary.and_then(|bank| bank.subsidiary.clone()),
        currency: rest.currency,
        dated_on: dates.0,
        true_date: dates.1,
        lines: vec![line(bank, -rest.minor), line(refunds, rest.minor)],
        payout: None,
        memo: memo.clone(),
    }));
    Err(Box::new(facts.frame.issue(Stage::Reversed, key, write, Some(dates.0))))
}

/// Where people make the deposits, a receipt that was never deposited and is refunded in full leaves
/// undeposited funds together with its refund, by a deposit of zero (mission row NG10).
fn clear_undeposited(
    facts: &RefundFacts,
    kept: &KeptItem,
    refunded: Money,
    dates: (Date, Option<Date>),
) -> Result<(), Next> {
    let refund_key = key("refund", kept);
    let receipt = refunded_receipt(facts, &refund_key);
    let refund = match facts.documents.get(&refund_key).and_then(Sight::found) {
        Some(ErpDocument::Refund(refund)) => refund,
        Some(ErpDocument::Receipt(_) | ErpDocument::Deposit(_) | ErpDocument::Journal(_))
        | None => return Ok(()),
    };
    let Some(receipt) = receipt.filter(|receipt| {
        receipt.place == ReceiptPlace::Undeposited
            && refund.place == ReceiptPlace::Undeposited
            && receipt.amount == refunded
    }) else {
        return Ok(());
    };
    let key = key("zero", kept);
    if facts.frame.done_id(&key).is_some() {
        return Ok(());
    }
    let write = Write::Erp(ErpWrite::RecordDeposit(RecordDeposit {
        bank: bank(facts, kept)?,
        currency: kept.currency,
        dated_on: dates.0,
        true_date: dates.1,
        receipts: vec![receipt.id.clone()],
        refunds: vec![refund.id.clone()],
        lines: Vec::new(),
        exchange_rate: receipt.exchange_rate,
        total: Money::zero(kept.currency),
        payout: None,
        memo: memo(facts, kept),
    }));
    Err(Box::new(facts.frame.issue(Stage::Reversed, key, write, Some(dates.0))))
}

/// The receipt that the refund document took from. Which one stands may be another by now: a later payout
/// settles the payment again. One that no command knows is sure only where there is no other.
fn refunded_receipt<'a>(facts: &'a RefundFacts, refund: &Key) -> Option<&'a Receipt> {
    let write = facts.frame.command(refund).map(|view| &view.write);
    match write {
        Some(Write::Erp(ErpWrite::RecordRefund(write))) => {
            let mut receipts = facts.settlements.iter().filter_map(|one| one.receipt.found());
            receipts.find(|receipt| receipt.id == write.receipt)
        }
        Some(Write::Erp(_) | Write::Processor(_)) => None,
        None => match facts.settlements.as_slice() {
            [only] => only.receipt.found(),
            _ => None,
        },
    }
}

/// What people read on the documents.
#[must_use]
pub fn memo(facts: &RefundFacts, kept: &KeptItem) -> String {
    format!("Refund {} payout {}", facts.id, kept.payout)
}
