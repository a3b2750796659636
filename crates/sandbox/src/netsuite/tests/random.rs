//! Random deeds of people: whatever they do, and whatever is refused, the books stay whole.

use super::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;
use std::str::FromStr;

const DEEDS: usize = 160;

fn decimal(value: &Value) -> Decimal {
    value.as_str().map_or(Decimal::ZERO, |text| Decimal::from_str(text).unwrap())
}

fn ids(world: &World, kind: &str) -> Vec<Value> {
    let list = world.try_control(Method::GET, &format!("/truth/{kind}"), Value::Null).unwrap();
    list.as_array().unwrap().iter().map(|record| record["id"].clone()).collect()
}

fn pick(rng: &mut SmallRng, ids: &[Value]) -> Value {
    if ids.is_empty() { Value::Null } else { ids[rng.random_range(0..ids.len())].clone() }
}

fn deed(world: &World, rng: &mut SmallRng) -> Value {
    let invoice = pick(rng, &ids(world, "invoice"));
    let payment = pick(rng, &ids(world, "customerPayment"));
    let memo = pick(rng, &ids(world, "creditMemo"));
    let refund = pick(rng, &ids(world, "customerRefund"));
    let deposit = pick(rng, &ids(world, "deposit"));
    let amount = format!("{}.{:02}", rng.random_range(0..90), rng.random_range(1..100));
    let date = format!("2026-0{}-1{}", rng.random_range(1..4), rng.random_range(0..10));
    let currency = [1, 2, 3][rng.random_range(0..3)];
    let bank = [210, 211, 212][rng.random_range(0..3)];
    match rng.random_range(0..16) {
        0..=2 => json!({"do": "create_invoice", "customer": 1007, "amount": amount, "date": date,
            "currency": currency}),
        3 | 4 => json!({"do": "record_payment", "invoice": invoice, "date": date}),
        5 => json!({"do": "record_payment", "invoice": invoice, "amount": amount, "date": date,
            "account": bank}),
        6 => json!({"do": "unapply", "payment": payment}),
        7 => json!({"do": "apply", "payment": payment, "invoice": invoice}),
        8 => json!({"do": "deposit", "payments": [payment, refund], "account": bank, "date": date}),
        9 => json!({"do": "deposit", "payments": [payment], "account": bank, "date": date,
            "fee": {"account": 640, "amount": "0.5"}}),
        10 => json!({"do": "refund", "credit": payment, "account": 116, "date": date}),
        11 => json!({"do": "refund", "credit": memo, "account": bank, "date": date}),
        12 => json!({"do": "credit_invoice", "invoice": invoice, "amount": amount, "date": date}),
        13 => json!({"do": "edit_invoice", "invoice": invoice, "amount": amount}),
        14 => {
            json!({"do": "void", "record": pick(rng, &[invoice, payment, memo, refund, deposit])})
        }
        _ => json!({"do": "delete", "record": pick(rng, &[payment, memo, refund, deposit])}),
    }
}

/// The A/R account holds what invoices are open less what credits are open, in the currencies of
/// the documents to the penny and in base currency to the pennies of rounding each document.
fn check(world: &World, step: usize, body: &Value) {
    let truth = world.truth();
    assert_eq!(truth["ledger"]["trial_balance"], "0", "step {step}: {body}");
    let (mut open, mut base, mut documents) = (Decimal::ZERO, Decimal::ZERO, 0);
    for (kind, field, sign) in [
        ("invoice", "amountRemaining", Decimal::ONE),
        ("customerPayment", "unapplied", Decimal::NEGATIVE_ONE),
        ("creditMemo", "unapplied", Decimal::NEGATIVE_ONE),
    ] {
        for record in truth["records"][kind].as_array().into_iter().flatten() {
            let amount = decimal(&record[field]);
            assert!(amount >= Decimal::ZERO, "step {step}: {body}: {record}");
            open += sign * amount;
            base += sign * amount * decimal(&record["exchangeRate"]);
            documents += 1;
        }
    }
    let accounts = truth["ledger"]["accounts"].as_array().unwrap();
    let found = accounts.iter().find(|account| account["id"] == "119");
    let of = |name: &str| found.map_or(Decimal::ZERO, |found| decimal(&found[name]));
    assert_eq!(of("foreign_balance"), open, "step {step}: {body}");
    let off = (of("balance") - base).abs();
    assert!(off <= Decimal::new(documents, 2), "step {step}: {body}: off by {off}");
}

fn story(seed: u64, by_journal: bool) -> usize {
    let world = World::with(json!({"preferences": {"void_by_journal": by_journal},
        "rates": [{"currency": 2, "base": 1, "date": "2026-02-01", "rate": "0.87"},
                  {"currency": 3, "base": 1, "date": "2026-03-01", "rate": "0.79"}]}));
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut done = 0;
    for step in 0..DEEDS {
        let body = deed(&world, &mut rng);
        done += usize::from(world.try_control(Method::POST, "/act", body.clone()).is_ok());
        check(&world, step, &body);
    }
    done
}

#[test]
fn the_books_stay_whole() {
    for (seed, by_journal) in [(1, false), (2, true), (3, false), (4, true)] {
        let done = story(seed, by_journal);
        assert!(done > DEEDS / 4, "seed {seed}: only {done} deeds were possible");
    }
}
