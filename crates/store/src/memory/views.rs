//! Lists and counts for people: read only, by filter and cursor.

use std::collections::BTreeMap;

use jiff::Timestamp;

use model::case::CaseKey;
use model::command::{CommandState, ProcessorWrite, Write};
use model::decision::Stage;
use model::ids::LinkId;
use model::key::Key;
use ports::exchange::Exchange;

use super::cases::{self, Case};
use super::inbox::Oddness;
use super::{Rows, Tx};
use crate::api::Result;
use crate::rows::{CaseFilter, CaseId, CaseRow, DayTotals, StatusCounts};
use crate::values::{maybe_time, micros};

pub(super) fn case(rows: &Rows, key: &CaseKey) -> Result<Option<CaseRow>> {
    rows.cases_by_key.get(key).map_or(Ok(None), |id| cases::row(rows, *id))
}

fn shown(rows: &Rows, ids: impl Iterator<Item = CaseId>, limit: u32) -> Result<Vec<CaseRow>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    ids.take(limit).filter_map(|id| cases::row(rows, id).transpose()).collect()
}

/// By id.
pub(super) fn cases(rows: &Rows, filter: &CaseFilter) -> Result<Vec<CaseRow>> {
    let wanted = |case: &Case| {
        let code = case.reason.as_ref().map(|reason| reason.code);
        filter.kind.is_none_or(|kind| case.key.kind == kind)
            && filter.link.as_ref().is_none_or(|link| case.link.as_ref() == Some(link))
            && filter.stage.is_none_or(|stage| case.stage == Some(stage))
            && filter.reason.is_none_or(|reason| code == Some(reason))
    };
    let first = filter.after.unwrap_or(0).saturating_add(1);
    let found = rows.cases.range(first..).filter(|(_, case)| wanted(case));
    shown(rows, found.map(|(id, _)| *id), filter.limit)
}

/// Those that nobody ever looked at first.
pub(super) fn stale(rows: &Rows, looked_before: Timestamp, limit: u32) -> Result<Vec<CaseRow>> {
    let before = micros(looked_before);
    let open = rows.cases.iter().filter(|(_, case)| case.stage != Some(Stage::Closed));
    let mut found: Vec<(Option<i64>, CaseId)> = open
        .filter(|(_, case)| case.looked_at.is_none_or(|at| at < before))
        .map(|(id, case)| (case.looked_at, *id))
        .collect();
    found.sort_unstable();
    shown(rows, found.into_iter().map(|(_, id)| id), limit)
}

pub(super) fn day_totals(rows: &Rows, link: &LinkId, from: Timestamp, to: Timestamp) -> DayTotals {
    let day = micros(from)..micros(to);
    let mut totals = DayTotals::default();
    for command in rows.commands.values() {
        let counts = match command.stored.state {
            CommandState::Intended
            | CommandState::InFlight
            | CommandState::Watched
            | CommandState::Done => true,
            CommandState::Rejected | CommandState::Ended => false,
        };
        let of_link = command.link.as_ref() == Some(link) && day.contains(&command.decided_at);
        if let Write::Processor(ProcessorWrite::Collect(collect)) = &command.stored.write
            && counts
            && of_link
        {
            totals.count += 1;
            let currency = collect.amount.currency.code().to_owned();
            *totals.minor.entry(currency).or_default() += collect.amount.minor;
        }
    }
    totals
}

fn counted<T>(found: impl Iterator<Item = T>) -> i64 {
    i64::try_from(found.count()).unwrap_or(i64::MAX)
}

pub(super) fn status(rows: &Rows, now: Timestamp) -> Result<StatusCounts> {
    let now = micros(now);
    let mut cases: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    for case in rows.cases.values() {
        let stage = case.stage.map_or("", Stage::word).to_owned();
        let code = case.reason.as_ref().map_or("", |reason| reason.code.code()).to_owned();
        *cases.entry((case.key.kind.word().to_owned(), stage, code)).or_default() += 1;
    }
    let due = || rows.cases.values().filter_map(|case| case.due_at);
    let open = |state: CommandState| match state {
        CommandState::InFlight | CommandState::Watched => true,
        CommandState::Intended
        | CommandState::Done
        | CommandState::Rejected
        | CommandState::Ended => false,
    };
    let bad = rows.connections.iter().filter(|(_, one)| one.bad_signatures > 0);
    let odd = rows.inbox.values().filter(|one| one.odd == Oddness::Odd);
    Ok(StatusCounts {
        cases: cases.into_iter().map(|((a, b, c), count)| (a, b, c, count)).collect(),
        attention: counted(rows.attention.values().filter(|(_, ignored)| !ignored)) + counted(odd),
        due_now: counted(due().filter(|at| *at <= now)),
        leased: counted(rows.cases.values().filter(|case| case.worker.is_some())),
        inbox_waiting: counted(rows.inbox.values().filter(|one| !one.done)),
        commands_open: counted(rows.commands.values().filter(|one| open(one.stored.state))),
        next_due_at: maybe_time(due().filter(|at| *at > now).min())?,
        bad_signatures: bad.map(|(id, one)| (id.as_str().to_owned(), one.bad_signatures)).collect(),
    })
}

pub(super) fn put_exchanges(tx: &mut Tx<'_>, exchanges: &[Exchange], keep_most: u32) {
    for exchange in exchanges {
        let id = tx.rows.exchanges.last().copied().unwrap_or(0) + 1;
        tx.rows.exchanges.put(id, exchange.clone());
    }
    let newest = tx.rows.exchanges.last().copied().unwrap_or(0);
    let old = tx.rows.exchanges.range(..=newest - i64::from(keep_most)).map(|(id, _)| *id);
    let old: Vec<i64> = old.collect();
    for id in old {
        tx.rows.exchanges.remove(&id);
    }
}

pub(super) fn exchanges_of_command(rows: &Rows, key: &Key) -> Vec<Exchange> {
    let of = |one: &&Exchange| one.command.as_deref() == Some(key.as_str());
    rows.exchanges.values().filter(of).cloned().collect()
}
