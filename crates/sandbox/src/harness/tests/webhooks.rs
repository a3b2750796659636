//! Webhooks: sent to loopback, reported, retried by the emulator in virtual time.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Takes one webhook and answers `status`; what was received.
async fn receive(listener: &TcpListener, status: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"{\"toy\":true}") {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "cut short: {}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&bytes[..count]);
    }
    let answer = format!(
        "HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8(received).unwrap()
}

/// Moves the clock and waits for the webhooks' answers.
async fn advance(fixture: &Fixture, seconds: u32) {
    let order = format!(r#"{{"advance_seconds": {seconds}, "wait_for_deliveries": true}}"#);
    fixture.control("/_sandbox/clock", &order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_webhook_comes_again_when_the_emulator_wants() {
    let fixture = Fixture::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks?x=1", listener.local_addr().unwrap());
    fixture.control("/_sandbox/blue/hook", &format!(r#"{{"url": "{url}"}}"#)).await;

    let (received, ()) = tokio::join!(receive(&listener, "500 No"), advance(&fixture, 0));
    assert!(received.starts_with("POST /webhooks?x=1 HTTP/1.1\r\n"), "{received}");
    assert!(received.to_lowercase().contains("x-toy: 0\r\n"), "{received}");
    assert_eq!(fixture.blue.state().outcomes, [("0".to_owned(), Some(500))]);

    advance(&fixture, 59).await;
    assert_eq!(fixture.blue.state().outcomes.len(), 1, "not due yet");
    tokio::join!(receive(&listener, "302 Found"), advance(&fixture, 1));
    assert_eq!(fixture.blue.state().outcomes[1], ("0".to_owned(), Some(302)), "not followed");
    tokio::join!(receive(&listener, "204 No Content"), advance(&fixture, 3600));
    advance(&fixture, 86_400).await;
    let outcomes = fixture.blue.state().outcomes.clone();
    assert_eq!(outcomes[2..], [("0".to_owned(), Some(204))], "answered, so not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_overtake_each_other() {
    let fixture = Fixture::start().await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let quick = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for listener in [&slow, &quick] {
        let url = format!("http://{}/", listener.local_addr().unwrap());
        fixture.control("/_sandbox/red/hook", &format!(r#"{{"url": "{url}"}}"#)).await;
    }
    let receivers = async {
        receive(&quick, "200 OK").await;
        // Nobody has answered the first webhook so far.
        while fixture.red.state().outcomes.is_empty() {
            tokio::task::yield_now().await;
        }
        receive(&slow, "200 OK").await;
    };
    tokio::join!(receivers, advance(&fixture, 0));
    let first = fixture.red.state().outcomes[0].clone();
    assert_eq!(first, ("1".to_owned(), Some(200)), "the slow receiver did not hold it up");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_never_leave_this_host() {
    let fixture = Fixture::start().await;
    for url in ["https://hooks.example.com/", "http://10.1.2.3/", "not a url"] {
        fixture.control("/_sandbox/red/hook", &format!(r#"{{"url": "{url}"}}"#)).await;
    }
    advance(&fixture, 0).await;
    let mut outcomes = fixture.red.state().outcomes.clone();
    outcomes.sort();
    let expected = ["0", "1", "2"].map(|id| (id.to_owned(), None));
    assert_eq!(outcomes, expected);
}
