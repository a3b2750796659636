//! Time comes in from outside, in two clocks: the business clock (due dates, charge dates, a demo's
//! "next day") and the lease clock (leases, deadlines).

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

#[async_trait]
pub trait Clock: Send + Sync {
    /// The business clock, UTC.
    fn now(&self) -> Timestamp;

    /// The lease clock: only differences and order matter; it never goes back within a process.
    fn lease_now(&self) -> Timestamp;

    /// Waits on the business clock: used by throttles and retries of reads. A virtual clock may run
    /// faster than the host's.
    async fn wait(&self, duration: Duration);
}
