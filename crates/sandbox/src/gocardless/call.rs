//! From an HTTP request to an answer: headers in the documented order, rate limit, routing, body,
//! idempotency (gocardless sheet sections 2, 3, 4, 5 and 26).

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::config::IdempotencyOrder;
use super::errors::ApiError;
use super::routes::{self, Found};
use super::time::{http_date, minutes_after};
use super::validate::{Fields, Metadata};
use super::world::World;

/// The only version.
const VERSION: &str = "2015-07-06";
/// Longest idempotency key (section 28, item 1).
const IDEMPOTENCY_KEY_MAX: usize = 128;
/// Largest request body in bytes: well above any documented request.
const BODY_MAX: usize = 1_000_000;

/// Creations that an organisation needs approval for (section 2, "Blocked").
const NEEDS_APPROVAL: [&str; 3] = ["/customers", "/customer_bank_accounts", "/mandates"];

/// A request that takes effect later (fault `late_commit`).
#[derive(Debug, Clone)]
pub struct Stored {
    /// Base URL that it was sent to.
    pub base_url: String,
    /// The request itself.
    pub request: http::Request<Bytes>,
}

/// A request that passed the header checks.
#[derive(Debug)]
pub struct Call<'a> {
    /// Virtual time.
    pub now: Timestamp,
    /// Where the emulator is reached.
    pub base_url: &'a str,
    /// Whose token it is.
    pub organisation: String,
    /// Ids in the path.
    pub ids: Vec<String>,
    /// Decoded query.
    pub query: Vec<(String, String)>,
    /// Parsed body, null if empty.
    pub body: Value,
    /// `Idempotency-Key`.
    pub key: Option<String>,
}

impl Call<'_> {
    /// The id in the path.
    pub fn id(&self) -> &str {
        self.ids.first().map_or("", String::as_str)
    }

    /// The metadata of an action without other members.
    ///
    /// # Errors
    /// 400 or 422 for a wrong body.
    pub fn action_metadata(&self) -> Result<Metadata, ApiError> {
        let Some(mut fields) = Fields::action(&self.body, &["metadata"])? else {
            return Ok(Metadata::new());
        };
        let metadata = fields.metadata().unwrap_or_default();
        fields.finish()?;
        Ok(metadata)
    }

    /// The metadata of a PUT that may change nothing else.
    ///
    /// # Errors
    /// 400 or 422 for a wrong body.
    pub fn put_metadata(&self, root: &str) -> Result<Option<Metadata>, ApiError> {
        let mut fields = Fields::open(&self.body, root, &["metadata"])?;
        let metadata = fields.metadata();
        fields.finish()?;
        Ok(metadata)
    }
}

/// A successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200, 201 or 204.
    pub status: u16,
    /// JSON, absent for 204.
    pub body: Option<Value>,
    /// Path of what was created.
    pub location: Option<String>,
}

impl Reply {
    /// 200 with a body.
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body), location: None }
    }

    /// 201 with a body and the path of the new resource.
    pub fn created(body: Value, location: String) -> Self {
        Self { status: 201, body: Some(body), location: Some(location) }
    }

    /// 204.
    pub fn empty() -> Self {
        Self { status: 204, body: None, location: None }
    }
}

/// The rate limit as it stands for one token.
#[derive(Debug, Clone, Copy)]
struct Rate {
    limit: u32,
    remaining: u32,
    reset: Timestamp,
    exceeded: bool,
}

fn header<'r>(request: &'r http::Request<Bytes>, name: &str) -> Option<&'r str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The query, decoded.
pub fn query_of(request: &http::Request<Bytes>) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

