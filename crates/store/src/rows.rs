//! What the store keeps, as the engine sees it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::body::Body;
use model::case::{Actor, CaseKey, CaseKind};
use model::command::{Command, CommandState, CommandView, Rejection, WriteAnswer};
use model::customer::{CustomerPair, ProcessorCustomer};
use model::decision::{Decision, ItemDocument, Stage};
use model::direct::Authorised;
use model::event::Event;
use model::ids::{AccountId, BankDetailsId, CollectionId, ConnectionId, ErpCustomerId, LinkId};
use model::key::Key;
use model::payout::KeptItem;
pub use model::person::{AboutAttempt, PersonFact, PersonSaid};
use model::policy::Policy;
use model::reason::{Reason, ReasonCode};

/// The store's own id of a case; short-lived handles only, never shown.
pub type CaseId = i64;

/// Which side of a link a connection serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Erp,
    Processor,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    pub id: ConnectionId,
    pub side: Side,
    /// Which connector (the registry's slug).
    pub system: String,
    /// Known after the first successful health check.
    pub account: Option<AccountId>,
    /// `None` until known.
    pub production: Option<bool>,
    /// Another base URL than the vendor's, and whether its host was allowed by the user.
    pub url: Option<String>,
    pub allow_host: bool,
    /// Settings that are not secret (account id, client id …).
    pub settings: BTreeMap<String, String>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub id: LinkId,
    pub erp: ConnectionId,
    pub processor: ConnectionId,
    pub policy: Policy,
    /// Grows with every change; a write carries the version it was read at.
    pub version: i64,
}

/// "Look at this case again."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub case: CaseKey,
    pub due_at: Timestamp,
    /// The link that serves the case as far as the hinter knows; routing may say otherwise.
    pub link: Option<LinkId>,
}

/// A leased case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub id: CaseId,
    pub key: CaseKey,
    pub link: Option<LinkId>,
    /// Grows with every claim; every later write of the lease carries it.
    pub epoch: i64,
    /// Hints received so far: more by the time of the release means look again at once.
    pub hints: i64,
    /// On the lease clock.
    pub lease_until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Names the worker, unique per process and replica.
    pub worker: String,
    /// Business clock: cases due up to now.
    pub now: Timestamp,
    /// Lease clock.
    pub lease_now: Timestamp,
    pub lease_seconds: u32,
    /// A lease that ran out is taken over only this many seconds later: the longest deadline of a
    /// request that its holder may still have out.
    pub grace_seconds: u32,
    pub kind: CaseKind,
    pub limit: u32,
}

/// All that a look at a case needs of what is stored already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseContext {
    /// In the order of their creation.
    pub commands: Vec<CommandRow>,
    /// What people said of the case, oldest first.
    pub person_facts: Vec<PersonFact>,
    /// The latest stored facts by subject: `(sequence, body)`.
    pub facts: BTreeMap<String, (i64, Body)>,
    pub attention: Vec<AttentionRow>,
    /// Bank details of its orders that still lie sealed.
    pub bank_details: Vec<BankDetailsId>,
}

/// What a person wants of the bank details that come with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMandateOrder {
    /// The debit scheme as the processor names it.
    pub scheme: String,
    pub authorised: Authorised,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRow {
    pub case: CaseId,
    pub case_key: CaseKey,
    pub connection: ConnectionId,
    pub account: AccountId,
    pub view: CommandView,
    pub actor: Actor,
    pub decided_at: Timestamp,
    /// The sequence taken before the last send; answers and reads with a later one are younger.
    pub sent_seq: Option<i64>,
    pub last_sent_at: Option<Timestamp>,
    /// Business clock: until then an effect of the last send may still show up.
    pub watch_until: Option<Timestamp>,
    /// The number of the newest word of people when it was decided or sent last: a later one clears its
    /// refusal.
    pub heard: i64,
    /// Some send of it ended with an unknown outcome: it may have had its effect, whatever later
    /// sends were answered.
    pub maybe_sent: bool,
}

/// One fact of a look: an answer to our own read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    /// What it is about, unique within the case ("invoice", "collection/PM1", "receipt/KEY").
    pub subject: String,
    pub body: Body,
}

