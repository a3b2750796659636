//! The fake ERP's books: what a strict ERP keeps and refuses. Its state is the truth that promises
//! are checked against, so it knows nothing of flows, engine or store.

pub mod people;
pub mod rows;
pub mod writes;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use model::customer::ErpCustomer;
use model::ids::{
    DepositId, ErpCustomerId, ErpRefundId, InvoiceId, JournalId, LedgerAccountId, PayoutId,
    ReceiptId,
};
use model::invoice::{Invoice, InvoiceStatus};
use model::key::Key;
use model::ledger::PeriodBook;
use model::money::{Currency, Money};
use model::receipt::{DocumentKind, ErpDocument};

pub use rows::{DepositRow, InvoiceRow, JournalRow, ReceiptRow, RefundRow};

/// Everything is kept in one currency.
pub const CURRENCY: Currency = Currency::GBP;

/// The bank account of the chart.
pub const BANK: &str = "bank";

/// Another bank account, that no payout reaches.
pub const SAVINGS: &str = "savings";

/// Money received and not yet in a deposit.
pub const UNDEPOSITED: &str = "undeposited";

/// What is collected in one currency and received in another.
pub const EXCHANGE_CLEARING: &str = "exchange clearing";

/// Every account there is.
pub const CHART: &[&str] = &[
    BANK,
    SAVINGS,
    UNDEPOSITED,
    "fees",
    "fee tax",
    "app fees",
    "surcharges",
    "chargebacks",
    "refunds",
    "rounding",
    "suspense",
    EXCHANGE_CLEARING,
];

#[must_use]
pub fn pounds(minor: i64) -> Money {
    Money::new(minor, CURRENCY)
}

#[derive(Debug, Clone, Default)]
pub struct Books {
    pub customers: BTreeMap<ErpCustomerId, ErpCustomer>,
    pub invoices: BTreeMap<InvoiceId, InvoiceRow>,
    pub receipts: BTreeMap<ReceiptId, ReceiptRow>,
    pub refunds: BTreeMap<ErpRefundId, RefundRow>,
    pub deposits: BTreeMap<DepositId, DepositRow>,
    pub journals: BTreeMap<JournalId, JournalRow>,
    /// External ids are unique per kind for good, voided documents included.
    stamps: BTreeMap<(DocumentKind, String), String>,
    pub periods: PeriodBook,
    /// Counts saves; a record's version is the count at its last save.
    saves: u64,
    ids: u64,
    /// A deliberate defect: stamps are not looked at, so that a repeat makes a second document.
    pub ignores_stamps: bool,
    /// A deliberate defect: so many pennies too many reach the bank with each deposit.
    pub bank_off_by: i64,
    /// Invoices whose payments people edited: their story is for people to end.
    pub touched: BTreeSet<InvoiceId>,
    /// Payouts whose documents people voided.
    pub touched_payouts: BTreeSet<PayoutId>,
    /// What is refused whatever it contains.
    pub refusing: Refusing,
}

/// What the ERP refuses until somebody mends it.
#[derive(Debug, Clone, Default)]
pub struct Refusing {
    /// Receipts and refunds of these customers.
    pub customers: BTreeSet<ErpCustomerId>,
    pub deposits: bool,
}

impl Books {
    fn next_id(&mut self) -> String {
        self.ids += 1;
        (1000 + self.ids).to_string()
    }

    fn next_version(&mut self) -> String {
        self.saves += 1;
        format!("{:010}", self.saves)
    }

    /// What all standing receipts apply to the invoice.
    #[must_use]
    pub fn applied(&self, invoice: &InvoiceId) -> i64 {
        self.receipts
            .values()
            .filter(|row| !row.voided)
            .flat_map(|row| &row.applications)
            .filter(|(applied, _)| *applied == invoice)
            .map(|(_, minor)| minor)
            .sum()
    }

    /// What the invoice still owes.
    #[must_use]
    pub fn due(&self, id: &InvoiceId) -> i64 {
        match self.invoices.get(id) {
            Some(row) if !row.voided => row.total - row.credited - self.applied(id),
            Some(_) | None => 0,
        }
    }

