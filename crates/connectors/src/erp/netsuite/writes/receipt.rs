//! Customer payments (netsuite sheet sections 9.3, 10.1 and 11).

use serde_json::{Map, Value, json};

use model::command::{ErpWrite, RecordReceipt, WriteAnswer};
use model::key::Key;
use model::receipt::DocumentKind;
use ports::PortError;

use super::super::NetSuite;
use super::super::books::Setup;
use super::super::currencies::number;
use super::super::fields::{self, cut};
use super::super::refusal::Refusal;
use super::{document_body, invalid, positive, put_customer, put_subsidiary, reference};

impl NetSuite {
    /// Records a customer payment with its application; the rest stays unapplied.
    pub(super) async fn record_receipt(
        &self,
        key: &Key,
        write: &RecordReceipt,
    ) -> Result<WriteAnswer, PortError> {
        positive(write.amount)?;
        if let Some((_, amount)) = &write.apply {
            positive(*amount)?;
        }
        let setup = self.setup().await?;
        let by_account = self.settings.undeposited_by_account;
        let body = receipt_body(key, write, &setup, by_account).map_err(invalid)?;
        let undeposited = setup.undeposited.clone();
        let whole = ErpWrite::RecordReceipt(write.clone());
        self.send_document(key, &whole, DocumentKind::Receipt, body, move |refusal, body| {
            use_account_instead(refusal, body, undeposited.as_deref())
        })
        .await
    }
}

/// The body of the payment. `by_account`: Undeposited Funds are named by their account's id instead
/// of the box (netsuite sheet section 18, row 2).
pub(in super::super) fn receipt_body(
    key: &Key,
    write: &RecordReceipt,
    setup: &Setup,
    by_account: bool,
) -> Result<Map<String, Value>, String> {
    let mut body = document_body(key, write.dated_on, write.true_date, &write.memo);
    put_customer(&mut body, &write.customer);
    put_subsidiary(&mut body, setup, write.subsidiary.as_ref());
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    if let Some(currency) = setup.currencies.reference(write.amount.currency)? {
        put("currency", currency);
    }
    if let Some(rate) = write.exchange_rate {
        put("exchangeRate", number(&rate.to_string())?);
    }
    put("payment", setup.currencies.number(write.amount)?);
    let account = write.account.as_ref().map(|account| account.as_str());
    let undeposited = setup.undeposited.as_deref();
    match (account.filter(|id| Some(*id) != undeposited), undeposited) {
        (Some(account), _) => {
            put("undepFunds", Value::Bool(false));
            put("account", reference(account));
        }
        (None, Some(id)) if by_account => {
            put("account", reference(id));
        }
        (None, _) => {
            put("undepFunds", Value::Bool(true));
        }
    }
    if let Some(account) = &write.receivable_account {
        put("arAcct", reference(account.as_str()));
    }
    // NetSuite would otherwise pick the oldest open invoices by itself.
    put("autoApply", Value::Bool(false));
    let payment_id = cut(write.collection.as_str(), fields::PAYMENT_ID.length_max);
    put(fields::PAYMENT_ID.id, Value::from(payment_id));
    if let Some(payout) = &write.payout {
        put(fields::PAYOUT.id, Value::from(cut(payout.as_str(), fields::PAYOUT.length_max)));
    }
    if let Some((invoice, amount)) = &write.apply {
        if amount.currency != write.amount.currency || amount.minor > write.amount.minor {
            return Err(format!("{amount} can not be applied of a payment of {}", write.amount));
        }
        let amount = setup.currencies.number(*amount)?;
        let line = json!({ "doc": reference(invoice.as_str()), "line": 0, "apply": true });
        let mut line = line.as_object().cloned().unwrap_or_default();
        line.insert("amount".to_owned(), amount);
        put("apply", json!({ "items": [line] }));
    }
    Ok(body)
}

/// Where the box is refused, the account of Undeposited Funds says the same.
fn use_account_instead(
    refusal: &Refusal,
    body: &mut Map<String, Value>,
    undeposited: Option<&str>,
) -> bool {
    let boxed = body.get("undepFunds") == Some(&Value::Bool(true));
    match undeposited {
        Some(id) if boxed && refusal.names("undepFunds") => {
            body.remove("undepFunds");
            body.insert("account".to_owned(), reference(id));
            true
        }
        Some(_) | None => {
            // With an account given the box only says what is clear already.
            let given = body.get("undepFunds") == Some(&Value::Bool(false));
            given && refusal.names("undepFunds") && body.remove("undepFunds").is_some()
        }
    }
}
