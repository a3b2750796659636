//! What goes wrong on purpose: per endpoint by count or chance, stale lists, webhook troubles.
//! Every fault that strikes is counted in the ground truth.

use std::str::FromStr;

use bytes::Bytes;
use jiff::Timestamp;
use rand::Rng;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::Stored;
use super::errors::ApiError;
use super::lifecycle::Task;
use super::routes::{self, Found};
use super::time::minutes_after;
use super::world::World;
use crate::emulator::Outcome;

/// How a request is disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 429 without an effect.
    TooManyRequests,
    /// 500 JSON without an effect.
    InternalError,
    /// 500 JSON although the effect happened.
    InternalErrorAfterWrite,
    /// 502 HTML without an effect.
    BadGateway,
    /// 401 `access_token_not_active`.
    Unauthorised,
    /// No answer, no effect.
    TimeoutBefore,
    /// No answer although the effect happened.
    TimeoutAfterWrite,
    /// The connection breaks, no effect.
    ResetBefore,
    /// The connection breaks although the effect happened.
    ResetAfter,
    /// No answer, and the effect happens some minutes later.
    LateCommit,
}

impl FaultKind {
    /// Name in counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooManyRequests => "too_many_requests",
            Self::InternalError => "internal_error",
            Self::InternalErrorAfterWrite => "internal_error_after_write",
            Self::BadGateway => "bad_gateway",
            Self::Unauthorised => "unauthorised",
            Self::TimeoutBefore => "timeout_before",
            Self::TimeoutAfterWrite => "timeout_after_write",
            Self::ResetBefore => "reset_before",
            Self::ResetAfter => "reset_after",
            Self::LateCommit => "late_commit",
        }
    }

    /// Whether it only makes sense for requests that write.
    fn only_writes(self) -> bool {
        match self {
            Self::InternalErrorAfterWrite | Self::TimeoutAfterWrite | Self::LateCommit => true,
            Self::TooManyRequests
            | Self::InternalError
            | Self::BadGateway
            | Self::Unauthorised
            | Self::TimeoutBefore
            | Self::ResetBefore
            | Self::ResetAfter => false,
        }
    }
}

/// One rule; the first that strikes wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// What happens.
    pub kind: FaultKind,
    /// HTTP method; none: all (for faults after a write: all but GET).
    pub method: Option<String>,
    /// Path template (`/payments/:id/actions/cancel`); a `*` at the end takes any rest; none: all.
    pub path: Option<String>,
    /// Strikes that are left; none: no end.
    pub count: Option<u32>,
    /// Chance per request, in millionths.
    pub millionths: u32,
    /// Requests that pass before the first strike.
    pub skip: u32,
    /// Minutes of `late_commit`.
    pub minutes: i64,
}

/// Troubles of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookFaults {
    /// Nothing is sent; what happens meanwhile is never sent.
    pub off: bool,
    /// Every batch is sent so many times more, under other webhook ids.
    pub extra_copies: u32,
    /// Events within batches, and deliveries, in random order.
    pub shuffled: bool,
    /// Virtual minutes before the first attempt.
    pub delay_minutes: i64,
    /// So many of the next webhooks carry a wrong signature.
    pub wrong_signatures: u32,
    /// Failed deliveries are tried again.
    pub retries: bool,
}

impl Default for WebhookFaults {
    fn default() -> Self {
        Self {
            off: false,
            extra_copies: 0,
            shuffled: false,
            delay_minutes: 0,
            wrong_signatures: 0,
            retries: true,
        }
    }
}

impl WebhookFaults {
    /// Whether the next webhook is wrongly signed; uses one up.
    pub fn take_wrong_signature(&mut self) -> bool {
        let wrong = self.wrong_signatures > 0;
        self.wrong_signatures = self.wrong_signatures.saturating_sub(1);
        wrong
    }
}

/// All faults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// In order.
    pub rules: Vec<Rule>,
    /// Lists and the event list show the state of so many minutes ago.
    pub stale_minutes: i64,
    /// Webhooks.
    pub webhooks: WebhookFaults,
}

/// Reads one rule of `POST /faults`.
///
/// # Errors
/// A sentence about what is wrong.
pub fn read_rule(value: &Value) -> Result<Rule, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wire {
        kind: FaultKind,
        method: Option<String>,
        path: Option<String>,
        count: Option<u32>,
        probability: Option<Value>,
        #[serde(default)]
        skip: u32,
        minutes: Option<i64>,
    }
    let wire: Wire = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let millionths = match &wire.probability {
        None => 1_000_000,
        Some(given) => millionths(given)?,
    };
    let count = wire.count.or(wire.probability.is_none().then_some(1));
    Ok(Rule {
        kind: wire.kind,
        method: wire.method,
        path: wire.path,
        count,
        millionths,
        skip: wire.skip,
        minutes: wire.minutes.unwrap_or(5),
    })
}

