//! When a link's invoices are looked for: every so many seconds, or by a cron expression in the
//! link's time zone (a time of day, working hours, a billing cycle; mission row C4).

use std::str::FromStr;

use croner::Cron;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use model::policy::Policy;

/// The expression or the time zone can not be read: a sentence for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSchedule(pub String);

impl std::fmt::Display for BadSchedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks what a person entered.
pub fn check(policy: &Policy) -> Result<(), BadSchedule> {
    zone(policy)?;
    if policy.poll_seconds == 0 {
        return Err(BadSchedule("poll_seconds must be at least 1".to_owned()));
    }
    policy.poll_cron.as_deref().map_or(Ok(()), |text| cron(text).map(|_| ()))
}

/// Whether invoices are to be looked for now. `last`: the end of the last complete look.
pub fn is_due(
    policy: &Policy,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, BadSchedule> {
    let Some(last) = last else { return Ok(true) };
    let Some(text) = policy.poll_cron.as_deref() else {
        let interval = SignedDuration::from_secs(i64::from(policy.poll_seconds));
        return Ok(now.duration_since(last) >= interval);
    };
    let after = last.to_zoned(zone(policy)?);
    let next = cron(text)?
        .find_next_occurrence(&after, false)
        .map_err(|error| BadSchedule(format!("poll_cron \"{text}\": {error}")))?;
    Ok(next.timestamp() <= now)
}

fn cron(text: &str) -> Result<Cron, BadSchedule> {
    Cron::from_str(text).map_err(|error| {
        BadSchedule(format!(
            "poll_cron \"{text}\" can not be read ({error}); write minute, hour, day, month and day of \
             the week, for example 0 9 * * 1-5"
        ))
    })
}

fn zone(policy: &Policy) -> Result<TimeZone, BadSchedule> {
    TimeZone::get(&policy.time_zone).map_err(|_| {
        BadSchedule(format!(
            "time_zone \"{}\" is no time zone; use an IANA name like Europe/London",
            policy.time_zone
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_due(cron: Option<&str>, last: &str, now: &str, expected: Result<bool, &str>) {
        let policy = Policy {
            poll_cron: cron.map(str::to_owned),
            time_zone: "Europe/London".to_owned(),
            ..Policy::default()
        };
        let due = is_due(&policy, Some(last.parse().unwrap()), now.parse().unwrap());
        match (due, expected) {
            (Ok(due), Ok(expected)) => assert_eq!(due, expected, "{cron:?} {last} {now}"),
            (Err(error), Err(part)) => assert!(error.0.contains(part), "{error}"),
            (due, _) => panic!("{cron:?}: {due:?}"),
        }
    }

    #[test]
    fn an_interval_or_a_cron_expression_in_the_links_zone() {
        check_due(None, "2026-03-02T08:00:00Z", "2026-03-02T08:01:59Z", Ok(false));
        check_due(None, "2026-03-02T08:00:00Z", "2026-03-02T08:02:00Z", Ok(true));
        let mornings = Some("0 9 * * 1-5");
        check_due(mornings, "2026-03-02T08:00:00Z", "2026-03-02T08:59:59Z", Ok(false));
        check_due(mornings, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", Ok(true));
        // Friday evening: nothing until Monday.
        check_due(mornings, "2026-03-06T18:00:00Z", "2026-03-08T18:00:00Z", Ok(false));
        check_due(mornings, "2026-03-06T18:00:00Z", "2026-03-09T09:00:00Z", Ok(true));
        // Summer time: nine in London is eight in UTC.
        check_due(mornings, "2026-06-01T07:00:00Z", "2026-06-01T08:00:00Z", Ok(true));
        // A billing cycle.
        let cycle = Some("0 6 1 * *");
        check_due(cycle, "2026-03-01T07:00:00Z", "2026-04-01T05:00:00Z", Ok(true));
        check_due(cycle, "2026-03-02T07:00:00Z", "2026-03-31T04:00:00Z", Ok(false));
        check_due(
            Some("every day"),
            "2026-03-02T08:00:00Z",
            "2026-03-03T08:00:00Z",
            Err("every day"),
        );
    }
}
