//! Small worlds for the ERP cases: one customer, invoices by number, and the writes that follow.

use jiff::ToSpan;

use model::command::{
    ApplyReceipt, DepositLine, ErpWrite, JournalLine, RecordDeposit, RecordJournal, RecordReceipt,
    RecordRefund, UnapplyReceipt, WriteAnswer,
};
use model::ids::{ErpCustomerId, ErpRefundId, InvoiceId, LedgerAccountId, ReceiptId};
use model::invoice::Invoice;
use model::key::Key;
use model::money::{Currency, Money};
use model::receipt::{DocumentKind, ErpDocument, Receipt};

use super::expect::{found, ok, only};
use crate::conformance::subject::{Chart, ErpSubject, NewInvoice};
use crate::{Depth, Erp, PortError, Read};

pub(super) const BOTH: [Depth; 2] = [Depth::Cheap, Depth::Direct];

/// The key of one write of the suite.
pub(super) fn key(name: &str) -> Key {
    Key::new(&["conformance", name, "1"])
}

/// One case's world.
pub(super) struct World<'a> {
    pub subject: &'a dyn ErpSubject,
    pub erp: &'a dyn Erp,
    pub chart: Chart,
    pub customer: ErpCustomerId,
}

impl<'a> World<'a> {
    pub fn new(subject: &'a dyn ErpSubject) -> World<'a> {
        let chart = subject.chart();
        let customer = subject.add_customer("Brightmill Ltd", chart.currency);
        World { subject, erp: subject.erp(), chart, customer }
    }

    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.chart.currency)
    }

    /// An invoice of the customer in the chart's currency.
    pub fn invoice(&self, number: &str, minor: i64) -> InvoiceId {
        self.invoice_of(&self.customer, number, self.money(minor))
    }

    pub fn invoice_of(&self, customer: &ErpCustomerId, number: &str, total: Money) -> InvoiceId {
        self.subject.add_invoice(&self.new_invoice(customer, number, total))
    }

    pub fn new_invoice(&self, customer: &ErpCustomerId, number: &str, total: Money) -> NewInvoice {
        NewInvoice {
            customer: customer.clone(),
            number: number.to_owned(),
            total,
            issued_on: self.chart.day,
            due_on: self.chart.day.saturating_add(30.days()),
        }
    }

    pub async fn read_invoice(&self, id: &InvoiceId) -> Invoice {
        found(only(ok(self.erp.invoices(std::slice::from_ref(id), Depth::Direct).await)))
    }

    pub async fn due(&self, id: &InvoiceId) -> i64 {
        self.read_invoice(id).await.due.minor
    }

    /// A receipt of `minor`, of which `apply` is applied to the invoice; what the ERP wants to know
    /// besides is taken from the invoice, as the flows do.
    pub async fn receipt_for(&self, invoice: &InvoiceId, minor: i64, apply: i64) -> RecordReceipt {
        let invoice = self.read_invoice(invoice).await;
        let currency = invoice.total.currency;
        RecordReceipt {
            customer: invoice.customer.clone(),
            amount: Money::new(minor, currency),
            apply: (apply != 0).then(|| (invoice.id.clone(), Money::new(apply, currency))),
            dated_on: self.chart.day,
            true_date: None,
            subsidiary: invoice.subsidiary.clone(),
            receivable_account: invoice.receivable_account.clone(),
            exchange_rate: invoice.exchange_rate,
            account: None,
            collection: "PM0001".into(),
            payout: Some("PO0001".into()),
            memo: "PM0001 PO0001".to_owned(),
        }
    }

    pub async fn write(&self, name: &str, write: &ErpWrite) -> Result<WriteAnswer, PortError> {
        self.erp.write(&key(name), write).await
    }

    pub async fn record(
        &self,
        name: &str,
        receipt: &RecordReceipt,
    ) -> Result<WriteAnswer, PortError> {
        self.write(name, &ErpWrite::RecordReceipt(receipt.clone())).await
    }

    /// Records a receipt that pays the whole invoice and nothing else, and reads it back.
    pub async fn paid(&self, name: &str, invoice: &InvoiceId) -> Receipt {
        let due = self.due(invoice).await;
        let receipt = self.receipt_for(invoice, due, due).await;
        ok(self.record(name, &receipt).await);
        self.receipt(name).await
    }

    /// Records a receipt that is applied to nothing, and reads it back.
    pub async fn unapplied(&self, name: &str, like: &InvoiceId, minor: i64) -> Receipt {
        let receipt = self.receipt_for(like, minor, 0).await;
        ok(self.record(name, &receipt).await);
        self.receipt(name).await
    }

    pub async fn read(&self, kind: DocumentKind, name: &str, depth: Depth) -> Read<ErpDocument> {
        only(ok(self.erp.documents(&[(kind, key(name))], depth).await))
    }

    pub async fn document(&self, kind: DocumentKind, name: &str) -> ErpDocument {
        found(self.read(kind, name, Depth::Direct).await)
    }

    /// The receipt under the key of that name, by a direct read.
    pub async fn receipt(&self, name: &str) -> Receipt {
        match self.document(DocumentKind::Receipt, name).await {
            ErpDocument::Receipt(receipt) => receipt,
            other => panic!("{name} is no receipt: {other:?}"),
        }
    }

    /// Nothing stands under the key.
    pub async fn nothing_under(&self, kind: DocumentKind, name: &str) {
        let read = self.read(kind, name, Depth::Direct).await;
        assert_eq!(read, Read::Missing, "{name} should not have been made");
    }

    pub async fn balance(&self, account: &LedgerAccountId) -> i64 {
        match self.subject.stands(account) {
            Some(minor) => minor,
            None => ok(self.erp.account_balance(account).await).minor,
        }
    }

    /// What stands on undeposited funds and on the bank account.
    pub async fn held(&self) -> (i64, i64) {
        (self.balance(&self.chart.undeposited).await, self.balance(&self.chart.bank).await)
    }

    pub fn refund_of(&self, receipt: &Receipt, minor: i64, from: &LedgerAccountId) -> ErpWrite {
        ErpWrite::RecordRefund(RecordRefund {
            receipt: receipt.id.clone(),
            customer: receipt.customer.clone(),
            amount: self.money(minor),
            from: Some(from.clone()),
            dated_on: self.chart.day,
            true_date: None,
            receivable_account: receipt.receivable_account.clone(),
            subsidiary: receipt.subsidiary.clone(),
            exchange_rate: receipt.exchange_rate,
            memo: "charged back".to_owned(),
        })
    }

    /// Receipts less a fee, which together bring `total` to the bank.
    pub fn deposit_of(&self, receipts: &[&Receipt], fee: i64, total: i64) -> RecordDeposit {
        let line = DepositLine {
            account: self.chart.fees.clone(),
            amount: self.money(-fee),
            memo: "fees".to_owned(),
        };
        RecordDeposit {
            bank: self.chart.bank.clone(),
            currency: self.chart.currency,
            dated_on: self.chart.day,
            true_date: None,
            receipts: receipts.iter().map(|receipt| receipt.id.clone()).collect(),
            refunds: Vec::<ErpRefundId>::new(),
            lines: if fee == 0 { Vec::new() } else { vec![line] },
            exchange_rate: None,
            total: self.money(total),
            payout: Some("PO0001".into()),
            memo: "PO0001".to_owned(),
        }
    }

    /// Debits the fees, credits the bank.
    pub fn journal_of(&self, minor: i64) -> RecordJournal {
        let line = |account: &LedgerAccountId, minor: i64| JournalLine {
            account: account.clone(),
            amount: self.money(minor),
            memo: "fees".to_owned(),
            customer: None,
        };
        RecordJournal {
            subsidiary: None,
            currency: self.chart.currency,
            dated_on: self.chart.day,
            true_date: None,
            lines: vec![line(&self.chart.bank, -minor), line(&self.chart.fees, minor)],
            payout: Some("PO0001".into()),
            memo: "PO0001".to_owned(),
        }
    }

    pub fn unapply(&self, receipt: &Receipt, from: &InvoiceId, minor: i64) -> ErpWrite {
        let applied = receipt.applications.iter().find(|line| line.invoice == *from);
        ErpWrite::UnapplyReceipt(UnapplyReceipt {
            receipt: receipt.id.clone(),
            customer: receipt.customer.clone(),
            invoice: from.clone(),
            amount: self.money(minor),
            decided_applied: applied.map_or(self.money(0), |line| line.amount),
            dated_on: Some(self.chart.day),
        })
    }

    pub async fn apply(&self, receipt: &Receipt, to: &InvoiceId, minor: i64) -> ErpWrite {
        ErpWrite::ApplyReceipt(ApplyReceipt {
            receipt: receipt.id.clone(),
            customer: receipt.customer.clone(),
            invoice: to.clone(),
            amount: self.money(minor),
            decided_unapplied: receipt.unapplied,
            decided_due: self.read_invoice(to).await.due,
        })
    }

    /// What the receipt holds on the invoice now.
    pub async fn applied(&self, receipt: &ReceiptId, invoice: &InvoiceId) -> i64 {
        let read = found(only(ok(self.erp.receipts(std::slice::from_ref(receipt)).await)));
        let lines = read.applications.iter().filter(|line| line.invoice == *invoice);
        lines.map(|line| line.amount.minor).sum()
    }

    /// Another customer, in the currency.
    pub fn customer_in(&self, currency: Currency) -> ErpCustomerId {
        self.subject.add_customer(&format!("Payer in {currency}"), currency)
    }
}
