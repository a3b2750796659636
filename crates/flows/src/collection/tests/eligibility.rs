//! May the invoice be collected now, over how much, by which mandate, when (mission rows NG2, NG3,
//! AG4, C13).

use super::check;

#[test]
fn an_open_ticked_invoice_is_collected_over_what_is_due() {
    check("", "collect/E/I/1 100 by MD1");
    check("due 60", "collect/E/I/1 60 by MD1");
}

#[test]
fn exactly_one_reason_says_why_not() {
    check("invoice voided", "invoice_voided");
    check("invoice paid", "paid_otherwise");
    check("due 0", "paid_otherwise");
    check("total -5", "negative_total");
    check("due -5", "negative_total");
    check("approval pending", "not_approved");
    check("approval rejected", "not_approved");
    check("unflagged", "not_flagged");
    check("currency EUR", "currency_not_mapped");
    check("unmatched", "customer_unmatched");
    check("inactive", "customer_unmatched");
    check("no mandates", "no_mandate");
    check("policy off", "link_off");
    check("policy post-only", "post_only");
    check("policy stopped", "stopped");
    check("invoice missing", "record_missing");
    check("invoice odd", "odd_record");
    check("invoice unread", "unavailable");
}

#[test]
fn the_first_reason_is_the_one_that_people_can_act_on() {
    check("invoice voided, unflagged, no mandates, policy off", "invoice_voided");
    check("approval pending, unflagged, no mandates", "not_approved");
    check("unflagged, currency EUR, no mandates", "not_flagged");
    check("no mandates, policy off", "link_off");
}

#[test]
fn a_mandate_that_waits_for_its_first_payment_is_usable() {
    check("mandate MD1 pending", "collect/E/I/1 100 by MD1");
    check("mandate MD1 submitted", "collect/E/I/1 100 by MD1");
    check("mandate MD1 approval", "collect/E/I/1 100 by MD1");
    check("mandate MD1 approval, policy wait-approval", "approval_pending");
    check("mandate MD1 cancelled", "mandate_unusable");
    check("mandate MD1 blocked", "mandate_unusable");
    check("no mandates, requested", "mandate_pending");
    check("mandate MD1 cancelled, requested", "mandate_pending");
}

#[test]
fn the_named_mandate_wins_then_the_only_one() {
    check("mandate MD2 active", "mandate_ambiguous");
    check("mandate MD2 active, named MD2", "collect/E/I/1 100 by MD2");
    check("mandate MD1 cancelled, mandate MD2 active", "collect/E/I/1 100 by MD2");
    check("mandate MD1 cancelled, mandate MD2 active, named MD1", "collect/E/I/1 100 by MD2");
}

#[test]
fn currencies_never_mix() {
    check("mandate MD2 active EUR", "collect/E/I/1 100 by MD1");
    check("mandate MD2 active EUR, named MD2", "collect/E/I/1 100 by MD1");
    check("currency EUR, policy also:EUR", "no_mandate");
    check("currency EUR, policy also:EUR, mandate MD2 active EUR", "collect/E/I/1 100 by MD2");
}

#[test]
fn a_later_due_date_is_the_charge_date() {
    check("due-on 2026-12-01", "collect/E/I/1 100 by MD1 on 2026-12-01");
    check("due-on 2026-11-26", "collect/E/I/1 100 by MD1 on 2026-11-26");
    check("due-on 2026-11-25", "collect/E/I/1 100 by MD1");
    check("due-on none", "collect/E/I/1 100 by MD1");
}

#[test]
fn policy_says_which_invoices_are_collected() {
    check("unflagged, policy all-open", "collect/E/I/1 100 by MD1");
    check("policy overdue, due-on 2026-11-19", "collect/E/I/1 100 by MD1");
    check("policy overdue, due-on 2026-11-20", "not_due_yet");
    check("policy within:5, due-on 2026-11-25", "collect/E/I/1 100 by MD1");
    check("policy within:5, due-on 2026-11-26", "not_due_yet");
    check("policy overdue, due-on none", "collect/E/I/1 100 by MD1");
}

