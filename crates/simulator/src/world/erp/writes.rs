//! The fake ERP's writes, as strict as the real ones: unique stamps, applications within balances,
//! deposits of what is undeposited, closed periods, balanced documents (DESIGN.md section 9).

use jiff::Timestamp;
use jiff::civil::Date;
use model::command::{
    AnnotateInvoice, AnnotateReceipt, ApplyReceipt, ErpWrite, RecordDeposit, RecordJournal,
    RecordReceipt, RecordRefund, RejectionCause, SaveCustomerFields, UnapplyReceipt, WriteAnswer,
};
use model::ids::{DepositId, ErpRefundId, InvoiceId, JournalId, ReceiptId};
use model::key::Key;
use model::receipt::{DocumentKind, ErpDocument};
use ports::PortError;

use super::rows::{DepositRow, JournalRow, ReceiptRow, RefundRow};
use super::{Books, CURRENCY};

/// The most lines of one deposit: small, so that several are needed now and then.
pub const DEPOSIT_LINES_MAX: usize = 6;

type Answer = Result<WriteAnswer, PortError>;

fn made(id: &str) -> WriteAnswer {
    WriteAnswer { id: id.to_owned(), adopted: false, url: None }
}

fn adopted(id: &str) -> WriteAnswer {
    WriteAnswer { id: id.to_owned(), adopted: true, url: None }
}

fn refused(cause: RejectionCause, words: impl Into<String>) -> PortError {
    PortError::rejected(cause, words)
}

impl Books {
    pub fn write(&mut self, key: &Key, write: &ErpWrite, now: Timestamp) -> Answer {
        let stamped = kind_of(write).filter(|_| !self.ignores_stamps);
        if let Some(answer) = stamped.and_then(|_| self.find(key, write).transpose()) {
            return answer;
        }
        self.refused_for_good(write)?;
        match write {
            ErpWrite::SaveCustomerFields(w) => self.save_customer(w),
            ErpWrite::AnnotateInvoice(w) => self.annotate(w, now),
            ErpWrite::RecordReceipt(w) => self.record_receipt(key, w, now),
            ErpWrite::ApplyReceipt(w) => self.apply(w, now),
            ErpWrite::UnapplyReceipt(w) => self.unapply(w, now),
            ErpWrite::RecordRefund(w) => self.record_refund(key, w),
            ErpWrite::RecordDeposit(w) => self.record_deposit(key, w),
            ErpWrite::RecordJournal(w) => self.record_journal(key, w),
            ErpWrite::AnnotateReceipt(w) => self.annotate_receipt(w),
        }
    }

    /// Looks for the effect of a write: by key for documents, by state for changes.
    pub fn find(&self, key: &Key, write: &ErpWrite) -> Result<Option<WriteAnswer>, PortError> {
        if let Some(kind) = kind_of(write) {
            let Some(document) = self.document(kind, key) else { return Ok(None) };
            return match difference(write, &document) {
                None => Ok(Some(adopted(document.id()))),
                Some(why) => Err(refused(RejectionCause::State, format!("{key} {why}"))),
            };
        }
        let happened = match write {
            ErpWrite::ApplyReceipt(w) => self.receipts.get(&w.receipt).is_some_and(|row| {
                let held = row.applications.get(&w.invoice).copied().unwrap_or(0);
                held >= w.amount.minor
                    && row.unapplied() <= w.decided_unapplied.minor - w.amount.minor
            }),
            ErpWrite::UnapplyReceipt(w) => self.receipts.get(&w.receipt).is_some_and(|row| {
                let held = row.applications.get(&w.invoice).copied().unwrap_or(0);
                held <= w.decided_applied.minor - w.amount.minor
            }),
            ErpWrite::AnnotateInvoice(w) => self.invoices.get(&w.invoice).is_some_and(|row| {
                row.annotation == w.annotation && !(w.clear_retry && row.retry_requested)
            }),
            ErpWrite::AnnotateReceipt(w) => {
                self.receipts.get(&w.receipt).is_some_and(|row| row.memo == w.memo)
            }
            ErpWrite::SaveCustomerFields(w) => self
                .customers
                .get(&w.customer)
                .is_some_and(|customer| merged(&customer.stored, &w.fields) == customer.stored),
            ErpWrite::RecordReceipt(_)
            | ErpWrite::RecordRefund(_)
            | ErpWrite::RecordDeposit(_)
            | ErpWrite::RecordJournal(_) => false,
        };
        Ok(happened.then(|| adopted(&changed_id(write))))
    }

