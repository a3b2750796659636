//! Two payments that both collect one invoice, settled as docs/attention/double_collection.md says: at
//! the end everything is proved, closed, and the invoice's fields tell of the payment that stands.

use serde_json::{Value, json};

use super::{BANK, CLEARING, World, closed};
use crate::world::{rows, text};

impl World {
    /// Two payments of one invoice, both paid out: ours, and one that somebody made in the dashboard.
    fn doubled() -> (World, String, [String; 2]) {
        let (world, invoices) = World::live(&["75.00"], &[]);
        let invoice = invoices.into_iter().next().expect("one");
        let status = |world: &World, id: &str| {
            let all = rows(&world.processor("/truth", &Value::Null)["payments"]);
            let found = all.into_iter().find(|one| one["id"] == id).expect("the payment");
            text(&found["status"])
        };
        world.until("a payment that is with the bank", 5, |world| {
            let all = rows(&world.processor("/truth", &Value::Null)["payments"]);
            all.iter().any(|one| one["status"] == "submitted")
        });
        let ours = world.payment(&invoice);
        let made = world.processor(
            "/act",
            &json!({"action": "create_payment", "mandate": world.mandate, "amount": 7_500,
                "description": "by hand", "metadata": {"invoiceId": invoice}}),
        );
        let second = text(&made["payment"]["id"]);
        world.until("both payouts", 14, |world| {
            status(world, &ours) == "paid_out" && status(world, &second) == "paid_out"
        });
        (world, invoice, [ours, second])
    }

    /// Refunds one of them in the dashboard, and lets the payout come that takes the money.
    fn given_back(&self, payment: &str) {
        for _ in 0..8 {
            self.day();
        }
        self.act(&json!({"action": "create_refund", "payment": payment, "amount": 7_500}));
        self.sync();
        self.invoice("200.00");
        self.until("the refund in the books", 20, |world| {
            world.balance(BANK) == world.paid_out() && world.payouts().len() > 2
        });
        self.day();
        self.sync();
    }
}

/// The payment that the fields name, its status, and what they say of the integration.
fn fields(world: &World, invoice: &str) -> [String; 4] {
    let document = world.document("Invoice", "Invoice", invoice);
    ["payment", "paystat", "status", "error"]
        .map(|name| text(&document[format!("attributemlc{name}")]))
}

fn settled(world: &World, invoice: &str, stands: &str) {
    let told = world.place.run(&["attention", "list"]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    world.proved();
    let shown = world.place.json(&["show", invoice], 0);
    assert_eq!(shown["stage"], "closed", "{shown}");
    let expected = [stands, "Paid out", "Processed", ""].map(str::to_owned);
    assert_eq!(fields(world, invoice), expected);
    assert_eq!((world.owed(invoice), world.balance(CLEARING)), (closed(), 0));
}

#[test]
fn slow_a_double_collection_that_was_given_back_is_over() {
    for given_back in [1, 0] {
        let (world, invoice, payments) = World::doubled();
        world.sync();
        assert_eq!(world.told("double_collection").len(), 1);
        assert_eq!(fields(&world, &invoice)[2], "Failed");
        assert_eq!(world.verify()["proved"], false);
        world.given_back(&payments[given_back]);
        settled(&world, &invoice, &payments[1 - given_back]);
    }
}

/// The payer keeps the money as a credit, or had it back by other means.
#[test]
fn slow_a_double_collection_that_people_settled_themselves_is_over() {
    let (world, invoice, [_, second]) = World::doubled();
    world.sync();
    let (case, _) = world.told("double_collection").remove(0);
    world.place.well(&["attention", "ignore", &case, "double_collection"]);
    world.sync();
    world.proved();
    for code in ["double_collection", "amount_changed"] {
        world.place.well(&["attention", "leave", &case, code]);
    }
    world.sync();
    settled(&world, &invoice, &second);
}
