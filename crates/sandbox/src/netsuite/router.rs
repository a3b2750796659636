//! Sends each request to what answers it, injected faults first (netsuite sheet sections 5.1,
//! 5.13, 5.16, 8.1).

use super::auth::{self, Credentials};
use super::errors::{ApiError, Result};
use super::faults::FaultKind;
use super::http_io::{Call, PAGE_MAX, Reply, respond};
use super::kind::Kind;
use super::record_json::{Renderer, View};
use super::records::lists::is_writable;
use super::service::Address;
use super::state::{LateWrite, Level, State};
use super::store::{Record, num_of, ref_of};
use super::{metadata, q_filter, suiteql};
use crate::emulator::Outcome;
use bytes::Bytes;
use http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;

/// Answers a request of the vendor's API.
pub fn handle(state: &mut State, base_url: &str, request: Request<Bytes>) -> Outcome {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    *state.journal.requests.entry(template(&method, &path)).or_default() += 1;
    match state.faults.on_request(&method, &path) {
        None => Outcome::Respond(answer(state, base_url, &request, true)),
        Some(FaultKind::Status { status }) => {
            let error = injected(state, status);
            Outcome::Respond(respond(state, Reply::Error(error)))
        }
        Some(FaultKind::TimeoutBefore) => Outcome::NoAnswer,
        Some(FaultKind::ResetBefore) => Outcome::Reset,
        Some(FaultKind::TimeoutAfterWrite) => {
            answer(state, base_url, &request, true);
            Outcome::NoAnswer
        }
        Some(FaultKind::ResetAfter) => {
            answer(state, base_url, &request, true);
            Outcome::Reset
        }
        Some(FaultKind::LateCommit { minutes }) => {
            let due = state.now + SignedDuration::from_mins(minutes);
            state.late.push(LateWrite { due, base_url: base_url.to_owned(), request });
            Outcome::NoAnswer
        }
        Some(
            FaultKind::Reject { .. } | FaultKind::MandatoryField { .. } | FaultKind::RecordChanged,
        ) => Outcome::Respond(answer(state, base_url, &request, true)),
    }
}

/// Lets every late write happen that is due.
pub fn run_late(state: &mut State) {
    let now = state.now;
    let mut due: Vec<LateWrite> = Vec::new();
    let mut waiting = Vec::new();
    for write in std::mem::take(&mut state.late) {
        if write.due <= now { due.push(write) } else { waiting.push(write) }
    }
    state.late = waiting;
    due.sort_by_key(|write| write.due);
    for write in due {
        state.now = write.due;
        answer(state, &write.base_url, &write.request, false);
    }
    state.now = now;
}

fn injected(state: &mut State, status: u16) -> ApiError {
    match status {
        401 => ApiError::login(&state.account_id, "Bearer"),
        403 => ApiError::permission("Injected"),
        409 => ApiError::changed(),
        429 => ApiError::concurrency(),
        status => {
            let id = state.uuid();
            ApiError::unexpected(status, &id)
        }
    }
}

fn answer(
    state: &mut State,
    base_url: &str,
    request: &Request<Bytes>,
    login: bool,
) -> http::Response<Bytes> {
    let reply = match Call::new(base_url, request) {
        Ok(call) => route(state, base_url, &call, login).unwrap_or_else(Reply::Error),
        Err(error) => Reply::Error(error),
    };
    let transient = matches!(&reply, Reply::Json("collection", _))
        && request.uri().path().ends_with("/suiteql");
    let mut response = respond(state, reply);
    if transient {
        let value = http::HeaderValue::from_static("transient");
        response.headers_mut().insert("Preference-Applied", value);
    }
    response
}

fn route(state: &mut State, base_url: &str, call: &Call<'_>, login: bool) -> Result<Reply> {
    if call.method == "OPTIONS" {
        return Ok(Reply::Done(None));
    }
    if call.path == auth::TOKEN_PATH {
        if call.method != "POST" {
            return Err(ApiError::method(&call.path));
        }
        let kind = call.header("content-type").unwrap_or_default();
        let (status, body) = auth::token(state, base_url, kind, call.body);
        return Ok(Reply::Token(status, body));
    }
    if login {
        let credentials = Credentials {
            method: call.method,
            url: format!("{}{}", base_url.trim_end_matches('/'), call.path),
            query: call.href.split_once('?').map_or("", |(_, query)| query),
            authorization: call.header("authorization"),
            cookies: call.headers.contains_key("cookie"),
        };
        auth::check(state, &credentials)?;
    }
    if call.prefers("respond-async") {
        return Err(ApiError::bad_header("Prefer", "Asynchronous requests are not offered."));
    }
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match segments[..] {
        ["record", "v1", "metadata-catalog", ..] => metadata::answer(state, base_url, call),
        ["record", "v1", kind, ref rest @ ..] => record(state, base_url, call, kind, rest),
        ["query", "v1", "suiteql"] if call.method == "POST" => suiteql::answer(state, call),
        ["query", "v1", "suiteql"] => Err(ApiError::method(&call.path)),
        ["system", "v1", "serverTime"] if call.method == "GET" => {
            let now = super::record_json::stamp(state.now);
            Ok(Reply::Json("singular", json!({ "serverTime": now })))
        }
        ["system", "v1", "governanceLimits"] if call.method == "GET" => governance(state),
        _ => Err(ApiError::no_such_url(&call.path)),
    }
}

