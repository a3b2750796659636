//! What `init`, `connections add` and `links on` would leave behind before a story begins.

use std::sync::Arc;

use jiff::Timestamp;
use model::case::Actor;
use model::ids::{AccountId, ConnectionId, LinkId};
use store::rows::{Connection, Link};
use store::{Store, StoreError};

use super::direct::Direct;
use super::intake::Intake;
use super::profile::WireProfile;
use super::time::WorkerClock;
use super::worker::{Port, Site};
use crate::at_once::at_once;
use crate::rows::Rows;

/// Ids of the connections, in the order of the systems.
pub const CONNECTIONS: [&str; 2] = ["books", "collect"];

/// An empty database.
///
/// # Errors
/// What the store says.
pub fn store() -> Result<Arc<dyn Store>, StoreError> {
    Rows::Sqlite.empty()
}

/// Connections that were pinged, and a link that is on; and who takes deliveries.
///
/// # Errors
/// What a system or the store refuses.
pub fn connect(
    site: &mut Site,
    profile: &WireProfile,
    at: Timestamp,
) -> Result<Option<Intake>, String> {
    let actor = Actor::Person("ada".to_owned());
    let mut intake = None;
    for (nth, id) in CONNECTIONS.iter().enumerate() {
        let Some(system) = site.outside.systems().get(nth).cloned() else { continue };
        let id = ConnectionId::from(*id);
        let transport = Arc::new(Direct { outside: Arc::clone(&site.outside) });
        let clock = WorkerClock::new(Arc::clone(&site.outside.time), Arc::default());
        let port = site.connect(nth, id.as_str(), transport, Arc::new(clock));
        let port = port.map_err(|error| error.to_string())?;
        let health = match &port {
            Some(Port::Erp(port)) => at_once(port.check_health()),
            Some(Port::Processor(port)) => at_once(port.check_health()),
            None => return Err(format!("there is no connector {}", system.slug())),
        };
        let health = health.map_err(|error| error.to_string())?;
        if let Some(check) = health.checks.iter().find(|check| !check.ok) {
            return Err(format!("{}: {}: {}", system.slug(), check.name, check.advice));
        }
        let connection = Connection {
            id: id.clone(),
            side: system.side(),
            system: system.slug().to_owned(),
            account: Some(AccountId::new(format!("{}:{}", system.slug(), health.account))),
            production: Some(false),
            url: None,
            allow_host: false,
            settings: system.settings(),
            created_at: at,
        };
        let secrets = system.secrets();
        let put = site.store.put_connection(&connection, &secrets, &actor, at);
        at_once(put).map_err(|error| error.to_string())?;
        site.connected.connections.insert(id.clone(), connection);
        if let Some(Port::Processor(port)) = port {
            let store = Arc::clone(&site.store);
            intake = Some(Intake::new(id, port, store, profile.listener_dies));
        }
    }
    let mut link = Link {
        id: LinkId::from("main"),
        erp: ConnectionId::from(CONNECTIONS[0]),
        processor: ConnectionId::from(CONNECTIONS[1]),
        policy: profile.base.policy.clone(),
        version: 0,
    };
    let put = at_once(site.store.put_link(&link, &actor, at));
    link.version = put.map_err(|error| error.to_string())?;
    site.connected.links.insert(link.id.clone(), link);
    Ok(intake)
}
