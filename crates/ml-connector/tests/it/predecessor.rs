//! Payments that another integration made before this one went live, and that were under way then.

use serde_json::json;

use crate::world::{Customer, World, rows, text};

/// A payment that another integration makes for this invoice.
fn theirs(world: &World, customer: &Customer, invoice: &str, amount: i64) -> String {
    let made = json!({
        "action": "create_payment", "mandate": customer.mandate, "amount": amount,
        "description": "by another integration", "metadata": {"invoiceId": invoice},
    });
    text(&world.processor("/act", &made)["payment"]["id"])
}

#[test]
fn slow_the_receipt_of_another_integration_is_used() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    let invoice = world.invoice(&customer.id, "25.00");
    let payment = theirs(&world, &customer, &invoice, 2_500);
    world.deed(&json!({"do": "record_payment", "invoice": invoice, "account": "116",
        "date": world.today().to_string(), "memo": format!("GoCardless {payment}")}));
    world.days(1);
    world.add_link(&[]);
    world.go_live();
    world.until("the deposit", 14, |world| {
        assert!(world.attention("amount_changed").is_empty(), "their receipt pays the invoice");
        !world.records("deposit").is_empty()
    });
    world.sync();
    let receipts = world.records("customerPayment");
    assert_eq!(receipts.len(), 1, "no second one beside theirs: {receipts:?}");
    assert_eq!(world.balance("116"), "0", "it is in the deposit");
    assert!(world.attention("amount_changed").is_empty());
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);

    // And it is taken back like any other.
    world.processor("/act", &json!({"action": "charge_back", "payment": payment}));
    let second = world.invoice(&customer.id, "200.00");
    world.until("the refund", 20, |world| !world.records("customerRefund").is_empty());
    world.until("the second deposit", 3, |world| world.records("deposit").len() == 2);
    assert_eq!(world.remaining(&invoice), "25", "open again");
    assert_eq!(world.remaining(&second), "0");
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

#[test]
fn slow_a_payment_that_nobody_recorded_before_the_cut_over_is_told() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    let invoice = world.invoice(&customer.id, "25.00");
    let payment = theirs(&world, &customer, &invoice, 2_500);
    for _ in 0..10 {
        world.days(1);
    }
    let payout = &world.payouts()[0];
    assert_eq!(payout["status"], "paid");
    world.add_link(&[]);
    world.go_live();
    world.sync();
    let told = world.only_attention("predecessor_receipt_missing").to_string();
    assert!(told.contains(&payment) && told.contains(&text(&payout["id"])), "{told}");
    assert_eq!(world.payments().len(), 1, "it is not collected again");
    assert!(world.records("customerPayment").is_empty(), "what arrived before is not booked");

    // Recorded by hand, it is over.
    world.deed(&json!({"do": "record_payment", "invoice": invoice, "account": "210",
        "date": world.today().to_string()}));
    world.minutes(10);
    world.sync();
    assert!(world.attention("predecessor_receipt_missing").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
}

#[test]
fn slow_a_payment_taken_over_is_taken_back_when_it_is_charged_back() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    let invoice = world.invoice(&customer.id, "25.00");
    let payment = theirs(&world, &customer, &invoice, 2_500);
    // It is older than the cut-over, and not over yet.
    world.days(1);
    world.add_link(&[]);
    world.go_live();
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
    assert_eq!(world.payments().len(), 1, "nothing is collected beside it");

    world.processor("/act", &json!({"action": "charge_back", "payment": payment}));
    // Another payment, so that a payout takes the money back.
    let second = world.invoice(&customer.id, "200.00");
    world.until("the refund", 20, |world| !world.records("customerRefund").is_empty());
    world.until("the second deposit", 3, |world| world.records("deposit").len() == 2);
    assert_eq!(world.remaining(&invoice), "25", "open again");
    assert_eq!(world.remaining(&second), "0");
    assert_eq!(world.records("customerRefund").len(), 1);
    assert_eq!(world.payments().len(), 2, "by policy it is not collected again");
    let arrived: i64 =
        world.payouts().iter().map(|payout| payout["amount"].as_i64().expect("an amount")).sum();
    let bank: rust_decimal::Decimal = world.balance("210").parse().expect("a number");
    assert_eq!(bank * rust_decimal::Decimal::from(100), rust_decimal::Decimal::from(arrived));
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

#[test]
fn slow_a_receipt_of_another_integration_for_a_payment_that_fails_is_told() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    let invoice = world.invoice(&customer.id, "25.00");
    let payment = theirs(&world, &customer, &invoice, 2_500);
    world.processor(
        "/plan",
        &json!({"any": true, "outcome": "fails", "cause": "bank_account_closed"}),
    );
    world.deed(&json!({"do": "record_payment", "invoice": invoice, "account": "116",
        "date": world.today().to_string(), "memo": format!("GoCardless {payment}")}));
    world.add_link(&[]);
    world.go_live();
    world.until("the attention", 14, |world| {
        !world.attention("predecessor_receipt_stands").is_empty()
    });
    let told = world.only_attention("predecessor_receipt_stands").to_string();
    assert!(told.contains(&payment) && told.contains("failed"), "{told}");
    assert_eq!(world.payments().len(), 1, "a paid invoice is not collected");
    // Taken back, the invoice is owed again and the item is gone.
    let receipt = text(&world.records("customerPayment")[0]["id"]);
    world.deed(&json!({"do": "void", "record": receipt}));
    world.minutes(10);
    world.sync();
    assert!(world.attention("predecessor_receipt_stands").is_empty());
}

/// Nothing of a payout before the cut-over is booked, on suspense as little as anywhere else.
#[test]
fn slow_money_of_others_before_the_cut_over_is_not_said_to_stand_on_suspense() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    let made = json!({"action": "create_payment", "mandate": customer.mandate, "amount": 2_500,
        "description": "thanks"});
    let payment = text(&world.processor("/act", &made)["payment"]["id"]);
    for _ in 0..10 {
        world.days(1);
    }
    let payout = text(&world.payouts()[0]["id"]);
    world.add_link(&[]);
    world.go_live();
    world.sync();
    assert_eq!(world.balance("651"), "0");
    let listed = rows(&world.place.json(&["foreign", "list"], 0));
    let found = listed.iter().find(|one| one["payment"] == payment.as_str()).expect("the payment");
    let expected = format!("payout {payout}, before the cut-over: not booked here");
    assert_eq!(text(&found["place"]), expected);
}
