//! `serve`: webhooks, polls, sweeps, retries and postings in one process.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use connectors::registry;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use server::{Shared, metrics};
use store::rows::Connection;
use tokio::sync::{Notify, oneshot, watch};
use tracing::{error, info};

use crate::failure::{Failure, Result};
use crate::instance::Instance;

/// Milliseconds a loop rests when there was nothing to do.
const IDLE_MILLISECONDS: u64 = 200;

/// Milliseconds a loop rests after the store failed.
const STORE_FAILED_MILLISECONDS: u64 = 1_000;

/// Seconds of business time between sweeps and other housekeeping.
const HOUSEKEEPING_SECONDS: i64 = 60;

/// Serves until a signal comes, or, `with_input`, standard input ends.
pub async fn run(instance: Instance, with_input: bool) -> Result<ExitCode> {
    let instance = Arc::new(instance);
    let listen = instance.config.server.listen.clone();
    let listener = server::http::bind(&listen)
        .await
        .map_err(|error| {
            Failure::usage(format!(
                "[server] listen \"{listen}\": {error}. Another server of this one may be running; another \
                 address is set in the configuration"
            ))
        })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::Failed(format!("the listening address: {error}")))?;
    let wake = Arc::new(Notify::new());
    let shared = Shared {
        engine: Arc::clone(&instance.engine),
        metrics: metrics::Metrics::install(),
        wake: Arc::clone(&wake),
    };
    let (stop, stopped) = watch::channel(false);
    eprintln!("ml-connector listens on http://{address}");
    info!(%address, "serving");
    let server = server::http::serve(listener, server::router(shared), stopped.clone());
    let work = work(Arc::clone(&instance), Arc::clone(&wake), stopped.clone());
    let poll = poll(Arc::clone(&instance), Arc::clone(&wake), stopped.clone());
    let keep = housekeeping(Arc::clone(&instance), stopped);
    let input = with_input.then(input_ends).transpose()?;
    let until = async {
        tokio::select! {
            () = wait_for_signal() => {}
            () = ended(input) => {}
        }
        info!("stopping: what is under way is finished");
        // Fails only when every loop has ended already.
        let _ = stop.send(true);
    };
    tokio::join!(server, work, poll, keep, until);
    instance.keep_exchanges().await?;
    Ok(ExitCode::SUCCESS)
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            error!(%error, "SIGTERM can not be awaited; Ctrl-C still stops");
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Comes when standard input has ended. It is read on a thread of its own: a blocking task of the
/// runtime would hold up the end until somebody typed.
fn input_ends() -> Result<oneshot::Receiver<()>> {
    let (ended, ends) = oneshot::channel();
    let read = move || {
        // What is typed means nothing; an input that can not be read has ended.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        // Nobody waits any more when it ended for another reason.
        let _ = ended.send(());
    };
    let thread = std::thread::Builder::new().name("input".to_owned()).spawn(read);
    thread.map_err(Failure::file("a thread for standard input"))?;
    Ok(ends)
}

/// Never, where nobody asked for it.
async fn ended(input: Option<oneshot::Receiver<()>>) {
    match input {
        // Its thread ends by sending alone.
        Some(input) => drop(input.await),
        None => std::future::pending().await,
    }
}

/// Deliveries first, then due cases, as long as there are any.
async fn work(instance: Arc<Instance>, wake: Arc<Notify>, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let engine = &instance.engine;
        let pass = async {
            let delivered = engine.process_inbox().await?;
            let worked = engine.work().await?;
            Ok::<_, engine::EngineError>((delivered, worked))
        };
        match pass.await {
            Ok((delivered, worked)) => {
                metrics::count_pass(worked.looked, worked.sent, worked.failed);
                if delivered == 0 && worked.looked == 0 {
                    tokio::select! {
                        () = rest(IDLE_MILLISECONDS) => {}
                        () = wake.notified() => {}
                    }
                }
            }
            Err(error) => {
                error!(%error, "a pass failed");
                rest(STORE_FAILED_MILLISECONDS).await;
            }
        }
    }
}

async fn poll(instance: Arc<Instance>, wake: Arc<Notify>, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match instance.engine.poll().await {
            Ok(0) => rest(IDLE_MILLISECONDS).await,
            Ok(_) => wake.notify_one(),
            Err(error) => {
                error!(%error, "a poll failed");
                rest(STORE_FAILED_MILLISECONDS).await;
            }
        }
    }
}

/// Sweeps, exchanges, leases of killed neighbours, and changes of connections and links.
async fn housekeeping(instance: Arc<Instance>, stopped: watch::Receiver<bool>) {
    let mut last: Option<Timestamp> = None;
    let mut versions = None;
    while !*stopped.borrow() {
        rest(IDLE_MILLISECONDS).await;
        let step = async {
            instance.keep_exchanges().await?;
            instance.engine.publish_troubles().await?;
            let now = versions_of(&instance).await?;
            if versions.as_ref().is_some_and(|before| *before != now) {
                info!("connections or links changed: connecting anew");
                instance.reconnect().await?;
                instance.engine.hint_open().await?;
            }
            versions = Some(now);
            let now = instance.clock.now();
            let due = last.is_none_or(|last| {
                now.duration_since(last) >= SignedDuration::from_secs(HOUSEKEEPING_SECONDS)
            });
            if due {
                last = Some(now);
                instance.reap().await?;
                instance.engine.sweep().await?;
            }
            Ok::<_, Failure>(())
        };
        if let Err(error) = step.await {
            error!(%error, "housekeeping failed");
            rest(STORE_FAILED_MILLISECONDS).await;
        }
    }
}

/// Changes when another process changes connections, their credentials or links.
async fn versions_of(instance: &Instance) -> Result<Vec<String>> {
    let links = instance.store.links().await?;
    let mut versions: Vec<String> =
        links.iter().map(|link| format!("{} {}", link.id, link.version)).collect();
    for connection in instance.store.connections().await? {
        let secrets = instance.store.secrets(&connection.id).await?;
        versions.push(format!("{connection:?} {:x}", fingerprint(&connection, &secrets)));
    }
    Ok(versions)
}

/// Of what a person entered; what connectors renew by themselves they share by themselves. It never
/// leaves this process.
fn fingerprint(connection: &Connection, secrets: &[(String, SecretString)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let entered = secrets.iter().filter(|(name, _)| is_entered(connection, name));
    for (name, secret) in entered {
        (name, secret.expose_secret()).hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether the system asks people for this secret.
fn is_entered(connection: &Connection, secret: &str) -> bool {
    let erps = registry::erps().iter().map(|entry| (entry.slug, entry.credentials, entry.settings));
    let processors = registry::processors().iter();
    let processors = processors.map(|entry| (entry.slug, entry.credentials, entry.settings));
    let mut systems = erps.chain(processors).filter(|(slug, ..)| *slug == connection.system);
    systems.any(|(_, credentials, settings)| {
        credentials.iter().chain(settings).any(|field| field.secret && field.name == secret)
    })
}

#[expect(clippy::disallowed_methods, reason = "the shell is where waiting happens")]
async fn rest(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
