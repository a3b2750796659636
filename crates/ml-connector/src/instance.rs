//! An opened instance: configuration, store, clock, engine. Every command starts here; a command
//! beside a running server is a second replica.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use engine::{Engine, Settings};
use jiff::Timestamp;
use model::case::Actor;
use ports::Clock;
use ports::exchange::{Exchange, Recorder, Trouble};
use store::{MasterKeySource, SqliteStore, Store, StoreError, Vault};

use crate::clock::{FollowedClock, HostClock};
use crate::config::Config;
use crate::connect;
use crate::failure::{Failure, Result};
use crate::worker::{Worker, reap};

/// Exchanges kept in the store for timelines.
const EXCHANGES_KEPT: u32 = 200_000;

pub struct Instance {
    pub config: Config,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub engine: Arc<Engine>,
    pub recorder: Arc<Recorded>,
    notes: Arc<connect::Notes>,
    /// The name that the person gave.
    named: Option<String>,
    worker: Worker,
}

/// Exchanges wait here until a shell writes them; the oldest go when nobody does.
#[derive(Default)]
pub struct Recorded {
    waiting: Mutex<Vec<Exchange>>,
    /// When each connection last gave no proper answer, and what it gave.
    troubles: Mutex<BTreeMap<String, (Timestamp, &'static str)>>,
}

/// Exchanges that wait at most; beyond it the newest are not kept.
const WAITING_MAX: usize = 10_000;

/// Seconds after which no read waits any more for what was answered: a rate window and a half.
const TROUBLE_SECONDS: i64 = 90;

/// What it means to whoever waits.
fn words_of(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::NoAnswer => "it gives no answer",
        Trouble::SlowDown => "the other side asks to slow down",
        Trouble::Fails => "the other side fails",
    }
}

impl Recorder for Recorded {
    fn record(&self, exchange: Exchange) {
        if let Ok(mut waiting) = self.waiting.lock()
            && waiting.len() < WAITING_MAX
        {
            waiting.push(exchange);
        }
    }

    fn troubled(&self, connection: &str, at: Timestamp, trouble: Trouble) {
        if let Ok(mut troubles) = self.troubles.lock() {
            troubles.insert(connection.to_owned(), (at, words_of(trouble)));
        }
    }
}

impl Recorded {
    /// A connection that lately gave no proper answer, and what it gave: whoever waits at `now` waits
    /// for that. Answers in between say nothing, for requests overlap.
    #[must_use]
    pub fn trouble(&self, now: Timestamp) -> Option<(String, &'static str)> {
        let troubles = self.troubles.lock().ok()?;
        let lately = |at: Timestamp| now.duration_since(at).as_secs() <= TROUBLE_SECONDS;
        let found = troubles.iter().find(|(_, (at, _))| lately(*at));
        found.map(|(connection, (_, what))| (connection.clone(), *what))
    }

    fn take(&self) -> Vec<Exchange> {
        self.waiting.lock().map(|mut waiting| std::mem::take(&mut *waiting)).unwrap_or_default()
    }
}

impl Instance {
    /// Opens what `init` made. `create`: makes folder, key and database when they are missing.
    pub async fn open(config: Config, create: bool) -> Result<Instance> {
        let folder = &config.store.folder;
        if !config.database().exists() && !create {
            return Err(Failure::usage(format!(
                "there is no database in {}: run \"ml-connector init\" first, or name the right \
                 configuration with --config",
                folder.display()
            )));
        }
        let empty = std::fs::metadata(config.database()).is_ok_and(|file| file.len() == 0);
        if empty && !create {
            return Err(Failure::usage(format!(
                "the database {} is empty: restore it from a backup (docs/operating/backup-and-keys.md), \
                 or delete the file and run \"ml-connector init\" to begin anew",
                config.database().display()
            )));
        }
        std::fs::create_dir_all(folder)
            .map_err(Failure::file(format!("the folder {}", folder.display())))?;
        let key = master_key(&config, create)?;
        let vault = Vault::open(&key)?;
        let store: Arc<dyn Store> = Arc::new(open(&config, vault)?);
        let worker = Worker::register(&config.workers())?;
        reap(&config.workers(), store.as_ref()).await?;
        let clock = clock(&config).await?;
        let recorder = Arc::new(Recorded::default());
        let settings = Settings {
            lease_seconds: config.engine.lease_seconds,
            batch: config.engine.batch,
            concurrency: config.engine.concurrency,
            ..Settings::new(worker.name.clone())
        };
        let engine = Arc::new(Engine::new(Arc::clone(&store), Arc::clone(&clock), settings));
        let notes = Arc::default();
        let instance =
            Instance { config, store, clock, engine, recorder, notes, named: None, worker };
        instance.reconnect().await?;
        Ok(instance)
    }

    /// What connections of this process are made with.
    #[must_use]
    pub fn wiring(&self) -> connect::Wiring {
        connect::Wiring {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            recorder: self.recorder.clone(),
            notes: Arc::clone(&self.notes),
            worker: self.worker.name.clone(),
        }
    }

    /// Reads connections and links anew.
    pub async fn reconnect(&self) -> Result<()> {
        let world = connect::world(&self.wiring()).await?;
        let before = self.engine.world();
        self.engine.set_world(world);
        connect::sign_off(&before).await;
        Ok(())
    }

