//! Dates of documents: the true date, or, when its period is closed, what policy says.

use jiff::civil::Date;

use model::ledger::PeriodBook;
use model::policy::ClosedPeriod;

/// The date to put on a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dated {
    On(Date),
    /// The period of the true date is closed and policy moves the document.
    Moved {
        to: Date,
        true_date: Date,
    },
    /// The period is closed and policy holds, or no later period is open.
    Held(Date),
}

impl Dated {
    /// The document's date and, when it was moved, the true one.
    #[must_use]
    pub fn dates(self) -> Option<(Date, Option<Date>)> {
        match self {
            Dated::On(on) => Some((on, None)),
            Dated::Moved { to, true_date } => Some((to, Some(true_date))),
            Dated::Held(_) => None,
        }
    }
}

/// DESIGN.md section 5, Posting; mission row NG11.
#[must_use]
pub fn date_document(on: Date, periods: &PeriodBook, policy: ClosedPeriod) -> Dated {
    if periods.is_open(on) {
        return Dated::On(on);
    }
    match policy {
        ClosedPeriod::Hold => Dated::Held(on),
        ClosedPeriod::NextOpen => match periods.next_open_day(on) {
            Some(to) => Dated::Moved { to, true_date: on },
            None => Dated::Held(on),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use model::ledger::Period;

    fn check(policy: ClosedPeriod, next_open: bool, expected: Dated) {
        let period = |month, last, open| Period {
            name: String::new(),
            starts_on: date(2026, month, 1),
            ends_on: date(2026, month, last),
            open,
        };
        let periods = PeriodBook { periods: vec![period(1, 31, false), period(2, 28, next_open)] };
        assert_eq!(date_document(date(2026, 1, 9), &periods, policy), expected);
    }

    #[test]
    fn a_closed_period_holds_or_moves() {
        let true_date = date(2026, 1, 9);
        check(ClosedPeriod::Hold, true, Dated::Held(true_date));
        check(ClosedPeriod::NextOpen, true, Dated::Moved { to: date(2026, 2, 1), true_date });
        check(ClosedPeriod::NextOpen, false, Dated::Held(true_date));
    }
}
