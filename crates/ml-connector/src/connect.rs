//! From stored connections to live ports.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use connectors::http::hosts::AllowedHosts;
use connectors::http::transport::ReqwestTransport;
use connectors::registry::{self, Authorisation, ConnectError, ConnectOptions};
use engine::World;
use model::ids::ConnectionId;
use ports::exchange::Recorder;
use ports::health::Health;
use ports::keeper::Keeper;
use ports::memory::Memory;
use ports::transport::Transport;
use ports::{Clock, PortError};
use secrecy::SecretString;
use store::Store;
use store::rows::{Connection, Side};
use tracing::warn;
use url::Url;

use crate::failure::{Failure, Result};

/// What connections are made with.
#[derive(Clone)]
pub struct Wiring {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub recorder: Arc<dyn Recorder>,
    pub notes: Arc<Notes>,
    /// Who takes turns where only one process may act.
    pub worker: String,
}

/// Connects everything that is stored. A connection that can not be made is left out with a warning:
/// the others go on.
pub async fn world(wiring: &Wiring) -> Result<World> {
    let mut world = World::default();
    for connection in wiring.store.connections().await? {
        match connected(wiring, &connection).await {
            Ok(Port::Erp(erp)) => {
                world.erps.insert(connection.id.clone(), erp);
            }
            Ok(Port::Processor(processor)) => {
                world.processors.insert(connection.id.clone(), processor);
            }
            Err(error) => warn!(connection = %connection.id, %error, "not connected"),
        }
        world.connections.insert(connection.id.clone(), connection);
    }
    for link in wiring.store.links().await? {
        world.links.insert(link.id.clone(), link);
    }
    Ok(world)
}

/// Gives back what the connections of a world hold at the other sides: it is not used any more.
pub async fn sign_off(world: &World) {
    for erp in world.erps.values() {
        erp.sign_off().await;
    }
}

pub enum Port {
    Erp(Arc<dyn ports::Erp>),
    Processor(Arc<dyn ports::Processor>),
}

impl Port {
    /// What the other side says of itself and of us.
    pub async fn check_health(&self) -> std::result::Result<Health, PortError> {
        match self {
            Port::Erp(erp) => erp.check_health().await,
            Port::Processor(processor) => processor.check_health().await,
        }
    }

    /// The same for a connection that is used for nothing else.
    pub async fn check_health_once(&self) -> std::result::Result<Health, PortError> {
        let health = self.check_health().await;
        self.sign_off().await;
        health
    }

    /// Gives back what it holds at the other side.
    pub async fn sign_off(&self) {
        if let Port::Erp(erp) = self {
            erp.sign_off().await;
        }
    }
}

/// One connection with its credentials.
pub async fn connected(wiring: &Wiring, connection: &Connection) -> Result<Port> {
    let secrets = wiring.store.secrets(&connection.id).await?;
    build(connection, options(wiring, connection, secrets.into_iter().collect())?)
}

