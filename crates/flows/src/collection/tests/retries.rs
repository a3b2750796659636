//! Failed payments (mission row NG9): what heals is retried, spaced and counted; the rest is for a
//! person.

use super::check;

/// A payment that failed for want of money so many days ago.
fn check_failed(days: u32, more: &str, expected: &str) {
    let known = format!("payment PM1 failed, event PM1 failed insufficient_funds {days}d, {more}");
    check(&known, expected);
}

const RETRIED_ONCE: &str = "event PM1 failed insufficient_funds 30d, \
                            event PM1 resubmission_requested payment_retried 28d";
const RETRIED_TWICE: &str = "event PM1 failed insufficient_funds 30d, \
                             event PM1 resubmission_requested payment_retried 28d, \
                             event PM1 failed insufficient_funds 26d, \
                             event PM1 resubmission_requested payment_retried 22d";
const RETRIED_THRICE: &str = "event PM1 failed insufficient_funds 50d, \
                              event PM1 resubmission_requested payment_retried 48d, \
                              event PM1 failed insufficient_funds 46d, \
                              event PM1 resubmission_requested payment_autoretried 42d, \
                              event PM1 failed insufficient_funds 40d, \
                              event PM1 resubmission_requested payment_retried 32d";

#[test]
fn the_cause_decides() {
    for cause in ["insufficient_funds", "refer_to_payer", "daily_payment_limit_reached"] {
        let known = format!("payment PM1 failed, event PM1 failed {cause} 2d");
        check(&known, "retry/PM1/1 100 after 0 retries");
    }
    for cause in ["mandate_cancelled", "bank_account_closed", "authorisation_disputed", "other"] {
        check(&format!("payment PM1 failed, event PM1 failed {cause} 2d"), "failure_final");
    }
    check("payment PM1 failed", "waiting_for_cause");
}

#[test]
fn a_customer_of_whom_nothing_is_booked_is_not_debited_again() {
    check_failed(2, "inactive", "customer_unmatched");
}

#[test]
fn retries_are_spaced_two_four_and_eight_days() {
    check_failed(1, "", "retry_scheduled");
    check_failed(2, "", "retry/PM1/1 100 after 0 retries");
    check_failed(3, RETRIED_ONCE, "retry_scheduled");
    check_failed(4, RETRIED_ONCE, "retry/PM1/2 100 after 1 retries");
    check_failed(7, RETRIED_TWICE, "retry_scheduled");
    check_failed(8, RETRIED_TWICE, "retry/PM1/3 100 after 2 retries");
}

#[test]
fn three_retries_at_most_whoever_made_them() {
    check_failed(8, RETRIED_THRICE, "retries_used_up");
    check_failed(8, &format!("{RETRIED_THRICE}, said retry PM1 4"), "retries_used_up");
    check_failed(8, &format!("{RETRIED_THRICE}, said release PM1 4"), "collect/E/I/2 100 by MD1");
    check_failed(8, &format!("{RETRIED_THRICE}, retry box"), "collect/E/I/2 100 by MD1");
    check_failed(9, &format!("{RETRIED_ONCE}, policy retries:1"), "retries_used_up");
    let more = format!("{RETRIED_ONCE}, policy retries:1, said retry PM1 2");
    check_failed(9, &more, "retry/PM1/2 100 after 1 retries");
    check_failed(9, "policy retries:0", "retries_used_up");
}

#[test]
fn an_older_failure_says_nothing_about_this_one() {
    let failed = "payment PM1 failed, event PM1 failed insufficient_funds 9d";
    // Retried by somebody and failed again: the event of that failure is still on its way.
    let retried = "event PM1 resubmission_requested payment_retried 4d";
    check(&format!("{failed}, {retried}"), "waiting_for_cause");
    // Our own retry is done, and not even its event is here.
    check(&format!("{failed}, cmd retry/PM1/1 done:PM1"), "waiting_for_cause");
    // One of ours after one of theirs: two in all, of which one event is known.
    let ours = "cmd retry/PM1/2 done:PM1, event PM1 failed insufficient_funds 3d";
    check(&format!("{failed}, {retried}, {ours}"), "waiting_for_cause");
    let told = "event PM1 failed bank_account_closed 1d";
    check(&format!("{failed}, {retried}, {told}"), "failure_final");
}

#[test]
fn a_person_may_retry_now_or_stop() {
    check_failed(1, "said retry PM1 1", "retry/PM1/1 100 after 0 retries");
    check_failed(1, "retry box", "retry/PM1/1 100 after 0 retries");
    check_failed(9, "said stop PM1 1", "failure_final");
    check_failed(9, "said stop PM1 1, said retry PM1 1", "retry/PM1/1 100 after 0 retries");
    check_failed(9, "said retry PM1 1, said stop PM1 1", "failure_final");
    let other = "payment PM1 failed, event PM1 failed other 1d";
    check(&format!("{other}, said retry PM1 1"), "retry/PM1/1 100 after 0 retries");
    check(&format!("{other}, said release PM1 1"), "collect/E/I/2 100 by MD1");
    // Never after the mandate or the account is gone.
    let closed = "payment PM1 failed, event PM1 failed bank_account_closed 1d";
    check(&format!("{closed}, said retry PM1 1"), "failure_final");
    check(&format!("{closed}, said release PM1 1"), "collect/E/I/2 100 by MD1");
}

