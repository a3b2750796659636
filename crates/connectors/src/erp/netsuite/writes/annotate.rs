//! Our own fields on invoices, customers and receipts. Blank is null, everything else is text cut to
//! the field's length.

use serde_json::{Map, Value};

use model::command::{AnnotateInvoice, AnnotateReceipt, SaveCustomerFields, WriteAnswer};
use model::key::Key;
use ports::PortError;

use super::super::NetSuite;
use super::super::client::Outcome;
use super::super::fields::{self, MEMO_LENGTH_MAX, cut};
use super::super::mapping::customer::fields_body;
use super::super::mapping::invoice::annotation_body;
use super::{checked_id, drop_own_field, field_missing, made};

impl NetSuite {
    /// Sets all of our fields on an invoice.
    pub(super) async fn annotate_invoice(
        &self,
        key: &Key,
        write: &AnnotateInvoice,
    ) -> Result<WriteAnswer, PortError> {
        let body = annotation_body(&write.annotation, write.clear_retry);
        self.save_fields(key, "invoice", write.invoice.as_str(), body).await
    }

    /// Sets the given fields of ours on a customer.
    pub(super) async fn save_customer_fields(
        &self,
        key: &Key,
        write: &SaveCustomerFields,
    ) -> Result<WriteAnswer, PortError> {
        let body = fields_body(&write.fields);
        if body.is_empty() {
            return Ok(made(write.customer.as_str().to_owned()));
        }
        self.save_fields(key, "customer", write.customer.as_str(), body).await
    }

    async fn save_fields(
        &self,
        key: &Key,
        kind: &str,
        id: &str,
        body: Map<String, Value>,
    ) -> Result<WriteAnswer, PortError> {
        checked_id(id)?;
        let names: Vec<String> = body.keys().cloned().collect();
        match self.client.change(kind, id, &Value::Object(body), key).await? {
            Outcome::Done(_) => Ok(made(id.to_owned())),
            Outcome::Refused(refusal) => match names.iter().find(|name| refusal.names(name)) {
                Some(field) => Err(field_missing(field, &refusal)),
                None => Err(refusal.into_error()),
            },
        }
    }

    /// Writes the payout on a receipt that was posted before its payout was known. The memo says it
    /// too, so the field may be missing.
    pub(super) async fn annotate_receipt(
        &self,
        key: &Key,
        write: &AnnotateReceipt,
    ) -> Result<WriteAnswer, PortError> {
        checked_id(write.receipt.as_str())?;
        let payout = cut(write.payout.as_str(), fields::PAYOUT.length_max);
        let mut body = Map::new();
        body.insert("memo".to_owned(), Value::from(cut(&write.memo, MEMO_LENGTH_MAX)));
        body.insert(fields::PAYOUT.id.to_owned(), Value::from(payout));
        loop {
            let sent = Value::Object(body.clone());
            let id = write.receipt.as_str();
            match self.client.change("customerPayment", id, &sent, key).await? {
                Outcome::Done(_) => return Ok(made(id.to_owned())),
                Outcome::Refused(refusal) if drop_own_field(&refusal, &mut body) => {}
                Outcome::Refused(refusal) => return Err(refusal.into_error()),
            }
        }
    }
}
