//! Our fields on invoices, customers and payments. A wrong field is dropped in silence (acumatica
//! sheet section 5), so what the answer holds is looked at.

use serde_json::{Value, json};

use model::command::{
    AnnotateInvoice, AnnotateReceipt, Rejection, RejectionCause, SaveCustomerFields, WriteAnswer,
};
use model::key::Key;
use ports::PortError;

use super::super::Acumatica;
use super::super::client::Outcome;
use super::super::fields::{self, VIEW, cut};
use super::super::mapping::customer::{attribute_rows, given};
use super::super::mapping::invoice::annotation_fields;
use super::super::mapping::receipt::PAYMENT;
use super::super::query::Ask;
use super::super::reads::customers::CUSTOMER;
use super::super::reads::invoices::INVOICE;
use super::super::wire::{Entity, custom_text, wrapped};
use super::made;

impl Acumatica {
    pub(super) async fn annotate_invoice(
        &self,
        key: &Key,
        write: &AnnotateInvoice,
    ) -> Result<WriteAnswer, PortError> {
        let ours = annotation_fields(&write.annotation, write.clear_retry);
        let body = json!({
            "Type": wrapped("Invoice"),
            "ReferenceNbr": wrapped(write.invoice.as_str()),
            "custom": { VIEW: Value::Object(ours) },
        });
        let custom = fields::custom_query(&fields::ON_INVOICE);
        let ask = Ask { select: "Type,ReferenceNbr", custom, ..Ask::default() };
        match self.client.change(INVOICE, &ask, &body, key).await? {
            Outcome::Done(saved) => {
                let status = write.annotation.integration_status.map(|status| status.words());
                let field = fields::INTEGRATION_STATUS;
                let there = Entity(&saved).custom_text(VIEW, field.custom);
                match status {
                    Some(words) if there.as_deref() != Some(words) => Err(not_there(field)),
                    Some(_) | None => Ok(made(write.invoice.as_str())),
                }
            }
            Outcome::Refused(refusal) => Err(refusal.into_error()),
        }
    }

    pub(super) async fn save_customer_fields(
        &self,
        key: &Key,
        write: &SaveCustomerFields,
    ) -> Result<WriteAnswer, PortError> {
        let body = json!({
            "CustomerID": wrapped(write.customer.as_str()),
            "Attributes": attribute_rows(&write.fields),
        });
        let ask = Ask { expand: "Attributes", ..Ask::default() };
        match self.client.change(CUSTOMER, &ask, &body, key).await? {
            Outcome::Done(saved) => {
                let rows = Entity(&saved).rows("Attributes");
                let missing = given(&write.fields).into_iter().find(|(field, text)| {
                    let row = rows
                        .iter()
                        .find(|row| row.text("AttributeID").as_deref() == Some(field.id));
                    row.and_then(|row| row.text("Value")).unwrap_or_default() != *text
                });
                match missing {
                    Some((field, _)) => Err(not_there(field)),
                    None => Ok(made(write.customer.as_str())),
                }
            }
            Outcome::Refused(refusal) => Err(refusal.into_error()),
        }
    }

    /// A description is frozen at the release, so the payout is noted in a field of ours (acumatica
    /// sheet section 21, row 4: taken where the cash account is a clearing account).
    pub(super) async fn annotate_receipt(
        &self,
        key: &Key,
        write: &AnnotateReceipt,
    ) -> Result<WriteAnswer, PortError> {
        let field = fields::PAYOUT;
        let payout = cut(write.payout.as_str(), field.length_max);
        let body = json!({
            "Type": wrapped(PAYMENT),
            "ReferenceNbr": wrapped(write.receipt.as_str()),
            "custom": { VIEW: { field.custom: custom_text(Some(&payout)) } },
        });
        let custom = fields::custom_query(&fields::ON_PAYMENT);
        let ask = Ask { select: "Type,ReferenceNbr", custom, ..Ask::default() };
        match self.client.change(PAYMENT, &ask, &body, key).await? {
            Outcome::Done(saved) => {
                let there = Entity(&saved).custom_text(VIEW, field.custom);
                if there.as_deref() == Some(payout.as_str()) {
                    return Ok(made(write.receipt.as_str()));
                }
                Err(not_there(field))
            }
            Outcome::Refused(refusal) => Err(refusal.into_error()),
        }
    }
}

fn not_there(field: fields::Field) -> PortError {
    PortError::Rejected(Rejection {
        cause: RejectionCause::Unsupported,
        words: format!(
            "{} was not saved: make the attribute, put it on the form (user-defined fields) or on \
             the customer class, and give the connector's user the right to edit it",
            field.id
        ),
        field: Some(field.id.to_owned()),
    })
}
