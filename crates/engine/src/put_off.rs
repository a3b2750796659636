//! Looks that could not be made. What passes is tried again a little later; what repeating does not
//! change, and what lasts although the connection works, is told to a person (mission row C10).

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp, ToSpan};
use tracing::warn;

use model::decision::{Decision, Stage};
use model::reason::{Reason, ReasonCode};
use ports::PortError;
use store::rows::{CaseContext, CaseId, Claimed};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::look::{Batch, DECISION_FACT, Looked, fact};

/// Seconds after which a case is looked at again when the other side could not be reached.
pub(crate) const RETRY_SECONDS: i64 = 30;

/// Seconds between looks at a case that the other side refuses to show.
const REFUSED_SECONDS: i64 = 600;

/// For how long a batch that can not be read holds up all of its cases: then each is looked at by
/// itself, so that one of them does not keep the others from being worked on.
const TOGETHER: SignedDuration = SignedDuration::from_mins(10);

/// How long a case's looks may fail, while its connections work, before a person is told.
const TOLD_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Since when the looks at each case have failed; forgotten at the end of the process.
#[derive(Default)]
pub(crate) struct PutOffs(Mutex<BTreeMap<CaseId, Timestamp>>);

impl PutOffs {
    /// Since when this case's looks fail: now, when the last one did not.
    fn since(&self, case: CaseId, now: Timestamp) -> Timestamp {
        self.0.lock().map_or(now, |mut held| *held.entry(case).or_insert(now))
    }

    /// The case could be looked at.
    pub(crate) fn over(&self, case: CaseId) {
        if let Ok(mut held) = self.0.lock() {
            held.remove(&case);
        }
    }
}

/// Whether asking again changes nothing.
fn lasts(error: &PortError) -> bool {
    match error {
        PortError::Rejected(_) | PortError::Unsupported(_) => true,
        PortError::Stale(_)
        | PortError::Unauthorised(_)
        | PortError::Throttled { .. }
        | PortError::Unavailable(_)
        | PortError::OutcomeUnknown(_) => false,
    }
}

/// A batch that can not be read is looked at case by case. `failing`: for how long its first case could
/// not be looked at; `works`: none of the connections is in trouble.
fn one_by_one(error: &PortError, failing: SignedDuration, works: bool) -> bool {
    lasts(error) || (failing >= TOGETHER && works)
}

/// A person is told of a case that can not be looked at. As above.
fn is_told(error: &PortError, failing: SignedDuration, works: bool) -> bool {
    lasts(error) || (failing >= TOLD_AFTER && works)
}

impl Engine {
    /// A read for the whole batch failed. Either each of its cases is to be looked at by itself, with
    /// what is given here, or all of them were put off.
    pub(crate) async fn without_batch(
        &self,
        claimed: &[Claimed],
        error: &EngineError,
    ) -> Result<Option<Batch>> {
        let now = self.now();
        let alone = match error {
            EngineError::Port(error) => {
                // Each of them is noted, also where the first has failed for long.
                let first = claimed.iter().map(|one| self.put_offs.since(one.id, now)).min();
                let failing = now.duration_since(first.unwrap_or(now));
                one_by_one(error, failing, self.troubles().is_empty())
            }
            EngineError::Setup(_) | EngineError::Store(_) => false,
        };
        if alone {
            warn!(%error, cases = claimed.len(), "read one by one");
            return Ok(Some(Batch::default()));
        }
        warn!(%error, cases = claimed.len(), "looks put off");
        let later = now + RETRY_SECONDS.seconds();
        for one in claimed {
            self.store.release(one.id, one.epoch, Some(later)).await?;
        }
        Ok(None)
    }

    /// The look at one case failed at the other side: it comes again, and is told where that will not
    /// mend it. Gives whether it was told.
    pub(crate) async fn put_off(
        &self,
        claimed: &Claimed,
        context: &CaseContext,
        error: &PortError,
    ) -> Result<bool> {
        warn!(case = %claimed.key, %error, "look put off");
        let now = self.now();
        let failing = now.duration_since(self.put_offs.since(claimed.id, now));
        let tell = is_told(error, failing, self.troubles().is_empty());
        if tell {
            let seq = self.store.next_seq().await?;
            let mut looked = Looked::bare(seq, told(context, error));
            looked.link.clone_from(&claimed.link);
            looked.facts.extend(fact(DECISION_FACT, &looked.decision));
            let result = self.result(claimed, context, &mut looked, true);
            self.store.save_look(&result).await?;
        }
        let seconds = if tell { REFUSED_SECONDS } else { RETRY_SECONDS };
        let later = now + seconds.seconds();
        self.store.release(claimed.id, claimed.epoch, Some(later)).await?;
        Ok(tell)
    }
}

