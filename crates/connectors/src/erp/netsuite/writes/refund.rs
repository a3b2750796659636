//! Customer refunds of the unapplied rest of a receipt (netsuite sheet sections 9.5, 10.3 and 17.5).

use serde_json::{Map, Value, json};

use model::command::{ErpWrite, RecordRefund, WriteAnswer};
use model::key::Key;
use model::receipt::DocumentKind;
use ports::{PortError, Read};

use super::super::NetSuite;
use super::super::books::Setup;
use super::super::currencies::number;
use super::super::refusal::Refusal;
use super::{document_body, invalid, positive, put_customer, put_subsidiary, reference};

/// The line of a payment's credit, where the account wants one named (netsuite sheet section 17.5).
const CREDIT_LINE: i64 = 1;

impl NetSuite {
    /// Refunds a part of a receipt that nothing is applied to. The receipt is read again first: less
    /// unapplied than the refund means stale.
    pub(super) async fn record_refund(
        &self,
        key: &Key,
        write: &RecordRefund,
    ) -> Result<WriteAnswer, PortError> {
        positive(write.amount)?;
        let whole = ErpWrite::RecordRefund(write.clone());
        match self.read_receipt(&write.receipt).await? {
            Read::Found(receipt) if receipt.customer != write.customer => {
                return Err(PortError::Stale(format!(
                    "receipt {} belongs to customer {}",
                    receipt.id, receipt.customer
                )));
            }
            Read::Found(receipt) => {
                let short = receipt.unapplied.currency != write.amount.currency
                    || receipt.unapplied.minor < write.amount.minor;
                if short || receipt.voided {
                    // An earlier send of this very refund may be why.
                    return match self.find_effect(key, &whole).await? {
                        Some(answer) => Ok(answer),
                        None => Err(PortError::Stale(format!(
                            "receipt {} has {} unapplied, less than {}",
                            receipt.id, receipt.unapplied, write.amount
                        ))),
                    };
                }
            }
            Read::Missing => {
                return Err(PortError::Stale(format!("receipt {} does not exist", write.receipt)));
            }
            Read::Odd(why) => {
                return Err(invalid(format!("receipt {} can not be read: {why}", write.receipt)));
            }
        }
        let setup = self.setup().await?;
        let option = self.settings.refund_payment_option.as_deref();
        let body = refund_body(key, write, &setup, option).map_err(invalid)?;
        self.send_document(key, &whole, DocumentKind::Refund, body, name_the_line).await
    }
}

/// The body of the refund; its amount is that of its apply line.
fn refund_body(
    key: &Key,
    write: &RecordRefund,
    setup: &Setup,
    payment_option: Option<&str>,
) -> Result<Map<String, Value>, String> {
    let from = write.from.as_ref().map(|account| account.as_str());
    let account = from.or(setup.undeposited.as_deref()).ok_or(
        "the Undeposited Funds account was not found: name it in the connection's settings",
    )?;
    let mut body = document_body(key, write.dated_on, write.true_date, &write.memo);
    put_customer(&mut body, &write.customer);
    put_subsidiary(&mut body, setup, write.subsidiary.as_ref());
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("account", reference(account));
    if let Some(account) = &write.receivable_account {
        put("arAcct", reference(account.as_str()));
    }
    if let Some(currency) = setup.currencies.reference(write.amount.currency)? {
        put("currency", currency);
    }
    if let Some(rate) = write.exchange_rate {
        put("exchangeRate", number(&rate.to_string())?);
    }
    if let Some(option) = payment_option {
        put("paymentOption", reference(option));
    }
    let mut line = Map::new();
    line.insert("doc".to_owned(), reference(write.receipt.as_str()));
    line.insert("apply".to_owned(), Value::Bool(true));
    line.insert("amount".to_owned(), setup.currencies.number(write.amount)?);
    put("apply", json!({ "items": [line] }));
    Ok(body)
}

/// Whether a refund's apply line must name the credit's line is not documented: without it first,
/// then once with it.
fn name_the_line(refusal: &Refusal, body: &mut Map<String, Value>) -> bool {
    if !refusal.is_no_matching_line() {
        return false;
    }
    let line = body
        .get_mut("apply")
        .and_then(|apply| apply.get_mut("items"))
        .and_then(|items| items.get_mut(0))
        .and_then(Value::as_object_mut);
    match line {
        Some(line) if !line.contains_key("line") => {
            line.insert("line".to_owned(), Value::from(CREDIT_LINE));
            true
        }
        Some(_) | None => false,
    }
}
