//! Moves virtual time for all emulators together: in rounds, each of which advances every emulator
//! in order and takes the webhooks that are due.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::deliveries::TAKEN_MAX;
use super::driven::Driven;
use super::requests::off_runtime;
use super::serving::Stage;
use crate::emulator::Delivery;
use crate::in_process::ADVANCE_STEP;

/// Host time between two rounds: short against a person's patience, and at a rate of 3,600 still
/// 20 rounds per virtual hour.
const TICK: Duration = Duration::from_millis(50);

/// Asks the ticker for a round now.
pub(super) struct Round {
    /// Answer when no webhook is under way any more, not already when all were taken.
    settled: bool,
    done: oneshot::Sender<()>,
}

/// Does a round every tick and whenever asked, until aborted; webhooks under way end with it.
pub(super) async fn tick(stage: Arc<Stage>, mut asked: mpsc::Receiver<Round>) {
    let mut sending = JoinSet::new();
    let mut settling: Vec<oneshot::Sender<()>> = Vec::new();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut taken = None;
        tokio::select! {
            _ = ticks.tick() => {}
            Some(round) = asked.recv() => {
                if round.settled { settling.push(round.done) } else { taken = Some(round.done) }
            }
            Some(_) = sending.join_next(), if !sending.is_empty() => {}
        }
        for (driven, delivery) in advance_all(&stage, sending.len() < TAKEN_MAX).await {
            stage.sender.send(&mut sending, &driven, delivery);
        }
        // An asker that went away needs no answer.
        let settled = if sending.is_empty() { std::mem::take(&mut settling) } else { Vec::new() };
        for done in taken.into_iter().chain(settled) {
            let _ = done.send(());
        }
    }
}

/// Every emulator in order: what was due happens, and its webhooks are taken if there is room.
async fn advance_all(stage: &Stage, room: bool) -> Vec<(Arc<Driven>, Delivery)> {
    let mut taken = Vec::new();
    for driven in &stage.driven {
        let called = Arc::clone(driven);
        let due = off_runtime(move || {
            called.call(|emulator, now| if room { emulator.deliveries(now) } else { Vec::new() })
        });
        let due = due.await.unwrap_or_default();
        taken.extend(due.into_iter().map(|delivery| (Arc::clone(driven), delivery)));
    }
    taken
}

/// Moves the clock to `target` in steps of a virtual hour, with a round after each; ends when all
/// emulators have advanced. Jumps asked for at the same time follow each other.
pub(super) async fn jump(stage: &Stage, target: Timestamp) {
    let _turn = stage.jump.lock().await;
    loop {
        let now = stage.clock.now();
        let step = now.checked_add(ADVANCE_STEP).unwrap_or(target).min(target);
        stage.clock.jump_to(step);
        ask(stage, false).await;
        if step >= target {
            return;
        }
    }
}

/// Waits until no webhook is due or under way.
pub(super) async fn settle(stage: &Stage) {
    ask(stage, true).await;
}

async fn ask(stage: &Stage, settled: bool) {
    let (done, answered) = oneshot::channel();
    // Either fails only while the harness is shutting down: then nobody waits for the result.
    if stage.rounds.send(Round { settled, done }).await.is_ok() {
        let _ = answered.await;
    }
}
