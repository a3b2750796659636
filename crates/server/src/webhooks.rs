//! Deliveries over HTTP: whose they are, and their whole body within bounds of size and time. What becomes of
//! them is the engine's rule (`engine::intake`; mission row C3).

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::intake::{self, Arrived, Taken};
use model::ids::ConnectionId;
use tracing::{error, warn};

use crate::Shared;

/// Bytes of one delivery: 250 events are a few hundred kilobytes (gocardless sheet section 19).
pub const BODY_MAX: usize = 4 * 1024 * 1024;

/// Seconds for the whole body to arrive: the sender gives up after ten.
const BODY_SECONDS: u64 = 10;

pub async fn receive(
    State(shared): State<Shared>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let id = ConnectionId::new(connection);
    let world = shared.engine.world();
    let Some(processor) = world.processors.get(&id) else {
        return refuse(StatusCode::NOT_FOUND, "no such connection takes deliveries here");
    };
    let body = match tokio::time::timeout(Duration::from_secs(BODY_SECONDS), whole(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(Unread::TooLarge)) => {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
        }
        Ok(Err(Unread::Broken)) => return refuse(StatusCode::BAD_REQUEST, "the body broke off"),
        Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    };
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let arrived =
        Arrived { connection: &id, header: &header, body: &body, at: shared.engine.now() };
    let store = shared.engine.store().as_ref();
    let taken = intake::take(store, processor.as_ref(), &arrived).await;
    let status = StatusCode::from_u16(taken.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    match taken {
        Taken::Kept => {
            crate::metrics::count_delivery(id.as_str());
            shared.wake.notify_one();
            status.into_response()
        }
        Taken::Forged { uncounted } => {
            crate::metrics::count_bad_signature(id.as_str());
            if let Some(error) = uncounted {
                warn!(%error, connection = %id, "a bad signature could not be counted");
            }
            refuse(status, "the signature does not fit the body")
        }
        Taken::NotKept(error) => {
            error!(%error, connection = %id, "a delivery could not be stored");
            refuse(status, "not stored; please deliver it again")
        }
    }
}

/// Why a body is not there.
enum Unread {
    TooLarge,
    /// It ended early, or its chunks can not be read.
    Broken,
}

/// The whole body. One that says to be too large is refused before any of it is read.
async fn whole(body: Body) -> Result<Vec<u8>, Unread> {
    if body.size_hint().lower() > BODY_MAX as u64 {
        return Err(Unread::TooLarge);
    }
    let mut body = std::pin::pin!(body);
    let mut held = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await
    {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if held.len() + data.len() > BODY_MAX {
            return Err(Unread::TooLarge);
        }
        held.extend_from_slice(&data);
    }
    Ok(held)
}

fn refuse(status: StatusCode, why: &'static str) -> Response {
    (status, format!("{why}\n")).into_response()
}
