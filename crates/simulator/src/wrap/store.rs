//! The store of one worker: every transaction may be the last thing that the worker did, before it
//! or right after its commit; or it is refused, because the database is busy or the disk is full.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use model::case::{Actor, CaseKey};
use model::customer::{CustomerPair, ProcessorCustomer};
use model::decision::ItemDocument;
use model::event::Event;
use model::ids::{
    AccountId, BankDetailsId, CollectionId, ConnectionId, EventId, LinkId, PayoutId,
    ProcessorRefundId,
};
use model::key::Key;
use model::payout::KeptItem;
use ports::Clock;
use ports::exchange::Exchange;
use store::rows::{
    AttentionRow, AuditRow, Body, CaseContext, CaseFilter, CaseId, CaseRow, ChainCheck,
    ClaimRequest, Claimed, CollectionRow, CommandRow, Connection, DayTotals, DirectoryRow, Hint,
    InboxRow, InboxSeen, Link, LookResult, Mark, NewMandateOrder, Note, OddDelivery, PairQuery,
    PaymentContext, PersonSaid, Saved, SendOutcome, StatusCounts,
};
use store::{Result, Store, StoreError};

use crate::faults::Fault;
use crate::interrupt::Interrupt;
use crate::world::World;

/// What the engine is told when its connection to the database is gone.
pub const CONNECTION_LOST: &str = "the connection was lost";

pub struct WorkerStore {
    inner: Arc<dyn Store>,
    interrupt: Interrupt,
    world: Arc<World>,
}

impl WorkerStore {
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, interrupt: Interrupt, world: Arc<World>) -> WorkerStore {
        WorkerStore { inner, interrupt, world }
    }

    async fn before(&self, writes: bool) -> Result<()> {
        self.interrupt.may_die(Fault::CrashBeforeStore).await;
        self.interrupt.may_sleep().await;
        if self.interrupt.faults().strikes(Fault::StoreBusy) {
            return Err(StoreError::Busy);
        }
        if writes && self.interrupt.faults().strikes(Fault::StoreFull) {
            return Err(StoreError::Full);
        }
        if self.interrupt.faults().strikes(Fault::StoreLost) {
            return Err(lost());
        }
        Ok(())
    }

    /// Committed, and nobody was told: the connection went with the answer.
    fn told<T>(&self, writes: bool, given: Result<T>) -> Result<T> {
        if writes && given.is_ok() && self.interrupt.faults().strikes(Fault::StoreUnsure) {
            return Err(lost());
        }
        given
    }

    fn broken(&self, broken: Option<String>) {
        if let Some(broken) = broken {
            self.world.broken(broken);
        }
    }

    fn see_claim(&self, _: &ClaimRequest, claimed: &[Claimed]) {
        self.world.state().watched.claimed(claimed);
    }

    fn see_look(&self, look: &LookResult, saved: &Saved) {
        if *saved == Saved::LeaseLost {
            self.interrupt.faults().note(Fault::LeaseLost);
        }
        let now = self.world.now();
        let broken = self.world.state().watched.saved(look, saved, now);
        self.broken(broken);
    }

    #[expect(clippy::too_many_arguments, reason = "the store's own method has them")]
    fn see_send(
        &self,
        key: &Key,
        epoch: i64,
        _seq: i64,
        _at: Timestamp,
        _watch_until: Timestamp,
        lease_now: Timestamp,
        _need_lease_seconds: u32,
        begun: &bool,
    ) {
        // It may have slept since it asked.
        let slept = self.world.clock.lease_now().duration_since(lease_now);
        let asked_at = self.world.now() - slept;
        let times = (asked_at, lease_now);
        let broken = self.world.state().watched.begun(key, epoch, *begun, times);
        self.broken(broken);
    }

    fn see_answer(&self, key: &Key, outcome: &SendOutcome, _at: Timestamp, (): &()) {
        self.world.state().watched.answered(key, outcome);
    }

    /// The window must have been read to its end.
    fn see_mark(
        &self,
        _connection: &ConnectionId,
        stream: &str,
        until: Timestamp,
        completed_at: Timestamp,
        (): &(),
    ) {
        let from = self.world.state().watched.marked(stream, until, completed_at);
        if !self.interrupt.windows().marks(stream, from, until) {
            let words = format!("P2: the mark of {stream} moves past a window not read to its end");
            self.world.broken(words);
        }
    }

    /// A refusal is the store's word for a contradiction: the engine asks for nothing of the kind.
    fn after<T>(&self, name: &str, given: &Result<T>) {
        match given {
            Err(error @ (StoreError::Refused(_) | StoreError::Broken(_))) => {
                self.world.broken(format!("the store refuses {name}: {error}"));
            }
            Ok(_) | Err(StoreError::Busy | StoreError::Full) => {}
        }
    }
}

