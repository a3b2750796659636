//! Commands whose outcome is not known yet: while one is, what the other side shows may already be
//! its effect, so nothing else is concluded from it (DESIGN.md section 2, Unknown outcomes).

use model::command::{CommandState, CommandView};
use model::decision::{Decision, Stage};
use model::reason::{Reason, ReasonCode};

use crate::common::Frame;

/// Wants the unresolved command again, with the content it was sent with; or waits for one that is
/// not wanted any more and is watched for an orphan.
#[must_use]
pub fn unresolved(
    frame: &Frame,
    stage: Stage,
    concerns: impl Fn(&CommandView) -> bool,
) -> Option<Decision> {
    frame.commands.iter().filter(|view| concerns(view)).find_map(|view| match view.state {
        CommandState::InFlight => {
            Some(frame.issue(stage, view.key.clone(), view.write.clone(), None))
        }
        CommandState::Watched => {
            let reason = Reason::new(ReasonCode::CommandInFlight, view.key.to_string());
            Some(Decision::rest(stage, reason))
        }
        CommandState::Intended
        | CommandState::Done
        | CommandState::Rejected
        | CommandState::Ended => None,
    })
}