/// Readable by administrators only (sheet section 20, row 1).
fn governance(state: &State) -> Result<Reply> {
    if !state.settings.administrator {
        return Err(ApiError::permission("Setup -> Integration Management"));
    }
    let limit = state.settings.concurrency_limit;
    let body = json!({
        "accountConcurrencyLimit": limit,
        "accountUnallocatedConcurrencyLimit": limit,
        "integrationLimitType": "accountLimit",
    });
    Ok(Reply::Json("singular", body))
}

fn record(
    state: &mut State,
    base_url: &str,
    call: &Call<'_>,
    name: &str,
    rest: &[&str],
) -> Result<Reply> {
    let kind = state.kind_of(name, &call.path)?;
    let level = match call.method {
        "GET" => Level::View,
        "POST" => Level::Create,
        "DELETE" => Level::Full,
        _ => Level::Edit,
    };
    if let [_, "!transform", _] = rest {
        state.permit(&kind, Level::View)?;
    } else {
        state.permit(&kind, level)?;
    }
    let writes = level != Level::View;
    if writes && !is_writable(&kind) {
        return Err(ApiError::method(&call.path));
    }
    let root = format!("{}/services/rest/record/v1", base_url.trim_end_matches('/'));
    match (call.method, rest) {
        ("GET", []) => list(state, &root, call, name, &kind),
        ("POST", []) => {
            call.only_params(&["replace"])?;
            let op = call.op(state, true)?;
            let id = state.create(&kind, name, None, &call.json(false)?, &op)?;
            Ok(Reply::Done(Some(location(&root, name, id))))
        }
        ("GET", [id]) => get(state, root, call, &kind, id),
        ("PATCH", [id]) => {
            call.only_params(&["replace", "replaceSelectedFields"])?;
            if state.faults.on_change(&call.path) {
                return Err(ApiError::changed());
            }
            let op = call.op(state, false)?;
            let id = state.patch(&kind, &Address::parse(id)?, &call.json(false)?, &op)?;
            Ok(Reply::Done(Some(location(&root, name, id))))
        }
        ("PUT", [id]) => put(state, &root, call, name, &kind, id),
        ("DELETE", [id]) => {
            let op = call.op(state, false)?;
            state.delete(&kind, &Address::parse(id)?, &op)?;
            Ok(Reply::Done(None))
        }
        ("POST", [id, "!transform", target]) => {
            let target_kind = state.kind_of(target, &call.path)?;
            state.permit(&target_kind, Level::Create)?;
            let op = call.op(state, true)?;
            let body = call.json(true)?;
            let id = state.transform(&kind, &Address::parse(id)?, &target_kind, &body, &op)?;
            let told = state.settings.location_everywhere;
            Ok(Reply::Done(told.then(|| location(&root, target, id))))
        }
        ("GET", [id, sublist, line @ ..]) if line.len() <= 1 => {
            let record = state.find(&kind, &Address::parse(id)?)?;
            sub_resource(state, root, call, &record, sublist, line.first().copied())
        }
        _ => Err(ApiError::method(&call.path)),
    }
}

/// The address of a record. The server spells the type in lower case, whatever the request did.
fn location(root: &str, name: &str, id: i64) -> String {
    format!("{root}/{}/{id}", name.to_lowercase())
}

fn put(
    state: &mut State,
    root: &str,
    call: &Call<'_>,
    name: &str,
    kind: &Kind,
    id: &str,
) -> Result<Reply> {
    let Address::External(external_id) = Address::parse(id)? else {
        return Err(ApiError::method(&call.path));
    };
    let op = call.op(state, true)?;
    let id = state.upsert(kind, name, &external_id, &call.json(false)?, &op)?;
    let told = state.settings.location_everywhere;
    Ok(Reply::Done(told.then(|| location(root, name, id))))
}

fn words(list: Option<&str>) -> Option<std::collections::BTreeSet<String>> {
    Some(list?.split(',').map(|word| word.trim().to_lowercase()).collect())
}

