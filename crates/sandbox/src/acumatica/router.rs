//! Sends each request to what answers it: injected faults first, then the licence's limits, then
//! the sign-in, then the endpoint (acumatica sheet sections 1–8).

use super::auth::{cookies, oauth};
use super::contract::{self, Entity};
use super::documents::Op;
use super::errors::{ApiError, Result};
use super::faults::FaultKind;
use super::http_io::{Call, Reply};
use super::operations;
use super::query::Options;
use super::render::View;
use super::service::{Conditions, Service};
use super::state::{LateWrite, State};
use super::{files, metadata, service};
use crate::emulator::Outcome;
use bytes::Bytes;
use http::Request;
use jiff::SignedDuration;
use jiff::civil::Date;
use serde_json::{Value, json};

/// Answers a request of the vendor's API.
pub fn handle(state: &mut State, base_url: &str, request: Request<Bytes>) -> Outcome {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    *state.journal.requests.entry(template(&method, &path)).or_default() += 1;
    let reply = match state.faults.on_request(&method, &path) {
        None => answer(state, base_url, &request),
        Some(FaultKind::Status { status }) => injected(status),
        Some(FaultKind::Html { status }) => Reply::html(status, "The service is unavailable."),
        Some(FaultKind::OauthError { error }) => Reply::json(400, &json!({ "error": error })),
        Some(FaultKind::Redirect) => {
            Reply::empty(302).header("Location", "/Frames/Login.aspx?ReturnUrl=%2f")
        }
        Some(FaultKind::Deadlock) => {
            let text = "Transaction (Process ID 61) was deadlocked on lock resources with another \
                        process and has been chosen as the deadlock victim. Rerun the transaction.";
            let kind = "System.Data.SqlClient.SqlException";
            Reply::error(&ApiError::Exception(500, text.to_owned(), kind))
        }
        Some(FaultKind::TimeoutBefore) => return Outcome::NoAnswer,
        Some(FaultKind::ResetBefore) => return Outcome::Reset,
        Some(FaultKind::TimeoutAfterWrite) => {
            answer(state, base_url, &request);
            return Outcome::NoAnswer;
        }
        Some(FaultKind::ResetAfter) => {
            answer(state, base_url, &request);
            return Outcome::Reset;
        }
        Some(FaultKind::LateCommit { minutes }) => {
            let site = state.settings.site.clone();
            let call = Call::new(&site, &request);
            let caller = call.map(|call| state.authenticate(&call));
            // Without a sign-in nothing happens late either.
            let Some(Ok(caller)) = caller else {
                return Outcome::Respond(answer(state, base_url, &request).response());
            };
            let due = state.now + SignedDuration::from_mins(minutes);
            state.late.push(LateWrite { due, session: caller.session, request });
            return Outcome::NoAnswer;
        }
        Some(_) => answer(state, base_url, &request),
    };
    Outcome::Respond(reply.response())
}

/// Lets every late write happen that is due. The sign-in is that of the time when it was sent.
pub fn run_late(state: &mut State) {
    let now = state.now;
    let (mut due, waiting): (Vec<LateWrite>, Vec<LateWrite>) =
        std::mem::take(&mut state.late).into_iter().partition(|write| write.due <= now);
    state.late = waiting;
    due.sort_by_key(|write| write.due);
    for write in due {
        state.now = write.due;
        let site = state.settings.site.clone();
        if let Some(call) = Call::new(&site, &write.request) {
            let _answered = endpoint(state, &call, &write.session);
        }
    }
    state.now = now;
}

fn injected(status: u16) -> Reply {
    let error = match status {
        401 => ApiError::unauthorized(),
        429 => ApiError::Simple(429, "Too many requests.".to_owned()),
        500 => ApiError::px("Error: An unexpected error has occurred."),
        status => ApiError::Simple(status, "An error has occurred.".to_owned()),
    };
    Reply::error(&error)
}