/// What can be connected of what was entered so far: what is missing may follow (`None`), what is
/// wrong or points to a host that nobody allowed is refused.
pub fn entered(
    wiring: &Wiring,
    connection: &Connection,
    secrets: BTreeMap<String, SecretString>,
) -> Result<Option<Port>> {
    match build(connection, options(wiring, connection, secrets)?) {
        Ok(port) => Ok(Some(port)),
        Err(Failure::Connect(ConnectError::Missing(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

/// An attempt to have a person allow the connection; `None`: this connection needs none.
pub async fn authorisation(
    wiring: &Wiring,
    connection: &Connection,
) -> Result<Option<Box<dyn Authorisation>>> {
    let entry = registry::erps().iter().find(|entry| entry.slug == connection.system);
    let Some(authorise) = entry.and_then(|entry| entry.authorise) else { return Ok(None) };
    let secrets = wiring.store.secrets(&connection.id).await?;
    match authorise(options(wiring, connection, secrets.into_iter().collect())?) {
        Ok(attempt) => Ok(Some(attempt)),
        Err(ConnectError::Wrong { field: "grant", .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn options(
    wiring: &Wiring,
    connection: &Connection,
    secrets: BTreeMap<String, SecretString>,
) -> Result<ConnectOptions> {
    let allowed = allowed_hosts(connection)?;
    let transport: Arc<dyn Transport> = Arc::new(
        ReqwestTransport::try_new(allowed.clone())
            .map_err(|error| Failure::Failed(error.to_string()))?,
    );
    let account_url = connection.url.as_deref().map(parse_url).transpose()?;
    Ok(ConnectOptions {
        connection: connection.id.to_string(),
        account_url,
        allowed_hosts: allowed,
        settings: connection.settings.clone(),
        secrets,
        transport,
        clock: Arc::clone(&wiring.clock),
        recorder: Arc::clone(&wiring.recorder),
        memory: Arc::new(Remembered { wiring: wiring.clone(), connection: connection.id.clone() }),
        keeper: Arc::new(InStore { wiring: wiring.clone(), connection: connection.id.clone() }),
    })
}

fn build(connection: &Connection, options: ConnectOptions) -> Result<Port> {
    let unknown = || Failure::usage(format!("there is no connector \"{}\"", connection.system));
    match connection.side {
        Side::Erp => {
            let entry = registry::erps().iter().find(|entry| entry.slug == connection.system);
            let erp = (entry.ok_or_else(unknown)?.connect)(options)?;
            Ok(Port::Erp(Arc::from(erp)))
        }
        Side::Processor => {
            let entry = registry::processors().iter().find(|entry| entry.slug == connection.system);
            let processor = (entry.ok_or_else(unknown)?.connect)(options)?;
            Ok(Port::Processor(Arc::from(processor)))
        }
    }
}

/// The name of the turn that processes take to renew a connection's secrets, beside its streams.
const TURN: &str = "sign-in";
/// Longer than a request for tokens and the store's patience together.
const TURN_SECONDS: u32 = 150;

/// Renewed secrets of a connection, sealed in the store.
struct InStore {
    wiring: Wiring,
    connection: ConnectionId,
}

impl InStore {
    async fn turn(&self, seconds: u32) -> std::result::Result<bool, store::StoreError> {
        let (now, worker) = (self.wiring.clock.lease_now(), self.wiring.worker.as_str());
        self.wiring.store.lease_stream(&self.connection, TURN, worker, now, seconds).await
    }
}

#[async_trait]
impl Keeper for InStore {
    async fn take_turn(&self) -> std::result::Result<bool, PortError> {
        self.turn(TURN_SECONDS).await.map_err(unavailable)
    }

    async fn end_turn(&self) {
        // One that is not given back ends by itself.
        let _ = self.turn(0).await;
    }

    async fn kept(&self, field: &str) -> std::result::Result<Option<SecretString>, PortError> {
        let secrets = self.wiring.store.secrets(&self.connection).await.map_err(unavailable)?;
        Ok(secrets.into_iter().find(|(name, _)| name == field).map(|(_, secret)| secret))
    }

    async fn keep(&self, field: &str, secret: &SecretString) -> std::result::Result<(), PortError> {
        let (store, now) = (&self.wiring.store, self.wiring.clock.now());
        store.renew_secret(&self.connection, field, secret, now).await.map_err(unavailable)
    }
}

/// Rows that a connection remembers at most; beyond it the oldest go.
const REMEMBERED_MAX: u32 = 4_000;

/// What connections remember waits here until a shell writes it.
#[derive(Default)]
pub struct Notes(Mutex<BTreeMap<ConnectionId, Vec<(String, String)>>>);

impl Notes {
    /// Writes what was noted since the last call.
    pub async fn write(&self, store: &dyn Store) -> std::result::Result<(), store::StoreError> {
        let noted = self.0.lock().map(|mut noted| std::mem::take(&mut *noted)).unwrap_or_default();
        for (connection, rows) in noted {
            store.put_remembered(&connection, &rows, REMEMBERED_MAX).await?;
        }
        Ok(())
    }
}

/// What a connection read once, in the store.
struct Remembered {
    wiring: Wiring,
    connection: ConnectionId,
}

#[async_trait]
impl Memory for Remembered {
    async fn recall(&self) -> BTreeMap<String, String> {
        match self.wiring.store.remembered(&self.connection).await {
            Ok(rows) => rows.into_iter().collect(),
            Err(error) => {
                warn!(connection = %self.connection, %error, "nothing is remembered");
                BTreeMap::new()
            }
        }
    }

    fn remember(&self, name: &str, text: String) {
        if let Ok(mut noted) = self.wiring.notes.0.lock() {
            noted.entry(self.connection.clone()).or_default().push((name.to_owned(), text));
        }
    }
}

fn unavailable(error: store::StoreError) -> PortError {
    PortError::Unavailable(error.to_string())
}

fn parse_url(text: &str) -> Result<Url> {
    let address = Url::parse(text).ok().filter(|url| url.host_str().is_some());
    address.ok_or_else(|| {
        Failure::usage(format!(
            "--url \"{text}\" is no address: write it like https://api.example.com"
        ))
    })
}

/// The host of `--url`, when the person allowed it.
fn allowed_hosts(connection: &Connection) -> Result<AllowedHosts> {
    let Some(url) = connection.url.as_deref().filter(|_| connection.allow_host) else {
        return Ok(AllowedHosts::default());
    };
    let host = parse_url(url)?.host_str().unwrap_or_default().to_owned();
    Ok(AllowedHosts(vec![host]))
}
