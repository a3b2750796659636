//! The emulated Acumatica: one company with one branch, pounds, our fields installed.

mod customers;
mod moves;
mod predecessor;
mod truth;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Uri};
use jiff::Timestamp;
use model::policy::Accounts;
use sandbox::acumatica::{Acumatica, Config, Preferences, Settings};
use sandbox::emulator::Emulator;
use secrecy::SecretString;
use serde_json::{Value, json};
use store::rows::Side;

use super::books::{self, Chart};
use super::{Customer, Deed, Stage, Strike, System};
use crate::moves::Family;
use crate::random::Random;
use crate::wire::outside::Outside;
use crate::wire::truth::Truth;

const CLIENT: &str = "6f3b1c5e-0d0a-4f1e-9f55-2b7f0e9c1a11@Acme";
/// Bank account in pounds of the standard company.
pub const BANK: &str = "10200";
const CLEARING: &str = "10250";
/// Receipts and refunds of payments that name no invoice: a cash account like the others.
const SUSPENSE: &str = "10255";
/// No word that stands elsewhere.
const PASSWORD: &str = "simulated-password-4711";
const RECORDS: &str = "/entity/Default/";

/// Our text fields on invoices and on payments; the boxes beside them.
const ON_INVOICE: [&str; 9] = [
    "MLCSTATUS",
    "MLCERROR",
    "MLCPAYSTAT",
    "MLCREASON",
    "MLCDESCR",
    "MLCCHARGE",
    "MLCPAYMENT",
    "MLCMANDATE",
    "MLCACCOUNT",
];
const ON_PAYMENT: [&str; 3] = ["MLCPAYOUT", "MLCMEMO", "MLCVOIDKEY"];
const BOXES: [&str; 2] = ["MLCCOLLECT", "MLCRETRY"];

pub struct Books {
    emulator: Acumatica,
    cookies: bool,
}

impl Books {
    /// A site with the choices of a seed wherever the sheet leaves something open.
    #[must_use]
    pub fn new(random: &mut Random) -> Books {
        let seed = random.draw();
        let mut one = |often: u32| random.chance(often);
        let settings = Settings {
            inline_actions: one(3_000),
            pad_segmented: one(3_000),
            trailing_zeros: one(3_000),
            nested_failures: one(3_000),
            open_payments_dated_today: one(3_000),
            period_errors_as_exception: one(3_000),
            release_moves_stamp: one(7_000),
            parts_move_stamp: one(5_000),
            ..Settings::default()
        };
        let preferences = Preferences {
            hold_on_entry: one(5_000),
            require_payment_ref: one(5_000),
            post_on_release: one(7_000),
            void_using_clearing: one(5_000),
            ..Preferences::default()
        };
        let cookies = one(3_000);
        let config = Config { settings, preferences, ..Config::default() };
        Books { emulator: Acumatica::new(seed, config), cookies }
    }

    fn faults(&self, outside: &Outside, body: &Value) -> Result<(), String> {
        outside.control(self, "/faults", body).map(|_| ())
    }
}

/// A box on an invoice, as a person ticks it.
pub fn ticked(field: &str, value: bool) -> Value {
    let member = format!("Attribute{field}");
    json!({"custom": {"Document": {member: {"type": "CustomBooleanField", "value": value}}}})
}

fn own_fields() -> Vec<Value> {
    let field = |entity: &str, id: &str, kind: &str| {
        json!({"entity": entity, "view": "Document", "field": format!("Attribute{id}"),
            "type": kind})
    };
    let boxes = BOXES.iter().map(|id| field("Invoice", id, "CustomBooleanField"));
    let texts = ON_INVOICE.iter().map(|id| field("Invoice", id, "CustomStringField"));
    let noted = ON_PAYMENT.iter().map(|id| field("Payment", id, "CustomStringField"));
    boxes.chain(texts).chain(noted).collect()
}

impl System for Books {
    fn side(&self) -> Side {
        Side::Erp
    }

