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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::Toy;

    const BASE: &str = "http://127.0.0.1:1";

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn check(outcome: &Outcome, status: u16, body: &str) {
        match outcome {
            Outcome::Respond(response) => {
                assert_eq!(response.status().as_u16(), status);
                assert_eq!(response.body(), body);
            }
            other => panic!("no answer: {other:?}"),
        }
    }

    #[test]
    fn a_call_is_answered_at_the_given_time() {
        let toy = Toy::new("red", Some(1));
        let request = Request::get("/orders").body(Bytes::new()).unwrap();
        let outcome = call(&toy, time("2026-03-02T09:00:00Z"), BASE, request);
        check(&outcome, 200, "http://127.0.0.1:1/orders at 2026-03-02T09:00:00Z");
        let request = Request::get("/hang").body(Bytes::new()).unwrap();
        let outcome = call(&toy, time("2026-03-02T09:00:00Z"), BASE, request);
        assert!(matches!(outcome, Outcome::NoAnswer));
    }

    #[test]
    fn a_body_over_the_limit_is_refused_without_effect() {
        let toy = Toy::new("red", None);
        for (bytes, status) in [(BODY_BYTES_MAX, 200), (BODY_BYTES_MAX + 1, 413)] {
            let request = Request::put("/echo").body(Bytes::from(vec![b'x'; bytes])).unwrap();
            let outcome = call(&toy, time("2026-03-02T09:00:00Z"), BASE, request);
            let Outcome::Respond(response) = outcome else { panic!("no answer") };
            assert_eq!(response.status().as_u16(), status, "{bytes} bytes");
        }
        assert_eq!(toy.state().handled.len(), 1);
    }

    #[test]
    fn a_kept_permit_counts_as_a_request_in_work() {
        let toy = Toy::new("red", Some(1));
        let admission = Admission::new();
        let ask = || {
            let request = Request::get("/orders").body(Bytes::new()).unwrap();
            call_among(&toy, &admission, time("2026-03-02T09:00:00Z"), BASE, request)
        };
        let (_, permit) = ask();
        check(&ask().0, 429, "one at a time");
        drop(permit);
        check(&ask().0, 200, "http://127.0.0.1:1/orders at 2026-03-02T09:00:00Z");
    }

    #[test]
    fn time_advances_in_steps_of_an_hour() {
        let toy = Toy::new("red", None);
        advance(&toy, time("2026-03-02T09:00:00Z"), time("2026-03-02T11:20:00Z"));
        advance(&toy, time("2026-03-02T11:20:00Z"), time("2026-03-02T11:20:00Z"));
        let expected = ["2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z", "2026-03-02T11:20:00Z"];
        assert_eq!(toy.state().advanced, expected.map(time));
    }
}