    fn refused_for_good(&self, write: &ErpWrite) -> Result<(), PortError> {
        let of = |receipt| self.receipts.get(receipt).map(|row| &row.customer);
        let customer = match write {
            ErpWrite::RecordReceipt(w) => Some(&w.customer),
            ErpWrite::RecordRefund(w) => of(&w.receipt),
            ErpWrite::ApplyReceipt(w) => of(&w.receipt),
            ErpWrite::UnapplyReceipt(w) => of(&w.receipt),
            ErpWrite::RecordDeposit(_) if self.refusing.deposits => {
                return Err(refused(RejectionCause::Validation, "deposits need a department"));
            }
            ErpWrite::RecordDeposit(_)
            | ErpWrite::RecordJournal(_)
            | ErpWrite::SaveCustomerFields(_)
            | ErpWrite::AnnotateInvoice(_)
            | ErpWrite::AnnotateReceipt(_) => None,
        };
        match customer.filter(|id| self.refusing.customers.contains(*id)) {
            Some(id) => {
                Err(refused(RejectionCause::Validation, format!("customer {id} is on hold")))
            }
            None => Ok(()),
        }
    }

    fn open_on(&self, on: Date) -> Result<(), PortError> {
        if self.periods.is_open(on) {
            return Ok(());
        }
        Err(refused(RejectionCause::PeriodClosed, format!("the period of {on} is closed")))
    }

    fn save_customer(&mut self, w: &SaveCustomerFields) -> Answer {
        let version = self.next_version();
        let Some(customer) = self.customers.get_mut(&w.customer) else {
            return Err(refused(RejectionCause::Other, "no such customer"));
        };
        customer.stored = merged(&customer.stored, &w.fields);
        customer.version = version;
        Ok(made(w.customer.as_str()))
    }

    fn annotate(&mut self, w: &AnnotateInvoice, now: Timestamp) -> Answer {
        let Some(row) = self.invoices.get_mut(&w.invoice) else {
            return Err(refused(RejectionCause::Other, "no such invoice"));
        };
        row.annotation = w.annotation.clone();
        row.retry_requested &= !w.clear_retry;
        self.saved(&w.invoice, now);
        Ok(made(w.invoice.as_str()))
    }

    fn record_receipt(&mut self, key: &Key, w: &RecordReceipt, now: Timestamp) -> Answer {
        if w.amount.minor <= 0 || w.amount.currency != CURRENCY {
            return Err(refused(RejectionCause::Validation, format!("amount {}", w.amount)));
        }
        self.open_on(w.dated_on)?;
        if let Some((invoice, amount)) = &w.apply {
            let customer = self.invoices.get(invoice).map(|row| (&row.customer, row.currency));
            let fits = customer == Some((&w.customer, amount.currency))
                && amount.minor > 0
                && amount.minor <= w.amount.minor.min(self.due(invoice));
            if !fits {
                let words = format!("{amount} can not be applied to invoice {invoice}");
                return Err(refused(RejectionCause::ApplicationImpossible, words));
            }
        }
        let id = self.next_id();
        let applied = w.apply.iter().map(|(invoice, amount)| (invoice.clone(), amount.minor));
        let row = ReceiptRow {
            key: Some(key.clone()),
            customer: w.customer.clone(),
            amount: w.amount.minor,
            applications: applied.collect(),
            refunded: 0,
            account: w.account.clone(),
            deposit: None,
            voided: false,
            dated_on: w.dated_on,
            memo: w.memo.clone(),
            version: self.next_version(),
            collection: Some(w.collection.clone()),
            payout: w.payout.clone(),
            touched: false,
        };
        self.receipts.insert(ReceiptId::new(id.as_str()), row);
        self.stamp(DocumentKind::Receipt, key, &id);
        if let Some((invoice, _)) = &w.apply {
            self.saved(invoice, now);
        }
        Ok(made(&id))
    }

    fn stamp(&mut self, kind: DocumentKind, key: &Key, id: &str) {
        self.stamps.insert((kind, key.as_str().to_owned()), id.to_owned());
    }

    fn apply(&mut self, w: &ApplyReceipt, now: Timestamp) -> Answer {
        let due = self.due(&w.invoice);
        let row = self.standing(&w.receipt)?;
        if row.unapplied() != w.decided_unapplied.minor || due != w.decided_due.minor {
            return Err(PortError::Stale(format!("receipt {} or its invoice changed", w.receipt)));
        }
        if w.amount.minor <= 0 || w.amount.minor > due.min(row.unapplied()) {
            let words = format!("{} can not be applied to {}", w.amount, w.invoice);
            return Err(refused(RejectionCause::ApplicationImpossible, words));
        }
        let on = row.dated_on;
        self.open_on(on)?;
        self.change_application(&w.receipt, &w.invoice, w.amount.minor, now);
        Ok(made(w.receipt.as_str()))
    }

