//! Sends the webhooks that emulators want sent, to receivers on loopback only, and reports what
//! came of each.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::{Host, Url};

use super::driven::Driven;
use super::requests::off_runtime;
use crate::emulator::Delivery;

/// Host time a receiver has for its answer (gocardless sheet section 19; a receiver's patience does
/// not shrink when virtual time runs faster).
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Webhooks under way at once: several, as vendors send, so that they overtake each other.
const PARALLEL_MAX: usize = 16;
/// Webhooks taken from emulators and not yet answered; beyond, they stay with the emulators.
pub(super) const TAKEN_MAX: usize = 256;

/// The client for webhooks.
pub(super) struct Sender {
    client: reqwest::Client,
    parallel: Arc<Semaphore>,
}

impl Sender {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            // A redirect is a failure: its status is reported as it came.
            .redirect(Policy::none())
            .timeout(ANSWER_MAX)
            .build()?;
        Ok(Self { client, parallel: Arc::new(Semaphore::new(PARALLEL_MAX)) })
    }

    /// Starts sending; the task ends when the emulator has been told.
    pub(super) fn send(&self, tasks: &mut JoinSet<()>, driven: &Arc<Driven>, delivery: Delivery) {
        let (client, parallel) = (self.client.clone(), Arc::clone(&self.parallel));
        let driven = Arc::clone(driven);
        tasks.spawn(async move {
            // Never closed, so an error can not come; sending without a permit would do no harm.
            let permit = parallel.acquire().await;
            let status = post(&client, driven.name(), &delivery).await;
            drop(permit);
            let told = off_runtime(move || {
                driven.call(|emulator, now| emulator.delivered(now, &delivery.id, status));
            });
            // A failure was logged where it came up; there is nobody to answer here.
            let _ = told.await;
        });
    }
}

/// Posts one webhook; the receiver's status, or `None` when no answer came in time.
async fn post(client: &reqwest::Client, name: &str, delivery: &Delivery) -> Option<u16> {
    let url = Url::parse(&delivery.url).ok().filter(is_loopback);
    let Some(url) = url else {
        tracing::warn!(
            emulator = name,
            url = delivery.url,
            "webhook not sent: the sandbox sends to loopback addresses only"
        );
        return None;
    };
    let mut request = client.post(url).body(delivery.body.clone());
    for (header, value) in &delivery.headers {
        request = request.header(header, value);
    }
    match request.send().await {
        Ok(response) => Some(response.status().as_u16()),
        Err(error) => {
            tracing::debug!(emulator = name, id = delivery.id, %error, "webhook not answered");
            None
        }
    }
}

/// Whether a URL names this host by a loopback address or as `localhost`.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: bool) {
        assert_eq!(Url::parse(url).is_ok_and(|url| is_loopback(&url)), expected, "{url}");
    }

    #[test]
    fn receivers_must_be_on_loopback() {
        check("http://127.0.0.1:8080/webhooks/a", true);
        check("http://127.1:8080/", true);
        check("http://[::1]:8080/", true);
        check("http://localhost/", true);
        check("http://app.localhost/", true);
        check("http://example.com/", false);
        check("http://127.0.0.1.example.com/", false);
        check("http://127.0.0.1@example.com/", false);
        check("http://10.0.0.1/", false);
        check("http://[::ffff:127.0.0.1]/", false);
        check("file:///etc/hosts", false);
        check("127.0.0.1", false);
    }
}
