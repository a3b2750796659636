//! Polls: each stream of each connection has a mark, an overlap and an interval; the mark moves only
//! after a complete window (mission rows C4 and C5).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use model::case::CaseKey;
use model::customer::{ErpCustomer, ProcessorCustomer};
use model::ids::{ConnectionId, ErpCustomerId, EventId, InvoiceId, LinkId, ProcessorCustomerId};
use model::invoice::{Annotation, Invoice};
use model::policy::{CollectWhich, Mode};
use ports::{Read, Seen};
use serde::Deserialize;
use store::rows::{Body, DirectoryRow, Hint};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::look::refs;
use crate::news::only_link;
use crate::world::{ErpPort, ProcessorPort, World};

/// Changed invoices.
pub const INVOICES: &str = "invoices";
/// Every open invoice, once a day.
pub const OPEN_INVOICES: &str = "open_invoices";
/// Changed ERP customers.
pub const CUSTOMERS: &str = "customers";
/// The processor's own event list.
pub const EVENTS: &str = "events";
/// Payouts created.
pub const PAYOUTS: &str = "payouts";
/// Payments created, whoever made them.
pub const COLLECTIONS: &str = "collections";
/// The processor's customers.
pub const DIRECTORY: &str = "directory";

const ERP_STREAMS: [&str; 3] = [INVOICES, OPEN_INVOICES, CUSTOMERS];
const PROCESSOR_STREAMS: [&str; 4] = [EVENTS, PAYOUTS, COLLECTIONS, DIRECTORY];

/// Seconds for which one replica holds a stream while it polls.
const STREAM_LEASE_SECONDS: u32 = 600;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Pages of one window, at most: beyond it the window is left for the next poll, unmarked.
const PAGES_MAX: usize = 10_000;

/// How a stream is read.
struct Plan {
    interval: SignedDuration,
    overlap: SignedDuration,
    /// How far back the first read goes, from when the connection was made.
    first: SignedDuration,
}

fn plan(stream: &str, poll_seconds: u32) -> Plan {
    let seconds = SignedDuration::from_secs;
    let often = i64::from(poll_seconds.max(1));
    let (interval, overlap, first) = match stream {
        INVOICES => (often, 10 * MINUTE, 400 * DAY),
        OPEN_INVOICES => (DAY, 0, 0),
        CUSTOMERS => (often, 10 * MINUTE, 20_000 * DAY),
        EVENTS => (often, 72 * HOUR, 30 * DAY),
        PAYOUTS => (often.max(10 * MINUTE), 14 * DAY, 60 * DAY),
        COLLECTIONS => (often.max(10 * MINUTE), HOUR, 120 * DAY),
        _ => (often.max(10 * MINUTE), HOUR, 3_650 * DAY),
    };
    Plan { interval: seconds(interval), overlap: seconds(overlap), first: seconds(first) }
}

