//! Commands whose outcome is open: looked for on the other side before anything else is decided
//! (promise P6). An open intent is never replayed; it is adopted, or decided anew.

use jiff::Timestamp;

use model::command::{CommandState, CommandView, Rejection, RejectionCause, Write, WriteAnswer};
use model::key::Key;
use model::person::PersonSaid;
use ports::PortError;
use store::rows::{CaseContext, CommandRow, Settle};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::world::World;

/// What a look may assume of the case's commands, and what it found out about them.
pub(crate) struct Resolved {
    pub views: Vec<CommandView>,
    pub settle: Vec<(Key, Settle)>,
    /// Open commands and the time until which they are watched.
    pub open: Vec<CommandRow>,
    /// Those of them that were seen to be begun: some steps are done, others missing.
    pub begun: Vec<Key>,
    /// Those of them whose watch is over, with their refusal when this look does not want them.
    pub unfinished: Vec<(Key, Rejection)>,
    /// Never sent, or certainly not executed: ended when not wanted any more.
    pub unsent: Vec<Key>,
}

/// What the other side has of a command whose outcome is open.
enum Found {
    Made(WriteAnswer),
    /// Something else stands under its key, or what it made was voided since: that is its outcome,
    /// and for a person to see.
    Otherwise(Rejection),
    /// Some of its steps are done: it is open until a further send has done the others.
    Begun,
    Nothing,
}

fn done(view: &mut CommandView, answer: WriteAnswer) -> Settle {
    view.state = CommandState::Done;
    view.answer = Some(answer.clone());
    Settle::Done(answer)
}

fn refused(view: &mut CommandView, rejection: Rejection) -> Settle {
    view.state = CommandState::Rejected;
    view.rejection = Some(rejection.clone());
    Settle::Refused(rejection)
}

/// A refusal that was cleared: its key may be used again.
fn clear(view: &mut CommandView) {
    view.state = CommandState::Ended;
    view.rejection = None;
}