fn view(call: &Call<'_>) -> View {
    let is_true = |name: &str| call.param(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
    View {
        expand_all: is_true("expandSubResources"),
        expand: words(call.param("expand")).unwrap_or_default(),
        fields: words(call.param("fields")),
        simple_enums: is_true("simpleEnumFormat"),
        self_href: call.href.clone(),
    }
}

fn get(state: &State, root: String, call: &Call<'_>, kind: &Kind, id: &str) -> Result<Reply> {
    call.only_params(&["expandSubResources", "expand", "fields", "simpleEnumFormat"])?;
    let record = state.find(kind, &Address::parse(id)?)?;
    let view = view(call);
    for name in view.fields.iter().flatten() {
        let known = state.field(kind, name).is_some()
            || super::input::sublist(kind, name).is_some()
            || ["id", "externalid", "links", "createddate", "datecreated", "lastmodifieddate"]
                .contains(&name.as_str());
        if !known {
            let text = format!("Field {name} is not valid for this record.");
            return Err(ApiError::bad_param("fields", text));
        }
    }
    let renderer = Renderer { state, root, view };
    Ok(Reply::Json("singular", renderer.singular(&record)))
}

fn sub_resource(
    state: &State,
    root: String,
    call: &Call<'_>,
    record: &Record,
    name: &str,
    line: Option<&str>,
) -> Result<Reply> {
    let Some(sublist) = super::input::sublist(&record.kind, name) else {
        return Err(ApiError::no_such_url(&call.path));
    };
    let renderer = Renderer { state, root, view: view(call) };
    let links = json!([{"rel": "self", "href": call.href, "method": "GET"}]);
    let all = renderer.sublist_items(record, sublist, links.clone());
    let Some(line) = line else { return Ok(Reply::Json("collection", all)) };
    let key = sublist.key.unwrap_or_default();
    let wanted: Option<i64> = line.parse().ok();
    let at = record.list(sublist.name).iter().position(|stored| {
        let number = num_of(stored, key).and_then(|number| i64::try_from(number).ok());
        wanted.is_some() && (number == wanted || ref_of(stored, key) == wanted)
    });
    let mut found =
        at.and_then(|at| all["items"].get(at).cloned()).ok_or_else(ApiError::nonexistent)?;
    found["links"] = links;
    Ok(Reply::Json("singular", found))
}

fn list(state: &State, root: &str, call: &Call<'_>, name: &str, kind: &Kind) -> Result<Reply> {
    call.only_params(&["q", "limit", "offset"])?;
    let (limit, offset) = call.page()?;
    let filter = call.param("q").map(|text| q_filter::parse(state, kind, text)).transpose()?;
    let named =
        |record: &Record| *kind != Kind::Item || record.rest_name().eq_ignore_ascii_case(name);
    let mut ids = Vec::new();
    for record in state.store.of(kind) {
        let record: &Arc<Record> = record;
        let shown = named(record) && state.role.sees(record.reference("subsidiary"));
        if shown && filter.as_ref().is_none_or(|filter| filter.holds(state, record)) {
            ids.push(record.id);
        }
    }
    let total = ids.len().min(PAGE_MAX * limit);
    let items: Vec<Value> = ids
        .iter()
        .take(total)
        .skip(offset)
        .take(limit)
        .map(|id| {
            let href = location(root, name, *id);
            json!({"links": [{"rel": "self", "href": href, "method": "GET"}], "id": id.to_string()})
        })
        .collect();
    let address = format!("{root}/{}", name.to_lowercase());
    let q = call.param("q");
    let body = page(&call.href, &address, q, items, (limit, offset, total), "GET");
    Ok(Reply::Json("collection", body))
}

/// A page of a collection with its links. The `last` link is as wrong as in real answers: its
/// offset is the index of the last page, rounded down to a multiple of the limit (section 5.5).
pub fn page(
    self_href: &str,
    address: &str,
    q: Option<&str>,
    items: Vec<Value>,
    (limit, offset, total): (usize, usize, usize),
    method: &str,
) -> Value {
    let href = |offset: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &limit.to_string()).append_pair("offset", &offset.to_string());
        if let Some(q) = q {
            query.append_pair("q", q);
        }
        format!("{address}?{}", query.finish())
    };
    let more = offset + items.len() < total;
    let mut links = Vec::new();
    if offset > 0 {
        let previous = href(offset.saturating_sub(limit));
        links.push(json!({"rel": "previous", "href": previous}));
        links.push(json!({"rel": "first", "href": href(0)}));
    }
    if more {
        let pages = total.div_ceil(limit);
        let last = (pages.saturating_sub(1) / limit) * limit;
        links.push(json!({"rel": "next", "href": href(offset + limit)}));
        links.push(json!({"rel": "last", "href": href(last)}));
    }
    links.push(json!({"rel": "self", "href": self_href, "method": method}));
    json!({
        "links": links,
        "count": items.len(),
        "hasMore": more,
        "items": items,
        "offset": offset,
        "totalResults": total,
    })
}

/// The method and path of a request with ids taken out, as the journal counts them.
fn template(method: &str, path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| {
            let digits = part.strip_prefix('-').unwrap_or(part);
            let lower = part.to_lowercase();
            if lower.starts_with("eid:") || lower.starts_with("eid%3a") {
                "eid:{externalId}"
            } else if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                "{id}"
            } else {
                part
            }
        })
        .collect();
    format!("{method} {}", parts.join("/"))
}
