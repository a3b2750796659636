//! Receipts: one per settlement, applied up to the balance (promise P3; mission rows NG7 and NG11).

use super::check;

const PAID: &str = "payment PM1 paid_out, item PO1/0 paid PM1 100 3d";

#[test]
fn a_kept_settlement_is_posted_up_to_the_balance() {
    check(PAID, "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-17");
    check(&format!("{PAID}, due 60"), "receipt/PM1/PO1 100 applied 60 in undeposited 2026-11-17");
    check(
        &format!("{PAID}, invoice paid"),
        "receipt/PM1/PO1 100 applied 0 in undeposited 2026-11-17",
    );
    check(
        &format!("{PAID}, invoice voided"),
        "receipt/PM1/PO1 100 applied 0 in undeposited 2026-11-17",
    );
    check(
        &format!("{PAID}, policy undeposited:clearing"),
        "receipt/PM1/PO1 100 applied 100 in clearing 2026-11-17",
    );
    check(
        &format!("{PAID}, policy post-only"),
        "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-17",
    );
    check(&format!("{PAID}, policy stopped"), "stopped");
    check(&format!("{PAID}, policy off"), "link_off");
}

#[test]
fn a_receipt_carries_the_date_of_the_paid_out_event() {
    let event = "event PM1 paid_out payment_paid_out 5d payout:PO1";
    check(&format!("{PAID}, {event}"), "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-15");
    let other = "event PM1 paid_out payment_paid_out 5d payout:PO7";
    check(&format!("{PAID}, {other}"), "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-17");
}

#[test]
fn the_status_alone_posts_nothing() {
    check("payment PM1 paid_out", "waiting_for_items");
    check("payment PM1 paid_out hint:PO1", "waiting_for_items");
    check("payment PM1 confirmed", "waiting_for_payout");
}

#[test]
fn a_closed_period_holds_or_moves_the_receipt() {
    let closed = "payment PM1 paid_out, item PO1/0 paid PM1 100 30d, closed 10";
    check(closed, "period_closed");
    check(
        &format!("{closed}, policy next-open"),
        "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-01 not 2026-10-21",
    );
    check(&format!("{closed}, cmd receipt/PM1/PO1 rejected:period"), "period_closed");
}

/// The site entered the receipt and did not release it.
#[test]
fn a_receipt_that_was_begun_is_gone_on_with_or_told() {
    let begun = format!("{PAID}, receipt PM1/PO1 100 applied 100 unposted, cmd receipt/PM1/PO1");
    let same = "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-17";
    check(&format!("{begun} rejected"), "rejected");
    check(&format!("{begun} cleared"), same);
    // Somebody else's stands in the place of one that was refused: no second one is made.
    let theirs = begun.replace("unposted", "unposted theirs").replace("applied 100", "applied:100");
    check(&format!("{theirs} cleared, invoice paid"), "collected");
}

#[test]
fn an_invoice_that_takes_no_application_leaves_the_receipt_unapplied() {
    check(
        &format!("{PAID}, cmd receipt/PM1/PO1 rejected:application"),
        "receipt/PM1/PO1 100 applied 0 in undeposited 2026-11-17",
    );
    check(&format!("{PAID}, cmd receipt/PM1/PO1 rejected:application applied:0"), "rejected");
}

#[test]
fn before_the_cut_over_nothing_is_posted() {
    let before = format!("{PAID}, policy cut-over:2026-11-18");
    check(&before, "predecessor_receipt_missing");
    // Whoever booked it applied a receipt to the invoice, or a person knows better.
    check(&format!("{before}, invoice paid"), "collected");
    check(&format!("{before}, total 250, due 150"), "collected ! amount_changed");
    check(&format!("{before}, said leave predecessor_receipt_missing"), "collected");
    check(
        &format!("{PAID}, policy cut-over:2026-11-17"),
        "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-17",
    );
    check(&format!("{PAID}, policy no-cut-over"), "collected");
}

