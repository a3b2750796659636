//! The clock of the control surface.

use jiff::SignedDuration;

use super::*;

/// The times of `advance`, once the fixture's clock was moved.
fn check_advanced(toy: &Toy, until: &str) {
    let advanced = toy.state().advanced.clone();
    assert_eq!(advanced[0], time(START), "time begins before the first request");
    let mut last = time(START);
    for at in &advanced[1..] {
        assert!(*at > last, "{at} after {last}");
        assert!(at.duration_since(last) <= SignedDuration::from_hours(1), "{at} after {last}");
        last = *at;
    }
    assert_eq!(last, time(until));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_advances_every_emulator_hour_by_hour() {
    let fixture = Fixture::start().await;
    let shown = fixture.control("/_sandbox/clock", r#"{"advance_seconds": 90000}"#).await;
    assert_eq!(shown, json(r#"{"now": "2026-03-03T10:00:00Z", "rate": 0}"#));
    check_advanced(&fixture.red, "2026-03-03T10:00:00Z");
    check_advanced(&fixture.blue, "2026-03-03T10:00:00Z");
    let order = r#"{"jump_to": "2026-03-31T10:30:00+02:00"}"#;
    let shown = fixture.control("/_sandbox/clock", order).await;
    assert_eq!(shown["now"], "2026-03-31T08:30:00Z");
    check_advanced(&fixture.blue, "2026-03-31T08:30:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_finds_everything_done_that_was_due() {
    let fixture = Fixture::start().await;
    fixture.clock.jump_to(time("2026-03-02T12:30:00Z"));
    fixture.get("red", "/orders").await;
    check_advanced(&fixture.red, "2026-03-02T12:30:00Z");
    let handled = fixture.red.state().handled.clone();
    assert_eq!(handled, [(time("2026-03-02T12:30:00Z"), "/orders".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ticker_follows_a_running_clock() {
    let fixture = Fixture::start().await;
    let shown = fixture.control("/_sandbox/clock", r#"{"rate": 36000}"#).await;
    assert_eq!(shown["rate"], 36000);
    while fixture.blue.state().advanced.last().is_none_or(|at| *at < time("2026-03-02T12:00:00Z")) {
        tokio::task::yield_now().await;
    }
    fixture.control("/_sandbox/clock", r#"{"rate": 0}"#).await;
    let until = fixture.control("/_sandbox/clock", r#"{"advance_seconds": 0}"#).await;
    check_advanced(&fixture.blue, until["now"].as_str().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_can_not_be_done_are_refused() {
    let fixture = Fixture::start().await;
    let fixture = &fixture;
    let check = async |body: &str, expected: &str| {
        let (status, text) = fixture.call(Method::POST, "blue", "/_sandbox/clock", body).await;
        assert_eq!(status, 400, "{body}: {text}");
        let shown = json(&text)["error"].as_str().unwrap().to_owned();
        assert!(shown.contains(expected), "{body}: {shown}");
    };
    check("{}", "give jump_to, advance_seconds, rate or wait_for_deliveries").await;
    check(r#"{"jump_to": "2026-03-01T00:00:00Z"}"#, "it is 2026-03-02T09:00:00Z").await;
    check(r#"{"jump_to": "2126-03-01T00:00:00Z"}"#, "at most eleven years").await;
    check(r#"{"advance_seconds": -1}"#, "not what this path takes").await;
    check(r#"{"seconds": 1}"#, "unknown field `seconds`").await;
    check(r#"{"jump_to": "2026-03-03T00:00:00Z", "advance_seconds": 1}"#, "not both").await;
    assert_eq!(fixture.clock.now(), time(START));
}
