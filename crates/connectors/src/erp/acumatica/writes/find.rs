//! What became of a write: by key for what was to be made, by state for what was to be changed. A
//! document that is there but not released yet is begun, not made: its next send goes on with it.

use std::collections::BTreeMap;

use model::command::{
    AnnotateInvoice, AnnotateReceipt, ApplyReceipt, ErpWrite, RejectionCause, SaveCustomerFields,
    UnapplyReceipt, WriteAnswer,
};
use model::key::Key;
use model::receipt::{ErpDocument, ReceiptPlace};
use ports::{PortError, Read};

use super::super::Acumatica;
use super::super::mapping::batch::{Batch, BatchState, Purpose};
use super::super::mapping::receipt::{PAYMENT, Phase, REFUND, phase, void_mark};
use super::super::mapping::{customer, invoice};
use super::super::reads::documents::stamp;
use super::super::reads::parts::Anew;
use super::super::wire::Entity;
use super::adopted;
use super::apply::applied_to;

impl Acumatica {
    /// Looks for the effect of a write. `None`: nothing is to be seen of it.
    ///
    /// # Errors
    /// `OutcomeUnknown` when it is begun and not finished; `Rejected` when something else stands
    /// under the key.
    pub(in super::super) async fn find_effect(
        &self,
        key: &Key,
        write: &ErpWrite,
    ) -> Result<Option<WriteAnswer>, PortError> {
        match write {
            ErpWrite::RecordReceipt(_) => {
                self.is_begun(key, PAYMENT).await?;
                let keys = [(model::receipt::DocumentKind::Receipt, key.clone())];
                let read = self.read_documents(&keys, ports::Depth::Direct).await?.pop();
                compared(key, write, read.unwrap_or(Read::Missing))
            }
            ErpWrite::RecordRefund(_) => {
                self.is_begun(key, REFUND).await?;
                self.is_batch_begun(key, Purpose::Refund).await?;
                let read = self.find_refund(key).await?;
                compared(key, write, super::super::writes::find::as_document(read))
            }
            ErpWrite::RecordDeposit(_) => self.find_made_batch(key, write, Purpose::Deposit).await,
            ErpWrite::RecordJournal(_) => self.find_made_batch(key, write, Purpose::Journal).await,
            ErpWrite::ApplyReceipt(w) => self.find_applied(w).await,
            ErpWrite::UnapplyReceipt(w) => self.find_unapplied(key, w).await,
            ErpWrite::AnnotateInvoice(w) => self.find_annotation(w).await,
            ErpWrite::SaveCustomerFields(w) => self.find_customer_fields(w).await,
            ErpWrite::AnnotateReceipt(w) => self.find_receipt_annotation(w).await,
        }
    }

    async fn is_begun(&self, key: &Key, kind: &str) -> Result<(), PortError> {
        let rows = self.stamped(kind, &[&stamp(key)]).await?;
        let open = rows.iter().map(Entity).find(|row| phase(*row) == Ok(Phase::Unreleased));
        match open {
            None => Ok(()),
            Some(row) => {
                let number = row.text("ReferenceNbr").unwrap_or_default();
                Err(PortError::OutcomeUnknown(format!("{kind} {number} is not released yet")))
            }
        }
    }

    async fn is_batch_begun(&self, key: &Key, purpose: Purpose) -> Result<(), PortError> {
        match self.find_batch(key, purpose).await? {
            Read::Found(batch) if batch.state == BatchState::Unreleased => Err(
                PortError::OutcomeUnknown(format!("batch {} is not released yet", batch.number)),
            ),
            Read::Found(_) | Read::Missing | Read::Odd(_) => Ok(()),
        }
    }

