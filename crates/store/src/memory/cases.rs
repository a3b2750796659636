//! Cases as work: hints make them due, workers lease them, epochs tell an old lease from a new one.

use std::collections::BTreeSet;

use jiff::Timestamp;

use model::case::CaseKey;
use model::decision::Stage;
use model::ids::LinkId;
use model::reason::Reason;

use super::{Rows, Tx};
use crate::api::Result;
use crate::rows::{CaseId, CaseRow, ClaimRequest, Claimed, Hint};
use crate::values::{maybe_time, micros, refused, seconds, time};

/// A case; times are microseconds since 1970.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) key: CaseKey,
    pub(super) link: Option<LinkId>,
    pub(super) due_at: Option<i64>,
    pub(super) worker: Option<String>,
    pub(super) lease_until: i64,
    pub(super) epoch: i64,
    hints: i64,
    news_due_at: Option<i64>,
    pub(super) stage: Option<Stage>,
    pub(super) reason: Option<Reason>,
    pub(super) looked_at: Option<i64>,
}

impl Case {
    fn free(&mut self) {
        self.worker = None;
        self.news_due_at = None;
    }

    fn due_by(&mut self, at: i64) {
        self.hints += 1;
        self.due_at = Some(earlier(self.due_at, at));
    }

    /// Due, as news when somebody works on it.
    fn hinted(&mut self, at: i64) {
        self.due_by(at);
        self.news_due_at = self.worker.is_some().then(|| earlier(self.news_due_at, at));
    }

    fn row(&self, id: CaseId) -> Result<CaseRow> {
        Ok(CaseRow {
            id,
            key: self.key.clone(),
            link: self.link.clone(),
            stage: self.stage,
            reason: self.reason.clone(),
            due_at: maybe_time(self.due_at)?,
            looked_at: maybe_time(self.looked_at)?,
            leased: self.worker.is_some(),
        })
    }
}

fn earlier(one: Option<i64>, other: i64) -> i64 {
    one.map_or(other, |one| one.min(other))
}

pub(super) fn unknown<T>(case: CaseId) -> Result<T> {
    refused(format!("there is no case with the id {case}"))
}

pub(super) fn next_seq(tx: &mut Tx<'_>) -> i64 {
    let next = tx.rows.sequence.get(&()).copied().unwrap_or(0) + 1;
    tx.rows.sequence.put((), next);
    next
}

pub(super) fn hint(tx: &mut Tx<'_>, hints: &[Hint]) -> Result<()> {
    for hint in hints {
        // The audit trail names a case by its text, which must tell one from another.
        if hint.case.account.as_str().contains('/') {
            return refused(format!("the account {} must not hold a \"/\"", hint.case.account));
        }
        let at = micros(hint.due_at);
        let Some(id) = tx.rows.cases_by_key.get(&hint.case).copied() else {
            add(tx, hint, at);
            continue;
        };
        tx.rows.cases.change(&id, |case| {
            if case.link.is_none() {
                case.link.clone_from(&hint.link);
            }
            case.hinted(at);
        });
    }
    Ok(())
}

fn add(tx: &mut Tx<'_>, hint: &Hint, due_at: i64) {
    let id = tx.rows.cases.last().copied().unwrap_or(0) + 1;
    let case = Case {
        key: hint.case.clone(),
        link: hint.link.clone(),
        due_at: Some(due_at),
        worker: None,
        lease_until: 0,
        epoch: 0,
        hints: 1,
        news_due_at: None,
        stage: None,
        reason: None,
        looked_at: None,
    };
    tx.rows.cases.put(id, case);
    tx.rows.cases_by_key.put(hint.case.clone(), id);
}

/// Makes a known case due at once, as news when it is leased.
pub(super) fn wake(tx: &mut Tx<'_>, case: CaseId, at: Timestamp) {
    tx.rows.cases.change(&case, |case| case.hinted(micros(at)));
}

/// Makes a known case due at once unless somebody works on it: then they say when.
pub(super) fn wake_idle(tx: &mut Tx<'_>, case: CaseId, at: Timestamp) {
    if tx.rows.cases.get(&case).is_some_and(|case| case.worker.is_none()) {
        tx.rows.cases.change(&case, |case| case.due_by(micros(at)));
    }
}

pub(super) fn claim(tx: &mut Tx<'_>, request: &ClaimRequest) -> Result<Vec<Claimed>> {
    let (now, lease_now) = (micros(request.now), micros(request.lease_now));
    let over = lease_now - seconds(request.grace_seconds);
    let until = lease_now + seconds(request.lease_seconds);
    let free = |case: &Case| case.worker.is_none() || case.lease_until <= over;
    let due = tx.rows.cases.iter().filter(|(_, case)| case.key.kind == request.kind && free(case));
    let mut due: Vec<(i64, CaseId)> = due
        .filter_map(|(id, case)| Some((case.due_at.filter(|due_at| *due_at <= now)?, *id)))
        .collect();
    due.sort_unstable();
    due.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
    let one = |(_, id): (i64, CaseId)| {
        let claimed = tx.rows.cases.change(&id, |case| {
            case.worker = Some(request.worker.clone());
            case.lease_until = until;
            case.epoch += 1;
            case.news_due_at = None;
            Ok(Claimed {
                id,
                key: case.key.clone(),
                link: case.link.clone(),
                epoch: case.epoch,
                hints: case.hints,
                lease_until: time(until)?,
            })
        });
        claimed.unwrap_or_else(|| unknown(id))
    };
    due.into_iter().map(one).collect()
}