#[test]
fn a_receipt_that_a_person_changed_is_never_made_again() {
    check(&format!("{PAID}, receipt PM1/PO1 100 voided"), "receipt_voided");
    check(&format!("{PAID}, receipt PM1/PO1 100, gone receipt/PM1/PO1"), "receipt_voided");
    check(&format!("{PAID}, receipt PM1/PO1 90"), "receipt_differs");
    let left = "said leave receipt_voided";
    check(&format!("{PAID}, receipt PM1/PO1 100 voided, {left}"), "collected");
    check(&format!("{PAID}, receipt PM1/PO1 100, gone receipt/PM1/PO1, {left}"), "collected");
    // Made, and a lagging query does not show it.
    check(
        &format!("{PAID}, receipt PM1/PO1 100, unread receipt/PM1/PO1, invoice paid"),
        "collected",
    );
}

#[test]
fn a_receipt_at_confirmed_that_only_the_erp_knows_is_not_made_again() {
    let stands = "receipt PM1/confirmed-1 100 applied:100, forgotten receipt/PM1/confirmed-1";
    check(&format!("{PAID}, invoice paid, {stands}"), "note/R1/PO1 \"payment PM1, payout PO1\"");
    // One that somebody voided since is no receipt.
    let voided = "receipt PM1/confirmed-1 100 voided, forgotten receipt/PM1/confirmed-1";
    check(&format!("{PAID}, {voided}"), "receipt_voided");
    let lost = "policy post-on-confirmed, payment PM1 failed, event PM1 confirmed 4d, \
                event PM1 late_failure bank_account_closed, invoice paid";
    check(&format!("{lost}, {stands}"), "unapply/PM1/confirmed-1/1 100 off I");
}

#[test]
fn odd_items_are_shown() {
    check("payment PM1 paid_out, item PO1/0 paid PM1 100 fraction", "odd_record");
    check("payment PM1 paid_out, item PO1/0 paid PM1 -100", "odd_record");
}

#[test]
fn a_payment_matched_after_its_payout_was_booked_comes_out_of_suspense() {
    let line = "payment PM1 paid_out adopted, item PO1/0 paid PM1 100 3d route:line";
    check(line, "receipt/PM1/PO1 100 applied 100 in suspense 2026-11-17");
    check(&format!("{line}, policy no-suspense"), "account_not_mapped");
}

const AT_CONFIRMED: &str = "policy post-on-confirmed, payment PM1 confirmed, \
                            event PM1 confirmed payment_confirmed 4d";

#[test]
fn by_policy_a_confirmed_payment_is_posted() {
    check(AT_CONFIRMED, "receipt/PM1/confirmed-1 100 applied 100 in undeposited 2026-11-16");
    let posted = format!("{AT_CONFIRMED}, receipt PM1/confirmed-1 100 applied:100, invoice paid");
    check(&posted, "waiting_for_payout");
    // Its date is the event's, which may come late.
    check("policy post-on-confirmed, payment PM1 confirmed", "waiting_for_payout");
    check("policy post-on-confirmed, payment PM1 paid_out", "waiting_for_items");
    check("policy post-on-confirmed, payment PM1 submitted", "at_the_bank");
}

#[test]
fn a_refused_or_unknown_receipt_at_confirmed_is_not_forgotten() {
    let cmd = "cmd receipt/PM1/confirmed-1";
    check(&format!("{AT_CONFIRMED}, {cmd} rejected"), "rejected");
    check(
        &format!("{AT_CONFIRMED}, {cmd} in_flight"),
        "receipt/PM1/confirmed-1 100 applied 100 in undeposited 2026-11-01",
    );
    check(&format!("{AT_CONFIRMED}, {cmd} watched"), "command_in_flight");
    check(
        &format!("{AT_CONFIRMED}, {cmd} given_up"),
        "receipt/PM1/confirmed-1 100 applied 100 in undeposited 2026-11-01",
    );
    check(
        &format!("{AT_CONFIRMED}, receipt PM1/confirmed-1 100, gone receipt/PM1/confirmed-1"),
        "receipt_voided",
    );
    // Not wanted any more: watched for an orphan, and nothing follows before that is over.
    let failed = AT_CONFIRMED.replace("PM1 confirmed,", "PM1 failed,");
    check(&format!("{failed}, {cmd} in_flight"), "command_in_flight");
    // Wanted for its settlement, whatever happened since.
    check(
        &format!("{failed}, {cmd} in_flight, item PO1/0 paid PM1 100"),
        "receipt/PM1/confirmed-1 100 applied 100 in undeposited 2026-11-01",
    );
}