impl Engine {
    /// Polls every stream that is due. Gives how many were read completely. A connection that fails
    /// is left alone for a while, longer with each failure.
    pub async fn poll(&self) -> Result<u32> {
        let world = self.world();
        let mut read = 0;
        for (connection, stream, seconds) in streams(&world) {
            if self.rests(&connection) {
                continue;
            }
            match self.poll_stream(&world, &connection, stream, seconds, false).await {
                Ok(true) => {
                    self.note(&connection, None);
                    self.rest(&connection, None);
                    read += 1;
                }
                Ok(false) => {}
                Err(EngineError::Port(error)) => {
                    self.rest(&connection, Some(&error));
                    self.note(&connection, Some(&error));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    /// Reads what a plan rests on: the processor's customers, and everybody's payments.
    pub(crate) async fn poll_for_plan(&self, link: &LinkId) -> Result<()> {
        let world = self.world();
        let processor = world.links.get(link).map(|link| link.processor.clone());
        let erp = world.links.get(link).map(|link| link.erp.clone());
        for (connection, stream, seconds) in streams(&world) {
            let wanted = match stream {
                DIRECTORY | COLLECTIONS => Some(&connection) == processor.as_ref(),
                CUSTOMERS => Some(&connection) == erp.as_ref(),
                _ => false,
            };
            if wanted {
                self.poll_stream(&world, &connection, stream, seconds, true).await?;
            }
        }
        Ok(())
    }

    /// The earliest completion of all streams: nothing that happened outside before it is unseen.
    /// `None`: one was never read.
    pub async fn polled_up_to(&self) -> Result<Option<Timestamp>> {
        let mut earliest = None;
        for (connection, stream, _) in streams(&self.world()) {
            if stream == OPEN_INVOICES {
                continue;
            }
            match self.store.mark(&connection, stream).await?.completed_at {
                None => return Ok(None),
                Some(at) => {
                    earliest = Some(earliest.map_or(at, |before: Timestamp| before.min(at)));
                }
            }
        }
        Ok(earliest)
    }

    pub(crate) async fn poll_stream(
        &self,
        world: &World,
        connection: &ConnectionId,
        stream: &'static str,
        poll_seconds: u32,
        now_asked: bool,
    ) -> Result<bool> {
        let plan = plan(stream, poll_seconds);
        let mark = self.store.mark(connection, stream).await?;
        let started = self.now();
        let due = match stream {
            INVOICES => invoices_due(world, connection, mark.completed_at, started)?,
            _ => mark.completed_at.is_none_or(|at| started.duration_since(at) >= plan.interval),
        };
        if !due && !now_asked {
            return Ok(false);
        }
        let leased = self
            .store
            .lease_stream(
                connection,
                stream,
                &self.settings.worker,
                self.clock.lease_now(),
                STREAM_LEASE_SECONDS,
            )
            .await?;
        if !leased {
            return Ok(false);
        }
        if model::defect!(MarkPastIncomplete) {
            self.store.move_mark(connection, stream, started, self.now()).await?;
        }
        // Long after the connection was made when nobody could read it until now: what our first
        // payments came to is in the window all the same.
        let made_at = world.connections.get(connection).map(|one| one.created_at);
        let first = started.min(made_at.unwrap_or(started)) - plan.first;
        let since = mark.until.map_or(first, |until| until - plan.overlap);
        if let Some(erp) = world.erp(connection) {
            match stream {
                INVOICES => self.poll_invoices(world, &erp, Some(since)).await?,
                OPEN_INVOICES => self.poll_invoices(world, &erp, None).await?,
                _ => self.poll_customers(&erp, since).await?,
            }
        } else if let Some(processor) = world.processor(connection) {
            match stream {
                EVENTS => self.read_events_since(world, &processor, since).await?,
                PAYOUTS => self.poll_payouts(world, &processor, since).await?,
                COLLECTIONS => self.poll_collections(world, &processor, since).await?,
                _ => self.poll_directory(&processor, since).await?,
            }
        } else {
            return Ok(false);
        }
        self.store.move_mark(connection, stream, started, self.now()).await?;
        Ok(true)
    }

    /// Changed invoices (or, without a time, all open ones) that somebody asked to collect.
    async fn poll_invoices(
        &self,
        world: &World,
        erp: &ErpPort,
        since: Option<Timestamp>,
    ) -> Result<()> {
        let mut page: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let answer = match since {
                Some(since) => erp.port.changed_invoices(since, page.as_deref()).await?,
                None => erp.port.open_invoices(page.as_deref()).await?,
            };
            if model::defect!(LastPageDropped) && page.is_some() && answer.next.is_none() {
                return Ok(());
            }
            let due_at = self.now();
            let case_of =
                |seen: &Seen<InvoiceId, Invoice>| CaseKey::collection(&erp.account, &seen.id);
            let cases: Vec<CaseKey> = answer.records.iter().map(case_of).collect();
            let known = self.store.facts_named(&cases, crate::look::INVOICE_FACT).await?;
            let hints: Vec<Hint> = answer
                .records
                .iter()
                .zip(cases)
                .zip(known)
                .filter(|((seen, _), known)| match known {
                    // What the last look saw already is no news, our own writes included. The
                    // daily scan looks all the same.
                    Some(known) => since.is_none() || is_news(known, seen),
                    None => asked_for(world, erp, seen),
                })
                .map(|((_, case), _)| Hint { case, due_at, link: None })
                .collect();
            self.store.hint(&hints).await?;
            page = answer.next;
            if page.is_none() {
                return Ok(());
            }
        }
        Err(too_many_pages(INVOICES))
    }

    async fn poll_customers(&self, erp: &ErpPort, since: Timestamp) -> Result<()> {
        let mut page: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let answer = erp.port.changed_customers(since, page.as_deref()).await?;
            let due_at = self.now();
            let mut hints = Vec::new();
            self.enter_erp_customers(erp, &answer.records).await?;
            let own_of =
                |seen: &Seen<ErpCustomerId, ErpCustomer>| CaseKey::customer(&erp.account, &seen.id);
            let owns: Vec<CaseKey> = answer.records.iter().map(own_of).collect();
            let known = self.store.facts_named(&owns, crate::look::CUSTOMER_FACT).await?;
            for ((seen, own), known) in answer.records.iter().zip(owns).zip(known) {
                if known.is_some_and(|known| !is_news(&known, seen)) {
                    continue;
                }
                let mut cases = self
                    .store
                    .cases_by_ref(&refs::customer(&erp.account, seen.id.as_str()))
                    .await?;
                if self.store.case(&own).await?.is_some() {
                    cases.push(own);
                }
                let hint = |case| Hint { case, due_at, link: None };
                hints.extend(cases.into_iter().map(hint));
            }
            self.store.hint(&hints).await?;
            page = answer.next;
            if page.is_none() {
                return Ok(());
            }
        }
        Err(too_many_pages(CUSTOMERS))
    }

    /// E-mail addresses count only where one customer has them: both sides are kept in the
    /// directory, the ERP's under its own account.
    async fn enter_erp_customers(
        &self,
        erp: &ErpPort,
        records: &[Seen<ErpCustomerId, ErpCustomer>],
    ) -> Result<()> {
        let rows: Vec<DirectoryRow> = records
            .iter()
            .filter_map(|seen| seen.read.found())
            .map(|customer| DirectoryRow {
                account: erp.account.clone(),
                customer: ProcessorCustomer {
                    id: ProcessorCustomerId::new(customer.id.as_str()),
                    email: customer.email.clone().filter(|_| !customer.inactive),
                    name: customer.company_name.clone(),
                    country: customer.country.clone(),
                    erp_customer: None,
                },
            })
            .collect();
        Ok(self.store.put_directory(&rows).await?)
    }

    /// Reads the event list from `since` on, and stores what is new together with the hints for its
    /// cases: whoever dies before leaves it new to the next.
    pub(crate) async fn read_events_since(
        &self,
        world: &World,
        processor: &ProcessorPort,
        since: Timestamp,
    ) -> Result<()> {
        let mut page: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let answer = processor.port.events(since, page.as_deref()).await?;
            let account = &processor.account;
            let ids: Vec<EventId> = answer.records.iter().map(|event| event.id.clone()).collect();
            let unknown = self.store.unknown_events(account, &ids).await?;
            let unknown: BTreeSet<EventId> = unknown.into_iter().collect();
            let mut news = answer.records;
            news.retain(|event| unknown.contains(&event.id));
            if !news.is_empty() {
                let hints = self.hints_of(world, processor, &news, self.now()).await?;
                self.store.put_events(account, &news, &hints).await?;
            }
            page = answer.next;
            if page.is_none() {
                return Ok(());
            }
        }
        Err(too_many_pages(EVENTS))
    }

    async fn poll_payouts(
        &self,
        world: &World,
        processor: &ProcessorPort,
        since: Timestamp,
    ) -> Result<()> {
        let link = only_link(world, processor);
        let mut page: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let answer = processor.port.payouts_since(since, page.as_deref()).await?;
            let due_at = self.now();
            let mut hints = Vec::new();
            for seen in answer.records {
                let case = CaseKey::payout(&processor.account, &seen.id);
                let known = self.store.case(&case).await?;
                let closed = known
                    .as_ref()
                    .is_some_and(|row| row.stage == Some(model::decision::Stage::Closed));
                if !closed {
                    hints.push(Hint { case, due_at, link: link.clone() });
                }
            }
            self.store.hint(&hints).await?;
            page = answer.next;
            if page.is_none() {
                return Ok(());
            }
        }
        Err(too_many_pages(PAYOUTS))
    }

