//! Financial periods: the period of a day, and what closed ones refuse (acumatica sheet sections
//! 10 rule 10, 11.11, 21 row 9).

use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::state::State;
use crate::acumatica::store::{Row, table_of};
use crate::acumatica::values::Val;
use jiff::civil::Date;

/// Whose postings are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    Ar,
    Ca,
    Gl,
}

impl Module {
    /// The prefix of the module's batches.
    pub fn code(self) -> &'static str {
        match self {
            Module::Ar => "AR",
            Module::Ca => "CA",
            Module::Gl => "GL",
        }
    }

    fn closed(self) -> Option<(&'static str, &'static str)> {
        match self {
            Module::Ar => Some(("arclosed", "Accounts Receivable")),
            Module::Ca => Some(("caclosed", "Cash Management")),
            Module::Gl => None,
        }
    }
}

/// A period in the order of time: `MMYYYY` as `YYYYMM`.
pub fn order(period: &str) -> String {
    let period = period.replace('-', "");
    match period.split_at_checked(2) {
        Some((month, year)) => format!("{year}{month}"),
        None => period,
    }
}

fn day(row: &Row, key: &str) -> Option<Date> {
    match row.fields.get(key) {
        Some(Val::Date(date)) => Some(*date),
        _ => None,
    }
}

fn find(state: &State, wanted: impl Fn(&Row) -> bool) -> Option<Row> {
    let table = table_of("FinancialPeriod");
    let mut years = state.store.of(&table);
    years.find_map(|year| year.rows("periods").iter().find(|row| wanted(row)).cloned())
}

/// The period of a day, open or not.
pub fn of_day(state: &State, date: Date) -> std::result::Result<String, String> {
    let holds = |row: &Row| {
        let from = day(row, "startdate").is_some_and(|start| start <= date);
        from && day(row, "enddateui").is_some_and(|end| date <= end)
    };
    let missing = || {
        let shown = date.strftime("%m/%d/%Y");
        format!(
            "The financial period that corresponds to the {shown} date does not exist in the {} \
             company.",
            company(state)
        )
    };
    find(state, holds).map(|row| row.text("finperiodid").to_owned()).ok_or_else(missing)
}

fn company(state: &State) -> String {
    state.branches.first().cloned().unwrap_or_default()
}

/// Whether a module may post into a period; `Err` holds the server's text.
pub fn open(state: &State, period: &str, module: Module) -> std::result::Result<(), String> {
    let period = period.replace('-', "");
    let company = company(state);
    let shown = format!("{}-{}", period.get(..2).unwrap_or(&period), period.get(2..).unwrap_or(""));
    let Some(row) = find(state, |row| row.text("finperiodid") == period) else {
        return Err(format!(
            "The {shown} financial period does not exist in the {company} company."
        ));
    };
    let closed = matches!(row.fields.get("status"), Some(Val::Text(text)) if text == "Closed");
    match row.text("status") {
        "Inactive" => {
            Err(format!("The {shown} financial period is inactive in the {company} company."))
        }
        "Locked" => {
            Err(format!("The {shown} financial period is locked in the {company} company."))
        }
        _ if !state.preferences.restrict_closed_periods => Ok(()),
        _ if closed => {
            Err(format!("The {shown} financial period is closed in the {company} company."))
        }
        _ => match module.closed() {
            Some((key, name)) if row.fields.get(key) == Some(&Val::Bool(true)) => Err(format!(
                "The {shown} financial period of the {company} company is closed in {name}."
            )),
            _ => Ok(()),
        },
    }
}

/// The period of a document that is being saved: the one that was named, else the day's; it must
/// be open, whether the document is on hold or not.
pub fn for_save(
    state: &State,
    record: &'static str,
    field: &str,
    date: Date,
    named: Option<&str>,
    module: Module,
) -> Result<String> {
    let refuse = |text: String| ApiError::field(record, field, text);
    let period = match named {
        Some(period) if !period.is_empty() => period.replace('-', ""),
        _ => of_day(state, date).map_err(refuse)?,
    };
    open(state, &period, module).map_err(refuse)?;
    Ok(period)
}

/// Refuses a release into a period that is not open.
pub fn for_release(state: &State, period: &str, module: Module) -> Result<()> {
    open(state, period, module).map_err(ApiError::px)
}
