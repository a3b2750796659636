//! The one way out: a request becomes a response. Sockets in production, emulators in process in the
//! simulator.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent (connection refused, no route, bad address).
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have been received (time-out, reset, truncated answer).
    #[error("no answer: {0}")]
    NoAnswer(String),
}

#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request; `deadline` bounds the whole exchange. Redirects are not followed.
    async fn send(
        &self,
        request: http::Request<Bytes>,
        deadline: Duration,
    ) -> Result<http::Response<Bytes>, TransportError>;
}
