//! Billing requests and their flows, for mandates (gocardless sheet section 20).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::names;
use crate::gocardless::time::stamp;
use crate::gocardless::validate::Metadata;

names! {
    /// Status of a billing request. `fulfilling` is over at once here.
    BillingStatus {
        Pending => "pending",
        ReadyToFulfil => "ready_to_fulfil",
        Fulfilled => "fulfilled",
        Cancelled => "cancelled",
    }
}

/// The mandate that is asked for.
#[derive(Debug, Clone)]
pub struct MandateRequest {
    /// MRQ…
    pub id: String,
    /// Fixed, or chosen by the payer's currency.
    pub scheme: Option<&'static str>,
    /// Fixed, or chosen by the payer.
    pub currency: Option<String>,
    /// Shown to the payer.
    pub description: Option<String>,
    /// Reference of the mandate.
    pub reference: Option<String>,
    /// How much verification.
    pub verify: String,
    /// ACH.
    pub authorisation_source: Option<String>,
    /// Reaches the mandate.
    pub metadata: Metadata,
    /// Once fulfilled.
    pub mandate: Option<String>,
}

impl MandateRequest {
    fn json(&self) -> Value {
        let mut request = json!({
            "id": self.id,
            "scheme": self.scheme,
            "currency": self.currency,
            "description": self.description,
            "reference": self.reference,
            "verify": self.verify,
            "authorisation_source": self.authorisation_source,
            "consent_type": null,
            "constraints": null,
            "funds_settlement": "managed",
            "payer_requested_dual_signature": false,
            "sweeping": false,
            "metadata": self.metadata,
            "links": {},
        });
        if let Some(mandate) = &self.mandate {
            request["links"]["mandate"] = mandate.clone().into();
        }
        request
    }
}

/// A request to a payer.
#[derive(Debug, Clone)]
pub struct BillingRequest {
    /// BRQ…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Now.
    pub status: BillingStatus,
    /// Null when none was given (section 30, item 6).
    pub metadata: Option<Metadata>,
    /// What is asked for.
    pub mandate_request: MandateRequest,
    /// The payer; made empty at once.
    pub customer: String,
    /// CBD…
    pub customer_billing_detail: String,
    /// Who asks.
    pub creditor: String,
    /// Whose request.
    pub organisation: String,
    /// The account, once collected.
    pub customer_bank_account: Option<String>,
    /// `collect_customer_details` is done.
    pub customer_collected: bool,
    /// `confirm_payer_details` is done.
    pub confirmed: bool,
    /// Only instant payments fall back.
    pub fallback_enabled: bool,
}

impl BillingRequest {
    /// The actions of the request and whether each is done.
    pub fn actions(&self) -> [(&'static str, bool); 4] {
        [
            ("choose_currency", self.mandate_request.currency.is_some()),
            ("collect_customer_details", self.customer_collected),
            ("collect_bank_account", self.customer_bank_account.is_some()),
            ("confirm_payer_details", self.confirmed),
        ]
    }

    /// Whether every action is done.
    pub fn complete(&self) -> bool {
        self.actions().iter().all(|(_, done)| *done)
    }

    fn actions_json(&self) -> Vec<Value> {
        let requires = |kind: &str| -> &[&str] {
            match kind {
                "collect_bank_account" => &["choose_currency"],
                "confirm_payer_details" => &["collect_customer_details", "collect_bank_account"],
                _ => &[],
            }
        };
        self.actions()
            .into_iter()
            .map(|(kind, done)| {
                let mut action = json!({
                    "type": kind,
                    "required": true,
                    "completes_actions": [],
                    "requires_actions": requires(kind),
                    "status": if done { "completed" } else { "pending" },
                });
                match kind {
                    "choose_currency" => {
                        action["available_currencies"] =
                            self.mandate_request.currency.iter().cloned().collect();
                    }
                    "collect_customer_details" => {
                        action["collect_customer_details"] = json!({
                            "default_country_code": null,
                            "incomplete_fields":
                                { "customer": [], "customer_billing_detail": [] },
                        });
                    }
                    "collect_bank_account" => {
                        action["available_country_codes"] = json!([]);
                        action["institution_guess_status"] = "not_needed".into();
                    }
                    _ => {}
                }
                action
            })
            .collect()
    }

    /// The wire form; `resources` embeds what belongs to it.
    pub fn json(&self, creditor_name: &str, resources: Value) -> Value {
        let mut request = json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "status": self.status.name(),
            "mandate_request": self.mandate_request.json(),
            "payment_request": null,
            "subscription_request": null,
            "instalment_schedule_request": null,
            "metadata": self.metadata,
            "fallback_enabled": self.fallback_enabled,
            "fallback_occurred": false,
            "auto_fulfil": true,
            "creditor_name": creditor_name,
            "sign_flow_url": null,
            "purpose_code": null,
            "actions": self.actions_json(),
            "resources": resources,
            "links": {
                "customer": self.customer,
                "customer_billing_detail": self.customer_billing_detail,
                "creditor": self.creditor,
                "organisation": self.organisation,
                "mandate_request": self.mandate_request.id,
            },
        });
        if let Some(account) = &self.customer_bank_account {
            request["links"]["customer_bank_account"] = account.clone().into();
        }
        if let Some(mandate) = &self.mandate_request.mandate {
            request["links"]["mandate_request_mandate"] = mandate.clone().into();
        }
        request
    }
}

/// A hosted page for a billing request.
#[derive(Debug, Clone)]
pub struct Flow {
    /// BRF…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Seven days later.
    pub expires_at: Timestamp,
    /// Billing request.
    pub billing_request: String,
    /// Absolute URL of the page.
    pub authorisation_url: String,
    /// Where the payer goes when done.
    pub redirect_uri: Option<String>,
    /// Where the payer goes when leaving.
    pub exit_uri: Option<String>,
    /// Known details of the payer.
    pub prefilled_customer: BTreeMap<&'static str, String>,
    /// Switches that are only echoed.
    pub switches: BTreeMap<&'static str, bool>,
    /// Language of the page.
    pub language: Option<String>,
    /// The payer opened the page.
    pub visited: bool,
    /// After `actions/initialise`.
    pub session_token: Option<String>,
}

/// Switches of a flow with their defaults.
pub const FLOW_SWITCHES: [(&str, bool); 7] = [
    ("auto_fulfil", true),
    ("lock_bank_account", false),
    ("lock_currency", false),
    ("lock_customer_details", false),
    ("show_redirect_buttons", false),
    ("show_success_redirect_button", false),
    ("skip_success_screen", false),
];

impl Flow {
    /// The wire form.
    pub fn json(&self) -> Value {
        let mut flow = json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "expires_at": stamp(self.expires_at),
            "authorisation_url": self.authorisation_url,
            "redirect_uri": self.redirect_uri,
            "exit_uri": self.exit_uri,
            "language": self.language,
            "prefilled_customer": self.prefilled_customer,
            "prefilled_bank_account": null,
            "session_token": self.session_token,
            "links": { "billing_request": self.billing_request },
        });
        for (name, default) in FLOW_SWITCHES {
            flow[name] = self.switches.get(name).copied().unwrap_or(default).into();
        }
        flow
    }
}
