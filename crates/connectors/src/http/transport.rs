//! The transport over sockets: rustls, no redirects, no cookies, no proxies, no retries of its own,
//! and no private addresses unless their host was allowed.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use ports::transport::{Transport, TransportError};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::hosts::{AllowedHosts, is_private};

/// A connection that takes longer to open is given up; nothing was sent then.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are closed before the usual server does, so that none is found dead on use.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// A larger answer is refused: 500 records of any system here stay far below.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

pub struct ReqwestTransport {
    client: reqwest::Client,
    allowed: AllowedHosts,
}

/// The TLS stack could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client can not be set up: {0}")]
pub struct TransportSetup(String);

impl ReqwestTransport {
    /// A transport that also reaches private addresses of the allowed hosts.
    pub fn try_new(allowed: AllowedHosts) -> Result<ReqwestTransport, TransportSetup> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("ml-connector/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .dns_resolver(Arc::new(PublicOnly { allowed: allowed.clone() }))
            .build()
            .map_err(|error| TransportSetup(error.to_string()))?;
        Ok(ReqwestTransport { client, allowed })
    }

    /// A literal address never meets the resolver, so it is checked here.
    fn check_literal(&self, request: &http::Request<Bytes>) -> Result<(), TransportError> {
        let host = request.uri().host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse() {
            Ok(ip) if is_private(ip) && !self.allowed.names_host(host) => {
                Err(TransportError::NotSent(format!("{host} is a private address")))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        deadline: Duration,
    ) -> Result<http::Response<Bytes>, TransportError> {
        self.check_literal(&request)?;
        let mut request = reqwest::Request::try_from(request).map_err(|e| not_sent(&e))?;
        // Covers the whole exchange, body included.
        *request.timeout_mut() = Some(deadline);
        in_time(deadline, self.exchange(request)).await
    }
}

impl ReqwestTransport {
    async fn exchange(
        &self,
        request: reqwest::Request,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let mut response = self.client.execute(request).await.map_err(|e| failed(&e))?;
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            headers.clone_from(response.headers());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| failed(&e))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(TransportError::NoAnswer("the answer is too large".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        answer.body(body.freeze()).map_err(|error| TransportError::NoAnswer(error.to_string()))
    }
}

/// Asks the clock before anything else, each time that it goes on: a process that was stopped for longer
/// must not send when it wakes, as nobody waits for that request any more. Timers alone come too late:
/// what can go on is polled before they fire.
#[expect(clippy::disallowed_methods, reason = "the socket's own deadline, on the host's clock")]
pub(super) async fn in_time<T>(
    deadline: Duration,
    exchange: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let begun = Instant::now();
    let mut exchange = pin!(exchange);
    poll_fn(|context| {
        if begun.elapsed() > deadline {
            return Poll::Ready(Err(TransportError::NoAnswer("time-out".to_owned())));
        }
        exchange.as_mut().poll(context)
    })
    .await
}

fn not_sent(error: &reqwest::Error) -> TransportError {
    TransportError::NotSent(chain(error))
}

/// Only a connection that never opened is certain to have sent nothing.
fn failed(error: &reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        not_sent(error)
    } else {
        TransportError::NoAnswer(chain(error))
    }
}

/// The error with its causes, without the address (its query may hold what is nobody's business).
fn chain(error: &reqwest::Error) -> String {
    let mut words = match () {
        () if error.is_timeout() => "time-out".to_owned(),
        () if error.is_connect() => "no connection".to_owned(),
        () => "broken off".to_owned(),
    };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        cause = inner.source();
    }
    words
}

/// Resolves names through the system, and leaves out private addresses, so that a name can not
/// lead into the network that this runs in.
struct PublicOnly {
    allowed: AllowedHosts,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_all = self.allowed.names_host(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let usable: Vec<SocketAddr> =
                found.filter(|address| allow_all || !is_private(address.ip())).collect();
            if usable.is_empty() {
                return Err("the name leads to private addresses only".into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}
