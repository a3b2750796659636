//! Reads of the ledger's set-up: periods, and what a person may choose from (acumatica sheet section
//! 9.8). No entity of Default shows an account's balance.

use jiff::tz::TimeZone;

use model::ids::SubsidiaryId;
use model::ledger::{Period, PeriodBook};
use ports::PortError;
use ports::erp::{Choice, ChoiceKind};

use super::super::Acumatica;
use super::super::query::{Ask, any_of};
use super::super::wire::{Body, Entity};

/// Years read before and after the current one: what is older is not posted into.
const YEARS_BEFORE: i16 = 2;
const YEARS_AFTER: i16 = 1;

impl Acumatica {
    /// The financial periods. Open: for AR and cash alike, since a payment posts in both.
    pub(in super::super) async fn read_periods(&self) -> Result<PeriodBook, PortError> {
        let this_year = self.clock.now().to_zoned(TimeZone::UTC).year();
        let years: Vec<String> = (this_year - YEARS_BEFORE..=this_year + YEARS_AFTER)
            .map(|year| year.to_string())
            .collect();
        let mut periods = Vec::new();
        for body in self.years(&years).await? {
            for row in Entity(&body).rows("Details") {
                periods.extend(self.period(row).map_err(PortError::Unavailable)?);
            }
        }
        periods.sort_by_key(|period: &Period| period.starts_on);
        Ok(PeriodBook { periods })
    }

    /// The years with their periods, in one list. It may refuse the details, or leave them out
    /// (acumatica sheet section 9.8): then each year by its key.
    async fn years(&self, years: &[String]) -> Result<Vec<Body>, PortError> {
        let names: Vec<&str> = years.iter().map(String::as_str).collect();
        let ask = Ask { expand: "Details", ..Ask::default() };
        let listed = ask.clone().filter(any_of("FinancialYear", &names));
        if let Ok(rows) = self.client.try_list("FinancialPeriod", &listed).await?
            && !rows.is_empty()
            && rows.iter().all(|row| !Entity(row).rows("Details").is_empty())
        {
            return Ok(rows);
        }
        let mut found = Vec::new();
        for year in years {
            found.extend(self.client.get("FinancialPeriod", &[year], &ask).await?);
        }
        Ok(found)
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

    /// Branches of the payment method's cash accounts: the inquiry of all branches can not be relied
    /// on (acumatica sheet section 9.1).
    async fn branch_choices(&self) -> Result<Vec<Choice>, PortError> {
        let ask = Ask { expand: "AllowedCashAccounts", ..Ask::default() };
        let key = self.settings.payment_method.as_str();
        let method = self.client.get("PaymentMethod", &[key], &ask).await?.unwrap_or_default();
        let rows = Entity(&method).rows("AllowedCashAccounts");
        let mut branches: Vec<String> = rows.iter().filter_map(|row| row.text("Branch")).collect();
        branches.extend(self.settings.branch.clone());
        branches.sort_unstable();
        branches.dedup();
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
