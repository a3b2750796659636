//! What really happened, in words that every system's ledger can be told in. Nothing here comes from
//! our tables.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

/// A debit at the processor.
#[derive(Debug, Clone, Default)]
pub struct Payment {
    pub id: String,
    /// The invoice that it names, or that a person said it is for; `None`: somebody else's.
    pub invoice: Option<String>,
    /// When a person said what it is for, last.
    pub said: Option<Timestamp>,
    pub mandate: String,
    pub description: Option<String>,
    /// The key of ours that it carries.
    pub key: Option<String>,
    /// Minor units.
    pub amount: i64,
    pub status: String,
    /// Minor units refunded so far.
    pub refunded: i64,
    /// Refunds that were asked for, whatever became of them.
    pub refunds: Vec<Refund>,
    /// Every status with the time it began, and whether the payer's money is taken in it.
    pub history: Vec<(Timestamp, String, bool)>,
}

impl Payment {
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.key.is_some()
    }

    /// Whether the last status takes, or has taken, the payer's money.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.history.last().is_some_and(|(_, _, live)| *live)
    }

    /// All of it had been asked back by then.
    #[must_use]
    pub fn is_given_back(&self, by: Timestamp) -> bool {
        let before = self.refunds.iter().filter(|refund| refund.at <= by);
        before.map(|refund| refund.amount).sum::<i64>() >= self.amount
    }

    /// The stretches in which it was live: begin, end.
    #[must_use]
    pub fn lives(&self) -> Vec<(Timestamp, Option<Timestamp>)> {
        let mut lives: Vec<(Timestamp, Option<Timestamp>)> = Vec::new();
        for (at, _, live) in &self.history {
            let open = lives.last().is_some_and(|(_, end)| end.is_none());
            match (open, live) {
                (false, true) => lives.push((*at, None)),
                (true, false) => lives.last_mut().into_iter().for_each(|last| last.1 = Some(*at)),
                (true, true) | (false, false) => {}
            }
        }
        lives
    }
}

/// A refund of a payment.
#[derive(Debug, Clone)]
pub struct Refund {
    pub id: String,
    pub at: Timestamp,
    /// Minor units.
    pub amount: i64,
}

/// A payer's permission.
#[derive(Debug, Clone)]
pub struct Mandate {
    pub id: String,
    /// It can be collected with.
    pub usable: bool,
    /// The payer has to agree to it first.
    pub awaits_payer: bool,
    /// Since when it can be collected with without a break; `None`: it can not.
    pub usable_since: Option<Timestamp>,
    /// The payer's id at the processor.
    pub payer: String,
    /// The payer's id in the ERP, where the payer carries it.
    pub customer: Option<String>,
    /// The payer's address at the processor.
    pub email: String,
    /// The key of ours that it carries.
    pub key: Option<String>,
}

/// A payer is asked for a mandate, or reminded.
#[derive(Debug, Clone)]
pub struct Invited {
    pub at: Timestamp,
    pub request: String,
    /// Id in the ERP.
    pub customer: String,
}

/// What a payout item is for the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    Settlement,
    Reversal,
    Fee,
    Other,
}

/// One line of a payout.
#[derive(Debug, Clone)]
pub struct Item {
    pub ordinal: u32,
    pub kind: ItemKind,
    pub name: String,
    /// Minor units with their fraction, signed.
    pub amount: Decimal,
    pub payment: Option<String>,
}

/// A transfer to the creditor's bank account.
#[derive(Debug, Clone)]
pub struct Payout {
    pub id: String,
    /// Minor units.
    pub amount: i64,
    pub currency: String,
    /// The bank receives another currency.
    pub exchanged: bool,
    pub paid: bool,
    /// When the bank has it, once that is known.
    pub arrives_on: Option<Date>,
    pub items: Vec<Item>,
}

/// What a document of the ERP is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    Receipt,
    Refund,
    Deposit,
    Journal,
}

/// A document of the ERP that moves money.
#[derive(Debug, Clone)]
pub struct Document {
    pub id: String,
    pub kind: DocumentKind,
    /// The stamp of our key; `None`: not ours.
    pub stamp: Option<String>,
    pub voided: bool,
    pub dated_on: Option<Date>,
    /// Account, amount in the company's currency, amount in the document's; debit positive.
    pub postings: Vec<(String, Decimal, Decimal)>,
    pub payment: Option<String>,
    /// Of a receipt, minor units.
    pub amount: i64,
    pub unapplied: i64,
}

