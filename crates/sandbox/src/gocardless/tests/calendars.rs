//! Bank holidays of known years, and what the schemes make of them.

use jiff::civil::{Date, date};

use crate::gocardless::calendar::Calendar;
use crate::gocardless::schemes;

fn check(calendar: Calendar, year: i16, expected: &[(i8, i8)]) {
    let mut holidays: Vec<Date> = calendar.holidays(year);
    holidays.retain(|day| !matches!(day.weekday().to_monday_one_offset(), 6 | 7));
    holidays.sort_unstable();
    let expected: Vec<Date> =
        expected.iter().map(|(month, day)| date(year, *month, *day)).collect();
    assert_eq!(holidays, expected, "{calendar:?} {year}");
}

#[test]
fn published_holidays_that_are_weekdays() {
    let uk = Calendar::UnitedKingdom;
    check(uk, 2026, &[(1, 1), (4, 3), (4, 6), (5, 4), (5, 25), (8, 31), (12, 25), (12, 28)]);
    check(uk, 2027, &[(1, 1), (3, 26), (3, 29), (5, 3), (5, 31), (8, 30), (12, 27), (12, 28)]);
    check(
        uk,
        2022,
        &[(1, 3), (4, 15), (4, 18), (5, 2), (6, 2), (6, 3), (8, 29), (9, 19), (12, 26), (12, 27)],
    );
    check(Calendar::Target, 2026, &[(1, 1), (4, 3), (4, 6), (5, 1), (12, 25)]);
    check(
        Calendar::UnitedStates,
        2026,
        &[
            (1, 1),
            (1, 19),
            (2, 16),
            (5, 25),
            (6, 19),
            (9, 7),
            (10, 12),
            (11, 11),
            (11, 26),
            (12, 25),
        ],
    );
}

#[test]
fn published_holidays_of_further_countries() {
    check(
        Calendar::Sweden,
        2026,
        &[(1, 1), (1, 6), (4, 3), (4, 6), (5, 1), (5, 14), (6, 19), (12, 24), (12, 25), (12, 31)],
    );
    check(
        Calendar::Denmark,
        2026,
        &[
            (1, 1),
            (4, 2),
            (4, 3),
            (4, 6),
            (5, 14),
            (5, 15),
            (5, 25),
            (6, 5),
            (12, 24),
            (12, 25),
            (12, 31),
        ],
    );
    check(
        Calendar::Australia,
        2026,
        &[(1, 1), (1, 26), (4, 3), (4, 6), (6, 8), (12, 25), (12, 28)],
    );
    check(
        Calendar::NewZealand,
        2026,
        &[
            (1, 1),
            (1, 2),
            (2, 6),
            (4, 3),
            (4, 6),
            (4, 27),
            (6, 1),
            (7, 10),
            (10, 26),
            (12, 25),
            (12, 28),
        ],
    );
    check(
        Calendar::Canada,
        2026,
        &[(1, 1), (4, 3), (5, 18), (7, 1), (9, 7), (9, 30), (10, 12), (11, 11), (12, 25), (12, 28)],
    );
}

#[test]
fn steps_over_easter() {
    let uk = Calendar::UnitedKingdom;
    assert_eq!(uk.add(date(2024, 3, 28), 1), date(2024, 4, 2));
    assert_eq!(uk.add(date(2024, 4, 2), -1), date(2024, 3, 28));
    assert_eq!(uk.forward(date(2024, 3, 29)), date(2024, 4, 2));
    assert_eq!(uk.back(date(2024, 4, 1)), date(2024, 3, 28));
    assert_eq!(uk.add(date(2024, 3, 30), 0), date(2024, 3, 30));
}

/// Sheet section 10: a payment created on Friday 2024-03-22 (after the cut-off) on a new mandate
/// got the charge date 2024-04-02.
#[test]
fn the_recorded_bacs_charge_date() {
    let bacs = schemes::by_name("bacs").unwrap();
    let evening = "2024-03-22T17:00:00Z".parse().unwrap();
    assert_eq!(bacs.earliest_charge(evening, false), date(2024, 4, 2));
    assert_eq!(bacs.earliest_charge(evening, true), date(2024, 3, 28));
    let morning = "2024-03-22T09:00:00Z".parse().unwrap();
    assert_eq!(bacs.earliest_charge(morning, true), date(2024, 3, 27));
}

/// Sheet section 6, working days of each step, from Monday 2 November 2026.
#[test]
fn days_of_each_scheme() {
    let monday = "2026-11-02T09:00:00Z".parse().unwrap();
    let rows = [
        ("bacs", (11, 3), (11, 5), (11, 6), (11, 9)),
        ("sepa_core", (11, 3), (11, 5), (11, 6), (11, 10)),
        ("ach", (11, 3), (11, 4), (11, 6), (11, 9)),
        ("autogiro", (11, 10), (11, 12), (11, 12), (11, 16)),
        ("becs", (11, 2), (11, 3), (11, 5), (11, 6)),
        ("becs_nz", (11, 3), (11, 4), (11, 9), (11, 10)),
        ("pad", (11, 2), (11, 5), (11, 9), (11, 10)),
        ("betalingsservice", (11, 20), (12, 1), (12, 1), (12, 7)),
    ];
    for (name, submit, charge, confirm, payout) in rows {
        let scheme = schemes::by_name(name).unwrap();
        let day = |(month, day): (i8, i8)| date(2026, month, day);
        let charged = scheme.earliest_charge(monday, true);
        let timing = scheme.timing(charged);
        let got = (timing.submit_on, charged, timing.confirm_on, timing.payout_on);
        assert_eq!(got, (day(submit), day(charge), day(confirm), day(payout)), "{name}");
    }
}