/// Each method as in the trait, a line each: the calls differ in nothing but their names.
macro_rules! through_faults {
    (
        watched {
            $($seen:ident $watched:ident($($warg:ident: $wty:ty),*) -> $wgiven:ty;)*
        }
        $($kind:ident $name:ident($($arg:ident: $ty:ty),*) -> $given:ty;)*
    ) => {
        #[async_trait]
        impl Store for WorkerStore {
            $(
                async fn $watched(&self, $($warg: $wty),*) -> Result<$wgiven> {
                    self.before(true).await?;
                    let given = self.inner.$watched($($warg),*).await;
                    if let Ok(given) = &given {
                        self.$seen($($warg,)* given);
                    }
                    self.after(stringify!($watched), &given);
                    self.interrupt.may_die(Fault::CrashAfterStore).await;
                    self.told(true, given)
                }
            )*
            $(
                async fn $name(&self, $($arg: $ty),*) -> Result<$given> {
                    self.before(writes(stringify!($kind))).await?;
                    let given = self.inner.$name($($arg),*).await;
                    self.after(stringify!($name), &given);
                    self.interrupt.may_die(Fault::CrashAfterStore).await;
                    self.told(writes(stringify!($kind)), given)
                }
            )*
        }
    };
}

fn lost() -> StoreError {
    StoreError::Broken(CONNECTION_LOST.to_owned())
}

fn writes(kind: &str) -> bool {
    kind == "writes"
}

