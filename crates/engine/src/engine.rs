//! The engine's state: store, clock, world, and small caches that live for one pass.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use flows::common::Frame;
use model::case::CaseKind;
use model::command::CommandView;
use model::ids::{AccountId, ConnectionId};
use model::ledger::PeriodBook;
use model::policy::Mode;
use ports::{Clock, Erp};
use store::Store;
use store::rows::CaseId;

use crate::error::{EngineError, Result};
use crate::look::{Recent, Served, Sheet};
use crate::put_off::PutOffs;
use crate::resting::Rest;
use crate::trouble::Trouble;
use crate::turns::Turns;
use crate::winding::Winding;
use crate::world::World;

/// Limits of the engine, each with its unit.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Names this worker: unique per process and replica.
    pub worker: String,
    /// Lease of a case. Longer than any request's deadline.
    pub lease_seconds: u32,
    /// Cases claimed at a time: looks are bulk, so more is cheaper; fewer is fairer.
    pub batch: u32,
    /// Cases worked on concurrently within a batch; 1 makes the order deterministic.
    pub concurrency: usize,
    /// Seconds between reads of the accounting periods.
    pub periods_seconds: i64,
    /// Cases with payments in one batch from which on payments are read from lists, as far as nothing
    /// was heard of them.
    pub sheet_from: usize,
}

impl Settings {
    #[must_use]
    pub fn new(worker: impl Into<String>) -> Settings {
        Settings {
            worker: worker.into(),
            lease_seconds: 300,
            batch: 200,
            concurrency: 16,
            periods_seconds: 300,
            sheet_from: 40,
        }
    }
}

pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    world: RwLock<Arc<World>>,
    periods: Mutex<BTreeMap<ConnectionId, (Timestamp, PeriodBook)>>,
    /// How each connection answered last; `None`: well.
    pub(crate) troubles: Mutex<BTreeMap<ConnectionId, Option<Trouble>>>,
    pub(crate) recent: Mutex<BTreeMap<CaseId, Recent>>,
    /// Lists of payments, by the processor's account.
    pub(crate) sheets: Mutex<BTreeMap<AccountId, Sheet>>,
    /// Connections whose polls failed and are not tried again at once.
    pub(crate) resting: Mutex<BTreeMap<ConnectionId, Rest>>,
    pub(crate) winding: Winding,
    pub(crate) put_offs: PutOffs,
    pub(crate) turns: Turns,
}

/// The name of the setting that stops everything.
pub const STOP_SETTING: &str = "stop";

impl Engine {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: Settings) -> Engine {
        Engine {
            store,
            clock,
            settings,
            world: RwLock::new(Arc::new(World::default())),
            periods: Mutex::default(),
            troubles: Mutex::default(),
            recent: Mutex::default(),
            sheets: Mutex::default(),
            resting: Mutex::default(),
            winding: Winding::default(),
            put_offs: PutOffs::default(),
            turns: Turns::default(),
        }
    }

    pub fn set_world(&self, world: World) {
        if let Ok(mut held) = self.world.write() {
            *held = Arc::new(world);
        }
    }

    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.world.read().map_or_else(|_| Arc::default(), |held| Arc::clone(&held))
    }

    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A person stopped everything: nothing is sent.
    pub async fn stopped(&self) -> Result<bool> {
        Ok(self.store.setting(STOP_SETTING).await?.as_deref() == Some("on"))
    }

    /// The ERP's periods, read anew once they are older than the setting says.
    pub(crate) async fn periods(
        &self,
        connection: &ConnectionId,
        erp: &Arc<dyn Erp>,
    ) -> Result<PeriodBook> {
        let now = self.now();
        let held = self.periods.lock().ok().and_then(|held| held.get(connection).cloned());
        if let Some((read_at, book)) = held {
            let age = now.duration_since(read_at).as_secs();
            if (0..self.settings.periods_seconds).contains(&age) {
                return Ok(book);
            }
        }
        let book = erp.periods().await?;
        if let Ok(mut held) = self.periods.lock() {
            held.insert(connection.clone(), (now, book.clone()));
        }
        Ok(book)
    }

    /// The frame that every flow of a link is given.
    pub(crate) async fn frame(
        &self,
        served: &Served,
        commands: &[CommandView],
        direct: bool,
    ) -> Result<Frame> {
        let Served { link, erp, processor } = served;
        let zone = TimeZone::get(&link.policy.time_zone).map_err(|_| {
            EngineError::Setup(format!(
                "link {}: \"{}\" is no time zone; use an IANA name like Europe/London",
                link.id, link.policy.time_zone
            ))
        })?;
        let now = self.now();
        Ok(Frame {
            now,
            today: now.to_zoned(zone.clone()).date(),
            zone,
            erp: erp.account.clone(),
            processor: processor.account.clone(),
            link: link.id.clone(),
            policy: link.policy.clone(),
            stopped: self.stopped().await?,
            periods: self.periods(&erp.connection, &erp.port).await?,
            direct,
            commands: commands.to_vec(),
        })
    }

    /// How many cases of a kind are worked on at the same time. One by one where a live link counts
    /// what it collects: each look must see what the one before has decided.
    pub(crate) fn at_a_time(&self, world: &World, kind: CaseKind) -> usize {
        let counts = world
            .links
            .values()
            .any(|link| link.policy.mode == Mode::On && link.policy.limits.count_up());
        if kind == CaseKind::Collection && counts { 1 } else { self.settings.concurrency.max(1) }
    }
}
