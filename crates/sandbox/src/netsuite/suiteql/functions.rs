//! The functions of the dialect: a closed list; anything else is refused
//! (netsuite sheet sections 8.4 and 20, row 3).

use super::SqlError;
use super::dates;
use super::value::Sv;
use crate::netsuite::state::Company;
use crate::netsuite::values::round;
use jiff::civil::{DateTime, Time};
use jiff::{Span, ToSpan};
use rust_decimal::Decimal;

/// Name, fewest and most arguments.
const FUNCTIONS: [(&str, usize, usize); 39] = [
    ("builtin.df", 1, 1),
    ("builtin.cf", 1, 1),
    ("count", 1, 1),
    ("sum", 1, 1),
    ("min", 1, 1),
    ("max", 1, 1),
    ("avg", 1, 1),
    ("to_char", 1, 2),
    ("to_date", 1, 2),
    ("to_timestamp", 1, 2),
    ("to_number", 1, 2),
    ("trunc", 1, 2),
    ("round", 1, 2),
    ("coalesce", 2, 50),
    ("nvl", 2, 2),
    ("nvl2", 3, 3),
    ("nullif", 2, 2),
    ("decode", 3, 50),
    ("abs", 1, 1),
    ("sign", 1, 1),
    ("mod", 2, 2),
    ("ceil", 1, 1),
    ("floor", 1, 1),
    ("upper", 1, 1),
    ("lower", 1, 1),
    ("trim", 1, 1),
    ("ltrim", 1, 1),
    ("rtrim", 1, 1),
    ("length", 1, 1),
    ("substr", 2, 3),
    ("instr", 2, 2),
    ("replace", 2, 3),
    ("concat", 2, 2),
    ("greatest", 1, 50),
    ("least", 1, 50),
    ("add_months", 2, 2),
    ("last_day", 1, 1),
    ("extract", 2, 2),
    ("sysdate", 0, 0),
];

/// Refuses unknown functions and wrong numbers of arguments.
pub fn check(name: &str, count: usize) -> Result<(), SqlError> {
    match FUNCTIONS.iter().find(|(known, _, _)| *known == name) {
        Some((_, fewest, most)) if (*fewest..=*most).contains(&count) => Ok(()),
        Some(_) => Err(SqlError::new(format!("Invalid number of arguments of function '{name}'."))),
        None => Err(SqlError::new(format!("Function '{name}' is not supported."))),
    }
}

/// What functions need to know.
pub struct Context<'a> {
    pub company: &'a Company,
    /// Now, in the account's time zone.
    pub now: DateTime,
}

/// Calls a function that is neither an aggregate nor `BUILTIN`.
pub fn call(context: &Context<'_>, name: &str, args: &[Sv]) -> Result<Sv, SqlError> {
    match name {
        "sysdate" | "systimestamp" | "current_timestamp" => Ok(Sv::Day(context.now)),
        "coalesce" => Ok(args.iter().find(|arg| !arg.is_null()).cloned().unwrap_or(Sv::Null)),
        "nvl" => Ok(if args[0].is_null() { args[1].clone() } else { args[0].clone() }),
        "nvl2" => Ok(if args[0].is_null() { args[2].clone() } else { args[1].clone() }),
        "nullif" => {
            let equal = args[0].compare(&args[1], context.company)?.is_some_and(|o| o.is_eq());
            Ok(if equal { Sv::Null } else { args[0].clone() })
        }
        "decode" => decode(context, args),
        "greatest" | "least" => extreme(context, name == "greatest", args),
        "to_char" | "to_date" | "to_timestamp" | "trunc" | "add_months" | "last_day"
        | "extract" => {
            if args[0].is_null() || args.last().is_some_and(Sv::is_null) {
                return Ok(Sv::Null);
            }
            dated(context, name, args)
        }
        "to_number" | "round" | "abs" | "sign" | "mod" | "ceil" | "floor" => numeric(name, args),
        _ => textual(context, name, args),
    }
}