impl Document {
    /// What it moves on an account, major units of its currency, debit positive.
    #[must_use]
    pub fn at_account(&self, account: &str) -> Decimal {
        self.postings
            .iter()
            .filter(|(on, _, _)| on == account)
            .map(|(_, _, foreign)| *foreign)
            .sum()
    }

    /// The size of it: everything on its debit side.
    #[must_use]
    pub fn size(&self) -> Decimal {
        self.postings.iter().map(|(_, _, foreign)| (*foreign).max(Decimal::ZERO)).sum()
    }
}

/// An invoice as the ERP shows it.
#[derive(Debug, Clone, Default)]
pub struct Invoice {
    pub id: String,
    /// As people call it.
    pub number: String,
    pub customer: String,
    /// Minor units.
    pub total: i64,
    pub remaining: i64,
    pub ticked: bool,
    /// Nobody has to approve it first.
    pub approved: bool,
    /// In a currency that no link is for.
    pub foreign: bool,
}

/// All sides at one moment.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    pub payments: BTreeMap<String, Payment>,
    pub payouts: Vec<Payout>,
    pub mandates: Vec<Mandate>,
    /// Requests for a mandate that wait for the payer.
    pub requests: Vec<String>,
    /// Links that were made for payers, with the customer that the request names.
    pub invitations: Vec<Invited>,
    /// Refunds at the processor.
    pub refunds: Vec<String>,
    /// What is on its way there and moved on by time alone.
    pub under_way: Vec<String>,
    /// What waits for a payout that has room for it.
    pub owed: Vec<String>,
    pub documents: Vec<Document>,
    pub invoices: BTreeMap<String, Invoice>,
    /// The ledger's own.
    pub trial_balance: String,
}

impl Truth {
    /// Items of paid payouts.
    pub fn items(&self) -> impl Iterator<Item = (&Payout, &Item)> {
        let paid = self.payouts.iter().filter(|payout| payout.paid);
        paid.flat_map(|payout| payout.items.iter().map(move |item| (payout, item)))
    }

    /// Receipts that are not void.
    pub fn receipts(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(|one| one.kind == DocumentKind::Receipt && !one.voided)
    }

    pub fn payments_of<'a>(&'a self, invoice: &'a str) -> impl Iterator<Item = &'a Payment> {
        self.payments.values().filter(move |one| one.invoice.as_deref() == Some(invoice))
    }
}

/// The text of a JSON text or number; empty for anything else.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// The text, if there is any.
#[must_use]
pub fn filled(value: &Value) -> Option<String> {
    Some(text(value)).filter(|text| !text.is_empty())
}

/// The day that a text begins with, if it does.
#[must_use]
pub fn day(value: &Value) -> Option<Date> {
    text(value).get(..10)?.parse().ok()
}

/// The rows of a JSON list; none when there is no list.
#[must_use]
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// An exact decimal.
///
/// # Errors
/// When it is none.
pub fn decimal(value: &Value) -> Result<Decimal, String> {
    let text = text(value);
    text.parse().map_err(|_| format!("P10: \"{text}\" is no amount"))
}

/// A whole number.
///
/// # Errors
/// When it is none.
pub fn whole(value: &Value) -> Result<i64, String> {
    let text = text(value);
    text.parse().map_err(|_| format!("P10: \"{text}\" is no whole number"))
}

/// Minor units of an amount in major units of a currency with two decimals; nothing is nothing.
///
/// # Errors
/// When it has more decimals.
pub fn minor(value: &Value) -> Result<i64, String> {
    if value.is_null() {
        return Ok(0);
    }
    let major = decimal(value)?;
    let minor = major * Decimal::ONE_HUNDRED;
    let exact = Some(minor).filter(|minor| minor.fract().is_zero());
    exact
        .and_then(|minor| i64::try_from(minor).ok())
        .ok_or_else(|| format!("P10: {major} is no amount of whole minor units"))
}

/// # Errors
/// When it is no time.
pub fn time(value: &Value) -> Result<Timestamp, String> {
    let text = text(value);
    text.parse().map_err(|_| format!("\"{text}\" is no time"))
}

/// Major units as text, two decimals.
#[must_use]
pub fn major(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, (minor % 100).abs())
}
