//! What is wrong with connections right now: noted by whoever speaks with them, and stored, so that it is
//! told after this process has ended.

use jiff::Timestamp;
use model::case::Actor;
use model::ids::ConnectionId;
use ports::PortError;
use serde::{Deserialize, Serialize};
use store::Store;
use tracing::warn;

use crate::engine::Engine;
use crate::error::Result;

/// What is wrong with a connection right now, for `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub since: Timestamp,
    pub what: String,
    /// The credentials are refused: no waiting mends it.
    #[serde(default)]
    pub refused: bool,
    /// Failures in a row.
    #[serde(default)]
    pub count: u32,
}

/// The name of the setting that tells other processes what is wrong with a connection.
fn setting(connection: &ConnectionId) -> String {
    format!("trouble/{connection}")
}

/// What was wrong with the connection when anybody last spoke with it.
///
/// # Errors
/// The store's.
pub async fn stored_trouble(
    store: &dyn Store,
    connection: &ConnectionId,
) -> Result<Option<Trouble>> {
    let text = store.setting(&setting(connection)).await?.unwrap_or_default();
    Ok(serde_json::from_str(&text).ok().or_else(|| plain(&text)))
}

/// As it was stored before it said whether the credentials are refused: "what (since when)".
fn plain(text: &str) -> Option<Trouble> {
    let (what, since) = text.rsplit_once(" (since ")?;
    let since = since.strip_suffix(')')?.parse().ok()?;
    Some(Trouble { since, what: what.to_owned(), refused: false, count: 1 })
}

/// What is to be stored, where it says something else than what is: a failure goes on since it began.
fn told(before: Option<&Trouble>, now: &Trouble) -> Option<Trouble> {
    let Some(before) = before.filter(|before| before.refused == now.refused) else {
        return Some(now.clone());
    };
    // The words of a failure that passes may change with each try.
    let other = now.refused && before.what != now.what;
    other.then(|| Trouble { since: before.since.min(now.since), ..now.clone() })
}

impl Engine {
    /// Connections that fail right now.
    #[must_use]
    pub fn troubles(&self) -> Vec<(ConnectionId, Trouble)> {
        let Ok(held) = self.troubles.lock() else { return Vec::new() };
        let fail = |(id, trouble): (&ConnectionId, &Option<Trouble>)| {
            trouble.clone().map(|trouble| (id.clone(), trouble))
        };
        held.iter().filter_map(fail).collect()
    }

    /// Stores what is wrong with each connection that was spoken with, so that other processes can show
    /// it. Writes only what changed.
    ///
    /// # Errors
    /// The store's.
    pub async fn publish_troubles(&self) -> Result<()> {
        let heard = self.troubles.lock().map(|held| held.clone()).unwrap_or_default();
        for connection in self.world().connections.keys() {
            let Some(now) = heard.get(connection) else { continue };
            let before = stored_trouble(self.store.as_ref(), connection).await?;
            let text = match now {
                Some(now) => {
                    told(before.as_ref(), now).and_then(|told| serde_json::to_string(&told).ok())
                }
                None => before.map(|_| String::new()),
            };
            if let Some(text) = text {
                let name = setting(connection);
                self.store.put_setting(&name, &text, &Actor::System, self.now()).await?;
            }
        }
        Ok(())
    }

    /// Notes how a connection answered somebody who asked it beside the engine.
    pub fn heard(&self, connection: &ConnectionId, error: Option<&PortError>) {
        match error {
            Some(error) => self.note_error(connection, error),
            None => self.note(connection, None),
        }
    }

    /// Notes that a connection fails or works again.
    pub(crate) fn note(&self, connection: &ConnectionId, failure: Option<&PortError>) {
        let now = self.now();
        let Ok(mut held) = self.troubles.lock() else { return };
        let Some(error) = failure else {
            held.insert(connection.clone(), None);
            return;
        };
        warn!(%connection, %error, "connection fails");
        let refused = matches!(error, PortError::Unauthorised(_));
        let before = held.remove(connection).flatten().filter(|before| before.refused == refused);
        let (since, count) = before.map_or((now, 0), |before| (before.since, before.count));
        let count = count.saturating_add(1);
        let trouble = Trouble { since, what: error.to_string(), refused, count };
        held.insert(connection.clone(), Some(trouble));
    }

    /// Only what the connection as a whole suffers from is its trouble.
    pub(crate) fn note_error(&self, connection: &ConnectionId, error: &PortError) {
        match error {
            PortError::Unauthorised(_)
            | PortError::Unavailable(_)
            | PortError::Throttled { .. } => self.note(connection, Some(error)),
            PortError::Rejected(_)
            | PortError::Stale(_)
            | PortError::OutcomeUnknown(_)
            | PortError::Unsupported(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(what: &str, refused: bool, second: i64) -> Trouble {
        let since = Timestamp::from_second(second).unwrap();
        Trouble { since, what: what.to_owned(), refused, count: 1 }
    }

    #[test]
    fn a_failure_goes_on_since_it_began_and_a_refusal_is_another() {
        let slow = trouble("the other side asks to slow down", false, 10);
        assert_eq!(told(None, &slow), Some(slow.clone()));
        assert_eq!(told(Some(&slow), &trouble("can not be reached: x", false, 20)), None);
        let refused = trouble("wrong password", true, 30);
        assert_eq!(told(Some(&slow), &refused), Some(refused.clone()));
        assert_eq!(told(Some(&refused), &trouble("wrong password", true, 40)), None);
        let other = told(Some(&refused), &trouble("locked", true, 50));
        assert_eq!(other, Some(trouble("locked", true, 30)));
    }

    #[test]
    fn what_an_older_version_stored_is_read() {
        let read = plain("can not be reached: no route (since 2026-03-02T06:00:00Z)").unwrap();
        assert_eq!(read.what, "can not be reached: no route");
        assert_eq!(read.since.to_string(), "2026-03-02T06:00:00Z");
        assert_eq!(plain(""), None);
    }
}
