//! Runs a future that never waits: the store in line, and the engine's calls that only use it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use futures::task::noop_waker;

/// Polls until it is ready. Nothing here sleeps, so a future that waits would turn for ever.
pub fn at_once<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
