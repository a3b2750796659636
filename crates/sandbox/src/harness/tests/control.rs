//! The control surface: routes and callers.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_port_serves_the_whole_surface() {
    let fixture = Fixture::start().await;
    let expected = serde_json::json!({
        "emulators": { "red": fixture.url("red", ""), "blue": fixture.url("blue", "") },
        "clock": { "now": START, "rate": 0 },
    });
    for name in ["red", "blue"] {
        let (status, text) = fixture.get(name, "/_sandbox").await;
        assert_eq!((status, json(&text)), (200, expected.clone()));
    }
    assert!(fixture.red.state().handled.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulator_gets_method_path_and_body() {
    let fixture = Fixture::start().await;
    let fixture = &fixture;
    let check = async |method: Method, path: &str, body: &str, expected: &str| {
        let (status, text) = fixture.call(method, "blue", path, body).await;
        assert_eq!((status, json(&text)), (200, json(expected)), "{path}");
    };
    check(
        Method::GET,
        "/_sandbox/red/truth?of=a%20b&n=1",
        "",
        r#"{"method": "GET", "path": "/truth", "body": {"of": "a b", "n": "1"}}"#,
    )
    .await;
    check(
        Method::POST,
        "/_sandbox/red/seed/more",
        r#"{"amount": 10.10}"#,
        r#"{"method": "POST", "path": "/seed/more", "body": {"amount": 10.10}}"#,
    )
    .await;
    check(Method::GET, "/_sandbox/red", "", r#"{"method": "GET", "path": "", "body": null}"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said() {
    let fixture = Fixture::start().await;
    let fixture = &fixture;
    let check = async |method: Method, path: &str, body: &str, status: u16, expected: &str| {
        let (shown, text) = fixture.call(method, "red", path, body).await;
        assert_eq!(shown, status, "{path}: {text}");
        assert!(text.contains(expected), "{path}: {text}");
    };
    check(Method::GET, "/_sandbox/green/truth", "", 404, "there is no emulator green").await;
    check(Method::POST, "/_sandbox", "", 405, "GET only").await;
    check(Method::PUT, "/_sandbox/clock", "{}", 405, "GET or POST only").await;
    check(Method::POST, "/_sandbox/red/hook", "{}", 400, "url?").await;
    check(Method::POST, "/_sandbox/red/seed", "{", 400, "not what this path takes").await;
    let over = r#"{"milliseconds": 120001}"#;
    check(Method::POST, "/_sandbox/red/latency", over, 400, "at most 120000").await;
    check(Method::GET, "/_sandboxes", "", 200, "/_sandboxes at").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_and_borrowed_names_may_not_control() {
    let fixture = Fixture::start().await;
    let fixture = &fixture;
    let check = async |name: &str, value: &str, expected: u16| {
        let request = fixture.client.get(fixture.url("red", "/_sandbox/clock"));
        let response = request.header(name, value).send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{name}: {value}");
    };
    check("host", "localhost:4000", 200).await;
    check("host", "rebound.example.com", 403).await;
    check("origin", "http://127.0.0.1:9", 200).await;
    check("origin", "https://example.com", 403).await;
    check("origin", "null", 403).await;
}
