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
