//! Serves emulators over loopback sockets: one port each with the vendor's API at `/` and the
//! control surface of the whole set under `/_sandbox` (DESIGN.md section 9). Emulators stay
//! synchronous; sockets, waiting, concurrency and webhook sending live here.

mod admission;
mod control;
mod deliveries;
mod driven;
mod ports;
mod requests;
mod run;
mod serving;
mod stream;
#[cfg(test)]
mod tests;
mod timeline;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use self::admission::{Admission, Permit};
pub use self::ports::Ports;
pub use self::run::{Options, Stop, run};
use self::serving::Stage;
use crate::clock::VirtualClock;
use crate::emulator::Emulator;

/// Why the harness could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// Name a loopback address.
    #[error(
        "the sandbox listens on loopback only, not on {0}: its control surface has no password"
    )]
    NotLoopback(IpAddr),
    /// Choose a lower first port.
    #[error("no port is left after {first}")]
    NoPortLeft {
        /// The first port asked for.
        first: u16,
    },
    /// Choose another port, or stop what listens there.
    #[error("cannot listen on {address} for {name}")]
    Listen {
        /// The emulator.
        name: &'static str,
        /// The address that was tried.
        address: SocketAddr,
        /// What the host said.
        source: std::io::Error,
    },
    /// Give each emulator its own name.
    #[error("two emulators are called {0}")]
    NameTwice(&'static str),
    /// Use one of the names listed.
    #[error("there is no emulator {name}; there are: {known}")]
    UnknownName {
        /// The name asked for.
        name: String,
        /// The names there are, comma separated.
        known: String,
    },
    /// The client for webhooks could not be made.
    #[error("cannot make the webhook sender")]
    Sender(#[source] reqwest::Error),
    /// The announcement of the URLs could not be written, or signals not be awaited.
    #[error("cannot talk to the terminal")]
    Terminal(#[source] std::io::Error),
}

/// Result of the harness.
pub type Result<T> = std::result::Result<T, HarnessError>;

/// The way to start a set of emulators.
#[derive(Debug)]
pub struct Harness;

/// A set of emulators that is being served; ends with [`Running::shutdown`] or when dropped.
#[derive(Debug)]
pub struct Running {
    urls: Vec<(&'static str, String)>,
    tasks: JoinSet<()>,
}

impl Harness {
    /// Listens for each emulator and starts the ticker that moves their time and sends their
    /// webhooks. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// A bind address that is not loopback, a port in use, or two emulators of one name.
    pub async fn start(
        emulators: Vec<Arc<dyn Emulator>>,
        clock: Arc<VirtualClock>,
        ports: Ports,
    ) -> Result<Running> {
        let mut listeners = Vec::new();
        let mut urls: Vec<(&'static str, String)> = Vec::new();
        for (index, emulator) in emulators.iter().enumerate() {
            let name = emulator.name();
            if urls.iter().any(|(other, _)| *other == name) {
                return Err(HarnessError::NameTwice(name));
            }
            let listener = listen(name, ports.address(index, name)?).await?;
            urls.push((name, format!("http://{}", listener.1)));
            listeners.push(listener.0);
        }
        let (stage, asked) = Stage::new(emulators, &urls, clock)?;
        let stage = Arc::new(stage);
        let mut tasks = JoinSet::new();
        for (driven, listener) in stage.driven.iter().zip(listeners) {
            tasks.spawn(serving::accept(Arc::clone(&stage), Arc::clone(driven), listener));
        }
        tasks.spawn(timeline::tick(stage, asked));
        Ok(Running { urls, tasks })
    }
}

impl Running {
    /// The base URL of an emulator, without a slash at the end.
    #[must_use]
    pub fn url(&self, name: &str) -> Option<&str> {
        self.urls.iter().find(|(other, _)| *other == name).map(|(_, url)| url.as_str())
    }

    /// Names and base URLs in the order of the start.
    pub fn urls(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.urls.iter().map(|(name, url)| (*name, url.as_str()))
    }

    /// Closes listeners and connections and stops the webhooks; what is under way is cut.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn listen(name: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let refused = |source| HarnessError::Listen { name, address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}
