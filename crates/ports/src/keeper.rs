//! Keeping a secret that the other side renews at every use, such as a rotating token: it has to be
//! stored before it is used, and only one process may renew it at a time.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::error::PortError;

/// The renewed secrets of one connection.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// Takes the one turn to renew, which ends by itself after some minutes. `false`: another process
    /// has it.
    async fn take_turn(&self) -> Result<bool, PortError>;

    /// Gives the turn back.
    async fn end_turn(&self);

    /// The newest that any process kept.
    async fn kept(&self, field: &str) -> Result<Option<SecretString>, PortError>;

    /// Keeps a secret for good, in the place of the one before.
    async fn keep(&self, field: &str, secret: &SecretString) -> Result<(), PortError>;
}

/// For connections that renew nothing.
pub struct NoKeeper;

#[async_trait]
impl Keeper for NoKeeper {
    async fn take_turn(&self) -> Result<bool, PortError> {
        Ok(true)
    }

    async fn end_turn(&self) {}

    async fn kept(&self, _field: &str) -> Result<Option<SecretString>, PortError> {
        Ok(None)
    }

    async fn keep(&self, field: &str, _secret: &SecretString) -> Result<(), PortError> {
        Err(PortError::Unsupported(format!("nowhere to keep \"{field}\"")))
    }
}
