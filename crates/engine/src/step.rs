//! One pass: claim due cases, look at them in bulk, decide, save, and do one command each. The
//! caller (a shell's loop, the simulator) calls `work` again as long as it says that something
//! happened.

use std::collections::BTreeSet;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream;
use jiff::{SignedDuration, Timestamp, ToSpan};
use tracing::warn;

use model::case::{Actor, CaseKey, CaseKind};
use model::command::{CommandState, Write};
use model::decision::{Decision, Stage};
use model::key::Key;
use model::reason::{Reason, ReasonKind};
use ports::Depth;
use store::StoreError;
use store::rows::{
    CaseContext, ClaimRequest, Claimed, Counted, FactRow, Hint, LookResult, NewCommand, Saved,
    Settle,
};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::look::{Batch, DECISION_FACT, Looked, fact};
use crate::put_off::RETRY_SECONDS;
use crate::restraint::{OUTCOME_SECONDS, RESENDS_MAX, restrain};
use crate::send::{Sent, needs_direct};
use crate::world::{ProcessorPort, World};

/// Seconds by which hints of a look that decided nothing new are put off, so that two cases that
/// wait for each other do not spin.
const SAME_AGAIN_SECONDS: i64 = 300;

/// Seconds that a document's lock is waited for before it is tried again.
const LOCK_SECONDS: i64 = 5;

/// Seconds in which a process has read what people edited of a link, and others have sent what they
/// were before us with.
const OVERTAKEN_SECONDS: i64 = 5;

/// The order in which kinds are worked on: who others wait for comes first.
const ORDER: [CaseKind; 5] = [
    CaseKind::Customer,
    CaseKind::Mandate,
    CaseKind::Refund,
    CaseKind::Collection,
    CaseKind::Payout,
];

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Worked {
    /// Cases looked at.
    pub looked: u32,
    /// Commands sent.
    pub sent: u32,
    /// Looks that failed and come again later.
    pub failed: u32,
}

struct One {
    sent: bool,
    failed: bool,
}

impl Engine {
    /// One pass over all kinds of cases.
    pub async fn work(&self) -> Result<Worked> {
        let mut worked = Worked::default();
        for kind in ORDER {
            let world = self.world();
            let request = ClaimRequest {
                worker: self.settings.worker.clone(),
                now: self.now(),
                lease_now: self.clock.lease_now(),
                lease_seconds: self.settings.lease_seconds,
                grace_seconds: grace_seconds(&world),
                kind,
                limit: self.settings.batch,
            };
            let claimed = self.store.claim(&request).await?;
            if claimed.is_empty() {
                continue;
            }
            let ids: Vec<_> = claimed.iter().map(|one| one.id).collect();
            let contexts = self.store.contexts(&ids).await?;
            let batch = match self.batch(&world, &claimed, &contexts).await {
                Ok(batch) => batch,
                Err(error) => {
                    self.winding.hinder(&error);
                    let Some(batch) = self.without_batch(&claimed, &error).await? else {
                        worked.failed += u32::try_from(claimed.len()).unwrap_or(u32::MAX);
                        continue;
                    };
                    batch
                }
            };
            let (world, batch) = (&world, &batch);
            let ones: Vec<Result<One>> = stream::iter(claimed.into_iter().zip(contexts))
                .map(|(claimed, context)| async move {
                    self.work_case(world, &claimed, &context, batch).await
                })
                .buffered(self.at_a_time(world, kind))
                .collect()
                .await;
            for one in ones {
                let one = one?;
                worked.looked += 1;
                worked.sent += u32::from(one.sent);
                worked.failed += u32::from(one.failed);
            }
        }
        if worked.looked > 0 && worked.failed == 0 {
            self.winding.unhinder();
        }
        Ok(worked)
    }

