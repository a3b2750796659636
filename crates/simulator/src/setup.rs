//! What stands before a story begins: the calendar, the connections and the link.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use model::case::Actor;
use model::ids::{AccountId, ConnectionId, LinkId};
use model::ledger::Period;
use model::policy::Policy;
use secrecy::SecretString;
use store::rows::{Connection, Link, Side};
use store::{Store, StoreError};

/// The name of the only link.
pub const LINK: &str = "main";

/// What both connections keep sealed: it must not be readable anywhere else (promise P8).
pub const SECRET: &str = "s3cret-never-to-be-seen";

/// The first day of every story: the month ends in it, so that closed periods matter.
#[must_use]
pub fn first_day() -> Date {
    date(2026, 3, 27)
}

#[must_use]
pub fn start() -> Timestamp {
    let morning = first_day().at(8, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    morning.map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// The year's months, all open.
#[must_use]
pub fn periods() -> Vec<Period> {
    let first_days = (1..=12).map(|month| date(2026, month, 1));
    first_days
        .map(|starts_on| Period {
            name: starts_on.strftime("%b").to_string(),
            starts_on,
            ends_on: starts_on.last_of_month(),
            open: true,
        })
        .collect()
}

/// A link of the only two connections there are.
#[must_use]
pub fn link(id: &str, policy: Policy) -> Link {
    Link {
        id: LinkId::from(id),
        erp: ConnectionId::from("books"),
        processor: ConnectionId::from("bank"),
        policy,
        version: 0,
    }
}

/// Connections and link as `init` would leave them.
pub async fn connect(store: &Arc<dyn Store>, policy: &Policy) -> Result<engine::World, StoreError> {
    let actor = Actor::Person("ada".to_owned());
    let at = start();
    let mut world = engine::World::default();
    for (id, side, account) in [("books", Side::Erp, "erp:1"), ("bank", Side::Processor, "pro:1")] {
        let connection = Connection {
            id: ConnectionId::from(id),
            side,
            system: "simulated".to_owned(),
            account: Some(AccountId::from(account)),
            production: Some(false),
            url: None,
            allow_host: false,
            settings: BTreeMap::new(),
            created_at: at,
        };
        let secrets = [("token".to_owned(), SecretString::from(SECRET))];
        store.put_connection(&connection, &secrets, &actor, at).await?;
        world.connections.insert(connection.id.clone(), connection);
    }
    let mut link = link(LINK, policy.clone());
    link.version = store.put_link(&link, &actor, at).await?;
    world.links.insert(link.id.clone(), link);
    Ok(world)
}
