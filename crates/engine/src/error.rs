//! What can keep the engine from making progress on a case or a stream.

use ports::PortError;
use store::api::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Port(#[from] PortError),
    /// The configuration does not fit what is stored (a connection that is not connected …).
    #[error("{0}")]
    Setup(String),
}

pub type Result<T> = std::result::Result<T, EngineError>;
