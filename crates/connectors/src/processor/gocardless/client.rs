//! One method per kind of call to the API: read one, list, create, change, act. Every path that an
//! id goes into is built here.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use model::key::Key;
use model::payment::metadata;
use ports::{BankDetails, PortError};
use serde_json::{Value, json};

use super::errors::{self, Refusal, Reply, member};
use super::recorded::KEPT_FIELDS;
use crate::http::classify::unreadable_read;
use crate::http::urls::{is_id, with_query};
use crate::http::{Answer, Call, HttpClient, Vendor, Verdict};

/// The largest page (gocardless sheet section 3).
pub const PAGE_LIMIT: &str = "500";
/// A list of one customer, mandate or payout never has more pages than this (five million
/// records): beyond it the paging goes round in circles.
const PAGES_MAX: usize = 10_000;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const API_VERSION: HeaderName = HeaderName::from_static("gocardless-version");

pub const VENDOR: Vendor = Vendor {
    kept_fields: KEPT_FIELDS,
    request_id_header: "x-request-id",
    error_words: errors::error_words,
    verdict: |_| Verdict::Failure,
};

pub struct Client {
    http: Arc<HttpClient>,
    /// Withheld from the record of exchanges wherever the other side repeats them.
    details: Option<Arc<BankDetails>>,
}

/// One page of a list, newest first.
pub struct ListPage {
    pub records: Vec<Value>,
    /// The cursor of the next page; `None`: this was the last.
    pub after: Option<String>,
    /// The other side's clock, when the answer tells.
    pub server_time: Option<Timestamp>,
}

impl Client {
    pub fn new(http: Arc<HttpClient>) -> Client {
        Client { http, details: None }
    }

    /// As `create` and `change`, with details in the body that no record may show.
    pub fn withholding(&self, details: &BankDetails) -> Client {
        Client { http: Arc::clone(&self.http), details: Some(Arc::new(details.clone())) }
    }

    /// Requests of one slice that are under way at once.
    pub fn concurrency(&self) -> usize {
        self.http.settings().concurrency.max(1)
    }

    pub fn now(&self) -> Timestamp {
        self.http.clock().now()
    }

    /// How long something took, by the clock that never goes back.
    pub fn since(&self, started: Timestamp) -> Duration {
        Duration::try_from(self.lease_now().duration_since(started)).unwrap_or_default()
    }

    pub fn lease_now(&self) -> Timestamp {
        self.http.clock().lease_now()
    }

    async fn send(&self, call: Call) -> Result<Answer, PortError> {
        let version = HeaderValue::from_static("2015-07-06");
        let mut call = call.header(API_VERSION, version);
        call.details.clone_from(&self.details);
        self.http.send(call).await
    }

    /// `GET /<resource>/<id>`; `None`: it does not exist. What can not be an id is not asked for.
    pub async fn get(&self, resource: &str, id: &str) -> Result<Option<Value>, PortError> {
        if !is_id(id) {
            return Ok(None);
        }
        let answer = self.send(Call::get(format!("/{resource}/{id}"))).await?;
        errors::read_reply(&answer, resource)
    }

    /// One page of a list. Pages hold `PAGE_LIMIT` records.
    pub async fn list(
        &self,
        resource: &str,
        filters: &[(&str, &str)],
        after: Option<&str>,
    ) -> Result<ListPage, PortError> {
        let mut pairs = filters.to_vec();
        pairs.push(("limit", PAGE_LIMIT));
        pairs.extend(after.map(|cursor| ("after", cursor)));
        let answer = self.send(Call::get(with_query(&format!("/{resource}"), &pairs))).await?;
        if !answer.status.is_success() {
            return Err(match Refusal::parse(&answer) {
                Some(refusal) => refusal.into_error(),
                None => unreadable_read(&answer, "not an answer of GoCardless"),
            });
        }
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| unreadable_read(&answer, "not JSON"))?;
        let after = body.pointer("/meta/cursors/after").and_then(Value::as_str).map(str::to_owned);
        let server_time = crate::http::backoff::server_time(&answer.headers);
        match member(&answer, resource) {
            Some(Value::Array(records)) => Ok(ListPage { records, after, server_time }),
            Some(_) | None => Err(unreadable_read(&answer, "no list")),
        }
    }

    /// Every page of a list, in its order.
    pub async fn list_all(
        &self,
        resource: &str,
        filters: &[(&str, &str)],
    ) -> Result<Vec<Value>, PortError> {
        let mut records = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self.list(resource, filters, after.as_deref()).await?;
            records.extend(page.records);
            match page.after {
                Some(next) if after.as_deref() != Some(next.as_str()) => after = Some(next),
                Some(_) => break,
                None => return Ok(records),
            }
        }
        Err(PortError::Unavailable(format!("the list of {resource} does not end")))
    }

    /// `POST /<resource>` with an idempotency key, where the resource takes one.
    pub async fn create(
        &self,
        resource: &str,
        record: Value,
        stamp: Option<&str>,
        key: &Key,
    ) -> Result<Reply, PortError> {
        let body = json!({ resource: record });
        let mut call = Call::write(Method::POST, format!("/{resource}"), &body);
        if let Some(stamp) = stamp {
            let value = HeaderValue::from_str(stamp)
                .map_err(|_| PortError::Unsupported("the key is not visible ASCII".to_owned()))?;
            call = call.header(IDEMPOTENCY_KEY, value);
        }
        let answer = self.send(call.command(key.as_str())).await?;
        errors::write_reply(&answer, resource)
    }

    /// `POST /payments` without amount, currency and mandate: nothing can be made of it, and the
    /// refusal tells whether the token may write (gocardless sheet section 26, "Auth").
    pub async fn probe_write(&self) -> Result<Reply, PortError> {
        let body = json!({ "payments": {} });
        let answer = self.send(Call::write(Method::POST, "/payments", &body)).await?;
        errors::write_reply(&answer, "payments")
    }

    /// `PUT /<resource>/<id>`.
    pub async fn change(
        &self,
        resource: &str,
        id: &str,
        record: Value,
        key: &Key,
    ) -> Result<Reply, PortError> {
        let path = path_of(resource, id)?;
        let body = json!({ resource: record });
        let call = Call::write(Method::PUT, path, &body).command(key.as_str());
        errors::write_reply(&self.send(call).await?, resource)
    }

    /// `POST /<resource>/<id>/actions/<action>`: made safe by state, not by a key. The key goes along
    /// as metadata, which is kept with the event: so what we did can be told from what others did
    /// (gocardless sheet sections 3 and 16).
    pub async fn act(
        &self,
        resource: &str,
        id: &str,
        action: &str,
        key: &Key,
    ) -> Result<Reply, PortError> {
        let path = format!("{}/actions/{action}", path_of(resource, id)?);
        let body = json!({ "data": { "metadata": { metadata::KEY: key.as_str() } } });
        let call = Call::write(Method::POST, path, &body).command(key.as_str());
        errors::write_reply(&self.send(call).await?, resource)
    }
}

/// A path for a write; what can not be an id must not become another path.
fn path_of(resource: &str, id: &str) -> Result<String, PortError> {
    if is_id(id) {
        Ok(format!("/{resource}/{id}"))
    } else {
        let words =
            format!("\"{}\" can not be an id at GoCardless", crate::http::classify::cut(id, 40));
        Err(PortError::rejected(model::command::RejectionCause::Validation, words))
    }
}