    async fn work_case(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        batch: &Batch,
    ) -> Result<One> {
        let done = self.look_and_do(world, claimed, context, batch).await;
        self.winding.count_look();
        match done {
            Ok((due_at, sent)) => {
                self.put_offs.over(claimed.id);
                self.store.release(claimed.id, claimed.epoch, due_at).await?;
                Ok(One { sent, failed: false })
            }
            Err(EngineError::Port(error)) => {
                let told = self.put_off(claimed, context, &error).await?;
                if !told {
                    self.winding.hinder(&EngineError::Port(error));
                }
                Ok(One { sent: false, failed: !told })
            }
            // A contradiction in one case must not keep the others from being worked on.
            Err(error @ (EngineError::Setup(_) | EngineError::Store(StoreError::Refused(_)))) => {
                warn!(case = %claimed.key, %error, "look put off");
                let later = self.now() + SAME_AGAIN_SECONDS.seconds();
                self.store.release(claimed.id, claimed.epoch, Some(later)).await?;
                Ok(One { sent: false, failed: true })
            }
            Err(error @ EngineError::Store(_)) => Err(error),
        }
    }

    /// Gives the case's next due time and whether a command was sent.
    async fn look_and_do(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        batch: &Batch,
    ) -> Result<(Option<Timestamp>, bool)> {
        let mut looked = self.look(world, claimed, context, batch, Depth::Cheap).await?;
        if acts(claimed.key.kind, &looked) && !model::defect!(StaleListBelieved) {
            looked = self.look_directly(world, claimed, context, batch, &looked).await?;
        }
        restrain(&mut looked, context, world, self.now());
        let decided = fact(DECISION_FACT, &looked.decision);
        let same = same_as_before(context, &looked.decision, decided.as_ref());
        looked.facts.extend(decided);
        let result = self.result(claimed, context, &mut looked, same);
        let result = LookResult { link_version: link_version(world, &looked), ..result };
        if let Some(new) = result.command.as_ref().filter(|_| model::defect!(IntentAfterCall)) {
            let details = self.details_for(&new.command.write).await?;
            drop(self.call(world, claimed, &new.command, &new.connection, details).await?);
        }
        let saved = self.store.save_look(&result).await?;
        let now = self.now();
        let open_soon = (!looked.open.is_empty()).then(|| now + OUTCOME_SECONDS.seconds());
        let due = earliest(result.decision.look_at, open_soon);
        match (saved, &result.command) {
            (Saved::LeaseLost, _) => Ok((None, false)),
            (Saved::Overtaken, _) => Ok((Some(now + OVERTAKEN_SECONDS.seconds()), false)),
            (Saved::Locked { by }, _) => {
                tracing::debug!(case = %claimed.key, %by, "a document is locked");
                Ok((earliest(due, Some(now + LOCK_SECONDS.seconds())), false))
            }
            (Saved::Stored, None) if !result.kept_items.is_empty() => Ok((Some(now), false)),
            (Saved::Stored, None) => Ok((due, false)),
            (Saved::Stored, Some(new)) => {
                let sent = self.send(world, claimed, &new.command, &new.connection).await?;
                let due = match sent {
                    Sent::Answered => Some(self.now()),
                    Sent::Changed if sends(context, &new.command.key) < RESENDS_MAX => {
                        Some(self.now())
                    }
                    Sent::Changed | Sent::Later => {
                        Some(self.now() + retry_after(context, &new.command.key))
                    }
                    Sent::Withheld => Some(self.now() + LOCK_SECONDS.seconds()),
                };
                Ok((due, sent != Sent::Withheld))
            }
        }
    }

    /// Before something is changed outside. A debit is decided on events of now: the look before may have
    /// come to something else.
    async fn look_directly(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        batch: &Batch,
        before: &Looked,
    ) -> Result<Looked> {
        let mut asks = payee(world, before);
        loop {
            let began_at = self.clock.lease_now();
            if let Some(processor) = &asks {
                self.read_news(world, processor).await?;
            }
            let looked = self.look(world, claimed, context, batch, Depth::Direct).await?;
            match payee(world, &looked) {
                Some(processor) if asks.is_none() => asks = Some(processor),
                _ => {
                    if asks.is_some() {
                        self.still_news(began_at)?;
                    }
                    return Ok(looked);
                }
            }
        }
    }

