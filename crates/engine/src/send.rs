//! Do: one committed command is sent, and its answer is a fact.

use std::time::Duration;

use jiff::ToSpan;
use tracing::{info, warn};

use model::command::{Command, ErpWrite, Rejection, RejectionCause, Write, WriteAnswer};
use model::key::Key;
use ports::{BankDetails, Description, PortError};
use store::rows::{Claimed, SendOutcome};

use crate::bank_details::write_processor;
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::world::World;

/// Seconds of lease that must be left beyond the request's deadline when it is sent.
const LEASE_MARGIN_SECONDS: i64 = 5;

/// How a send ended, as far as the worker must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Done or refused: look again at once.
    Answered,
    /// What it was decided on has changed: look again at once, but not without end.
    Changed,
    /// Not executed, or unknown: look again after a while.
    Later,
    /// The lease did not suffice, its turn did not come, or the worker is winding down; nothing was
    /// sent.
    Withheld,
}

impl Engine {
    pub(crate) async fn send(
        &self,
        world: &World,
        claimed: &Claimed,
        command: &Command,
        connection: &model::ids::ConnectionId,
    ) -> Result<Sent> {
        let not_connected =
            || EngineError::Setup(format!("connection {connection} is not connected"));
        let description: Description = match &command.write {
            Write::Erp(_) => {
                world.erp(connection).ok_or_else(not_connected)?.port.description().clone()
            }
            Write::Processor(_) => {
                world.processor(connection).ok_or_else(not_connected)?.port.description().clone()
            }
        };
        let details = self.details_for(&command.write).await?;
        let Some(_turn) = self.turn(world, connection, &command.write).await else {
            return Ok(Sent::Withheld);
        };
        let Some(_under_way) = self.winding.begin() else { return Ok(Sent::Withheld) };
        let seq = self.store.next_seq().await?;
        let now = self.now();
        let watch = i64::try_from(description.watch().as_secs()).unwrap_or(i64::MAX / 2);
        let leased_at = self.clock.lease_now();
        let begun = self
            .store
            .begin_send(
                &command.key,
                claimed.epoch,
                seq,
                now,
                now + watch.seconds(),
                leased_at,
                lease_needed(description.deadline),
            )
            .await?;
        if !begun {
            return Ok(Sent::Withheld);
        }
        self.winding.count_send();
        // Stopped since it asked for its lease, the worker may have lost it: the request would come when
        // nobody watches for it any more.
        let passed = self.clock.lease_now().duration_since(leased_at);
        if passed.as_secs() > LEASE_MARGIN_SECONDS && !model::defect!(SentThoughStopped) {
            warn!(key = %command.key, "not sent: the worker was stopped");
            let stopped =
                SendOutcome::NotExecuted("the worker was stopped before it sent".to_owned());
            self.store.finish_send(&command.key, &stopped, self.now()).await?;
            return Ok(Sent::Later);
        }
        let answered = self.call(world, claimed, command, connection, details).await?;
        let (outcome, sent) = match answered {
            Ok(answer) => {
                info!(key = %command.key, id = %answer.id, adopted = answer.adopted, "done");
                self.note(connection, None);
                (SendOutcome::Done(answer), Sent::Answered)
            }
            Err(error) => {
                warn!(key = %command.key, %error, "not done");
                self.note_error(connection, &error);
                outcome(error)
            }
        };
        self.store.finish_send(&command.key, &outcome, self.now()).await?;
        Ok(sent)
    }

    /// The request itself. Its intent must be committed.
    pub(crate) async fn call(
        &self,
        world: &World,
        claimed: &Claimed,
        command: &Command,
        connection: &model::ids::ConnectionId,
        details: Option<BankDetails>,
    ) -> Result<std::result::Result<WriteAnswer, PortError>> {
        let not_connected =
            || EngineError::Setup(format!("connection {connection} is not connected"));
        let key = if model::defect!(KeyFromClock) {
            &Key::new(&[command.key.as_str(), &self.now().as_second().to_string()])
        } else {
            &command.key
        };
        Ok(match &command.write {
            Write::Erp(write) => {
                let erp = world.erp(connection).ok_or_else(not_connected)?;
                erp.port.write(key, write).await
            }
            Write::Processor(write) => {
                let processor = world.processor(connection).ok_or_else(not_connected)?;
                self.forget_recent(claimed.id);
                write_processor(&processor, key, write, details).await
            }
        })
    }
}

fn lease_needed(deadline: Duration) -> u32 {
    let deadline = i64::try_from(deadline.as_secs()).unwrap_or(i64::MAX);
    u32::try_from(deadline.saturating_add(LEASE_MARGIN_SECONDS)).unwrap_or(u32::MAX)
}

fn outcome(error: PortError) -> (SendOutcome, Sent) {
    match error {
        PortError::Rejected(rejection) => (SendOutcome::Rejected(rejection), Sent::Answered),
        PortError::Unsupported(words) => {
            let rejection = Rejection { cause: RejectionCause::Unsupported, words, field: None };
            (SendOutcome::Rejected(rejection), Sent::Answered)
        }
        PortError::Stale(what) => (SendOutcome::Stale(what), Sent::Changed),
        error @ (PortError::Unauthorised(_)
        | PortError::Throttled { .. }
        | PortError::Unavailable(_)) => (SendOutcome::NotExecuted(error.to_string()), Sent::Later),
        PortError::OutcomeUnknown(what) => (SendOutcome::Unknown(what), Sent::Later),
    }
}

/// Whether a write rests on records whose freshness the engine must ensure by direct reads.
pub(crate) fn needs_direct(write: &Write) -> bool {
    match write {
        Write::Erp(ErpWrite::AnnotateReceipt(_)) => false,
        Write::Erp(_) | Write::Processor(_) => write.moves_money(),
    }
}
