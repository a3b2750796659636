//! What became of a write: by key for what was to be made, by state for what was to be changed.

use std::collections::BTreeMap;

use model::command::{
    AnnotateInvoice, AnnotateReceipt, ApplyReceipt, ErpWrite, RejectionCause, SaveCustomerFields,
    UnapplyReceipt, WriteAnswer,
};
use model::ids::LedgerAccountId;
use model::key::Key;
use model::money::Money;
use model::receipt::{DocumentKind, ErpDocument};
use ports::{Depth, PortError, Read};

use super::super::NetSuite;
use super::super::reads::documents::stamp;
use super::super::wire::Record;
use super::super::{fields, mapping};
use super::adopted;
use super::apply::applied_to;

impl NetSuite {
    /// Looks for the effect of a write. `None`: nothing is to be seen of it.
    ///
    /// # Errors
    /// `Rejected` when something else stands under the key.
    pub(in super::super) async fn find_effect(
        &self,
        key: &Key,
        write: &ErpWrite,
    ) -> Result<Option<WriteAnswer>, PortError> {
        match write {
            ErpWrite::RecordReceipt(_) => self.find_made(key, write, DocumentKind::Receipt).await,
            ErpWrite::RecordRefund(_) => self.find_made(key, write, DocumentKind::Refund).await,
            ErpWrite::RecordDeposit(_) => self.find_made(key, write, DocumentKind::Deposit).await,
            ErpWrite::RecordJournal(_) => self.find_made(key, write, DocumentKind::Journal).await,
            ErpWrite::ApplyReceipt(w) => self.find_applied(w).await,
            ErpWrite::UnapplyReceipt(w) => self.find_unapplied(w).await,
            ErpWrite::AnnotateInvoice(w) => self.find_annotation(w).await,
            ErpWrite::SaveCustomerFields(w) => self.find_customer_fields(w).await,
            ErpWrite::AnnotateReceipt(w) => self.find_receipt_annotation(w).await,
        }
    }

    async fn find_made(
        &self,
        key: &Key,
        write: &ErpWrite,
        kind: DocumentKind,
    ) -> Result<Option<WriteAnswer>, PortError> {
        let read = self.read_documents(&[(kind, key.clone())], Depth::Direct).await?.pop();
        let differs = |why: String| {
            let words = format!("the document with external id {} {why}", stamp(key));
            PortError::rejected(RejectionCause::State, words)
        };
        match read {
            Some(Read::Found(document)) => match difference(write, &document) {
                None => Ok(Some(adopted(document.id()))),
                Some(why) => Err(differs(why)),
            },
            Some(Read::Odd(why)) => Err(differs(format!("can not be read: {why}"))),
            Some(Read::Missing) | None => Ok(None),
        }
    }

    /// Applied: the invoice holds at least the amount of this receipt, and no more than the decided
    /// rest less the amount is left.
    async fn find_applied(&self, write: &ApplyReceipt) -> Result<Option<WriteAnswer>, PortError> {
        let Read::Found(receipt) = self.read_receipt(&write.receipt).await? else {
            return Ok(None);
        };
        let held = applied_to(&receipt, &write.invoice);
        let left = write.decided_unapplied.minor.saturating_sub(write.amount.minor);
        let happened = held.minor >= write.amount.minor && receipt.unapplied.minor <= left;
        Ok(if happened { Some(adopted(receipt.id.as_str())) } else { None })
    }

    /// Un-applied: no more than the decided application less the amount is left on the invoice.
    async fn find_unapplied(
        &self,
        write: &UnapplyReceipt,
    ) -> Result<Option<WriteAnswer>, PortError> {
        let Read::Found(receipt) = self.read_receipt(&write.receipt).await? else {
            return Ok(None);
        };
        let held = applied_to(&receipt, &write.invoice);
        let left = write.decided_applied.minor.saturating_sub(write.amount.minor);
        Ok(if held.minor <= left { Some(adopted(receipt.id.as_str())) } else { None })
    }

