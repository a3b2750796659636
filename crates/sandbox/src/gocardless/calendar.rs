//! Bank working days of the schemes' countries; holidays are computed from their rules, with the
//! one-off exceptions of recent years (gocardless sheet section 26, clock).

use jiff::civil::{Date, Weekday, date};

use super::time::days_after;

/// The bank calendar of a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// England and Wales bank holidays (Bacs).
    UnitedKingdom,
    /// TARGET closing days (SEPA).
    Target,
    /// Federal Reserve holidays (ACH).
    UnitedStates,
    /// Bankgirot closing days (Autogiro).
    Sweden,
    /// Danish bank closing days (Betalingsservice).
    Denmark,
    /// Australian holidays as in New South Wales (BECS).
    Australia,
    /// New Zealand public holidays (BECS NZ).
    NewZealand,
    /// Canadian bank holidays (PAD).
    Canada,
}

/// Matariki is set by law for each year (New Zealand, Te Kāhui o Matariki Public Holiday Act).
const MATARIKI: [(i16, i8, i8); 14] = [
    (2022, 6, 24),
    (2023, 7, 14),
    (2024, 6, 28),
    (2025, 6, 20),
    (2026, 7, 10),
    (2027, 6, 25),
    (2028, 7, 14),
    (2029, 7, 6),
    (2030, 6, 21),
    (2031, 7, 11),
    (2032, 7, 2),
    (2033, 6, 24),
    (2034, 7, 7),
    (2035, 6, 29),
];

impl Calendar {
    /// Whether banks of this calendar work on `day`.
    pub fn is_working(self, day: Date) -> bool {
        !is_weekend(day) && !self.holidays(day.year()).contains(&day)
    }

    /// `day` itself, or the first working day after it.
    pub fn forward(self, mut day: Date) -> Date {
        while !self.is_working(day) {
            day = days_after(day, 1);
        }
        day
    }

    /// `day` itself, or the last working day before it.
    pub fn back(self, mut day: Date) -> Date {
        while !self.is_working(day) {
            day = days_after(day, -1);
        }
        day
    }

    /// The working day that is `count` working days after `day` (before it, if negative).
    pub fn add(self, mut day: Date, count: i64) -> Date {
        let step = if count < 0 { -1 } else { 1 };
        for _ in 0..count.abs() {
            day = days_after(day, step);
            while !self.is_working(day) {
                day = days_after(day, step);
            }
        }
        day
    }

    /// Closing days of one year, as observed; not sorted, weekends may be among them.
    pub fn holidays(self, year: i16) -> Vec<Date> {
        let easter = easter_sunday(year);
        match self {
            Self::UnitedKingdom => united_kingdom(year, easter),
            Self::Target => vec![
                date(year, 1, 1),
                days_after(easter, -2),
                days_after(easter, 1),
                date(year, 5, 1),
                date(year, 12, 25),
                date(year, 12, 26),
            ],
            Self::UnitedStates => united_states(year),
            Self::Sweden => sweden(year, easter),
            Self::Denmark => denmark(year, easter),
            Self::Australia => australia(year, easter),
            Self::NewZealand => new_zealand(year, easter),
            Self::Canada => canada(year, easter),
        }
    }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Easter Sunday of the Gregorian calendar (anonymous Gregorian computus).
fn easter_sunday(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    date(year, i8::try_from(month).unwrap_or(4), i8::try_from(day).unwrap_or(1))
}

/// The nth (from the end, if negative) weekday of a month.
fn nth(year: i16, month: i8, weekday: Weekday, nth: i8) -> Date {
    let first = date(year, month, 1);
    first.nth_weekday_of_month(nth, weekday).unwrap_or(first)
}

/// Adds a holiday that moves off weekends and off days that are taken already.
fn observe(days: &mut Vec<Date>, mut day: Date) {
    while is_weekend(day) || days.contains(&day) {
        day = days_after(day, 1);
    }
    days.push(day);
}

fn united_kingdom(year: i16, easter: Date) -> Vec<Date> {
    let early_may = if year == 2020 { date(2020, 5, 8) } else { nth(year, 5, Weekday::Monday, 1) };
    let spring = if year == 2022 { date(2022, 6, 2) } else { nth(year, 5, Weekday::Monday, -1) };
    let mut days = vec![
        days_after(easter, -2),
        days_after(easter, 1),
        early_may,
        spring,
        nth(year, 8, Weekday::Monday, -1),
    ];
    match year {
        2022 => days.extend([date(2022, 6, 3), date(2022, 9, 19)]),
        2023 => days.push(date(2023, 5, 8)),
        _ => {}
    }
    observe(&mut days, date(year, 1, 1));
    observe(&mut days, date(year, 12, 25));
    observe(&mut days, date(year, 12, 26));
    days
}

/// The Federal Reserve moves Sunday holidays to Monday and leaves Saturday ones where they are.
fn united_states(year: i16) -> Vec<Date> {
    let mut days = vec![
        nth(year, 1, Weekday::Monday, 3),
        nth(year, 2, Weekday::Monday, 3),
        nth(year, 5, Weekday::Monday, -1),
        nth(year, 9, Weekday::Monday, 1),
        nth(year, 10, Weekday::Monday, 2),
        nth(year, 11, Weekday::Thursday, 4),
    ];
    for (month, day) in [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)] {
        let day = date(year, month, day);
        days.push(if day.weekday() == Weekday::Sunday { days_after(day, 1) } else { day });
    }
    days
}

