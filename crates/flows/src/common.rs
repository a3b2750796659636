//! What every flow is given beside its own facts, and rules about stored commands that all share.

use jiff::Timestamp;
use jiff::civil::Date;

use model::command::{Command, CommandState, CommandView, RejectionCause, Write};
use model::decision::{Decision, Stage};
use model::ids::{AccountId, LinkId};
use model::key::Key;
use model::ledger::PeriodBook;
use model::policy::Policy;
use model::reason::{Reason, ReasonCode};

/// The frame of a look.
#[derive(Debug, Clone)]
pub struct Frame {
    pub now: Timestamp,
    /// The date of `now` in the link's time zone.
    pub today: Date,
    pub erp: AccountId,
    pub processor: AccountId,
    pub link: LinkId,
    pub policy: Policy,
    /// A person stopped everything.
    pub stopped: bool,
    pub periods: PeriodBook,
    /// This look's facts about money are direct reads.
    pub direct: bool,
    /// Commands of the case. A refusal that was cleared is shown as `Ended`.
    pub commands: Vec<CommandView>,
}

impl Frame {
    #[must_use]
    pub fn command(&self, key: &Key) -> Option<&CommandView> {
        self.commands.iter().find(|view| view.key == *key)
    }

    /// The id that a done command gave.
    #[must_use]
    pub fn done_id(&self, key: &Key) -> Option<&str> {
        self.command(key)
            .filter(|view| view.state == CommandState::Done)
            .and_then(|view| view.answer.as_ref())
            .map(|answer| answer.id.as_str())
    }

    /// `1 +` the commands that match and have ended (done, refused, or given up after a send): the
    /// nth of the next one. Open ones are not counted, so that an unknown outcome keeps its key.
    #[must_use]
    pub fn next_nth(&self, matches: impl Fn(&Write) -> bool) -> u32 {
        let ended = self.commands.iter().filter(|view| matches(&view.write)).filter(|view| {
            match view.state {
                CommandState::Done => true,
                CommandState::Ended => view.sends > 0,
                CommandState::Intended
                | CommandState::InFlight
                | CommandState::Rejected
                | CommandState::Watched => false,
            }
        });
        u32::try_from(ended.count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Issues a command, unless its key stands refused: then the refusal is the reason. A refusal
    /// for a closed period is cleared by reading the period open on `dated_on`.
    #[must_use]
    pub fn issue(
        &self,
        stage: Stage,
        key: Key,
        write: Write,
        dated_on: Option<Date>,
    ) -> Decision {
        if let Some(view) = self.command(&key) {
            if let (CommandState::Rejected, Some(rejection)) = (view.state, &view.rejection) {
                let reopened = rejection.cause == RejectionCause::PeriodClosed
                    && dated_on.is_some_and(|on| self.periods.is_open(on));
                let renewed = !view.write.same_intent(&write)
                    && rejection.cause == RejectionCause::ApplicationImpossible;
                if !reopened && !renewed {
                    let code = match rejection.cause {
                        RejectionCause::PeriodClosed => ReasonCode::PeriodClosed,
                        RejectionCause::Unsupported => ReasonCode::UnsupportedHere,
                        RejectionCause::ApplicationImpossible
                        | RejectionCause::State
                        | RejectionCause::Validation
                        | RejectionCause::Permission
                        | RejectionCause::MandateUnusable
                        | RejectionCause::Other => ReasonCode::Rejected,
                    };
                    return Decision::rest(stage, Reason::new(code, rejection.words.clone()));
                }
            }
        }
        let reason = Reason::new(ReasonCode::Acting, write.name());
        Decision::act(stage, reason, Command { key, write })
    }
}
