//! The listening socket: bounded in connections, and patient with nobody.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::watch::Receiver;
use tracing::debug;

/// Connections held at a time; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 1_024;

/// Seconds for the request line and headers to arrive.
const HEADER_SECONDS: u64 = 10;

/// Takes the address; fails when it is in use or not this machine's.
pub async fn bind(listen: &str) -> std::io::Result<TcpListener> {
    TcpListener::bind(listen).await
}

/// Serves until `stop` turns true; requests under way are finished.
#[expect(clippy::disallowed_methods, reason = "a shell: each connection is a task of its own")]
pub async fn serve(listener: TcpListener, router: Router, mut stop: Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told_to_stop(&mut stop) => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let service = TowerToHyperService::new(router.clone());
        let mut stopped = stop.clone();
        tokio::spawn(async move {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new());
            builder.header_read_timeout(Duration::from_secs(HEADER_SECONDS));
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = told_to_stop(&mut stopped) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    }
}

/// Resolves when the value turns true, or when nobody can turn it any more.
async fn told_to_stop(stop: &mut Receiver<bool>) {
    let _told = stop.wait_for(|stop| *stop).await.is_ok();
}
