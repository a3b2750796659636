//! Port errors, named by what the caller must do next.

use std::time::Duration;

use model::command::{Rejection, RejectionCause};

/// Why a read or write gave no answer. Never holds a secret or a payer's bank details.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The other side refused it for its content or state; repeating it changes nothing.
    #[error("refused: {}", .0.words)]
    Rejected(Rejection),
    /// What it was decided on has changed meanwhile; nothing was written. Look again.
    #[error("changed meanwhile: {0}")]
    Stale(String),
    /// The credentials are refused, also after one renewal.
    #[error("the credentials are refused: {0}")]
    Unauthorised(String),
    /// Slow down; it was certainly not executed.
    #[error("the other side asks to slow down")]
    Throttled { retry_after: Option<Duration> },
    /// It could not be sent, or a read failed; nothing was executed.
    #[error("can not be reached: {0}")]
    Unavailable(String),
    /// A write was sent and its outcome is not known: it may have happened.
    #[error("the outcome is unknown: {0}")]
    OutcomeUnknown(String),
    /// This system can not do it at all.
    #[error("not supported here: {0}")]
    Unsupported(String),
}

impl PortError {
    #[must_use]
    pub fn rejected(cause: RejectionCause, words: impl Into<String>) -> PortError {
        PortError::Rejected(Rejection { cause, words: words.into(), field: None })
    }
}