    /// Writes what was recorded and noted since the last call.
    pub async fn keep_exchanges(&self) -> Result<()> {
        self.notes.write(self.store.as_ref()).await?;
        let exchanges = self.recorder.take();
        if !exchanges.is_empty() {
            self.store.put_exchanges(&exchanges, EXCHANGES_KEPT).await?;
        }
        Ok(())
    }

    /// Frees what killed processes of this machine held.
    pub async fn reap(&self) -> Result<()> {
        reap(&self.config.workers(), self.store.as_ref()).await
    }

    /// Frees what this process holds. Nothing of it may be under way any more.
    pub async fn let_go(&self) -> Result<()> {
        self.store.expire_worker(&self.worker.name).await?;
        Ok(())
    }

    /// The name that the person at this terminal gave.
    #[must_use]
    pub fn acting_as(mut self, name: Option<String>) -> Instance {
        self.named = name.filter(|name| !name.trim().is_empty());
        self
    }

    /// Who acts at this terminal: the name given, else the one that the system knows.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let of = |variable: &str| std::env::var(variable).ok().filter(|name| !name.is_empty());
        let name = self.named.clone().or_else(|| of("USER")).or_else(|| of("LOGNAME"));
        Actor::Person(name.or_else(logged_in).unwrap_or_else(|| "unnamed".to_owned()))
    }
}

/// Where no variable has the name (a container, a scheduled job): the system's own answer.
fn logged_in() -> Option<String> {
    let told = std::process::Command::new("id").arg("-un").output().ok()?;
    let name = String::from_utf8(told.stdout).ok()?.trim().to_owned();
    (told.status.success() && !name.is_empty()).then_some(name)
}

/// A database that can not be used is named with its place.
fn open(config: &Config, vault: Vault) -> Result<SqliteStore> {
    let path = config.database();
    SqliteStore::open(&path, vault).map_err(|error| match error {
        StoreError::Broken(why) if why.contains("master key") => Failure::usage(format!(
            "the database {}: {why}. Put the right key back, or name its place under [vault] \
             (docs/operating/backup-and-keys.md)",
            path.display()
        )),
        StoreError::Broken(why) => Failure::Store(StoreError::Broken(format!(
            "{}: {why}. Is it the right configuration (--config)? Else restore the file from a backup \
             (docs/operating/backup-and-keys.md)",
            path.display()
        ))),
        other => Failure::Store(other),
    })
}

fn master_key(config: &Config, create: bool) -> Result<MasterKeySource> {
    let vault = &config.vault;
    let named = [
        vault.master_key_file.is_some(),
        vault.master_key_env.is_some(),
        vault.master_key_command.is_some(),
    ];
    if named.into_iter().filter(|one| *one).count() > 1 {
        return Err(Failure::usage(
            "[vault] names more than one source of the master key: keep one of master_key_file, \
             master_key_env, master_key_command",
        ));
    }
    if let Some(name) = &vault.master_key_env {
        return Ok(MasterKeySource::Environment(name.clone()));
    }
    if let Some(command) = &vault.master_key_command {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| Failure::usage("[vault] master_key_command is empty"))?;
        return Ok(MasterKeySource::Command {
            program: program.clone(),
            arguments: arguments.to_vec(),
        });
    }
    let file = vault.master_key_file.clone().unwrap_or_else(|| config.default_key_file());
    if !file.exists() {
        // A new key would open nothing that is there already.
        if !create || config.database().exists() {
            return Err(Failure::usage(format!(
                "the master key {} is missing: put back the copy that was kept apart, or name its place \
                 under [vault] (docs/operating/backup-and-keys.md)",
                file.display()
            )));
        }
        Vault::create_file(&file)?;
    }
    Ok(MasterKeySource::File(file))
}

async fn clock(config: &Config) -> Result<Arc<dyn Clock>> {
    let Some(url) = &config.clock.follow else { return Ok(Arc::new(HostClock)) };
    let transport = connectors::http::transport::ReqwestTransport::try_new(
        connectors::http::hosts::AllowedHosts(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]),
    )
    .map_err(|error| Failure::Failed(error.to_string()))?;
    let clock = FollowedClock::start(url, Arc::new(transport)).await?;
    Ok(clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_connection_lately_gave_tells_what_is_waited_for() {
        let recorded = Recorded::default();
        let after = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        let waits = |seconds: i64| {
            let found = recorded.trouble(after(seconds));
            found.map(|(connection, what)| format!("{connection} {what}"))
        };
        assert_eq!(waits(0), None);
        recorded.troubled("bank", after(2), Trouble::SlowDown);
        let slow = Some("bank the other side asks to slow down".to_owned());
        assert_eq!(waits(2), slow);
        assert_eq!(waits(3), slow, "requests overlap");
        assert_eq!(waits(200), None, "nobody waits for it any more");
        recorded.troubled("bank", after(201), Trouble::NoAnswer);
        assert_eq!(waits(201).as_deref(), Some("bank it gives no answer"));
        recorded.troubled("bank", after(202), Trouble::Fails);
        assert_eq!(waits(202).as_deref(), Some("bank the other side fails"));
    }
}
