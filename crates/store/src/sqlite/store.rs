//! The trait on SQLite: each method hands owned arguments to one operation in one transaction.

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
    SqliteStore, attention, audit, bank_details, cases, commands, connections, context, directory,
    exchanges, inbox, look, payouts, people, remembered, sends, streams, views,
};
use crate::api::{Result, Store};
use crate::rows::{
    AttentionRow, AuditRow, Body, CaseContext, CaseFilter, CaseId, CaseRow, ChainCheck,
    ClaimRequest, Claimed, CollectionRow, CommandRow, Connection, DayTotals, DirectoryRow, Hint,
    InboxRow, InboxSeen, Link, LookResult, Mark, NewMandateOrder, Note, OddDelivery, PairQuery,
    PaymentContext, PersonSaid, Saved, SendOutcome, StatusCounts,
};
use crate::rules::Send;

/// Hands copies of the named arguments to an operation: `go!(self.write, (a, b), |tx| …)`.
macro_rules! go {
    ($self:ident . $how:ident, ($($name:ident),*), |$tx:ident| $call:expr) => {{
        $(let $name = $name.to_owned();)*
        $self.$how(move |$tx| $call).await
    }};
}

#[async_trait]
impl Store for SqliteStore {
    async fn put_connection(
        &self,
        connection: &Connection,
        secrets: &[(String, SecretString)],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()> {
        go!(self.write, (connection, secrets, actor), |tx| connections::put_connection(
            tx,
            &connection,
            &secrets,
            &actor,
            at
        ))
    }

    async fn connections(&self) -> Result<Vec<Connection>> {
        self.read(connections::connections).await
    }

    async fn renew_secret(
        &self,
        connection: &ConnectionId,
        field: &str,
        secret: &SecretString,
        at: Timestamp,
    ) -> Result<()> {
        go!(self.write, (connection, field, secret), |tx| connections::renew_secret(
            tx,
            &connection,
            &field,
            &secret,
            at
        ))
    }

    async fn secrets(&self, connection: &ConnectionId) -> Result<Vec<(String, SecretString)>> {
        go!(self.read, (connection), |tx| connections::secrets(tx, &connection))
    }

    async fn remove_connection(
        &self,
        connection: &ConnectionId,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()> {
        go!(self.write, (connection, actor), |tx| connections::remove_connection(
            tx,
            &connection,
            &actor,
            at
        ))
    }

    async fn put_link(&self, link: &Link, actor: &Actor, at: Timestamp) -> Result<i64> {
        go!(self.write, (link, actor), |tx| connections::put_link(tx, &link, &actor, at))
    }

    async fn links(&self) -> Result<Vec<Link>> {
        self.read(connections::links).await
    }

    async fn remove_link(&self, link: &LinkId, actor: &Actor, at: Timestamp) -> Result<()> {
        go!(self.write, (link, actor), |tx| connections::remove_link(tx, &link, &actor, at))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>> {
        go!(self.read, (name), |tx| connections::setting(tx, &name))
    }

    async fn put_setting(
        &self,
        name: &str,
        value: &str,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()> {
        go!(self.write, (name, value, actor), |tx| connections::put_setting(
            tx, &name, &value, &actor, at
        ))
    }

    async fn next_seq(&self) -> Result<i64> {
        self.write(cases::next_seq).await
    }

    async fn hint(&self, hints: &[Hint]) -> Result<()> {
        go!(self.write, (hints), |tx| cases::hint(tx, &hints))
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>> {
        go!(self.write, (request), |tx| cases::claim(tx, &request))
    }

    async fn renew(
        &self,
        claimed: &[(CaseId, i64)],
        lease_until: Timestamp,
    ) -> Result<Vec<CaseId>> {
        go!(self.write, (claimed), |tx| cases::renew(tx, &claimed, lease_until))
    }

    async fn contexts(&self, cases: &[CaseId]) -> Result<Vec<CaseContext>> {
        go!(self.read, (cases), |tx| context::contexts(tx, &cases))
    }

    async fn payment_context(&self, case: &CaseKey) -> Result<PaymentContext> {
        go!(self.read, (case), |tx| context::payments(tx, &case))
    }

    async fn save_look(&self, result: &LookResult) -> Result<Saved> {
        go!(self.write, (result), |tx| look::save(tx, &result))
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
        self.write(move |tx| sends::begin(tx, &send)).await
    }

    async fn finish_send(&self, key: &Key, outcome: &SendOutcome, at: Timestamp) -> Result<()> {
        go!(self.write, (key, outcome), |tx| sends::finish(tx, &key, &outcome, at))
    }

    async fn release(&self, case: CaseId, epoch: i64, due_at: Option<Timestamp>) -> Result<()> {
        self.write(move |tx| cases::release(tx, case, epoch, due_at)).await
    }

    async fn expire_worker(&self, worker: &str) -> Result<u32> {
        go!(self.write, (worker), |tx| cases::expire_worker(tx, &worker))
    }

    async fn lease_holders(&self) -> Result<Vec<String>> {
        self.read(cases::lease_holders).await
    }

    async fn person_said(
        &self,
        case: &CaseKey,
        said: &PersonSaid,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<()> {
        go!(self.write, (case, said, actor), |tx| people::said(tx, &case, &said, &actor, at))
    }

    async fn order_mandate(
        &self,
        hint: &Hint,
        wanted: &NewMandateOrder,
        details: &SecretString,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<BankDetailsId> {
        let details = details.clone();
        go!(self.write, (hint, wanted, actor), |tx| bank_details::order(
            tx, &hint, &wanted, &details, &actor, at
        ))
    }

    async fn bank_details(&self, id: &BankDetailsId) -> Result<Option<SecretString>> {
        go!(self.read, (id), |tx| bank_details::get(tx, &id))
    }

    async fn inbox_put(
        &self,
        connection: &ConnectionId,
        body: &[u8],
        at: Timestamp,
    ) -> Result<i64> {
        go!(self.write, (connection, body), |tx| inbox::put(tx, &connection, &body, at))
    }

    async fn inbox_count_bad(&self, connection: &ConnectionId) -> Result<()> {
        go!(self.write, (connection), |tx| inbox::count_bad(tx, &connection))
    }

    async fn inbox_take(&self, limit: u32) -> Result<Vec<InboxRow>> {
        self.read(move |tx| inbox::take(tx, limit)).await
    }

    async fn inbox_done(&self, id: i64, hints: &[Hint], note: Option<&Note>) -> Result<()> {
        let note = note.cloned();
        go!(self.write, (hints), |tx| inbox::done(tx, id, &hints, note.as_ref()))
    }

    async fn odd_deliveries(&self, include_dismissed: bool) -> Result<Vec<OddDelivery>> {
        self.read(move |tx| inbox::odd(tx, include_dismissed)).await
    }

    async fn dismiss_delivery(&self, id: i64, actor: &Actor, at: Timestamp) -> Result<()> {
        go!(self.write, (actor), |tx| inbox::dismiss(tx, id, &actor, at))
    }

    async fn inbox_recent(&self, limit: u32) -> Result<Vec<InboxSeen>> {
        self.read(move |tx| inbox::recent(tx, limit)).await
    }

    async fn mark(&self, connection: &ConnectionId, stream: &str) -> Result<Mark> {
        go!(self.read, (connection, stream), |tx| streams::mark(tx, &connection, &stream))
    }

    async fn move_mark(
        &self,
        connection: &ConnectionId,
        stream: &str,
        until: Timestamp,
        completed_at: Timestamp,
    ) -> Result<()> {
        go!(self.write, (connection, stream), |tx| streams::move_mark(
            tx,
            &connection,
            &stream,
            until,
            completed_at
        ))
    }

    async fn lease_stream(
        &self,
        connection: &ConnectionId,
        stream: &str,
        worker: &str,
        lease_now: Timestamp,
        lease_seconds: u32,
    ) -> Result<bool> {
        go!(self.write, (connection, stream, worker), |tx| streams::lease(
            tx,
            &connection,
            &stream,
            &worker,
            lease_now,
            lease_seconds
        ))
    }

    async fn unknown_events(&self, account: &AccountId, ids: &[EventId]) -> Result<Vec<EventId>> {
        go!(self.read, (account, ids), |tx| streams::unknown_events(tx, &account, &ids))
    }

    async fn put_events(
        &self,
        account: &AccountId,
        events: &[Event],
        hints: &[Hint],
    ) -> Result<()> {
        go!(self.write, (account, events, hints), |tx| {
            streams::put_events(tx, &account, &events)?;
            cases::hint(tx, &hints)
        })
    }

    async fn events_of(&self, account: &AccountId, kind: &str, id: &str) -> Result<Vec<Event>> {
        go!(self.read, (account, kind, id), |tx| streams::events_of(tx, &account, &kind, &id))
    }

    async fn put_directory(&self, rows: &[DirectoryRow]) -> Result<()> {
        go!(self.write, (rows), |tx| directory::put_customers(tx, &rows))
    }

    async fn directory_by_email(
        &self,
        account: &AccountId,
        folded: &str,
    ) -> Result<Vec<ProcessorCustomer>> {
        go!(self.read, (account, folded), |tx| directory::by_email(tx, &account, &folded))
    }

    async fn directory_by_erp_customer(
        &self,
        account: &AccountId,
        customer: &str,
    ) -> Result<Vec<ProcessorCustomer>> {
        go!(self.read, (account, customer), |tx| directory::by_erp_customer(
            tx, &account, &customer
        ))
    }

    async fn pairs(&self, queries: &[PairQuery]) -> Result<Vec<Option<CustomerPair>>> {
        go!(self.read, (queries), |tx| directory::pairs(tx, &queries))
    }

    async fn pairs_of_processor(
        &self,
        processor: &AccountId,
        customer: &str,
    ) -> Result<Vec<(AccountId, CustomerPair)>> {
        go!(self.read, (processor, customer), |tx| directory::pairs_of_processor(
            tx, &processor, &customer
        ))
    }

    async fn put_collections(&self, rows: &[CollectionRow], hints: &[Hint]) -> Result<()> {
        go!(self.write, (rows, hints), |tx| {
            directory::put_collections(tx, &rows)?;
            cases::hint(tx, &hints)
        })
    }

    async fn collection_rows(
        &self,
        account: &AccountId,
        ids: &[CollectionId],
    ) -> Result<Vec<Option<CollectionRow>>> {
        go!(self.read, (account, ids), |tx| directory::collections(tx, &account, &ids))
    }

    async fn foreign_collections(
        &self,
        account: &AccountId,
        limit: u32,
    ) -> Result<Vec<CollectionRow>> {
        go!(self.read, (account), |tx| directory::foreign(tx, &account, limit))
    }

    async fn items_of_payout(
        &self,
        account: &AccountId,
        payout: &PayoutId,
    ) -> Result<Vec<KeptItem>> {
        go!(self.read, (account, payout), |tx| payouts::of_payout(tx, &account, &payout))
    }

    async fn items_of_refund(
        &self,
        account: &AccountId,
        refund: &ProcessorRefundId,
    ) -> Result<Vec<KeptItem>> {
        go!(self.read, (account, refund), |tx| payouts::of_refund(tx, &account, &refund))
    }

    async fn items_of_collection(
        &self,
        account: &AccountId,
        collection: &CollectionId,
    ) -> Result<Vec<KeptItem>> {
        go!(self.read, (account, collection), |tx| payouts::of_collection(
            tx,
            &account,
            &collection
        ))
    }

    async fn item_documents(
        &self,
        account: &AccountId,
        payout: &PayoutId,
    ) -> Result<Vec<ItemDocument>> {
        go!(self.read, (account, payout), |tx| payouts::documents(tx, &account, &payout))
    }

    async fn case(&self, key: &CaseKey) -> Result<Option<CaseRow>> {
        go!(self.read, (key), |tx| views::case(tx, &key))
    }

    async fn cases(&self, filter: &CaseFilter) -> Result<Vec<CaseRow>> {
        go!(self.read, (filter), |tx| views::cases(tx, &filter))
    }

    async fn attention(&self, include_ignored: bool) -> Result<Vec<AttentionRow>> {
        self.read(move |tx| attention::list(tx, include_ignored)).await
    }

    async fn history(&self, case: &CaseKey) -> Result<Vec<AuditRow>> {
        go!(self.read, (case), |tx| audit::history(tx, &case))
    }

    async fn commands(&self, states: &[CommandState], limit: u32) -> Result<Vec<CommandRow>> {
        go!(self.read, (states), |tx| commands::list(tx, &states, limit))
    }

    async fn day_totals(&self, link: &LinkId, from: Timestamp, to: Timestamp) -> Result<DayTotals> {
        go!(self.read, (link), |tx| views::day_totals(tx, &link, from, to))
    }

    async fn status(&self, now: Timestamp) -> Result<StatusCounts> {
        self.read(move |tx| views::status(tx, now)).await
    }

    async fn stale_cases(&self, looked_before: Timestamp, limit: u32) -> Result<Vec<CaseRow>> {
        self.read(move |tx| views::stale(tx, looked_before, limit)).await
    }

    async fn facts_named(&self, cases: &[CaseKey], subject: &str) -> Result<Vec<Option<Body>>> {
        go!(self.read, (cases, subject), |tx| context::facts_named(tx, &cases, &subject))
    }

    async fn cases_by_ref(&self, reference: &str) -> Result<Vec<CaseKey>> {
        go!(self.read, (reference), |tx| cases::by_ref(tx, &reference))
    }

    async fn audit(
        &self,
        actor: &Actor,
        case: Option<&CaseKey>,
        what: &str,
        body: &serde_json::Value,
        at: Timestamp,
    ) -> Result<()> {
        let case = case.cloned();
        go!(self.write, (actor, what, body), |tx| audit::append(
            tx,
            &actor,
            case.as_ref(),
            &what,
            &body,
            at
        ))
    }

    async fn audit_rows(&self, after_seq: i64, limit: u32) -> Result<Vec<AuditRow>> {
        self.read(move |tx| audit::rows(tx, after_seq, limit)).await
    }

    async fn verify_chain(&self) -> Result<ChainCheck> {
        self.read(audit::verify).await
    }

    async fn put_exchanges(&self, exchanges: &[Exchange], keep_most: u32) -> Result<()> {
        go!(self.write, (exchanges), |tx| exchanges::put(tx, &exchanges, keep_most))
    }

    async fn put_remembered(
        &self,
        connection: &ConnectionId,
        rows: &[(String, String)],
        keep_most: u32,
    ) -> Result<()> {
        go!(self.write, (connection, rows), |tx| remembered::put(tx, &connection, &rows, keep_most))
    }

    async fn remembered(&self, connection: &ConnectionId) -> Result<Vec<(String, String)>> {
        go!(self.read, (connection), |tx| remembered::all(tx, &connection))
    }

    async fn exchanges_of_command(&self, key: &Key) -> Result<Vec<Exchange>> {
        go!(self.read, (key), |tx| exchanges::of_command(tx, &key))
    }
}
