//! What a person said covers what had happened by then, and nothing that came later.

use super::check;

const CANCELLED: &str = "payment PM1 cancelled, event PM1 cancelled payment_cancelled";

#[test]
fn a_release_said_before_the_ending_says_nothing_of_it() {
    check(&format!("{CANCELLED}, said release PM1 0"), "cancelled_by_person");
    check(&format!("{CANCELLED}, said release PM1 1"), "collect/E/I/2 100 by MD1");
    check(&format!("{CANCELLED}, said release"), "cancelled_by_person");
    check(&format!("{CANCELLED}, said release PM7 1"), "cancelled_by_person");
    let denied = "payment PM1 denied, event PM1 customer_approval_denied, said release PM1 0";
    check(denied, "denied_by_payer");
    // Said while the payment still waited, and the event of the denial is not here yet.
    check("payment PM1 denied, said release PM1 0", "denied_by_payer");
}

#[test]
fn the_last_word_counts() {
    check(&format!("{CANCELLED}, said release PM1 1, said stop PM1 1"), "cancelled_by_person");
    check(&format!("{CANCELLED}, said stop PM1 1, said release PM1 1"), "collect/E/I/2 100 by MD1");
}

#[test]
fn a_retry_or_stop_is_over_when_the_payment_fails_again() {
    let again = "payment PM1 failed, event PM1 failed insufficient_funds 9d, \
                 event PM1 resubmission_requested payment_retried 7d, \
                 event PM1 failed insufficient_funds 1d";
    check(&format!("{again}, said retry PM1 1"), "retry_scheduled");
    check(&format!("{again}, said retry PM1 2"), "retry/PM1/2 100 after 1 retries");
    check(&format!("{again}, said stop PM1 1"), "retry_scheduled");
    check(&format!("{again}, said stop PM1 2"), "failure_final");
}

#[test]
fn a_refunded_payment_makes_room_once_a_person_says_so_knowing_of_it() {
    let refunded = "payment PM1 paid_out refunded:100, item PO1/0 paid PM1 100 9d, \
                    item PO2/0 refunded PM1 -100 1d, receipt PM1/PO1 100 refunded:100 deposited";
    check(refunded, "refunded");
    check(&format!("{refunded}, said release PM1 0"), "refunded");
    check(&format!("{refunded}, said release PM1 0 40"), "refunded");
    let released = format!("{refunded}, said release PM1 0 100");
    check(&released, "collect/E/I/2 100 by MD1");
    check(&format!("{released}, said stop PM1 0"), "refunded");
    check(&format!("{released}, policy post-only"), "post_only");
    check(&format!("{released}, invoice paid"), "paid_otherwise");
    check(&format!("{released}, payment PM2 submitted"), "at_the_bank");
    // The refund failed meanwhile: the first payment stands again.
    let returned = released.replace("refunded:100, item", "refunded:0, item");
    check(&format!("{returned}, payment PM2 pending"), "cancel/PM2/1");
}

#[test]
fn a_release_is_used_up_by_the_attempt_it_led_to() {
    let second = "payment PM2 cancelled, event PM2 cancelled payment_cancelled";
    check(&format!("{CANCELLED}, said release PM1 1, {second}"), "cancelled_by_person");
}

#[test]
fn a_retry_box_that_can_not_be_unticked_asks_for_nothing_more() {
    check(&format!("{CANCELLED}, retry box"), "collect/E/I/2 100 by MD1");
    let stuck = "retry box, cmd annotate/E/I/1 rejected box";
    check(&format!("{CANCELLED}, {stuck}"), "cancelled_by_person");
}
