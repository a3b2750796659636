//! Lists by the time of the last change. Acumatica promises no order, so pages by count would lose
//! rows that move while one reads; windows of time do not: a window too full for one answer is
//! halved, and a row that changes meanwhile turns up in a later window (acumatica sheet sections 7
//! and 11.8). Bounds are the server's own stamps, never this machine's clock.

use jiff::{SignedDuration, Timestamp};

use ports::PortError;

use super::super::Acumatica;
use super::super::query::{Ask, all_of, moment};
use super::super::wire::{Body, Entity};

/// Rows of one answer; with their fields about 200 kB.
pub const PAGE_ROWS: usize = 200;
/// Stamps are told in milliseconds: a window can not be narrower.
const STEP: SignedDuration = SignedDuration::from_millis(1);
/// Halving a century down to a millisecond takes fewer.
const HALVINGS_MAX: usize = 64;

/// The rows of one window, and where the next begins.
pub(super) struct Window {
    pub rows: Vec<Body>,
    pub next: Option<String>,
}

/// The start of a list: what the last page's `next` was, or the moment asked for.
pub(super) fn start(since: Timestamp, page: Option<&str>) -> Result<Timestamp, PortError> {
    match page {
        None => Ok(since.max(Timestamp::UNIX_EPOCH)),
        Some(text) => text
            .parse()
            .map_err(|_| PortError::Unsupported("this is not a page mark of ours".to_owned())),
    }
}

impl Acumatica {
    /// The rows that changed at or after `from`, as many as one window holds.
    pub(super) async fn window(
        &self,
        entity: &str,
        base: &Ask,
        also: &str,
        from: Timestamp,
    ) -> Result<Window, PortError> {
        let mut until: Option<Timestamp> = None;
        for _ in 0..HALVINGS_MAX {
            let begin = format!("LastModifiedDateTime ge {}", moment(from));
            let end = until.map(|until| format!("LastModifiedDateTime lt {}", moment(until)));
            let filter = all_of(&[&begin, end.as_deref().unwrap_or_default(), also]);
            let narrow = until.is_some_and(|until| until.duration_since(from) <= STEP);
            let ask = base.clone().filter(filter);
            // Within one step nothing can be split any further: without a count all rows come.
            let ask = if narrow { ask } else { ask.top(PAGE_ROWS) };
            let rows = self.client.list(entity, &ask).await?;
            if rows.len() < PAGE_ROWS || narrow {
                return Ok(Window { rows, next: until.map(|until| until.to_string()) });
            }
            until = Some(split(&rows, from, until));
        }
        Err(PortError::Unavailable(format!("the changes of {entity} can not be split by time")))
    }
}

/// Where a full window is cut: at the middle stamp of what it showed, inside the window.
fn split(rows: &[Body], from: Timestamp, until: Option<Timestamp>) -> Timestamp {
    let mut stamps: Vec<Timestamp> =
        rows.iter().filter_map(|row| Entity(row).moment("LastModifiedDateTime")).collect();
    stamps.sort_unstable();
    let middle = stamps.get(stamps.len().div_euclid(2)).copied().unwrap_or(from);
    let least = from.saturating_add(STEP).unwrap_or(from);
    // Bounds are told in milliseconds, as the stamps are.
    let middle = whole_milliseconds(middle).max(least);
    match until {
        // No smaller than before: halve the time itself.
        Some(until) if middle >= until => {
            let half = until.duration_since(from).as_millis().div_euclid(2);
            let half = SignedDuration::from_millis(i64::try_from(half).unwrap_or(1).max(1));
            from.saturating_add(half).unwrap_or(least)
        }
        Some(_) | None => middle,
    }
}

fn whole_milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