    pub(crate) async fn look(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        batch: &Batch,
        depth: Depth,
    ) -> Result<Looked> {
        // Each on the heap: many cases are looked at at a time, and what holds the state of all kinds
        // of looks is moved several times before it begins.
        let look: BoxFuture<'_, Result<Looked>> = match claimed.key.kind {
            CaseKind::Collection => {
                Box::pin(self.look_collection(world, claimed, context, batch, depth))
            }
            CaseKind::Payout => Box::pin(self.look_payout(world, claimed, context, batch, depth)),
            CaseKind::Refund => Box::pin(self.look_refund(world, claimed, context, batch, depth)),
            CaseKind::Mandate => Box::pin(self.look_mandate(world, claimed, context, batch, depth)),
            CaseKind::Customer => {
                Box::pin(self.look_customer(world, claimed, context, batch, depth))
            }
        };
        look.await
    }

    pub(crate) fn result(
        &self,
        claimed: &Claimed,
        context: &CaseContext,
        looked: &mut Looked,
        same: bool,
    ) -> LookResult {
        let now = self.now();
        let command = looked.decision.command.as_ref().and_then(|command| {
            let (connection, account) = match &command.write {
                Write::Erp(_) => looked.erp.clone()?,
                Write::Processor(_) => looked.processor.clone()?,
            };
            let account_of = |document: &model::command::DocumentRef| {
                use model::command::DocumentRef as Doc;
                match document {
                    Doc::Invoice(_) | Doc::Receipt(_) | Doc::ErpRefund(_) => &looked.erp,
                    Doc::Collection(_) | Doc::Payout(_) => &looked.processor,
                }
            };
            let locks: BTreeSet<String> = command
                .write
                .documents()
                .iter()
                .map(|document| {
                    let owner = account_of(document).as_ref().map(|(_, account)| account.as_str());
                    format!("{}|{document:?}", owner.unwrap_or("-"))
                })
                .collect();
            Some(NewCommand {
                connection,
                account,
                command: command.clone(),
                locks: locks.into_iter().collect(),
                passes_own_locks: command.write.is_cancel(),
            })
        });
        let hint_at = if same { now + SAME_AGAIN_SECONDS.seconds() } else { now };
        let hints = looked
            .decision
            .hints
            .iter()
            .collect::<BTreeSet<&CaseKey>>()
            .into_iter()
            .filter(|case| **case != claimed.key)
            .map(|case| Hint { case: case.clone(), due_at: hint_at, link: looked.link.clone() })
            .collect();
        let settle = settle(looked, context, command.as_ref().map(|new| &new.command.key));
        LookResult {
            case: claimed.id,
            epoch: claimed.epoch,
            seq: looked.seq,
            at: now,
            link: looked.link.clone(),
            link_version: None,
            counted: counted(looked),
            facts: std::mem::take(&mut looked.facts),
            settle,
            command,
            kept_items: std::mem::take(&mut looked.kept),
            pairs: std::mem::take(&mut looked.pairs),
            collections: std::mem::take(&mut looked.collections),
            freed: std::mem::take(&mut looked.freed),
            hints,
            refs: std::mem::take(&mut looked.refs),
            decision: looked.decision.clone(),
            actor: Actor::System,
        }
    }
}

/// Whether the look would change something outside, or say who is who: then it is made again on
/// direct reads.
fn acts(kind: CaseKind, looked: &Looked) -> bool {
    match (kind, &looked.decision.command) {
        (CaseKind::Customer, None) => !looked.pairs.is_empty(),
        (CaseKind::Customer | CaseKind::Mandate, Some(_)) => true,
        (_, Some(command)) => needs_direct(&command.write),
        (_, None) => false,
    }
}

