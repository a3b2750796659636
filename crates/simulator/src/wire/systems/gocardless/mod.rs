//! The emulated GoCardless: one creditor, Bacs.

mod moves;
mod predecessor;
mod truth;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Uri};
use jiff::Timestamp;
use sandbox::emulator::Emulator;
use sandbox::gocardless::{
    AfterCancelledChargeback, Config, GoCardless, IdempotencyOrder, TaxSign, UnsettledChargeback,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::rows::Side;

use super::{Customer, Deed, Stage, Strike, System};
use crate::moves::Family;
use crate::random::Random;
use crate::wire::outside::Outside;
use crate::wire::truth::{Truth, text};

const TOKEN: &str = "simulated-read-write-7dQm2x";
const SECRET: &str = "simulated-webhook-secret-Zk41";
/// Minor units that cover whatever a story leaves owed.
const MONEY: i64 = 400_000;

pub struct Debits {
    emulator: GoCardless,
    /// The creditor's bank account is in another currency.
    exchanged: bool,
}

impl Debits {
    /// An account with the choices of a seed wherever the sheet leaves something open.
    #[must_use]
    pub fn new(random: &mut Random, exchanged: bool) -> Debits {
        let seed = random.draw();
        let mut one = |often: u32| random.chance(often);
        let config = Config {
            default_account: false,
            idempotency_order: if one(5_000) {
                IdempotencyOrder::KeyFirst
            } else {
                IdempotencyOrder::ValidationFirst
            },
            after_cancelled_chargeback: if one(5_000) {
                AfterCancelledChargeback::Confirmed
            } else {
                AfterCancelledChargeback::PaidOut
            },
            unsettled_chargeback: if one(5_000) {
                UnsettledChargeback::Vanishes
            } else {
                UnsettledChargeback::ShowsBoth
            },
            payout_link_stays: one(5_000),
            tax_sign: if one(5_000) { TaxSign::OfItem } else { TaxSign::Unsigned },
            webhook_attempts_max: if one(3_000) { 1 } else { 8 },
            ..Config::default()
        };
        Debits { emulator: GoCardless::new(seed, config), exchanged }
    }
}

impl System for Debits {
    fn side(&self) -> Side {
        Side::Processor
    }

    fn slug(&self) -> &'static str {
        "gocardless"
    }

    fn host(&self) -> &'static str {
        "api-sandbox.gocardless.com"
    }

    fn emulator(&self) -> &dyn Emulator {
        &self.emulator
    }

    fn settings(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn secrets(&self) -> Vec<(String, SecretString)> {
        let secret = |name: &str, value: &str| (name.to_owned(), SecretString::from(value));
        vec![secret("access_token", TOKEN), secret("webhook_secret", SECRET)]
    }

    fn furnish(&self, outside: &Outside, customers: &[Customer]) -> Result<(), String> {
        let known: Vec<Value> = customers
            .iter()
            .filter(|one| one.mandated)
            .map(|one| {
                json!({
                    "email": one.email, "company_name": one.name, "country_code": "GB",
                    "mandates": [{"currency": "GBP", "status": "active"}],
                })
            })
            .collect();
        let target = self.exchanged.then_some("EUR");
        let body = json!({
            "organisations": [{"id": "OR000SIM", "name": "Brightworks UK"}],
            "creditors": [{
                "id": "CR000SIM", "name": "Brightworks UK", "country_code": "GB",
                "currencies": ["GBP"], "can_create_refunds": true, "fx_payout_currency": target,
                "negative_balance_limit": 10_000_000, "bank_reference_prefix": "BRIGHTWORKS",
            }],
            "tokens": [{"token": TOKEN}],
            "webhook_endpoints": [{"url": "http://127.0.0.1/webhooks", "secret": SECRET}],
            "customers": known,
        });
        outside.control(self, "/seed", &body).map(|_| ())
    }

    fn writes(&self, request: &Request<Bytes>) -> bool {
        request.method() != Method::GET
    }

    fn for_pages_of(&self, rows: usize, uri: &Uri) -> Option<Uri> {
        let query = uri.query()?;
        let mut short = false;
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| match name.as_ref() {
                "limit" => {
                    short = true;
                    (name.into_owned(), rows.to_string())
                }
                _ => (name.into_owned(), value.into_owned()),
            })
            .collect();
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let authority = uri.authority()?.as_str();
        let text = format!("https://{authority}{}?{query}", uri.path());
        text.parse().ok().filter(|_| short)
    }

    /// Without its cursor a list begins anew.
    fn for_page_again(&self, uri: &Uri) -> Option<Uri> {
        let pairs = || url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        pairs().find(|(name, _)| name == "after")?;
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs().filter(|(name, _)| name != "after"))
            .finish();
        let authority = uri.authority()?.as_str();
        format!("https://{authority}{}?{query}", uri.path()).parse().ok()
    }

    fn strike(&self, strike: Strike, request: &Request<Bytes>) -> Option<Value> {
        let rule = |kind: &str| json!({"rules": [{"kind": kind, "count": 1}]});
        match strike {
            Strike::TooMany => Some(rule("too_many_requests")),
            Strike::ServerError => {
                // As its own servers fail, or what stands before them.
                let own = request.uri().path().len().is_multiple_of(2);
                Some(rule(if own { "internal_error" } else { "bad_gateway" }))
            }
            Strike::Unauthorised => Some(rule("unauthorised")),
            Strike::Late(minutes) => {
                let rule = json!({"kind": "late_commit", "count": 1, "minutes": minutes});
                Some(json!({"rules": [rule]}))
            }
            Strike::Conflict => None,
        }
    }

    fn expire_tokens(&self) -> Option<Value> {
        None
    }

    fn lag(&self, outside: &Outside, minutes: i64) -> Result<(), String> {
        outside.control(self, "/faults", &json!({"stale_minutes": minutes})).map(|_| ())
    }

    fn lag_minutes_max(&self) -> i64 {
        // "A list may lag by minutes" (gocardless sheet section 30, row 11).
        9
    }

    fn has_events(&self) -> bool {
        true
    }

    fn delay_events(&self, outside: &Outside, seconds: u32) -> Result<(), String> {
        let body = json!({"settings": {"events_delay_seconds": seconds}});
        outside.control(self, "/seed", &body).map(|_| ())
    }

    fn make(&self, family: Family, stage: &mut Stage<'_>) -> Option<String> {
        moves::make(self, family, stage)
    }

    fn before_cut_over(&self, outside: &Outside, deed: &Deed<'_>) -> Option<String> {
        predecessor::make(self, outside, deed)
    }

    fn settle(&self, outside: &Outside, _now: Timestamp) -> Result<(), String> {
        outside.control(self, "/faults", &json!({"clear": true})).map(|_| ())
    }

    /// Owed items leave with the next positive payout only (gocardless sheet section 14).
    fn bring_money(&self, outside: &Outside) -> Result<Option<String>, String> {
        let payer = json!({
            "email": "somebody@elsewhere.example", "company_name": "Somebody Else",
            "country_code": "GB", "mandates": [{"currency": "GBP", "status": "active"}],
        });
        let made = outside.control(self, "/seed", &json!({"customers": [payer]}))?;
        let body = json!({
            "action": "create_payment", "mandate": made["mandates"][0], "amount": MONEY,
            "description": "Room hire",
        });
        let made = outside.control(self, "/act", &body)?;
        let id = text(&made["payment"]["id"]);
        Ok(Some(format!("somebody makes {id} over {MONEY} for nothing of ours")))
    }

    fn read_truth(&self, body: &Value, truth: &mut Truth) -> Result<(), String> {
        truth::read(body, truth)
    }
}
