//! Records as GoCardless sends them (gocardless sheet sections 7 to 20). Unknown members are ignored,
//! amounts stay text, and what may be absent or null is optional.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A number as text, whether it was sent as a JSON number or as a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberText(pub String);

impl<'de> Deserialize<'de> for NumberText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Number(number) => Ok(NumberText(number.to_string())),
            Value::String(text) => Ok(NumberText(text)),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(serde::de::Error::custom("a number was expected"))
            }
        }
    }
}

/// Names with text values: metadata and links. Null means empty; a value that is not a string is
/// kept as its JSON text, a null value is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(pub BTreeMap<String, String>);

impl Texts {
    /// A value that is there and not blank.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Option::<BTreeMap<String, Value>>::deserialize(deserializer)?;
        Ok(Texts(
            members
                .unwrap_or_default()
                .into_iter()
                .filter_map(|(name, value)| match value {
                    Value::Null => None,
                    Value::String(text) => Some((name, text)),
                    other => Some((name, other.to_string())),
                })
                .collect(),
        ))
    }
}

#[derive(Debug, Deserialize)]
pub struct Payment {
    pub id: String,
    pub created_at: String,
    pub charge_date: Option<String>,
    pub amount: NumberText,
    pub amount_refunded: Option<NumberText>,
    pub currency: String,
    pub status: String,
    pub description: Option<String>,
    pub reference: Option<String>,
    pub retry_if_possible: Option<bool>,
    #[serde(default)]
    pub metadata: Texts,
    #[serde(default)]
    pub links: Texts,
}

#[derive(Debug, Deserialize)]
pub struct Mandate {
    pub id: String,
    pub created_at: String,
    pub status: String,
    pub scheme: String,
    pub next_possible_charge_date: Option<String>,
    #[serde(default)]
    pub metadata: Texts,
    #[serde(default)]
    pub links: Texts,
}

#[derive(Debug, Deserialize)]
pub struct Customer {
    pub id: String,
    pub email: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub company_name: Option<String>,
    pub country_code: Option<String>,
    #[serde(default)]
    pub metadata: Texts,
}

/// The payer's bank account, as far as it is told and needed: nothing of its numbers.
#[derive(Debug, Deserialize)]
pub struct BankAccount {
    pub id: String,
    pub currency: Option<String>,
    #[serde(default)]
    pub metadata: Texts,
    #[serde(default)]
    pub links: Texts,
}

#[derive(Debug, Deserialize)]
pub struct Refund {
    pub id: String,
    pub created_at: String,
    pub amount: NumberText,
    pub currency: String,
    pub status: String,
    #[serde(default)]
    pub metadata: Texts,
    #[serde(default)]
    pub links: Texts,
}

#[derive(Debug, Deserialize)]
pub struct Payout {
    pub id: String,
    pub created_at: String,
    pub amount: NumberText,
    pub deducted_fees: Option<NumberText>,
    pub currency: String,
    pub status: String,
    pub arrival_date: Option<String>,
    pub payout_type: Option<String>,
    pub reference: Option<String>,
    pub tax_currency: Option<String>,
    pub fx: Option<Exchange>,
    #[serde(default)]
    pub links: Texts,
}

/// Every member is null without a currency exchange.
#[derive(Debug, Deserialize)]
pub struct Exchange {
    pub fx_currency: Option<String>,
    pub fx_amount: Option<NumberText>,
    pub exchange_rate: Option<NumberText>,
}

#[derive(Debug, Deserialize)]
pub struct PayoutItem {
    #[serde(rename = "type")]
    pub kind: String,
    pub amount: NumberText,
    pub taxes: Option<Vec<Tax>>,
    #[serde(default)]
    pub links: Texts,
}

#[derive(Debug, Deserialize)]
pub struct Tax {
    pub amount: NumberText,
    pub currency: String,
    pub tax_rate_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct BillingRequest {
    pub id: String,
    pub created_at: String,
    pub status: String,
    #[serde(default)]
    pub metadata: Texts,
    pub mandate_request: Option<BillingMandate>,
    #[serde(default)]
    pub links: Texts,
}

#[derive(Debug, Deserialize)]
pub struct BillingMandate {
    pub currency: Option<String>,
    #[serde(default)]
    pub metadata: Texts,
    #[serde(default)]
    pub links: Texts,
}

#[derive(Debug, Deserialize)]
pub struct BillingRequestFlow {
    pub id: String,
    pub authorisation_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Creditor {
    pub id: String,
    pub created_at: Option<String>,
    pub name: Option<String>,
    pub verification_status: Option<String>,
    pub can_create_refunds: Option<bool>,
    pub scheme_identifiers: Option<Vec<SchemeIdentifier>>,
}

#[derive(Debug, Deserialize)]
pub struct SchemeIdentifier {
    pub scheme: Option<String>,
    pub currency: Option<String>,
    pub status: Option<String>,
}

/// What an event's `details` may hold, as far as it is used.
#[derive(Debug, Default, Deserialize)]
pub struct EventDetails {
    pub origin: Option<String>,
    pub cause: Option<String>,
    pub description: Option<String>,
    pub reason_code: Option<String>,
    pub will_attempt_retry: Option<bool>,
}