    /// The scan for payments that others make, or made: double collection, adoption, foreign ones.
    async fn poll_collections(
        &self,
        world: &World,
        processor: &ProcessorPort,
        since: Timestamp,
    ) -> Result<()> {
        let mut page: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let answer = processor.port.collections_since(since, page.as_deref()).await?;
            let found: Vec<_> =
                answer.records.into_iter().filter_map(|seen| seen.read.into_found()).collect();
            self.enter(world, processor, &found).await?;
            page = answer.next;
            if page.is_none() {
                return Ok(());
            }
        }
        Err(too_many_pages(COLLECTIONS))
    }

    async fn poll_directory(&self, processor: &ProcessorPort, since: Timestamp) -> Result<()> {
        let mut page: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let answer = processor.port.customers_since(since, page.as_deref()).await?;
            let row = |customer| DirectoryRow { account: processor.account.clone(), customer };
            let rows: Vec<DirectoryRow> = answer.records.into_iter().map(row).collect();
            self.store.put_directory(&rows).await?;
            page = answer.next;
            if page.is_none() {
                return Ok(());
            }
        }
        Err(too_many_pages(DIRECTORY))
    }
}

fn too_many_pages(stream: &str) -> EngineError {
    EngineError::Setup(format!("{stream}: more than {PAGES_MAX} pages in one window"))
}

