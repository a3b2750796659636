//! What people say of a case: kept in order, written into its history, and news for its worker.

use jiff::Timestamp;
use rusqlite::params;
use serde_json::json;

use model::case::{Actor, CaseKey};

use super::tx::{Tx, json, micros, parsed, refused, time};
use super::{attention, audit, cases};
use crate::api::Result;
use crate::rows::{CaseId, PersonFact, PersonSaid};

pub(super) fn said(
    tx: &Tx<'_>,
    key: &CaseKey,
    said: &PersonSaid,
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    let Some(case) = cases::find(tx, key)? else {
        return refused(format!("there is no case {key}"));
    };
    tx.run(
        "insert into person_facts (case_id, nth, at, actor, said)
         select ?1, coalesce(max(nth), 0) + 1, ?2, ?3, ?4 from person_facts where case_id = ?1",
        params![case, micros(at), json(actor)?, json(said)?],
    )?;
    if let PersonSaid::Ignore { code } = said {
        attention::ignore(tx, case, *code)?;
    }
    audit::append(tx, actor, Some(key), "person", &json!(said), at)?;
    cases::wake(tx, case, at)
}

/// The number of the newest word about a case; 0: nobody said anything.
pub(super) fn newest_nth(tx: &Tx<'_>, case: CaseId) -> Result<i64> {
    let sql = "select coalesce(max(nth), 0) from person_facts where case_id = ?1";
    Ok(tx.one(sql, [case], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// What was said of some cases (a JSON list of ids), oldest first.
pub(super) fn of_cases(tx: &Tx<'_>, ids: &str) -> Result<Vec<(CaseId, PersonFact)>> {
    tx.all(
        "select case_id, nth, at, actor, said from person_facts
         where case_id in (select value from json_each(?1)) order by case_id, nth",
        [ids],
        |row| {
            let fact = PersonFact {
                nth: row.get(1)?,
                at: time(row.get(2)?)?,
                actor: parsed(&row.get::<_, String>(3)?, "actor")?,
                said: parsed(&row.get::<_, String>(4)?, "word of a person")?,
            };
            Ok((row.get(0)?, fact))
        },
    )
}
