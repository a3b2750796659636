//! Documents in the ERP's books that are ours, read back by our key or by id.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::{
    DepositId, ErpCustomerId, ErpRefundId, InvoiceId, JournalId, LedgerAccountId, ReceiptId,
    SubsidiaryId,
};
use crate::money::Money;

/// The ERP's customer payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub id: ReceiptId,
    /// The stamp of our key it carries, if any.
    pub stamp: Option<String>,
    pub customer: ErpCustomerId,
    pub amount: Money,
    /// What is applied to no invoice and refunded by no refund.
    pub unapplied: Money,
    pub applications: Vec<Application>,
    pub place: ReceiptPlace,
    pub voided: bool,
    pub dated_on: Date,
    /// The account that the money stands on (undeposited funds or a bank account).
    pub account: Option<LedgerAccountId>,
    pub receivable_account: Option<LedgerAccountId>,
    pub subsidiary: Option<SubsidiaryId>,
    pub exchange_rate: Option<Decimal>,
    pub memo: Option<String>,
    pub version: String,
}

/// What of a receipt pays one invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub invoice: InvoiceId,
    pub amount: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptPlace {
    Undeposited,
    Deposited,
    /// On hold or not yet approved or released: does not pay anything yet.
    NotPosted,
}

/// The ERP's refund document (a customer refund).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpRefund {
    pub id: ErpRefundId,
    pub stamp: Option<String>,
    pub amount: Money,
    pub dated_on: Date,
    pub account: Option<LedgerAccountId>,
    pub place: ReceiptPlace,
    pub voided: bool,
}

/// The ERP's bank deposit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    pub id: DepositId,
    pub stamp: Option<String>,
    pub bank: LedgerAccountId,
    /// What reached the bank account.
    pub total: Money,
    pub dated_on: Date,
    pub receipts: Vec<ReceiptId>,
    /// Refunds from undeposited funds that it holds.
    #[serde(default)]
    pub refunds: Vec<ErpRefundId>,
    /// What it puts on the bank account beside receipts and refunds, by the account of each line.
    pub beside: Vec<(LedgerAccountId, Money)>,
    pub voided: bool,
}

/// The ERP's journal entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    pub id: JournalId,
    pub stamp: Option<String>,
    pub dated_on: Date,
    /// Signed minor units per account, debits positive.
    pub lines: Vec<(LedgerAccountId, Money)>,
    pub posted: bool,
    pub voided: bool,
}

/// Any document that one of our keys can stand on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "document")]
pub enum ErpDocument {
    Receipt(Receipt),
    Refund(ErpRefund),
    Deposit(Deposit),
    Journal(Journal),
}

impl ErpDocument {
    /// The id as the ERP names it.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            ErpDocument::Receipt(receipt) => receipt.id.as_str(),
            ErpDocument::Refund(refund) => refund.id.as_str(),
            ErpDocument::Deposit(deposit) => deposit.id.as_str(),
            ErpDocument::Journal(journal) => journal.id.as_str(),
        }
    }

    #[must_use]
    pub fn is_voided(&self) -> bool {
        match self {
            ErpDocument::Receipt(receipt) => receipt.voided,
            ErpDocument::Refund(refund) => refund.voided,
            ErpDocument::Deposit(deposit) => deposit.voided,
            ErpDocument::Journal(journal) => journal.voided,
        }
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> DocumentKind {
        match self {
            ErpDocument::Receipt(_) => DocumentKind::Receipt,
            ErpDocument::Refund(_) => DocumentKind::Refund,
            ErpDocument::Deposit(_) => DocumentKind::Deposit,
            ErpDocument::Journal(_) => DocumentKind::Journal,
        }
    }
}

/// Which kind of document a key is looked for among.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    Receipt,
    Refund,
    Deposit,
    Journal,
}
