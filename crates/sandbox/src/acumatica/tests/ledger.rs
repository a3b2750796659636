//! Whatever is done in whatever order: the ledger balances, and the receivable account is what the
//! open documents add up to.

use super::*;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// A small generator of numbers: equal seeds give equal stories.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn amount(&mut self) -> String {
        format!("{}.{:02}", 1 + self.roll(90), self.roll(100))
    }
}

fn decimal(record: &Value, name: &str) -> Decimal {
    record[name].as_str().unwrap_or("0").parse().unwrap()
}

/// What was refused is fine, as long as nothing of it was kept.
fn one_deed(world: &World, truth: &Value, dice: &mut Dice) -> (&'static str, bool) {
    let (customer, currency, clearing, bank) = match dice.roll(2) {
        0 => ("C000123", "GBP", "10250", "10200"),
        _ => ("C000200", "EUR", "10251", "10201"),
    };
    let day = format!("2025-03-{:02}", 5 + dice.roll(5));
    let pick = |dice: &mut Dice, kind: &str, fits: fn(&Value) -> bool| {
        let all = truth["records"][kind].as_array().into_iter().flatten();
        let own = |found: &&Value| found["CustomerID"] == customer || found["Customer"] == customer;
        let own: Vec<&Value> = all.filter(own).filter(|found| fits(found)).collect();
        let at = usize::try_from(dice.roll(1000)).unwrap();
        own.get(at % own.len().max(1)).map_or(Value::Null, |found| (*found).clone())
    };
    let open: fn(&Value) -> bool = |found| found["Status"] == "Open";
    let any: fn(&Value) -> bool = |_| true;
    let due: fn(&Value) -> bool = |found| found["Status"] == "Open" && found["Type"] == "Invoice";
    let (name, deed) = match dice.roll(12) {
        0 | 1 => (
            "create_invoice",
            json!({"customer": customer, "amount": dice.amount(), "date": "2025-03-02",
                "currency": currency, "tax_category": if dice.roll(2) == 0 { "STANDARD" } else { "" }}),
        ),
        2 | 3 => (
            "record_payment",
            json!({"customer": customer, "amount": dice.amount(), "date": day,
                "method": "GOCARDLESS", "cash_account": clearing}),
        ),
        4 | 5 => (
            "apply",
            json!({"payment": pick(dice, "Payment", open)["id"],
                "invoice": pick(dice, "Invoice", due)["id"],
                "amount": format!("{}.07", dice.roll(20))}),
        ),
        6 => (
            "apply",
            json!({"payment": pick(dice, "Payment", open)["id"],
                "invoice": pick(dice, "Invoice", due)["id"]}),
        ),
        7 => ("void", json!({"record": pick(dice, "Payment", any)["id"], "date": "2025-03-10"})),
        8 => {
            let paid: fn(&Value) -> bool = |found| found["ApplicationHistory"][0].is_object();
            let payment = pick(dice, "Payment", paid);
            let row = &payment["ApplicationHistory"][0];
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let invoice = format!("{} {}", text("AdjustedDocType"), text("AdjustedRefNbr"));
            ("reverse_application", json!({"payment": payment["id"], "invoice": invoice}))
        }
        9 => (
            "credit_invoice",
            json!({"invoice": pick(dice, "Invoice", any)["id"], "amount": dice.amount(), "date": day,
                "apply": dice.roll(2) == 0}),
        ),
        10 => (
            "deposit",
            json!({"payments": [pick(dice, "Payment", any)["id"]], "bank": bank, "date": day,
                "charges": [{"entry_type": "GCFEE", "amount": "0.35"}]}),
        ),
        _ => (
            "create",
            json!({"entity": "Payment", "body": {"Type": "Refund", "CustomerID": customer,
                "PaymentMethod": "GOCARDLESS", "CashAccount": clearing, "ApplicationDate": day,
                "PaymentAmount": number("5.00"), "PaymentRef": "RF", "Hold": false}}),
        ),
    };
    let mut deed = deed;
    deed["do"] = json!(name);
    let done = world.try_control(Method::POST, "/act", deed);
    if name == "create"
        && let Ok(made) = &done
    {
        let release = json!({"do": "release", "record": made["id"]});
        world.try_control(Method::POST, "/act", release).unwrap();
    }
    (name, done.is_ok())
}

/// Debits less credits of the open documents, in base currency.
fn open_documents(truth: &Value) -> Decimal {
    let mut sum = Decimal::ZERO;
    for kind in ["Invoice", "Payment"] {
        for record in truth["records"][kind].as_array().into_iter().flatten() {
            let shown = record["Type"].as_str().unwrap();
            let debit = matches!(shown, "Invoice" | "Debit Memo" | "Refund");
            let base = decimal(record, "$basebal");
            sum += if debit { base } else { -base };
            let balance = if kind == "Invoice" {
                decimal(record, "Balance")
            } else {
                decimal(record, "curydocbal")
            };
            assert!(balance >= Decimal::ZERO, "{record}");
            assert_eq!(balance.is_zero(), base.is_zero(), "{record}");
            if record["released"] == true && record["voided"] != true {
                let open = record["Status"] == "Open";
                assert_eq!(open, !balance.is_zero(), "{record}");
            }
        }
    }
    sum
}

#[test]
fn the_receivable_account_is_the_sum_of_the_open_documents() {
    let mut done: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..3 {
        let world = World::new();
        world.seed(json!({"rates": [
            {"currency": "EUR", "date": "2025-03-06", "rate": "0.8613"},
            {"currency": "EUR", "date": "2025-03-08", "rate": "0.8397"}]}));
        let mut dice = Dice(seed);
        let mut before = world.truth();
        for _ in 0..100 {
            let (name, kept) = one_deed(&world, &before, &mut dice);
            let after = world.truth();
            if !kept {
                assert_eq!(after["records"], before["records"], "{name} was refused");
            }
            *done.entry(name).or_default() += u32::from(kept);
            let account: Decimal = world.balance("11000").parse().unwrap();
            assert_eq!(account, open_documents(&after), "seed {seed}, after {name}");
            before = after;
        }
    }
    assert_eq!(done.len(), 8, "{done:?}");
    assert!(done.values().all(|times| *times >= 3), "every deed succeeded now and then: {done:?}");
}