/// Every stream of every connection that a link uses, with the shortest interval asked for.
pub(crate) fn streams(world: &World) -> Vec<(ConnectionId, &'static str, u32)> {
    let seconds = |links: Vec<u32>| links.into_iter().min();
    let erps = world.erps.keys().filter_map(|id| {
        let asked = seconds(world.links_of_erp(id).map(|link| link.policy.poll_seconds).collect())?;
        Some((id.clone(), ERP_STREAMS.as_slice(), asked))
    });
    let processors = world.processors.keys().filter_map(|id| {
        let links = world.links_of_processor(id).map(|link| link.policy.poll_seconds).collect();
        Some((id.clone(), PROCESSOR_STREAMS.as_slice(), seconds(links)?))
    });
    // The directory and the events come before what asks for them.
    let mut all: Vec<_> = processors
        .chain(erps)
        .flat_map(|(id, names, asked)| names.iter().map(move |name| (id.clone(), *name, asked)))
        .collect();
    all.sort_by_key(|(_, name, _)| rank(name));
    all
}

fn rank(stream: &str) -> u8 {
    match stream {
        DIRECTORY => 0,
        COLLECTIONS => 1,
        EVENTS => 2,
        PAYOUTS => 3,
        CUSTOMERS => 4,
        INVOICES => 5,
        _ => 6,
    }
}

/// Any of the connection's links wants its invoices looked for now.
fn invoices_due(
    world: &World,
    connection: &ConnectionId,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool> {
    for link in world.links_of_erp(connection) {
        let due = flows::schedule::is_due(&link.policy, last, now)
            .map_err(|error| EngineError::Setup(format!("link {}: {error}", link.id)))?;
        if due {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is asked of a record as the last look saw it.
#[derive(Deserialize)]
struct KnownVersion {
    version: String,
}

/// The record's stamp differs from the one that the last look saw; odd records are always news.
fn is_news<I, T: Versioned>(known: &Body, seen: &Seen<I, T>) -> bool {
    match &seen.read {
        Read::Found(record) => {
            let known = known.read::<KnownVersion>();
            known.is_none_or(|known| known.version != record.version())
        }
        Read::Odd(_) | Read::Missing => true,
    }
}

/// A record with a stamp of its last change.
trait Versioned {
    fn version(&self) -> &str;
}

impl Versioned for Invoice {
    fn version(&self) -> &str {
        &self.version
    }
}

impl Versioned for ErpCustomer {
    fn version(&self) -> &str {
        &self.version
    }
}

/// Whether anybody asks for this invoice to be collected, or it carries our fields already.
fn asked_for(world: &World, erp: &ErpPort, seen: &Seen<InvoiceId, Invoice>) -> bool {
    let invoice = match &seen.read {
        Read::Found(invoice) => invoice,
        // Shown with its reason, whatever it is.
        Read::Odd(_) => return true,
        Read::Missing => return false,
    };
    if invoice.flagged || invoice.retry_requested || invoice.annotation != Annotation::default() {
        return true;
    }
    world
        .links_of_erp(&erp.connection)
        .any(|link| link.policy.mode != Mode::Off && link.policy.collect != CollectWhich::Flagged)
}
