//! Calls an emulator without sockets, the way the harness does: body limit, concurrency, and time
//! that advances in small steps. For tests and the simulator, which own the clock.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};

use crate::emulator::{Emulator, Outcome};
use crate::harness::{Admission, Permit};

/// Largest request body: above the largest body any vendor takes in one request of the kinds we
/// send, and small enough that a runaway client can not exhaust the host.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest stretch of virtual time that one `advance` covers, so that what happens at 09:00 and
/// what follows from it at 10:00 are seen in order.
pub const ADVANCE_STEP: SignedDuration = SignedDuration::from_hours(1);

/// One request to an emulator that has nothing else in work. `base_url` is the absolute URL under
/// which the caller reaches it.
pub fn call(
    emulator: &dyn Emulator,
    now: Timestamp,
    base_url: &str,
    request: Request<Bytes>,
) -> Outcome {
    call_among(emulator, &Admission::new(), now, base_url, request).0
}

/// One request among others: refused as the vendor refuses when `admission` holds as many as the
/// emulator admits. The request counts as in work until the permit is dropped.
pub fn call_among(
    emulator: &dyn Emulator,
    admission: &Admission,
    now: Timestamp,
    base_url: &str,
    request: Request<Bytes>,
) -> (Outcome, Option<Permit>) {
    if request.body().len() > BODY_BYTES_MAX {
        return (Outcome::Respond(body_too_large()), None);
    }
    match admission.enter(emulator.concurrency_limit()) {
        Some(permit) => (emulator.handle(now, base_url, request), Some(permit)),
        None => (Outcome::Respond(emulator.refuse_concurrent(now, base_url)), None),
    }
}

/// Moves an emulator's time from `from` to `to` in steps of [`ADVANCE_STEP`] at most. Does nothing
/// when `to` is not after `from`.
pub fn advance(emulator: &dyn Emulator, from: Timestamp, to: Timestamp) {
    let mut reached = from;
    while reached < to {
        reached = reached.checked_add(ADVANCE_STEP).unwrap_or(to).min(to);
        emulator.advance(reached);
    }
}

/// The answer to a body over [`BODY_BYTES_MAX`], as a gateway in front of a vendor gives it.
pub(crate) fn body_too_large() -> Response<Bytes> {
    let mut response =
        Response::new(Bytes::from_static(b"the request body is larger than the sandbox takes\n"));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