    #[must_use]
    pub fn invoice(&self, id: &InvoiceId) -> Option<Invoice> {
        let row = self.invoices.get(id)?;
        let due = self.due(id);
        let status = match (row.voided, due) {
            (true, _) => InvoiceStatus::Voided,
            (false, 0) => InvoiceStatus::Paid,
            (false, _) => InvoiceStatus::Open,
        };
        Some(Invoice {
            id: id.clone(),
            number: row.number.clone(),
            customer: row.customer.clone(),
            total: Money::new(row.total, row.currency),
            due: Money::new(due, row.currency),
            issued_on: row.issued_on,
            due_on: row.due_on,
            status,
            approval: row.approval,
            flagged: row.flagged,
            retry_requested: row.retry_requested,
            subsidiary: None,
            receivable_account: None,
            exchange_rate: None,
            annotation: row.annotation.clone(),
            version: row.version.clone(),
        })
    }

    /// The record was saved: a new version, and news for whoever lists changes.
    fn saved(&mut self, id: &InvoiceId, now: Timestamp) {
        let version = self.next_version();
        if let Some(row) = self.invoices.get_mut(id) {
            row.version = version;
            row.changed_at = now;
        }
    }

    #[must_use]
    pub fn document(&self, kind: DocumentKind, key: &Key) -> Option<ErpDocument> {
        let id = self.stamps.get(&(kind, key.as_str().to_owned()))?;
        match kind {
            DocumentKind::Receipt => {
                let id = ReceiptId::new(id.as_str());
                Some(ErpDocument::Receipt(self.receipts.get(&id)?.canonical(&id)))
            }
            DocumentKind::Refund => {
                let id = ErpRefundId::new(id.as_str());
                Some(ErpDocument::Refund(self.refunds.get(&id)?.canonical(&id)))
            }
            DocumentKind::Deposit => {
                let id = DepositId::new(id.as_str());
                Some(ErpDocument::Deposit(self.deposits.get(&id)?.canonical(&id)))
            }
            DocumentKind::Journal => {
                let id = JournalId::new(id.as_str());
                Some(ErpDocument::Journal(self.journals.get(&id)?.canonical(&id)))
            }
        }
    }

    /// Every posted line on an account, with the key of the document that it is of.
    #[must_use]
    pub fn lines_on(&self, account: &LedgerAccountId) -> Vec<(Option<Key>, i64)> {
        let mut lines = Vec::new();
        let mut post = |on: &LedgerAccountId, key: Option<&Key>, minor: i64| {
            if on == account {
                lines.push((key.cloned(), minor));
            }
        };
        let undeposited = LedgerAccountId::from(UNDEPOSITED);
        for row in self.receipts.values().filter(|row| !row.voided) {
            post(&row.account(), row.key.as_ref(), row.amount);
        }
        for row in self.refunds.values().filter(|row| !row.voided) {
            post(row.from.as_ref().unwrap_or(&undeposited), Some(&row.key), -row.amount);
        }
        for row in self.deposits.values().filter(|row| !row.voided) {
            post(&row.bank, row.key.as_ref(), row.total + self.bank_off_by);
            for receipt in row.receipts.iter().filter_map(|id| self.receipts.get(id)) {
                post(&undeposited, row.key.as_ref(), -receipt.amount);
            }
            for refund in row.refunds.iter().filter_map(|id| self.refunds.get(id)) {
                post(&undeposited, row.key.as_ref(), refund.amount);
            }
            for line in &row.lines {
                post(&line.account, row.key.as_ref(), -line.amount.minor);
            }
        }
        for row in self.journals.values().filter(|row| !row.voided) {
            for line in &row.lines {
                post(&line.account, Some(&row.key), line.amount.minor);
            }
        }
        lines
    }

    #[must_use]
    pub fn balance(&self, account: &LedgerAccountId) -> i64 {
        self.lines_on(account).iter().map(|(_, minor)| minor).sum()
    }
}