    fn slug(&self) -> &'static str {
        "acumatica"
    }

    fn host(&self) -> &'static str {
        "acme.acumatica.com"
    }

    fn emulator(&self) -> &dyn Emulator {
        &self.emulator
    }

    fn settings(&self) -> BTreeMap<String, String> {
        let sign_in = if self.cookies { ("tenant", "Acme") } else { ("client_id", CLIENT) };
        let set = [
            ("site", "https://acme.acumatica.com"),
            ("user", "mlconnector"),
            sign_in,
            ("payment_method", "GOCARDLESS"),
            ("clearing", "GBP=10250"),
        ];
        set.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn secrets(&self) -> Vec<(String, SecretString)> {
        let secret = |name: &str, value: &str| (name.to_owned(), SecretString::from(value));
        vec![secret("password", PASSWORD), secret("client_secret", "sandbox-acumatica-secret")]
    }

    fn furnish(&self, outside: &Outside, customers: &[Customer]) -> Result<(), String> {
        let customers: Vec<Value> = customers
            .iter()
            .map(|one| {
                json!({
                    "CustomerID": one.id, "CustomerName": one.name, "CurrencyID": "GBP",
                    "MainContact": {"Email": one.email, "Address": {"Country": "GB"}},
                })
            })
            .collect();
        let suspense = json!({"id": SUSPENSE, "description": "Suspense", "account": SUSPENSE,
            "branch": "MAIN", "currency": "GBP"});
        let body = json!({
            "users": [{"name": "mlconnector", "password": PASSWORD}],
            "user_fields": own_fields(),
            "attributes": ["MLCCUSTID", "MLCMANDATE", "MLCMANSTAT", "MLCLINK", "MLCACCOUNT"],
            "cash_accounts": [suspense],
            "accounts": [
                {"id": SUSPENSE, "description": "Suspense", "type": "Asset", "currency": "GBP"},
                {"id": "61400", "description": "Chargebacks", "type": "Expense"},
                {"id": "61500", "description": "Refunds", "type": "Expense"},
            ],
            "payment_methods": [{"id": "GOCARDLESS", "description": "GoCardless direct debit",
                "cash_accounts": [CLEARING, "10251", "10252", BANK, SUSPENSE]}],
            "customers": customers,
        });
        outside.control(self, "/seed", &body).map(|_| ())
    }

    fn writes(&self, request: &Request<Bytes>) -> bool {
        request.method() != Method::GET && request.uri().path().starts_with(RECORDS)
    }

    /// A PUT inserts unless its record must be there; actions name records that are.
    fn makes(&self, request: &Request<Bytes>) -> bool {
        let path = request.uri().path();
        let document = path.ends_with("/Payment") || path.ends_with("/JournalTransaction");
        request.method() == Method::PUT
            && document
            && !request.headers().contains_key(http::header::IF_MATCH)
    }

    /// `$top` is obeyed to the row: a shorter page would mean that there is no more.
    fn for_pages_of(&self, _rows: usize, _uri: &Uri) -> Option<Uri> {
        None
    }

    fn strike(&self, strike: Strike, request: &Request<Bytes>) -> Option<Value> {
        let status = |status: u16| json!({"kind": "status", "status": status});
        let record = request.uri().path().starts_with(RECORDS);
        match strike {
            Strike::TooMany => Some(status(429)),
            Strike::ServerError => Some(status(503)),
            Strike::Unauthorised if record => Some(status(401)),
            Strike::Conflict if request.method() == Method::PUT => {
                Some(json!({"kind": "collision"}))
            }
            Strike::Late(minutes) if record => {
                Some(json!({"kind": "late_commit", "minutes": minutes}))
            }
            Strike::Unauthorised | Strike::Conflict | Strike::Late(_) => None,
        }
    }

    fn expire_tokens(&self) -> Option<Value> {
        Some(json!({"expire_tokens": true, "end_sessions": true}))
    }

    /// Lists read the database itself (acumatica sheet section 7).
    fn lag(&self, _outside: &Outside, _minutes: i64) -> Result<(), String> {
        Ok(())
    }

    fn lags(&self) -> bool {
        false
    }

    fn lag_minutes_max(&self) -> i64 {
        1
    }

    fn make(&self, family: Family, stage: &mut Stage<'_>) -> Option<String> {
        moves::make(self, family, stage)
    }

    fn before_cut_over(&self, outside: &Outside, deed: &Deed<'_>) -> Option<String> {
        predecessor::make(self, outside, deed)
    }

    fn settle(&self, outside: &Outside, now: Timestamp) -> Result<(), String> {
        self.faults(outside, &json!({"clear": true}))?;
        books::open_periods(self, outside, now)
    }

    fn read_truth(&self, body: &Value, truth: &mut Truth) -> Result<(), String> {
        truth::read(body, truth)
    }

    fn accounts(&self) -> Option<Accounts> {
        let chart = Chart {
            bank: BANK,
            subsidiary: "MAIN",
            exchange_clearing: None,
            fees: "61200",
            fee_tax: "22100",
            chargebacks: "61400",
            refunds: "61500",
            rounding: "61300",
            suspense: SUSPENSE,
        };
        Some(chart.accounts())
    }
}
