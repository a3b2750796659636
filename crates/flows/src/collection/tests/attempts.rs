//! One live payment per invoice, and when another may follow (promise P1; mission row NG14).

use super::check;

#[test]
fn a_live_payment_is_waited_for() {
    check("payment PM1 approval", "approval_pending");
    check("payment PM1 pending", "at_the_bank");
    check("payment PM1 submitted", "at_the_bank");
    check("payment PM1 confirmed", "waiting_for_payout");
    check("payment PM1 paid_out", "waiting_for_items");
    check("payment PM1 pending adopted", "at_the_bank");
}

#[test]
fn a_payment_that_can_not_be_read_stops_the_case() {
    check("payment PM1 gone", "outcome_unclear");
    check("payment PM1 odd", "odd_record");
    check("payment PM1 unread", "unavailable");
    check("payment PM1 cancelled, payment PM2 gone", "outcome_unclear");
}

#[test]
fn of_two_live_payments_our_newest_cancellable_one_goes() {
    check("payment PM1 submitted, payment PM2 pending", "cancel/PM2/1");
    check("payment PM1 pending, payment PM2 pending", "cancel/PM2/1");
    check("payment PM1 pending, payment PM2 submitted", "cancel/PM1/1");
    check("payment PM1 pending, payment PM2 pending adopted", "cancel/PM1/1");
    // Paid out counts as live, and mode "post only" cancels all the same.
    check("payment PM1 paid_out, payment PM2 pending", "cancel/PM2/1");
    check("payment PM1 submitted, payment PM2 pending, policy post-only", "cancel/PM2/1");
    check("payment PM1 submitted, payment PM2 pending, policy stopped", "stopped");
    check("payment PM1 submitted, payment PM2 pending, policy off", "link_off");
}

#[test]
fn two_live_payments_that_nobody_may_cancel_are_for_a_person() {
    check("payment PM1 submitted, payment PM2 submitted", "at_the_bank ! double_collection");
    let adopted = "payment PM1 submitted, payment PM2 pending adopted";
    check(adopted, "at_the_bank ! double_collection");
    let refused = "payment PM1 submitted, payment PM2 pending, cmd cancel/PM2/1 rejected:state";
    check(refused, "at_the_bank ! double_collection");
    // The books go on.
    let paid = "payment PM1 paid_out, item PO1/0 paid PM1 100, payment PM2 submitted";
    check(paid, "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-19 ! double_collection");
}

#[test]
fn a_double_that_is_settled_is_over() {
    let doubled = |first: &str, second: &str| {
        format!(
            "invoice paid, payment PM1 paid_out {first}, item PO1/0 paid PM1 100, \
             receipt PM1/PO1 100 applied:100 deposited, payment PM2 {second}"
        )
    };
    let told = "collected ! double_collection";
    check(&doubled("", "submitted"), told);
    check(&doubled("refunded:99", "submitted"), told);
    // Whichever was given back in full: the other one stands.
    check(&doubled("refunded:100", "paid_out"), "waiting_for_items ! amount_changed");
    check(&doubled("", "paid_out refunded:100"), "collected");
    // People settled it elsewhere, as they knew it then.
    let left = "said leave double_collection";
    check(&format!("{}, {left}", doubled("", "submitted")), "collected");
    let later = format!("event PM2 resubmission_requested -1d, {left}");
    check(&format!("{}, {later}", doubled("", "submitted")), told);
}

#[test]
fn a_payment_over_another_amount_is_cancelled_while_it_can_be() {
    check("payment PM1 pending 120", "cancel/PM1/1");
    check("payment PM1 pending 80", "cancel/PM1/1");
    check("payment PM1 pending, invoice paid", "cancel/PM1/1");
    check("payment PM1 pending, invoice voided", "cancel/PM1/1");
    check("payment PM1 pending, currency EUR", "cancel/PM1/1");
    check("payment PM1 submitted 120", "at_the_bank ! amount_changed");
    check("payment PM1 approval 120", "approval_pending ! amount_changed");
    check("payment PM1 pending 120, policy alert", "at_the_bank ! amount_changed");
    check("payment PM1 pending 120 adopted", "at_the_bank ! amount_changed");
    check("payment PM1 submitted 120, said leave amount_changed", "at_the_bank");
    let refused = "payment PM1 pending 120, cmd cancel/PM1/1 rejected:state";
    check(refused, "at_the_bank ! rejected");
}

