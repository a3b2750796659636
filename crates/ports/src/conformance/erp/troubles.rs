//! Errors say what to do next, and what was refused or not reached has no effect.

use std::time::Duration;

use model::command::{ErpWrite, RejectionCause};
use model::receipt::DocumentKind;

use super::expect::{
    found, made, ok, only, rejected_as, stale, throttled, unauthorised, unavailable,
};
use super::world::{World, key};
use crate::conformance::subject::{ErpSubject, Need, Trouble};
use crate::{Depth, PortError};

super::suite! {
    ErpSubject:
    a_read_without_an_answer_is_unavailable needs [Need::Trouble(Trouble::Silence)],
    a_write_without_an_answer_may_have_happened needs [Need::Trouble(Trouble::Silence)],
    a_read_that_fails_over_there_is_unavailable needs [Need::Trouble(Trouble::Down)],
    a_write_that_fails_over_there_is_never_said_to_be_refused needs [Need::Trouble(Trouble::Down)],
    too_many_requests_are_throttled needs [Need::Trouble(Trouble::Throttled)],
    refused_credentials_are_unauthorised needs [Need::Trouble(Trouble::Unauthorised)],
    an_expired_token_is_renewed needs [Need::Trouble(Trouble::TokenExpired)],
    a_missing_permission_is_a_refusal_by_that_name needs [Need::Permissions],
    a_record_that_somebody_saves_meanwhile_is_stale needs [Need::Trouble(Trouble::Conflict)],
    direct_reads_are_never_behind needs [Need::Trouble(Trouble::Stale)],
    lists_are_up_to_date_after_the_stated_staleness needs [Need::Trouble(Trouble::Stale)],
}

/// Every read of the port must end in the expected error.
async fn check_reads(world: &World<'_>, check: impl Fn(Result<(), PortError>)) {
    let erp = world.erp;
    let customers = std::slice::from_ref(&world.customer);
    let since = world.subject.now();
    let keys = [(DocumentKind::Receipt, key("never"))];
    for depth in super::world::BOTH {
        check(erp.invoices(&["1".into()], depth).await.map(drop));
        check(erp.customers(customers, depth).await.map(drop));
        check(erp.documents(&keys, depth).await.map(drop));
    }
    check(erp.receipts(&["1".into()]).await.map(drop));
    check(erp.changed_invoices(since, None).await.map(drop));
    check(erp.open_invoices(None).await.map(drop));
    check(erp.changed_customers(since, None).await.map(drop));
    check(erp.periods().await.map(drop));
    if world.subject.stands(&world.chart.bank).is_none() {
        check(erp.account_balance(&world.chart.bank).await.map(drop));
    }
    let write = ErpWrite::RecordJournal(world.journal_of(1));
    check(erp.find(&key("never"), &write).await.map(drop));
}

async fn a_read_without_an_answer_is_unavailable(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::Silence);
    check_reads(&world, unavailable).await;
    subject.calm();
    ok(world.erp.periods().await);
}

async fn a_write_without_an_answer_may_have_happened(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    // Whatever the connector reads about the account, it has read.
    ok(world.write("first", &ErpWrite::RecordJournal(world.journal_of(1))).await);
    subject.trouble(Trouble::Silence);
    let write = ErpWrite::RecordJournal(world.journal_of(241));
    let told = world.write("second", &write).await;
    let right = matches!(told, Err(PortError::OutcomeUnknown(_) | PortError::Unavailable(_)));
    assert!(right, "{told:?}");
    subject.calm();
    let found = ok(world.erp.find(&key("second"), &write).await);
    assert!(found.is_none() || matches!(told, Err(PortError::OutcomeUnknown(_))), "{told:?}");
}

async fn a_read_that_fails_over_there_is_unavailable(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::Down);
    check_reads(&world, unavailable).await;
    subject.calm();
    ok(world.erp.periods().await);
}

async fn a_write_that_fails_over_there_is_never_said_to_be_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    ok(world.write("first", &ErpWrite::RecordJournal(world.journal_of(1))).await);
    subject.trouble(Trouble::Down);
    let write = ErpWrite::RecordJournal(world.journal_of(241));
    let told = world.write("second", &write).await;
    let right = matches!(told, Err(PortError::OutcomeUnknown(_) | PortError::Unavailable(_)));
    assert!(right, "{told:?}");
}