fn decode(context: &Context<'_>, args: &[Sv]) -> Result<Sv, SqlError> {
    let mut pairs = args[1..].chunks_exact(2);
    for pair in pairs.by_ref() {
        let both_null = args[0].is_null() && pair[0].is_null();
        let equal = args[0].compare(&pair[0], context.company)?.is_some_and(|order| order.is_eq());
        if both_null || equal {
            return Ok(pair[1].clone());
        }
    }
    Ok(pairs.remainder().first().cloned().unwrap_or(Sv::Null))
}

fn extreme(context: &Context<'_>, greatest: bool, args: &[Sv]) -> Result<Sv, SqlError> {
    let mut best = args[0].clone();
    for arg in args {
        let Some(order) = arg.compare(&best, context.company)? else { return Ok(Sv::Null) };
        if (greatest && order.is_gt()) || (!greatest && order.is_lt()) {
            best = arg.clone();
        }
    }
    Ok(best)
}

fn text_of(context: &Context<'_>, value: &Sv) -> String {
    value.render(context.company).unwrap_or_default()
}

fn dated(context: &Context<'_>, name: &str, args: &[Sv]) -> Result<Sv, SqlError> {
    let format = || args.get(1).map(|format| text_of(context, format));
    match (name, &args[0]) {
        ("to_char", Sv::Day(at)) => match format() {
            Some(format) => dates::to_char(*at, &format).map(Sv::text),
            None => Ok(Sv::text(dates::account_date(context.company, at.date()))),
        },
        ("to_char", Sv::Number(number)) => match format() {
            Some(format) => Ok(Sv::text(number_text(*number, &format))),
            None => Ok(Sv::text(number.normalize().to_string())),
        },
        ("to_char", other) => Ok(Sv::text(text_of(context, other))),
        ("to_date" | "to_timestamp", Sv::Day(at)) => Ok(Sv::Day(*at)),
        ("to_date" | "to_timestamp", other) => {
            let text = text_of(context, other);
            match format() {
                Some(format) => dates::parse(&text, &format).map(Sv::Day),
                None => dates::parse_account_date(context.company, &text)
                    .map(|date| Sv::Day(date.to_datetime(Time::midnight())))
                    .ok_or_else(|| SqlError::new(format!("Invalid date value '{text}'."))),
            }
        }
        ("trunc", Sv::Day(at)) => truncate(*at, format().as_deref()),
        ("trunc", other) => {
            let places = places(args)?;
            let number = other.number()?.unwrap_or_default();
            Ok(Sv::Number(number.trunc_with_scale(places)))
        }
        ("add_months", Sv::Day(at)) => {
            let months = args[1].number()?.unwrap_or_default();
            let months = i64::try_from(months.trunc()).unwrap_or_default();
            shifted(*at, Span::new().try_months(months))
        }
        ("last_day", Sv::Day(at)) => Ok(Sv::Day(at.date().last_of_month().to_datetime(at.time()))),
        ("extract", Sv::Text(unit)) => match (&args[1], unit.as_str()) {
            (Sv::Day(at), "year") => Ok(Sv::Number(at.year().into())),
            (Sv::Day(at), "month") => Ok(Sv::Number(at.month().into())),
            (Sv::Day(at), _) => Ok(Sv::Number(at.day().into())),
            _ => Err(SqlError::new("EXTRACT needs a date.")),
        },
        _ => Err(SqlError::new(format!("Invalid argument of function '{name}'."))),
    }
}

fn truncate(at: DateTime, unit: Option<&str>) -> Result<Sv, SqlError> {
    let date = at.date();
    let date = match unit.map(str::to_uppercase).as_deref() {
        None | Some("DD" | "DAY") => date,
        Some("MM" | "MONTH") => date.first_of_month(),
        Some("YYYY" | "YEAR") => date.first_of_year(),
        Some(other) => return Err(SqlError::new(format!("Invalid TRUNC unit '{other}'."))),
    };
    Ok(Sv::Day(date.to_datetime(Time::midnight())))
}

fn shifted(at: DateTime, span: Result<Span, jiff::Error>) -> Result<Sv, SqlError> {
    let refuse = |_| SqlError::new("Date out of range.");
    at.checked_add(span.map_err(refuse)?).map(Sv::Day).map_err(refuse)
}

