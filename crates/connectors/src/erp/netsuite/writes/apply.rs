//! Applying and un-applying. NetSuite has no versions for this, so what was decided on is read again
//! immediately before the write (netsuite sheet sections 5.9 and 10.2).

use serde_json::{Map, Value, json};

use model::command::{ApplyReceipt, UnapplyReceipt, WriteAnswer};
use model::ids::{ErpCustomerId, InvoiceId};
use model::invoice::Invoice;
use model::key::Key;
use model::money::Money;
use model::receipt::Receipt;
use ports::{PortError, Read};

use super::super::NetSuite;
use super::super::books::Setup;
use super::{invalid, positive, reference};

const PAYMENT: &str = "customerPayment";

/// What stands applied of the receipt to the invoice.
#[must_use]
pub(in super::super) fn applied_to(receipt: &Receipt, invoice: &InvoiceId) -> Money {
    let ours = receipt.applications.iter().filter(|line| line.invoice == *invoice);
    let minor = ours.map(|line| line.amount.minor).fold(0, i64::saturating_add);
    Money::new(minor, receipt.amount.currency)
}

impl NetSuite {
    /// Applies more of a receipt to an invoice.
    pub(super) async fn apply_receipt(
        &self,
        key: &Key,
        write: &ApplyReceipt,
    ) -> Result<WriteAnswer, PortError> {
        positive(write.amount)?;
        let receipt = self.receipt_now(&write.receipt, &write.customer).await?;
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
        let after = before.checked_add(write.amount).map_err(|e| invalid(e.to_string()))?;
        self.set_application(key, &receipt, &write.invoice, after, before.is_zero()).await
    }

    /// Takes an amount of a receipt off an invoice, or all of it.
    pub(super) async fn unapply_receipt(
        &self,
        key: &Key,
        write: &UnapplyReceipt,
    ) -> Result<WriteAnswer, PortError> {
        let receipt = self.receipt_now(&write.receipt, &write.customer).await?;
        let before = applied_to(&receipt, &write.invoice);
        if before != write.decided_applied {
            return Err(PortError::Stale(format!(
                "receipt {} has {before} applied to invoice {}, not {}",
                receipt.id, write.invoice, write.decided_applied
            )));
        }
        let after = before.checked_sub(write.amount).map_err(|e| invalid(e.to_string()))?;
        if after.minor < 0 || write.amount.minor <= 0 {
            let words = format!("{} can not be taken off {before}", write.amount);
            return Err(invalid(words));
        }
        self.set_application(key, &receipt, &write.invoice, after, false).await
    }

    /// Sets what stands applied to one invoice; other lines stay, since lines are merged by `doc`.
    async fn set_application(
        &self,
        key: &Key,
        receipt: &Receipt,
        invoice: &InvoiceId,
        amount: Money,
        new_line: bool,
    ) -> Result<WriteAnswer, PortError> {
        let setup = self.setup().await?;
        let line = application_line(&setup, invoice, amount, new_line).map_err(invalid)?;
        let body = json!({
            "customer": reference(receipt.customer.as_str()),
            "apply": { "items": [line] },
        });
        self.send_change(key, PAYMENT, receipt.id.as_str(), &body).await
    }

    async fn receipt_now(
        &self,
        id: &model::ids::ReceiptId,
        customer: &ErpCustomerId,
    ) -> Result<Receipt, PortError> {
        match self.read_receipt(id).await? {
            Read::Found(receipt) if receipt.voided => {
                Err(PortError::Stale(format!("receipt {id} was voided")))
            }
            Read::Found(receipt) if receipt.customer != *customer => Err(PortError::Stale(
                format!("receipt {id} belongs to customer {}, not {customer}", receipt.customer),
            )),
            Read::Found(receipt) => Ok(receipt),
            Read::Missing => Err(PortError::Stale(format!("receipt {id} does not exist"))),
            Read::Odd(why) => Err(invalid(format!("receipt {id} can not be read: {why}"))),
        }
    }

    async fn invoice_now(&self, id: &InvoiceId) -> Result<Invoice, PortError> {
        match self.read_invoice(id.clone()).await? {
            Read::Found(invoice) => Ok(invoice),
            Read::Missing => Err(PortError::Stale(format!("invoice {id} does not exist"))),
            Read::Odd(why) => Err(invalid(format!("invoice {id} can not be read: {why}"))),
        }
    }
}

/// One line of the apply sublist. A new line names line 0, as invoices have it; a known one is found
/// by its document alone.
fn application_line(
    setup: &Setup,
    invoice: &InvoiceId,
    amount: Money,
    new_line: bool,
) -> Result<Map<String, Value>, String> {
    let mut line = Map::new();
    line.insert("doc".to_owned(), reference(invoice.as_str()));
    line.insert("apply".to_owned(), Value::Bool(!amount.is_zero()));
    if new_line {
        line.insert("line".to_owned(), Value::from(0));
    }
    if !amount.is_zero() {
        line.insert("amount".to_owned(), setup.currencies.number(amount)?);
    }
    Ok(line)
}
