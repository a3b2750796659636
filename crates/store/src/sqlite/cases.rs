//! Cases as work: hints make them due, workers lease them, epochs tell an old lease from a new one.
//! The due time of a leased case stays as it was, so a case whose worker died is still due.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Row, params};

use model::case::{CaseKey, CaseKind};
use model::ids::{AccountId, LinkId};

use super::tx::{Tx, from_word, micros, refused, seconds, time};
use crate::api::{Result, StoreError};
use crate::rows::{CaseId, ClaimRequest, Claimed, Hint};

/// `looked_at` of a case that nobody has looked at.
pub(super) const NEVER: i64 = i64::MIN;

/// Reads the stored name of a case, odd ones too: a list must not fail for one of its rows.
pub(super) fn key_of(text: &str) -> Result<CaseKey> {
    let mut parts = text.splitn(3, '/').map(str::to_owned);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(kind), Some(account), Some(subject)) => Ok(CaseKey {
            kind: from_word(kind, "kind of a case")?,
            account: AccountId::new(account),
            subject,
        }),
        _ => Err(StoreError::Broken(format!("\"{text}\" is not a case"))),
    }
}

/// The case of a row that begins with kind, account, subject at `at`.
pub(super) fn key_at(row: &Row<'_>, at: usize) -> Result<CaseKey> {
    Ok(CaseKey {
        kind: from_word::<CaseKind>(row.get(at)?, "kind of a case")?,
        account: AccountId::new(row.get::<_, String>(at + 1)?),
        subject: row.get(at + 2)?,
    })
}

pub(super) fn find(tx: &Tx<'_>, key: &CaseKey) -> Result<Option<CaseId>> {
    tx.one(
        "select id from cases where kind = ?1 and account = ?2 and subject = ?3",
        [key.kind.word(), key.account.as_str(), &key.subject],
        |row| Ok(row.get(0)?),
    )
}

/// The identity behind an id.
pub(super) fn key(tx: &Tx<'_>, case: CaseId) -> Result<CaseKey> {
    let found =
        tx.one("select kind, account, subject from cases where id = ?1", [case], |row| {
            key_at(row, 0)
        })?;
    found.map_or_else(|| refused(format!("there is no case with the id {case}")), Ok)
}

pub(super) fn next_seq(tx: &Tx<'_>) -> Result<i64> {
    tx.one(
        "update instance set sequence = sequence + 1 where id = 1 returning sequence",
        [],
        |row| Ok(row.get(0)?),
    )?
    .ok_or_else(|| StoreError::Broken("the row of the instance is missing".to_owned()))
}

pub(super) fn hint(tx: &Tx<'_>, hints: &[Hint]) -> Result<()> {
    for hint in hints {
        // Other tables and the audit trail name a case by its text, which must tell one from another.
        if hint.case.account.as_str().contains('/') {
            return refused(format!("the account {} must not hold a \"/\"", hint.case.account));
        }
        tx.run(
            "insert into cases (kind, account, subject, link, due_at, hints, looked_at)
             values (?1, ?2, ?3, ?4, ?5, 1, ?6)
             on conflict (kind, account, subject) do update set
               link = coalesce(cases.link, excluded.link),
               hints = cases.hints + 1,
               due_at = case when cases.due_at <= excluded.due_at
                 then cases.due_at else excluded.due_at end,
               news_due_at = case when cases.worker is null then null
                 when cases.news_due_at <= excluded.due_at
                 then cases.news_due_at else excluded.due_at end",
            params![
                hint.case.kind.word(),
                hint.case.account.as_str(),
                hint.case.subject,
                hint.link.as_ref().map(LinkId::as_str),
                micros(hint.due_at),
                NEVER,
            ],
        )?;
    }
    Ok(())
}

/// Makes a known case due at once, as news when it is leased.
pub(super) fn wake(tx: &Tx<'_>, case: CaseId, at: Timestamp) -> Result<()> {
    tx.run(
        "update cases set
           hints = hints + 1,
           due_at = case when due_at <= ?2 then due_at else ?2 end,
           news_due_at = case when worker is null then null
             when news_due_at <= ?2 then news_due_at else ?2 end
         where id = ?1",
        params![case, micros(at)],
    )?;
    Ok(())
}

/// Makes a known case due at once unless somebody works on it: then they say when.
pub(super) fn wake_idle(tx: &Tx<'_>, case: CaseId, at: Timestamp) -> Result<()> {
    tx.run(
        "update cases set
           hints = hints + 1,
           due_at = case when due_at <= ?2 then due_at else ?2 end
         where id = ?1 and worker is null",
        params![case, micros(at)],
    )?;
    Ok(())
}

