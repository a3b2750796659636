//! From stored connections to live ports.

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::http::hosts::AllowedHosts;
use connectors::http::transport::ReqwestTransport;
use connectors::registry::{self, ConnectError, ConnectOptions};
use engine::World;
use ports::exchange::Recorder;
use ports::health::Health;
use ports::transport::Transport;
use ports::{Clock, PortError};
use secrecy::SecretString;
use store::Store;
use store::rows::{Connection, Side};
use tracing::warn;
use url::Url;

use crate::failure::{Failure, Result};

/// Connects everything that is stored. A connection that can not be made is left out with a warning:
/// the others go on.
pub async fn world(
    store: &dyn Store,
    clock: &Arc<dyn Clock>,
    recorder: &Arc<dyn Recorder>,
) -> Result<World> {
    let mut world = World::default();
    for connection in store.connections().await? {
        match connected(store, clock, recorder, &connection).await {
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
    for link in store.links().await? {
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
    async fn check_health(&self) -> std::result::Result<Health, PortError> {
        match self {
            Port::Erp(erp) => erp.check_health().await,
            Port::Processor(processor) => processor.check_health().await,
        }
    }

    /// The same for a connection that is used for nothing else.
    pub async fn check_health_once(&self) -> std::result::Result<Health, PortError> {
        let health = self.check_health().await;
        if let Port::Erp(erp) = self {
            erp.sign_off().await;
        }
        health
    }
}

/// One connection with its credentials.
pub async fn connected(
    store: &dyn Store,
    clock: &Arc<dyn Clock>,
    recorder: &Arc<dyn Recorder>,
    connection: &Connection,
) -> Result<Port> {
    let secrets = store.secrets(&connection.id).await?.into_iter().collect::<BTreeMap<_, _>>();
    build(clock, recorder, connection, secrets)
}

/// What can be connected of what was entered so far: what is missing may follow (`None`), what is
/// wrong or points to a host that nobody allowed is refused.
pub fn entered(
    clock: &Arc<dyn Clock>,
    recorder: &Arc<dyn Recorder>,
    connection: &Connection,
    secrets: BTreeMap<String, SecretString>,
) -> Result<Option<Port>> {
    match build(clock, recorder, connection, secrets) {
        Ok(port) => Ok(Some(port)),
        Err(Failure::Connect(ConnectError::Missing(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

fn build(
    clock: &Arc<dyn Clock>,
    recorder: &Arc<dyn Recorder>,
    connection: &Connection,
    secrets: BTreeMap<String, SecretString>,
) -> Result<Port> {
    let allowed = allowed_hosts(connection)?;
    let transport: Arc<dyn Transport> = Arc::new(
        ReqwestTransport::try_new(allowed.clone())
            .map_err(|error| Failure::Failed(error.to_string()))?,
    );
    let account_url = connection.url.as_deref().map(parse_url).transpose()?;
    let options = ConnectOptions {
        connection: connection.id.to_string(),
        account_url,
        allowed_hosts: allowed,
        settings: connection.settings.clone(),
        secrets,
        transport,
        clock: Arc::clone(clock),
        recorder: Arc::clone(recorder),
    };
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
