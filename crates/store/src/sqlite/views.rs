//! Lists and counts for people: read only, by filter and cursor.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use model::case::CaseKey;
use model::decision::Stage;
use model::ids::LinkId;

use super::cases::{self, NEVER};
use super::tx::{Tx, from_word, maybe_time, micros};
use crate::api::Result;
use crate::rows::{CaseFilter, CaseRow, DayTotals, StatusCounts};
use crate::values::reason;

const COLUMNS: &str = "id, kind, account, subject, link, stage, reason_code, reason_detail, due_at, looked_at, worker";

fn case_row(row: &Row<'_>) -> Result<CaseRow> {
    let code: Option<String> = row.get(6)?;
    let detail: Option<String> = row.get(7)?;
    let looked_at: i64 = row.get(9)?;
    Ok(CaseRow {
        id: row.get(0)?,
        key: cases::key_at(row, 1)?,
        link: row.get::<_, Option<String>>(4)?.map(LinkId::new),
        stage: row
            .get::<_, Option<String>>(5)?
            .map(|stage| from_word::<Stage>(stage, "stage of a case"))
            .transpose()?,
        reason: code.map(|code| reason(code, detail.unwrap_or_default())).transpose()?,
        due_at: maybe_time(row.get(8)?)?,
        looked_at: maybe_time(Some(looked_at).filter(|at| *at != NEVER))?,
        leased: row.get::<_, Option<String>>(10)?.is_some(),
    })
}

pub(super) fn case(tx: &Tx<'_>, key: &CaseKey) -> Result<Option<CaseRow>> {
    let sql =
        format!("select {COLUMNS} from cases where kind = ?1 and account = ?2 and subject = ?3");
    tx.one(&sql, [key.kind.word(), key.account.as_str(), &key.subject], case_row)
}

/// By id. One index is walked, that of the filter that narrows most; the others are written so that
/// they can not be walked instead, as without statistics the planner guesses badly.
pub(super) fn cases(tx: &Tx<'_>, filter: &CaseFilter) -> Result<Vec<CaseRow>> {
    let narrowing = [
        ("reason_code", filter.reason.map(|reason| reason.code().to_owned())),
        ("stage", filter.stage.map(|stage| stage.word().to_owned())),
        ("link", filter.link.as_ref().map(|link| link.as_str().to_owned())),
        ("kind", filter.kind.map(|kind| kind.word().to_owned())),
    ];
    let mut wanted = vec!["id > ?1".to_owned()];
    let mut values: Vec<Value> = vec![filter.after.unwrap_or(0).into(), filter.limit.into()];
    for (column, value) in narrowing {
        let Some(value) = value else { continue };
        values.push(value.into());
        let nth = values.len();
        wanted.push(match wanted.len() {
            1 => format!("{column} = ?{nth}"),
            _ => format!("coalesce({column}, '') = ?{nth}"),
        });
    }
    let sql =
        format!("select {COLUMNS} from cases where {} order by id limit ?2", wanted.join(" and "));
    tx.all(&sql, params_from_iter(values), case_row)
}

pub(super) fn stale(tx: &Tx<'_>, looked_before: Timestamp, limit: u32) -> Result<Vec<CaseRow>> {
    let sql = format!(
        "select {COLUMNS} from cases
         where looked_at < ?1 and coalesce(stage, '') <> 'closed'
         order by looked_at, id limit ?2"
    );
    tx.all(&sql, params![micros(looked_before), limit], case_row)
}

pub(super) fn day_totals(
    tx: &Tx<'_>,
    link: &LinkId,
    from: Timestamp,
    to: Timestamp,
) -> Result<DayTotals> {
    let sums = tx.all(
        "select collect_currency, count(*), sum(collect_minor) from commands
         where link = ?1 and collect_minor is not null
           and decided_at >= ?2 and decided_at < ?3
           and state in ('intended', 'in_flight', 'watched', 'done')
         group by collect_currency order by collect_currency",
        params![link.as_str(), micros(from), micros(to)],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?, row.get::<_, i64>(2)?)),
    )?;
    let mut totals = DayTotals::default();
    for (currency, count, minor) in sums {
        totals.count += count;
        totals.minor.insert(currency, minor);
    }
    Ok(totals)
}

pub(super) fn status(tx: &Tx<'_>, now: Timestamp) -> Result<StatusCounts> {
    let now = micros(now);
    let count =
        |sql: &str| tx.one(sql, [], |row| Ok(row.get::<_, i64>(0)?)).map(Option::unwrap_or_default);
    let cases = tx.all(
        "select kind, coalesce(stage, ''), coalesce(reason_code, ''), count(*) from cases
         group by kind, stage, reason_code order by kind, stage, reason_code",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let due_now = tx.one("select count(*) from cases where due_at <= ?1", [now], |row| {
        Ok(row.get::<_, i64>(0)?)
    })?;
    let next_due_at = tx.one("select min(due_at) from cases where due_at > ?1", [now], |row| {
        maybe_time(row.get(0)?)
    })?;
    let bad_signatures = tx.all(
        "select id, bad_signatures from connections where bad_signatures > 0 order by id",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(StatusCounts {
        cases,
        attention: count("select count(*) from attention where ignored = 0")?
            + count("select count(*) from inbox where odd > 0 and odd = 1")?,
        due_now: due_now.unwrap_or_default(),
        leased: count("select count(*) from cases where worker is not null")?,
        inbox_waiting: count("select count(*) from inbox where done = 0")?,
        commands_open: count(
            "select count(*) from commands where state in ('in_flight', 'watched')",
        )?,
        next_due_at: next_due_at.flatten(),
        bad_signatures: bad_signatures.into_iter().collect(),
    })
}
