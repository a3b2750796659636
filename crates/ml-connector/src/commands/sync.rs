//! `sync`: one link, now, and never longer than its time. A side that asks to slow down or does not
//! answer is waited for within it.

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use connectors::http::backoff::full_jitter;
use connectors::http::jitter::Jitter;
use engine::EngineError;
use engine::asked::PutOff;
use jiff::{SignedDuration, Timestamp};
use model::ids::LinkId;
use ports::PortError;
use store::rows::CaseFilter;

use crate::commands::links::find;
use crate::failure::{Failure, Result, code};
use crate::instance::Instance;
use crate::output;

/// Milliseconds between passes while something is not due yet.
const PAUSE_MILLISECONDS: u64 = 100;

/// Cases that are due within this many seconds are waited for.
const SOON_SECONDS: i64 = 60;

/// Why streams are not read yet; kept outside of a run, since its time may end it anywhere.
type PutOffs = std::cell::RefCell<Vec<PutOff>>;

pub async fn run(
    instance: &Instance,
    link: &str,
    until_quiet: bool,
    timeout: u64,
    json: bool,
) -> Result<ExitCode> {
    let link = find(instance, link).await?;
    let put_off = PutOffs::default();
    let quiet = within(instance, timeout, work(instance, &link.id, until_quiet, &put_off)).await;
    // Whatever it came to: nobody else tells of it where no server runs.
    instance.engine.publish_troubles().await?;
    let quiet = quiet?;
    instance.keep_exchanges().await?;
    let quiet_now = quiet.unwrap_or(false);
    let (looked, sent) = instance.engine.done_so_far();
    let put_off = put_off.into_inner();
    let waiting = waiting(instance, &link.id).await?;
    if json {
        output::json(&serde_json::json!({
            "looked": looked, "sent": sent, "quiet": quiet_now, "waiting": waiting,
        }));
    } else {
        println!("{looked} looks, {sent} writes{}", if quiet_now { ", quiet" } else { "" });
        let nothing = match quiet_now {
            true => "Nothing waits.",
            false => "No case of the link was looked at yet.",
        };
        let rows = waiting
            .into_iter()
            .map(|(kind, stage, reason, count)| vec![count.to_string(), kind, stage, reason])
            .collect();
        output::table(&["cases", "kind", "stage", "waits for"], rows, nothing);
    }
    if quiet.is_none() {
        if let Some(why) = hindrance(instance, &put_off) {
            return Err(Failure::OutOfTime { seconds: timeout, why });
        }
        eprintln!(
            "not finished within {timeout} s, and nothing hinders it: what is left stays due. Run the \
             same command again, with a longer --timeout, or leave it to \"ml-connector serve\""
        );
    }
    Ok(if quiet_now || (!until_quiet && quiet.is_some()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(code::FAILED)
    })
}

/// Runs it for `timeout` seconds at most; `None`: it was not done by then. Reads are given up at
/// once; what is being written is waited for, so that no outcome stays unknown.
async fn within(
    instance: &Instance,
    timeout: u64,
    work: impl Future<Output = Result<bool>>,
) -> Result<Option<bool>> {
    let mut work = pin!(work);
    let engine = &instance.engine;
    tokio::select! {
        quiet = &mut work => return quiet.map(Some),
        () = pause(Duration::from_secs(timeout)) => engine.wind_down(),
    }
    while engine.sends_under_way() > 0 {
        tokio::select! {
            quiet = &mut work => return quiet.map(Some),
            () = pause(Duration::from_millis(PAUSE_MILLISECONDS)) => {}
        }
    }
    // Also beside a running server: nobody waits for the leases of what was given up.
    instance.let_go().await?;
    Ok(None)
}

