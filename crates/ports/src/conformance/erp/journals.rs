//! Journal entries: balanced, once per key.

use model::command::{ErpWrite, RecordJournal, RejectionCause, WriteAnswer};
use model::receipt::{DocumentKind, ErpDocument, Journal};

use super::expect::{adopted, made, ok, rejected, rejected_as};
use super::world::{World, key};
use crate::PortError;
use crate::conformance::subject::ErpSubject;

super::suite! {
    ErpSubject:
    a_journal_moves_what_it_says,
    a_journal_that_does_not_balance_is_refused,
    the_same_journal_again_is_adopted,
    the_key_with_another_journal_is_refused,
    a_closed_period_refuses_a_journal_until_it_is_open,
}

async fn put(
    world: &World<'_>,
    name: &str,
    journal: &RecordJournal,
) -> Result<WriteAnswer, PortError> {
    world.write(name, &ErpWrite::RecordJournal(journal.clone())).await
}

async fn journal(world: &World<'_>, name: &str) -> Journal {
    match world.document(DocumentKind::Journal, name).await {
        ErpDocument::Journal(journal) => journal,
        other => panic!("{name} is no journal: {other:?}"),
    }
}

async fn a_journal_moves_what_it_says(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let id = made(put(&world, "journal", &world.journal_of(241)).await);
    let there = journal(&world, "journal").await;
    assert_eq!((there.id.as_str(), there.dated_on), (id.as_str(), world.chart.day));
    assert!(there.posted && !there.voided, "{there:?}");
    let mut lines = there.lines;
    lines.sort_by_key(|(_, amount)| amount.minor);
    let wanted = [(&world.chart.bank, -241), (&world.chart.fees, 241)];
    assert_eq!(lines, wanted.map(|(account, minor)| (account.clone(), world.money(minor))));
    assert_eq!(world.balance(&world.chart.bank).await, -241);
    assert_eq!(world.balance(&world.chart.fees).await, 241);
}

async fn a_journal_that_does_not_balance_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let mut off = world.journal_of(241);
    off.lines[0].amount = world.money(-240);
    rejected_as(put(&world, "journal", &off).await, RejectionCause::Validation);
    off.lines.truncate(1);
    rejected_as(put(&world, "journal", &off).await, RejectionCause::Validation);
    world.nothing_under(DocumentKind::Journal, "journal").await;
    assert_eq!(world.balance(&world.chart.fees).await, 0);
}

async fn the_same_journal_again_is_adopted(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let write = world.journal_of(241);
    let id = made(put(&world, "journal", &write).await);
    adopted(put(&world, "journal", &write).await, &id);
    let found = ok(world.erp.find(&key("journal"), &ErpWrite::RecordJournal(write)).await);
    assert_eq!(found.map(|answer| answer.id), Some(id));
    assert_eq!(world.balance(&world.chart.fees).await, 241);
}

async fn the_key_with_another_journal_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    ok(put(&world, "journal", &world.journal_of(241)).await);
    let there = journal(&world, "journal").await;
    let other = world.journal_of(242);
    rejected(put(&world, "journal", &other).await);
    rejected(world.erp.find(&key("journal"), &ErpWrite::RecordJournal(other)).await);
    assert_eq!(journal(&world, "journal").await, there);
    assert_eq!(world.balance(&world.chart.fees).await, 241);
}

async fn a_closed_period_refuses_a_journal_until_it_is_open(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let write = world.journal_of(241);
    subject.set_period(world.chart.day, false);
    rejected_as(put(&world, "journal", &write).await, RejectionCause::PeriodClosed);
    world.nothing_under(DocumentKind::Journal, "journal").await;
    subject.set_period(world.chart.day, true);
    made(put(&world, "journal", &write).await);
}
