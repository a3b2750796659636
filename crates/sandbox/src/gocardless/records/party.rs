//! Organisations, tokens, creditors, customers and bank accounts (gocardless sheet sections 2, 7,
//! 8 and 21).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::gocardless::time::stamp;
use crate::gocardless::validate::Metadata;

/// An access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whom it acts for.
    pub organisation: String,
    /// Only GET is allowed.
    pub read_only: bool,
    /// 401 `access_token_revoked`.
    pub revoked: bool,
}

/// What GoCardless charges; amounts in minor units of the payment's currency, net of tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeePlan {
    /// Share of the amount, in millionths (10,000 is 1 %).
    pub parts_per_million: i64,
    /// Per payment.
    pub fixed: i64,
    /// Highest fee per payment; 0: none.
    pub cap: i64,
    /// Per settled chargeback or late failure.
    pub surcharge: i64,
    /// Tax on fees, per cent; used where the creditor's country has a tax rate.
    pub tax_percent: i64,
    /// Deducted from payouts, or (false) invoiced monthly.
    pub deducted: bool,
}

impl Default for FeePlan {
    fn default() -> Self {
        Self {
            parts_per_million: 10_000,
            fixed: 20,
            cap: 0,
            surcharge: 500,
            tax_percent: 20,
            deducted: true,
        }
    }
}

/// A merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creditor {
    /// CR…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Trading name.
    pub name: String,
    /// Decides the tax on fees.
    pub country_code: String,
    /// `successful`, `in_review` or `action_required`; payouts only with the first.
    pub verification_status: String,
    /// All payouts in this currency.
    pub fx_payout_currency: Option<String>,
    /// Otherwise refunds are 403.
    pub can_create_refunds: bool,
    /// First part of payout references.
    pub bank_reference_prefix: String,
    /// Charges.
    pub fees: FeePlan,
    /// How far below zero a refund may bring the balance, minor units.
    pub negative_balance_limit: i64,
    /// Payout accounts by currency.
    pub payout_accounts: BTreeMap<String, String>,
}

impl Creditor {
    /// The wire form without the embedded scheme identifiers.
    pub fn json(&self, scheme_identifiers: Vec<Value>) -> Value {
        let links: Map<String, Value> = self
            .payout_accounts
            .iter()
            .map(|(currency, id)| {
                let link = format!("default_{}_payout_account", currency.to_lowercase());
                (link, id.clone().into())
            })
            .collect();
        json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "name": self.name,
            "address_line1": null,
            "address_line2": null,
            "address_line3": null,
            "city": null,
            "region": null,
            "postal_code": null,
            "country_code": self.country_code,
            "creditor_type": "company",
            "bank_reference_prefix": self.bank_reference_prefix,
            "logo_url": null,
            "verification_status": self.verification_status,
            "fx_payout_currency": self.fx_payout_currency,
            "can_create_refunds": self.can_create_refunds,
            "custom_payment_pages_enabled": true,
            "mandate_imports_enabled": true,
            "merchant_responsible_for_notifications": false,
            "scheme_identifiers": scheme_identifiers,
            "links": links,
        })
    }
}

/// The fields of a customer that a request may set, all of them texts.
pub const CUSTOMER_TEXTS: [&str; 15] = [
    "email",
    "given_name",
    "family_name",
    "company_name",
    "address_line1",
    "address_line2",
    "address_line3",
    "city",
    "region",
    "postal_code",
    "country_code",
    "language",
    "phone_number",
    "swedish_identity_number",
    "danish_identity_number",
];

/// A payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// CU…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The members of [`CUSTOMER_TEXTS`] that are set.
    pub texts: BTreeMap<&'static str, String>,
    /// Free texts of the merchant.
    pub metadata: Metadata,
}

impl Customer {
    /// One of [`CUSTOMER_TEXTS`].
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// The name that a bank would see.
    pub fn holder_name(&self) -> String {
        if let Some(company) = self.text("company_name") {
            return company.to_owned();
        }
        let names = [self.text("given_name"), self.text("family_name")];
        names.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// The wire form.
    pub fn json(&self) -> Value {
        let mut customer = json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "metadata": self.metadata,
        });
        for name in CUSTOMER_TEXTS {
            customer[name] = self.text(name).into();
        }
        if self.text("language").is_none() {
            customer["language"] = "en".into();
        }
        customer
    }
}

/// A bank account of a customer or, for payouts, of a creditor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// BA…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// As given, upper case, cut to 18 characters.
    pub account_holder_name: String,
    /// Last digits of the number.
    pub account_number_ending: String,
    /// Made up from the details.
    pub bank_name: String,
    /// ISO code.
    pub country_code: String,
    /// ISO code.
    pub currency: String,
    /// Only for USD.
    pub account_type: Option<String>,
    /// False once disabled.
    pub enabled: bool,
    /// Normalised details: equal for the same account.
    pub fingerprint: String,
    /// `customer` or `creditor`.
    pub owner_kind: &'static str,
    /// Id of the owner.
    pub owner: String,
    /// Free texts of the merchant.
    pub metadata: Metadata,
}

impl BankAccount {
    /// The wire form.
    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "account_holder_name": self.account_holder_name,
            "account_number_ending": self.account_number_ending,
            "account_type": self.account_type,
            "bank_name": self.bank_name,
            "country_code": self.country_code,
            "currency": self.currency,
            "enabled": self.enabled,
            "metadata": self.metadata,
            "links": { self.owner_kind: self.owner },
        })
    }
}

/// What stands on payers' statements (section 21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeIdentifier {
    /// SU…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Creditor.
    pub creditor: String,
    /// Name on the statement.
    pub name: String,
    /// Scheme spelled as in this resource (`sepa`).
    pub scheme: String,
    /// ISO code.
    pub currency: String,
    /// Number with the scheme.
    pub reference: String,
    /// Working days.
    pub minimum_advance_notice: i64,
}

impl SchemeIdentifier {
    /// The wire form.
    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "name": self.name,
            "scheme": self.scheme,
            "currency": self.currency,
            "reference": self.reference,
            "minimum_advance_notice": self.minimum_advance_notice,
            "can_specify_mandate_reference": false,
            "status": "active",
            "address_line1": null,
            "address_line2": null,
            "address_line3": null,
            "city": null,
            "region": null,
            "postal_code": null,
            "country_code": null,
            "email": null,
            "phone_number": null,
        })
    }
}
