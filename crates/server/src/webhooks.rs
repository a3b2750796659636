//! Deliveries: a bad signature gets 401 and leaves nothing but a count; a good one is committed
//! before its 2xx, whatever its content (promise P7; mission row C3).

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
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
    if processor.verify_delivery(&header, &body).is_err() {
        crate::metrics::count_bad_signature(id.as_str());
        if let Err(error) = shared.engine.store().inbox_count_bad(&id).await {
            warn!(%error, connection = %id, "a bad signature could not be counted");
        }
        return refuse(StatusCode::UNAUTHORIZED, "the signature does not fit the body");
    }
    match shared.engine.store().inbox_put(&id, &body, shared.engine.now()).await {
        Ok(_) => {
            crate::metrics::count_delivery(id.as_str());
            shared.wake.notify_one();
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => {
            error!(%error, connection = %id, "a delivery could not be stored");
            refuse(StatusCode::SERVICE_UNAVAILABLE, "not stored; please deliver it again")
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