async fn too_many_requests_are_throttled(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    ok(world.write("first", &ErpWrite::RecordJournal(world.journal_of(1))).await);
    subject.trouble(Trouble::Throttled);
    check_reads(&world, throttled).await;
    throttled(world.write("second", &ErpWrite::RecordJournal(world.journal_of(241))).await);
    subject.calm();
    subject.pass(Duration::from_secs(600));
    world.nothing_under(DocumentKind::Journal, "second").await;
    made(world.write("second", &ErpWrite::RecordJournal(world.journal_of(241))).await);
}

async fn refused_credentials_are_unauthorised(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    ok(world.write("first", &ErpWrite::RecordJournal(world.journal_of(1))).await);
    subject.trouble(Trouble::Unauthorised);
    check_reads(&world, unauthorised).await;
    unauthorised(world.write("second", &ErpWrite::RecordJournal(world.journal_of(241))).await);
    subject.calm();
    world.nothing_under(DocumentKind::Journal, "second").await;
    made(world.write("second", &ErpWrite::RecordJournal(world.journal_of(241))).await);
}

/// Renewed once and unnoticed, before a read and before a write, which is then made once.
async fn an_expired_token_is_renewed(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    assert_eq!(world.due(&invoice).await, 24_000);
    subject.trouble(Trouble::TokenExpired);
    assert_eq!(world.due(&invoice).await, 24_000);
    let write = world.receipt_for(&invoice, 24_000, 24_000).await;
    subject.trouble(Trouble::TokenExpired);
    made(world.record("receipt", &write).await);
    assert_eq!(world.held().await, (24_000, 0));
}

/// The credentials are good, the role may not: a refusal of this write, and of no other.
async fn a_missing_permission_is_a_refusal_by_that_name(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = world.receipt_for(&invoice, 24_000, 24_000).await;
    subject.forbid_receipts();
    rejected_as(world.record("receipt", &write).await, RejectionCause::Permission);
    assert_eq!(world.due(&invoice).await, 24_000);
    made(world.write("journal", &ErpWrite::RecordJournal(world.journal_of(241))).await);
}

async fn a_record_that_somebody_saves_meanwhile_is_stale(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    let off = world.unapply(&receipt, &invoice, 24_000);
    subject.trouble(Trouble::Conflict);
    stale(world.write("off", &off).await);
    subject.calm();
    assert_eq!(world.receipt("receipt").await.unapplied, world.money(0));
    assert_eq!(ok(world.erp.find(&key("off"), &off).await), None);
    ok(world.write("off", &off).await);
    assert_eq!(world.due(&invoice).await, 24_000);
}

async fn direct_reads_are_never_behind(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    subject.pass(Duration::from_secs(3_600));
    subject.trouble(Trouble::Stale);
    let new = world.invoice("INV-2", 100);
    let receipt = world.paid("receipt", &invoice).await;
    assert_eq!(world.due(&invoice).await, 0);
    assert_eq!(world.due(&new).await, 100);
    assert_eq!(world.applied(&receipt.id, &invoice).await, 24_000);
    // A cheap read may lag, but what it does not show at all is read directly.
    let cheap = ok(world.erp.invoices(std::slice::from_ref(&new), Depth::Cheap).await);
    assert_eq!(found(only(cheap)).due, world.money(100));
    let write = ErpWrite::RecordJournal(world.journal_of(241));
    let id = made(world.write("journal", &write).await);
    let seen = ok(world.erp.find(&key("journal"), &write).await);
    assert_eq!(seen.map(|answer| answer.id), Some(id), "looked for in what lags");
}

async fn lists_are_up_to_date_after_the_stated_staleness(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    subject.pass(Duration::from_secs(3_600));
    let mark = subject.now();
    subject.trouble(Trouble::Stale);
    let id = world.invoice("INV-1", 24_000);
    subject.pass(world.erp.description().staleness + Duration::from_secs(60));
    let page = ok(world.erp.changed_invoices(mark, None).await);
    assert!(page.records.iter().any(|seen| seen.id == id), "still not listed");
    let cheap = ok(world.erp.invoices(&[id], Depth::Cheap).await);
    assert_eq!(found(only(cheap)).due, world.money(24_000));
}
