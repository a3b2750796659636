//! Receipts: AR payments on the clearing account of their currency (acumatica sheet section 11.1).

use serde_json::{Value, json};

use model::command::{ErpWrite, RecordReceipt, WriteAnswer};
use model::key::Key;
use ports::PortError;

use super::super::Acumatica;
use super::super::fields::{self, REFERENCE_LENGTH_MAX, VIEW, cut};
use super::super::mapping::receipt::PAYMENT;
use super::super::settings::Settings;
use super::super::wire::{custom_text, wrapped, wrapped_money};
use super::payment::{Plan, Row};
use super::{document_body, invalid, no_rate};

impl Acumatica {
    /// Records a payment with its application and releases it; the rest stays unapplied.
    pub(super) async fn record_receipt(
        &self,
        key: &Key,
        write: &RecordReceipt,
    ) -> Result<WriteAnswer, PortError> {
        no_rate(write.exchange_rate)?;
        let row = application(write).map_err(invalid)?;
        let body = body(write, &self.settings).map_err(invalid)?;
        let whole = ErpWrite::RecordReceipt(write.clone());
        let stood = self.stand(key, Plan { kind: PAYMENT, body, row, write: &whole }).await;
        stood.map_err(|error| with_account(error, write, &self.settings))
    }
}

/// A refusal of the cash account does not say which one it was.
fn with_account(error: PortError, write: &RecordReceipt, settings: &Settings) -> PortError {
    match (error, &write.account) {
        (PortError::Rejected(mut rejection), Some(account))
            if rejection.words.contains("Cash Account") =>
        {
            rejection.words = format!(
                "{} A payment stands on cash accounts only: make account {account} one (CA202000) in \
                 {}, allow it for the payment method {} (CA204000), and retry",
                rejection.words, write.amount.currency, settings.payment_method
            );
            PortError::Rejected(rejection)
        }
        (error, _) => error,
    }
}

fn application(write: &RecordReceipt) -> Result<Option<Row>, String> {
    let Some((invoice, amount)) = &write.apply else { return Ok(None) };
    if amount.currency != write.amount.currency || amount.minor > write.amount.minor {
        return Err(format!("{amount} can not be applied of a payment of {}", write.amount));
    }
    Ok(Some(Row { kind: "Invoice", number: invoice.to_string(), amount: *amount }))
}

/// The body of the payment, without its stamp and application.
pub(in super::super) fn body(
    write: &RecordReceipt,
    settings: &Settings,
) -> Result<serde_json::Map<String, Value>, String> {
    let mut body = document_body(PAYMENT, write.dated_on, write.true_date, &write.memo);
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("CustomerID", wrapped(write.customer.as_str()));
    put("PaymentMethod", wrapped(settings.payment_method.as_str()));
    let account = match &write.account {
        Some(account) => account,
        None => settings.clearing(write.amount.currency)?,
    };
    put("CashAccount", wrapped(account.as_str()));
    put("CurrencyID", wrapped(write.amount.currency.code()));
    put("PaymentAmount", wrapped_money(write.amount));
    put("PaymentRef", wrapped(cut(write.collection.as_str(), REFERENCE_LENGTH_MAX)));
    let branch = write.subsidiary.as_ref().map(|id| id.as_str()).or(settings.branch.as_deref());
    if let Some(branch) = branch {
        put("Branch", wrapped(branch));
    }
    if let Some(payout) = &write.payout {
        let text = cut(payout.as_str(), fields::PAYOUT.length_max);
        put("custom", json!({ VIEW: { fields::PAYOUT.custom: custom_text(Some(&text)) } }));
    }
    Ok(body)
}
