//! The harness over real sockets, with toy emulators.

mod clock;
mod control;
mod requests;
mod start;
mod webhooks;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use super::{Harness, Ports, Running};
use crate::clock::VirtualClock;
use crate::emulator::Emulator;
use crate::toy::Toy;

/// Virtual time at which each test starts; the clock is frozen.
const START: &str = "2026-03-02T09:00:00Z";

/// Two toys being served: `red` without a limit, `blue` with two concurrent requests.
struct Fixture {
    running: Running,
    clock: Arc<VirtualClock>,
    red: Arc<Toy>,
    blue: Arc<Toy>,
    client: reqwest::Client,
}

impl Fixture {
    async fn start() -> Self {
        let clock = Arc::new(VirtualClock::new(time(START), 0));
        let red = Arc::new(Toy::new("red", None));
        let blue = Arc::new(Toy::new("blue", Some(2)));
        let emulators: Vec<Arc<dyn Emulator>> =
            vec![Arc::<Toy>::clone(&red), Arc::<Toy>::clone(&blue)];
        let started = Harness::start(emulators, Arc::clone(&clock), Ports::any()).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { running: started.unwrap(), clock, red, blue, client }
    }

    fn url(&self, name: &str, path: &str) -> String {
        format!("{}{path}", self.running.url(name).unwrap())
    }

    /// A request to the port of `name`: status and body.
    async fn call(&self, method: Method, name: &str, path: &str, body: &str) -> (u16, String) {
        let request = self.client.request(method, self.url(name, path)).body(body.to_owned());
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn get(&self, name: &str, path: &str) -> (u16, String) {
        self.call(Method::GET, name, path, "").await
    }

    /// A control call that must succeed.
    async fn control(&self, path: &str, body: &str) -> Value {
        let (status, text) = self.call(Method::POST, "red", path, body).await;
        assert_eq!(status, StatusCode::OK.as_u16(), "{path} {body}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A body one byte over the harness's limit.
fn oversized() -> Bytes {
    Bytes::from(vec![b' '; crate::in_process::BODY_BYTES_MAX + 1])
}
