//! The one place that sends. It retries only what is safe to retry: reads, and what was certainly
//! not executed. A write that may have happened goes back to the engine as unknown.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use ports::exchange::{Exchange, Recorder, Trouble};
use ports::transport::{Transport, TransportError};
use ports::{BankDetails, Clock, PortError};
use url::Url;

pub use super::auth::Authoriser;
use super::backoff::{asked_wait, exhausted_wait, full_jitter};
use super::classify::words;
use super::jitter::Jitter;
use super::record::{redact_body, redact_path};
use super::throttle::{Gate, Throttle};

/// After this many 429s in one call the engine decides when to go on.
const SLOWED_MAX: u32 = 4;
/// A read waits this long in all for a rate window to pass: one window and a half.
const READ_WAIT_MAX: Duration = Duration::from_secs(90);
/// Spread over the clients that wait for the end of the same rate window.
const HERD_SPREAD: Duration = Duration::from_secs(1);

/// One connection's way out.
pub struct HttpSettings {
    /// The connection's id, for the record.
    pub connection: String,
    pub base_url: Url,
    /// Bounds one exchange; for writes the whole call, waits included.
    pub deadline: Duration,
    /// The published limit; `None`: the other side publishes none.
    pub rate_per_minute: Option<u32>,
    /// The most requests at once.
    pub concurrency: usize,
    /// How often a read is tried, the first time included.
    pub read_attempts: u32,
}

/// What differs between vendors in the shared stack.
#[derive(Clone, Copy)]
pub struct Vendor {
    /// JSON fields and query parameters whose values may be recorded.
    pub kept_fields: &'static [&'static str],
    /// The header with the other side's request id, lower case.
    pub request_id_header: &'static str,
    /// The other side's own words of an error body, free of payers' details.
    pub error_words: fn(&Answer) -> Option<String>,
    /// What an answer with a failure status (5xx, 408) means: some systems say 500 to what they
    /// refuse for certain.
    pub verdict: fn(&Answer) -> Verdict,
}

/// What a failure status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It says nothing certain: reads are repeated, the outcome of a write is unknown.
    Failure,
    /// A refusal in disguise: nothing was executed, and the vendor's table decides.
    Answer,
    /// A request to slow down in disguise: nothing was executed.
    SlowDown,
}

impl Default for Vendor {
    /// Records no value and repeats no words.
    fn default() -> Vendor {
        Vendor {
            kept_fields: &[],
            request_id_header: "x-request-id",
            error_words: |_| None,
            verdict: |_| Verdict::Failure,
        }
    }
}

/// Whether a request changes anything over there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Read,
    Write,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    /// Path with query, relative to the base address.
    pub path: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Option<Bytes>,
    pub effect: Effect,
    /// The key of the command that it belongs to, for the record.
    pub command: Option<String>,
    /// A payer's bank details: withheld from the record, also where the other side repeats them.
    pub details: Option<Arc<BankDetails>>,
}

impl Call {
    #[must_use]
    pub fn get(path: impl Into<String>) -> Call {
        Call {
            method: Method::GET,
            path: path.into(),
            headers: Vec::new(),
            body: None,
            effect: Effect::Read,
            command: None,
            details: None,
        }
    }

    /// A request that changes something, with a JSON body.
    #[must_use]
    pub fn write(method: Method, path: impl Into<String>, body: &serde_json::Value) -> Call {
        Call { method, effect: Effect::Write, ..Call::get(path) }.json(body)
    }

