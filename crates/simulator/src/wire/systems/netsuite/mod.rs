//! The emulated NetSuite: one subsidiary, pounds, our fields installed.

mod customers;
mod moves;
mod predecessor;
mod refusals;
mod truth;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use http::{Method, Request, Uri};
use jiff::Timestamp;
use model::policy::Accounts;
use sandbox::emulator::Emulator;
use sandbox::netsuite::{Config, NetSuite, Preferences, Settings};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::rows::Side;

use super::books::{self, Chart};
use super::{Customer, Deed, Stage, Strike, System};
use crate::moves::Family;
use crate::random::Random;
use crate::wire::outside::Outside;
use crate::wire::truth::Truth;

const CLIENT: &str = "simulated-client";
const CERTIFICATE: &str = "simulated-certificate";
const ACCOUNT: &str = "1234567_SB1";
/// Bank account in pounds of the standard company.
pub const BANK: &str = "210";
/// What is collected in pounds and reaches a bank in another currency.
const CLEARING: &str = "213";
const QUERIES: &str = "/services/rest/query/";
const TOKENS: &str = "/services/rest/auth/";

/// Our fields, as the project in `netsuite/` installs them: script id, type, record types.
const FIELDS: [(&str, &str, &[&str]); 17] = [
    ("custbody_mlc_collect", "checkbox", &["invoice"]),
    ("custbody_mlc_retry", "checkbox", &["invoice"]),
    ("custbody_mlc_integration_status", "text", &["invoice"]),
    ("custbody_mlc_integration_error", "long_text", &["invoice"]),
    ("custbody_mlc_payment_status", "text", &["invoice"]),
    ("custbody_mlc_reason_code", "text", &["invoice"]),
    ("custbody_mlc_description", "text", &["invoice"]),
    ("custbody_mlc_charge_date", "date", &["invoice"]),
    ("custbody_mlc_payment_id", "text", &["invoice", "customerPayment"]),
    ("custbody_mlc_mandate", "text", &["invoice", "customerPayment"]),
    ("custbody_mlc_account", "text", &["invoice", "customerPayment"]),
    ("custbody_mlc_payout", "text", &["customerPayment"]),
    ("custentity_mlc_customer_id", "text", &["customer"]),
    ("custentity_mlc_mandate", "text", &["customer"]),
    ("custentity_mlc_mandate_status", "text", &["customer"]),
    ("custentity_mlc_authorisation_link", "url", &["customer"]),
    ("custentity_mlc_account", "text", &["customer"]),
];

/// A key pair and its certificate; the story does not depend on which.
struct Credentials {
    private_key: SecretString,
    certificate: String,
}

/// Made once per process: making one is slow, and what it signs with never shows in a story.
static CREDENTIALS: OnceLock<Option<Credentials>> = OnceLock::new();

fn credentials(now: Timestamp) -> Option<&'static Credentials> {
    let made = CREDENTIALS.get_or_init(|| {
        use connectors::erp::netsuite::keys::{KeyKind, generate_key};
        let key = generate_key(KeyKind::P256, "simulated", now).ok()?;
        Some(Credentials { private_key: key.private_key, certificate: key.certificate })
    });
    made.as_ref()
}

pub struct Books {
    emulator: NetSuite,
    /// Invoices need an approval.
    approves: bool,
    /// The real bank account is in another currency than what is collected.
    exchanged: bool,
}

impl Books {
    /// An account with the choices of a seed wherever the sheet leaves something open.
    #[must_use]
    pub fn new(random: &mut Random, exchanged: bool) -> Books {
        let seed = random.draw();
        let mut one = |often: u32| random.chance(often);
        let settings = Settings {
            touch_applied: one(7_000),
            link_modified_date: one(3_000),
            location_everywhere: one(7_000),
            approval_status_without_routing: one(3_000),
            shared_external_ids: one(7_000),
            ..Settings::default()
        };
        let approves = one(2_500);
        let preferences = Preferences {
            undeposited_funds: one(5_000),
            default_period_if_closed: one(3_000),
            invoice_approval: approves,
            ..Preferences::default()
        };
        let config =
            Config { account_id: ACCOUNT.to_owned(), settings, preferences, ..Config::default() };
        Books { emulator: NetSuite::new(seed, config), approves, exchanged }
    }

    fn faults(&self, outside: &Outside, body: &Value) -> Result<(), String> {
        outside.control(self, "/faults", body).map(|_| ())
    }
}

impl System for Books {
    fn side(&self) -> Side {
        Side::Erp
    }

