//! The transport over sockets: rustls, no redirects, no cookies, no proxies, no retries of its own,
//! and no private addresses unless their host was allowed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Long enough for loopback, short enough for a test that runs into it.
    const DEADLINE: Duration = Duration::from_millis(300);

    fn transport(allowed: &[&str]) -> ReqwestTransport {
        let allowed = allowed.iter().map(|host| (*host).to_owned()).collect();
        ReqwestTransport::try_new(AllowedHosts(allowed)).unwrap()
    }

    fn get(address: &str) -> http::Request<Bytes> {
        http::Request::get(address).body(Bytes::new()).unwrap()
    }

    /// Takes one connection, reads the request's head and answers with `answer`; an empty answer
    /// keeps the caller waiting until it gives up.
    async fn serve(listener: &TcpListener, answer: &str) {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let read = socket.read(&mut head).await.unwrap();
        assert!(read > 0);
        if answer.is_empty() {
            // Ends when the caller hangs up.
            let _ = socket.read(&mut head).await;
        } else {
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    async fn exchange(answer: &str) -> Result<http::Response<Bytes>, TransportError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/a", listener.local_addr().unwrap());
        let transport = transport(&["127.0.0.1"]);
        futures::join!(transport.send(get(&address), DEADLINE), serve(&listener, answer)).0
    }

    #[tokio::test]
    async fn an_answer_comes_back_whole_and_redirects_are_not_followed() {
        let body = "HTTP/1.1 201 Created\r\nX-Request-Id: r1\r\nContent-Length: 4\r\n\r\nbody";
        let answer = exchange(body).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (201, b"body".as_ref()));
        assert_eq!(answer.headers()["x-request-id"], "r1");
        let redirect =
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(exchange(redirect).await.unwrap().status().as_u16(), 302);
    }

    #[tokio::test]
    async fn silence_and_cut_off_answers_are_no_answer() {
        for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "nonsense\r\n\r\n"]
        {
            let result = exchange(answer).await;
            assert!(matches!(result, Err(TransportError::NoAnswer(_))), "{answer:?}: {result:?}");
        }
    }

    #[tokio::test]
    async fn what_can_not_be_reached_was_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/?secret=x", listener.local_addr().unwrap());
        drop(listener);
        let result = transport(&["127.0.0.1"]).send(get(&address), DEADLINE).await;
        let Err(TransportError::NotSent(words)) = result else { panic!("{result:?}") };
        assert!(!words.contains("secret"), "{words}");
    }

    #[tokio::test]
    async fn private_addresses_are_refused_by_literal_and_by_name() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost", "[::1]", "10.0.0.1"] {
            let address = format!("http://{host}:{port}/");
            let result = transport(&["elsewhere.example"]).send(get(&address), DEADLINE).await;
            let Err(TransportError::NotSent(words)) = result else { panic!("{host}: {result:?}") };
            assert!(words.contains("private"), "{host}: {words}");
        }
    }
}