fn answer(state: &mut State, base_url: &str, request: &Request<Bytes>) -> Reply {
    let site = state.settings.site.clone();
    let Some(call) = Call::new(&site, request) else {
        return Reply::html(404, "The resource cannot be found.");
    };
    if let Some(declined) = declined(state, &call) {
        return declined;
    }
    let first = call.segments.first().map(String::as_str);
    let routed = match first {
        Some("identity") => Ok(oauth::answer(state, base_url, &call)),
        Some("entity") => entity(state, &call),
        Some("Frames") => login_page(state, &call),
        _ => Err(ApiError::not_found("No HTTP resource was found.")),
    };
    routed.unwrap_or_else(|error| Reply::error(&error))
}

/// Counts requests per minute; logging out does not count (section 4).
fn declined(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    let minute = state.now.as_second().div_euclid(60);
    if state.journal.minute.0 != minute {
        state.journal.minute = (minute, 0);
    }
    let limit = state.settings.per_minute;
    if limit == 0 || call.path.ends_with("/entity/auth/logout") {
        return None;
    }
    if state.journal.minute.1 >= limit {
        state.journal.declined += 1;
        let reply = injected(429);
        return Some(if state.settings.retry_after {
            let left = 60 - state.now.as_second().rem_euclid(60);
            reply.header("Retry-After", &left.to_string())
        } else {
            reply
        });
    }
    state.journal.minute.1 += 1;
    None
}

/// The one page that tells the tenant (section 3).
fn login_page(state: &mut State, call: &Call<'_>) -> Result<Reply> {
    if call.segments.get(1).map(String::as_str) != Some("Login.aspx") {
        return Err(ApiError::not_found("No HTTP resource was found."));
    }
    state.authenticate(call)?;
    let input = format!(
        "<input type=\"hidden\" name=\"txtSingleCompany\" id=\"txtSingleCompany\" value=\"{}\" />",
        state.tenant
    );
    Ok(Reply::html(200, &input))
}

fn entity(state: &mut State, call: &Call<'_>) -> Result<Reply> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["entity"] if call.method == "GET" => Ok(Reply::json(200, &metadata::endpoints(state))),
        ["entity", "auth", "login"] => cookies::login(state, call),
        ["entity", "auth", "logout"] if call.method == "POST" => cookies::logout(state, call),
        _ => {
            let caller = state.authenticate(call)?;
            let mut reply =
                endpoint(state, call, &caller.session).unwrap_or_else(|error| Reply::error(&error));
            for cookie in &caller.cookies {
                reply = reply.header("Set-Cookie", cookie);
            }
            Ok(reply)
        }
    }
}

/// `/entity/{endpoint}/{version}/…`, signed in.
fn endpoint(state: &mut State, call: &Call<'_>, session: &str) -> Result<Reply> {
    let nothing = || ApiError::not_found("No HTTP resource was found.");
    let (name, version) = call.segments.get(1).zip(call.segments.get(2)).ok_or_else(nothing)?;
    let year = contract::year_of(version).filter(|_| name == "Default").ok_or_else(nothing)?;
    let rest = &call.segments[3..];
    let Some((first, rest)) = rest.split_first() else { return Err(nothing()) };
    if first == "swagger.json" && rest.is_empty() {
        return Ok(Reply::json(200, &metadata::swagger(state, version, year)));
    }
    if first == "files" {
        return files::answer(state, call, rest);
    }
    let entity = contract::entity(first, year).ok_or_else(nothing)?;
    let at = Place { entity, year, version, session };
    match (call.method, rest) {
        ("GET", [schema]) if schema == "$adHocSchema" => {
            Ok(Reply::json(200, &metadata::ad_hoc_schema(state, entity, year)))
        }
        ("GET", [_, status, id]) if status == "status" => operations::poll(state, id),
        ("GET", []) => list(state, call, &at),
        ("GET", keys) => {
            let options = Options::read(call, entity, year)?;
            let service = at.service(state, call)?;
            let record = service.by_path(state, keys)?;
            Ok(Reply::json(200, &at.view(state, &options).record(&record, 1)))
        }
        ("PUT", []) => write(state, call, &at, false),
        ("PATCH", []) => write(state, call, &at, true),
        ("DELETE", keys) if !keys.is_empty() => {
            at.service(state, call)?.delete(state, keys)?;
            Ok(Reply::empty(204))
        }
        ("POST", [action]) => act(state, call, &at, action),
        // 405 or 406 is UNVERIFIED (section 21).
        _ => Err(ApiError::Simple(405, "The requested resource does not support it.".to_owned())),
    }
}