/// Facts, history and commands of one look: one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookResult {
    pub case: CaseId,
    pub epoch: i64,
    /// Taken before the first request of the look was sent. A fact older than the stored one is
    /// not written.
    pub seq: i64,
    pub at: Timestamp,
    pub link: Option<LinkId>,
    /// The version of the link whose policy was decided by. With a command, the stored link must
    /// still have it.
    pub link_version: Option<i64>,
    /// What the link had collected when the command was decided, where that is limited: with a command,
    /// it must not have collected more since.
    pub counted: Vec<Counted>,
    pub facts: Vec<FactRow>,
    pub decision: Decision,
    /// The command of `decision`, with where it goes. Inserted, or its content replaced when the
    /// stored one was certainly refused, cleared or never sent.
    pub command: Option<NewCommand>,
    /// Commands whose state the look settled (adopted, watched, ended).
    pub settle: Vec<(Key, Settle)>,
    /// Kept payout items, written once.
    pub kept_items: Vec<(AccountId, KeptItem)>,
    /// Settled pairs of customers.
    pub pairs: Vec<(AccountId, AccountId, CustomerPair)>,
    /// Collections that were seen, for the directory.
    pub collections: Vec<CollectionRow>,
    /// Collections that this case holds no more, since a person took their match back: those that
    /// are still its own are nobody's then.
    pub freed: Vec<(AccountId, CollectionId)>,
    /// Hints to give in the same transaction.
    pub hints: Vec<Hint>,
    /// What the case depends on ("customer/ACCOUNT/ID", "mandate/ACCOUNT/ID" …): replaces
    /// the stored set, so that news of it finds the case.
    pub refs: Vec<String>,
    pub actor: Actor,
}

impl LookResult {
    /// The link by which the look acts.
    pub(crate) fn acts_by(&self) -> Option<&LinkId> {
        self.command.as_ref()?;
        self.link.as_ref()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommand {
    pub connection: ConnectionId,
    pub account: AccountId,
    pub command: Command,
    /// Canonical `account|document` texts, sorted.
    pub locks: Vec<String>,
    /// May pass locks that commands of its own case hold.
    pub passes_own_locks: bool,
}

/// What a look found out about a command whose outcome was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settle {
    /// It had its effect.
    Done(WriteAnswer),
    /// Something on the other side refuses it for good; its documents stay locked for as long as an
    /// earlier send may take effect.
    Refused(Rejection),
    /// Not wanted any more; watched until the time stored with it.
    Watched,
    /// Certainly without effect for good (its watch is over), or never sent.
    Ended,
    /// A refusal was cleared: the key may be used again.
    Cleared,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// Everything is stored; the command (if any) may be sent.
    Stored,
    /// Facts and history are stored, the command is not: a document is locked by this command.
    Locked { by: Key },
    /// The lease was lost: nothing is stored.
    LeaseLost,
    /// The command was decided on what is not so any more: people edited the link or removed it, or
    /// another process collected what the limits left. Nothing is stored.
    Overtaken,
}

/// How a send ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    Done(WriteAnswer),
    Rejected(Rejection),
    /// Certainly not executed (throttled, unreachable, unauthorised): intended again.
    NotExecuted(String),
    /// Certainly not executed, because what it was decided on has changed: decided anew. An earlier
    /// send whose outcome is not known is watched to its end first, and not sent again meanwhile.
    Stale(String),
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttentionRow {
    pub case: CaseKey,
    pub link: Option<LinkId>,
    pub reason: Reason,
    pub raised_at: Timestamp,
    pub ignored: bool,
}

/// A case as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    pub id: CaseId,
    pub key: CaseKey,
    pub link: Option<LinkId>,
    pub stage: Option<Stage>,
    pub reason: Option<Reason>,
    pub due_at: Option<Timestamp>,
    pub looked_at: Option<Timestamp>,
    pub leased: bool,
}

/// Filter and cursor of a list of cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    pub kind: Option<CaseKind>,
    pub link: Option<LinkId>,
    pub stage: Option<Stage>,
    pub reason: Option<ReasonCode>,
    /// Only cases after this id (ascending).
    pub after: Option<CaseId>,
    pub limit: u32,
}