#[test]
fn nothing_is_cancelled_to_be_made_anew_by_a_link_that_does_not_collect() {
    check("payment PM1 pending 120, policy post-only", "at_the_bank ! amount_changed");
    check("payment PM1 pending 120, policy stopped", "stopped");
    check("payment PM1 pending 120, policy off", "at_the_bank ! amount_changed");
}

#[test]
fn what_the_payments_own_receipt_holds_is_no_change() {
    let collected = "payment PM1 paid_out, item PO1/0 paid PM1 100, invoice paid";
    check(&format!("{collected}, receipt PM1/PO1 100 applied:100"), "collected");
    let confirmed = "payment PM1 confirmed, policy post-on-confirmed, invoice paid";
    check(&format!("{confirmed}, receipt PM1/confirmed-1 100 applied:100"), "waiting_for_payout");
    // More is owed than was collected: nothing is collected beside it, and it is shown.
    let more = "payment PM1 paid_out, item PO1/0 paid PM1 100, due 40";
    check(&format!("{more}, receipt PM1/PO1 100 applied:100"), "collected ! amount_changed");
}

#[test]
fn a_retried_payment_that_was_settled_and_reversed_can_change_too() {
    let again = "payment PM1 pending, item PO1/0 paid PM1 100 9d, item PO2/0 failed PM1 -100 5d, \
                 receipt PM1/PO1 100 deposited refunded:100, refund PO2/0 100";
    check(again, "at_the_bank");
    check(&format!("{again}, due 60"), "cancel/PM1/1");
    // Its receipt still holds the invoice, because the reversal waits: that is no change.
    let waits = "payment PM1 pending, item PO1/0 paid PM1 100 9d, item PO2/0 failed PM1 -100 5d, \
                 receipt PM1/PO1 100 applied:100, invoice paid";
    check(waits, "waiting_for_deposit");
}

#[test]
fn what_an_earlier_payments_reversal_will_give_back_is_owed() {
    let waits = "payment PM1 charged_back, item PO1/0 paid PM1 100 9d, \
                 item PO2/0 charged_back PM1 -100 5d, receipt PM1/PO1 100 applied:100, \
                 invoice paid, payment PM2 pending";
    check(waits, "waiting_for_deposit");
    check(&waits.replace("PM2 pending", "PM2 pending 60"), "cancel/PM2/1");
}

#[test]
fn a_blocked_posting_does_not_keep_a_wrong_amount_from_being_cancelled() {
    let blocked = "payment PM1 charged_back, item PO1/0 paid PM1 100 30d, \
                   item PO2/0 charged_back PM1 -100 25d, closed 10, \
                   receipt PM1/PO1 100 dated:2026-10-20 refunded:100 deposited, \
                   payment PM2 pending 120";
    check(blocked, "cancel/PM2/1");
    let equal = blocked.replace("pending 120", "pending 100");
    check(&equal, "period_closed");
    // Nor a failed payment from being kept from retrying itself.
    let failed = blocked.replace("pending 120", "failed 120 auto");
    check(&failed, "stop-retries/PM2/1");
}

#[test]
fn cancelled_by_us_or_by_the_mandates_end_a_new_attempt_follows() {
    let ours = "payment PM1 cancelled, cmd cancel/PM1/1";
    check(&format!("{ours} done:PM1"), "collect/E/I/2 100 by MD1");
    // Nobody answered, or it was cancelled already: the event says by whom.
    let event = "event PM1 cancelled payment_cancelled origin:api";
    for unanswered in ["done:PM1 adopted", "in_flight", "watched", "given_up"] {
        let unanswered = format!("{ours} {unanswered}");
        check(&unanswered, "waiting_for_cause");
        check(&format!("{unanswered}, {event} by:cancel/PM1/1"), "collect/E/I/2 100 by MD1");
        check(&format!("{unanswered}, {event} by:cancel/PM1/9"), "cancelled_by_person");
        check(&format!("{unanswered}, {event}"), "cancelled_by_person");
        let released = format!("{unanswered}, {event}, said release PM1 1");
        check(&released, "collect/E/I/2 100 by MD1");
    }
    for cause in ["mandate_cancelled", "mandate_expired", "bank_account_closed"] {
        let ended = format!("payment PM1 cancelled, event PM1 cancelled {cause}");
        check(&ended, "collect/E/I/2 100 by MD1");
        check(&format!("{ended}, mandate MD1 cancelled"), "mandate_unusable");
        check(
            &format!("{ended}, mandate MD1 cancelled, mandate MD2 active"),
            "collect/E/I/2 100 by MD2",
        );
    }
    let bank = "payment PM1 cancelled, event PM1 cancelled refer_to_payer origin:bank";
    check(bank, "collect/E/I/2 100 by MD1");
}