    fn unapply(&mut self, w: &UnapplyReceipt, now: Timestamp) -> Answer {
        let row = self.standing(&w.receipt)?;
        let held = row.applications.get(&w.invoice).copied().unwrap_or(0);
        if held != w.decided_applied.minor {
            return Err(PortError::Stale(format!("receipt {} changed", w.receipt)));
        }
        if w.amount.minor <= 0 || w.amount.minor > held {
            return Err(refused(RejectionCause::Validation, format!("{} is too much", w.amount)));
        }
        let on = row.dated_on;
        self.open_on(on)?;
        self.change_application(&w.receipt, &w.invoice, -w.amount.minor, now);
        Ok(made(w.receipt.as_str()))
    }

    fn standing(&self, id: &ReceiptId) -> Result<&ReceiptRow, PortError> {
        let row = self.receipts.get(id).filter(|row| !row.voided);
        row.ok_or_else(|| PortError::Stale(format!("receipt {id} is gone")))
    }

    pub(super) fn change_application(
        &mut self,
        receipt: &ReceiptId,
        invoice: &InvoiceId,
        by: i64,
        now: Timestamp,
    ) {
        let version = self.next_version();
        if let Some(row) = self.receipts.get_mut(receipt) {
            *row.applications.entry(invoice.clone()).or_default() += by;
            row.version = version;
        }
        self.saved(invoice, now);
    }

    fn record_refund(&mut self, key: &Key, w: &RecordRefund) -> Answer {
        self.open_on(w.dated_on)?;
        let row = self.standing(&w.receipt)?;
        if w.amount.minor <= 0 || w.amount.minor > row.unapplied() {
            let words = format!("{} of receipt {}", w.amount, w.receipt);
            return Err(refused(RejectionCause::ApplicationImpossible, words));
        }
        let id = self.next_id();
        if let Some(row) = self.receipts.get_mut(&w.receipt) {
            row.refunded += w.amount.minor;
        }
        let row = RefundRow {
            key: key.clone(),
            receipt: w.receipt.clone(),
            amount: w.amount.minor,
            from: w.from.clone(),
            deposit: None,
            dated_on: w.dated_on,
            voided: false,
        };
        self.refunds.insert(ErpRefundId::new(id.as_str()), row);
        self.stamp(DocumentKind::Refund, key, &id);
        Ok(made(&id))
    }

    fn record_deposit(&mut self, key: &Key, w: &RecordDeposit) -> Answer {
        self.open_on(w.dated_on)?;
        let total = self.depositable(w).map_err(|words| {
            refused(RejectionCause::Validation, format!("can not be deposited: {words}"))
        })?;
        if total != w.total.minor {
            let words = format!("would bring {total}, not {}", w.total.minor);
            return Err(refused(RejectionCause::Validation, words));
        }
        let id = self.next_id();
        let deposit = DepositId::new(id.as_str());
        for receipt in &w.receipts {
            if let Some(row) = self.receipts.get_mut(receipt) {
                row.deposit = Some(deposit.clone());
            }
        }
        for refund in &w.refunds {
            if let Some(row) = self.refunds.get_mut(refund) {
                row.deposit = Some(deposit.clone());
            }
        }
        let row = DepositRow {
            key: Some(key.clone()),
            bank: w.bank.clone(),
            total,
            dated_on: w.dated_on,
            receipts: w.receipts.clone(),
            refunds: w.refunds.clone(),
            lines: w.lines.clone(),
            voided: false,
        };
        self.deposits.insert(deposit, row);
        self.stamp(DocumentKind::Deposit, key, &id);
        Ok(made(&id))
    }

    /// What the deposit would bring to the bank, or why it is refused.
    fn depositable(&self, w: &RecordDeposit) -> Result<i64, String> {
        let count = w.receipts.len() + w.refunds.len() + w.lines.len();
        if count == 0 || count > DEPOSIT_LINES_MAX {
            return Err(format!("{count} lines"));
        }
        let mut total = 0;
        for id in &w.receipts {
            let row = self.receipts.get(id).filter(|row| !row.voided && row.is_undeposited());
            total += row.ok_or_else(|| format!("receipt {id} is not undeposited"))?.amount;
        }
        for id in &w.refunds {
            let row = self.refunds.get(id).filter(|row| {
                !row.voided && row.deposit.is_none() && row.from.as_ref().is_none_or(is_undeposited)
            });
            total -= row.ok_or_else(|| format!("refund {id} is not undeposited"))?.amount;
        }
        total += w.lines.iter().map(|line| line.amount.minor).sum::<i64>();
        if total < 0 {
            return Err(format!("total {total}"));
        }
        Ok(total)
    }

