//! Dates of documents: the true date, or, when its period is closed, what policy says.

use jiff::ToSpan;
use jiff::civil::Date;

use model::ledger::PeriodBook;
use model::policy::ClosedPeriod;
use model::reason::{Reason, ReasonCode};

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

/// Which period is to be opened, and for what. `what`: the document, or the ERP's own sentence.
#[must_use]
pub fn period_closed(on: Date, periods: &PeriodBook, what: &str) -> Reason {
    let named = periods.of(on).filter(|period| !period.name.is_empty());
    let period = named.map_or_else(|| on.to_string(), |period| format!("{}, {on}", period.name));
    Reason::new(ReasonCode::PeriodClosed, format!("{period}: {what}"))
}

/// DESIGN.md section 5, Posting; mission row NG11.
#[must_use]
pub fn date_document(on: Date, periods: &PeriodBook, policy: ClosedPeriod) -> Dated {
    if periods.is_open(on) {
        let late = model::defect!(DatedLate);
        let on = if late { on.saturating_add(1.day()) } else { on };
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

/// The same for what takes a document back: it is not dated before that document, which a closed period
/// may have moved (acumatica sheet section 11.2: a void is not earlier than its payment).
#[must_use]
pub fn date_not_before(first: Date, on: Date, periods: &PeriodBook, policy: ClosedPeriod) -> Dated {
    if first <= on {
        return date_document(on, periods, policy);
    }
    match date_document(first, periods, policy) {
        Dated::On(to) | Dated::Moved { to, .. } => Dated::Moved { to, true_date: on },
        Dated::Held(first) => Dated::Held(first),
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
    fn what_takes_back_is_not_dated_before_what_it_takes_back() {
        let period = |month, last, open| Period {
            name: String::new(),
            starts_on: date(2026, month, 1),
            ends_on: date(2026, month, last),
            open,
        };
        let dated = |open: [bool; 3], policy| {
            let periods = [period(1, 31, open[0]), period(2, 28, open[1]), period(3, 31, open[2])];
            let periods = PeriodBook { periods: periods.to_vec() };
            date_not_before(date(2026, 2, 1), date(2026, 1, 30), &periods, policy)
        };
        let true_date = date(2026, 1, 30);
        let moved = |month| Dated::Moved { to: date(2026, month, 1), true_date };
        // Opened again since the receipt was moved into February.
        assert_eq!(dated([true, true, true], ClosedPeriod::NextOpen), moved(2));
        assert_eq!(dated([true, true, true], ClosedPeriod::Hold), moved(2));
        assert_eq!(dated([false, true, true], ClosedPeriod::NextOpen), moved(2));
        assert_eq!(dated([true, false, true], ClosedPeriod::NextOpen), moved(3));
        let held = Dated::Held(date(2026, 2, 1));
        assert_eq!(dated([true, false, true], ClosedPeriod::Hold), held);
        // A receipt of before stands in no way.
        let periods = PeriodBook { periods: vec![period(1, 31, true)] };
        let later =
            date_not_before(date(2026, 1, 9), date(2026, 1, 30), &periods, ClosedPeriod::NextOpen);
        assert_eq!(later, Dated::On(date(2026, 1, 30)));
    }

    #[test]
    fn the_period_to_open_is_named() {
        let named = |name: &str| Period {
            name: name.to_owned(),
            starts_on: date(2026, 1, 1),
            ends_on: date(2026, 1, 31),
            open: false,
        };
        for (name, on, expected) in [
            ("Jan 2026", date(2026, 1, 9), "Jan 2026, 2026-01-09: the receipt"),
            ("", date(2026, 1, 9), "2026-01-09: the receipt"),
            ("Jan 2026", date(2026, 2, 1), "2026-02-01: the receipt"),
        ] {
            let periods = PeriodBook { periods: vec![named(name)] };
            assert_eq!(period_closed(on, &periods, "the receipt").detail, expected);
        }
    }

    #[test]
    fn a_closed_period_holds_or_moves() {
        let true_date = date(2026, 1, 9);
        check(ClosedPeriod::Hold, true, Dated::Held(true_date));
        check(ClosedPeriod::NextOpen, true, Dated::Moved { to: date(2026, 2, 1), true_date });
        check(ClosedPeriod::NextOpen, false, Dated::Held(true_date));
    }
}
