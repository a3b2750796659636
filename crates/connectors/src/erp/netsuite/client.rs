//! One method per endpoint. It knows paths, headers and where the id of a new record stands, and
//! nothing of what the records mean (netsuite sheet sections 5 and 8).

use http::header::ACCEPT;
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use model::key::Key;
use ports::PortError;

use super::refusal::Refusal;
use super::suiteql::PAGE_ROWS;
use super::wire::{Body, Record, parse_body};
use crate::http::classify::{unreadable_read, words};
use crate::http::{Answer, Call, HttpClient};

const RECORDS: &str = "/services/rest/record/v1";
const QUERY: &str = "/services/rest/query/v1/suiteql";
const SERVER_TIME: &str = "/services/rest/system/v1/serverTime";

/// How a write ended, when it was answered.
#[derive(Debug)]
pub enum Outcome {
    /// Made; the id that the Location names, if it names one.
    Done(Option<String>),
    Refused(Refusal),
}

/// A page of rows.
#[derive(Debug)]
pub struct Rows {
    pub rows: Vec<Body>,
    pub has_more: bool,
}

/// The endpoints that the connector uses.
pub struct Client {
    http: HttpClient,
}

impl Client {
    #[must_use]
    pub fn new(http: HttpClient) -> Client {
        Client { http }
    }

    /// A record by internal id or `eid:…`; `None`: it does not exist. Sublists come along with
    /// `expand`.
    ///
    /// # Errors
    /// What the answer means, when it is neither.
    pub async fn get(&self, kind: &str, id: &str, expand: bool) -> Result<Option<Body>, PortError> {
        let query = if expand { "?expandSubResources=true" } else { "" };
        let path = format!("{RECORDS}/{kind}/{id}{query}");
        match self.read(Call::get(path)).await? {
            Ok(body) => Ok(Some(body)),
            Err(refusal) if refusal.is_missing() => Ok(None),
            Err(refusal) => Err(refusal.into_error()),
        }
    }

    /// The first record of a type, or the refusal: what `ping` proves permissions with.
    pub async fn probe(&self, kind: &str) -> Result<Result<Body, Refusal>, PortError> {
        self.read(Call::get(format!("{RECORDS}/{kind}?limit=1"))).await
    }

    /// Asks for a record to be made that can not be: the refusal tells whether the role may make any.
    pub async fn probe_create(&self, kind: &str, body: &Value) -> Result<Outcome, PortError> {
        self.ask_write(Call::write(Method::POST, format!("{RECORDS}/{kind}"), body)).await
    }

    /// Asks for a change of the record 0, which never is: the refusal tells whether the role may
    /// change any.
    pub async fn probe_change(&self, kind: &str) -> Result<Outcome, PortError> {
        let path = format!("{RECORDS}/{kind}/0");
        self.ask_write(Call::write(Method::PATCH, path, &serde_json::json!({}))).await
    }

    /// The JSON schema of a record type, as the role sees it (netsuite sheet section 5.13).
    pub async fn schema(&self, kind: &str) -> Result<Result<Body, Refusal>, PortError> {
        let call = Call::get(format!("{RECORDS}/metadata-catalog/{kind}"))
            .header(ACCEPT, HeaderValue::from_static("application/schema+json"));
        self.read(call).await
    }

    /// The server's clock, in its own words.
    pub async fn server_time(&self) -> Result<Result<Body, Refusal>, PortError> {
        self.read(Call::get(SERVER_TIME)).await
    }

    /// Makes a record.
    pub async fn create(&self, kind: &str, body: &Value, key: &Key) -> Result<Outcome, PortError> {
        let path = format!("{RECORDS}/{kind}");
        self.write(Call::write(Method::POST, path, body), key).await
    }

    /// Changes a record; sublists are merged by their keys.
    pub async fn change(
        &self,
        kind: &str,
        id: &str,
        body: &Value,
        key: &Key,
    ) -> Result<Outcome, PortError> {
        let path = format!("{RECORDS}/{kind}/{id}");
        self.write(Call::write(Method::PATCH, path, body), key).await
    }

    /// One page of a SuiteQL query. `offset` is a multiple of the page size.
    pub async fn query(
        &self,
        text: &str,
        offset: usize,
    ) -> Result<Result<Rows, Refusal>, PortError> {
        let path = format!("{QUERY}?limit={PAGE_ROWS}&offset={offset}");
        let call = Call::read_post(path, &serde_json::json!({ "q": text }))
            .header(HeaderName::from_static("prefer"), HeaderValue::from_static("transient"));
        let body = match self.read(call).await? {
            Ok(body) => body,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let page = Record(&body);
        let rows: Vec<Body> = page.lines("items").iter().map(|row| row.0.clone()).collect();
        // One documentation page omits hasMore: a full page may then have a successor.
        let has_more =
            if page.has("hasMore") { page.flag("hasMore") } else { rows.len() == PAGE_ROWS };
        Ok(Ok(Rows { rows, has_more }))
    }

    async fn read(&self, call: Call) -> Result<Result<Body, Refusal>, PortError> {
        let answer = self.http.send(call).await?;
        if !answer.status.is_success() {
            return Ok(Err(Refusal::read(answer.status.as_u16(), &answer.body)));
        }
        parse_body(&answer.body).map(Ok).map_err(|why| unreadable_read(&answer, why))
    }

    async fn write(&self, call: Call, key: &Key) -> Result<Outcome, PortError> {
        self.ask_write(call.command(key.as_str())).await
    }

    async fn ask_write(&self, call: Call) -> Result<Outcome, PortError> {
        // Unknown names would be dropped with a mere warning otherwise (netsuite sheet section 5.3).
        let strict = HeaderName::from_static("x-netsuite-propertynamevalidation");
        let call = call.header(strict, HeaderValue::from_static("error"));
        let answer = self.http.send(call).await?;
        if answer.status.is_success() {
            return Ok(Outcome::Done(location_id(&answer)));
        }
        if answer.status.is_redirection() || answer.status.is_informational() {
            let words = format!("a write was answered with {}", answer.status);
            return Err(PortError::OutcomeUnknown(words));
        }
        Ok(Outcome::Refused(Refusal::read(answer.status.as_u16(), &answer.body)))
    }
}

/// The last segment of Location: the only way to learn a new record's id.
fn location_id(answer: &Answer) -> Option<String> {
    let location = answer.header("location")?;
    let path = location.split(['?', '#']).next().unwrap_or(location);
    let id = path.trim_end_matches('/').rsplit('/').next()?;
    if super::wire::is_internal_id(id) { Some(id.to_owned()) } else { None }
}

/// NetSuite's own words of an error, for errors that the shared stack makes.
#[must_use]
pub fn error_words(answer: &Answer) -> Option<String> {
    Some(words(&Refusal::read(answer.status.as_u16(), &answer.body).detail))
}