    fn slug(&self) -> &'static str {
        "netsuite"
    }

    fn host(&self) -> &'static str {
        "1234567-sb1.suitetalk.api.netsuite.com"
    }

    fn emulator(&self) -> &dyn Emulator {
        &self.emulator
    }

    fn settings(&self) -> BTreeMap<String, String> {
        let set = [
            ("account", ACCOUNT),
            ("client_id", CLIENT),
            ("certificate_id", CERTIFICATE),
            ("time_zone", "Europe/London"),
        ];
        set.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn secrets(&self) -> Vec<(String, SecretString)> {
        let made = CREDENTIALS.get().and_then(Option::as_ref);
        made.map(|made| ("private_key".to_owned(), made.private_key.clone())).into_iter().collect()
    }

    fn furnish(&self, outside: &Outside, customers: &[Customer]) -> Result<(), String> {
        // The certificate lives for two years from the first story's beginning.
        let made = credentials(outside.time.now()).ok_or("no key could be made")?;
        let fields: Vec<Value> = FIELDS
            .iter()
            .map(|(id, kind, on)| json!({"id": id, "type": kind, "applies_to": on}))
            .collect();
        let customers: Vec<Value> = customers
            .iter()
            .map(|one| {
                json!({
                    "id": one.id, "entityId": format!("C-{}", one.id), "companyName": one.name,
                    "email": one.email, "currency": {"id": "1"},
                    "currencyList": {"items": [{"currency": {"id": "1"}}, {"currency": {"id": "2"}}]},
                    "addressBook": {"items": [{"defaultBilling": true, "addressBookAddress": {
                        "addr1": "1 High Street", "country": {"id": "GB"},
                    }}]},
                })
            })
            .collect();
        let body = json!({
            "company": {"time_zone": "Europe/London", "date_format": "DD/MM/YYYY"},
            "accounts": [
                {"id": 642, "number": "6420", "name": "Refunds", "type": "Expense"},
                {
                    "id": 213, "number": "1090", "name": "Exchange clearing", "type": "Bank",
                    "currency": 1, "subsidiaries": [2],
                },
            ],
            "integration": {
                "client_id": CLIENT,
                "certificates": [{"kid": CERTIFICATE, "pem": made.certificate}],
            },
            "custom_fields": fields,
            "customers": customers,
        });
        outside.control(self, "/seed", &body).map(|_| ())
    }

    fn writes(&self, request: &Request<Bytes>) -> bool {
        let path = request.uri().path();
        request.method() != Method::GET && !path.starts_with(QUERIES) && !path.starts_with(TOKENS)
    }

    /// `limit` and `offset`: the connector's offsets are whole pages, and stay so.
    fn for_pages_of(&self, rows: usize, uri: &Uri) -> Option<Uri> {
        if !uri.path().starts_with(QUERIES) {
            return None;
        }
        let (mut limit, mut offset) = (None, 0);
        for (name, value) in url::form_urlencoded::parse(uri.query()?.as_bytes()) {
            match name.as_ref() {
                "limit" => limit = value.parse::<usize>().ok().filter(|limit| *limit > 0),
                "offset" => offset = value.parse::<usize>().ok()?,
                _ => return None,
            }
        }
        let pages = offset.checked_div(limit?)?;
        let text = format!("{}?limit={rows}&offset={}", uri.path(), pages * rows);
        let authority = uri.authority()?.as_str();
        format!("https://{authority}{text}").parse().ok()
    }

    fn strike(&self, strike: Strike, request: &Request<Bytes>) -> Option<Value> {
        let status = |status: u16| json!({"kind": "status", "status": status});
        let token = request.uri().path().starts_with(TOKENS);
        match strike {
            Strike::TooMany if !token => Some(status(429)),
            Strike::ServerError => Some(status(503)),
            Strike::Unauthorised if !token => Some(status(401)),
            Strike::Conflict if request.method() == Method::PATCH => Some(status(409)),
            Strike::Late(minutes) => Some(json!({"kind": "late_commit", "minutes": minutes})),
            Strike::TooMany | Strike::Unauthorised | Strike::Conflict => None,
        }
    }

    fn expire_tokens(&self) -> Option<Value> {
        Some(json!({"expire_tokens": true}))
    }

    fn lag(&self, outside: &Outside, minutes: i64) -> Result<(), String> {
        self.faults(outside, &json!({"stale_minutes": minutes}))
    }

    fn lag_minutes_max(&self) -> i64 {
        // The connector's own assumption, where the sheet is silent.
        14
    }

    fn make(&self, family: Family, stage: &mut Stage<'_>) -> Option<String> {
        moves::make(self, family, stage)
    }

    fn before_cut_over(&self, outside: &Outside, deed: &Deed<'_>) -> Option<String> {
        predecessor::make(self, outside, deed)
    }

    fn settle(&self, outside: &Outside, now: Timestamp) -> Result<(), String> {
        self.faults(outside, &json!({"clear": true, "stale_minutes": 0}))?;
        books::open_periods(self, outside, now)
    }

    fn read_truth(&self, body: &Value, truth: &mut Truth) -> Result<(), String> {
        truth::read(body, truth)
    }

    fn accounts(&self) -> Option<Accounts> {
        let chart = Chart {
            bank: BANK,
            subsidiary: "2",
            exchange_clearing: self.exchanged.then_some(CLEARING),
            fees: "640",
            fee_tax: "231",
            chargebacks: "641",
            refunds: "642",
            rounding: "650",
            suspense: "651",
        };
        Some(chart.accounts())
    }
}
