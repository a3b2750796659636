//! Liveness and readiness.

use axum::extract::State;
use axum::http::StatusCode;

use crate::Shared;

/// The process answers.
pub async fn live() -> &'static str {
    "ok\n"
}

/// The store answers too: deliveries can be taken.
pub async fn ready(State(shared): State<Shared>) -> (StatusCode, String) {
    match shared.engine.store().setting("ready").await {
        Ok(_) => (StatusCode::OK, "ready\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {error}\n")),
    }
}
