//! Dates in the account's own format and in Oracle's format models.

use super::SqlError;
use crate::netsuite::state::Company;
use jiff::civil::{Date, DateTime, Time};

/// A date in the account's format.
pub fn account_date(company: &Company, date: Date) -> String {
    let mut out = String::new();
    for (letter, count) in runs(&company.date_format) {
        match letter {
            'Y' => out.push_str(&format!("{:04}", date.year())),
            'M' if count > 1 => out.push_str(&format!("{:02}", date.month())),
            'M' => out.push_str(&date.month().to_string()),
            'D' if count > 1 => out.push_str(&format!("{:02}", date.day())),
            'D' => out.push_str(&date.day().to_string()),
            other => out.extend(std::iter::repeat_n(other, count)),
        }
    }
    out
}

/// Reads a date in the account's format.
pub fn parse_account_date(company: &Company, text: &str) -> Option<Date> {
    let (mut year, mut month, mut day) = (0_i16, 0_i8, 0_i8);
    let mut rest = text.trim();
    for (letter, count) in runs(&company.date_format) {
        if letter.is_ascii_alphabetic() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let end = if letter == 'Y' { end.min(4) } else { end.min(2) };
            let digits = rest.get(..end)?;
            match letter {
                'Y' => year = digits.parse().ok()?,
                'M' => month = digits.parse().ok()?,
                _ => day = digits.parse().ok()?,
            }
            rest = &rest[end..];
        } else {
            for _ in 0..count {
                rest = rest.strip_prefix(letter)?;
            }
        }
    }
    if rest.is_empty() { Date::new(year, month, day).ok() } else { None }
}

fn runs(format: &str) -> Vec<(char, usize)> {
    let mut out: Vec<(char, usize)> = Vec::new();
    for letter in format.chars() {
        match out.last_mut() {
            Some((last, count)) if *last == letter => *count += 1,
            _ => out.push((letter, 1)),
        }
    }
    out
}

/// One element of an Oracle format model.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    Hour24,
    Hour12,
    Minute,
    Second,
    HalfDay,
    Plain(String),
}

const ELEMENTS: [(&str, Part); 12] = [
    ("YYYY", Part::Year),
    ("RRRR", Part::Year),
    ("HH24", Part::Hour24),
    ("HH12", Part::Hour12),
    ("MON", Part::MonthName),
    ("YY", Part::ShortYear),
    ("MM", Part::Month),
    ("DD", Part::Day),
    ("MI", Part::Minute),
    ("SS", Part::Second),
    ("AM", Part::HalfDay),
    ("PM", Part::HalfDay),
];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

fn model(format: &str) -> Result<Vec<Part>, SqlError> {
    let mut parts = Vec::new();
    let mut rest = format;
    while !rest.is_empty() {
        let upper = rest.to_uppercase();
        if let Some((text, part)) = ELEMENTS.iter().find(|(text, _)| upper.starts_with(text)) {
            parts.push(part.clone());
            rest = &rest[text.len()..];
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').ok_or_else(|| SqlError::new("Invalid date format."))?;
            parts.push(Part::Plain(quoted[..end].to_owned()));
            rest = &quoted[end + 1..];
        } else {
            let first = rest.chars().next().unwrap_or_default();
            if first.is_ascii_alphanumeric() {
                return Err(SqlError::new(format!("Date format not recognized: '{format}'.")));
            }
            parts.push(Part::Plain(first.to_string()));
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(parts)
}

/// `TO_CHAR` of a date.
pub fn to_char(at: DateTime, format: &str) -> Result<String, SqlError> {
    let mut out = String::new();
    for part in model(format)? {
        let hour12 = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
        match part {
            Part::Year => out.push_str(&format!("{:04}", at.year())),
            Part::ShortYear => out.push_str(&format!("{:02}", at.year() % 100)),
            Part::Month => out.push_str(&format!("{:02}", at.month())),
            Part::MonthName => {
                let index = usize::try_from(at.month() - 1).unwrap_or_default();
                out.push_str(MONTHS[index]);
            }
            Part::Day => out.push_str(&format!("{:02}", at.day())),
            Part::Hour24 => out.push_str(&format!("{:02}", at.hour())),
            Part::Hour12 => out.push_str(&format!("{hour12:02}")),
            Part::Minute => out.push_str(&format!("{:02}", at.minute())),
            Part::Second => out.push_str(&format!("{:02}", at.second())),
            Part::HalfDay => out.push_str(if at.hour() < 12 { "AM" } else { "PM" }),
            Part::Plain(text) => out.push_str(&text),
        }
    }
    Ok(out)
}

/// `TO_DATE` and `TO_TIMESTAMP`: the whole text must fit the model.
pub fn parse(text: &str, format: &str) -> Result<DateTime, SqlError> {
    let refuse = || SqlError::new(format!("'{text}' does not match the date format '{format}'."));
    let (mut year, mut month, mut day) = (1970_i16, 1_i8, 1_i8);
    let (mut hour, mut minute, mut second) = (0_i8, 0_i8, 0_i8);
    let mut rest = text.trim();
    let mut afternoon = None;
    for part in model(format)? {
        let width = match part {
            Part::Year => 4,
            Part::Plain(ref plain) => {
                rest = rest.strip_prefix(plain.as_str()).ok_or_else(refuse)?;
                continue;
            }
            Part::MonthName => 3,
            _ => 2,
        };
        if rest.is_empty() && !matches!(part, Part::Year | Part::Month | Part::Day) {
            break;
        }
        let digits = rest.chars().take_while(char::is_ascii_digit).count().min(width);
        let taken = if matches!(part, Part::MonthName | Part::HalfDay) { width } else { digits };
        let piece = rest.get(..taken).ok_or_else(refuse)?;
        rest = &rest[taken..];
        let small = || piece.parse::<i8>().map_err(|_| refuse());
        match part {
            Part::Year if digits == 4 => year = piece.parse().map_err(|_| refuse())?,
            Part::Year => return Err(refuse()),
            Part::ShortYear => year = 2000 + i16::from(small()?),
            Part::Month => month = small()?,
            Part::MonthName => {
                let named = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(piece));
                month = i8::try_from(named.ok_or_else(refuse)? + 1).map_err(|_| refuse())?;
            }
            Part::Day => day = small()?,
            Part::Hour24 | Part::Hour12 => hour = small()?,
            Part::Minute => minute = small()?,
            Part::Second => second = small()?,
            Part::HalfDay => afternoon = Some(piece.eq_ignore_ascii_case("PM")),
            Part::Plain(_) => {}
        }
    }
    if !rest.is_empty() {
        return Err(refuse());
    }
    if let Some(afternoon) = afternoon {
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    let date = Date::new(year, month, day).map_err(|_| refuse())?;
    let time = Time::new(hour, minute, second, 0).map_err(|_| refuse())?;
    Ok(date.to_datetime(time))
}