pub(super) fn claim(tx: &Tx<'_>, request: &ClaimRequest) -> Result<Vec<Claimed>> {
    let lease_now = micros(request.lease_now);
    let mut claimed = tx.all(
        "update cases set
           worker = ?1, lease_until = ?2, epoch = epoch + 1, news_due_at = null
         where id in (
           select id from cases
           where kind = ?3 and due_at is not null and due_at <= ?4
             and (worker is null or lease_until <= ?5)
           order by due_at, id limit ?6)
         returning id, kind, account, subject, link, epoch, hints, lease_until, due_at",
        params![
            request.worker,
            lease_now + seconds(request.lease_seconds),
            request.kind.word(),
            micros(request.now),
            lease_now - seconds(request.grace_seconds),
            request.limit,
        ],
        |row| Ok((row.get::<_, i64>(8)?, claimed(row)?)),
    )?;
    claimed.sort_by_key(|(due_at, case)| (*due_at, case.id));
    Ok(claimed.into_iter().map(|(_, case)| case).collect())
}

fn claimed(row: &Row<'_>) -> Result<Claimed> {
    Ok(Claimed {
        id: row.get(0)?,
        key: key_at(row, 1)?,
        link: row.get::<_, Option<String>>(4)?.map(LinkId::new),
        epoch: row.get(5)?,
        hints: row.get(6)?,
        lease_until: time(row.get(7)?)?,
    })
}

pub(super) fn renew(
    tx: &Tx<'_>,
    claimed: &[(CaseId, i64)],
    lease_until: Timestamp,
) -> Result<Vec<CaseId>> {
    let mut ours = Vec::new();
    for (case, epoch) in claimed {
        let changed = tx.run(
            "update cases set lease_until = ?3
             where id = ?1 and epoch = ?2 and worker is not null",
            params![case, epoch, micros(lease_until)],
        )?;
        if changed == 1 {
            ours.push(*case);
        }
    }
    Ok(ours)
}

/// Nothing happens when the lease was lost meanwhile: its new holder decides.
pub(super) fn release(
    tx: &Tx<'_>,
    case: CaseId,
    epoch: i64,
    due_at: Option<Timestamp>,
) -> Result<()> {
    tx.run(
        "update cases set
           worker = null, lease_until = null, news_due_at = null,
           due_at = case when news_due_at is null then ?3
             when ?3 is null or news_due_at < ?3 then news_due_at else ?3 end
         where id = ?1 and epoch = ?2 and worker is not null",
        params![case, epoch, due_at.map(micros)],
    )?;
    Ok(())
}

/// Ends the leases of a worker that is gone, of cases and streams. Its cases are still due.
pub(super) fn expire_worker(tx: &Tx<'_>, worker: &str) -> Result<u32> {
    let freed = tx.run(
        "update cases set worker = null, lease_until = null, news_due_at = null
         where worker = ?1",
        [worker],
    )?;
    tx.run("update streams set worker = null, lease_until = null where worker = ?1", [worker])?;
    Ok(u32::try_from(freed).unwrap_or(u32::MAX))
}

pub(super) fn lease_holders(tx: &Tx<'_>) -> Result<Vec<String>> {
    tx.all(
        "select worker from cases where worker is not null
         union
         select worker from streams where worker is not null
         order by 1",
        [],
        |row| Ok(row.get(0)?),
    )
}

/// Makes these the references of a case.
pub(super) fn put_refs(tx: &Tx<'_>, case: CaseId, refs: &[String]) -> Result<()> {
    let wanted: BTreeSet<&str> = refs.iter().map(String::as_str).collect();
    let stored: Vec<String> = tx.all(
        "select reference from case_refs where case_id = ?1",
        [case],
        |row| Ok(row.get(0)?),
    )?;
    for old in stored.iter().filter(|old| !wanted.contains(old.as_str())) {
        tx.run("delete from case_refs where case_id = ?1 and reference = ?2", params![case, old])?;
    }
    for new in wanted {
        tx.run(
            "insert into case_refs (case_id, reference) values (?1, ?2)
             on conflict (case_id, reference) do nothing",
            params![case, new],
        )?;
    }
    Ok(())
}

/// Cases that hold a reference, in the order of their ids.
pub(super) fn by_ref(tx: &Tx<'_>, reference: &str) -> Result<Vec<CaseKey>> {
    tx.all(
        "select cases.kind, cases.account, cases.subject from case_refs
         join cases on cases.id = case_refs.case_id
         where case_refs.reference = ?1 order by case_refs.case_id",
        [reference],
        |row| key_at(row, 0),
    )
}

/// Whether the lease of this epoch is still held.
pub(super) fn holds(tx: &Tx<'_>, case: CaseId, epoch: i64) -> Result<bool> {
    if model::defect!(LeaseWithoutEpoch) {
        return Ok(true);
    }
    let held = tx.one(
        "select epoch = ?2 and worker is not null from cases where id = ?1",
        params![case, epoch],
        |row| Ok(row.get::<_, bool>(0)?),
    )?;
    held.map_or_else(|| refused(format!("there is no case with the id {case}")), Ok)
}
