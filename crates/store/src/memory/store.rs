//! The trait in memory: each method is one operation in one transaction, in the calling task.

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use model::case::{Actor, CaseKey};
use model::command::CommandState;
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

use super::{
    MemoryStore, cases, commands, connections, directory, inbox, look, payouts, people, streams,
    trail, views,
};
use crate::api::{Result, Store};
use crate::rows::{
    AttentionRow, AuditRow, Body, CaseContext, CaseFilter, CaseId, CaseRow, ChainCheck,
    ClaimRequest, Claimed, CollectionRow, CommandRow, Connection, DayTotals, DirectoryRow, Hint,
    InboxRow, InboxSeen, Link, LookResult, Mark, NewMandateOrder, Note, OddDelivery, PairQuery,
    PaymentContext, PersonSaid, Saved, SendOutcome, StatusCounts,
};
use crate::rules::Send;

#[async_trait]
impl Store for MemoryStore {
    async fn put_connection(
        &self,
        connection: &Connection,
        secrets: &[(String, SecretString)],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()> {
        self.write(|tx| connections::put_connection(tx, connection, secrets, actor, at))
    }

    async fn connections(&self) -> Result<Vec<Connection>> {
        self.read(|rows| Ok(connections::connections(rows)))
    }

    async fn renew_secret(
        &self,
        connection: &ConnectionId,
        field: &str,
        secret: &SecretString,
        at: Timestamp,
    ) -> Result<()> {
        self.write(|tx| connections::renew_secret(tx, connection, field, secret, at))
    }

    async fn secrets(&self, connection: &ConnectionId) -> Result<Vec<(String, SecretString)>> {
        self.read(|rows| connections::secrets(rows, &self.vault, connection))
    }

    async fn remove_connection(
        &self,
        connection: &ConnectionId,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()> {
        self.write(|tx| connections::remove_connection(tx, connection, actor, at))
    }

    async fn put_link(&self, link: &Link, actor: &Actor, at: Timestamp) -> Result<i64> {
        self.write(|tx| connections::put_link(tx, link, actor, at))
    }

    async fn links(&self) -> Result<Vec<Link>> {
        self.read(|rows| Ok(connections::links(rows)))
    }

    async fn remove_link(&self, link: &LinkId, actor: &Actor, at: Timestamp) -> Result<()> {
        self.write(|tx| connections::remove_link(tx, link, actor, at))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>> {
        self.read(|rows| Ok(rows.settings.get(name).cloned()))
    }

    async fn put_setting(
        &self,
        name: &str,
        value: &str,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()> {
        self.write(|tx| connections::put_setting(tx, name, value, actor, at))
    }

    async fn next_seq(&self) -> Result<i64> {
        self.write(|tx| Ok(cases::next_seq(tx)))
    }

    async fn hint(&self, hints: &[Hint]) -> Result<()> {
        self.write(|tx| cases::hint(tx, hints))
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>> {
        self.write(|tx| cases::claim(tx, request))
    }

    async fn renew(
        &self,
        claimed: &[(CaseId, i64)],
        lease_until: Timestamp,
    ) -> Result<Vec<CaseId>> {
        self.write(|tx| Ok(cases::renew(tx, claimed, lease_until)))
    }

    async fn contexts(&self, cases: &[CaseId]) -> Result<Vec<CaseContext>> {
        self.read(|rows| look::contexts(rows, cases))
    }

    async fn payment_context(&self, case: &CaseKey) -> Result<PaymentContext> {
        self.read(|rows| Ok(look::payments(rows, case)))
    }

    async fn save_look(&self, result: &LookResult) -> Result<Saved> {
        self.write(|tx| look::save(tx, result))
    }

    async fn begin_send(
        &self,
        key: &Key,
        epoch: i64,
        seq: i64,
        at: Timestamp,
        watch_until: Timestamp,
        lease_now: Timestamp,
        need_lease_seconds: u32,
    ) -> Result<bool> {
        let key = key.clone();
        let send = Send { key, epoch, seq, at, watch_until, lease_now, need_lease_seconds };
        self.write(|tx| commands::begin(tx, &send))
    }

    async fn finish_send(&self, key: &Key, outcome: &SendOutcome, at: Timestamp) -> Result<()> {
        self.write(|tx| commands::finish(tx, key, outcome, at))
    }

    async fn release(&self, case: CaseId, epoch: i64, due_at: Option<Timestamp>) -> Result<()> {
        self.write(|tx| {
            cases::release(tx, case, epoch, due_at);
            Ok(())
        })
    }

    async fn expire_worker(&self, worker: &str) -> Result<u32> {
        self.write(|tx| Ok(cases::expire_worker(tx, worker)))
    }

    async fn lease_holders(&self) -> Result<Vec<String>> {
        self.read(|rows| Ok(cases::lease_holders(rows)))
    }

    async fn person_said(
        &self,
        case: &CaseKey,
        said: &PersonSaid,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()> {
        self.write(|tx| people::said(tx, case, said, actor, at))
    }

    async fn order_mandate(
        &self,
        hint: &Hint,
        wanted: &NewMandateOrder,
        details: &SecretString,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<BankDetailsId> {
        self.write(|tx| people::order(tx, hint, wanted, details, actor, at))
    }

    async fn bank_details(&self, id: &BankDetailsId) -> Result<Option<SecretString>> {
        self.read(|rows| people::details(rows, &self.vault, id))
    }

    async fn inbox_put(
        &self,
        connection: &ConnectionId,
        body: &[u8],
        at: Timestamp,
    ) -> Result<i64> {
        self.write(|tx| Ok(inbox::put(tx, connection, body, at)))
    }

    async fn inbox_count_bad(&self, connection: &ConnectionId) -> Result<()> {
        self.write(|tx| connections::count_bad(tx, connection))
    }

    async fn inbox_take(&self, limit: u32) -> Result<Vec<InboxRow>> {
        self.read(|rows| inbox::take(rows, limit))
    }

    async fn inbox_done(&self, id: i64, hints: &[Hint], note: Option<&Note>) -> Result<()> {
        self.write(|tx| inbox::done(tx, id, hints, note))
    }

    async fn odd_deliveries(&self, include_dismissed: bool) -> Result<Vec<OddDelivery>> {
        self.read(|rows| inbox::odd(rows, include_dismissed))
    }

    async fn dismiss_delivery(&self, id: i64, actor: &Actor, at: Timestamp) -> Result<()> {
        self.write(|tx| inbox::dismiss(tx, id, actor, at))
    }

    async fn inbox_recent(&self, limit: u32) -> Result<Vec<InboxSeen>> {
        self.read(|rows| inbox::recent(rows, limit))
    }

    async fn mark(&self, connection: &ConnectionId, stream: &str) -> Result<Mark> {
        self.read(|rows| streams::mark(rows, connection, stream))
    }

    async fn move_mark(
        &self,
        connection: &ConnectionId,
        stream: &str,
        until: Timestamp,
        completed_at: Timestamp,
    ) -> Result<()> {
        self.write(|tx| {
            streams::move_mark(tx, connection, stream, until, completed_at);
            Ok(())
        })
    }

    async fn lease_stream(
        &self,
        connection: &ConnectionId,
        stream: &str,
        worker: &str,
        lease_now: Timestamp,
        lease_seconds: u32,
    ) -> Result<bool> {
        self.write(|tx| {
            Ok(streams::lease(tx, connection, stream, worker, lease_now, lease_seconds))
        })
    }

    async fn unknown_events(&self, account: &AccountId, ids: &[EventId]) -> Result<Vec<EventId>> {
        self.read(|rows| Ok(streams::unknown_events(rows, account, ids)))
    }

    async fn put_events(
        &self,
        account: &AccountId,
        events: &[Event],
        hints: &[Hint],
    ) -> Result<()> {
        self.write(|tx| {
            streams::put_events(tx, account, events);
            cases::hint(tx, hints)
        })
    }

    async fn events_of(&self, account: &AccountId, kind: &str, id: &str) -> Result<Vec<Event>> {
        self.read(|rows| Ok(streams::events_of(rows, account, kind, id)))
    }

    async fn put_directory(&self, rows: &[DirectoryRow]) -> Result<()> {
        self.write(|tx| {
            directory::put_customers(tx, rows);
            Ok(())
        })
    }

    async fn directory_by_email(
        &self,
        account: &AccountId,
        folded: &str,
    ) -> Result<Vec<ProcessorCustomer>> {
        self.read(|rows| Ok(directory::by_email(rows, account, folded)))
    }

    async fn directory_by_erp_customer(
        &self,
        account: &AccountId,
        customer: &str,
    ) -> Result<Vec<ProcessorCustomer>> {
        self.read(|rows| Ok(directory::by_erp_customer(rows, account, customer)))
    }

    async fn pairs(&self, queries: &[PairQuery]) -> Result<Vec<Option<CustomerPair>>> {
        self.read(|rows| Ok(directory::pairs(rows, queries)))
    }

    async fn pairs_of_processor(
        &self,
        processor: &AccountId,
        customer: &str,
    ) -> Result<Vec<(AccountId, CustomerPair)>> {
        self.read(|rows| Ok(directory::pairs_of_processor(rows, processor, customer)))
    }

    async fn put_collections(&self, rows: &[CollectionRow], hints: &[Hint]) -> Result<()> {
        self.write(|tx| {
            directory::put_collections(tx, rows)?;
            cases::hint(tx, hints)
        })
    }

    async fn collection_rows(
        &self,
        account: &AccountId,
        ids: &[CollectionId],
    ) -> Result<Vec<Option<CollectionRow>>> {
        self.read(|rows| Ok(directory::collections(rows, account, ids)))
    }

    async fn foreign_collections(
        &self,
        account: &AccountId,
        limit: u32,
    ) -> Result<Vec<CollectionRow>> {
        self.read(|rows| Ok(directory::foreign(rows, account, limit)))
    }

    async fn items_of_payout(
        &self,
        account: &AccountId,
        payout: &PayoutId,
    ) -> Result<Vec<KeptItem>> {
        self.read(|rows| Ok(payouts::of_payout(rows, account, payout)))
    }

    async fn items_of_refund(
        &self,
        account: &AccountId,
        refund: &ProcessorRefundId,
    ) -> Result<Vec<KeptItem>> {
        self.read(|rows| Ok(payouts::of_refund(rows, account, refund)))
    }

    async fn items_of_collection(
        &self,
        account: &AccountId,
        collection: &CollectionId,
    ) -> Result<Vec<KeptItem>> {
        self.read(|rows| Ok(payouts::of_collection(rows, account, collection)))
    }

    async fn item_documents(
        &self,
        account: &AccountId,
        payout: &PayoutId,
    ) -> Result<Vec<ItemDocument>> {
        self.read(|rows| Ok(payouts::documents(rows, account, payout)))
    }

    async fn case(&self, key: &CaseKey) -> Result<Option<CaseRow>> {
        self.read(|rows| views::case(rows, key))
    }

    async fn cases(&self, filter: &CaseFilter) -> Result<Vec<CaseRow>> {
        self.read(|rows| views::cases(rows, filter))
    }

    async fn attention(&self, include_ignored: bool) -> Result<Vec<AttentionRow>> {
        self.read(|rows| look::attention(rows, include_ignored))
    }

    async fn history(&self, case: &CaseKey) -> Result<Vec<AuditRow>> {
        self.read(|rows| trail::history(rows, case))
    }

    async fn commands(&self, states: &[CommandState], limit: u32) -> Result<Vec<CommandRow>> {
        self.read(|rows| commands::list(rows, states, limit))
    }

    async fn day_totals(&self, link: &LinkId, from: Timestamp, to: Timestamp) -> Result<DayTotals> {
        self.read(|rows| Ok(views::day_totals(rows, link, from, to)))
    }

    async fn status(&self, now: Timestamp) -> Result<StatusCounts> {
        self.read(|rows| views::status(rows, now))
    }

    async fn stale_cases(&self, looked_before: Timestamp, limit: u32) -> Result<Vec<CaseRow>> {
        self.read(|rows| views::stale(rows, looked_before, limit))
    }

    async fn facts_named(&self, cases: &[CaseKey], subject: &str) -> Result<Vec<Option<Body>>> {
        self.read(|rows| Ok(look::facts_named(rows, cases, subject)))
    }

    async fn cases_by_ref(&self, reference: &str) -> Result<Vec<CaseKey>> {
        self.read(|rows| Ok(cases::by_ref(rows, reference)))
    }

    async fn audit(
        &self,
        actor: &Actor,
        case: Option<&CaseKey>,
        what: &str,
        body: &serde_json::Value,
        at: Timestamp,
    ) -> Result<()> {
        self.write(|tx| trail::append(tx, actor, case, what, body, at))
    }

    async fn audit_rows(&self, after_seq: i64, limit: u32) -> Result<Vec<AuditRow>> {
        self.read(|rows| trail::rows(rows, after_seq, limit))
    }

    async fn verify_chain(&self) -> Result<ChainCheck> {
        self.read(|rows| Ok(trail::verify(rows, &self.vault)))
    }

    async fn put_exchanges(&self, exchanges: &[Exchange], keep_most: u32) -> Result<()> {
        self.write(|tx| {
            views::put_exchanges(tx, exchanges, keep_most);
            Ok(())
        })
    }

    async fn exchanges_of_command(&self, key: &Key) -> Result<Vec<Exchange>> {
        self.read(|rows| Ok(views::exchanges_of_command(rows, key)))
    }

    async fn put_remembered(
        &self,
        connection: &ConnectionId,
        rows: &[(String, String)],
        keep_most: u32,
    ) -> Result<()> {
        self.write(|tx| {
            connections::put_remembered(tx, connection, rows, keep_most);
            Ok(())
        })
    }

    async fn remembered(&self, connection: &ConnectionId) -> Result<Vec<(String, String)>> {
        self.read(|rows| Ok(connections::remembered(rows, connection)))
    }
}
