//! What only a person can resolve, per case. An item that a person took off the list stays off it
//! until its particulars change.

use jiff::Timestamp;
use rusqlite::{Row, params};

use model::decision::Decision;
use model::ids::LinkId;
use model::reason::ReasonCode;

use super::cases;
use super::tx::{Tx, micros, time};
use crate::api::Result;
use crate::rows::{AttentionRow, CaseId};
use crate::rules;
use crate::values::reason;

/// Makes the decision's items those of the case. What was there already keeps its time.
pub(super) fn replace(tx: &Tx<'_>, case: CaseId, decision: &Decision, at: Timestamp) -> Result<()> {
    let wanted = rules::items(decision);
    let stored: Vec<(String, String)> =
        tx.all("select code, detail from attention where case_id = ?1", [case], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    for (code, detail) in &stored {
        if !wanted.contains(&(code.as_str(), detail.as_str())) {
            tx.run(
                "delete from attention where case_id = ?1 and code = ?2 and detail = ?3",
                params![case, code, detail],
            )?;
        }
    }
    for (code, detail) in wanted {
        tx.run(
            "insert into attention (case_id, code, detail, raised_at, ignored)
             values (?1, ?2, ?3, ?4, exists (
               select 1 from attention_ignored
               where case_id = ?1 and code = ?2 and detail = ?3))
             on conflict (case_id, code, detail) do nothing",
            params![case, code, detail, micros(at)],
        )?;
    }
    Ok(())
}

/// Takes the items of a code off the list, as they are now.
pub(super) fn ignore(tx: &Tx<'_>, case: CaseId, code: ReasonCode) -> Result<()> {
    tx.run(
        "insert into attention_ignored (case_id, code, detail)
         select case_id, code, detail from attention where case_id = ?1 and code = ?2
         on conflict (case_id, code, detail) do nothing",
        params![case, code.code()],
    )?;
    tx.run(
        "update attention set ignored = 1 where case_id = ?1 and code = ?2",
        params![case, code.code()],
    )?;
    Ok(())
}

const COLUMNS: &str = "cases.kind, cases.account, cases.subject, cases.link, attention.code,
    attention.detail, attention.raised_at, attention.ignored, attention.case_id";

fn attention_row(row: &Row<'_>) -> Result<AttentionRow> {
    Ok(AttentionRow {
        case: cases::key_at(row, 0)?,
        link: row.get::<_, Option<String>>(3)?.map(LinkId::new),
        reason: reason(row.get(4)?, row.get(5)?)?,
        raised_at: time(row.get(6)?)?,
        ignored: row.get(7)?,
    })
}

/// All items, the longest raised first.
pub(super) fn list(tx: &Tx<'_>, include_ignored: bool) -> Result<Vec<AttentionRow>> {
    let shown = if include_ignored { "" } else { "where attention.ignored = 0" };
    let sql = format!(
        "select {COLUMNS} from attention join cases on cases.id = attention.case_id {shown}
         order by attention.raised_at, attention.case_id, attention.code, attention.detail"
    );
    tx.all(&sql, [], attention_row)
}

/// The items of some cases (a JSON list of ids).
pub(super) fn of_cases(tx: &Tx<'_>, ids: &str) -> Result<Vec<(CaseId, AttentionRow)>> {
    let sql = format!(
        "select {COLUMNS} from attention join cases on cases.id = attention.case_id
         where attention.case_id in (select value from json_each(?1))
         order by attention.raised_at, attention.code, attention.detail"
    );
    tx.all(&sql, [ids], |row| Ok((row.get(8)?, attention_row(row)?)))
}
