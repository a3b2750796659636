//! Payments that were taken back while their money stood on the suspense account.

use super::check;
use super::world::World;
use crate::collection::suspense::taken_back;

const MATCHED: &str = "payment PM1 charged_back adopted, event PM1 charged_back refund_requested 4d, \
                       item PO1/0 paid PM1 100 9d route:line";

#[test]
fn both_sides_on_suspense_cancel_and_nothing_is_booked() {
    let both = format!("{MATCHED}, item PO2/3 charged_back PM1 -100 2d route:line");
    check(&both, "reversed");
    // Taken back by a later payout, in the usual way: the receipt comes out of suspense first.
    let later = format!("{MATCHED}, item PO2/3 charged_back PM1 -100 2d route:bank");
    check(&later, "receipt/PM1/PO1 100 applied 100 in suspense 2026-11-11");
    // A receipt was asked for before: it is taken back like any other.
    let asked = format!("{both}, receipt PM1/PO1 100 applied:0 deposited");
    check(&asked, "refund/PO2/3 100 from suspense 2026-11-18");
}

#[test]
fn what_was_taken_back_from_suspense_is_summed() {
    let sum = |items: &str| {
        let mut world = World::new();
        world.learn_all(&format!(
            "payment PM1 paid_out adopted, item PO1/0 paid PM1 100 9d, {items}"
        ));
        taken_back(&world.facts.items)
    };
    assert_eq!(sum("item PO2/1 charged_back PM1 -100 2d route:line"), 100);
    assert_eq!(sum("item PO2/1 charged_back PM1 -100 2d route:bank"), 0);
    assert_eq!(sum("item PO2/1 refunded PM1 -10 2d route:line"), 10);
    assert_eq!(
        sum("item PO2/1 refunded PM1 -10 4d route:line, item PO3/1 returned PM1 10 2d route:line"),
        0
    );
}
