//! Rows of the fake ERP, and how they look from outside.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use model::command::{DepositLine, JournalLine};
use model::ids::{
    CollectionId, DepositId, ErpCustomerId, ErpRefundId, InvoiceId, JournalId, LedgerAccountId,
    PayoutId, ReceiptId,
};
use model::invoice::{Annotation, Approval};
use model::key::Key;
use model::money::Currency;
use model::receipt::{Application, Deposit, ErpRefund, Journal, Receipt, ReceiptPlace};

use super::{UNDEPOSITED, pounds};

#[derive(Debug, Clone)]
pub struct InvoiceRow {
    pub number: String,
    pub customer: ErpCustomerId,
    pub currency: Currency,
    pub total: i64,
    /// Credit memos and payments by other means.
    pub credited: i64,
    pub voided: bool,
    pub issued_on: Date,
    pub due_on: Option<Date>,
    pub approval: Approval,
    pub flagged: bool,
    pub retry_requested: bool,
    pub annotation: Annotation,
    pub version: String,
    pub changed_at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct ReceiptRow {
    /// `None`: recorded by a person.
    pub key: Option<Key>,
    pub customer: ErpCustomerId,
    pub amount: i64,
    pub applications: BTreeMap<InvoiceId, i64>,
    /// Taken out by refund documents.
    pub refunded: i64,
    /// Where the money is; `None`: undeposited funds.
    pub account: Option<LedgerAccountId>,
    pub deposit: Option<DepositId>,
    pub voided: bool,
    pub dated_on: Date,
    pub memo: String,
    pub version: String,
    pub collection: Option<CollectionId>,
    pub payout: Option<PayoutId>,
    /// A person changed it.
    pub touched: bool,
}

impl ReceiptRow {
    #[must_use]
    pub fn unapplied(&self) -> i64 {
        self.amount - self.refunded - self.applications.values().sum::<i64>()
    }

    /// Where the money came to at first.
    #[must_use]
    pub fn account(&self) -> LedgerAccountId {
        self.account.clone().unwrap_or_else(|| LedgerAccountId::from(UNDEPOSITED))
    }

    /// It can be part of a deposit.
    #[must_use]
    pub fn is_undeposited(&self) -> bool {
        self.deposit.is_none() && self.account().as_str() == UNDEPOSITED
    }

    #[must_use]
    pub fn canonical(&self, id: &ReceiptId) -> Receipt {
        let applications = self.applications.iter().filter(|(_, minor)| **minor != 0);
        Receipt {
            id: id.clone(),
            stamp: self.key.as_ref().map(|key| key.as_str().to_owned()),
            customer: self.customer.clone(),
            amount: pounds(self.amount),
            unapplied: pounds(if self.voided { 0 } else { self.unapplied() }),
            applications: applications
                .map(|(invoice, minor)| Application {
                    invoice: invoice.clone(),
                    amount: pounds(*minor),
                })
                .collect(),
            place: place(self.deposit.is_some() || !self.is_undeposited()),
            voided: self.voided,
            dated_on: self.dated_on,
            account: Some(self.account()),
            receivable_account: None,
            subsidiary: None,
            exchange_rate: None,
            memo: Some(self.memo.clone()),
            version: self.version.clone(),
        }
    }
}

fn place(deposited: bool) -> ReceiptPlace {
    if deposited { ReceiptPlace::Deposited } else { ReceiptPlace::Undeposited }
}

#[derive(Debug, Clone)]
pub struct RefundRow {
    pub key: Key,
    pub receipt: ReceiptId,
    pub amount: i64,
    /// `None`: undeposited funds.
    pub from: Option<LedgerAccountId>,
    pub deposit: Option<DepositId>,
    pub dated_on: Date,
    pub voided: bool,
}

impl RefundRow {
    #[must_use]
    pub fn canonical(&self, id: &ErpRefundId) -> ErpRefund {
        let from = self.from.clone().unwrap_or_else(|| LedgerAccountId::from(UNDEPOSITED));
        // What did not come from undeposited funds waits for no deposit.
        let place = place(self.deposit.is_some() || from.as_str() != UNDEPOSITED);
        ErpRefund {
            id: id.clone(),
            stamp: Some(self.key.as_str().to_owned()),
            amount: pounds(self.amount),
            dated_on: self.dated_on,
            account: Some(from),
            place,
            voided: self.voided,
        }
    }
}

#[derive(Debug, Clone)]
pub struct DepositRow {
    /// `None`: made by a person.
    pub key: Option<Key>,
    pub bank: LedgerAccountId,
    pub total: i64,
    pub dated_on: Date,
    pub receipts: Vec<ReceiptId>,
    pub refunds: Vec<ErpRefundId>,
    pub lines: Vec<DepositLine>,
    pub voided: bool,
}

impl DepositRow {
    #[must_use]
    pub fn canonical(&self, id: &DepositId) -> Deposit {
        let mut receipts = self.receipts.clone();
        receipts.sort();
        Deposit {
            id: id.clone(),
            stamp: self.key.as_ref().map(|key| key.as_str().to_owned()),
            bank: self.bank.clone(),
            total: pounds(self.total),
            dated_on: self.dated_on,
            receipts,
            refunds: self.refunds.clone(),
            beside: self.lines.iter().map(|line| (line.account.clone(), line.amount)).collect(),
            voided: self.voided,
        }
    }
}

#[derive(Debug, Clone)]
pub struct JournalRow {
    pub key: Key,
    pub dated_on: Date,
    pub lines: Vec<JournalLine>,
    pub voided: bool,
}

impl JournalRow {
    #[must_use]
    pub fn canonical(&self, id: &JournalId) -> Journal {
        Journal {
            id: id.clone(),
            stamp: Some(self.key.as_str().to_owned()),
            dated_on: self.dated_on,
            lines: self.lines.iter().map(|line| (line.account.clone(), line.amount)).collect(),
            posted: true,
            voided: self.voided,
        }
    }
}
