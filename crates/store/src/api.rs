//! The store as a trait. Every method is one transaction; what must be atomic is one method.

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
use ports::exchange::Exchange;

use crate::rows::{
    AttentionRow, AuditRow, Body, CaseContext, CaseFilter, CaseId, CaseRow, ChainCheck,
    ClaimRequest, Claimed, CollectionRow, CommandRow, Connection, DayTotals, DirectoryRow, Hint,
    InboxRow, InboxSeen, Link, LookResult, Mark, NewMandateOrder, Note, OddDelivery, PairQuery,
    PaymentContext, PersonSaid, Saved, SendOutcome, StatusCounts,
};

/// Why the store did not do it. Nothing is half-stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the database; try again.
    #[error("the database is busy")]
    Busy,
    #[error("the disk is full")]
    Full,
    /// What was asked contradicts what is stored (an unknown id, a taken name, a newer version).
    #[error("{0}")]
    Refused(String),
    /// The database can not be read or was made by a newer version.
    #[error("the database can not be used: {0}")]
    Broken(String),
}

pub type Result<T> = std::result::Result<T, StoreError>;

#[async_trait]
pub trait Store: Send + Sync {
    // ---- connections, secrets, links ----

    /// Adds or replaces a connection together with its sealed secrets (`field`, `value`). Secrets
    /// that are not named stay as they are.
    async fn put_connection(
        &self,
        connection: &Connection,
        secrets: &[(String, SecretString)],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()>;
    async fn connections(&self) -> Result<Vec<Connection>>;
    /// Replaces a secret that the other side renewed, or adds it; sealed before this answers. Refused
    /// for an unknown connection.
    async fn renew_secret(
        &self,
        connection: &ConnectionId,
        field: &str,
        secret: &SecretString,
        at: Timestamp,
    ) -> Result<()>;
    /// Unsealed for use; the caller keeps them in memory only as long as the connection lives.
    async fn secrets(&self, connection: &ConnectionId) -> Result<Vec<(String, SecretString)>>;
    /// Refused while a link uses it.
    async fn remove_connection(
        &self,
        connection: &ConnectionId,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()>;
    /// `version` 0 adds; any other must be the stored version, else `Refused`. Gives the new one.
    async fn put_link(&self, link: &Link, actor: &Actor, at: Timestamp) -> Result<i64>;
    async fn links(&self) -> Result<Vec<Link>>;
    async fn remove_link(&self, link: &LinkId, actor: &Actor, at: Timestamp) -> Result<()>;

    // ---- settings of the instance (the global stop …) ----

    async fn setting(&self, name: &str) -> Result<Option<String>>;
    async fn put_setting(
        &self,
        name: &str,
        value: &str,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()>;

    // ---- look, decide, save, do ----

    /// The next number of the one sequence that orders facts. Taken before a request is sent.
    async fn next_seq(&self) -> Result<i64>;
    /// Makes cases (if new) and makes them due no later than asked. Counts as news for leased ones.
    async fn hint(&self, hints: &[Hint]) -> Result<()>;
    /// Leases due cases of a kind, the longest due first.
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>>;
    /// Prolongs leases; gives those that still are ours.
    async fn renew(&self, claimed: &[(CaseId, i64)], lease_until: Timestamp)
    -> Result<Vec<CaseId>>;
    /// In the order asked.
    async fn contexts(&self, cases: &[CaseId]) -> Result<Vec<CaseContext>>;
    /// Everything stored about the payments of a collection's case.
    async fn payment_context(&self, case: &CaseKey) -> Result<PaymentContext>;
    /// Stores a look's result under its lease. Takes the command's locks in the same transaction.
    async fn save_look(&self, result: &LookResult) -> Result<Saved>;
    /// Marks a command as being sent: under its lease, with at least `need_lease_seconds` of lease
    /// left at `lease_now`. `false`: the lease is lost or too short, do not send. `seq` is the
    /// sequence taken before sending.
    #[expect(clippy::too_many_arguments, reason = "one atomic step with everything it checks")]
    async fn begin_send(
        &self,
        key: &Key,
        epoch: i64,
        seq: i64,
        at: Timestamp,
        watch_until: Timestamp,
        lease_now: Timestamp,
        need_lease_seconds: u32,
    ) -> Result<bool>;
    /// Stores how a send ended, also when the lease was lost meanwhile (a late answer is a fact).
    /// An answer makes the case due; without one the worker says when. Frees the locks unless the
    /// outcome is unknown.
    async fn finish_send(&self, key: &Key, outcome: &SendOutcome, at: Timestamp) -> Result<()>;
    /// Gives the lease back. The case is due at `due_at`, or earlier when news came meanwhile: at the
    /// time its hint asked for, which for most is at once.
    /// `None`: no due time of its own.
    async fn release(&self, case: CaseId, epoch: i64, due_at: Option<Timestamp>) -> Result<()>;

    /// The worker is known to be dead (its process is gone): its leases end at once. Gives how
    /// many cases became free.
    async fn expire_worker(&self, worker: &str) -> Result<u32>;
    /// Names of workers that hold leases of cases or streams.
    async fn lease_holders(&self) -> Result<Vec<String>>;

    /// The stored fact of this subject of each case, in the order asked.
    async fn facts_named(&self, cases: &[CaseKey], subject: &str) -> Result<Vec<Option<Body>>>;

    // ---- what people say ----

    /// Stores it, writes history, makes the case due. Refused for an unknown case.
    async fn person_said(
        &self,
        case: &CaseKey,
        said: &PersonSaid,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()>;

    /// Seals a payer's bank details and stores a person's order for a mandate from them, which names
    /// them by the reference given back. Makes the case, if new, and makes it due. Refused while
    /// details of an earlier order of that case are still there.
    async fn order_mandate(
        &self,
        hint: &Hint,
        wanted: &NewMandateOrder,
        details: &SecretString,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<BankDetailsId>;
    /// Unsealed for one send; `None` once they were erased.
    async fn bank_details(&self, id: &BankDetailsId) -> Result<Option<SecretString>>;

    // ---- inbox ----

    /// Commits verified deliveries before they are answered. Group commit is the store's business.
    async fn inbox_put(&self, connection: &ConnectionId, body: &[u8], at: Timestamp)
    -> Result<i64>;
    async fn inbox_count_bad(&self, connection: &ConnectionId) -> Result<()>;
    /// Oldest first; not yet processed.
    async fn inbox_take(&self, limit: u32) -> Result<Vec<InboxRow>>;
    /// Marks processed and gives the hints of it in the same transaction. An odd one counts among
    /// what waits for a person until it is dismissed, and is kept as long.
    async fn inbox_done(&self, id: i64, hints: &[Hint], note: Option<&Note>) -> Result<()>;

    /// Deliveries in which something was odd, the oldest first.
    async fn odd_deliveries(&self, include_dismissed: bool) -> Result<Vec<OddDelivery>>;
    /// A person has seen what was odd; written into the audit trail.
    ///
    /// # Errors
    /// `Refused` when there is no odd delivery of this number. Saying it again changes nothing.
    async fn dismiss_delivery(&self, id: i64, actor: &Actor, at: Timestamp) -> Result<()>;

    /// The newest deliveries, processed or not.
    async fn inbox_recent(&self, limit: u32) -> Result<Vec<InboxSeen>>;

    // ---- polls and sweeps ----

    async fn mark(&self, connection: &ConnectionId, stream: &str) -> Result<Mark>;
    /// After a complete window: moves the mark (never back) and counts the sweep.
    async fn move_mark(
        &self,
        connection: &ConnectionId,
        stream: &str,
        until: Timestamp,
        completed_at: Timestamp,
    ) -> Result<()>;
    /// Only one replica polls a stream at a time: true when the lease was taken or kept.
    async fn lease_stream(
        &self,
        connection: &ConnectionId,
        stream: &str,
        worker: &str,
        lease_now: Timestamp,
        lease_seconds: u32,
    ) -> Result<bool>;
    /// Those of these events that are not stored yet.
    async fn unknown_events(&self, account: &AccountId, ids: &[EventId]) -> Result<Vec<EventId>>;
    /// Stores events by id, those that are new, together with the hints that they give: an event that
    /// is stored was heard.
    async fn put_events(&self, account: &AccountId, events: &[Event], hints: &[Hint])
    -> Result<()>;
    /// Events of a subject (`kind` as in `EventSubject`'s tag, its id), by time.
    async fn events_of(&self, account: &AccountId, kind: &str, id: &str) -> Result<Vec<Event>>;
    async fn put_directory(&self, rows: &[DirectoryRow]) -> Result<()>;
    /// Processor customers with this folded e-mail address.
    async fn directory_by_email(
        &self,
        account: &AccountId,
        folded: &str,
    ) -> Result<Vec<ProcessorCustomer>>;
    async fn directory_by_erp_customer(
        &self,
        account: &AccountId,
        customer: &str,
    ) -> Result<Vec<ProcessorCustomer>>;
    async fn pairs(&self, queries: &[PairQuery]) -> Result<Vec<Option<CustomerPair>>>;
    /// ERP customers known to be paired with this processor customer.
    async fn pairs_of_processor(
        &self,
        processor: &AccountId,
        customer: &str,
    ) -> Result<Vec<(AccountId, CustomerPair)>>;
    /// Enters payments, together with the hints that they give.
    async fn put_collections(&self, rows: &[CollectionRow], hints: &[Hint]) -> Result<()>;
    async fn collection_rows(
        &self,
        account: &AccountId,
        ids: &[CollectionId],
    ) -> Result<Vec<Option<CollectionRow>>>;
    /// Collections that name no invoice and were matched by nobody.
    async fn foreign_collections(
        &self,
        account: &AccountId,
        limit: u32,
    ) -> Result<Vec<CollectionRow>>;

    // ---- payouts ----

    async fn items_of_payout(
        &self,
        account: &AccountId,
        payout: &PayoutId,
    ) -> Result<Vec<KeptItem>>;
    async fn items_of_refund(
        &self,
        account: &AccountId,
        refund: &ProcessorRefundId,
    ) -> Result<Vec<KeptItem>>;
    async fn items_of_collection(
        &self,
        account: &AccountId,
        collection: &CollectionId,
    ) -> Result<Vec<KeptItem>>;
    async fn item_documents(
        &self,
        account: &AccountId,
        payout: &PayoutId,
    ) -> Result<Vec<ItemDocument>>;

    // ---- views ----

    async fn case(&self, key: &CaseKey) -> Result<Option<CaseRow>>;
    async fn cases(&self, filter: &CaseFilter) -> Result<Vec<CaseRow>>;
    async fn attention(&self, include_ignored: bool) -> Result<Vec<AttentionRow>>;
    async fn history(&self, case: &CaseKey) -> Result<Vec<AuditRow>>;
    /// Commands by state, oldest first (all when `states` is empty).
    async fn commands(
        &self,
        states: &[model::command::CommandState],
        limit: u32,
    ) -> Result<Vec<CommandRow>>;
    async fn day_totals(&self, link: &LinkId, from: Timestamp, to: Timestamp) -> Result<DayTotals>;
    async fn status(&self, now: Timestamp) -> Result<StatusCounts>;
    /// Cases that are not closed and were not looked at since: the daily sweep hints them.
    async fn stale_cases(&self, looked_before: Timestamp, limit: u32) -> Result<Vec<CaseRow>>;

    /// Cases that named this reference at their last look.
    async fn cases_by_ref(&self, reference: &str) -> Result<Vec<CaseKey>>;

    // ---- audit ----

    async fn audit(
        &self,
        actor: &Actor,
        case: Option<&CaseKey>,
        what: &str,
        body: &serde_json::Value,
        at: Timestamp,
    ) -> Result<()>;
    async fn audit_rows(&self, after_seq: i64, limit: u32) -> Result<Vec<AuditRow>>;
    async fn verify_chain(&self) -> Result<ChainCheck>;

    // ---- exchanges ----

    async fn put_exchanges(&self, exchanges: &[Exchange], keep_most: u32) -> Result<()>;
    async fn exchanges_of_command(&self, key: &Key) -> Result<Vec<Exchange>>;

    // ---- what connectors remember ----

    /// Keeps rows by name, the newest `keep_most` of the connection; nothing for one that is not
    /// stored.
    async fn put_remembered(
        &self,
        connection: &ConnectionId,
        rows: &[(String, String)],
        keep_most: u32,
    ) -> Result<()>;
    /// Name and body of what is kept, the oldest first.
    async fn remembered(&self, connection: &ConnectionId) -> Result<Vec<(String, String)>>;
}