    fn record_journal(&mut self, key: &Key, w: &RecordJournal) -> Answer {
        self.open_on(w.dated_on)?;
        let sum: i64 = w.lines.iter().map(|line| line.amount.minor).sum();
        if sum != 0 || w.lines.len() < 2 {
            return Err(refused(RejectionCause::Validation, format!("off by {sum}")));
        }
        let id = self.next_id();
        let row = JournalRow {
            key: key.clone(),
            dated_on: w.dated_on,
            lines: w.lines.clone(),
            voided: false,
        };
        self.journals.insert(JournalId::new(id.as_str()), row);
        self.stamp(DocumentKind::Journal, key, &id);
        Ok(made(&id))
    }

    fn annotate_receipt(&mut self, w: &AnnotateReceipt) -> Answer {
        let version = self.next_version();
        let Some(row) = self.receipts.get_mut(&w.receipt) else {
            return Err(refused(RejectionCause::Other, "no such receipt"));
        };
        row.memo = w.memo.clone();
        row.payout = Some(w.payout.clone());
        row.version = version;
        Ok(made(w.receipt.as_str()))
    }
}

fn is_undeposited(account: &model::ids::LedgerAccountId) -> bool {
    account.as_str() == super::UNDEPOSITED
}

/// The kind of document that a write makes; changes make none.
#[must_use]
pub fn kind_of(write: &ErpWrite) -> Option<DocumentKind> {
    match write {
        ErpWrite::RecordReceipt(_) => Some(DocumentKind::Receipt),
        ErpWrite::RecordRefund(_) => Some(DocumentKind::Refund),
        ErpWrite::RecordDeposit(_) => Some(DocumentKind::Deposit),
        ErpWrite::RecordJournal(_) => Some(DocumentKind::Journal),
        ErpWrite::SaveCustomerFields(_)
        | ErpWrite::AnnotateInvoice(_)
        | ErpWrite::ApplyReceipt(_)
        | ErpWrite::UnapplyReceipt(_)
        | ErpWrite::AnnotateReceipt(_) => None,
    }
}

fn changed_id(write: &ErpWrite) -> String {
    match write {
        ErpWrite::SaveCustomerFields(w) => w.customer.to_string(),
        ErpWrite::AnnotateInvoice(w) => w.invoice.to_string(),
        ErpWrite::ApplyReceipt(w) => w.receipt.to_string(),
        ErpWrite::UnapplyReceipt(w) => w.receipt.to_string(),
        ErpWrite::AnnotateReceipt(w) => w.receipt.to_string(),
        ErpWrite::RecordReceipt(_)
        | ErpWrite::RecordRefund(_)
        | ErpWrite::RecordDeposit(_)
        | ErpWrite::RecordJournal(_) => String::new(),
    }
}

fn merged(
    stored: &model::customer::CustomerFields,
    new: &model::customer::CustomerFields,
) -> model::customer::CustomerFields {
    let (stored, new) = (stored.clone(), new.clone());
    model::customer::CustomerFields {
        processor_customer: new.processor_customer.or(stored.processor_customer),
        mandate: new.mandate.or(stored.mandate),
        mandate_status: new.mandate_status.or(stored.mandate_status),
        authorisation_link: new.authorisation_link.or(stored.authorisation_link),
        processor_account: new.processor_account.or(stored.processor_account),
    }
}

/// How what stands under the key differs in substance; `None`: it is the same.
fn difference(write: &ErpWrite, document: &ErpDocument) -> Option<String> {
    let (voided, same) = match (write, document) {
        (ErpWrite::RecordReceipt(w), ErpDocument::Receipt(there)) => {
            (there.voided, there.customer == w.customer && there.amount == w.amount)
        }
        (ErpWrite::RecordRefund(w), ErpDocument::Refund(there)) => {
            let from = w.from.as_ref().is_none_or(|from| there.account.as_ref() == Some(from));
            (there.voided, there.amount == w.amount && from)
        }
        (ErpWrite::RecordDeposit(w), ErpDocument::Deposit(there)) => {
            let mut receipts = w.receipts.clone();
            receipts.sort();
            let same = there.total == w.total && there.receipts == receipts;
            (there.voided, same && there.bank == w.bank)
        }
        (ErpWrite::RecordJournal(w), ErpDocument::Journal(there)) => {
            let wanted: Vec<_> =
                w.lines.iter().map(|line| (line.account.clone(), line.amount)).collect();
            (there.voided, wanted == there.lines)
        }
        (_, _) => (false, false),
    };
    match (voided, same) {
        (true, _) => Some("was voided by a person".to_owned()),
        (false, false) => Some("stands on another document".to_owned()),
        (false, true) => None,
    }
}