#[test]
fn money_reaches_the_bank_account_of_the_invoices_subsidiary() {
    check("subsidiary S1, policy bank-of:S1", "collect/E/I/1 100 by MD1");
    check("subsidiary S2, policy bank-of:S1", "subsidiary_other");
    check("subsidiary S2", "collect/E/I/1 100 by MD1");
    // The ERP takes receipts for invoices of one subsidiary alone, whatever the bank account is of.
    check("subsidiary S1, booked-in S1", "collect/E/I/1 100 by MD1");
    check("booked-in S1", "collect/E/I/1 100 by MD1");
    check("subsidiary S2, booked-in S1", "subsidiary_other");
    check("subsidiary S2, booked-in S1, policy bank-of:S2", "subsidiary_other");
}

#[test]
fn limits_stop_what_is_above_them() {
    check("policy limit:100", "collect/E/I/1 100 by MD1");
    check("policy limit:99", "above_limit");
    check("policy day-limit:150, used 50 1", "collect/E/I/1 100 by MD1");
    check("policy day-limit:150, used 51 1", "daily_limit");
    // Tomorrow would not do either.
    check("policy day-limit:99", "above_limit");
    check("policy day-count:1", "collect/E/I/1 100 by MD1");
    check("policy day-count:1, used 5 1", "daily_limit");
}

#[test]
fn what_is_above_the_limit_of_a_run_waits_for_a_person() {
    check("policy run-limit:150, run 50 1", "collect/E/I/1 100 by MD1");
    check("policy run-limit:150, run 51 1", "above_limit");
    check("policy run-count:2, run 5 1", "collect/E/I/1 100 by MD1");
    check("policy run-count:2, run 5 2", "above_limit");
    // The next run does not take it by itself; a release or another limit does.
    let held = "held the link collects 2 invoices per run";
    check(&format!("policy run-count:2, {held}"), "above_limit");
    check(&format!("policy run-count:2, {held}, said release"), "collect/E/I/1 100 by MD1");
    check(&format!("policy run-count:3, {held}"), "collect/E/I/1 100 by MD1");
    check(held, "collect/E/I/1 100 by MD1");
    check("policy run-count:2, run 5 2, said release", "collect/E/I/1 100 by MD1");
}

#[test]
fn a_release_lifts_limits_that_the_invoice_alone_is_above() {
    check("policy limit:99, said release", "collect/E/I/1 100 by MD1");
    check("policy limit:99, said release, said stop", "above_limit");
    check("policy day-limit:99, used 51 1, said release", "collect/E/I/1 100 by MD1");
    check("policy day-limit:150, used 51 1, said release", "daily_limit");
    check("unflagged, said release", "not_flagged");
    // Also when an attempt of ours was cancelled in between for its amount.
    let cancelled = "policy limit:99, payment PM1 cancelled 120, cmd cancel/PM1/1 done:PM1, \
                     event PM1 cancelled payment_cancelled";
    check(cancelled, "above_limit");
    check(&format!("{cancelled}, said release PM1 1"), "collect/E/I/2 100 by MD1");
}

#[test]
fn a_payment_of_others_that_seems_to_be_for_it_is_for_a_person() {
    check("other PM9 100 submitted INV-1", "already_collected");
    check("other PM9 60 submitted INV-1", "already_collected");
    check("other PM9 100 paid_out INV-1", "already_collected");
    // Whoever made it may retry it, and a charge-back may be cancelled.
    check("other PM9 100 failed INV-1", "already_collected");
    check("other PM9 100 charged_back INV-1", "already_collected");
    check("other PM9 100 cancelled INV-1", "collect/E/I/1 100 by MD1");
    let before = "other PM9 100 failed INV-1, policy cut-over:2026-09-01";
    check(before, "collect/E/I/1 100 by MD1");
    check(&format!("{before}, asked PM9"), "already_collected");
    check(&format!("{before}, asked PM9, said not-ours PM9"), "collect/E/I/1 100 by MD1");
    check("other PM9 100 submitted INV-12", "collect/E/I/1 100 by MD1");
    check("other PM9 100 submitted for:J", "collect/E/I/1 100 by MD1");
    check("other PM9 100 submitted INV-1, said not-ours PM9", "collect/E/I/1 100 by MD1");
}
