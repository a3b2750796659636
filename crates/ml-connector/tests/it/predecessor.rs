//! Payments that another integration made before this one went live, and that were under way then.

use serde_json::json;

use crate::world::{World, text};

#[test]
fn slow_a_payment_taken_over_is_taken_back_when_it_is_charged_back() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    let invoice = world.invoice(&customer.id, "25.00");
    let made = json!({
        "action": "create_payment", "mandate": customer.mandate, "amount": 2_500,
        "description": "by another integration", "metadata": {"invoiceId": invoice},
    });
    let payment = text(&world.processor("/act", &made)["payment"]["id"]);
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
