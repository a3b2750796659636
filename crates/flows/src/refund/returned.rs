//! Funds of a refund that came back: a receipt for the customer, applied to nothing, since the payer
//! is still owed the money (gocardless sheet section 13).

use model::command::{ErpWrite, RecordReceipt, Write};
use model::decision::{Decision, Stage};
use model::key::Key;
use model::money::Money;
use model::payout::KeptItem;
use model::reason::{Reason, ReasonCode};
use model::receipt::{ErpDocument, Receipt};
use model::sight::Sight;

use crate::dating::{date_document, period_closed};

use super::facts::RefundFacts;
use super::take_back::memo;

#[must_use]
pub fn key(kept: &KeptItem) -> Key {
    super::take_back::key("returned", kept)
}

/// `None`: booked. Else the command or the wait.
#[must_use]
pub fn next(facts: &RefundFacts, kept: &KeptItem) -> Option<Box<Decision>> {
    let key = key(kept);
    let stop = |code, detail: String| {
        Some(Box::new(Decision::rest(Stage::Reversed, Reason::new(code, detail))))
    };
    let done = facts.frame.done_id(&key);
    match facts.documents.get(&key).unwrap_or(&Sight::NotRead) {
        Sight::Found(ErpDocument::Receipt(receipt)) if receipt.voided => {
            return stop(ReasonCode::ReceiptVoided, format!("{key} {} was voided", receipt.id));
        }
        Sight::Found(_) => return None,
        Sight::Odd(why) => return stop(ReasonCode::OddRecord, why.clone()),
        Sight::Missing => {
            if let Some(id) = done {
                return stop(ReasonCode::OutcomeUnclear, format!("{key} {id} is gone"));
            }
        }
        Sight::NotRead if done.is_some() => return None,
        Sight::NotRead => {}
    }
    match write(facts, kept) {
        Ok(write) => {
            let dated_on = write.dated_on;
            let write = Write::Erp(ErpWrite::RecordReceipt(write));
            Some(Box::new(facts.frame.issue(Stage::Reversed, key, write, Some(dated_on))))
        }
        Err(reason) => Some(Box::new(Decision::rest(Stage::Reversed, reason))),
    }
}

fn write(facts: &RefundFacts, kept: &KeptItem) -> Result<RecordReceipt, Reason> {
    let odd = || Reason::new(ReasonCode::OddRecord, format!("returned: {}", kept.item.amount));
    let minor = kept.item.amount.whole_minor().filter(|minor| *minor > 0).ok_or_else(odd)?;
    let collection = kept.item.collection.clone().ok_or_else(odd)?;
    let frame = &facts.frame;
    let (dated_on, true_date) =
        date_document(kept.arrival_on, &frame.periods, frame.policy.closed_period)
            .dates()
            .ok_or_else(|| {
                period_closed(kept.arrival_on, &frame.periods, "the refund that came back")
            })?;
    // The refunded receipt knows the customer's account and subsidiary.
    let like: Option<&Receipt> =
        facts.settlements.iter().rev().find_map(|settlement| settlement.receipt.found());
    let customer = like.map(|receipt| &receipt.customer).or(facts.customer.as_ref());
    Ok(RecordReceipt {
        customer: customer
            .cloned()
            .ok_or_else(|| Reason::new(ReasonCode::CustomerMissing, "of the refunded payment"))?,
        amount: Money::new(minor, kept.currency),
        apply: None,
        dated_on,
        true_date,
        subsidiary: like.and_then(|receipt| receipt.subsidiary.clone()),
        receivable_account: like.and_then(|receipt| receipt.receivable_account.clone()),
        exchange_rate: like.and_then(|receipt| receipt.exchange_rate),
        account: frame.policy.accounts.undeposited.clone(),
        collection,
        payout: Some(kept.payout.clone()),
        memo: format!("{} came back", memo(facts, kept)),
    })
}
