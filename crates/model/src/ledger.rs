//! Accounting periods and the clearing ledger's postings: pure bookkeeping arithmetic.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::SubsidiaryId;
use crate::money::{Currency, Money, MoneyError};

/// The periods that the ERP lists, with whether receivables may be posted into them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodBook {
    /// Ordered by start.
    pub periods: Vec<Period>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    pub name: String,
    pub starts_on: Date,
    pub ends_on: Date,
    pub open: bool,
}

impl PeriodBook {
    /// A date in no listed period counts as open: the ERP then says what it thinks.
    #[must_use]
    pub fn is_open(&self, on: Date) -> bool {
        self.of(on).is_none_or(|period| period.open)
    }

    /// The listed period of a date.
    #[must_use]
    pub fn of(&self, on: Date) -> Option<&Period> {
        self.periods.iter().find(|period| period.starts_on <= on && on <= period.ends_on)
    }

    /// The first day of the first open period after `on`.
    #[must_use]
    pub fn next_open_day(&self, on: Date) -> Option<Date> {
        self.periods
            .iter()
            .filter(|period| period.open && period.starts_on > on)
            .map(|period| period.starts_on)
            .min()
    }
}

/// The one subsidiary or branch whose invoices can be paid by receipts, where receipts do not simply take
/// the subsidiary of their invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedIn {
    pub subsidiary: SubsidiaryId,
    /// Why it is this one, and what to set where others are to be booked too.
    pub why: String,
}

/// One posted line of an ERP account, as the account's own register shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLine {
    /// The document's id as the ERP names it.
    pub document: String,
    /// What kind of document, in the ERP's words.
    pub kind: String,
    /// What people call it; empty where it has no number.
    pub number: String,
    pub on: Date,
    /// In the document's currency, debits positive.
    pub amount: Money,
    /// The external id that it carries: our key's stamp, or somebody else's.
    pub stamp: Option<String>,
}

/// An account of our own clearing ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearingAccount {
    Receivable,
    ProcessorBalance,
    Bank,
    Fees,
    FeeTax,
    Chargebacks,
    Refunds,
    Suspense,
    Rounding,
    ExchangeDifference,
}

/// Balanced debit (positive) and credit (negative) lines of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    lines: Vec<(ClearingAccount, Money)>,
}

/// The lines do not balance, or there are fewer than two.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    #[error("a posting needs at least two lines")]
    TooFewLines,
    #[error("the lines are off by {0}")]
    Off(Money),
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Posting {
    /// At least two lines whose sum is zero, or nothing.
    pub fn try_new(lines: Vec<(ClearingAccount, Money)>) -> Result<Posting, Unbalanced> {
        let currency: Currency = match lines.as_slice() {
            [first, _, ..] => first.1.currency,
            _ => return Err(Unbalanced::TooFewLines),
        };
        let mut sum = Money::zero(currency);
        for (_, amount) in &lines {
            sum = sum.checked_add(*amount)?;
        }
        if sum.is_zero() { Ok(Posting { lines }) } else { Err(Unbalanced::Off(sum)) }
    }

    #[must_use]
    pub fn lines(&self) -> &[(ClearingAccount, Money)] {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn book() -> PeriodBook {
        let period = |name: &str, month: i8, last: i8, open| Period {
            name: name.to_owned(),
            starts_on: date(2026, month, 1),
            ends_on: date(2026, month, last),
            open,
        };
        PeriodBook {
            periods: vec![
                period("Jan", 1, 31, false),
                period("Feb", 2, 28, false),
                period("Mar", 3, 31, true),
            ],
        }
    }

    #[test]
    fn a_closed_date_moves_to_the_next_open_period() {
        assert!(!book().is_open(date(2026, 1, 15)));
        assert_eq!(book().next_open_day(date(2026, 1, 15)), Some(date(2026, 3, 1)));
        assert!(book().is_open(date(2026, 3, 31)));
        assert!(book().is_open(date(2027, 1, 1)));
        assert_eq!(book().next_open_day(date(2026, 3, 2)), None);
    }

    #[test]
    fn a_posting_balances_or_is_refused() {
        let pounds = |minor| Money::new(minor, Currency::GBP);
        let line = |minor| (ClearingAccount::Bank, pounds(minor));
        assert!(Posting::try_new(vec![line(5), line(-5)]).is_ok());
        assert_eq!(Posting::try_new(vec![line(5)]), Err(Unbalanced::TooFewLines));
        assert_eq!(Posting::try_new(vec![line(5), line(-4)]), Err(Unbalanced::Off(pounds(1))));
    }
}
