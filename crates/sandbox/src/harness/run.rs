//! A sandbox as a program: starts the emulators asked for, prints their URLs, and serves until it
//! is told to stop.

use std::io::{Read, Write};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::{Harness, HarnessError, Ports, Result};
use crate::clock::VirtualClock;
use crate::emulator::Emulator;
use crate::registry;

/// What to serve, where and when.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the emulators listen.
    pub ports: Ports,
    /// Virtual time at the start; `None`: the host's time of day.
    pub start: Option<Timestamp>,
    /// Virtual seconds per host second (0: time moves by `POST /_sandbox/clock` only).
    pub rate: u32,
    /// Decides ids and whatever the emulators draw by lot.
    pub seed: u64,
    /// Names of the emulators to serve; empty: all.
    pub only: Vec<String>,
    /// When to end.
    pub stop: Stop,
}

/// What ends the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// SIGINT or SIGTERM.
    Signal,
    /// The end of standard input: a parent that dies takes its sandbox along.
    StdinCloses,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ports: Ports::any(),
            start: None,
            rate: 1,
            seed: 1,
            only: Vec::new(),
            stop: Stop::Signal,
        }
    }
}

/// Serves the emulators until told to stop. Prints one line of JSON once all of them listen: base
/// URLs by name. Must be called within a tokio runtime.
///
/// # Errors
/// An unknown name, a bind address that is not loopback, a port in use, a closed standard output.
pub async fn run(options: Options) -> Result<()> {
    let emulators: Vec<Arc<dyn Emulator>> = registry::emulators(options.seed, &options.only)?;
    let clock = match options.start {
        Some(start) => VirtualClock::new(start, options.rate),
        None => VirtualClock::from_host(options.rate),
    };
    let running = Harness::start(emulators, Arc::new(clock), options.ports).await?;
    let urls: Map<String, Value> =
        running.urls().map(|(name, url)| (name.to_owned(), url.into())).collect();
    announce(&Value::Object(urls)).map_err(HarnessError::Terminal)?;
    let stopped = match options.stop {
        Stop::Signal => signalled().await,
        Stop::StdinCloses => stdin_closed().await,
    };
    running.shutdown().await;
    stopped.map_err(HarnessError::Terminal)
}

fn announce(urls: &Value) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{urls}")?;
    stdout.flush()
}

async fn signalled() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

/// Waits on a thread of its own: a blocking task of the runtime would hold up its end.
async fn stdin_closed() -> std::io::Result<()> {
    let (closed, waiting) = oneshot::channel();
    std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut bytes = [0; 256];
        // An error is an end as well.
        while stdin.read(&mut bytes).is_ok_and(|count| count > 0) {}
        // Nobody waits any more when the sandbox has ended for another reason.
        let _ = closed.send(());
    })?;
    // Fails only if the thread panicked: an end as well.
    let _ = waiting.await;
    Ok(())
}
