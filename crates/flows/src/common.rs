//! What every flow is given beside its own facts, and rules about stored commands that all share.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use model::command::{Command, CommandState, CommandView, ErpWrite, RejectionCause, Write};
use model::decision::{Decision, Stage};
use model::ids::{AccountId, InvoiceId, LinkId};
use model::key::Key;
use model::ledger::PeriodBook;
use model::money::Money;
use model::policy::Policy;
use model::reason::{Reason, ReasonCode};
use model::receipt::ReceiptPlace;

use crate::dating::period_closed;

/// The field that a processor names when it refuses to collect an amount.
const AMOUNT_FIELD: &str = "amount";

/// The frame of a look.
#[derive(Debug, Clone)]
pub struct Frame {
    pub now: Timestamp,
    /// The date of `now` in the link's time zone.
    pub today: Date,
    /// The link's time zone, in which documents are dated.
    pub zone: TimeZone,
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

    /// `1 +` the ended commands whose key begins with these parts.
    #[must_use]
    pub fn next_nth_of(&self, parts: &[&str]) -> u32 {
        let head = format!("{}/", Key::new(parts));
        let ended = self.commands.iter().filter(|view| view.key.as_str().starts_with(&head));
        let ended = ended.filter(|view| match view.state {
            CommandState::Done => true,
            CommandState::Ended => view.sends > 0,
            CommandState::Intended
            | CommandState::InFlight
            | CommandState::Rejected
            | CommandState::Watched => false,
        });
        u32::try_from(ended.count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The date of a moment in the link's zone.
    #[must_use]
    pub fn date_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Issues a command, unless its key stands refused: then the refusal is the reason. A refusal
    /// for a closed period is cleared by reading the period open on `dated_on`.
    #[must_use]
    pub fn issue(&self, stage: Stage, key: Key, write: Write, dated_on: Option<Date>) -> Decision {
        if let Some(refusal) = self.standing_refusal(&key, &write, dated_on) {
            return Decision::rest(stage, refusal);
        }
        let reason = Reason::new(ReasonCode::Acting, write.name());
        Decision::act(stage, reason, Command { key, write })
    }

    /// The command of a document that it entered and did not release (acumatica sheet section 10).
    #[must_use]
    pub fn begun(&self, key: &Key, place: ReceiptPlace) -> Option<&CommandView> {
        let unposted = place == ReceiptPlace::NotPosted;
        self.command(key).filter(|view| unposted && view.state != CommandState::Done)
    }

    /// What was entered and not released is gone on with, by the command that began it, or its refusal is
    /// the reason.
    #[must_use]
    pub fn go_on_with(&self, stage: Stage, key: &Key, place: ReceiptPlace) -> Option<Decision> {
        let view = self.begun(key, place)?;
        Some(self.issue(stage, key.clone(), view.write.clone(), None))
    }

    /// The refusal that keeps this write from being sent again, if any.
    fn standing_refusal(&self, key: &Key, write: &Write, dated_on: Option<Date>) -> Option<Reason> {
        if model::defect!(RejectionSentAgain) {
            return None;
        }
        let view = self.command(key).filter(|view| view.state == CommandState::Rejected)?;
        let rejection = view.rejection.as_ref()?;
        let reopened = rejection.cause == RejectionCause::PeriodClosed
            && dated_on.is_some_and(|on| self.periods.is_open(on));
        // The records turned out to be in another state; what is decided on them now is different.
        let by_state = match rejection.cause {
            RejectionCause::ApplicationImpossible
            | RejectionCause::State
            | RejectionCause::MandateUnusable => true,
            RejectionCause::PeriodClosed
            | RejectionCause::Validation
            | RejectionCause::Permission
            | RejectionCause::Unsupported
            | RejectionCause::Other => false,
        };
        let renewed =
            by_state && (!view.write.same_intent(write) || applies(&view.write) != applies(write));
        if reopened || renewed {
            return None;
        }
        let of_amount = rejection.field.as_deref() == Some(AMOUNT_FIELD) && write.collects();
        let code = match rejection.cause {
            RejectionCause::Validation if of_amount => ReasonCode::AmountRefused,
            RejectionCause::PeriodClosed => ReasonCode::PeriodClosed,
            RejectionCause::Unsupported => ReasonCode::UnsupportedHere,
            RejectionCause::ApplicationImpossible
            | RejectionCause::State
            | RejectionCause::Validation
            | RejectionCause::Permission
            | RejectionCause::MandateUnusable
            | RejectionCause::Other => ReasonCode::Rejected,
        };
        match (code, dated_on) {
            (ReasonCode::PeriodClosed, Some(on)) => {
                Some(period_closed(on, &self.periods, &rejection.words))
            }
            _ => Some(Reason::new(code, rejection.words.clone())),
        }
    }
}

/// What a new receipt pays at once.
#[must_use]
pub fn applies(write: &Write) -> Option<&(InvoiceId, Money)> {
    match write {
        Write::Erp(ErpWrite::RecordReceipt(write)) => write.apply.as_ref(),
        Write::Erp(_) | Write::Processor(_) => None,
    }
}