/// What was decided last stands, but for its command, with what keeps the case from being looked at.
fn told(context: &CaseContext, error: &PortError) -> Decision {
    let words = match error {
        PortError::Rejected(rejection) => rejection.words.clone(),
        other => other.to_string(),
    };
    let refused = Reason::new(ReasonCode::LookRefused, words);
    let before = context.facts.get(DECISION_FACT);
    let Some(mut decision) = before.and_then(|(_, body)| body.read::<Decision>()) else {
        return Decision::rest(Stage::Open, refused);
    };
    decision.command = None;
    decision.hints.clear();
    decision.erase.clear();
    decision.attention.retain(|reason| reason.code != ReasonCode::LookRefused);
    if decision.reason.code == ReasonCode::LookRefused {
        decision.reason = refused;
    } else {
        decision.attention.push(refused);
    }
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::command::RejectionCause;
    use store::Body;

    fn context(decision: Option<&Decision>) -> CaseContext {
        let mut context = CaseContext::default();
        let body = decision.map(|decision| Body::of(decision).unwrap());
        context.facts.extend(body.map(|body| (DECISION_FACT.to_owned(), (1, body))));
        context
    }

    fn no_field() -> PortError {
        PortError::rejected(RejectionCause::Other, "The ExternalRef field cannot be found.")
    }

    #[test]
    fn what_was_decided_stands_beside_what_is_refused() {
        let waits = Reason::plain(ReasonCode::WaitingForPayout);
        let other = Reason::plain(ReasonCode::AmountChanged);
        let mut before = Decision::rest(Stage::Collected, waits.clone());
        before.attention.push(other.clone());
        let once = told(&context(Some(&before)), &no_field());
        assert_eq!((once.stage, &once.reason), (Stage::Collected, &waits));
        let refused =
            Reason::new(ReasonCode::LookRefused, "The ExternalRef field cannot be found.");
        assert_eq!(once.attention, [other, refused]);
        // Told once, however often it is refused.
        assert_eq!(told(&context(Some(&once)), &no_field()), once);
    }

    #[test]
    fn a_case_that_was_never_looked_at_is_open() {
        let decision = told(&context(None), &PortError::Unavailable("status 500".to_owned()));
        assert_eq!(decision.stage, Stage::Open);
        assert_eq!(decision.reason.code, ReasonCode::LookRefused);
        assert!(decision.reason.detail.contains("status 500"), "{}", decision.reason.detail);
        let again = told(&context(Some(&decision)), &no_field());
        assert!(again.attention.is_empty());
        assert!(again.reason.detail.starts_with("The ExternalRef"), "{}", again.reason.detail);
    }

    #[test]
    fn what_lasts_is_told_at_once_and_what_passes_after_a_day_of_working_connections() {
        let away = || PortError::Unavailable("status 500".to_owned());
        let minutes = SignedDuration::from_mins;
        let second = SignedDuration::from_secs(1);
        // (error, failing for, connections work, case by case, told)
        let rules = [
            (no_field(), minutes(0), true, true, true),
            (no_field(), minutes(0), false, true, true),
            (PortError::Unsupported("no deposits".to_owned()), minutes(0), false, true, true),
            (away(), minutes(10) - second, true, false, false),
            (away(), minutes(10), true, true, false),
            (away(), minutes(10), false, false, false),
            (away(), minutes(24 * 60) - second, true, true, false),
            (away(), minutes(24 * 60), true, true, true),
            (away(), minutes(24 * 60), false, false, false),
        ];
        for (error, failing, works, alone, told) in rules {
            let known = format!("{error} for {failing}, works: {works}");
            assert_eq!(one_by_one(&error, failing, works), alone, "{known}");
            assert_eq!(is_told(&error, failing, works), told, "{known}");
        }
    }

    #[test]
    fn failures_are_counted_from_the_first_in_a_row() {
        let (put_offs, case) = (PutOffs::default(), 7);
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        assert_eq!(put_offs.since(case, at(10)), at(10));
        assert_eq!(put_offs.since(case, at(90)), at(10));
        put_offs.over(case);
        assert_eq!(put_offs.since(case, at(100)), at(100));
    }
}
