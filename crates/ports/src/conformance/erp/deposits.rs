//! Bank deposits: they bring exactly the total that was decided, each receipt once.

use model::command::{DepositLine, ErpWrite, RecordDeposit, RejectionCause, WriteAnswer};
use model::receipt::{Deposit, DocumentKind, ErpDocument, Receipt, ReceiptPlace};

use super::expect::{adopted, found, made, not_done, ok, rejected, rejected_as};
use super::world::{BOTH, World, key};
use crate::conformance::subject::{ErpSubject, Need};
use crate::{PortError, Read};

super::suite! {
    ErpSubject:
    a_deposit_brings_its_total_to_the_bank,
    a_deposit_adds_and_takes_lines,
    a_total_that_the_lines_do_not_give_is_refused,
    a_negative_total_is_refused,
    the_same_deposit_again_is_adopted,
    the_key_with_another_deposit_is_refused,
    a_receipt_is_deposited_once,
    what_a_person_deposited_is_not_deposited_again,
    the_deposits_of_receipts_are_told_whoever_made_them needs [Need::DepositsOfReceipts],
    a_voided_receipt_is_not_deposited needs [Need::VoidedReceipts],
    a_deposit_of_an_unknown_receipt_is_not_made,
    a_deposit_takes_as_many_lines_as_is_said,
    a_closed_period_refuses_a_deposit_until_it_is_open,
}

async fn put(
    world: &World<'_>,
    name: &str,
    deposit: &RecordDeposit,
) -> Result<WriteAnswer, PortError> {
    world.write(name, &ErpWrite::RecordDeposit(deposit.clone())).await
}

async fn deposit(world: &World<'_>, name: &str) -> Deposit {
    match world.document(DocumentKind::Deposit, name).await {
        ErpDocument::Deposit(deposit) => deposit,
        other => panic!("{name} is no deposit: {other:?}"),
    }
}

/// Two receipts that pay their invoices: 240.00 and 60.25 of the currency's hundreds.
async fn two(world: &World<'_>) -> (Receipt, Receipt) {
    let (first, second) = (world.invoice("INV-1", 24_000), world.invoice("INV-2", 6_025));
    (world.paid("first", &first).await, world.paid("second", &second).await)
}

async fn a_deposit_brings_its_total_to_the_bank(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = two(&world).await;
    let id = made(put(&world, "deposit", &world.deposit_of(&[&first, &second], 241, 29_784)).await);
    let there = deposit(&world, "deposit").await;
    assert_eq!((there.id.as_str(), there.total), (id.as_str(), world.money(29_784)));
    assert_eq!((&there.bank, there.dated_on), (&world.chart.bank, world.chart.day));
    let mut receipts = vec![first.id, second.id];
    receipts.sort();
    assert_eq!((there.receipts, there.voided), (receipts, false));
    for name in ["first", "second"] {
        assert_eq!(world.receipt(name).await.place, ReceiptPlace::Deposited);
    }
    assert_eq!(world.held().await, (0, 29_784));
    assert_eq!(world.balance(&world.chart.fees).await, 241);
}

async fn a_deposit_adds_and_takes_lines(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, _) = two(&world).await;
    let mut write = world.deposit_of(&[&first], 300, 23_750);
    write.lines.push(DepositLine {
        account: world.chart.fees.clone(),
        amount: world.money(50),
        memo: "fees given back".to_owned(),
    });
    made(put(&world, "deposit", &write).await);
    assert_eq!(world.held().await, (6_025, 23_750));
    assert_eq!(world.balance(&world.chart.fees).await, 250);
    assert_eq!(world.receipt("second").await.place, ReceiptPlace::Undeposited);
}

async fn a_total_that_the_lines_do_not_give_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = two(&world).await;
    for total in [29_783, 29_785, 0] {
        let write = world.deposit_of(&[&first, &second], 241, total);
        not_done(put(&world, "deposit", &write).await);
    }
    world.nothing_under(DocumentKind::Deposit, "deposit").await;
    assert_eq!(world.held().await, (30_025, 0));
    assert_eq!(world.receipt("first").await.place, ReceiptPlace::Undeposited);
}

async fn a_negative_total_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, _) = two(&world).await;
    not_done(put(&world, "deposit", &world.deposit_of(&[&first], 24_001, -1)).await);
    world.nothing_under(DocumentKind::Deposit, "deposit").await;
    assert_eq!(world.held().await, (30_025, 0));
}

async fn the_same_deposit_again_is_adopted(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = two(&world).await;
    let write = world.deposit_of(&[&first, &second], 241, 29_784);
    let id = made(put(&world, "deposit", &write).await);
    adopted(put(&world, "deposit", &write).await, &id);
    let found = ok(world.erp.find(&key("deposit"), &ErpWrite::RecordDeposit(write)).await);
    assert_eq!(found.map(|answer| answer.id), Some(id));
    assert_eq!(world.held().await, (0, 29_784));
}

