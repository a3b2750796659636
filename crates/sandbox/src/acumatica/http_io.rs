//! Requests taken apart and answers put together.

use super::errors::{ApiError, Result};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A request with its path below the site and its query read.
pub struct Call<'a> {
    pub method: &'a str,
    /// The path as it came, site included.
    pub path: &'a str,
    /// Decoded segments below the site.
    pub segments: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
}

impl<'a> Call<'a> {
    /// Takes a request apart; `None` when its path is not below the site.
    pub fn new(site: &str, request: &'a Request<Bytes>) -> Option<Call<'a>> {
        let path = request.uri().path();
        let rest = path.strip_prefix(site)?;
        // A key with a slash can not stand in a path, encoded or not (section 6).
        let rest = decode(rest);
        let segments = rest.split('/').filter(|segment| !segment.is_empty());
        let segments = segments.map(str::to_owned).collect();
        let raw = request.uri().query().unwrap_or_default();
        Some(Call {
            method: request.method().as_str(),
            path,
            segments,
            query: url::form_urlencoded::parse(raw.as_bytes()).into_owned().collect(),
            headers: request.headers(),
            body: request.body(),
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

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let headers = self.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
        let mut pairs = headers.flat_map(|header| header.split(';'));
        let found = pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
        found.filter(|value| !value.is_empty()).map(str::to_owned)
    }

    fn content_type(&self) -> String {
        let named = self.header("content-type").unwrap_or_default().to_lowercase();
        named.split(';').next().unwrap_or_default().trim().to_owned()
    }

    /// The body as a form.
    pub fn form(&self) -> Option<BTreeMap<String, String>> {
        let fits = self.content_type() == "application/x-www-form-urlencoded";
        fits.then(|| url::form_urlencoded::parse(self.body).into_owned().collect())
    }

    /// The body as a JSON object, or a form read as one.
    pub fn body_or_form(&self) -> Result<Value> {
        if let Some(form) = self.form() {
            let pairs = form.into_iter().map(|(name, value)| (name, Value::String(value)));
            return Ok(Value::Object(pairs.collect()));
        }
        self.json().map(Value::Object)
    }

    /// The body as a JSON object (sections 6.1, 20.20).
    pub fn json(&self) -> Result<Map<String, Value>> {
        if self.body.is_empty() {
            let text = "The request body should not be empty.";
            return Err(ApiError::Model(String::new(), text.to_owned()));
        }
        if self.content_type() != "application/json" {
            let text = "The request entity's media type is not supported for this resource.";
            return Err(ApiError::Simple(415, text.to_owned()));
        }
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(ApiError::parsing("entity", "an object is expected")),
            Err(_) => Err(ApiError::parsing("entity", "the text is not JSON")),
        }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    kind: &'static str,
    body: Bytes,
    headers: Vec<(String, String)>,
}

impl Reply {
    fn of(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Reply {
        Reply { status, kind, body: body.into(), headers: Vec::new() }
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Reply {
        Reply::of(status, "", Bytes::new())
    }

    /// JSON.
    pub fn json(status: u16, body: &Value) -> Reply {
        Reply::of(status, "application/json; charset=utf-8", body.to_string())
    }

    /// A file.
    pub fn bytes(status: u16, body: Bytes) -> Reply {
        Reply::of(status, "application/octet-stream", body)
    }

    /// An HTML page.
    pub fn html(status: u16, text: &str) -> Reply {
        let page = format!("<!DOCTYPE html><html><body>{text}</body></html>");
        Reply::of(status, "text/html; charset=utf-8", page)
    }

    /// A refusal.
    pub fn error(error: &ApiError) -> Reply {
        let (status, body) = error.wire();
        if body.is_null() { Reply::empty(status) } else { Reply::json(status, &body) }
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As it goes out.
    pub fn response(self) -> Response<Bytes> {
        let mut builder = Response::builder()
            .status(self.status)
            .header("Cache-Control", "no-cache")
            .header("X-Content-Type-Options", "nosniff");
        if !self.kind.is_empty() {
            builder = builder.header("Content-Type", self.kind);
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        builder.body(self.body).unwrap_or_else(|_| Response::new(Bytes::new()))
    }
}

fn decode(segment: &str) -> String {
    let escaped = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let mut pairs = url::form_urlencoded::parse(escaped.as_bytes());
    pairs.next().map(|(key, _)| key.into_owned()).unwrap_or_default()
}
