//! An invoice whose terms grant a cash discount is collected and paid in full: the discount is neither
//! taken nor in the way.

use serde_json::json;

use super::{BANK, CUSTOMER, World, closed};
use crate::world::text;

#[test]
fn slow_a_cash_discount_is_not_taken() {
    let (world, _) = World::live(&["75.00"], &[]);
    let today = world.today().to_string();
    let ticked = json!({"custom": {"Document": {"AttributeMLCCOLLECT": {"value": true}}}});
    let made = world.erp(
        "/seed",
        &json!({"invoices": [{
            "customer": CUSTOMER, "amount": "100.00", "date": today, "due": today,
            "discount": {"amount": "2.00", "until": "2027-12-31"}, "fields": ticked,
        }]}),
    );
    let invoice = text(&made["invoices"][0]["ReferenceNbr"]);
    world.until("the deposit", 20, |world| world.owed(&invoice) == closed());
    world.sync();
    assert_eq!((world.payments_for(&invoice), world.balance(BANK)), (1, world.paid_out()));
    world.proved();
}