/// A date moved by a number of days, fractions included.
pub fn add_days(at: DateTime, days: Decimal) -> Result<Sv, SqlError> {
    let seconds = round(days * Decimal::from(86_400), 0);
    let seconds = i64::try_from(seconds).map_err(|_| SqlError::new("Date out of range."))?;
    shifted(at, Ok(seconds.seconds()))
}

/// A number under a format model such as `FM999999990.00`.
fn number_text(number: Decimal, format: &str) -> String {
    let upper = format.to_uppercase();
    let plain = upper.trim_start_matches("FM");
    let places = plain.split_once('.').map_or(0, |(_, places)| places.len());
    let places = u32::try_from(places).unwrap_or_default();
    let mut shown = round(number, places);
    shown.rescale(places);
    if upper.starts_with("FM") || number.is_sign_negative() {
        shown.to_string()
    } else {
        format!(" {shown}")
    }
}

fn places(args: &[Sv]) -> Result<u32, SqlError> {
    let Some(places) = args.get(1) else { return Ok(0) };
    let places = places.number()?.unwrap_or_default();
    u32::try_from(places).map_err(|_| SqlError::new("Invalid number of decimal places."))
}

fn numeric(name: &str, args: &[Sv]) -> Result<Sv, SqlError> {
    let Some(number) = args[0].number()? else { return Ok(Sv::Null) };
    Ok(Sv::Number(match name {
        "to_number" => number,
        "round" => round(number, places(args)?),
        "abs" => number.abs(),
        "sign" if number.is_zero() => Decimal::ZERO,
        "sign" if number < Decimal::ZERO => Decimal::NEGATIVE_ONE,
        "sign" => Decimal::ONE,
        "ceil" => number.ceil(),
        "floor" => number.floor(),
        _ => match args[1].number()? {
            Some(divisor) => number.checked_rem(divisor).unwrap_or(number),
            None => return Ok(Sv::Null),
        },
    }))
}

fn textual(context: &Context<'_>, name: &str, args: &[Sv]) -> Result<Sv, SqlError> {
    if name == "concat" {
        return Ok(Sv::text(text_of(context, &args[0]) + &text_of(context, &args[1])));
    }
    if args[0].is_null() {
        return Ok(Sv::Null);
    }
    let text = text_of(context, &args[0]);
    let second = || args.get(1).map(|arg| text_of(context, arg)).unwrap_or_default();
    Ok(match name {
        "upper" => Sv::text(text.to_uppercase()),
        "lower" => Sv::text(text.to_lowercase()),
        "trim" => Sv::text(text.trim()),
        "ltrim" => Sv::text(text.trim_start()),
        "rtrim" => Sv::text(text.trim_end()),
        "length" => Sv::Number(text.chars().count().into()),
        "instr" => {
            let at = text.find(&second()).map_or(0, |at| text[..at].chars().count() + 1);
            Sv::Number(at.into())
        }
        "replace" => {
            let with = args.get(2).map(|arg| text_of(context, arg)).unwrap_or_default();
            let what = second();
            if what.is_empty() { Sv::text(text) } else { Sv::text(text.replace(&what, &with)) }
        }
        "substr" => substr(&text, args)?,
        _ => return Err(SqlError::new(format!("Function '{name}' is not supported."))),
    })
}

/// Positions count from 1; a negative one counts from the end.
fn substr(text: &str, args: &[Sv]) -> Result<Sv, SqlError> {
    let whole = |value: Option<Decimal>| value.and_then(|value| i64::try_from(value.trunc()).ok());
    let length = i64::try_from(text.chars().count()).unwrap_or_default();
    let Some(start) = whole(args[1].number()?) else { return Ok(Sv::Null) };
    let start = if start < 0 { length + start } else { (start - 1).max(0) };
    let count = match args.get(2) {
        Some(count) => match whole(count.number()?) {
            Some(count) => count,
            None => return Ok(Sv::Null),
        },
        None => length,
    };
    let skip = usize::try_from(start).unwrap_or(usize::MAX);
    let take = usize::try_from(count).unwrap_or_default();
    Ok(Sv::text(text.chars().skip(skip).take(take).collect::<String>()))
}
