//! The transport over sockets, against a server on loopback: what counts as an answer, as no answer
//! and as not sent, and where it refuses to go.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connectors::http::ReqwestTransport;
use connectors::http::hosts::AllowedHosts;
use http::{Method, Request, Response};
use jiff::Timestamp;
use ports::transport::{Transport, TransportError};
use sandbox::clock::VirtualClock;
use sandbox::emulator::{ControlError, Delivery, Emulator, Outcome};
use sandbox::harness::{Harness, Ports, Running};
use serde_json::Value;

/// Long enough for loopback, short enough for a test that runs into it.
const DEADLINE: Duration = Duration::from_millis(300);

/// Answers by path.
struct Paths;

impl Emulator for Paths {
    fn name(&self) -> &'static str {
        "paths"
    }

    fn handle(&self, _: Timestamp, _: &str, request: Request<Bytes>) -> Outcome {
        let mut response = Response::new(request.body().clone());
        match request.uri().path() {
            "/hang" => return Outcome::NoAnswer,
            "/reset" => return Outcome::Reset,
            "/redirect" => {
                *response.status_mut() = http::StatusCode::FOUND;
                let target = http::HeaderValue::from_static("/echo");
                response.headers_mut().insert(http::header::LOCATION, target);
            }
            "/set-cookie" => {
                let cookie = http::HeaderValue::from_static("a=b");
                response.headers_mut().insert(http::header::SET_COOKIE, cookie);
            }
            _ => {
                let sent = format!("cookies: {}", request.headers().contains_key("cookie"));
                *response.body_mut() = [request.body(), sent.as_bytes()].concat().into();
            }
        }
        Outcome::Respond(response)
    }

    fn control(
        &self,
        _: Timestamp,
        _: &Method,
        path: &str,
        _: &Value,
    ) -> Result<Value, ControlError> {
        Err(ControlError(format!("nothing at {path}")))
    }

    fn advance(&self, _: Timestamp) {}

    fn deliveries(&self, _: Timestamp) -> Vec<Delivery> {
        Vec::new()
    }

    fn delivered(&self, _: Timestamp, _: &str, _: Option<u16>) {}

    fn refuse_concurrent(&self, _: Timestamp, _: &str) -> Response<Bytes> {
        Response::new(Bytes::new())
    }
}

#[cfg(test)]
mod on_loopback {
    use super::*;

    async fn served() -> Running {
        let clock = Arc::new(VirtualClock::new("2026-03-02T09:00:00Z".parse().unwrap(), 1));
        Harness::start(vec![Arc::new(Paths)], clock, Ports::any()).await.unwrap()
    }

    fn transport(allowed: &str) -> ReqwestTransport {
        ReqwestTransport::try_new(AllowedHosts(vec![allowed.to_owned()])).unwrap()
    }

    fn post(address: &str) -> Request<Bytes> {
        Request::post(address).body(Bytes::from_static(b"hello, ")).unwrap()
    }

    async fn ask(running: &Running, path: &str) -> Result<Response<Bytes>, TransportError> {
        let address = format!("{}{path}", running.url("paths").unwrap());
        transport("127.0.0.1").send(post(&address), DEADLINE).await
    }

    #[tokio::test]
    async fn an_answer_comes_back_whole() {
        let running = served().await;
        let answer = ask(&running, "/echo").await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.body().as_ref(), b"hello, cookies: false".as_ref());
    }

    #[tokio::test]
    async fn redirects_are_not_followed_and_cookies_not_kept() {
        let running = served().await;
        let answer = ask(&running, "/redirect").await.unwrap();
        assert_eq!(answer.status().as_u16(), 302);
        let address = running.url("paths").unwrap();
        let transport = transport("127.0.0.1");
        transport.send(post(&format!("{address}/set-cookie")), DEADLINE).await.unwrap();
        let answer = transport.send(post(&format!("{address}/echo")), DEADLINE).await.unwrap();
        assert_eq!(answer.body().as_ref(), b"hello, cookies: false".as_ref());
    }

    #[tokio::test]
    async fn silence_and_resets_are_no_answer() {
        let running = served().await;
        for path in ["/hang", "/reset"] {
            let result = ask(&running, path).await;
            assert!(matches!(result, Err(TransportError::NoAnswer(_))), "{path}: {result:?}");
        }
    }

    #[tokio::test]
    async fn what_can_not_be_reached_was_not_sent() {
        let running = served().await;
        let address = format!("{}/?secret=x", running.url("paths").unwrap());
        running.shutdown().await;
        let result = transport("127.0.0.1").send(post(&address), DEADLINE).await;
        let Err(TransportError::NotSent(words)) = result else { panic!("{result:?}") };
        assert!(!words.contains("secret"), "{words}");
    }

    #[tokio::test]
    async fn private_addresses_are_refused_by_literal_and_by_name() {
        for host in ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254"] {
            let address = format!("http://{host}:9/");
            let result = transport("elsewhere.example").send(post(&address), DEADLINE).await;
            let Err(TransportError::NotSent(words)) = result else { panic!("{host}: {result:?}") };
            assert!(words.contains("private"), "{host}: {words}");
        }
    }
}
