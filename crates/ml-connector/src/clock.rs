//! The clocks of the process: the host's, or, beside a sandbox, the sandbox's virtual one.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use ports::Clock;
use ports::transport::Transport;
use tracing::warn;
use url::Url;

use crate::failure::{Failure, Result};

/// The host's clock for everything.
pub struct HostClock;

#[expect(clippy::disallowed_methods, reason = "the shell is where the host's clock is read")]
fn host_now() -> Timestamp {
    Timestamp::now()
}

#[async_trait]
impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        host_now()
    }

    fn lease_now(&self) -> Timestamp {
        host_now()
    }

    #[expect(clippy::disallowed_methods, reason = "the shell is where waiting happens")]
    async fn wait(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Follows a sandbox's virtual clock for business time; leases stay on the host's clock.
pub struct FollowedClock {
    seen: RwLock<Seen>,
}

#[derive(Clone, Copy)]
struct Seen {
    virtual_now: Timestamp,
    at: Instant,
    /// Virtual seconds per host second.
    rate: u32,
}

/// Milliseconds between looks at the sandbox's clock.
const FOLLOW_MILLISECONDS: u64 = 50;

impl FollowedClock {
    /// Reads the clock once and keeps following it. Only a clock on this machine is followed.
    #[expect(clippy::disallowed_methods, reason = "a shell: following is a task of its own")]
    pub async fn start(url: &str, transport: Arc<dyn Transport>) -> Result<Arc<FollowedClock>> {
        let refused = |why: &str| Failure::usage(format!("[clock] follow \"{url}\": {why}"));
        let parsed = Url::parse(url).map_err(|error| refused(&error.to_string()))?;
        if !matches!(parsed.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            return Err(refused("only a sandbox on this machine can be followed"));
        }
        let first = read(url, transport.as_ref())
            .await
            .map_err(|why| refused(&format!("the sandbox does not answer: {why}")))?;
        let clock = Arc::new(FollowedClock { seen: RwLock::new(first) });
        let (followed, url) = (Arc::clone(&clock), url.to_owned());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(FOLLOW_MILLISECONDS)).await;
                match read(&url, transport.as_ref()).await {
                    Ok(seen) => {
                        if let Ok(mut held) = followed.seen.write() {
                            *held = seen;
                        }
                    }
                    Err(why) => warn!(why, "the sandbox's clock does not answer"),
                }
            }
        });
        Ok(clock)
    }
}

async fn read(url: &str, transport: &dyn Transport) -> std::result::Result<Seen, String> {
    let request = http::Request::get(url).body(Bytes::new()).map_err(|error| error.to_string())?;
    let answer =
        transport.send(request, Duration::from_secs(5)).await.map_err(|error| error.to_string())?;
    let body: serde_json::Value =
        serde_json::from_slice(answer.body()).map_err(|error| error.to_string())?;
    let now = body["now"].as_str().ok_or("no \"now\" in the answer")?;
    let virtual_now = now.parse().map_err(|error: jiff::Error| error.to_string())?;
    let rate = body["rate"].as_u64().and_then(|rate| u32::try_from(rate).ok()).unwrap_or(1);
    Ok(Seen { virtual_now, at: instant(), rate })
}

#[expect(clippy::disallowed_methods, reason = "the shell is where the host's clock is read")]
fn instant() -> Instant {
    Instant::now()
}

impl FollowedClock {
    fn seen(&self) -> Option<Seen> {
        self.seen.read().ok().map(|seen| *seen)
    }
}

#[async_trait]
impl Clock for FollowedClock {
    fn now(&self) -> Timestamp {
        let Some(seen) = self.seen() else { return host_now() };
        let elapsed = instant().saturating_duration_since(seen.at).saturating_mul(seen.rate);
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::ZERO);
        seen.virtual_now.checked_add(elapsed).unwrap_or(seen.virtual_now)
    }

    fn lease_now(&self) -> Timestamp {
        host_now()
    }

    #[expect(clippy::disallowed_methods, reason = "the shell is where waiting happens")]
    async fn wait(&self, duration: Duration) {
        let rate = self.seen().map_or(1, |seen| seen.rate.max(1));
        tokio::time::sleep(duration / rate).await;
    }
}