    async fn find_annotation(
        &self,
        write: &AnnotateInvoice,
    ) -> Result<Option<WriteAnswer>, PortError> {
        let Read::Found(invoice) = self.read_invoice(write.invoice.clone()).await? else {
            return Ok(None);
        };
        let body = mapping::invoice::annotation_body;
        let same = body(&invoice.annotation, false) == body(&write.annotation, false);
        let cleared = !(write.clear_retry && invoice.retry_requested);
        Ok(if same && cleared { Some(adopted(invoice.id.as_str())) } else { None })
    }

    async fn find_customer_fields(
        &self,
        write: &SaveCustomerFields,
    ) -> Result<Option<WriteAnswer>, PortError> {
        let Read::Found(customer) = self.read_customer(write.customer.clone()).await? else {
            return Ok(None);
        };
        let stored = mapping::customer::fields_body(&customer.stored);
        let wanted = mapping::customer::fields_body(&write.fields);
        let same = wanted.iter().all(|(name, value)| match stored.get(name) {
            Some(stored) => stored == value,
            None => value.is_null(),
        });
        Ok(if same { Some(adopted(customer.id.as_str())) } else { None })
    }

    async fn find_receipt_annotation(
        &self,
        write: &AnnotateReceipt,
    ) -> Result<Option<WriteAnswer>, PortError> {
        super::checked_id(write.receipt.as_str())?;
        let id = write.receipt.as_str();
        let Some(body) = self.client.get("customerPayment", id, false).await? else {
            return Ok(None);
        };
        let record = Record(&body);
        let memo = fields::cut(&write.memo, fields::MEMO_LENGTH_MAX);
        let payout = record.text(fields::PAYOUT.id);
        let same = record.text("memo").unwrap_or_default() == memo
            && payout.is_none_or(|payout| payout == write.payout.as_str());
        Ok(if same { Some(adopted(id)) } else { None })
    }
}

/// How what is there differs in substance from what was to be made; `None`: it is the same.
#[must_use]
fn difference(write: &ErpWrite, document: &ErpDocument) -> Option<String> {
    match (write, document) {
        (ErpWrite::RecordReceipt(w), ErpDocument::Receipt(there)) => {
            let same = there.customer == w.customer && there.amount == w.amount;
            verdict(there.voided, same, || {
                format!("is {} of customer {}", there.amount, there.customer)
            })
        }
        (ErpWrite::RecordRefund(w), ErpDocument::Refund(there)) => {
            let from = w.from.as_ref().is_none_or(|from| there.account.as_ref() == Some(from));
            verdict(there.voided, there.amount == w.amount && from, || {
                format!("refunds {}", there.amount)
            })
        }
        (ErpWrite::RecordDeposit(w), ErpDocument::Deposit(there)) => {
            let mut receipts = w.receipts.clone();
            receipts.sort();
            let same = there.total == w.total && there.bank == w.bank && there.receipts == receipts;
            verdict(there.voided, same, || format!("brings {} to {}", there.total, there.bank))
        }
        (ErpWrite::RecordJournal(w), ErpDocument::Journal(there)) => {
            let wanted = w.lines.iter().map(|line| (&line.account, line.amount));
            let found = there.lines.iter().map(|(account, amount)| (account, *amount));
            let same = by_account(wanted) == by_account(found);
            verdict(there.voided, same, || "has other lines".to_owned())
        }
        (_, other) => Some(format!("is document {} of another kind", other.id())),
    }
}

fn verdict(voided: bool, same: bool, what: impl Fn() -> String) -> Option<String> {
    if voided {
        Some("was voided by a person".to_owned())
    } else if same {
        None
    } else {
        Some(format!("{}, not what was to be made", what()))
    }
}

/// Sums per account, so that the order and splitting of lines do not matter.
fn by_account<'a>(
    lines: impl Iterator<Item = (&'a LedgerAccountId, Money)>,
) -> BTreeMap<(&'a LedgerAccountId, String), i64> {
    let mut sums = BTreeMap::new();
    for (account, amount) in lines {
        let sum: &mut i64 = sums.entry((account, amount.currency.to_string())).or_default();
        *sum = sum.saturating_add(amount.minor);
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}
