//! Amounts are right to the minor unit, whatever decimals the currency has (promise P10).

use model::command::ErpWrite;
use model::money::Money;

use super::expect::{found, made, ok, only};
use super::world::{BOTH, World, key};
use crate::conformance::subject::{ErpSubject, Need};

super::suite! {
    ErpSubject:
    amounts_are_exact_in_the_own_currency,
    amounts_are_exact_in_every_currency needs [Need::Currencies],
    a_receipt_keeps_the_rate_of_its_invoice needs [Need::Currencies],
    a_receipt_in_another_currency_than_its_invoice_is_refused needs [Need::Currencies],
}

/// Amounts that a binary fraction, a lost digit or a swapped exponent would show.
const MINORS: [i64; 7] = [1, 10, 99, 101, 1_000, 123_457, 99_999_999];

async fn check(world: &World<'_>, nth: &str, total: Money) {
    let customer = world.customer_in(total.currency);
    for (index, minor) in MINORS.into_iter().enumerate() {
        let label = format!("{nth}-{index}");
        let total = Money::new(minor, total.currency);
        let invoice = world.invoice_of(&customer, &format!("INV-{label}"), total);
        for depth in BOTH {
            let ids = std::slice::from_ref(&invoice);
            let read = found(only(ok(world.erp.invoices(ids, depth).await)));
            assert_eq!((read.total, read.due), (total, total), "{depth:?}");
        }
        let write = world.receipt_for(&invoice, minor + 1, minor).await;
        made(world.erp.write(&key(&label), &ErpWrite::RecordReceipt(write)).await);
        let receipt = world.receipt(&label).await;
        assert_eq!(receipt.amount, Money::new(minor + 1, total.currency));
        assert_eq!(receipt.unapplied, Money::new(1, total.currency));
        assert_eq!(world.applied(&receipt.id, &invoice).await, minor);
        assert_eq!(world.read_invoice(&invoice).await.due, Money::zero(total.currency));
    }
}

async fn amounts_are_exact_in_the_own_currency(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    check(&world, "own", world.money(0)).await;
}

async fn amounts_are_exact_in_every_currency(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    assert!(!world.chart.others.is_empty());
    for currency in world.chart.others.clone() {
        check(&world, currency.code(), Money::zero(currency)).await;
    }
}

/// Else the ERP would post a gain or loss that is none.
async fn a_receipt_keeps_the_rate_of_its_invoice(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    for currency in world.chart.others.clone() {
        let customer = world.customer_in(currency);
        let total = Money::new(10_000, currency);
        let invoice = world.invoice_of(&customer, &format!("INV-{currency}"), total);
        let write = world.receipt_for(&invoice, 10_000, 10_000).await;
        let name = currency.code().to_owned();
        made(world.record(&name, &write).await);
        let receipt = world.receipt(&name).await;
        assert_eq!(receipt.exchange_rate, write.exchange_rate, "{currency}");
        assert_eq!(receipt.subsidiary, write.subsidiary, "{currency}");
    }
}

async fn a_receipt_in_another_currency_than_its_invoice_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let other = world.chart.others[0];
    let mut write = world.receipt_for(&invoice, 24_000, 24_000).await;
    write.amount = Money::new(24_000, other);
    write.apply = write.apply.map(|(invoice, _)| (invoice, Money::new(24_000, other)));
    super::expect::not_done(world.record("receipt", &write).await);
    assert_eq!(world.due(&invoice).await, 24_000);
    assert_eq!(world.held().await, (0, 0));
}