async fn the_key_with_another_deposit_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = two(&world).await;
    ok(put(&world, "deposit", &world.deposit_of(&[&first], 0, 24_000)).await);
    let there = deposit(&world, "deposit").await;
    let other = world.deposit_of(&[&second], 0, 6_025);
    not_done(put(&world, "deposit", &other).await);
    rejected(world.erp.find(&key("deposit"), &ErpWrite::RecordDeposit(other)).await);
    assert_eq!(deposit(&world, "deposit").await, there);
    assert_eq!(world.held().await, (6_025, 24_000));
}

async fn a_receipt_is_deposited_once(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = two(&world).await;
    ok(put(&world, "deposit", &world.deposit_of(&[&first], 0, 24_000)).await);
    let both = world.deposit_of(&[&first, &second], 0, 30_025);
    not_done(put(&world, "again", &both).await);
    world.nothing_under(DocumentKind::Deposit, "again").await;
    assert_eq!(world.receipt("second").await.place, ReceiptPlace::Undeposited);
    assert_eq!(world.held().await, (6_025, 24_000));
}

async fn what_a_person_deposited_is_not_deposited_again(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = two(&world).await;
    let write = world.deposit_of(&[&first, &second], 0, 30_025);
    subject.deposit_by_hand(&first.id);
    for depth in BOTH {
        match found(world.read(DocumentKind::Receipt, "first", depth).await) {
            ErpDocument::Receipt(read) => assert_eq!(read.place, ReceiptPlace::Deposited),
            other => panic!("{depth:?}: {other:?}"),
        }
    }
    not_done(put(&world, "deposit", &write).await);
    world.nothing_under(DocumentKind::Deposit, "deposit").await;
    assert_eq!(world.held().await, (6_025, 24_000));
}

async fn the_deposits_of_receipts_are_told_whoever_made_them(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = two(&world).await;
    let ids = [first.id.clone(), second.id.clone()];
    assert_eq!(ok(world.erp.deposits_of(&ids, &[]).await).len(), 0);
    let ours = made(put(&world, "deposit", &world.deposit_of(&[&first], 241, 23_759)).await);
    subject.deposit_by_hand(&second.id);
    let mut told: Vec<Deposit> =
        ok(world.erp.deposits_of(&ids, &[]).await).into_iter().map(found).collect();
    told.sort_by_key(|one| one.id.as_str() != ours);
    let seen: Vec<_> = told.iter().map(|one| (&one.bank, one.total)).collect();
    let bank = &world.chart.bank;
    assert_eq!(seen, [(bank, world.money(23_759)), (bank, world.money(6_025))]);
    assert_eq!(told[0].beside, [(world.chart.fees.clone(), world.money(-241))]);
    assert_eq!(told[1].beside, []);
    let held: Vec<_> = told.iter().flat_map(|one| &one.receipts).cloned().collect();
    assert_eq!(held, ids);
    assert_eq!(ok(world.erp.deposits_of(&ids[..1], &[]).await), [Read::Found(told.remove(0))]);
}

async fn a_voided_receipt_is_not_deposited(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = two(&world).await;
    subject.void_receipt(&first.id);
    not_done(put(&world, "deposit", &world.deposit_of(&[&first, &second], 0, 30_025)).await);
    world.nothing_under(DocumentKind::Deposit, "deposit").await;
    assert_eq!(world.held().await, (6_025, 0));
}

async fn a_deposit_of_an_unknown_receipt_is_not_made(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, _) = two(&world).await;
    let mut write = world.deposit_of(&[&first], 0, 24_000);
    write.receipts.push(subject.unknown_id().as_str().into());
    not_done(put(&world, "deposit", &write).await);
    world.nothing_under(DocumentKind::Deposit, "deposit").await;
    assert_eq!(world.receipt("first").await.place, ReceiptPlace::Undeposited);
}

async fn a_deposit_takes_as_many_lines_as_is_said(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, _) = two(&world).await;
    let lines = world.erp.description().deposit_lines_max;
    assert!(lines >= 2, "a receipt and its fee need two lines");
    let fees = i64::try_from(lines - 1).unwrap_or(i64::MAX);
    let mut write = world.deposit_of(&[&first], 1, 24_000 - fees);
    write.lines = vec![write.lines[0].clone(); lines - 1];
    made(put(&world, "deposit", &write).await);
    assert_eq!(world.balance(&world.chart.fees).await, fees);
    assert_eq!(world.balance(&world.chart.bank).await, 24_000 - fees);
}

async fn a_closed_period_refuses_a_deposit_until_it_is_open(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, _) = two(&world).await;
    let write = world.deposit_of(&[&first], 100, 23_900);
    subject.set_period(world.chart.day, false);
    rejected_as(put(&world, "deposit", &write).await, RejectionCause::PeriodClosed);
    world.nothing_under(DocumentKind::Deposit, "deposit").await;
    assert_eq!(world.receipt("first").await.place, ReceiptPlace::Undeposited);
    subject.set_period(world.chart.day, true);
    made(put(&world, "deposit", &write).await);
}
