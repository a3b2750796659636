//! A wire without faults and without delay: what the console's own connections go over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use ports::transport::{Transport, TransportError};
use sandbox::emulator::Outcome;

use super::outside::Outside;

pub struct Direct {
    pub outside: Arc<Outside>,
}

#[async_trait]
impl Transport for Direct {
    async fn send(
        &self,
        request: Request<Bytes>,
        _deadline: Duration,
    ) -> Result<Response<Bytes>, TransportError> {
        let nth = self.outside.serving(request.uri().host());
        let nth = nth.ok_or_else(|| TransportError::NotSent("nobody lives there".to_owned()))?;
        match self.outside.call(nth, request).0 {
            Outcome::Respond(answer) => Ok(answer),
            Outcome::NoAnswer | Outcome::Reset => {
                Err(TransportError::NoAnswer("no answer".to_owned()))
            }
        }
    }
}
