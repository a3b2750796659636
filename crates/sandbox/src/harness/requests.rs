//! One request: body limit, concurrency, added latency, and how the answer ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::admission::Permit;
use super::control;
use super::driven::Driven;
use super::serving::{Stage, pause};
use super::stream::Breaker;
use crate::emulator::Outcome;
use crate::in_process::{BODY_BYTES_MAX, body_too_large};

/// Host time after which a request without an answer is cut: longer than any client's patience
/// (120 s is the longest default deadline among the vendors' clients).
const NO_ANSWER_MAX: Duration = Duration::from_secs(120);

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    /// An emulator asked for it.
    #[error("the emulator broke the connection")]
    Reset,
    /// An emulator gave no answer, and the client waited for too long.
    #[error("the client waited longer than the harness holds a request")]
    Unanswered,
    /// The client went away.
    #[error("the request body did not arrive")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Answers one request on the port of `driven`.
pub(super) async fn answer(
    stage: &Arc<Stage>,
    driven: &Arc<Driven>,
    breaker: &Breaker,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let (head, body) = request.into_parts();
    let (outcome, _in_work) = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(collected) => {
            let request = Request::from_parts(head, collected.to_bytes());
            match control::path_of(request.uri().path()) {
                Some(path) => {
                    (Outcome::Respond(control::answer(stage, &path, &request).await), None)
                }
                None => perform(driven, request).await,
            }
        }
        Err(error) if error.is::<LengthLimitError>() => (Outcome::Respond(body_too_large()), None),
        Err(error) => return Err(Cut::Body(error)),
    };
    match outcome {
        Outcome::Respond(response) => Ok(dated(response, stage.clock.now()).map(Full::new)),
        Outcome::NoAnswer => {
            pause(NO_ANSWER_MAX).await;
            Err(Cut::Unanswered)
        }
        Outcome::Reset => {
            breaker.break_connection();
            Err(Cut::Reset)
        }
    }
}

/// The vendor's API. The request counts as in work while the permit lives. The added latency comes after the effect: a client that gives up meanwhile
/// has caused something it does not know of, which is the harder case.
async fn perform(driven: &Arc<Driven>, request: Request<Bytes>) -> (Outcome, Option<Permit>) {
    let called = Arc::clone(driven);
    let performed = off_runtime(move || {
        let permit = called.enter();
        let outcome = called.call(|emulator, now| {
            if permit.is_some() {
                emulator.handle(now, called.base_url(), request)
            } else {
                Outcome::Respond(emulator.refuse_concurrent(now, called.base_url()))
            }
        });
        (outcome, permit)
    })
    .await;
    let (outcome, permit) = match performed {
        Ok(performed) => performed,
        Err(failed) => return (Outcome::Respond(failed.response()), None),
    };
    let latency = driven.latency_milliseconds();
    if permit.is_some() && latency > 0 {
        pause(Duration::from_millis(latency)).await;
    }
    (outcome, permit)
}

/// A call of an emulator that panicked: our own mistake, and logged.
#[derive(Debug)]
pub(super) struct Failed;

impl Failed {
    /// Tells the caller, instead of a silent hang-up.
    pub(super) fn response(&self) -> Response<Bytes> {
        let mut response =
            Response::new(Bytes::from_static(b"the sandbox failed; its log says why\n"));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

/// Runs a call of an emulator where it may block.
pub(super) async fn off_runtime<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failed> {
    tokio::task::spawn_blocking(body).await.map_err(|error| {
        tracing::error!(%error, "an emulator failed; this is a mistake in the sandbox");
        Failed
    })
}

/// Adds the virtual date, unless the emulator gave one.
fn dated(mut response: Response<Bytes>, now: Timestamp) -> Response<Bytes> {
    let printed = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    if let Some(date) = printed.ok().and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().entry(DATE).or_insert(date);
    }
    response
}
