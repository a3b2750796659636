//! What is known of the account and changes rarely: currencies, subsidiaries, undeposited funds, and
//! which columns it does not have. Kept for a while, asked for again when something is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use model::money::Currency;
use ports::PortError;

use super::NetSuite;
use super::client::Rows;
use super::currencies::Currencies;
use super::queries::{ACCOUNTS, CURRENCIES, SUBSIDIARIES};
use super::refusal::Refusal;
use super::suiteql::Table;
use super::wire::{Body, Record, is_internal_id};
use super::zone::Zone;

/// How long the account's set-up is taken to be the same.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(60);
/// How long a missing column stays left out.
const MISSING_FOR: SignedDuration = SignedDuration::from_mins(15);
/// An unknown currency reloads the table, but not more often than this.
const RELOAD_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// Pages of the small tables: 100,000 rows are all that paging gives (netsuite sheet section 7).
const PAGES_MAX: usize = 100;

/// The account's set-up, as far as mapping needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    pub currencies: Currencies,
    /// Subsidiaries with their base currency; `None`: not a OneWorld account; empty: the role may not
    /// see them.
    pub subsidiaries: Option<BTreeMap<String, Subsidiary>>,
    /// The Undeposited Funds account.
    pub undeposited: Option<String>,
}

/// A subsidiary of a OneWorld account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subsidiary {
    pub name: String,
    pub currency: Option<Currency>,
    pub root: bool,
    /// Inactive or for eliminations: not to be chosen.
    pub hidden: bool,
}

impl Setup {
    #[must_use]
    pub fn is_one_world(&self) -> bool {
        self.subsidiaries.is_some()
    }
}

struct Kept {
    setup: Arc<Setup>,
    at: Timestamp,
}

/// The caches of one connection.
pub struct Books {
    setup: tokio::sync::Mutex<Option<Kept>>,
    missing: Mutex<BTreeMap<(&'static str, &'static str), Timestamp>>,
    pub zone: Zone,
}

impl Books {
    #[must_use]
    pub fn new(zone: Option<TimeZone>) -> Books {
        Books {
            setup: tokio::sync::Mutex::new(None),
            missing: Mutex::new(BTreeMap::new()),
            zone: Zone::new(zone),
        }
    }

