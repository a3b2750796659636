//! Accounting periods: the default period of a date, and what closed and locked periods refuse
//! (netsuite sheet section 10.6 and section 20, row 4).

use super::errors::{ApiError, Result};
use super::input::Op;
use super::kind::Kind;
use super::state::State;
use super::store::Record;
use jiff::civil::Date;

/// Whether transactions may choose the period at all.
fn selectable(period: &Record) -> bool {
    let summary = period.flag("isQuarter") || period.flag("isYear") || period.flag("isAdjust");
    period.flag("isPosting") && !summary
}

fn holds(period: &Record, date: Date) -> bool {
    let after_start = period.date("startDate").is_some_and(|start| start <= date);
    after_start && period.date("endDate").is_some_and(|end| date <= end)
}

/// The posting period that a date falls into; under DEFAULTPERIODIFCLOSED the next open one when
/// that is closed.
pub fn default_for(state: &State, date: Date) -> Result<i64> {
    let kind = Kind::AccountingPeriod;
    let found = state.store.of(&kind).find(|period| selectable(period) && holds(period, date));
    let Some(period) = found else {
        return Err(ApiError::user(&state.settings.closed_period_text));
    };
    let shut = |period: &Record| period.flag("closed") || period.flag("allLocked");
    if shut(period) && state.preferences.default_period_if_closed {
        let next = state
            .store
            .of(&kind)
            .filter(|next| selectable(next) && !shut(next))
            .filter(|next| next.date("startDate") > period.date("startDate"))
            .min_by_key(|next| next.date("startDate"));
        return Ok(next.map_or(period.id, |next| next.id));
    }
    Ok(period.id)
}

/// Whether a body may choose this period for this date (DATEPERIODMISMATCH).
pub fn check_choice(state: &State, id: i64, date: Date) -> Result<()> {
    let period = state.setup(&Kind::AccountingPeriod, id)?;
    if !selectable(period) {
        return Err(ApiError::invalid_field(id, "postingperiod", "postingPeriod"));
    }
    let strict = state.preferences.date_period_mismatch == "disallow";
    if strict && !holds(period, date) {
        return Err(ApiError::user(&state.settings.closed_period_text));
    }
    Ok(())
}

/// Whether a write may touch this period. `receivable`: the A/R lock counts; `posts`: the ledger
/// changes.
pub fn check(state: &State, id: i64, receivable: bool, posts: bool, op: &Op) -> Result<()> {
    let period = state.setup(&Kind::AccountingPeriod, id)?;
    if period.flag("closed") && (posts || !period.flag("allowNonGLChanges")) {
        return Err(ApiError::user(&state.settings.closed_period_text));
    }
    let locked = period.flag("allLocked") || (receivable && period.flag("arLocked"));
    if locked && posts && !op.period_override {
        return Err(ApiError::user(&state.settings.locked_period_text));
    }
    Ok(())
}