#[test]
fn a_retry_needs_the_checks_of_a_create() {
    check_failed(9, "unflagged", "not_flagged");
    check_failed(9, "policy post-only", "post_only");
    check_failed(9, "policy off", "link_off");
    check_failed(9, "policy stopped", "stopped");
    check_failed(9, "invoice paid", "paid_otherwise");
    check_failed(9, "invoice voided", "invoice_voided");
    check_failed(9, "other PM9 100 submitted INV-1", "already_collected");
    check_failed(9, "policy day-limit:150, used 51 1", "daily_limit");
    check_failed(9, "policy limit:99", "retry/PM1/1 100 after 0 retries");
}

#[test]
fn a_retry_needs_its_own_mandate_and_no_other() {
    check_failed(9, "mandate MD2 active", "retry/PM1/1 100 after 0 retries");
    check_failed(9, "mandate MD1 cancelled", "mandate_unusable");
    check_failed(9, "mandate MD1 cancelled, mandate MD2 active", "mandate_unusable");
    let released = "mandate MD1 cancelled, mandate MD2 active, said release PM1 1";
    check_failed(9, released, "collect/E/I/2 100 by MD2");
}

#[test]
fn a_failed_payment_over_another_amount_has_ended() {
    check_failed(1, "due 60", "collect/E/I/2 60 by MD1");
    check_failed(1, "due 160", "collect/E/I/2 160 by MD1");
    check_failed(
        1,
        "currency EUR, policy also:EUR, mandate MD2 active EUR",
        "collect/E/I/2 100 by MD2",
    );
    // But a person still says what follows what nobody may retry, whatever the balance is by now.
    check_failed(9, &format!("{RETRIED_THRICE}, due 60"), "retries_used_up");
    let closed = "payment PM1 failed, event PM1 failed bank_account_closed 1d, due 60";
    check(closed, "failure_final");
    check_failed(9, "due 60, said stop PM1 1", "failure_final");
}

#[test]
fn the_processors_own_retries_are_waited_for() {
    let auto = "payment PM1 failed auto, event PM1 failed insufficient_funds 9d will-retry:yes";
    check(auto, "processor_retries");
    let gave_up = "payment PM1 failed auto, event PM1 failed insufficient_funds 9d will-retry:no";
    check(gave_up, "retry/PM1/1 100 after 0 retries");
    // Nothing tells that an announced retry does not come: a lost mandate does, or the time.
    check(&format!("{auto}, mandate MD1 cancelled"), "mandate_unusable");
    check(&auto.replace("9d", "27d"), "processor_retries");
    check(&auto.replace("9d", "28d"), "retry/PM1/1 100 after 0 retries");
}

#[test]
fn the_processors_own_retries_go_off_before_anything_else() {
    let auto = "payment PM1 failed auto, event PM1 failed insufficient_funds 9d will-retry:yes";
    check(&format!("{auto}, due 60"), "stop-retries/PM1/1");
    check(&format!("{auto}, invoice paid"), "stop-retries/PM1/1");
    check(&format!("{auto}, said stop PM1 1"), "stop-retries/PM1/1");
    check("payment PM1 failed auto, due 60", "stop-retries/PM1/1");
    check("payment PM1 failed auto adopted, invoice paid", "stop-retries/PM1/1");
    let again = format!("{auto}, due 60, cmd stop-retries/PM1/1");
    check(&format!("{again} in_flight"), "stop-retries/PM1/1");
    check(&format!("{again} given_up"), "stop-retries/PM1/2");
    check(&format!("{again} rejected:state"), "rejected");
}

#[test]
fn an_unknown_retry_keeps_its_key() {
    check_failed(9, "cmd retry/PM1/1 in_flight", "retry/PM1/1 100 after 0 retries");
    check_failed(9, "cmd retry/PM1/1 watched", "command_in_flight");
    check_failed(9, "cmd retry/PM1/1 given_up", "retry/PM1/2 100 after 0 retries");
    check_failed(9, "cmd retry/PM1/1 in_flight, due 60", "command_in_flight");
}

#[test]
fn a_late_failure_waits_for_its_items() {
    let late = "payment PM1 failed, event PM1 paid_out payment_paid_out 9d payout:PO1, \
                event PM1 failed insufficient_funds 5d";
    check(late, "waiting_for_items");
    let kept =
        "item PO1/0 paid PM1 100 9d, receipt PM1/PO1 100 applied:100 deposited, invoice paid";
    check(&format!("{late}, {kept}"), "waiting_for_items");
    // Not even then a credit makes the processor retry what is no longer owed.
    let credited = late.replace("failed,", "failed auto,");
    let partly =
        "item PO1/0 paid PM1 100 9d, receipt PM1/PO1 100 applied:60 deposited, invoice paid";
    check(&format!("{credited}, {partly}"), "stop-retries/PM1/1");
}