/// A refusal that was cleared, of which an earlier send may have happened: its key may be used again, and
/// what it belongs to counts as begun, as it does in the store.
fn clear_unclear(view: &mut CommandView) {
    view.state = CommandState::Intended;
    view.rejection = None;
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
            begun: Vec::new(),
            unfinished: Vec::new(),
            unsent: Vec::new(),
        };
        for row in &context.commands {
            let mut view = row.view.clone();
            match view.state {
                CommandState::Done | CommandState::Ended => {}
                CommandState::Intended if !row.maybe_sent => {
                    resolved.unsent.push(view.key.clone());
                }
                CommandState::Rejected if row.maybe_sent => {
                    let settle = self
                        .resolve_unclear_refusal(world, context, row, person_saved, &mut view)
                        .await?;
                    if settle == Some(Settle::Cleared) {
                        self.let_go(world, row, &mut resolved).await?;
                    }
                    resolved.settle.extend(settle.map(|settle| (view.key.clone(), settle)));
                }
                CommandState::Rejected => {
                    // Refused for certain, it counts as never sent: now, and once it is cleared.
                    view.sends = 0;
                    if cleared(context, row, person_saved) {
                        resolved.settle.push((view.key.clone(), Settle::Cleared));
                        // Ended when this very look does not want it: there may be no further one.
                        resolved.unsent.push(view.key.clone());
                        clear(&mut view);
                    }
                }
                CommandState::Intended | CommandState::InFlight | CommandState::Watched => {
                    self.resolve_open(world, row, &mut view, &mut resolved).await?;
                }
            }
            resolved.views.push(view);
        }
        Ok(resolved)
    }

    /// Nobody knows yet what became of it.
    async fn resolve_open(
        &self,
        world: &World,
        row: &CommandRow,
        view: &mut CommandView,
        resolved: &mut Resolved,
    ) -> Result<()> {
        let settle = match self.find(world, row).await? {
            Found::Made(answer) => done(view, answer),
            Found::Otherwise(rejection) => refused(view, rejection),
            Found::Begun => {
                // Also one that was only watched until it was seen is gone on with, if it is wanted.
                view.state = CommandState::InFlight;
                if self.watch_is_over(world, row).await? {
                    resolved.unfinished.push((view.key.clone(), unfinished(row)));
                }
                resolved.begun.push(view.key.clone());
                resolved.open.push(row.clone());
                return Ok(());
            }
            Found::Nothing if self.watch_is_over(world, row).await? => {
                view.state = CommandState::Ended;
                Settle::Ended
            }
            Found::Nothing => {
                resolved.open.push(row.clone());
                return Ok(());
            }
        };
        resolved.settle.push((view.key.clone(), settle));
        Ok(())
    }

    /// A refusal of a later send proves nothing of an earlier one, which may show up yet.
    async fn resolve_unclear_refusal(
        &self,
        world: &World,
        context: &CaseContext,
        row: &CommandRow,
        person_saved: bool,
        view: &mut CommandView,
    ) -> Result<Option<Settle>> {
        let begun = match self.find(world, row).await? {
            Found::Made(answer) => return Ok(Some(done(view, answer))),
            // What stands under the key refuses every further send: no "try again" changes that.
            Found::Otherwise(_) => return Ok(None),
            Found::Begun => true,
            Found::Nothing => false,
        };
        let cleared = cleared(context, row, person_saved);
        if cleared {
            clear_unclear(view);
            if begun {
                view.state = CommandState::InFlight;
            }
        }
        Ok(cleared.then_some(Settle::Cleared))
    }

    /// Watched, or ended, when this very look does not want it: there may be no further one.
    async fn let_go(&self, world: &World, row: &CommandRow, resolved: &mut Resolved) -> Result<()> {
        if self.watch_is_over(world, row).await? {
            resolved.unsent.push(row.view.key.clone());
        } else {
            resolved.open.push(row.clone());
        }
        Ok(())
    }

    async fn find(&self, world: &World, row: &CommandRow) -> Result<Found> {
        if model::defect!(ResendWithoutLooking) {
            return Ok(Found::Nothing);
        }
        let not_connected =
            || EngineError::Setup(format!("connection {} is not connected", row.connection));
        let found = match &row.view.write {
            Write::Erp(write) => {
                let erp = world.erp(&row.connection).ok_or_else(not_connected)?;
                erp.port.find(&row.view.key, write).await
            }
            Write::Processor(write) => {
                let processor = world.processor(&row.connection).ok_or_else(not_connected)?;
                processor.port.find(&row.view.key, write).await
            }
        };
        match found {
            Ok(Some(answer)) => Ok(Found::Made(answer)),
            // What it was decided on has changed: nothing of it is to be seen.
            Ok(None) | Err(PortError::Stale(_)) => Ok(Found::Nothing),
            Err(PortError::Rejected(rejection)) => Ok(Found::Otherwise(rejection)),
            Err(PortError::OutcomeUnknown(_)) => Ok(Found::Begun),
            Err(error) => Err(error.into()),
        }
    }

    /// The watch has ended by the clock, and a complete sweep of the other side came after it.
    async fn watch_is_over(&self, world: &World, row: &CommandRow) -> Result<bool> {
        if model::defect!(WatchCutShort) {
            return Ok(true);
        }
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

/// Some of its steps are done, the others are not wanted any more: a person must see what stands.
fn unfinished(row: &CommandRow) -> Rejection {
    Rejection {
        cause: RejectionCause::Other,
        words: format!("{} was begun and not finished", row.view.write.name()),
        field: None,
    }
}

/// "Try again" by a person, a newer save of the record by a person, or (in the flow) its cause read
/// to be gone clears a refusal.
fn cleared(context: &CaseContext, row: &CommandRow, person_saved: bool) -> bool {
    let asked = context.person_facts.iter().filter(|fact| fact.nth > row.heard).any(|fact| {
        matches!(fact.said, PersonSaid::Retry { .. } | PersonSaid::OrderMandate { .. })
    });
    let never_heals = row
        .view
        .rejection
        .as_ref()
        .is_some_and(|rejection| rejection.cause == RejectionCause::Unsupported);
    asked || (person_saved && !never_heals)
}
