//! Commands whose outcome is open: looked for on the other side before anything else is decided
//! (promise P6). An open intent is never replayed; it is adopted, or decided anew.

use jiff::Timestamp;

use model::command::{CommandState, CommandView, Rejection, RejectionCause, Write, WriteAnswer};
use model::key::Key;
use model::person::PersonSaid;
use ports::PortError;
use store::rows::{CaseContext, CommandRow, SendOutcome, Settle};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::world::World;

/// What a look may assume of the case's commands, and what it found out about them.
pub(crate) struct Resolved {
    pub views: Vec<CommandView>,
    pub settle: Vec<(Key, Settle)>,
    /// Open commands and the time until which they are watched.
    pub open: Vec<CommandRow>,
    /// Never sent, or certainly not executed: ended when not wanted any more.
    pub unsent: Vec<Key>,
}

impl Engine {
    pub(crate) async fn resolve(
        &self,
        world: &World,
        context: &CaseContext,
        person_saved: bool,
    ) -> Result<Resolved> {
        let mut resolved = Resolved {
            views: Vec::new(),
            settle: Vec::new(),
            open: Vec::new(),
            unsent: Vec::new(),
        };
        for row in &context.commands {
            let mut view = row.view.clone();
            match view.state {
                CommandState::Done | CommandState::Ended => {}
                CommandState::Intended => resolved.unsent.push(view.key.clone()),
                CommandState::Rejected => {
                    if cleared(context, row, person_saved) {
                        resolved.settle.push((view.key.clone(), Settle::Cleared));
                        view.state = CommandState::Ended;
                        view.sends = 0;
                        view.rejection = None;
                    }
                }
                CommandState::InFlight | CommandState::Watched => {
                    let found = match self.find(world, row).await {
                        // Something else stands under its key, or what it made was voided since:
                        // that is its outcome, and for a person to see.
                        Err(EngineError::Port(PortError::Rejected(rejection))) => {
                            self.refused(row, &rejection).await?;
                            view.state = CommandState::Rejected;
                            view.rejection = Some(rejection);
                            resolved.views.push(view);
                            continue;
                        }
                        // What it was decided on has changed: nothing of it is to be seen.
                        Err(EngineError::Port(PortError::Stale(_))) => None,
                        found => found?,
                    };
                    match found {
                        Some(answer) => {
                            let settle = Settle::Done(answer.clone());
                            resolved.settle.push((view.key.clone(), settle));
                            view.state = CommandState::Done;
                            view.answer = Some(answer);
                        }
                        None if self.watch_is_over(world, row).await? => {
                            resolved.settle.push((view.key.clone(), Settle::Ended));
                            view.state = CommandState::Ended;
                        }
                        None => resolved.open.push(row.clone()),
                    }
                }
            }
            resolved.views.push(view);
        }
        Ok(resolved)
    }

    async fn refused(&self, row: &CommandRow, rejection: &Rejection) -> Result<()> {
        let outcome = SendOutcome::Rejected { rejection: rejection.clone(), version: None };
        Ok(self.store.finish_send(&row.view.key, &outcome, self.now()).await?)
    }

    async fn find(&self, world: &World, row: &CommandRow) -> Result<Option<WriteAnswer>> {
        let not_connected =
            || EngineError::Setup(format!("connection {} is not connected", row.connection));
        let found = match &row.view.write {
            Write::Erp(write) => {
                let erp = world.erp(&row.connection).ok_or_else(not_connected)?;
                erp.port.find(&row.view.key, write).await?
            }
            Write::Processor(write) => {
                let processor = world.processor(&row.connection).ok_or_else(not_connected)?;
                processor.port.find(&row.view.key, write).await?
            }
        };
        Ok(found)
    }

    /// The watch has ended by the clock, and a complete sweep of the other side came after it.
    async fn watch_is_over(&self, world: &World, row: &CommandRow) -> Result<bool> {
        let now: Timestamp = self.now();
        let Some(until) = row.watch_until else { return Ok(false) };
        if until > now || row.view.state == CommandState::InFlight {
            return Ok(false);
        }
        let stream = match &row.view.write {
            Write::Erp(_) => crate::poll::INVOICES,
            Write::Processor(_) => crate::poll::EVENTS,
        };
        if !world.connections.contains_key(&row.connection) {
            return Ok(false);
        }
        let mark = self.store.mark(&row.connection, stream).await?;
        Ok(mark.completed_at.is_some_and(|swept| swept > until))
    }
}

/// "Try again" by a person, a newer save of the record by a person, or (in the flow) its cause read
/// to be gone clears a refusal.
fn cleared(context: &CaseContext, row: &CommandRow, person_saved: bool) -> bool {
    let refused_at = row.last_sent_at.unwrap_or(row.decided_at);
    let asked = context
        .person_facts
        .iter()
        .any(|fact| matches!(fact.said, PersonSaid::Retry { .. }) && fact.at >= refused_at);
    let never_heals = row
        .view
        .rejection
        .as_ref()
        .is_some_and(|rejection| rejection.cause == RejectionCause::Unsupported);
    asked || (person_saved && !never_heals)
}