/// Open commands that are not wanted any more are watched for an orphan; ones that were never
/// executed end.
fn settle(looked: &Looked, context: &CaseContext, wanted: Option<&Key>) -> Vec<(Key, Settle)> {
    let mut settle = looked.settle.clone();
    // A flow that wants a refused key again has read the refusal's cause to be gone.
    let refused = context
        .commands
        .iter()
        .find(|row| Some(&row.view.key) == wanted && row.view.state == CommandState::Rejected);
    if let Some(row) = refused
        && !settle.iter().any(|(key, _)| *key == row.view.key)
    {
        settle.push((row.view.key.clone(), Settle::Cleared));
    }
    let refused_now =
        |(key, settle): &(Key, Settle)| Some(key) == wanted && matches!(settle, Settle::Refused(_));
    if settle.iter().any(refused_now) {
        settle.extend(wanted.map(|key| (key.clone(), Settle::Cleared)));
    }
    let held = looked.off || looked.stopped;
    for key in looked.open.iter().filter(|key| Some(*key) != wanted) {
        let unfinished = looked.unfinished.iter().find(|(one, _)| one == key && !held);
        let settled = match unfinished {
            Some((_, rejection)) => Settle::Refused(rejection.clone()),
            None => Settle::Watched,
        };
        settle.push((key.clone(), settled));
    }
    if !held {
        for key in looked.unsent.iter().filter(|key| Some(*key) != wanted) {
            settle.push((key.clone(), Settle::Ended));
        }
    }
    settle
}

/// What limits the command: only debits use them up.
fn counted(looked: &mut Looked) -> Vec<Counted> {
    let all = std::mem::take(&mut looked.counted);
    if collects(looked) { all } else { Vec::new() }
}

fn collects(looked: &Looked) -> bool {
    looked.decision.command.as_ref().is_some_and(|command| command.write.collects())
}

/// The processor that the look asks for money.
fn payee(world: &World, looked: &Looked) -> Option<ProcessorPort> {
    let (id, _) = looked.processor.as_ref().filter(|_| collects(looked))?;
    world.processor(id)
}

/// The version of the link that was decided by: a process may have slept, or not have read yet what
/// people edited of it.
fn link_version(world: &World, looked: &Looked) -> Option<i64> {
    let link = looked.link.as_ref().and_then(|id| world.links.get(id));
    link.map(|link| link.version).filter(|_| !model::defect!(EditUnread))
}

/// The look came to what the last one came to, with nothing to do.
fn same_as_before(context: &CaseContext, decision: &Decision, told: Option<&FactRow>) -> bool {
    let before = context.facts.get(DECISION_FACT).map(|(_, body)| body);
    decision.command.is_none() && before == told.map(|fact| &fact.body)
}

pub(crate) fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

/// Doubled with each send, from half a minute to a quarter of an hour.
fn retry_after(context: &CaseContext, key: &Key) -> SignedDuration {
    let seconds = RETRY_SECONDS << sends(context, key).min(5);
    SignedDuration::from_secs(seconds.min(900))
}

/// How often it was sent before this look.
fn sends(context: &CaseContext, key: &Key) -> u32 {
    context.commands.iter().find(|row| row.view.key == *key).map_or(0, |row| row.view.sends)
}

/// The longest deadline that a former holder's request may still have out.
fn grace_seconds(world: &World) -> u32 {
    let erps = world.erps.values().map(|port| port.description().deadline);
    let processors = world.processors.values().map(|port| port.description().deadline);
    let longest = erps.chain(processors).max().unwrap_or_default();
    u32::try_from(longest.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
}

/// Closed for good as far as the store's lists are concerned.
#[must_use]
pub fn is_closed(stage: Stage, reason: &Reason) -> bool {
    stage == Stage::Closed && reason.code.kind() == ReasonKind::Settled
}
