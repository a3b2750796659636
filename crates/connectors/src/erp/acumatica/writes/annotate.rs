//! Our fields on invoices, customers and payments. A wrong field is dropped in silence (acumatica
//! sheet section 5), so what the answer holds is looked at.

use serde_json::{Map, Value, json};

use model::command::{
    AnnotateInvoice, AnnotateReceipt, Rejection, RejectionCause, SaveCustomerFields, WriteAnswer,
};
use model::key::Key;
use ports::PortError;

use super::super::Acumatica;
use super::super::client::Outcome;
use super::super::fields::{self, Field, VIEW, cut};
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

    /// A description is frozen at the release, so payout and memo are noted in fields of ours
    /// (acumatica sheet section 21, row 4: taken where the cash account is a clearing account).
    pub(super) async fn annotate_receipt(
        &self,
        key: &Key,
        write: &AnnotateReceipt,
    ) -> Result<WriteAnswer, PortError> {
        let texts = [
            (fields::PAYOUT, cut(write.payout.as_str(), fields::PAYOUT.length_max)),
            (fields::MEMO, cut(write.memo.trim(), fields::MEMO.length_max)),
        ];
        let noted: Map<String, Value> = texts
            .iter()
            .map(|(field, text)| (field.custom.to_owned(), custom_text(Some(text))))
            .collect();
        let body = json!({
            "Type": wrapped(PAYMENT),
            "ReferenceNbr": wrapped(write.receipt.as_str()),
            "custom": { VIEW: noted },
        });
        let custom = fields::custom_query(&fields::ON_PAYMENT);
        let ask = Ask { select: "Type,ReferenceNbr", custom, ..Ask::default() };
        match self.client.change(PAYMENT, &ask, &body, key).await? {
            Outcome::Done(saved) => {
                let there = |field: Field| Entity(&saved).custom_text(VIEW, field.custom);
                let lost = |(field, text): &&(Field, String)| {
                    there(*field).unwrap_or_default() != text.trim()
                };
                match texts.iter().find(lost) {
                    Some((field, _)) => Err(not_there(*field)),
                    None => Ok(made(write.receipt.as_str())),
                }
            }
            Outcome::Refused(refusal) => Err(refusal.into_error()),
        }
    }
}

/// A field of ours that the site dropped in silence.
pub(super) fn not_there(field: Field) -> PortError {
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