    /// A query that is sent as POST.
    #[must_use]
    pub fn read_post(path: impl Into<String>, body: &serde_json::Value) -> Call {
        Call { method: Method::POST, ..Call::get(path) }.json(body)
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Call {
        self.headers.push((name, value));
        self
    }

    /// Names the command in the record.
    #[must_use]
    pub fn command(mut self, key: impl Into<String>) -> Call {
        self.command = Some(key.into());
        self
    }

    fn json(mut self, body: &serde_json::Value) -> Call {
        self.body = Some(Bytes::from(body.to_string()));
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// A header's value as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

pub struct HttpClient {
    settings: HttpSettings,
    vendor: Vendor,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    authoriser: Arc<dyn Authoriser>,
    recorder: Arc<dyn Recorder>,
    throttle: Throttle,
    gate: Arc<Gate>,
    jitter: Jitter,
}

/// How far a call has got.
struct Progress {
    started: Timestamp,
    /// What the last request proved itself with.
    authorisation: Vec<(HeaderName, HeaderValue)>,
    renewed: bool,
    slowed: u32,
    failed: u32,
}

enum Next {
    Give(Answer),
    Again(Duration),
}

impl HttpClient {
    #[must_use]
    pub fn new(
        settings: HttpSettings,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        authoriser: Arc<dyn Authoriser>,
        recorder: Arc<dyn Recorder>,
    ) -> HttpClient {
        let moment = clock.lease_now().as_nanosecond().unsigned_abs();
        let moment = u64::try_from(moment & u128::from(u64::MAX)).unwrap_or_default();
        HttpClient {
            throttle: Throttle::new(Arc::clone(&clock), settings.rate_per_minute),
            gate: Arc::new(Gate::new(settings.concurrency)),
            jitter: Jitter::new(&settings.connection, moment),
            vendor: Vendor::default(),
            settings,
            transport,
            clock,
            authoriser,
            recorder,
        }
    }

    /// With the vendor's own words and recordable fields.
    #[must_use]
    pub fn with_vendor(mut self, vendor: Vendor) -> HttpClient {
        self.vendor = vendor;
        self
    }

    #[must_use]
    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }

    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Sends. 2xx and every other definitive status come back as an answer: the vendor's table
    /// decides. 401 is retried once after renewal. 429 is retried within a bound (it was certainly
    /// not executed). 5xx, 408 or no answer: reads are retried, writes are unknown.
    ///
    /// # Errors
    /// `Unauthorised`, `Throttled`, `Unavailable` (nothing was executed), `OutcomeUnknown` (writes).
    pub async fn send(&self, call: Call) -> Result<Answer, PortError> {
        let mut progress = Progress {
            started: self.clock.lease_now(),
            authorisation: Vec::new(),
            renewed: false,
            slowed: 0,
            failed: 0,
        };
        loop {
            let result = self.exchange(&call, &mut progress).await?;
            let next = match result {
                Ok(answer) => self.judge(&call, answer, &mut progress).await?,
                Err(error) => Next::Again(self.judge_silence(&call, error, &mut progress)?),
            };
            match next {
                Next::Give(answer) => return Ok(answer),
                Next::Again(wait) if wait.is_zero() => {}
                Next::Again(wait) => self.clock.wait(wait).await,
            }
        }
    }

    /// One exchange, recorded. The outer error: it was not sent at all.
    async fn exchange(
        &self,
        call: &Call,
        progress: &mut Progress,
    ) -> Result<Result<Answer, TransportError>, PortError> {
        // Before the gate: renewing may itself need a place.
        let authorisation = self.authoriser.headers().await.map_err(|error| match error {
            PortError::OutcomeUnknown(words) => PortError::Unavailable(words),
            other => other,
        })?;
        let _place = self.gate.enter().await?;
        self.check_pause(call, progress)?;
        self.throttle.turn().await;
        let deadline = self.time_left(call, progress)?;
        progress.authorisation.clone_from(&authorisation);
        let request = self.request(call, authorisation)?;
        let at = self.clock.now();
        let asked = self.clock.lease_now();
        let result = self.transport.send(request, deadline).await.map(|response| {
            let (parts, body) = response.into_parts();
            Answer { status: parts.status, headers: parts.headers, body }
        });
        let took = elapsed(asked, self.clock.lease_now());
        self.record(call, &result, at, took);
        Ok(result)
    }

    /// A pause that outlasts what the call may wait is told at once instead of being sat out.
    fn check_pause(&self, call: &Call, progress: &Progress) -> Result<(), PortError> {
        let pause = self.throttle.paused();
        if !pause.is_zero() && self.beyond_budget(call, progress, pause) {
            return Err(PortError::Throttled { retry_after: Some(pause) });
        }
        Ok(())
    }

    /// Waiting for `wait` would take the call beyond what it may wait in all.
    fn beyond_budget(&self, call: &Call, progress: &Progress, wait: Duration) -> bool {
        let budget = match call.effect {
            Effect::Read => READ_WAIT_MAX,
            Effect::Write => self.settings.deadline / 2,
        };
        elapsed(progress.started, self.clock.lease_now()).saturating_add(wait) > budget
    }

    /// A write's whole call stays inside one deadline, because a lease is checked for one deadline.
    fn time_left(&self, call: &Call, progress: &Progress) -> Result<Duration, PortError> {
        match call.effect {
            Effect::Read => Ok(self.settings.deadline),
            Effect::Write => {
                let used = elapsed(progress.started, self.clock.lease_now());
                // With less than half of it left the request would only be cut off.
                if used > self.settings.deadline / 2 {
                    return Err(PortError::Throttled { retry_after: None });
                }
                Ok(self.settings.deadline - used)
            }
        }
    }

    fn request(
        &self,
        call: &Call,
        authorisation: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<http::Request<Bytes>, PortError> {
        let base = self.settings.base_url.as_str().trim_end_matches('/');
        let slash = if call.path.starts_with('/') { "" } else { "/" };
        let mut request = http::Request::builder()
            .method(call.method.clone())
            .uri(format!("{base}{slash}{}", call.path))
            .body(call.body.clone().unwrap_or_default())
            .map_err(|error| PortError::Unavailable(format!("bad address: {error}")))?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in call.headers.iter().cloned().chain(authorisation) {
            headers.insert(name, value);
        }
        Ok(request)
    }

    async fn judge(
        &self,
        call: &Call,
        answer: Answer,
        progress: &mut Progress,
    ) -> Result<Next, PortError> {
        let status = answer.status;
        if status != StatusCode::TOO_MANY_REQUESTS
            && let Some(wait) = exhausted_wait(&answer.headers, self.clock.now())
        {
            self.throttle.pause(wait);
        }
        match status {
            StatusCode::UNAUTHORIZED => self.judge_unauthorised(&answer, progress).await,
            StatusCode::TOO_MANY_REQUESTS => {
                self.judge_slow_down(call, &answer, progress).map(Next::Again)
            }
            _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                match (self.vendor.verdict)(&answer) {
                    Verdict::Failure => {
                        self.judge_failure(call, &answer, progress).map(Next::Again)
                    }
                    Verdict::SlowDown => {
                        self.judge_slow_down(call, &answer, progress).map(Next::Again)
                    }
                    Verdict::Answer => {
                        self.gate.calm();
                        Ok(Next::Give(answer))
                    }
                }
            }
            _ => {
                self.gate.calm();
                Ok(Next::Give(answer))
            }
        }
    }

    async fn judge_unauthorised(
        &self,
        answer: &Answer,
        progress: &mut Progress,
    ) -> Result<Next, PortError> {
        if !progress.renewed && self.authoriser.refused(&progress.authorisation).await {
            progress.renewed = true;
            return Ok(Next::Again(Duration::ZERO));
        }
        Err(PortError::Unauthorised(self.words_of(answer)))
    }

    /// 429: certainly not executed, so writes are sent again too, within their time.
    fn judge_slow_down(
        &self,
        call: &Call,
        answer: &Answer,
        progress: &mut Progress,
    ) -> Result<Duration, PortError> {
        self.tell(Trouble::SlowDown);
        self.gate.halve();
        let asked = asked_wait(&answer.headers, self.clock.now());
        let wait = match asked {
            Some(asked) => {
                self.throttle.pause(asked);
                asked.saturating_add(self.jitter.up_to(HERD_SPREAD))
            }
            None => full_jitter(&self.jitter, progress.slowed),
        };
        progress.slowed += 1;
        if progress.slowed >= SLOWED_MAX || self.beyond_budget(call, progress, wait) {
            return Err(PortError::Throttled { retry_after: asked });
        }
        Ok(wait)
    }

    fn judge_failure(
        &self,
        call: &Call,
        answer: &Answer,
        progress: &mut Progress,
    ) -> Result<Duration, PortError> {
        self.tell(Trouble::Fails);
        let words = self.words_of(answer);
        match call.effect {
            Effect::Write => Err(PortError::OutcomeUnknown(words)),
            Effect::Read => {
                let asked = asked_wait(&answer.headers, self.clock.now()).unwrap_or_default();
                self.read_again(progress, asked).ok_or(PortError::Unavailable(words))
            }
        }
    }

    fn judge_silence(
        &self,
        call: &Call,
        error: TransportError,
        progress: &mut Progress,
    ) -> Result<Duration, PortError> {
        self.tell(Trouble::NoAnswer);
        match (call.effect, error) {
            (Effect::Write, TransportError::NoAnswer(words)) => {
                Err(PortError::OutcomeUnknown(words))
            }
            (Effect::Write, TransportError::NotSent(words)) => Err(PortError::Unavailable(words)),
            (Effect::Read, TransportError::NoAnswer(words) | TransportError::NotSent(words)) => {
                self.read_again(progress, Duration::ZERO).ok_or(PortError::Unavailable(words))
            }
        }
    }

    /// The wait before a read's next attempt; `None`: enough of them.
    fn read_again(&self, progress: &mut Progress, asked: Duration) -> Option<Duration> {
        progress.failed += 1;
        if progress.failed >= self.settings.read_attempts.max(1) || asked > READ_WAIT_MAX {
            return None;
        }
        Some(full_jitter(&self.jitter, progress.failed - 1).max(asked))
    }

    fn words_of(&self, answer: &Answer) -> String {
        match (self.vendor.error_words)(answer) {
            Some(text) => format!("{}: {}", answer.status, words(&text)),
            None => answer.status.to_string(),
        }
    }

    fn tell(&self, trouble: Trouble) {
        self.recorder.troubled(&self.settings.connection, self.clock.now(), trouble);
    }

    fn record(
        &self,
        call: &Call,
        result: &Result<Answer, TransportError>,
        at: Timestamp,
        took: Duration,
    ) {
        if !self.recorder.keeps() {
            return;
        }
        let kept = self.vendor.kept_fields;
        let answer = result.as_ref().ok();
        let body = |body: &[u8]| {
            let text = redact_body(body, kept)?;
            Some(call.details.as_ref().map_or_else(|| text.clone(), |one| one.withhold(&text)))
        };
        self.recorder.record(Exchange {
            at,
            connection: self.settings.connection.clone(),
            method: call.method.to_string(),
            path: redact_path(&call.path, kept),
            status: answer.map(|answer| answer.status.as_u16()),
            duration_milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            request_id: answer
                .and_then(|answer| answer.header(self.vendor.request_id_header))
                .map(str::to_owned),
            request_body: call.body.as_deref().and_then(body),
            response_body: answer.and_then(|answer| body(&answer.body)),
            command: call.command.clone(),
        });
    }
}

fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