through_faults! {
    watched {
        see_claim claim(request: &ClaimRequest) -> Vec<Claimed>;
        see_look save_look(result: &LookResult) -> Saved;
        see_send begin_send(
            key: &Key,
            epoch: i64,
            seq: i64,
            at: Timestamp,
            watch_until: Timestamp,
            lease_now: Timestamp,
            need_lease_seconds: u32
        ) -> bool;
        see_answer finish_send(key: &Key, outcome: &SendOutcome, at: Timestamp) -> ();
        see_mark move_mark(
            connection: &ConnectionId,
            stream: &str,
            until: Timestamp,
            completed_at: Timestamp
        ) -> ();
    }
    writes put_connection(
        connection: &Connection,
        secrets: &[(String, SecretString)],
        actor: &Actor,
        at: Timestamp
    ) -> ();
    writes renew_secret(
        connection: &ConnectionId,
        field: &str,
        secret: &SecretString,
        at: Timestamp
    ) -> ();
    reads connections() -> Vec<Connection>;
    reads secrets(connection: &ConnectionId) -> Vec<(String, SecretString)>;
    writes remove_connection(connection: &ConnectionId, actor: &Actor, at: Timestamp) -> ();
    writes put_link(link: &Link, actor: &Actor, at: Timestamp) -> i64;
    reads links() -> Vec<Link>;
    writes remove_link(link: &LinkId, actor: &Actor, at: Timestamp) -> ();
    reads setting(name: &str) -> Option<String>;
    writes put_setting(name: &str, value: &str, actor: &Actor, at: Timestamp) -> ();
    writes next_seq() -> i64;
    writes hint(hints: &[Hint]) -> ();
    writes renew(claimed: &[(CaseId, i64)], lease_until: Timestamp) -> Vec<CaseId>;
    reads contexts(cases: &[CaseId]) -> Vec<CaseContext>;
    reads payment_context(case: &CaseKey) -> PaymentContext;
    writes release(case: CaseId, epoch: i64, due_at: Option<Timestamp>) -> ();
    writes expire_worker(worker: &str) -> u32;
    reads lease_holders() -> Vec<String>;
    reads facts_named(cases: &[CaseKey], subject: &str) -> Vec<Option<Body>>;
    writes person_said(case: &CaseKey, said: &PersonSaid, actor: &Actor, at: Timestamp) -> ();
    writes order_mandate(
        hint: &Hint,
        wanted: &NewMandateOrder,
        details: &SecretString,
        actor: &Actor,
        at: Timestamp
    ) -> BankDetailsId;
    reads bank_details(id: &BankDetailsId) -> Option<SecretString>;
    writes inbox_put(connection: &ConnectionId, body: &[u8], at: Timestamp) -> i64;
    writes inbox_count_bad(connection: &ConnectionId) -> ();
    reads inbox_take(limit: u32) -> Vec<InboxRow>;
    writes inbox_done(id: i64, hints: &[Hint], note: Option<&Note>) -> ();
    reads odd_deliveries(include_dismissed: bool) -> Vec<OddDelivery>;
    writes dismiss_delivery(id: i64, actor: &Actor, at: Timestamp) -> ();
    reads inbox_recent(limit: u32) -> Vec<InboxSeen>;
    reads mark(connection: &ConnectionId, stream: &str) -> Mark;
    writes lease_stream(
        connection: &ConnectionId,
        stream: &str,
        worker: &str,
        lease_now: Timestamp,
        lease_seconds: u32
    ) -> bool;
    reads unknown_events(account: &AccountId, ids: &[EventId]) -> Vec<EventId>;
    writes put_events(account: &AccountId, events: &[Event], hints: &[Hint]) -> ();
    reads events_of(account: &AccountId, kind: &str, id: &str) -> Vec<Event>;
    writes put_directory(rows: &[DirectoryRow]) -> ();
    reads directory_by_email(account: &AccountId, folded: &str) -> Vec<ProcessorCustomer>;
    reads directory_by_erp_customer(account: &AccountId, customer: &str) -> Vec<ProcessorCustomer>;
    reads pairs(queries: &[PairQuery]) -> Vec<Option<CustomerPair>>;
    reads pairs_of_processor(
        processor: &AccountId,
        customer: &str
    ) -> Vec<(AccountId, CustomerPair)>;
    writes put_collections(rows: &[CollectionRow], hints: &[Hint]) -> ();
    reads collection_rows(account: &AccountId, ids: &[CollectionId]) -> Vec<Option<CollectionRow>>;
    reads foreign_collections(account: &AccountId, limit: u32) -> Vec<CollectionRow>;
    reads items_of_payout(account: &AccountId, payout: &PayoutId) -> Vec<KeptItem>;
    reads items_of_refund(account: &AccountId, refund: &ProcessorRefundId) -> Vec<KeptItem>;
    reads items_of_collection(account: &AccountId, collection: &CollectionId) -> Vec<KeptItem>;
    reads item_documents(account: &AccountId, payout: &PayoutId) -> Vec<ItemDocument>;
    reads case(key: &CaseKey) -> Option<CaseRow>;
    reads cases(filter: &CaseFilter) -> Vec<CaseRow>;
    reads attention(include_ignored: bool) -> Vec<AttentionRow>;
    reads history(case: &CaseKey) -> Vec<AuditRow>;
    reads commands(states: &[model::command::CommandState], limit: u32) -> Vec<CommandRow>;
    reads day_totals(link: &LinkId, from: Timestamp, to: Timestamp) -> DayTotals;
    reads status(now: Timestamp) -> StatusCounts;
    reads stale_cases(looked_before: Timestamp, limit: u32) -> Vec<CaseRow>;
    reads cases_by_ref(reference: &str) -> Vec<CaseKey>;
    writes audit(
        actor: &Actor,
        case: Option<&CaseKey>,
        what: &str,
        body: &serde_json::Value,
        at: Timestamp
    ) -> ();
    reads audit_rows(after_seq: i64, limit: u32) -> Vec<AuditRow>;
    reads verify_chain() -> ChainCheck;
    writes put_exchanges(exchanges: &[Exchange], keep_most: u32) -> ();
    reads exchanges_of_command(key: &Key) -> Vec<Exchange>;
    writes put_remembered(
        connection: &ConnectionId,
        rows: &[(String, String)],
        keep_most: u32
    ) -> ();
    reads remembered(connection: &ConnectionId) -> Vec<(String, String)>;
}
