//! Applying more of a receipt to an invoice: a row is added to the open payment, then it is released
//! again (acumatica sheet section 11.2).

use jiff::civil::Date;
use serde_json::json;

use model::command::{ApplyReceipt, RejectionCause, WriteAnswer};
use model::ids::InvoiceId;
use model::key::Key;
use model::money::Money;
use model::receipt::Receipt;
use ports::PortError;

use super::super::Acumatica;
use super::super::client::{Ended, Outcome};
use super::super::mapping::receipt::{PAYMENT, unreleased_rows};
use super::super::query::Ask;
use super::super::reads::parts::Chain;
use super::super::wire::{Entity, wrapped, wrapped_day};
use super::payment::Row;
use super::{begun_already, invalid, made, settle_refusal};

/// What stands applied of the receipt to the invoice.
#[must_use]
pub(in super::super) fn applied_to(receipt: &Receipt, invoice: &InvoiceId) -> Money {
    let ours = receipt.applications.iter().filter(|line| line.invoice == *invoice);
    let minor = ours.map(|line| line.amount.minor).fold(0, i64::saturating_add);
    Money::new(minor, receipt.amount.currency)
}

impl Acumatica {
    /// Applies an amount; what it was decided on is read again immediately before.
    pub(super) async fn apply_receipt(
        &self,
        key: &Key,
        write: &ApplyReceipt,
    ) -> Result<WriteAnswer, PortError> {
        let (receipt, _, chain) = self.receipt_now(&write.receipt, &write.customer).await?;
        let invoice = self.invoice_now(&write.invoice).await?;
        if receipt.unapplied != write.decided_unapplied {
            return Err(PortError::Stale(format!(
                "receipt {} has {} unapplied, not {}",
                receipt.id, receipt.unapplied, write.decided_unapplied
            )));
        }
        if invoice.due != write.decided_due {
            return Err(PortError::Stale(format!(
                "invoice {} owes {}, not {}",
                invoice.number, invoice.due, write.decided_due
            )));
        }
        let before = applied_to(&receipt, &write.invoice);
        let (number, paid_on) = paying(&receipt, &chain, write)?;
        let number = number.as_str();
        let row = Row { kind: "Invoice", number: write.invoice.to_string(), amount: write.amount };
        if !self.has_row(number, &row).await? {
            let body = json!({
                "Type": wrapped(PAYMENT),
                "ReferenceNbr": wrapped(number),
                // An application dated before its invoice is refused (acumatica sheet section 10).
                "ApplicationDate": wrapped_day(paid_on.max(invoice.issued_on)),
                "DocumentsToApply": [row.body()],
            });
            let ask = Ask { expand: "DocumentsToApply", ..Ask::default() };
            match self.client.change(PAYMENT, &ask, &body, key).await? {
                Outcome::Done(_) => {}
                Outcome::Refused(refusal) => return Err(refusal.into_error()),
            }
        }
        let ended = self.start_release(key, PAYMENT, number).await.map_err(begun_already)?;
        let (after, _, _) =
            self.receipt_now(&write.receipt, &write.customer).await.map_err(begun_already)?;
        let wanted = before.checked_add(write.amount).map_err(|e| invalid(e.to_string()))?;
        if applied_to(&after, &write.invoice) == wanted {
            return Ok(made(number));
        }
        match ended {
            Ended::Refused(refusal) if !refusal.is_changed() => {
                self.drop_row(key, number, &row).await.map_err(begun_already)?;
                Err(refusal.into_error())
            }
            Ended::Refused(refusal) => Err(settle_refusal(refusal)),
            Ended::Open(why) => Err(PortError::OutcomeUnknown(why)),
            Ended::Done => Err(PortError::OutcomeUnknown(
                "the application is said to be released and does not show".to_owned(),
            )),
        }
    }

    /// The row of an earlier send waits for its release. Rows of others are left for their authors.
    async fn has_row(&self, number: &str, wanted: &Row) -> Result<bool, PortError> {
        let ask = Ask { expand: "DocumentsToApply", ..Ask::default() };
        let Some(body) = self.client.get(PAYMENT, &[PAYMENT, number], &ask).await? else {
            return Err(PortError::Stale(format!("receipt {number} does not exist")));
        };
        let rows = unreleased_rows(Entity(&body), wanted.amount.currency)
            .map_err(PortError::Unavailable)?;
        match rows.as_slice() {
            [] => Ok(false),
            [(invoice, minor)] if *invoice == wanted.number && *minor == wanted.amount.minor => {
                Ok(true)
            }
            _ => Err(PortError::rejected(
                RejectionCause::State,
                format!("payment {number} has applications that somebody has not released yet"),
            )),
        }
    }

    /// An application that can not be released must not keep the invoice from others.
    async fn drop_row(&self, key: &Key, number: &str, row: &Row) -> Result<(), PortError> {
        let body = json!({
            "Type": wrapped(PAYMENT),
            "ReferenceNbr": wrapped(number),
            "DocumentsToApply": [{
                "DocType": wrapped(row.kind),
                "ReferenceNbr": wrapped(row.number.as_str()),
                "DocLineNbr": wrapped(0),
                "delete": true,
            }],
        });
        match self.client.change(PAYMENT, &Ask::default(), &body, key).await? {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(refusal) => Err(settle_refusal(refusal)),
        }
    }
}

/// The payment that the receipt pays with, and its date: its own, or a part with enough free.
fn paying(
    receipt: &Receipt,
    chain: &Chain,
    write: &ApplyReceipt,
) -> Result<(String, Date), PortError> {
    if chain.voids.is_empty() {
        return Ok((write.receipt.to_string(), receipt.dated_on));
    }
    let part = chain.parts.iter().find(|part| part.unapplied.minor >= write.amount.minor);
    let part = part.ok_or_else(|| {
        invalid(format!("receipt {} was voided to take it off its invoice", write.receipt))
    })?;
    Ok((part.number.clone(), part.dated_on))
}
