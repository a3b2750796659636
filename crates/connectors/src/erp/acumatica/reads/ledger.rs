//! Reads of the ledger's set-up: periods, and what a person may choose from (acumatica sheet section
//! 9.8). No entity of Default shows an account's balance.

use std::sync::atomic::Ordering;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use model::ids::SubsidiaryId;
use model::ledger::{Period, PeriodBook};
use ports::PortError;
use ports::erp::{Choice, ChoiceKind};

use super::super::Acumatica;
use super::super::query::Ask;
use super::super::wire::Entity;

/// Years read before and after the current one: what is older is not posted into.
const YEARS_BEFORE: i16 = 2;
const YEARS_AFTER: i16 = 1;
/// Days around today that documents are dated in.
const NEAR_DAYS: i64 = 45;
/// How long a year without such days is not read again.
const YEAR_KEPT: SignedDuration = SignedDuration::from_hours(6);

fn is_near(period: &Period, now: Timestamp) -> bool {
    let today = now.to_zoned(TimeZone::UTC).date();
    let (from, until) =
        (today.saturating_sub(NEAR_DAYS.days()), today.saturating_add(NEAR_DAYS.days()));
    period.starts_on <= until && from <= period.ends_on
}

impl Acumatica {
    /// The financial periods. Open: for AR and cash alike, since a payment posts in both. Looks ask
    /// for them together: whoever waited for another's read takes what that one read.
    pub(in super::super) async fn read_periods(&self) -> Result<PeriodBook, PortError> {
        let before = self.years_read.load(Ordering::SeqCst);
        let mut held = self.years.lock().await;
        let just_read = self.years_read.load(Ordering::SeqCst) != before;
        let now = self.clock.now();
        let this_year = now.to_zoned(TimeZone::UTC).year();
        let mut periods = Vec::new();
        for year in this_year - YEARS_BEFORE..=this_year + YEARS_AFTER {
            let known = held.get(&year).filter(|(read_at, known)| {
                let kept = now.duration_since(*read_at) < YEAR_KEPT;
                just_read || (kept && !known.iter().any(|period| is_near(period, now)))
            });
            if let Some((_, known)) = known {
                periods.extend(known.iter().cloned());
                continue;
            }
            let read = self.year(year).await?;
            periods.extend(read.iter().cloned());
            held.insert(year, (now, read));
        }
        self.years_read.fetch_add(1, Ordering::SeqCst);
        periods.sort_by_key(|period: &Period| period.starts_on);
        Ok(PeriodBook { periods })
    }

    /// One year by its key: a list refuses the details (acumatica sheet section 9.8). A year that no
    /// document of these weeks is dated into is read again some hours later only; what was closed in
    /// it meanwhile is refused by its name.
    async fn year(&self, year: i16) -> Result<Vec<Period>, PortError> {
        let ask = Ask { expand: "Details", ..Ask::default() };
        let body = self.client.get("FinancialPeriod", &[&year.to_string()], &ask).await?;
        let mut periods = Vec::new();
        for row in Entity(&body.unwrap_or_default()).rows("Details") {
            periods.extend(self.period(row).map_err(PortError::Unavailable)?);
        }
        Ok(periods)
    }

    fn period(&self, row: Entity<'_>) -> Result<Option<Period>, String> {
        // The adjustment period lies on the year's last day: documents are not dated into it.
        if row.flag("AdjustmentPeriod") {
            return Ok(None);
        }
        let id = row.required("FinancialPeriodID")?;
        let name = match id.get(..2).zip(id.get(2..)) {
            Some((month, year)) if id.len() == 6 => format!("{month}-{year}"),
            Some(_) | None => id,
        };
        let closed = row.flag("ClosedInAR") || row.flag("ClosedInCA");
        let open = match row.required("Status")?.as_str() {
            "Open" => !closed || self.settings.closed_periods,
            "Closed" => self.settings.closed_periods,
            _ => false,
        };
        let (starts_on, ends_on) = (row.required_date("StartDate")?, row.required_date("EndDate")?);
        Ok(Some(Period { name, starts_on, ends_on, open }))
    }

    /// Accounts, currencies or branches that are in use.
    pub(in super::super) async fn read_choices(
        &self,
        kind: ChoiceKind,
    ) -> Result<Vec<Choice>, PortError> {
        match kind {
            ChoiceKind::Accounts => self.account_choices().await,
            ChoiceKind::Currencies => self.currency_choices().await,
            ChoiceKind::Subsidiaries => self.branch_choices().await,
        }
    }

    async fn account_choices(&self) -> Result<Vec<Choice>, PortError> {
        let select = "AccountCD,Description,Type,CashAccount,CurrencyID,Active";
        let rows = self.client.list("Account", &Ask { select, ..Ask::default() }).await?;
        let mut choices: Vec<Choice> = rows
            .iter()
            .map(Entity)
            .filter(|row| row.flag("Active"))
            .filter_map(|row| self.account_choice(row))
            .collect();
        choices.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(choices)
    }

    fn account_choice(&self, row: Entity<'_>) -> Option<Choice> {
        let id = row.text("AccountCD")?;
        let kind = match row.text("Type").as_deref() {
            _ if self.settings.is_clearing(&id) => "undeposited",
            _ if row.flag("CashAccount") => "bank",
            Some("Expense") => "expense",
            _ => "other",
        };
        Some(Choice {
            name: format!("{id} {}", row.text("Description").unwrap_or_default()),
            kind: kind.to_owned(),
            currency: row.text("CurrencyID").and_then(|code| code.parse().ok()),
            subsidiary: None,
            id,
        })
    }

    async fn currency_choices(&self) -> Result<Vec<Choice>, PortError> {
        let select = "CurrencyID,Description,Active";
        let rows = self.client.list("Currency", &Ask { select, ..Ask::default() }).await?;
        let mut choices = Vec::new();
        for row in rows.iter().map(Entity).filter(|row| row.flag("Active")) {
            let Some(id) = row.text("CurrencyID") else { continue };
            choices.push(Choice {
                name: row.text("Description").unwrap_or_else(|| id.clone()),
                kind: "other".to_owned(),
                currency: id.parse().ok(),
                subsidiary: None,
                id,
            });
        }
        choices.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(choices)
    }

    /// Branches of the ledger and of the payment method's cash accounts.
    async fn branch_choices(&self) -> Result<Vec<Choice>, PortError> {
        let mut branches = self.branches_of_ledger().await?;
        branches.extend(self.branches_of_accounts().await?.into_values());
        branches.extend(self.settings.branch.clone());
        let choice = |id: String| Choice {
            name: id.clone(),
            kind: "other".to_owned(),
            currency: None,
            subsidiary: Some(SubsidiaryId::new(id.as_str())),
            id,
        };
        Ok(branches.into_iter().map(choice).collect())
    }
}
