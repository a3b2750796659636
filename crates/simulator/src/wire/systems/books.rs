//! What people do alike in every ERP, and what their charts of accounts have in common.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use model::ids::{LedgerAccountId, SubsidiaryId};
use model::policy::{Accounts, BankAccount};
use serde_json::{Value, json};

use super::{Stage, System};
use crate::wire::outside::Outside;
use crate::wire::truth::{Document, Invoice};

/// Months back from today in which stories post.
const MONTHS: i32 = 4;

/// Somebody does it; `None`: they are refused.
pub fn act(system: &dyn System, stage: &Stage<'_>, body: &Value) -> Option<Value> {
    stage.outside.control(system, "/act", body).ok()
}

/// One of the invoices that fit.
pub fn pick_invoice<'a>(
    stage: &mut Stage<'a>,
    wanted: impl Fn(&Invoice) -> bool,
) -> Option<&'a Invoice> {
    let fitting: Vec<&Invoice> =
        stage.truth.invoices.values().filter(|invoice| wanted(invoice)).collect();
    stage.random.pick(&fitting).copied()
}

/// One of our receipts.
pub fn pick_receipt<'a>(stage: &mut Stage<'a>) -> Option<&'a Document> {
    let ours: Vec<&Document> =
        stage.truth.receipts().filter(|receipt| receipt.stamp.is_some()).collect();
    stage.random.pick(&ours).copied()
}

/// The invoice that a receipt was collected for.
pub fn invoice_of(stage: &Stage<'_>, receipt: &Document) -> Option<String> {
    let payment = receipt.payment.as_ref().and_then(|id| stage.truth.payments.get(id))?;
    payment.invoice.clone()
}

/// A period is closed or opened.
pub fn periods(system: &dyn System, stage: &mut Stage<'_>) -> Option<String> {
    let months = stage.random.between(0, 2);
    let day = stage.today.saturating_sub(months.months());
    let state = if stage.random.chance(5_000) { "open" } else { "closed" };
    let body = json!({"do": "period", "period": day.to_string(), "set": state});
    act(system, stage, &body)?;
    Some(format!("the period of {day} is {state}"))
}

/// Every period of a story is opened.
pub fn open_periods(system: &dyn System, outside: &Outside, now: Timestamp) -> Result<(), String> {
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    for months in 0..MONTHS {
        let day = today.saturating_sub(months.months()).to_string();
        let body = json!({"do": "period", "period": day, "set": "open"});
        outside.control(system, "/act", &body)?;
    }
    Ok(())
}

/// The accounts that a link maps, in an ERP's own numbers.
pub struct Chart {
    pub bank: &'static str,
    pub subsidiary: &'static str,
    pub exchange_clearing: Option<&'static str>,
    pub fees: &'static str,
    pub fee_tax: &'static str,
    pub chargebacks: &'static str,
    pub refunds: &'static str,
    pub rounding: &'static str,
    pub suspense: &'static str,
}

impl Chart {
    #[must_use]
    pub fn accounts(self) -> Accounts {
        let account = |id: &str| Some(LedgerAccountId::from(id));
        let bank = BankAccount {
            account: LedgerAccountId::from(self.bank),
            subsidiary: Some(SubsidiaryId::from(self.subsidiary)),
        };
        Accounts {
            undeposited: None,
            banks: BTreeMap::from([("GBP".to_owned(), bank)]),
            exchange_clearing: self.exchange_clearing.and_then(account),
            fees: account(self.fees),
            fee_tax: account(self.fee_tax),
            app_fees: None,
            surcharges: None,
            chargebacks: account(self.chargebacks),
            refunds: account(self.refunds),
            rounding: account(self.rounding),
            suspense: account(self.suspense),
        }
    }
}
