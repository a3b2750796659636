//! P1: a link collects no more than its limits say (mission row C13): of one invoice, on a day of its zone, and
//! in a run, which is what is collected between two polls of the ERP's invoices. Judged at both depths.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::key::Key;
use model::policy::Limits;

use crate::world::erp::CURRENCY;
use crate::world::watched::{Intended, Watched};

/// A payment under a key of ours.
#[derive(Debug)]
pub struct Made {
    pub key: Key,
    /// Minor units.
    pub minor: i64,
    /// A person allowed it by then.
    pub released: bool,
}

/// What is above a limit that the link had all the time, now that one is made. What was decided later may
/// have been made sooner: it is judged together with what it did not find made.
#[must_use]
pub fn beyond(watched: &Watched, one: &Made, others: &[Made]) -> Option<String> {
    let decided = |made: &Made| watched.intended_as(&made.key);
    let nth = decided(one)?;
    let later = others.iter().filter(|other| decided(other) > Some(nth));
    later.chain([one]).find_map(|judged| {
        let earlier = |other: &&Made| decided(other).is_some_and(|at| Some(at) < decided(judged));
        let before: Vec<&Made> = others.iter().chain([one]).filter(earlier).collect();
        above(watched, judged, &before)
    })
}

/// As if nothing were made but this one, and what was decided before it.
fn above(watched: &Watched, one: &Made, before: &[&Made]) -> Option<String> {
    let own = watched.intended_on(&one.key)?;
    let released = one.released;
    let since = watched.rules.day_begins(own.day)?.min(own.run.unwrap_or(Timestamp::MAX));
    let limits: Vec<&Limits> = watched.rules.policies_since(since).map(|one| &one.limits).collect();
    let others = |same: &dyn Fn(&Intended) -> bool| -> (u32, i64) {
        let others = before.iter().filter(|other| {
            watched.intended_on(&other.key).is_some_and(|at| at.link == own.link && same(at))
        });
        others.fold((0, 0), |(count, minor), other| (count + 1, minor + other.minor))
    };
    let of_invoice = most(&limits, |one| &one.invoice_max);
    if let Some(max) = of_invoice.filter(|max| one.minor > *max && !released) {
        return Some(format!("the link collects {max} of an invoice"));
    }
    let (count, minor) = others(&|at| at.day == own.day);
    if let Some(max) = most_in_number(&limits, |one| one.day_count_max).filter(|max| count >= *max)
    {
        return Some(format!(
            "the link collects {max} on a day, and {count} were made on {}",
            own.day
        ));
    }
    // One that is above it alone is collected once a person allows it.
    let of_day = most(&limits, |one| &one.day_max);
    let of_day = of_day.filter(|max| minor + one.minor > *max && !(released && one.minor > *max));
    if let Some(max) = of_day {
        return Some(format!("the link collects {max} on a day, and {minor} were on {}", own.day));
    }
    let run = own.run.filter(|_| !released)?;
    let (count, minor) = others(&|at| at.run == Some(run));
    if let Some(max) = most_in_number(&limits, |one| one.run_count_max).filter(|max| count >= *max)
    {
        return Some(format!("the link collects {max} in a run, and {count} were since {run}"));
    }
    let of_run = most(&limits, |one| &one.run_max).filter(|max| minor + one.minor > *max);
    of_run.map(|max| format!("the link collects {max} in a run, and {minor} were since {run}"))
}

/// The highest of the amounts; `None`: there was none at some time.
fn most(limits: &[&Limits], of: impl Fn(&Limits) -> &BTreeMap<String, i64>) -> Option<i64> {
    let all = limits.iter().map(|one| of(one).get(CURRENCY.code()).copied());
    all.collect::<Option<Vec<i64>>>()?.into_iter().max()
}

fn most_in_number(limits: &[&Limits], of: impl Fn(&Limits) -> Option<u32>) -> Option<u32> {
    limits.iter().map(|one| of(one)).collect::<Option<Vec<u32>>>()?.into_iter().max()
}

/// Whether an invoice that owes this much may wait for a person because of a limit: it is above one alone, or
/// there is one of a run, which others of the same run may have used up.
#[must_use]
pub fn may_hold(watched: &Watched, due: i64) -> bool {
    watched.rules.policies().any(|policy| {
        let limits = &policy.limits;
        let alone = [&limits.invoice_max, &limits.day_max];
        let mut alone = alone.into_iter().filter_map(|one| one.get(CURRENCY.code()));
        let of_run = !limits.run_max.is_empty() || limits.run_count_max.is_some();
        of_run || alone.any(|max| due > *max)
    })
}