#[test]
fn cancelled_by_somebody_else_a_person_says_what_follows() {
    let cancelled = "payment PM1 cancelled, event PM1 cancelled payment_cancelled origin:api";
    check("payment PM1 cancelled", "waiting_for_cause");
    check(cancelled, "cancelled_by_person");
    check(&format!("{cancelled}, cmd cancel/PM1/1 rejected:state"), "cancelled_by_person");
    check(&format!("{cancelled}, cmd cancel/PM1/1 intended"), "cancelled_by_person");
    check(&format!("{cancelled}, said release PM1 1"), "collect/E/I/2 100 by MD1");
    check(&format!("{cancelled}, retry box"), "collect/E/I/2 100 by MD1");
    check(&format!("{cancelled}, said release PM1 1, policy post-only"), "post_only");
    check(&format!("{cancelled}, invoice paid"), "paid_otherwise");
    check(&format!("{cancelled}, invoice voided"), "invoice_voided");
}

#[test]
fn denied_by_the_payer_a_person_says_what_follows() {
    check("payment PM1 denied", "denied_by_payer");
    let denied = "payment PM1 denied, event PM1 customer_approval_denied";
    check(denied, "denied_by_payer");
    check(&format!("{denied}, said release PM1 1"), "collect/E/I/2 100 by MD1");
    check(&format!("{denied}, retry box"), "collect/E/I/2 100 by MD1");
    check("payment PM1 denied, retry box", "denied_by_payer");
}

#[test]
fn after_a_chargeback_the_invoice_is_left_open_or_collected_again() {
    let back = "payment PM1 charged_back, event PM1 charged_back refund_requested 10d";
    check(back, "reversed");
    check(&format!("{back}, policy recollect:11"), "recollect_scheduled");
    check(&format!("{back}, policy recollect:10"), "collect/E/I/2 100 by MD1");
    check(&format!("{back}, policy recollect:10, said stop PM1 1"), "reversed");
    check(&format!("{back}, said release PM1 1"), "collect/E/I/2 100 by MD1");
    check(&format!("{back}, invoice paid"), "paid_otherwise");
    // Charged back anew: the old event says nothing, and what was said of it neither.
    let anew = "event PM1 chargeback_cancelled payment_confirmed 5d, said release PM1 1";
    check(&format!("{back}, policy recollect:10, {anew}"), "reversed");
    let told = "event PM1 charged_back refund_requested 1d";
    check(&format!("{back}, policy recollect:10, {anew}, {told}"), "recollect_scheduled");
}

#[test]
fn a_new_attempt_waits_for_the_books_of_every_earlier_one() {
    let back = "event PM1 charged_back refund_requested 10d, policy recollect:1";
    let paid = "payment PM1 charged_back, event PM1 paid_out payment_paid_out 12d payout:PO1";
    check(&format!("{paid}, {back}"), "waiting_for_items");
    let kept = "item PO1/0 paid PM1 100 12d, receipt PM1/PO1 100 applied:100 deposited";
    check(&format!("{paid}, {back}, {kept}, invoice paid"), "waiting_for_items");
    // For weeks: a person is told.
    let long = "event PM1 charged_back refund_requested 35d";
    check(&format!("{paid}, {long}, {kept}, invoice paid"), "waiting_for_items ! reversal_waits");
    // Also when the newest attempt ended otherwise.
    let newest = "payment PM2 cancelled, event PM2 cancelled mandate_cancelled";
    check(&format!("{paid}, {back}, {newest}"), "waiting_for_items");
    check(&format!("payment PM1 failed auto, {newest}"), "stop-retries/PM1/1");
}

#[test]
fn a_refunded_payment_leaves_the_invoice_open() {
    let refunded = "payment PM1 paid_out refunded:100, item PO1/0 paid PM1 100 9d, \
                    item PO2/0 refunded PM1 -100 2d, receipt PM1/PO1 100 refunded:100 deposited";
    check(refunded, "refunded");
    check(&format!("{refunded}, invoice paid"), "collected");
}
