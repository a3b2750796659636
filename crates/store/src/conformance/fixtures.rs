//! Small worlds for the suite: one ERP account, one processor account, invoices by number.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;

use model::case::{Actor, CaseKey, CaseKind};
use model::command::{
    Collect, CollectionOnly, Command, ProcessorWrite, Rejection, RejectionCause, Write, WriteAnswer,
};
use model::decision::{Decision, Stage};
use model::ids::{AccountId, CollectionId, ConnectionId, InvoiceId, LinkId, MandateId};
use model::key::Key;
use model::money::{Currency, Money};
use model::reason::{Reason, ReasonCode};

use crate::api::{Result, Store, StoreError};
use crate::rows::{
    ClaimRequest, Claimed, CommandRow, Connection, Hint, Link, LookResult, NewCommand, Saved,
    SendOutcome, Side,
};

pub(super) type AnyStore = Arc<dyn Store>;

/// Seconds of the leases that the suite takes, and the wait before a takeover.
pub(super) const LEASE: i64 = 60;
pub(super) const GRACE: i64 = 30;

/// How long the suite's sends are watched.
pub(super) const WATCH: i64 = 900;

/// A time, in seconds of the suite's own calendar.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).expect("a time of the suite")
}

/// The value, or the end of the test.
#[track_caller]
pub(super) fn ok<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the store said: {error}"),
    }
}

/// The call must be refused for what it asks.
#[track_caller]
pub(super) fn refused<T: Debug>(result: Result<T>) -> String {
    match result {
        Err(StoreError::Refused(why)) => why,
        other => panic!("should have been refused, and gave {other:?}"),
    }
}

pub(super) fn erp() -> AccountId {
    AccountId::new("erp:1_SB1")
}

pub(super) fn processor() -> AccountId {
    AccountId::new("pro:OR1")
}

pub(super) fn person() -> Actor {
    Actor::Person("ada".to_owned())
}

/// The case that collects invoice `n`.
pub(super) fn case(n: u32) -> CaseKey {
    CaseKey::collection(&erp(), &InvoiceId::new(n.to_string()))
}

pub(super) fn hint(n: u32, due: i64) -> Hint {
    Hint { case: case(n), due_at: at(due), link: Some(link_id()) }
}

pub(super) fn link_id() -> LinkId {
    LinkId::new("main")
}

pub(super) fn connection(id: &str, side: Side) -> Connection {
    Connection {
        id: ConnectionId::new(id),
        side,
        system: "system".to_owned(),
        account: Some(match side {
            Side::Erp => erp(),
            Side::Processor => processor(),
        }),
        production: Some(false),
        url: None,
        allow_host: false,
        settings: BTreeMap::from([("client".to_owned(), "c1".to_owned())]),
        created_at: at(0),
    }
}

/// Both connections and the link between them.
pub(super) async fn linked(store: &AnyStore) -> Link {
    for (id, side) in [("books", Side::Erp), ("bank", Side::Processor)] {
        ok(store.put_connection(&connection(id, side), &[], &person(), at(0)).await);
    }
    let mut link = Link {
        id: link_id(),
        erp: ConnectionId::new("books"),
        processor: ConnectionId::new("bank"),
        policy: model::policy::Policy::default(),
        version: 0,
    };
    link.version = ok(store.put_link(&link, &person(), at(0)).await);
    link
}

pub(super) fn request(worker: &str, now: i64) -> ClaimRequest {
    ClaimRequest {
        worker: worker.to_owned(),
        now: at(now),
        lease_now: at(now),
        lease_seconds: 60,
        grace_seconds: 30,
        kind: CaseKind::Collection,
        limit: 10,
    }
}

/// Hints one case and leases it there and then. What else was due is given back as it was.
pub(super) async fn lease(store: &AnyStore, worker: &str, n: u32, now: i64) -> Claimed {
    ok(store.hint(&[hint(n, now)]).await);
    let claimed = ok(store.claim(&ClaimRequest { limit: 1000, ..request(worker, now) }).await);
    let (mut ours, others): (Vec<_>, Vec<_>) =
        claimed.into_iter().partition(|claimed| claimed.key == case(n));
    for other in others {
        ok(store.release(other.id, other.epoch, Some(at(now))).await);
    }
    assert_eq!(ours.len(), 1, "case {n} can be leased");
    ours.remove(0)
}

pub(super) fn waiting() -> Decision {
    Decision::rest(Stage::Open, Reason::plain(ReasonCode::NoMandate))
}

