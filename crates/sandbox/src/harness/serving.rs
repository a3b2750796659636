//! Accepts connections and hands each request to its emulator or to the control surface.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::deliveries::Sender;
use super::driven::Driven;
use super::requests;
use super::stream::{Breakable, Breaker};
use super::timeline::Round;
use super::{HarnessError, Result};
use crate::clock::VirtualClock;
use crate::emulator::Emulator;

/// Open connections per emulator; further ones wait in the host's backlog. Above what any client
/// pool opens, below the usual limit of 1,024 open files.
const CONNECTIONS_MAX: usize = 256;
/// Wait after a failed accept (the host is out of files): trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Rounds asked for and not yet begun; askers wait for their answer, so few are ever queued.
const ROUNDS_QUEUED_MAX: usize = 64;

/// What all ports share.
pub(super) struct Stage {
    pub(super) driven: Vec<Arc<Driven>>,
    pub(super) clock: Arc<VirtualClock>,
    pub(super) sender: Sender,
    /// Held during a jump, so that two of them come one after the other.
    pub(super) jump: Mutex<()>,
    /// Asks the ticker for a round now.
    pub(super) rounds: mpsc::Sender<Round>,
}

impl Stage {
    /// The stage, and the ticker's end of the rounds asked for.
    pub(super) fn new(
        emulators: Vec<Arc<dyn Emulator>>,
        urls: &[(&'static str, String)],
        clock: Arc<VirtualClock>,
    ) -> Result<(Self, mpsc::Receiver<Round>)> {
        let driven = emulators
            .into_iter()
            .zip(urls)
            .map(|(emulator, (_, url))| {
                Arc::new(Driven::new(emulator, Arc::clone(&clock), url.clone()))
            })
            .collect();
        let (rounds, asked) = mpsc::channel(ROUNDS_QUEUED_MAX);
        let sender = Sender::new().map_err(HarnessError::Sender)?;
        Ok((Self { driven, clock, sender, jump: Mutex::new(()), rounds }, asked))
    }

    pub(super) fn find(&self, name: &str) -> Option<&Arc<Driven>> {
        self.driven.iter().find(|driven| driven.name() == name)
    }
}

/// Serves one emulator until aborted; its connections end with it.
pub(super) async fn accept(stage: Arc<Stage>, driven: Arc<Driven>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(Arc::clone(&stage), Arc::clone(&driven), stream));
                }
                Err(error) => {
                    tracing::warn!(emulator = driven.name(), %error, "cannot accept a connection");
                    pause(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn serve(stage: Arc<Stage>, driven: Arc<Driven>, stream: TcpStream) {
    let breaker = Breaker::default();
    let connection = Breakable::new(stream, breaker.clone());
    let service = service_fn(|request| requests::answer(&stage, &driven, &breaker, request));
    let served = http1::Builder::new()
        // The harness dates answers by the virtual clock.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(connection), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(emulator = driven.name(), %error, "a connection ended early");
    }
}

#[expect(clippy::disallowed_methods, reason = "the harness is a shell: it waits on the host")]
pub(super) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
