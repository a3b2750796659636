//! `sync`: one link, now.

use std::process::ExitCode;
use std::time::Duration;

use jiff::SignedDuration;
use store::rows::CaseFilter;

use crate::commands::links::find;
use crate::failure::{Result, code};
use crate::instance::Instance;
use crate::output;

/// Milliseconds between passes while something is not due yet.
const PAUSE_MILLISECONDS: u64 = 100;

/// Cases that are due within this many seconds are waited for.
const SOON_SECONDS: i64 = 60;

pub async fn run(
    instance: &Instance,
    link: &str,
    until_quiet: bool,
    timeout: u64,
    json: bool,
) -> Result<ExitCode> {
    let link = find(instance, link).await?;
    let engine = &instance.engine;
    let began = instance.clock.lease_now();
    engine.poll_now(&link.id).await?;
    let (mut looked, mut sent) = (0, 0);
    let quiet = loop {
        engine.process_inbox().await?;
        let worked = engine.work().await?;
        looked += worked.looked;
        sent += worked.sent;
        instance.keep_exchanges().await?;
        if worked.looked == 0 {
            let status = instance.store.status(instance.clock.now()).await?;
            let soon = instance.clock.now() + SignedDuration::from_secs(SOON_SECONDS);
            let busy = status.due_now > 0
                || status.inbox_waiting > 0
                || status.leased > 0
                || status.next_due_at.is_some_and(|at| at <= soon);
            if !until_quiet || !busy {
                break !busy;
            }
            pause().await;
        }
        let spent = instance.clock.lease_now().duration_since(began).as_secs();
        if spent >= i64::try_from(timeout).unwrap_or(i64::MAX) {
            break false;
        }
    };
    let waiting = waiting(instance, &link.id).await?;
    if json {
        output::json(&serde_json::json!({
            "looked": looked, "sent": sent, "quiet": quiet, "waiting": waiting,
        }));
    } else {
        println!("{looked} looks, {sent} writes{}", if quiet { ", quiet" } else { "" });
        let rows = waiting
            .into_iter()
            .map(|(kind, stage, reason, count)| vec![count.to_string(), kind, stage, reason])
            .collect();
        output::table(&["cases", "kind", "stage", "waits for"], rows, "Nothing waits.");
    }
    Ok(if quiet || !until_quiet { ExitCode::SUCCESS } else { ExitCode::from(code::FAILED) })
}

/// How many cases of the link wait for what.
async fn waiting(
    instance: &Instance,
    link: &model::ids::LinkId,
) -> Result<Vec<(String, String, String, u32)>> {
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
async fn pause() {
    tokio::time::sleep(Duration::from_millis(PAUSE_MILLISECONDS)).await;
}