impl World {
    /// Answers one API request.
    pub fn answer(
        &mut self,
        now: Timestamp,
        base_url: &str,
        request: &http::Request<Bytes>,
    ) -> http::Response<Bytes> {
        let token = header(request, "authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        let rate = self.count_request(now, token);
        let result = if rate.exceeded {
            Err(rate_limit_exceeded())
        } else {
            self.process(now, base_url, request)
        };
        self.respond(rate, result)
    }

    /// The 429 of a fault or of the concurrency limit.
    pub fn refuse_too_many(&mut self, now: Timestamp) -> http::Response<Bytes> {
        let rate = Rate {
            limit: self.config.rate_limit_per_minute,
            remaining: 0,
            reset: minute_end(now),
            exceeded: true,
        };
        self.respond(rate, Err(rate_limit_exceeded()))
    }

    /// An error answer of a fault.
    pub fn refuse_with(&mut self, now: Timestamp, error: ApiError) -> http::Response<Bytes> {
        let limit = self.config.rate_limit_per_minute;
        let rate = Rate { limit, remaining: limit, reset: minute_end(now), exceeded: false };
        self.respond(rate, Err(error))
    }

    fn respond(&mut self, rate: Rate, result: Result<Reply, ApiError>) -> http::Response<Bytes> {
        let request_id = self.ids.request_id();
        let (status, body, location) = match result {
            Ok(reply) => (reply.status, reply.body, reply.location),
            Err(error) => {
                let mut body = error.body(&request_id);
                if error.status == 429 {
                    self.stats.too_many_requests += 1;
                    // The published body of a 429 has no request id (section 5).
                    if let Some(inner) = body["error"].as_object_mut() {
                        inner.remove("request_id");
                    }
                }
                (error.status, Some(body), None)
            }
        };
        *self.stats.statuses.entry(status).or_default() += 1;
        let mut builder = http::Response::builder()
            .status(status)
            .header("RateLimit-Limit", rate.limit)
            .header("RateLimit-Remaining", rate.remaining)
            .header("RateLimit-Reset", http_date(rate.reset))
            .header("X-Request-Id", request_id);
        if let Some(location) = location {
            builder = builder.header("Location", location);
        }
        let bytes = match body {
            Some(body) => {
                builder = builder.header("Content-Type", "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        builder.body(bytes).unwrap_or_default()
    }

    /// Counts against the limit of the current clock minute (section 30, item 9).
    fn count_request(&mut self, now: Timestamp, token: &str) -> Rate {
        let limit = self.config.rate_limit_per_minute;
        let reset = minute_end(now);
        let counted = self.rate.entry(token.to_owned()).or_insert((reset, 0));
        if counted.0 != reset {
            *counted = (reset, 0);
        }
        counted.1 = counted.1.saturating_add(1);
        let used = counted.1;
        Rate { limit, remaining: limit.saturating_sub(used), reset, exceeded: used > limit }
    }

    fn process(
        &mut self,
        now: Timestamp,
        base_url: &str,
        request: &http::Request<Bytes>,
    ) -> Result<Reply, ApiError> {
        let (organisation, read_only) = self.authenticate(request)?;
        check_version(request)?;
        let method = request.method().as_str();
        let (route, ids) = match routes::find(method, request.uri().path()) {
            Found::Route(route, ids) => (route, ids),
            Found::OtherMethod => {
                let message = format!("{method} is not allowed for this path");
                return Err(ApiError::usage(405, "method_not_allowed", message));
            }
            Found::Nothing => {
                return Err(ApiError::usage(404, "path_not_found", "Path not found"));
            }
        };
        if read_only && method != "GET" {
            return Err(ApiError::usage(
                403,
                "insufficient_permissions",
                "Your access token is read-only",
            ));
        }
        let needs_approval = method == "POST" && NEEDS_APPROVAL.contains(&request.uri().path());
        if needs_approval && self.config.without_custom_payment_pages.contains(&organisation) {
            return Err(ApiError::usage(
                403,
                "insufficient_permissions",
                "This endpoint needs approved custom payment pages",
            ));
        }
        check_accept(request)?;
        let call = Call {
            now,
            base_url,
            organisation,
            ids,
            query: query_of(request),
            body: read_body(request)?,
            key: header(request, "idempotency-key").map(str::to_owned),
        };
        (route.handler)(self, &call)
    }

    fn authenticate(&self, request: &http::Request<Bytes>) -> Result<(String, bool), ApiError> {
        let refuse = |reason, message: &str| Err(ApiError::usage(401, reason, message));
        let Some(value) = header(request, "authorization") else {
            return refuse("missing_authorization_header", "Missing Authorization header");
        };
        let Some(token) = value.strip_prefix("Bearer ") else {
            return refuse(
                "invalid_authorization_header",
                "The Authorization header is not a Bearer",
            );
        };
        match self.tokens.get(token) {
            None => refuse("access_token_not_found", "Access token not found"),
            Some(token) if token.revoked => {
                refuse("access_token_revoked", "This access token has been revoked")
            }
            Some(token) => Ok((token.organisation.clone(), token.read_only)),
        }
    }

    /// A creation that an idempotency key protects (section 4): `prepare` validates, `commit`
    /// makes the resource and returns its id.
    ///
    /// # Errors
    /// Those of `prepare` and `commit`, and 409 for a key that was used.
    pub fn create<P>(
        &mut self,
        call: &Call<'_>,
        resource: &'static str,
        prepare: impl FnOnce(&mut World, &Call<'_>) -> Result<P, ApiError>,
        commit: impl FnOnce(&mut World, &Call<'_>, P) -> Result<String, ApiError>,
        show: impl FnOnce(&World, &Call<'_>, &str) -> Value,
    ) -> Result<Reply, ApiError> {
        if call.key.as_ref().is_some_and(|key| key.chars().count() > IDEMPOTENCY_KEY_MAX) {
            return Err(ApiError::usage(
                400,
                "idempotency_key_too_long",
                "The idempotency key is longer than 128 characters",
            ));
        }
        let place = call.key.as_ref().map(|key| (call.organisation.clone(), resource, key.clone()));
        let check = |world: &World| match place.as_ref().and_then(|it| world.idempotency.get(it)) {
            Some(id) => Err(ApiError::idempotency_conflict(id)),
            None => Ok(()),
        };
        let prepared = match self.config.idempotency_order {
            IdempotencyOrder::KeyFirst => {
                check(self)?;
                prepare(self, call)?
            }
            IdempotencyOrder::ValidationFirst => {
                let prepared = prepare(self, call)?;
                check(self)?;
                prepared
            }
        };
        let id = commit(self, call, prepared)?;
        if let Some(place) = place {
            self.idempotency.insert(place, id.clone());
        }
        Ok(Reply::created(show(self, call, &id), format!("/{resource}/{id}")))
    }

    /// A request whose client gave up takes effect now.
    pub fn late_commit(&mut self, now: Timestamp, stored: Stored) {
        let Stored { base_url, request } = stored;
        self.answer(now, &base_url, &request);
    }
}

fn rate_limit_exceeded() -> ApiError {
    ApiError::usage(429, "rate_limit_exceeded", "Rate limit exceeded")
}

fn minute_end(now: Timestamp) -> Timestamp {
    let seconds = now.as_second();
    let start = Timestamp::from_second(seconds - seconds.rem_euclid(60)).unwrap_or(now);
    minutes_after(start, 1)
}

fn check_version(request: &http::Request<Bytes>) -> Result<(), ApiError> {
    match header(request, "gocardless-version") {
        Some(VERSION) => Ok(()),
        Some(_) => Err(ApiError::usage(400, "version_not_found", "Version not found")),
        None => Err(ApiError::usage(
            400,
            "missing_version_header",
            "You must specify a version in the GoCardless-Version header",
        )),
    }
}

fn check_accept(request: &http::Request<Bytes>) -> Result<(), ApiError> {
    let Some(accept) = header(request, "accept") else { return Ok(()) };
    let fits = accept.split(',').any(|part| {
        let kind = part.split(';').next().unwrap_or_default().trim();
        matches!(kind, "application/json" | "application/*" | "*/*")
    });
    if fits {
        return Ok(());
    }
    Err(ApiError::usage(406, "not_acceptable", "The API only answers with application/json"))
}

fn read_body(request: &http::Request<Bytes>) -> Result<Value, ApiError> {
    let bytes = request.body();
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    if request.method() == http::Method::GET {
        return Err(ApiError::usage(
            400,
            "request_body_not_allowed",
            "A GET request must not have a body",
        ));
    }
    if bytes.len() > BODY_MAX {
        return Err(ApiError::usage(413, "request_entity_too_large", "Request entity too large"));
    }
    let kind = header(request, "content-type").unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/json" {
        return Err(ApiError::usage(
            415,
            "unsupported_media_type",
            "The Content-Type must be application/json",
        ));
    }
    serde_json::from_slice(bytes).map_err(|_| {
        ApiError::usage(400, "invalid_document_structure", "The request body is not valid JSON")
    })
}