    /// The columns of the table that the account was seen not to have lately.
    #[must_use]
    pub fn missing(&self, table: &Table, now: Timestamp) -> BTreeSet<&'static str> {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = |at: &Timestamp| now.duration_since(*at) < MISSING_FOR;
        missing
            .iter()
            .filter(|((from, _), at)| *from == table.from && lately(at))
            .map(|((_, name), _)| *name)
            .collect()
    }

    /// Takes note of what a refusal did not know. `false`: nothing that could be left out.
    pub fn note_missing(&self, table: &Table, refusal: &Refusal, now: Timestamp) -> bool {
        let before = self.missing(table, now);
        let dropped: Vec<&'static str> = refusal
            .unknown_name()
            .map(|unknown| table.without(&unknown))
            .unwrap_or_default()
            .into_iter()
            .filter(|name| !before.contains(name))
            .collect();
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        for name in &dropped {
            missing.insert((table.from, name), now);
        }
        !dropped.is_empty()
    }

    /// Forgets everything, so that what a person changed is seen at once.
    pub async fn forget(&self) {
        self.setup.lock().await.take();
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl NetSuite {
    /// The account's set-up, from the cache while it is fresh.
    pub(super) async fn setup(&self) -> Result<Arc<Setup>, PortError> {
        self.setup_younger_than(KEPT_FOR).await
    }

    /// The set-up again, when a record names a currency that it does not hold.
    pub(super) async fn setup_for(&self, records: &[Record<'_>]) -> Result<Arc<Setup>, PortError> {
        let setup = self.setup().await?;
        if records.iter().any(|record| setup.currencies.is_unknown(*record)) {
            return self.setup_younger_than(RELOAD_AFTER).await;
        }
        Ok(setup)
    }

    async fn setup_younger_than(&self, age: SignedDuration) -> Result<Arc<Setup>, PortError> {
        let mut kept = self.books.setup.lock().await;
        let now = self.clock.now();
        if let Some(kept) = kept.as_ref()
            && now.duration_since(kept.at).abs() < age
        {
            return Ok(Arc::clone(&kept.setup));
        }
        let setup = Arc::new(self.load_setup().await?);
        *kept = Some(Kept { setup: Arc::clone(&setup), at: now });
        Ok(setup)
    }

    async fn load_setup(&self) -> Result<Setup, PortError> {
        let currencies = self.all_rows(&CURRENCIES, "ORDER BY cur.id").await?;
        let rows = match currencies {
            Ok(rows) => rows,
            // Without the Multiple Currencies feature there may be no such table.
            Err(_) if self.settings.currency.is_some() => Vec::new(),
            Err(refusal) => return Err(refusal.into_error()),
        };
        let currencies = Currencies::from_rows(&rows, self.settings.currency);
        let subsidiaries = match self.all_rows(&SUBSIDIARIES, "ORDER BY s.id").await? {
            Ok(rows) => Some(read_subsidiaries(&rows, &currencies)),
            Err(_) => self.unseen_subsidiaries().await?,
        };
        let undeposited = match &self.settings.undeposited_account {
            Some(id) => Some(id.clone()),
            None => self.find_undeposited().await?,
        };
        Ok(Setup { currencies, subsidiaries, undeposited })
    }

    /// Queries say the same of a table that does not exist and of one that the role may not see; the
    /// record service tells them apart. Unseen ones are there, but without names and currencies.
    async fn unseen_subsidiaries(&self) -> Result<Option<BTreeMap<String, Subsidiary>>, PortError> {
        let there = match self.client.probe("subsidiary").await? {
            Ok(_) => true,
            Err(refusal) => refusal.is_permission(),
        };
        Ok(if there { Some(BTreeMap::new()) } else { None })
    }

    async fn find_undeposited(&self) -> Result<Option<String>, PortError> {
        let tail = "WHERE a.sspecacct = 'UndepFunds' ORDER BY a.id";
        let rows = match self.rows(&ACCOUNTS, tail, 0).await? {
            Ok(page) => page.rows,
            Err(_) => return Ok(None),
        };
        let active = rows.iter().map(Record).find(|row| !row.flag("isinactive"));
        Ok(active.and_then(|row| row.id()).filter(|id| is_internal_id(id)))
    }

    /// One page of rows; columns that the account does not have are left out.
    pub(super) async fn rows(
        &self,
        table: &Table,
        tail: &str,
        offset: usize,
    ) -> Result<Result<Rows, Refusal>, PortError> {
        loop {
            let now = self.clock.now();
            let text = table.select(&self.books.missing(table, now), tail);
            match self.client.query(&text, offset).await? {
                Ok(page) => return Ok(Ok(page)),
                Err(refusal) if self.books.note_missing(table, &refusal, now) => {}
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
    }

    /// Every page of a small table.
    pub(super) async fn all_rows(
        &self,
        table: &Table,
        tail: &str,
    ) -> Result<Result<Vec<Body>, Refusal>, PortError> {
        let mut rows = Vec::new();
        for _ in 0..PAGES_MAX {
            match self.rows(table, tail, rows.len()).await? {
                Ok(page) => {
                    let last = !page.has_more || page.rows.is_empty();
                    rows.extend(page.rows);
                    if last {
                        break;
                    }
                }
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(rows))
    }
}

fn read_subsidiaries(rows: &[Body], currencies: &Currencies) -> BTreeMap<String, Subsidiary> {
    rows.iter()
        .map(Record)
        .filter_map(|row| {
            let subsidiary = Subsidiary {
                name: row.text("name").unwrap_or_default(),
                currency: currencies.of(row).ok(),
                root: !row.has("parent"),
                hidden: row.flag("isinactive") || row.flag("iselimination"),
            };
            Some((row.id()?, subsidiary))
        })
        .collect()
}
