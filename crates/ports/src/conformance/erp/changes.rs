//! Lists of changes lose nothing: not at the edge of a mark, not between two pages, and not because
//! something changed while they were read (DESIGN.md section 2, "Sweeps").

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use model::command::{AnnotateInvoice, ErpWrite};
use model::ids::InvoiceId;
use model::invoice::{Annotation, Invoice, InvoiceStatus};

use super::expect::{ok, window};
use super::world::{World, key};
use crate::conformance::subject::{ErpSubject, Need};
use crate::{Read, Seen};

super::suite! {
    ErpSubject:
    a_new_invoice_is_listed_at_the_marks_edge,
    a_saved_invoice_is_listed_again,
    an_invoice_that_is_paid_is_listed_as_changed needs [Need::PaymentIsChange],
    our_own_fields_keep_a_paid_invoice_listed,
    invoices_of_one_moment_are_all_listed,
    what_changes_between_pages_is_not_lost,
    open_invoices_are_all_listed_and_no_others,
    what_is_paid_between_pages_hides_no_open_invoice,
    a_changed_customer_is_listed,
    a_list_says_what_a_read_says,
}

async fn changed(world: &World<'_>, since: Timestamp) -> BTreeMap<InvoiceId, Invoice> {
    changed_while(world, since, |_| ()).await
}

async fn changed_while(
    world: &World<'_>,
    since: Timestamp,
    between: impl FnMut(usize),
) -> BTreeMap<InvoiceId, Invoice> {
    let erp = world.erp;
    let ask =
        |mark: Option<String>| async move { erp.changed_invoices(since, mark.as_deref()).await };
    by_id(window(ask, between).await)
}

async fn open(world: &World<'_>, between: impl FnMut(usize)) -> BTreeMap<InvoiceId, Invoice> {
    let erp = world.erp;
    let ask = |mark: Option<String>| async move { erp.open_invoices(mark.as_deref()).await };
    by_id(window(ask, between).await)
}

/// A list never says that something is missing; the suite writes nothing odd.
fn by_id(records: Vec<Seen<InvoiceId, Invoice>>) -> BTreeMap<InvoiceId, Invoice> {
    let read = |seen: Seen<InvoiceId, Invoice>| match seen.read {
        Read::Found(invoice) => (seen.id, invoice),
        other => panic!("{} is listed as {other:?}", seen.id),
    };
    records.into_iter().map(read).collect()
}

/// More than one page, of one customer, made in one moment.
fn many(world: &World<'_>) -> Vec<InvoiceId> {
    let count = world.subject.page_len() + 3;
    (0..count).map(|nth| world.invoice(&format!("MANY-{nth}"), 1_000)).collect()
}

fn later(world: &World<'_>) {
    world.subject.pass(Duration::from_secs(3_600));
}

async fn a_new_invoice_is_listed_at_the_marks_edge(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let old = world.invoice("INV-1", 100);
    // A week, so that no looking further back shows the old one's making as news.
    subject.pass(Duration::from_secs(7 * 86_400));
    let mark = subject.now();
    let new = world.invoice("INV-2", 200);
    let listed = changed(&world, mark).await;
    assert!(listed.contains_key(&new), "made in the moment of the mark: {listed:?}");
    assert_eq!(listed[&new].due, world.money(200));
    assert!(changed(&world, mark - SignedDuration::from_hours(24 * 30)).await.contains_key(&old));
}

async fn a_saved_invoice_is_listed_again(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let id = world.invoice("INV-1", 100);
    let before = world.read_invoice(&id).await;
    subject.pass(Duration::from_secs(7 * 86_400));
    let mark = subject.now();
    subject.touch_invoice(&id);
    let listed = changed(&world, mark).await;
    let after = listed.get(&id).unwrap_or_else(|| panic!("saved and not listed: {listed:?}"));
    assert!(after.version > before.version, "{} then {}", before.version, after.version);
}