fn millionths(value: &Value) -> Result<u32, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let wrong = || format!("{text} is no probability between 0 and 1");
    let chance = Decimal::from_str(&text).map_err(|_| wrong())?;
    let scaled = (chance * Decimal::from(1_000_000)).round();
    u32::try_from(scaled).ok().filter(|scaled| *scaled <= 1_000_000).ok_or_else(wrong)
}

impl World {
    /// Answers a request of a client, or does not.
    pub fn serve(
        &mut self,
        now: Timestamp,
        base_url: &str,
        request: http::Request<Bytes>,
    ) -> Outcome {
        let method = request.method().as_str().to_owned();
        let template = match routes::find(&method, request.uri().path()) {
            Found::Route(route, _) => route.path.to_owned(),
            Found::OtherMethod | Found::Nothing => request.uri().path().to_owned(),
        };
        *self.stats.requests.entry(format!("{method} {template}")).or_default() += 1;
        if self.faults.stale_minutes > 0 && method == "GET" && !template.contains(':') {
            self.stats.struck("stale_list");
        }
        let Some((kind, minutes)) = self.take_fault(&method, &template) else {
            return Outcome::Respond(self.answer(now, base_url, &request));
        };
        self.stats.struck(kind.name());
        match kind {
            FaultKind::TooManyRequests => Outcome::Respond(self.refuse_too_many(now)),
            FaultKind::InternalError => {
                Outcome::Respond(self.refuse_with(now, ApiError::internal()))
            }
            FaultKind::InternalErrorAfterWrite => {
                self.answer(now, base_url, &request);
                Outcome::Respond(self.refuse_with(now, ApiError::internal()))
            }
            FaultKind::BadGateway => Outcome::Respond(bad_gateway()),
            FaultKind::Unauthorised => {
                let message = "The access token is not active";
                let error = ApiError::usage(401, "access_token_not_active", message);
                Outcome::Respond(self.refuse_with(now, error))
            }
            FaultKind::TimeoutBefore => Outcome::NoAnswer,
            FaultKind::TimeoutAfterWrite => {
                self.answer(now, base_url, &request);
                Outcome::NoAnswer
            }
            FaultKind::ResetBefore => Outcome::Reset,
            FaultKind::ResetAfter => {
                self.answer(now, base_url, &request);
                Outcome::Reset
            }
            FaultKind::LateCommit => {
                let stored = Stored { base_url: base_url.to_owned(), request };
                let task = Task::LateCommit(Box::new(stored));
                self.agenda.plan(minutes_after(now, minutes), task);
                Outcome::NoAnswer
            }
        }
    }

    fn take_fault(&mut self, method: &str, template: &str) -> Option<(FaultKind, i64)> {
        for place in 0..self.faults.rules.len() {
            let Some(rule) = self.faults.rules.get_mut(place) else { continue };
            if !rule_fits(rule, method, template) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            let millionths = rule.millionths;
            if millionths < 1_000_000 && self.chance.random_range(0..1_000_000_u32) >= millionths {
                continue;
            }
            let rule = self.faults.rules.get_mut(place)?;
            let struck = (rule.kind, rule.minutes);
            rule.count = rule.count.map(|count| count.saturating_sub(1));
            if rule.count == Some(0) {
                self.faults.rules.remove(place);
            }
            return Some(struck);
        }
        None
    }
}

fn rule_fits(rule: &Rule, method: &str, template: &str) -> bool {
    let method_fits = match &rule.method {
        Some(wanted) => wanted.eq_ignore_ascii_case(method),
        None => !rule.kind.only_writes() || method != "GET",
    };
    let path_fits = rule.path.as_ref().is_none_or(|wanted| match wanted.strip_suffix('*') {
        Some(start) => template.starts_with(start),
        None => wanted == template,
    });
    method_fits && path_fits
}

fn bad_gateway() -> http::Response<Bytes> {
    let page = "<html><head><title>502 Bad Gateway</title></head>\
                <body><h1>502 Bad Gateway</h1></body></html>";
    let mut response = http::Response::new(Bytes::from_static(page.as_bytes()));
    *response.status_mut() = http::StatusCode::BAD_GATEWAY;
    let kind = http::HeaderValue::from_static("text/html");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}
