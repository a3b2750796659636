//! Requests taken apart and answers put together: headers, query parameters, bodies
//! (netsuite sheet sections 1, 5.3, 5.4).

use super::errors::{ApiError, Result};
use super::input::{Names, Op};
use super::state::{Level, State};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Largest and default page.
pub const PAGE_MAX: usize = 1000;

/// A request with its path below `/services/rest/` and its query read.
pub struct Call<'a> {
    pub method: &'a str,
    pub path: String,
    pub segments: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
    /// Absolute address of the request, for `self` links.
    pub href: String,
}

impl<'a> Call<'a> {
    /// Takes a request apart.
    pub fn new(base_url: &str, request: &'a Request<Bytes>) -> Result<Call<'a>> {
        let path = request.uri().path();
        if path.contains("%20") || path.contains('+') {
            return Err(ApiError::bad_request("Invalid url. Spaces are not allowed in the URL."));
        }
        let tail = path.find("/services/rest").map_or(path, |at| &path[at..]);
        let rest = tail.trim_start_matches("/services/rest");
        let decode = |segment: &str| percent_decode(segment);
        let segments: Vec<String> =
            rest.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let raw = request.uri().query().unwrap_or_default();
        let query = url::form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
        let question = if raw.is_empty() { "" } else { "?" };
        Ok(Call {
            method: request.method().as_str(),
            path: tail.to_owned(),
            segments,
            query,
            headers: request.headers(),
            body: request.body(),
            href: format!("{}{tail}{question}{raw}", base_url.trim_end_matches('/')),
        })
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Refuses query parameters that the resource does not know.
    pub fn only_params(&self, known: &[&str]) -> Result<()> {
        match self.query.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, _)) => {
                Err(ApiError::bad_param(key, format!("Invalid query parameter name {key}.")))
            }
            None => Ok(()),
        }
    }

    /// `limit` and `offset`: at most 1000 rows, the offset a multiple of the limit.
    pub fn page(&self) -> Result<(usize, usize)> {
        let number = |name: &'static str, default: usize| -> Result<usize> {
            let Some(text) = self.param(name) else { return Ok(default) };
            let refuse =
                || ApiError::bad_param(name, format!("Invalid value {text} of parameter {name}."));
            text.parse().map_err(|_| refuse())
        };
        let limit = number("limit", PAGE_MAX)?;
        let offset = number("offset", 0)?;
        if limit == 0 || limit > PAGE_MAX {
            let text = format!("The limit {limit} is not between 1 and {PAGE_MAX}.");
            return Err(ApiError::bad_param("limit", text));
        }
        if !offset.is_multiple_of(limit) {
            let text = format!("The offset {offset} is not divisible by the limit {limit}.");
            return Err(ApiError::bad_param("offset", text));
        }
        Ok((limit, offset))
    }

    /// Whether a `Prefer` header holds this preference.
    pub fn prefers(&self, wanted: &str) -> bool {
        let values = self.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(wanted))
    }

    /// The body as a JSON object; an empty body reads as `{}` when `optional`.
    pub fn json(&self, optional: bool) -> Result<Map<String, Value>> {
        if let Some(kind) = self.header("content-type") {
            let kind = kind.to_lowercase();
            let fits = kind.starts_with("application/json")
                || kind.starts_with("application/vnd.oracle.resource+json");
            if !fits && !self.body.is_empty() {
                let text = "Invalid content type in the request header.";
                return Err(ApiError::bad_header("Content-Type", text));
            }
        }
        if self.body.is_empty() && optional {
            return Ok(Map::new());
        }
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(ApiError::bad_request("Invalid content in the request body.")),
        }
    }

    /// How a write is meant.
    pub fn op(&self, state: &State, create: bool) -> Result<Op> {
        let mode = self
            .header("x-netsuite-propertynamevalidation")
            .unwrap_or(&state.settings.default_name_validation);
        let names = match mode.to_lowercase().as_str() {
            "error" => Names::Error,
            "warning" | "ignore" => Names::Ignore,
            _ => {
                let text = "Invalid value of header X-NetSuite-PropertyNameValidation.";
                return Err(ApiError::bad_header("X-NetSuite-PropertyNameValidation", text));
            }
        };
        let replace: BTreeSet<String> = self
            .param("replace")
            .into_iter()
            .flat_map(|list| list.split(','))
            .map(|name| name.trim().to_lowercase())
            .filter(|name| !name.is_empty())
            .collect();
        Ok(Op {
            names,
            replace,
            person: false,
            create,
            period_override: state.role.may("ADMI_PERIODOVERRIDE", Level::Full),
        })
    }
}

/// What an answer carries.
pub enum Reply {
    /// 200 with a JSON body: its `type` parameter and the body.
    Json(&'static str, Value),
    /// 200 with a JSON body of another content type.
    Typed(&'static str, Value),
    /// 204 with the address of the record, where it is told.
    Done(Option<String>),
    /// The token endpoint's plain JSON.
    Token(u16, Value),
    Error(ApiError),
}

/// Builds the answer with the headers that real answers carry.
pub fn respond(state: &mut State, reply: Reply) -> Response<Bytes> {
    let job = state.uuid();
    let operation = state.uuid();
    let realm = state.account_id.clone();
    let mut builder = Response::builder()
        .header("Cache-Control", "No-Cache")
        .header("Pragma", "No-Cache")
        .header("Expires", "0")
        .header("Strict-Transport-Security", "max-age=31536000")
        .header("X-Content-Type-Options", "nosniff")
        .header("X-NetSuite-JobId", job)
        .header("X-N-OperationId", operation);
    let typed =
        |kind: &str| format!("application/vnd.oracle.resource+json; type={kind}; charset=UTF-8");
    let (status, content_type, body) = match reply {
        Reply::Json(kind, body) => (200, typed(kind), body.to_string()),
        Reply::Typed(kind, body) => (200, kind.to_owned(), body.to_string()),
        Reply::Done(location) => {
            if let Some(location) = location {
                builder = builder.header("Location", location);
            }
            (204, "application/json".to_owned(), String::new())
        }
        Reply::Token(status, body) => {
            if status == 401 {
                builder = builder.header("WWW-Authenticate", format!("Basic realm=\"{realm}\""));
            }
            (status, "application/json;charset=UTF-8".to_owned(), body.to_string())
        }
        Reply::Error(error) => {
            if !error.challenge.is_empty() {
                builder = builder.header("WWW-Authenticate", &error.challenge);
            }
            (error.status, typed("error"), error.body().to_string())
        }
    };
    builder
        .status(status)
        .header("Content-Type", content_type)
        .body(Bytes::from(body))
        .unwrap_or_else(|_| Response::new(Bytes::new()))
}

fn percent_decode(segment: &str) -> String {
    let plain = segment.replace('+', "%2B");
    let escaped = plain.replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(format!("v={escaped}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
