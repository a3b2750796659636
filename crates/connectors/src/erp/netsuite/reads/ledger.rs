//! Reads of the ledger's set-up: periods, accounts' balances, and what a person may choose from.

use std::collections::BTreeSet;

use jiff::civil::Date;
use model::ids::{LedgerAccountId, SubsidiaryId};
use model::ledger::{AccountLine, Period, PeriodBook};
use model::money::{Currency, Money};
use ports::PortError;
use ports::erp::{Choice, ChoiceKind};

use super::super::NetSuite;
use super::super::books::Setup;
use super::super::queries::{
    ACCOUNTS, BALANCE, LINES, PERIODS, PERIODS_TAIL, balance_tail, lines_tail,
};
use super::super::wire::{Body, Record, is_internal_id};

impl NetSuite {
    /// All posting periods. Open: not closed, and not locked for receivables unless the role may
    /// override that (setting `period_override`; netsuite sheet section 10.6).
    pub(in super::super) async fn read_periods(&self) -> Result<PeriodBook, PortError> {
        let rows = self.all_rows(&PERIODS, PERIODS_TAIL).await?;
        let rows = rows.map_err(|refusal| refusal.into_error())?;
        let mut periods = Vec::with_capacity(rows.len());
        for row in &rows {
            periods.push(self.period(Record(row)).map_err(PortError::Unavailable)?);
        }
        periods.sort_by_key(|period| period.starts_on);
        Ok(PeriodBook { periods })
    }

    fn period(&self, row: Record<'_>) -> Result<Period, String> {
        let name = row.text("periodname").unwrap_or_default();
        let day = |field: &str| {
            row.date(field)?.ok_or_else(|| format!("the period \"{name}\" has no {field}"))
        };
        let locked = row.flag("alllocked") || row.flag("arlocked");
        let open = !row.flag("closed") && (self.settings.period_override || !locked);
        Ok(Period { starts_on: day("startdate")?, ends_on: day("enddate")?, open, name })
    }

    /// Accounts, currencies or subsidiaries that are in use.
    pub(in super::super) async fn read_choices(
        &self,
        kind: ChoiceKind,
    ) -> Result<Vec<Choice>, PortError> {
        let setup = self.setup().await?;
        match kind {
            ChoiceKind::Accounts => {
                let rows = self.all_rows(&ACCOUNTS, "ORDER BY a.id").await?;
                let rows = rows.map_err(|refusal| refusal.into_error())?;
                let rows = rows.iter().map(Record).filter(|row| !row.flag("isinactive"));
                Ok(rows.filter_map(|row| account_choice(row, &setup)).collect())
            }
            ChoiceKind::Currencies => Ok(currency_choices(&setup)),
            ChoiceKind::Subsidiaries => Ok(subsidiary_choices(&setup)),
        }
    }

    /// The sum of an account's posted lines in the account's own currency, debits positive: foreign
    /// amounts for an account kept in a currency of its own, base amounts for any other. Accounts
    /// whose lines can not be summed in one currency are refused, never guessed.
    pub(in super::super) async fn read_balance(
        &self,
        account: &LedgerAccountId,
    ) -> Result<Money, PortError> {
        if !is_internal_id(account.as_str()) {
            return Err(PortError::Unavailable(format!("\"{account}\" is not an account's id")));
        }
        let setup = self.setup().await?;
        let tail = format!("WHERE a.id = {account}");
        let rows =
            self.all_rows(&ACCOUNTS, &tail).await?.map_err(|refusal| refusal.into_error())?;
        let Some(row) = rows.first().map(Record) else {
            return Err(PortError::Unavailable(format!("there is no account {account}")));
        };
        let own = if row.has("currency") { setup.currencies.of(row).ok() } else { None };
        let sums = primary_book(self.balance_rows(account).await?);
        sum_balance(&sums, own, &setup).map_err(PortError::Unsupported)
    }

    /// The posted lines of an account since a day, in the transactions' currencies.
    pub(in super::super) async fn read_lines(
        &self,
        account: &LedgerAccountId,
        since: Date,
    ) -> Result<Vec<AccountLine>, PortError> {
        if !is_internal_id(account.as_str()) {
            return Err(PortError::Unavailable(format!("\"{account}\" is not an account's id")));
        }
        let setup = self.setup().await?;
        let rows = self.all_rows(&LINES, &lines_tail(account.as_str(), since)).await?;
        let rows = primary_book(rows.map_err(|refusal| refusal.into_error())?);
        let lines = rows.iter().map(|row| account_line(Record(row), &setup));
        lines.collect::<Result<Vec<_>, String>>().map_err(PortError::Unavailable)
    }

    /// Sums per book, subsidiary and currency, as far as the account has these columns.
    async fn balance_rows(&self, account: &LedgerAccountId) -> Result<Vec<Body>, PortError> {
        loop {
            let now = self.clock.now();
            let missing = self.books.missing(&BALANCE, now);
            let group: Vec<&str> = BALANCE
                .columns
                .iter()
                .filter(|column| column.optional && !missing.contains(column.name))
                .map(|column| column.expression)
                .collect();
            let tail = balance_tail(account.as_str(), &group);
            match self.client.query(&BALANCE.select(&missing, &tail), 0).await? {
                Ok(page) => return Ok(page.rows),
                Err(refusal) if self.books.note_missing(&BALANCE, &refusal, now) => {}
                Err(refusal) => return Err(refusal.into_error()),
            }
        }
    }
}

