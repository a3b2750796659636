//! The vendor's API over sockets: answers, faults, limits.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// A request of which nobody reads the answer yet.
async fn open(fixture: &Fixture, name: &str, path: &str) -> TcpStream {
    let address = fixture.url(name, "").replace("http://", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Waits until `toy` has handled `count` requests.
async fn handled(toy: &Toy, count: usize) {
    while toy.state().handled.len() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_carry_the_base_url_and_the_virtual_date() {
    let fixture = Fixture::start().await;
    let response = fixture.client.get(fixture.url("blue", "/orders")).send().await.unwrap();
    assert_eq!(response.headers()["date"], "Mon, 02 Mar 2026 09:00:00 GMT");
    let expected = format!("{} at {START}", fixture.url("blue", "/orders"));
    assert_eq!(response.text().await.unwrap(), expected);
    let sent = "any\u{0}bytes";
    assert_eq!(
        fixture.call(Method::PUT, "red", "/echo", sent).await,
        (200, sent.to_owned()),
        "the body arrives and returns unchanged"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_never_reaches_the_emulator() {
    let fixture = Fixture::start().await;
    let request = fixture.client.post(fixture.url("red", "/echo")).body(oversized());
    // The host may reset the connection while the client still sends: both are refusals.
    if let Ok(response) = request.send().await {
        assert_eq!(response.status().as_u16(), 413);
    }
    assert!(fixture.red.state().handled.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_breaks_the_connection_after_the_effect() {
    let fixture = Fixture::start().await;
    let mut stream = open(&fixture, "red", "/reset").await;
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(bytes.is_empty());
    assert_eq!(fixture.red.state().handled.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_holds_the_connection_until_the_client_gives_up() {
    let fixture = Fixture::start().await;
    let request = fixture.client.get(fixture.url("red", "/hang"));
    let error = request.timeout(Duration::from_millis(150)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(fixture.red.state().handled.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_answer_and_the_emulator_goes_on() {
    let fixture = Fixture::start().await;
    let (status, text) = fixture.get("red", "/panic").await;
    assert_eq!((status, text.as_str()), (500, "the sandbox failed; its log says why\n"));
    assert_eq!(fixture.get("red", "/orders").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_the_concurrency_limit_are_refused() {
    let fixture = Fixture::start().await;
    let first = open(&fixture, "blue", "/hang").await;
    let _second = open(&fixture, "blue", "/hang").await;
    handled(&fixture.blue, 2).await;
    assert_eq!(fixture.get("blue", "/orders").await, (429, "one at a time".to_owned()));
    assert_eq!(fixture.get("red", "/orders").await.0, 200, "the limit is the emulator's own");
    assert_eq!(fixture.blue.state().handled.len(), 2, "a refused request has no effect");
    drop(first);
    // The harness sees the lost connection a moment later.
    while fixture.get("blue", "/orders").await.0 == 429 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.blue.state().handled.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn added_latency_delays_the_answer_and_not_the_effect() {
    let fixture = Fixture::start().await;
    fixture.control("/_sandbox/blue/latency", r#"{"milliseconds": 60000}"#).await;
    let request = fixture.client.get(fixture.url("blue", "/orders"));
    let error = request.timeout(Duration::from_millis(150)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(fixture.blue.state().handled.len(), 1);
    fixture.control("/_sandbox/blue/latency", r#"{"milliseconds": 0}"#).await;
    assert_eq!(fixture.get("blue", "/orders").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_requests_count_as_concurrent() {
    let fixture = Fixture::start().await;
    fixture.control("/_sandbox/blue/latency", r#"{"milliseconds": 60000}"#).await;
    let _first = open(&fixture, "blue", "/orders").await;
    let _second = open(&fixture, "blue", "/orders").await;
    handled(&fixture.blue, 2).await;
    assert_eq!(fixture.get("blue", "/orders").await.0, 429);
}