async fn an_invoice_that_is_paid_is_listed_as_changed(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let id = world.invoice("INV-1", 100);
    subject.pass(Duration::from_secs(7 * 86_400));
    let mark = subject.now();
    subject.pay_by_hand(&id, world.money(40));
    let listed = changed(&world, mark).await;
    assert_eq!(listed.get(&id).map(|invoice| invoice.due.minor), Some(60));
}

/// Invoices that are neither open nor known to us may be left out, unless they carry our fields.
async fn our_own_fields_keep_a_paid_invoice_listed(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let id = world.invoice("INV-1", 100);
    let annotation = Annotation { collection: Some("PM0001".to_owned()), ..Annotation::default() };
    let write = AnnotateInvoice { invoice: id.clone(), annotation, clear_retry: false };
    ok(world.erp.write(&key("annotate"), &ErpWrite::AnnotateInvoice(write)).await);
    subject.pass(Duration::from_secs(7 * 86_400));
    let mark = subject.now();
    subject.pay_by_hand(&id, world.money(100));
    subject.touch_invoice(&id);
    let listed = changed(&world, mark).await;
    assert_eq!(listed.get(&id).map(|invoice| invoice.status), Some(InvoiceStatus::Paid));
}

async fn invoices_of_one_moment_are_all_listed(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let mark = subject.now();
    let ids = many(&world);
    let listed = changed(&world, mark).await;
    let lost: Vec<_> = ids.iter().filter(|id| !listed.contains_key(id)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), ids.len());
}

async fn what_changes_between_pages_is_not_lost(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let mark = subject.now();
    let ids = many(&world);
    let (first, last) = (&ids[0], &ids[ids.len() - 1]);
    let mut new = Vec::new();
    let listed = changed_while(&world, mark, |nth| {
        later(&world);
        subject.touch_invoice(first);
        subject.touch_invoice(last);
        new.push(world.invoice(&format!("NEW-{nth}"), 300));
    })
    .await;
    assert!(!new.is_empty(), "there was one page only");
    let lost: Vec<_> = ids.iter().filter(|id| !listed.contains_key(id)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    // What came in between is for the next window, whose mark is this window's beginning.
    let next = changed(&world, mark).await;
    assert!(new.iter().all(|id| next.contains_key(id)));
}

async fn open_invoices_are_all_listed_and_no_others(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let ids = many(&world);
    subject.pay_by_hand(&ids[1], world.money(1_000));
    subject.pay_by_hand(&ids[2], world.money(999));
    let listed = open(&world, |_| ()).await;
    assert!(!listed.contains_key(&ids[1]), "paid, and listed as open");
    assert_eq!(listed.len(), ids.len() - 1);
    assert_eq!(listed[&ids[2]].due, world.money(1));
}

async fn what_is_paid_between_pages_hides_no_open_invoice(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let ids = many(&world);
    let page = subject.page_len();
    let listed = open(&world, |nth| {
        if nth == 0 {
            subject.pay_by_hand(&ids[0], world.money(1_000));
            subject.pay_by_hand(&ids[1], world.money(1_000));
        }
    })
    .await;
    let lost: Vec<_> = ids[2..].iter().filter(|id| !listed.contains_key(id)).collect();
    assert!(lost.is_empty(), "page {page}: lost {lost:?}");
}

async fn a_changed_customer_is_listed(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    subject.pass(Duration::from_secs(7 * 86_400));
    let mark = subject.now();
    let new = world.customer_in(world.chart.currency);
    let erp = world.erp;
    let ask =
        |page: Option<String>| async move { erp.changed_customers(mark, page.as_deref()).await };
    let listed = window(ask, |_| ()).await;
    let seen = listed.into_iter().find(|seen| seen.id == new);
    assert!(seen.is_some_and(|seen| seen.read.found().is_some()), "{new} is not listed");
}

async fn a_list_says_what_a_read_says(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let mark = subject.now();
    let id = world.invoice("INV-1", 24_000);
    let part = world.receipt_for(&id, 9_999, 9_999).await;
    ok(world.record("part", &part).await);
    let read = world.read_invoice(&id).await;
    assert_eq!(changed(&world, mark).await.get(&id), Some(&read));
    assert_eq!(open(&world, |_| ()).await.get(&id), Some(&read));
}