/// What a look at a leased case gives that decided to wait.
pub(super) async fn look(store: &AnyStore, claimed: &Claimed, now: i64) -> LookResult {
    LookResult {
        case: claimed.id,
        epoch: claimed.epoch,
        seq: ok(store.next_seq().await),
        at: at(now),
        link: Some(link_id()),
        link_version: None,
        counted: Vec::new(),
        facts: Vec::new(),
        decision: waiting(),
        command: None,
        settle: Vec::new(),
        kept_items: Vec::new(),
        pairs: Vec::new(),
        collections: Vec::new(),
        freed: Vec::new(),
        hints: Vec::new(),
        refs: Vec::new(),
        actor: Actor::System,
    }
}

/// The `nth` collection of invoice `n`.
pub(super) fn key(n: u32, nth: u32) -> Key {
    Key::new(&["collect", &n.to_string(), &nth.to_string()])
}

pub(super) fn collect(n: u32, minor: i64) -> Write {
    Write::Processor(ProcessorWrite::Collect(Collect {
        invoice: InvoiceId::new(n.to_string()),
        mandate: MandateId::new("MD1"),
        amount: Money::new(minor, Currency::GBP),
        charge_on: None,
        description: format!("Invoice {n}"),
        reference: None,
        metadata: BTreeMap::new(),
        automatic_retry: false,
    }))
}

pub(super) fn cancel(n: u32) -> Write {
    Write::Processor(ProcessorWrite::CancelCollection(CollectionOnly {
        invoice: InvoiceId::new(n.to_string()),
        collection: CollectionId::new("PM1"),
    }))
}

pub(super) fn invoice_lock(n: u32) -> String {
    format!("{}|invoice/{n}", erp())
}

/// The look, deciding on a command.
pub(super) fn deciding(look: LookResult, key: Key, write: Write, locks: &[String]) -> LookResult {
    let command = Command { key, write };
    let acting = Reason::plain(ReasonCode::Acting);
    LookResult {
        decision: Decision::act(Stage::Collecting, acting, command.clone()),
        command: Some(NewCommand {
            connection: ConnectionId::new("bank"),
            account: processor(),
            command,
            locks: locks.to_vec(),
            passes_own_locks: false,
        }),
        ..look
    }
}

/// Leases case `n` and stores its first collection of 100.00, ready to be sent.
pub(super) async fn intended(store: &AnyStore, worker: &str, n: u32, now: i64) -> Claimed {
    let claimed = lease(store, worker, n, now).await;
    let look = look(store, &claimed, now).await;
    let look = deciding(look, key(n, 1), collect(n, 10_000), &[invoice_lock(n)]);
    assert_eq!(ok(store.save_look(&look).await), Saved::Stored);
    claimed
}

/// The same, with the send begun.
pub(super) async fn sent(store: &AnyStore, worker: &str, n: u32, now: i64) -> Claimed {
    let claimed = intended(store, worker, n, now).await;
    assert!(begin(store, &claimed, &key(n, 1), now).await, "the lease is fresh");
    claimed
}

/// Begins a send with ten seconds of lease needed.
pub(super) async fn begin(store: &AnyStore, claimed: &Claimed, key: &Key, now: i64) -> bool {
    ok(try_begin(store, claimed, key, now).await)
}

pub(super) async fn try_begin(
    store: &AnyStore,
    claimed: &Claimed,
    key: &Key,
    now: i64,
) -> Result<bool> {
    let seq = ok(store.next_seq().await);
    let until = at(now + WATCH);
    store.begin_send(key, claimed.epoch, seq, at(now), until, at(now), 10).await
}

pub(super) fn done(id: &str) -> SendOutcome {
    SendOutcome::Done(answer(id))
}

pub(super) fn answer(id: &str) -> WriteAnswer {
    WriteAnswer { id: id.to_owned(), adopted: false, url: None }
}

pub(super) fn rejected() -> SendOutcome {
    SendOutcome::Rejected(Rejection {
        cause: RejectionCause::Validation,
        words: "amount is too small".to_owned(),
        field: Some("amount".to_owned()),
    })
}

pub(super) fn not_executed() -> SendOutcome {
    SendOutcome::NotExecuted("slow down".to_owned())
}

pub(super) fn stale() -> SendOutcome {
    SendOutcome::Stale("the receipt is gone".to_owned())
}

pub(super) fn unknown() -> SendOutcome {
    SendOutcome::Unknown("no answer".to_owned())
}

/// The stored command.
pub(super) async fn command(store: &AnyStore, key: &Key) -> CommandRow {
    let rows = ok(store.commands(&[], 1000).await);
    let found = rows.into_iter().find(|row| &row.view.key == key);
    found.unwrap_or_else(|| panic!("{key} is not stored"))
}

/// What history says of case `n`, in order.
pub(super) async fn told(store: &AnyStore, n: u32) -> Vec<String> {
    ok(store.history(&case(n)).await).into_iter().map(|row| row.what).collect()
}