pub(super) fn renew(
    tx: &mut Tx<'_>,
    claimed: &[(CaseId, i64)],
    lease_until: Timestamp,
) -> Vec<CaseId> {
    let mut ours = Vec::new();
    for (id, epoch) in claimed {
        if is_held(tx.rows, *id, *epoch) {
            tx.rows.cases.change(id, |case| case.lease_until = micros(lease_until));
            ours.push(*id);
        }
    }
    ours
}

/// Nothing happens when the lease was lost meanwhile: its new holder decides.
pub(super) fn release(tx: &mut Tx<'_>, id: CaseId, epoch: i64, due_at: Option<Timestamp>) {
    if !is_held(tx.rows, id, epoch) {
        return;
    }
    tx.rows.cases.change(&id, |case| {
        let due_at = due_at.map(micros);
        case.due_at = case.news_due_at.map(|news| earlier(due_at, news)).or(due_at);
        case.free();
    });
}

/// Ends the leases of a worker that is gone, of cases and streams. Its cases are still due.
pub(super) fn expire_worker(tx: &mut Tx<'_>, worker: &str) -> u32 {
    let held = tx.rows.cases.iter().filter(|(_, case)| case.worker.as_deref() == Some(worker));
    let held: Vec<CaseId> = held.map(|(id, _)| *id).collect();
    for id in &held {
        tx.rows.cases.change(id, Case::free);
    }
    let read = tx.rows.streams.iter().filter(|(_, row)| row.worker.as_deref() == Some(worker));
    let read: Vec<_> = read.map(|(key, _)| key.clone()).collect();
    for key in &read {
        tx.rows.streams.change(key, |row| row.worker = None);
    }
    u32::try_from(held.len()).unwrap_or(u32::MAX)
}

pub(super) fn lease_holders(rows: &Rows) -> Vec<String> {
    let cases = rows.cases.values().filter_map(|case| case.worker.as_ref());
    let holders: BTreeSet<&String> =
        cases.chain(rows.streams.values().filter_map(|row| row.worker.as_ref())).collect();
    holders.into_iter().cloned().collect()
}

/// Makes these the references of a case.
pub(super) fn put_refs(tx: &mut Tx<'_>, case: CaseId, refs: &[String]) {
    let stored = || {
        let rows = tx.rows.case_refs.range((case, String::new())..(case + 1, String::new()));
        rows.map(|((_, reference), ())| reference)
    };
    if stored().eq(refs) {
        return;
    }
    let stored: BTreeSet<String> = stored().cloned().collect();
    let wanted: BTreeSet<String> = refs.iter().cloned().collect();
    for old in stored.difference(&wanted) {
        tx.rows.case_refs.remove(&(case, old.clone()));
        tx.rows.case_refs_by_reference.remove(&(old.clone(), case));
    }
    for new in wanted.difference(&stored) {
        tx.rows.case_refs.put((case, new.clone()), ());
        tx.rows.case_refs_by_reference.put((new.clone(), case), ());
    }
}

/// Cases that hold a reference, in the order of their ids.
pub(super) fn by_ref(rows: &Rows, reference: &str) -> Vec<CaseKey> {
    let first = (reference.to_owned(), CaseId::MIN);
    let found = rows.case_refs_by_reference.range(first..);
    found
        .take_while(|((held, _), ())| held == reference)
        .filter_map(|((_, id), ())| Some(rows.cases.get(id)?.key.clone()))
        .collect()
}

fn is_held(rows: &Rows, id: CaseId, epoch: i64) -> bool {
    rows.cases.get(&id).is_some_and(|case| case.epoch == epoch && case.worker.is_some())
}

/// Whether the lease of this epoch is still held.
pub(super) fn holds(rows: &Rows, id: CaseId, epoch: i64) -> Result<bool> {
    if model::defect!(LeaseWithoutEpoch) {
        return Ok(true);
    }
    if !rows.cases.has(&id) {
        return unknown(id);
    }
    Ok(is_held(rows, id, epoch))
}

pub(super) fn key(rows: &Rows, id: CaseId) -> Result<CaseKey> {
    rows.cases.get(&id).map_or_else(|| unknown(id), |case| Ok(case.key.clone()))
}

pub(super) fn row(rows: &Rows, id: CaseId) -> Result<Option<CaseRow>> {
    rows.cases.get(&id).map(|case| case.row(id)).transpose()
}