struct Place<'a> {
    entity: &'static Entity,
    year: u8,
    version: &'a str,
    session: &'a str,
}

impl Place<'_> {
    fn service(&self, state: &State, call: &Call<'_>) -> Result<Service<'static>> {
        let date = match call.header("px-cbapibusinessdate") {
            Some(text) => {
                text.get(..10).and_then(|text| text.parse::<Date>().ok()).ok_or_else(|| {
                    ApiError::query("PX-CbApiBusinessDate", "The value is not a date.")
                })?
            }
            None => state.today(),
        };
        let op = Op {
            person: false,
            session: self.session.to_owned(),
            branch: state.branch_of(call, self.session),
            business_date: date,
            entity: self.entity.name.clone(),
        };
        Ok(Service { entity: self.entity, year: self.year, op })
    }

    fn view<'v>(&'v self, state: &'v State, options: &'v Options) -> View<'v> {
        View {
            state,
            entity: self.entity,
            year: self.year,
            version: self.version,
            endpoint: "Default",
            options,
            session: self.session,
        }
    }
}

fn list(state: &mut State, call: &Call<'_>, at: &Place<'_>) -> Result<Reply> {
    let options = Options::read(call, at.entity, at.year)?;
    let found = at.service(state, call)?.list(state, &options)?;
    let view = at.view(state, &options);
    let shown =
        found.iter().enumerate().map(|(index, record)| view.record(record, index + 1)).collect();
    Ok(Reply::json(200, &Value::Array(shown)))
}

fn write(state: &mut State, call: &Call<'_>, at: &Place<'_>, patch: bool) -> Result<Reply> {
    let body = call.json()?;
    let options = Options::read(call, at.entity, at.year)?;
    let star = |name: &str| match call.header(name) {
        None => Ok(false),
        Some("*") => Ok(true),
        // There are no entity tags, only `*` (section 6).
        Some(_) => Err(ApiError::query(name, "Only * is supported.")),
    };
    let when = Conditions { absent: star("if-none-match")?, present: star("if-match")?, patch };
    if patch && when.absent {
        return Err(ApiError::Precondition);
    }
    let service = at.service(state, call)?;
    let id = service.upsert(state, &body, &options, when, call.path)?;
    let record = id.and_then(|id| state.store.get(&id).cloned());
    let shown = Options { select: None, filter: None, ..options };
    match record {
        Some(record) => Ok(Reply::json(200, &at.view(state, &shown).record(&record, 1))),
        // Nothing was saved, and the answer looks as if it had been (section 16, row 1).
        None => {
            let mut echo = Value::Object(body);
            echo["id"] = Value::String(state.uuid());
            echo["rowNumber"] = json!(1);
            Ok(Reply::json(200, &echo))
        }
    }
}

fn act(state: &mut State, call: &Call<'_>, at: &Place<'_>, action: &str) -> Result<Reply> {
    let body = call.json()?;
    let service = at.service(state, call)?;
    let (operation, record) = service.act(state, action, &body, call.path)?;
    if let Some(operation) = operation {
        let prefix = &state.settings.location_prefix;
        let location = format!("{prefix}{}/status/{operation}", call.path);
        return Ok(Reply::empty(202).header("Location", &location));
    }
    // A Location comes with 204 too, in a short form that is not to be followed (section 8).
    let base = call.path.strip_suffix(&format!("/{action}")).unwrap_or(call.path);
    Ok(Reply::empty(204).header("Location", &format!("{base}/{record}")))
}

/// A path with ids, numbers and keys replaced, for counting.
fn template(method: &str, path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| {
            let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if service::is_guid(part) {
                "{id}"
            } else if number {
                "{number}"
            } else {
                part
            }
        })
        .collect();
    format!("{method} {}", parts.join("/"))
}
