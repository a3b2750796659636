//! Polls that a person asked for now: a side that asks to slow down, or can not be reached, keeps its
//! streams waiting instead of ending them.

use std::time::Duration;

use model::ids::{ConnectionId, LinkId};
use ports::PortError;

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::poll::streams;

/// Streams of a link that were asked for and are not read yet.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    waiting: Vec<(ConnectionId, &'static str, u32)>,
}

impl Asked {
    /// Everything was read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Why streams are left for later.
#[derive(Debug, Clone)]
pub struct PutOff {
    pub connection: ConnectionId,
    pub error: PortError,
}

impl PutOff {
    /// What the other side asked to wait, when it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.error {
            PortError::Throttled { retry_after } => *retry_after,
            PortError::Rejected(_)
            | PortError::Stale(_)
            | PortError::Unauthorised(_)
            | PortError::Unavailable(_)
            | PortError::OutcomeUnknown(_)
            | PortError::Unsupported(_) => None,
        }
    }
}

impl Engine {
    /// Every stream of a link, due or not.
    #[must_use]
    pub fn ask(&self, link: &LinkId) -> Asked {
        let world = self.world();
        let Some(link) = world.links.get(link) else { return Asked::default() };
        let mut waiting = streams(&world);
        waiting.retain(|(id, _, _)| *id == link.erp || *id == link.processor);
        Asked { waiting }
    }

    /// Reads what was asked for; what was read is taken off. A side that can not answer now is left
    /// out of the rest of this round, and told.
    ///
    /// # Errors
    /// What waiting does not heal: refused credentials, refused reads, the store.
    pub async fn poll_asked(&self, asked: &mut Asked) -> Result<Vec<PutOff>> {
        let world = self.world();
        let mut put_off: Vec<PutOff> = Vec::new();
        for (connection, stream, seconds) in std::mem::take(&mut asked.waiting) {
            if put_off.iter().any(|one| one.connection == connection) {
                asked.waiting.push((connection, stream, seconds));
                continue;
            }
            match self.poll_stream(&world, &connection, stream, seconds, true).await {
                Ok(_) => self.note(&connection, None),
                Err(EngineError::Port(
                    error @ (PortError::Throttled { .. } | PortError::Unavailable(_)),
                )) => {
                    self.note_error(&connection, &error);
                    put_off.push(PutOff { connection: connection.clone(), error });
                    asked.waiting.push((connection, stream, seconds));
                }
                Err(error) => {
                    if let EngineError::Port(error) = &error {
                        self.note_error(&connection, error);
                    }
                    return Err(error);
                }
            }
        }
        Ok(put_off)
    }
}
