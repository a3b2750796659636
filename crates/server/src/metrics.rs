//! Prometheus metrics of one process.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::warn;

use crate::Shared;

/// The recorder of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Installs the process-wide recorder; a second call in one process keeps the first recorder.
    #[must_use]
    pub fn install() -> Metrics {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            warn!("metrics are recorded by an earlier recorder of this process");
        }
        Metrics { handle }
    }
}

pub(crate) fn count_delivery(connection: &str) {
    counter!("mlc_deliveries_total", "connection" => connection.to_owned()).increment(1);
}

pub(crate) fn count_bad_signature(connection: &str) {
    counter!("mlc_bad_signatures_total", "connection" => connection.to_owned()).increment(1);
}

/// Counts what a pass did.
pub fn count_pass(looked: u32, sent: u32, failed: u32) {
    counter!("mlc_looks_total").increment(u64::from(looked));
    counter!("mlc_commands_sent_total").increment(u64::from(sent));
    counter!("mlc_looks_failed_total").increment(u64::from(failed));
}

pub async fn render(State(shared): State<Shared>) -> impl IntoResponse {
    let now = shared.engine.now();
    match shared.engine.store().status(now).await {
        Ok(status) => {
            set("mlc_attention", status.attention);
            set("mlc_cases_due", status.due_now);
            set("mlc_commands_open", status.commands_open);
            set("mlc_inbox_waiting", status.inbox_waiting);
            for (kind, stage, reason, count) in status.cases {
                let labels = [("kind", kind), ("stage", stage), ("reason", reason)];
                set_labelled("mlc_cases", &labels, count);
            }
        }
        Err(error) => warn!(%error, "metrics without the store's counts"),
    }
    for (connection, count) in shared.engine.waiting_for_turn() {
        let labels = [("connection", connection.to_string())];
        set_labelled("mlc_writes_waiting", &labels, i64::from(count));
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], shared.metrics.handle.render())
}

/// Gauges are floats by the library's nature; these are counts of rows, never money.
fn set(name: &'static str, count: i64) {
    gauge!(name).set(u32::try_from(count).unwrap_or(u32::MAX));
}

fn set_labelled(name: &'static str, labels: &[(&'static str, String)], count: i64) {
    gauge!(name, labels).set(u32::try_from(count).unwrap_or(u32::MAX));
}