/// With several accounting books the primary one counts, the lowest id (netsuite sheet section 8.7).
fn primary_book(rows: Vec<Body>) -> Vec<Body> {
    let book = |row: &Body| Record(row).text("book").and_then(|text| text.parse::<i64>().ok());
    let primary = rows.iter().filter_map(book).min();
    rows.into_iter().filter(|row| book(row) == primary).collect()
}

fn account_line(row: Record<'_>, setup: &Setup) -> Result<AccountLine, String> {
    let currency = setup.currencies.of(row)?;
    let text = |name: &str| row.text(name).unwrap_or_default();
    Ok(AccountLine {
        document: row.id().ok_or("a line without its transaction")?,
        kind: text("type"),
        number: text("tranid"),
        on: row.date("trandate")?.ok_or("a line without a date")?,
        amount: row.required_money("foreignamount", currency)?,
        stamp: row.text("externalid").filter(|stamp| !stamp.is_empty()),
    })
}

fn sum_balance(rows: &[Body], own: Option<Currency>, setup: &Setup) -> Result<Money, String> {
    let mut bases = BTreeSet::new();
    for row in rows.iter().map(Record) {
        bases.insert(base_currency(row, setup)?);
    }
    if bases.is_empty() {
        bases.insert(setup.currencies.base().ok_or("the base currency is not known")?);
    }
    let base = bases.first().copied().filter(|_| bases.len() == 1);
    match own {
        Some(own) if base != Some(own) => sum_foreign(rows, own, setup),
        Some(_) | None => {
            let base = base.ok_or(
                "the account has lines of subsidiaries with different base currencies, so it has \
                 no balance in one currency",
            )?;
            sum(rows, "base", base)
        }
    }
}

fn base_currency(row: Record<'_>, setup: &Setup) -> Result<Currency, String> {
    let by_subsidiary = match (&setup.subsidiaries, row.reference("subsidiary")) {
        (Some(subsidiaries), Some(id)) => subsidiaries.get(&id).and_then(|known| known.currency),
        _ => setup.currencies.base(),
    };
    by_subsidiary.ok_or_else(|| "the base currency of a line is not known".to_owned())
}

fn sum_foreign(rows: &[Body], own: Currency, setup: &Setup) -> Result<Money, String> {
    for row in rows.iter().map(Record) {
        let currency = setup.currencies.of(row)?;
        if currency != own {
            return Err(format!(
                "the account is kept in {own} but has lines in {currency}, so its balance in \
                 {own} can not be read line by line"
            ));
        }
    }
    sum(rows, "foreignamount", own)
}

fn sum(rows: &[Body], column: &str, currency: Currency) -> Result<Money, String> {
    let mut total = Money::zero(currency);
    for row in rows.iter().map(Record) {
        let part = row.money(column, currency)?.unwrap_or(Money::zero(currency));
        total = total.checked_add(part).map_err(|error| error.to_string())?;
    }
    Ok(total)
}

fn account_choice(row: Record<'_>, setup: &Setup) -> Option<Choice> {
    let id = row.id()?;
    let name = row
        .text("accountsearchdisplayname")
        .or_else(|| {
            let name = row.text("fullname")?;
            Some(match row.text("acctnumber") {
                Some(number) => format!("{number} {name}"),
                None => name,
            })
        })
        .unwrap_or_else(|| format!("#{id}"));
    let special = row.text("sspecacct").unwrap_or_default();
    let kind = match row.text("accttype").unwrap_or_default().as_str() {
        _ if special == "UndepFunds" => "undeposited",
        "Bank" => "bank",
        "Expense" | "OthExpense" | "COGS" => "expense",
        _ => "other",
    };
    let only_one = |list: &String| !list.contains(',');
    Some(Choice {
        kind: kind.to_owned(),
        currency: if row.has("currency") { setup.currencies.of(row).ok() } else { None },
        subsidiary: row
            .text("subsidiary")
            .filter(|list| setup.is_one_world() && only_one(list))
            .map(SubsidiaryId::new),
        name,
        id,
    })
}

fn currency_choices(setup: &Setup) -> Vec<Choice> {
    let entries = setup.currencies.entries.iter().filter(|(_, entry)| !entry.inactive);
    entries
        .map(|(id, entry)| Choice {
            id: id.clone(),
            name: entry.name.clone(),
            kind: "other".to_owned(),
            currency: entry.symbol.parse().ok(),
            subsidiary: None,
        })
        .collect()
}

fn subsidiary_choices(setup: &Setup) -> Vec<Choice> {
    let subsidiaries = setup.subsidiaries.iter().flatten().filter(|(_, known)| !known.hidden);
    subsidiaries
        .map(|(id, known)| Choice {
            id: id.clone(),
            name: known.name.clone(),
            kind: "other".to_owned(),
            currency: known.currency,
            subsidiary: Some(SubsidiaryId::new(id.as_str())),
        })
        .collect()
}