/// One row of the audit trail, which is also the history of its case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub seq: i64,
    pub at: Timestamp,
    pub actor: Actor,
    pub case: Option<CaseKey>,
    /// "looked", "decided", "sent", "answered", "person", "connection", "policy" …
    pub what: String,
    pub body: serde_json::Value,
    /// Lower-case hex of the keyed chain value.
    pub chain: String,
}

/// The audit chain was checked from end to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChainCheck {
    Intact {
        rows: i64,
        head: String,
    },
    /// The first row that does not fit, and what is wrong with it.
    Broken {
        seq: i64,
        why: String,
    },
}

/// A delivery that was verified and committed before it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    pub id: i64,
    pub connection: ConnectionId,
    pub received_at: Timestamp,
    pub body: Vec<u8>,
}

/// A delivery as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxSeen {
    pub row: InboxRow,
    pub processed: bool,
    /// What in it could not be read, or why it was not needed.
    pub note: Option<String>,
}

/// What is noted with a processed delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Why it was not needed: nobody has to look at it.
    Said(String),
    /// What in it could not be understood: it waits for a person.
    Odd(String),
}

/// A delivery in which something could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddDelivery {
    pub id: i64,
    pub connection: ConnectionId,
    pub received_at: Timestamp,
    /// What it was.
    pub odd: String,
    pub dismissed: bool,
}

/// How far a stream of one connection was read completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The window up to here is complete. `None`: never read.
    pub until: Option<Timestamp>,
    /// When the last complete read ended, business clock.
    pub completed_at: Option<Timestamp>,
    /// Complete reads so far.
    pub sweeps: i64,
}

/// A collection in the directory: which case it belongs to, or that it names no invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionRow {
    pub account: AccountId,
    pub id: CollectionId,
    /// `None`: foreign, until a person matches it. Put again as `None`, a stored case stays.
    pub case: Option<CaseKey>,
    /// Somebody else made it (a predecessor, a person): it carries the invoice's id, not our key.
    pub adopted: bool,
    pub created_at: Timestamp,
    /// As last seen.
    pub body: Body,
}

/// The processor's customers, indexed for matching (its lists have no e-mail filter).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryRow {
    pub account: AccountId,
    pub customer: ProcessorCustomer,
}

/// Everything stored about the payments of one case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentContext {
    pub collections: Vec<CollectionRow>,
    /// By time, then id.
    pub events: Vec<Event>,
    /// By arrival, payout, ordinal.
    pub items: Vec<KeptItem>,
    pub documents: Vec<ItemDocument>,
}

impl PaymentContext {
    /// Each list in its order, and no document twice.
    pub(crate) fn in_order(mut self) -> PaymentContext {
        self.events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        self.items.sort_by(|a, b| {
            (a.arrival_on, &a.payout, a.item.ordinal).cmp(&(
                b.arrival_on,
                &b.payout,
                b.item.ordinal,
            ))
        });
        self.documents.sort();
        self.documents.dedup();
        self
    }
}

/// Totals of what a link collected on a day, for its limits. Minor units per currency code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayTotals {
    pub count: u32,
    pub minor: BTreeMap<String, i64>,
}

/// The totals of a link from a time on, and before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub from: Timestamp,
    pub to: Timestamp,
    pub totals: DayTotals,
}

/// What `status` shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StatusCounts {
    /// `(kind, stage, reason code) -> cases`.
    pub cases: Vec<(String, String, String, i64)>,
    pub attention: i64,
    pub due_now: i64,
    /// Leased right now.
    pub leased: i64,
    pub inbox_waiting: i64,
    /// Commands in flight or watched.
    pub commands_open: i64,
    /// Earliest due time after now, if any.
    pub next_due_at: Option<Timestamp>,
    /// Deliveries refused for their signature, per connection.
    pub bad_signatures: BTreeMap<String, i64>,
}

/// Identity of a customer pair look-up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PairQuery {
    pub erp: AccountId,
    pub processor: AccountId,
    pub customer: ErpCustomerId,
}

/// Narrowing of command states for lists.
#[must_use]
pub fn open_states() -> [CommandState; 3] {
    [CommandState::Intended, CommandState::InFlight, CommandState::Watched]
}
