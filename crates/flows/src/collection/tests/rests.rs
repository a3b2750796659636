//! What of a receipt stays unapplied: shown, and applied when the invoice has a balance again.

use super::check;

const PAID: &str = "payment PM1 paid_out, item PO1/0 paid PM1 100 3d";

#[test]
fn a_rest_that_was_never_applied_is_shown_then_applied() {
    let rest = format!("{PAID}, receipt PM1/PO1 100 applied:60");
    check(&format!("{rest}, invoice paid"), "collected ! amount_changed");
    check(&format!("{rest}, invoice paid, said leave amount_changed"), "collected");
    check(&format!("{rest}, due 40"), "apply/R1/1 40 to I");
    check(&format!("{rest}, due 10"), "apply/R1/1 10 to I");
    check(&format!("{rest}, due 90"), "apply/R1/1 40 to I");
    check(&format!("{rest}, due 40, invoice voided"), "collected ! amount_changed");
}

#[test]
fn a_refused_application_is_shown() {
    let rest = format!("{PAID}, receipt PM1/PO1 100 applied:60, due 40, cmd apply/R1/1");
    check(&format!("{rest} rejected 40"), "collected ! rejected");
    check(&format!("{rest} in_flight 40"), "apply/R1/1 40 to I");
    check(&format!("{rest} watched 40"), "command_in_flight");
    check(&format!("{rest} given_up 40"), "apply/R1/2 40 to I");
}

#[test]
fn what_a_person_unapplied_is_for_a_person() {
    let taken = format!("{PAID}, receipt PM1/PO1 100 first:100");
    check(&taken, "collected ! receipt_unapplied");
    check(&format!("{taken}, said leave receipt_unapplied"), "collected");
    let later = format!("{PAID}, receipt PM1/PO1 100 first:60, cmd apply/R1/1 done:R1 40");
    check(&later, "collected ! receipt_unapplied");
    check(
        &format!("{PAID}, receipt PM1/PO1 100 applied:60, cmd apply/R1/1 done:R1 30, due 10"),
        "collected ! receipt_unapplied",
    );
}

#[test]
fn what_a_person_applied_to_another_invoice_is_for_a_person() {
    let moved = format!("{PAID}, receipt PM1/PO1 100 first:100 other:100");
    check(&format!("{moved}, due 100"), "collected ! receipt_unapplied");
    check(&format!("{moved}, due 100, said leave receipt_unapplied"), "collected");
    // Paid in another way: nothing is missing.
    check(&format!("{moved}, invoice paid"), "collected");
    let in_part = format!("{PAID}, receipt PM1/PO1 100 first:100 applied:70 other:30");
    check(&format!("{in_part}, due 30"), "collected ! receipt_unapplied");
    // Owed anew, while all of it is where we put it.
    check(
        &format!("{PAID}, receipt PM1/PO1 100 applied:100, due 30"),
        "collected ! amount_changed",
    );
}

#[test]
fn what_a_refund_unapplies_on_its_way_is_nobodys_doing() {
    let refund = format!("{PAID}, item PO2/0 refunded PM1 -30 1d");
    check(&format!("{refund}, due 30, receipt PM1/PO1 100 applied:70 first:100"), "collected");
}

/// The payer was refunded after the receipt was taken back, and the chargeback is cancelled then.
#[test]
fn a_refund_that_was_a_loss_leaves_the_rest_to_be_applied() {
    let refund = format!("{PAID}, item PO2/0 refunded PM1 -30 1d, receipt PM1/PO1 100 applied:60");
    check(&format!("{refund}, due 40"), "collected");
    check(&format!("{refund}, due 40, tied PO2/0 refund RF1"), "apply/R1/1 40 to I");
    check(&format!("{refund}, due 40, tied PO2/0 loss J1"), "apply/R1/1 40 to I");
}

#[test]
fn only_a_payment_that_counts_as_collected_is_applied() {
    let failed = "payment PM1 failed, event PM1 failed other 5d, item PO1/0 paid PM1 100 9d, \
                  item PO2/0 failed PM1 -100 2d, receipt PM1/PO1 100 applied:60 refunded:40 deposited, \
                  refund PO2/0 100, due 40";
    check(failed, "failure_final");
}

#[test]
fn a_rest_is_applied_before_anything_new_is_collected() {
    // The settled payment is live all along: never a second one beside it.
    check(
        &format!("{PAID}, receipt PM1/PO1 100 applied:60, total 200, due 140"),
        "apply/R1/1 40 to I",
    );
    check(
        &format!("{PAID}, receipt PM1/PO1 100 applied:100, total 200, due 100"),
        "collected ! amount_changed",
    );
}
