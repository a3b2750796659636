//! What the link collected in the present day and run, for its limits (mission row C13).

use flows::collection::facts::{CollectionFacts, DayUse, RunUse};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use model::case::CaseKey;
use model::invoice::Invoice;
use model::reason::ReasonCode;
use store::rows::{Counted, DayTotals};

use crate::engine::Engine;
use crate::error::Result;

use super::sources::Served;

impl Engine {
    /// What was collected today, where the day is limited.
    pub(super) async fn day_counted(
        &self,
        served: &Served,
        facts: &CollectionFacts,
    ) -> Result<Option<Counted>> {
        let limits = &served.link.policy.limits;
        if limits.day_max.is_empty() && limits.day_count_max.is_none() {
            return Ok(None);
        }
        let start_of = |date: Date| {
            date.to_zoned(facts.frame.zone.clone()).map(|zoned| zoned.timestamp()).ok()
        };
        let tomorrow = facts.frame.today.tomorrow().ok().and_then(start_of);
        let (Some(from), Some(to)) = (start_of(facts.frame.today), tomorrow) else {
            return Ok(None);
        };
        self.counted(served, from, to).await.map(Some)
    }

    /// What was collected since the last poll of the ERP's invoices, where that is limited: a run is what
    /// is collected between two of them.
    pub(super) async fn run_counted(
        &self,
        served: &Served,
        facts: &CollectionFacts,
    ) -> Result<Option<Counted>> {
        let limits = &served.link.policy.limits;
        if limits.run_max.is_empty() && limits.run_count_max.is_none() {
            return Ok(None);
        }
        let mark = self.store.mark(&served.erp.connection, crate::poll::INVOICES).await?;
        let from = mark.completed_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let to = facts.frame.now + SignedDuration::from_hours(24);
        self.counted(served, from, to).await.map(Some)
    }

    async fn counted(&self, served: &Served, from: Timestamp, to: Timestamp) -> Result<Counted> {
        let totals = self.store.day_totals(&served.link.id, from, to).await?;
        Ok(Counted { from, to, totals })
    }

    pub(super) async fn run_use(
        &self,
        case: &CaseKey,
        run: &Counted,
        planned: &DayTotals,
        invoice: &Invoice,
    ) -> Result<RunUse> {
        let (count, minor) = with_planned(&run.totals, planned, invoice);
        let before = self.store.case(case).await?.and_then(|row| row.reason);
        let held = before.filter(|reason| reason.code == ReasonCode::AboveLimit);
        Ok(RunUse { count, minor, held: held.map(|reason| reason.detail) })
    }
}

pub(super) fn day_use(day: &Counted, planned: &DayTotals, invoice: &Invoice) -> DayUse {
    let (count, minor) = with_planned(&day.totals, planned, invoice);
    DayUse { count, minor }
}

/// Number and minor units, in the invoice's currency.
fn with_planned(made: &DayTotals, planned: &DayTotals, invoice: &Invoice) -> (u32, i64) {
    let minor =
        |totals: &DayTotals| totals.minor.get(invoice.due.currency.code()).copied().unwrap_or(0);
    (made.count.saturating_add(planned.count), minor(made).saturating_add(minor(planned)))
}
