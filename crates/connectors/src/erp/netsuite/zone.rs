//! The zone of query times. Queries give times in a zone that is documented nowhere, records give
//! UTC (netsuite sheet section 20, row 12). Both are brought to UTC here, so that versions compare.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::wire::Record;

/// Zones lie on quarters of an hour.
const QUARTER_SECONDS: i64 = 15 * 60;
/// No zone is further from UTC; a larger difference is an edit between two reads.
const OFFSET_SECONDS_MAX: i64 = 14 * 60 * 60;
/// How much earlier than asked a query looks, whatever the zone is: more than the largest offset in
/// either direction, and a summer-time change.
pub const ZONE_SLACK: SignedDuration = SignedDuration::from_hours(26);

/// A calendar month: within it the offset is taken to be the same. In the months of a summer-time
/// change it may be an hour off, unless a person named the zone.
type Month = (i16, i8);

/// What is known of the zone.
pub struct Zone {
    named: Option<TimeZone>,
    measured: Mutex<BTreeMap<Month, SignedDuration>>,
}

impl Zone {
    /// `named`: the account's zone, when a person told it.
    #[must_use]
    pub fn new(named: Option<TimeZone>) -> Zone {
        Zone { named, measured: Mutex::new(BTreeMap::new()) }
    }

    /// Whether the offset at that time still has to be measured.
    #[must_use]
    pub fn is_unknown(&self, local: DateTime) -> bool {
        self.named.is_none() && self.offset(local).is_none()
    }

    /// Learns the offset from one record seen both ways. `None` when the two times are not of one
    /// save.
    pub fn measure(&self, local: DateTime, utc: Timestamp) -> Option<SignedDuration> {
        let as_utc = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let seconds = as_utc.duration_since(utc).as_secs();
        let quarters = (seconds + QUARTER_SECONDS.div_euclid(2)).div_euclid(QUARTER_SECONDS);
        let rounded = quarters * QUARTER_SECONDS;
        // A record may show whole minutes only; more than that apart are two different saves.
        if rounded.abs() > OFFSET_SECONDS_MAX || (seconds - rounded).abs() > 60 {
            return None;
        }
        let offset = SignedDuration::from_secs(rounded);
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        measured.insert((local.year(), local.month()), offset);
        Some(offset)
    }

    /// The version stamp of a time that a query gave; as if UTC while the offset is unknown.
    #[must_use]
    pub fn version(&self, local: DateTime) -> String {
        let zone = self.named.clone().unwrap_or(TimeZone::UTC);
        let offset = self.offset(local).unwrap_or_default();
        match local.to_zoned(zone) {
            Ok(zoned) => zoned
                .timestamp()
                .saturating_sub(offset)
                .map_or_else(|_| local.to_string(), |timestamp| timestamp.to_string()),
            Err(_) => local.to_string(),
        }
    }

    fn offset(&self, local: DateTime) -> Option<SignedDuration> {
        let measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        measured.get(&(local.year(), local.month())).copied()
    }
}

/// The version stamp of a record: its last save in UTC.
#[must_use]
pub fn record_version(record: Record<'_>) -> String {
    record_saved(record)
        .map_or_else(|| record.text("lastModifiedDate").unwrap_or_default(), |at| at.to_string())
}

/// When a record was last saved.
#[must_use]
pub fn record_saved(record: Record<'_>) -> Option<Timestamp> {
    record.text("lastModifiedDate")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    fn utc(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_measured_zone_brings_query_times_to_utc() {
        let zone = Zone::new(None);
        assert!(zone.is_unknown(local("2026-03-04T01:12:44")));
        zone.measure(local("2026-03-04T01:12:44"), utc("2026-03-04T09:12:00Z"));
        assert!(!zone.is_unknown(local("2026-03-20T10:00:00")));
        assert_eq!(zone.version(local("2026-03-04T01:12:44")), "2026-03-04T09:12:44Z");
        assert!(zone.is_unknown(local("2026-04-04T01:12:44")));
    }

    #[test]
    fn two_saves_are_no_measure_of_a_zone() {
        let zone = Zone::new(None);
        for saved in ["2026-03-04T09:20:00Z", "2026-03-09T09:12:44Z"] {
            assert_eq!(zone.measure(local("2026-03-04T01:12:44"), utc(saved)), None, "{saved}");
        }
    }

    #[test]
    fn a_named_zone_knows_summer_time() {
        let zone = Zone::new(Some(TimeZone::get("America/Los_Angeles").unwrap()));
        assert!(!zone.is_unknown(local("2026-01-04T01:00:00")));
        assert_eq!(zone.version(local("2026-01-04T01:00:00")), "2026-01-04T09:00:00Z");
        assert_eq!(zone.version(local("2026-07-04T01:00:00")), "2026-07-04T08:00:00Z");
    }
}