fn sweden(year: i16, easter: Date) -> Vec<Date> {
    let mut midsummer_eve = date(year, 6, 19);
    while midsummer_eve.weekday() != Weekday::Friday {
        midsummer_eve = days_after(midsummer_eve, 1);
    }
    vec![
        date(year, 1, 1),
        date(year, 1, 6),
        days_after(easter, -2),
        days_after(easter, 1),
        date(year, 5, 1),
        days_after(easter, 39),
        date(year, 6, 6),
        midsummer_eve,
        date(year, 12, 24),
        date(year, 12, 25),
        date(year, 12, 26),
        date(year, 12, 31),
    ]
}

fn denmark(year: i16, easter: Date) -> Vec<Date> {
    let mut days = vec![
        date(year, 1, 1),
        days_after(easter, -3),
        days_after(easter, -2),
        days_after(easter, 1),
        days_after(easter, 39),
        days_after(easter, 40),
        days_after(easter, 50),
        date(year, 6, 5),
        date(year, 12, 24),
        date(year, 12, 25),
        date(year, 12, 26),
        date(year, 12, 31),
    ];
    // The General Prayer Day was abolished from 2024.
    if year < 2024 {
        days.push(days_after(easter, 26));
    }
    days
}

fn australia(year: i16, easter: Date) -> Vec<Date> {
    let mut days = vec![
        days_after(easter, -2),
        days_after(easter, 1),
        date(year, 4, 25),
        nth(year, 6, Weekday::Monday, 2),
    ];
    for (month, day) in [(1, 1), (1, 26), (12, 25), (12, 26)] {
        observe(&mut days, date(year, month, day));
    }
    days
}

fn new_zealand(year: i16, easter: Date) -> Vec<Date> {
    let mut days = vec![
        days_after(easter, -2),
        days_after(easter, 1),
        nth(year, 6, Weekday::Monday, 1),
        nth(year, 10, Weekday::Monday, 4),
    ];
    for (matariki_year, month, day) in MATARIKI {
        if matariki_year == year {
            days.push(date(year, month, day));
        }
    }
    for (month, day) in [(1, 1), (1, 2), (2, 6), (4, 25), (12, 25), (12, 26)] {
        observe(&mut days, date(year, month, day));
    }
    days
}

fn canada(year: i16, easter: Date) -> Vec<Date> {
    let mut victoria_day = date(year, 5, 24);
    while victoria_day.weekday() != Weekday::Monday {
        victoria_day = days_after(victoria_day, -1);
    }
    let mut days = vec![
        days_after(easter, -2),
        victoria_day,
        nth(year, 9, Weekday::Monday, 1),
        nth(year, 10, Weekday::Monday, 2),
    ];
    for (month, day) in [(1, 1), (7, 1), (9, 30), (11, 11), (12, 25), (12, 26)] {
        observe(&mut days, date(year, month, day));
    }
    days
}
