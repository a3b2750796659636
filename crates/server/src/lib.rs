//! What the outside may call: webhooks, health and metrics. Everything is bounded in size and time,
//! and a delivery is durable before it is answered.

pub mod health;
pub mod http;
pub mod metrics;
pub mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use engine::Engine;

/// What the handlers share.
#[derive(Clone)]
pub struct Shared {
    pub engine: Arc<Engine>,
    /// Rendered on `/metrics`.
    pub metrics: metrics::Metrics,
    /// Told after each stored delivery, so that it is worked on at once.
    pub wake: Arc<tokio::sync::Notify>,
}

/// All routes.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/webhooks/{connection}", post(webhooks::receive))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::render))
        .with_state(shared)
}
