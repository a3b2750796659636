//! What ends the demo before its time: signals, and what the person at the terminal types.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::failure::{Failure, Result};

/// Added to a signal's number in the exit code of a program that it ended.
const OF_SIGNAL: u8 = 128;

/// Signals that end it.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came {
    pub name: &'static str,
    /// As a shell tells the end by this signal.
    pub code: u8,
}

impl Signals {
    /// From now on none of them ends the process by itself.
    pub fn listen() -> Result<Signals> {
        let on = |kind| signal(kind).map_err(Failure::file("signals"));
        Ok(Signals {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Came {
        let (name, number) = tokio::select! {
            _ = self.interrupt.recv() => ("Ctrl-C", 2),
            _ = self.terminate.recv() => ("SIGTERM", 15),
            _ = self.hangup.recv() => ("the end of the terminal", 1),
        };
        Came { name, code: OF_SIGNAL + number }
    }
}

/// Enter at the terminal. It is read on a thread of its own: a blocking task of the runtime would hold
/// up the end until somebody typed.
pub struct Keys(UnboundedReceiver<()>);

impl Keys {
    /// Reads standard input from now on.
    pub fn listen() -> Result<Keys> {
        let (typed, keys) = unbounded_channel();
        let read = move || {
            let mut line = String::new();
            // An input that can not be read has ended.
            while std::io::stdin().read_line(&mut line).is_ok_and(|count| count > 0) {
                line.clear();
                if typed.send(()).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("keys".to_owned()).spawn(read);
        thread.map_err(Failure::file("a thread for the keyboard"))?;
        Ok(Keys(keys))
    }

    /// Waits for Enter; false when the input has ended.
    pub async fn enter(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}