    async fn find_made_batch(
        &self,
        key: &Key,
        write: &ErpWrite,
        purpose: Purpose,
    ) -> Result<Option<WriteAnswer>, PortError> {
        match self.find_batch(key, purpose).await? {
            Read::Found(batch) if batch.state == BatchState::Unreleased => Err(
                PortError::OutcomeUnknown(format!("batch {} is not released yet", batch.number)),
            ),
            Read::Found(batch) => match difference_of_batch(write, &batch) {
                None => Ok(Some(adopted(batch.number))),
                Some(why) => Err(differs(key, &why)),
            },
            Read::Odd(why) => Err(differs(key, &format!("can not be read: {why}"))),
            Read::Missing => Ok(None),
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

    /// Un-applied: by the mark of its void, whose rest stands, else by what is left on the invoice.
    async fn find_unapplied(
        &self,
        key: &Key,
        write: &UnapplyReceipt,
    ) -> Result<Option<WriteAnswer>, PortError> {
        let Some((_, chain)) = self.chain(&write.receipt).await? else { return Ok(None) };
        let stamp = stamp(key);
        if let Some(void) = chain.voids.iter().find(|void| void.mark.stamp == stamp) {
            let due = super::parts::anew(write, void.amount);
            let stands = |which: Anew| {
                let wanted = super::super::reads::documents::stamp(&which.key(&stamp));
                chain.entered.contains(&wanted)
            };
            let complete =
                due.iter().all(|(which, amount)| !amount.is_positive() || stands(*which));
            if void.mark.in_part && !complete {
                let words = format!("payment {} is voided, its rest is missing", void.number);
                return Err(PortError::OutcomeUnknown(words));
            }
            return Ok(Some(adopted(write.receipt.as_str())));
        }
        let Read::Found(receipt) = self.read_receipt(&write.receipt).await? else {
            return Ok(None);
        };
        let held = applied_to(&receipt, &write.invoice);
        let left = write.decided_applied.minor.saturating_sub(write.amount.minor);
        if held.minor <= left {
            return Ok(Some(adopted(receipt.id.as_str())));
        }
        let bearing =
            chain.parts.iter().filter(|part| part.applied_to(&write.invoice).is_positive());
        let mut numbers: Vec<String> = bearing.map(|part| part.number.clone()).collect();
        if chain.voids.is_empty() {
            numbers.push(receipt.id.to_string());
        }
        for number in numbers {
            let voiding = self.voiding(&number).await?;
            let mark = voiding.as_ref().and_then(|body| void_mark(Entity(body)));
            if mark.is_some_and(|mark| mark.stamp == stamp) {
                let words = format!("the void of payment {number} is not released yet");
                return Err(PortError::OutcomeUnknown(words));
            }
        }
        Ok(None)
    }

    async fn find_annotation(
        &self,
        write: &AnnotateInvoice,
    ) -> Result<Option<WriteAnswer>, PortError> {
        let Read::Found(there) = self.read_invoice(&write.invoice).await? else {
            return Ok(None);
        };
        let fields = invoice::annotation_fields;
        let same = fields(&there.annotation, false) == fields(&write.annotation, false);
        let cleared = !(write.clear_retry && there.retry_requested);
        Ok(if same && cleared { Some(adopted(there.id.as_str())) } else { None })
    }

    async fn find_customer_fields(
        &self,
        write: &SaveCustomerFields,
    ) -> Result<Option<WriteAnswer>, PortError> {
        let Read::Found(there) = self.read_customer(&write.customer).await? else {
            return Ok(None);
        };
        let stored = customer::given(&there.stored);
        let same = customer::given(&write.fields).into_iter().all(|(field, text)| {
            let held = stored.iter().find(|(known, _)| *known == field);
            held.map_or("", |(_, text)| text.as_str()) == text
        });
        Ok(if same { Some(adopted(there.id.as_str())) } else { None })
    }

    async fn find_receipt_annotation(
        &self,
        write: &AnnotateReceipt,
    ) -> Result<Option<WriteAnswer>, PortError> {
        let Read::Found(receipt) = self.read_receipt(&write.receipt).await? else {
            return Ok(None);
        };
        let named =
            receipt.memo.as_deref().is_some_and(|memo| memo.contains(write.payout.as_str()));
        Ok(if named { Some(adopted(receipt.id.as_str())) } else { None })
    }
}

pub(super) fn as_document(read: Read<model::receipt::ErpRefund>) -> Read<ErpDocument> {
    match read {
        Read::Found(refund) => Read::Found(ErpDocument::Refund(refund)),
        Read::Missing => Read::Missing,
        Read::Odd(why) => Read::Odd(why),
    }
}

fn differs(key: &Key, why: &str) -> PortError {
    let words = format!("the document with the reference {} {why}", stamp(key));
    PortError::rejected(RejectionCause::State, words)
}

fn compared(
    key: &Key,
    write: &ErpWrite,
    read: Read<ErpDocument>,
) -> Result<Option<WriteAnswer>, PortError> {
    match read {
        Read::Found(document) => match difference(write, &document) {
            None => Ok(Some(adopted(document.id()))),
            Some(why) => Err(differs(key, &why)),
        },
        Read::Odd(why) => Err(differs(key, &format!("can not be read: {why}"))),
        Read::Missing => Ok(None),
    }
}

/// How what is there differs in substance from what was to be made; `None`: it is the same.
fn difference(write: &ErpWrite, document: &ErpDocument) -> Option<String> {
    match (write, document) {
        (ErpWrite::RecordReceipt(w), ErpDocument::Receipt(there)) => {
            let same = there.customer == w.customer && there.amount == w.amount;
            let void = there.voided;
            verdict(void, same, || format!("is {} of customer {}", there.amount, there.customer))
        }
        (ErpWrite::RecordRefund(w), ErpDocument::Refund(there)) => {
            let from = w.from.is_none() || there.account == w.from;
            let same = there.amount == w.amount && from;
            verdict(there.voided, same, || format!("is {}", there.amount))
        }
        (_, document) => Some(format!("is {:?}", document.kind())),
    }
}

/// The same for batches.
pub(super) fn difference_of_batch(write: &ErpWrite, batch: &Batch) -> Option<String> {
    let voided = batch.state == BatchState::Voided;
    match write {
        ErpWrite::RecordDeposit(w) => {
            let mut wanted = w.receipts.clone();
            wanted.sort();
            let same = batch.receipts() == wanted
                && batch
                    .deposit()
                    .is_ok_and(|there| there.total == w.total && there.bank == w.bank);
            verdict(voided, same, || "holds other receipts, another bank or total".to_owned())
        }
        ErpWrite::RecordJournal(w) => {
            let wanted =
                sums(w.lines.iter().map(|line| (line.account.as_str(), line.amount.minor)));
            let there =
                sums(batch.lines.iter().map(|line| (line.account.as_str(), line.amount.minor)));
            verdict(voided, wanted == there, || "has other lines".to_owned())
        }
        ErpWrite::RecordRefund(w) => {
            let refund = batch.refund(false, false);
            let same = refund.is_ok_and(|there| {
                there.amount == w.amount && there.place != ReceiptPlace::NotPosted
            });
            verdict(voided, same, || "is another refund".to_owned())
        }
        _ => Some("is a batch".to_owned()),
    }
}

fn verdict(voided: bool, same: bool, how: impl Fn() -> String) -> Option<String> {
    match (voided, same) {
        (true, _) => Some("was voided".to_owned()),
        (false, true) => None,
        (false, false) => Some(how()),
    }
}

/// Sums per account, without its subaccount: lines may come back joined or split.
fn sums<'a>(lines: impl Iterator<Item = (&'a str, i64)>) -> BTreeMap<&'a str, i64> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for (account, minor) in lines {
        let account = account.split('/').next().unwrap_or(account);
        let sum = sums.entry(account).or_default();
        *sum = sum.saturating_add(minor);
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}