#[test]
fn the_settlement_takes_the_receipt_at_confirmed_for_its_own() {
    let posted = "policy post-on-confirmed, payment PM1 paid_out, item PO1/0 paid PM1 100 3d, \
                  receipt PM1/confirmed-1 100 applied:100, invoice paid";
    check(posted, "note/R1/PO1 \"payment PM1, payout PO1\"");
    check(&format!("{posted}, cmd note/R1/PO1 done:R1"), "collected");
    check(&format!("{posted}, cmd note/R1/PO1 rejected"), "collected");
    // One that was decided before it and never sent is no gap behind which nothing is seen.
    let second = posted.replace("confirmed-1", "confirmed-2");
    check(
        &format!("{second}, cmd receipt/PM1/confirmed-1 cleared"),
        "note/R1/PO1 \"payment PM1, payout PO1\"",
    );
    // The predecessor's settlement before the cut-over took none of ours.
    let earlier = "item PO0/0 paid PM1 100 200d, item PO9/0 failed PM1 -100 190d, \
                   policy cut-over:2026-11-01, said leave predecessor_receipt_missing";
    check(&format!("{posted}, {earlier}, cmd note/R1/PO1 done:R1"), "collected");
}

#[test]
fn a_second_receipt_at_confirmed_needs_the_first_reversed_or_tied() {
    let first = "receipt PM1/confirmed-1 100 refunded:100, cmd refund/PM1/confirmed-1 done:F1";
    check(
        &format!("{AT_CONFIRMED}, {first}, cmd zero/PM1/confirmed-1 done:D1"),
        "receipt/PM1/confirmed-2 100 applied 100 in undeposited 2026-11-16",
    );
    // Begun, and the payment is confirmed again meanwhile: the reversal is finished first.
    let begun = "receipt PM1/confirmed-1 100, cmd unapply/PM1/confirmed-1/1 done:R1";
    check(
        &format!("{AT_CONFIRMED}, {begun}"),
        "refund/PM1/confirmed-1 100 from undeposited 2026-11-20",
    );
}

#[test]
fn a_settlement_with_a_receipt_of_its_own_leaves_the_one_at_confirmed_to_the_next() {
    let known = "payment PM1 paid_out, item PO1/0 paid PM1 100 9d, item PO2/0 failed PM1 -100 7d, \
                 item PO3/0 paid PM1 100 1d, invoice paid, refund PO2/0 100, \
                 receipt PM1/PO1 100 refunded:100 deposited, \
                 receipt PM1/confirmed-1 100 applied:100";
    check(known, "note/R3/PO3 \"payment PM1, payout PO3\"");
}

#[test]
fn what_an_invoice_that_is_gone_paid_is_booked_unapplied_and_nothing_else_is_done() {
    check("invoice-gone, payment PM1 pending", "record_missing");
    check("invoice-gone, payment PM1 submitted", "record_missing");
    check(
        "invoice-gone, payment PM1 cancelled, event PM1 cancelled payment_cancelled",
        "record_missing",
    );
    let failed = "invoice-gone, payment PM1 failed, event PM1 failed insufficient_funds 9d";
    check(failed, "record_missing");
    let paid = "invoice-gone, payment PM1 paid_out, item PO1/0 paid PM1 100 3d";
    check(paid, "receipt/PM1/PO1 100 applied 0 in undeposited 2026-11-17 ! record_missing");
    let booked = format!("{paid}, receipt PM1/PO1 100 applied:0 deposited");
    check(&booked, "record_missing ! amount_changed");
    check(&format!("{booked}, said leave record_missing"), "invoice_voided ! amount_changed");
}
