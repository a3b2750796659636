//! The control surface under `/_sandbox`: the clock, added latency, and each emulator's own paths.
//! It answers loopback callers only, and no web page of another origin.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::deliveries::is_loopback;
use super::driven::Driven;
use super::requests::{Failed, off_runtime};
use super::serving::Stage;
use super::timeline;
use crate::emulator::ControlError;

/// Longest jump of the clock: each virtual hour is a step, and eleven years are about 100,000.
const JUMP_MAX: SignedDuration = SignedDuration::from_hours(11 * 366 * 24);
/// Longest added latency, host milliseconds: as long as the harness holds an unanswered request.
const LATENCY_MILLISECONDS_MAX: u64 = 120_000;

/// A control call that was not done.
enum Refused {
    /// Nothing is there.
    NotFound(String),
    /// Another method is needed.
    Method(&'static str),
    /// The call says something that can not be done.
    Call(String),
    /// The caller may not.
    Caller(&'static str),
    /// The sandbox itself failed.
    Failed(Failed),
}

/// Body of `POST /_sandbox/clock`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClockOrder {
    jump_to: Option<Timestamp>,
    advance_seconds: Option<u32>,
    rate: Option<u32>,
    /// Answer only when the webhooks that became due were answered too.
    wait_for_deliveries: bool,
}

/// Body of `POST /_sandbox/<name>/latency`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LatencyOrder {
    milliseconds: u64,
}

/// What follows `/_sandbox` in a path of the control surface; `None` for the vendor's paths.
pub(super) fn path_of(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/_sandbox")?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
}

/// Answers a control call; `path` is what follows `/_sandbox`.
pub(super) async fn answer(
    stage: &Arc<Stage>,
    path: &str,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let (status, body) = match route(stage, path, request).await {
        Ok(value) => (StatusCode::OK, value),
        Err(Refused::NotFound(text)) => (StatusCode::NOT_FOUND, json!({ "error": text })),
        Err(Refused::Method(text)) => (StatusCode::METHOD_NOT_ALLOWED, json!({ "error": text })),
        Err(Refused::Call(text)) => (StatusCode::BAD_REQUEST, json!({ "error": text })),
        Err(Refused::Caller(text)) => (StatusCode::FORBIDDEN, json!({ "error": text })),
        Err(Refused::Failed(failed)) => return failed.response(),
    };
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

async fn route(stage: &Arc<Stage>, path: &str, request: &Request<Bytes>) -> Result<Value, Refused> {
    check_caller(request.headers())?;
    let method = request.method();
    match path {
        "" | "/" => only(method, &Method::GET, "GET only").map(|()| index(stage)),
        "/clock" if method == Method::GET => Ok(clock(stage)),
        "/clock" => {
            only(method, &Method::POST, "GET or POST only")?;
            move_clock(stage, read(request)?).await
        }
        _ => {
            let (name, rest) = split_name(path);
            let driven = stage.find(name).ok_or_else(|| {
                Refused::NotFound(format!("there is no emulator {name}; see /_sandbox"))
            })?;
            match rest {
                "/latency" => latency(driven, request),
                _ => emulator_control(driven, rest, request).await,
            }
        }
    }
}

/// A name that resolves to loopback or a page of another origin could otherwise reach the surface
/// through a browser on this host.
fn check_caller(headers: &HeaderMap) -> Result<(), Refused> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback(&url)) {
        return Err(Refused::Caller("the Host header must name a loopback address"));
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
    if origin.is_some_and(|url| is_loopback(&url)) {
        return Ok(());
    }
    Err(Refused::Caller("pages of other origins may not control the sandbox"))
}

fn only(method: &Method, wanted: &Method, text: &'static str) -> Result<(), Refused> {
    if method == wanted { Ok(()) } else { Err(Refused::Method(text)) }
}

/// `/name/rest` as `name` and `/rest` (which may be empty).
fn split_name(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.find('/').map_or((path, ""), |slash| path.split_at(slash))
}

fn index(stage: &Stage) -> Value {
    let emulators: Map<String, Value> = stage
        .driven
        .iter()
        .map(|driven| (driven.name().to_owned(), Value::from(driven.base_url())))
        .collect();
    json!({ "emulators": emulators, "clock": clock(stage) })
}

fn clock(stage: &Stage) -> Value {
    json!({ "now": stage.clock.now().to_string(), "rate": stage.clock.rate() })
}

async fn move_clock(stage: &Arc<Stage>, order: ClockOrder) -> Result<Value, Refused> {
    let now = stage.clock.now();
    let target = match (order.jump_to, order.advance_seconds) {
        (Some(_), Some(_)) => return Err(refused("give jump_to or advance_seconds, not both")),
        (Some(target), None) if target < now => {
            return Err(Refused::Call(format!("the clock never goes back; it is {now}")));
        }
        (Some(target), None) => Some(target),
        (None, Some(seconds)) => Some(
            now.checked_add(SignedDuration::from_secs(i64::from(seconds)))
                .map_err(|_| refused("the calendar ends before that"))?,
        ),
        (None, None) if order.rate.is_none() && !order.wait_for_deliveries => {
            return Err(refused("give jump_to, advance_seconds, rate or wait_for_deliveries"));
        }
        (None, None) => None,
    };
    if target.is_some_and(|target| target.duration_since(now) > JUMP_MAX) {
        return Err(refused("a jump covers at most eleven years"));
    }
    if let Some(rate) = order.rate {
        stage.clock.set_rate(rate);
    }
    if let Some(target) = target {
        timeline::jump(stage, target).await;
    }
    if order.wait_for_deliveries {
        timeline::settle(stage).await;
    }
    Ok(clock(stage))
}

fn latency(driven: &Driven, request: &Request<Bytes>) -> Result<Value, Refused> {
    if request.method() != Method::GET {
        only(request.method(), &Method::POST, "GET or POST only")?;
        let order: LatencyOrder = read(request)?;
        if order.milliseconds > LATENCY_MILLISECONDS_MAX {
            return Err(refused("the added latency is at most 120000 milliseconds"));
        }
        driven.set_latency_milliseconds(order.milliseconds);
    }
    Ok(json!({ "milliseconds": driven.latency_milliseconds() }))
}

/// An emulator's own path. A call without a body gets its query parameters as an object of
/// strings, or null.
async fn emulator_control(
    driven: &Arc<Driven>,
    path: &str,
    request: &Request<Bytes>,
) -> Result<Value, Refused> {
    let body = if request.body().is_empty() { query(request) } else { read(request)? };
    let (called, path) = (Arc::clone(driven), path.to_owned());
    let method = request.method().clone();
    off_runtime(move || called.call(|emulator, now| emulator.control(now, &method, &path, &body)))
        .await
        .map_err(Refused::Failed)?
        .map_err(|ControlError(text)| Refused::Call(text))
}

fn query(request: &Request<Bytes>) -> Value {
    let Some(text) = request.uri().query() else { return Value::Null };
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    Value::Object(pairs.map(|(name, value)| (name.into_owned(), value.into())).collect())
}

fn read<T: serde::de::DeserializeOwned>(request: &Request<Bytes>) -> Result<T, Refused> {
    serde_json::from_slice(request.body())
        .map_err(|error| Refused::Call(format!("the body is not what this path takes: {error}")))
}

fn refused(text: &str) -> Refused {
    Refused::Call(text.to_owned())
}