/// Gives whether nothing is due any more.
async fn work(
    instance: &Instance,
    link: &LinkId,
    until_quiet: bool,
    put_off: &PutOffs,
) -> Result<bool> {
    let engine = &instance.engine;
    let mut polls = Polls::new(instance, link);
    // As a server does through the day: whoever only ever syncs is not told of an opened period.
    engine.sweep().await?;
    loop {
        let put_off_now = polls.poll(instance).await?;
        put_off.replace(put_off_now);
        engine.process_inbox().await?;
        let worked = engine.work().await?;
        instance.keep_exchanges().await?;
        if let Some(error @ PortError::Unauthorised(_)) = engine.hindrance() {
            return Err(EngineError::Port(error).into());
        }
        if worked.looked > 0 {
            continue;
        }
        let busy = busy(instance).await?;
        if polls.asked.is_done() && (!until_quiet || !busy) {
            return Ok(!busy);
        }
        pause(Duration::from_millis(PAUSE_MILLISECONDS)).await;
    }
}

/// Something is due now or soon.
async fn busy(instance: &Instance) -> Result<bool> {
    let status = instance.store.status(instance.clock.now()).await?;
    let soon = instance.clock.now() + SignedDuration::from_secs(SOON_SECONDS);
    Ok(status.due_now > 0
        || status.inbox_waiting > 0
        || status.leased > 0
        || status.next_due_at.is_some_and(|at| at <= soon))
}

/// The link's streams, and when those that were put off are tried again.
struct Polls {
    asked: engine::asked::Asked,
    put_off: Vec<PutOff>,
    /// Rounds in which a side could not answer.
    rounds: u32,
    again_at: Option<Timestamp>,
    jitter: Jitter,
}

impl Polls {
    fn new(instance: &Instance, link: &LinkId) -> Polls {
        let moment = instance.clock.lease_now().as_nanosecond().unsigned_abs();
        let moment = u64::try_from(moment & u128::from(u64::MAX)).unwrap_or_default();
        Polls {
            asked: instance.engine.ask(link),
            put_off: Vec::new(),
            rounds: 0,
            again_at: None,
            jitter: Jitter::new(link.as_str(), moment),
        }
    }

    /// Reads what is left, unless it is too early; gives what is put off.
    async fn poll(&mut self, instance: &Instance) -> Result<Vec<PutOff>> {
        let early = self.again_at.is_some_and(|at| at > instance.clock.now());
        if self.asked.is_done() || early {
            return Ok(self.put_off.clone());
        }
        self.put_off = instance.engine.poll_asked(&mut self.asked).await?;
        let asked_wait = self.put_off.iter().filter_map(PutOff::retry_after).max();
        // A little more than was asked for, spread over all who wait for the same moment.
        let wait = asked_wait.unwrap_or_default() + full_jitter(&self.jitter, self.rounds);
        self.rounds = if self.put_off.is_empty() { 0 } else { self.rounds.saturating_add(1) };
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::ZERO);
        self.again_at = instance.clock.now().checked_add(wait).ok();
        Ok(self.put_off.clone())
    }
}

/// What kept the run from its end, where it was the other side.
fn hindrance(instance: &Instance, put_off: &[PutOff]) -> Option<String> {
    match put_off.first() {
        Some(one) => Some(format!("connection {}: {}", one.connection, one.error)),
        None => match instance.engine.hindrance() {
            Some(error) => Some(error.to_string()),
            None => {
                let trouble = instance.recorder.trouble(instance.clock.now());
                trouble.map(|(connection, what)| format!("connection {connection}: {what}"))
            }
        },
    }
}

/// How many cases of the link wait for what.
async fn waiting(instance: &Instance, link: &LinkId) -> Result<Vec<(String, String, String, u32)>> {
    let mut counts = std::collections::BTreeMap::new();
    let mut after = None;
    loop {
        let filter =
            CaseFilter { link: Some(link.clone()), after, limit: 1_000, ..CaseFilter::default() };
        let page = instance.store.cases(&filter).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for case in page {
            let stage = case.stage.map_or("new", |stage| stage.word()).to_owned();
            let reason = case.reason.map_or_else(String::new, |one| one.code.sentence().to_owned());
            let key = (case.key.kind.word().to_owned(), stage, reason);
            *counts.entry(key).or_insert(0_u32) += 1;
        }
    }
    let rows =
        counts.into_iter().map(|((kind, stage, reason), count)| (kind, stage, reason, count));
    Ok(rows.collect())
}

#[expect(clippy::disallowed_methods, reason = "the shell is where waiting happens")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
