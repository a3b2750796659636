//! Small helpers over virtual time: UTC days, offsets, and the two formats of the API.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// The UTC day of an instant.
pub fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The minute of the UTC day (0 to 1439) of an instant.
pub fn minute_of_day(at: Timestamp) -> i64 {
    let time = at.to_zoned(TimeZone::UTC).time();
    i64::from(time.hour()) * 60 + i64::from(time.minute())
}

/// The instant of `minute` (of the UTC day) on `date`.
pub fn at_minute(date: Date, minute: i64) -> Timestamp {
    let midnight = date.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
    minutes_after(midnight, minute)
}

/// `at` moved by whole minutes (negative: earlier), stopping at the ends of time.
pub fn minutes_after(at: Timestamp, minutes: i64) -> Timestamp {
    seconds_after(at, minutes.saturating_mul(60))
}

/// `at` moved by whole seconds (negative: earlier), stopping at the ends of time.
pub fn seconds_after(at: Timestamp, seconds: i64) -> Timestamp {
    let end = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(end)
}

/// `date` moved by calendar days (negative: earlier).
pub fn days_after(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}

/// `date` moved by calendar months; the day is cut to the length of the month.
pub fn months_after(date: Date, months: i64) -> Date {
    date.saturating_add(months.months())
}

/// Timestamps of the API: `YYYY-MM-DDTHH:MM:SS.sssZ` (gocardless sheet section 3).
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// HTTP-date, as in `RateLimit-Reset` (gocardless sheet section 2).
pub fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
