//! The one HTTP stack of all connectors (DESIGN.md section 6): throttle, retry of what is safe to
//! retry, renewal of credentials, redacted recording, and the guard over where requests may go.

pub mod auth;
pub mod backoff;
pub mod classify;
pub mod client;
pub mod hosts;
pub mod jitter;
pub mod paging;
pub mod record;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod throttle;
pub mod transport;
pub mod urls;

pub use auth::{Authoriser, Bearer};
pub use client::{Answer, Call, Effect, HttpClient, HttpSettings, Vendor, Verdict};
pub use transport::ReqwestTransport;
