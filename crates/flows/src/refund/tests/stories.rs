//! The stories, by rule.

use super::check;

#[test]
fn a_refund_waits_until_a_payout_holds_it() {
    check("sight missing", "open record_missing (the refund is gone) hints collection/erp:1/INV1");
    check("sight odd", "open odd_record (no amount) hints collection/erp:1/INV1");
    check("sight unread", "open unavailable () hints collection/erp:1/INV1");
    let case = |status: &str, expected: &str| {
        let expected = format!("{expected} hints collection/erp:1/INV1");
        check(&format!("refund 2500 {status}"), &expected);
    };
    let waits = "open refund_on_its_way (25.00 GBP wait for the payout that takes them)";
    case("submitted", waits);
    case("paid", waits);
    case("cancelled", "failed refund_failed (25.00 GBP)");
    case("bounced", "failed refund_failed (25.00 GBP)");
    case("returned", "failed refund_failed (25.00 GBP)");
}

#[test]
fn a_foreign_refund_is_booked_by_its_payout() {
    check(
        "foreign
         refund 2500 paid
         item refunded PO2 2026-11-18 -2500 line",
        "closed foreign_payment (PM1) hints payout/pro:1/PO2",
    );
}

#[test]
fn an_item_that_is_a_line_of_its_deposit_is_not_booked_twice() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 line
         receipt PO1 8000 INV1:8000",
        "closed booked (25.00 GBP) hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn a_refund_is_unapplied_in_part_and_paid_from_the_bank() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 bank
         receipt PO1 8000 INV9:1000 INV1:7000",
        "unapply/PO2/3/1 2500 from R1 INV1
         refund/PO2/3 2026-11-18 2500 of R1 from bank
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn our_invoice_is_unapplied_first_then_others() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 bank
         receipt PO1 3000 INV9:1000 INV1:2000",
        "unapply/PO2/3/1 2000 from R1 INV1
         unapply/PO2/3/2 500 from R1 INV9
         refund/PO2/3 2026-11-18 2500 of R1 from bank
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn what_stands_unapplied_is_used_first() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 bank
         receipt PO1 8000 INV1:6000",
        "unapply/PO2/3/1 500 from R1 INV1
         refund/PO2/3 2026-11-18 2500 of R1 from bank
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn from_the_bank_the_receipt_is_deposited_first() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 bank
         receipt PO1 8000 INV1:8000 undeposited
         --- deposited PO1",
        "reversed waiting_for_deposit (receipt R1) \
hints collection/erp:1/INV1 payout/pro:1/PO1 payout/pro:1/PO2
         unapply/PO2/3/1 2500 from R1 INV1
         refund/PO2/3 2026-11-18 2500 of R1 from bank
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn inside_the_deposit_the_refund_comes_from_undeposited_funds() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 in
         receipt PO1 8000 INV1:8000 undeposited",
        "unapply/PO2/3/1 2500 from R1 INV1
         refund/PO2/3 2026-11-18 2500 of R1 from funds
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn where_people_deposit_the_receipts_state_decides() {
    check(
        "refund 8000 paid
         item refunded PO2 2026-11-18 -8000 people
         receipt PO1 8000 INV1:8000 undeposited people",
        "unapply/PO2/3/1 8000 from R1 INV1
         refund/PO2/3 2026-11-18 8000 of R1 from funds
         zero/PO2/3 2026-11-18 R1 -F1
         closed booked (80.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    // In part: both lines are left for the person's deposit.
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 people
         receipt PO1 8000 INV1:5000 undeposited people",
        "refund/PO2/3 2026-11-18 2500 of R1 from funds
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 people
         receipt PO1 8000 INV1:5000",
        "refund/PO2/3 2026-11-18 2500 of R1 from bank
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    // Its own payout is deposited by us, and holds it gross.
    check(
        "refund 8000 paid
         item refunded PO2 2026-11-18 -8000 people
         receipt PO1 8000 INV1:8000 undeposited
         --- deposited PO1",
        "reversed waiting_for_deposit (receipt R1) \
hints collection/erp:1/INV1 payout/pro:1/PO1 payout/pro:1/PO2
         unapply/PO2/3/1 8000 from R1 INV1
         refund/PO2/3 2026-11-18 8000 of R1 from bank
         closed booked (80.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn a_refund_is_cleared_with_the_receipt_it_took_from_whatever_is_settled_later() {
    let story = |taken: &str, cleared: &str| {
        check(
            &format!(
                "refund 8000 paid
                 item refunded PO2 2026-11-18 -8000 people
                 receipt PO1 8000 undeposited people
                 policy no_bank
                 --- receipt PO4 8000 on:2026-11-19 INV1:8000 undeposited
                 {taken}
                 policy bank"
            ),
            &format!(
                "refund/PO2/3 2026-11-18 8000 of R1 from funds
                 reversed account_not_mapped (bank) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2
                 {cleared}
                 closed booked (80.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2"
            ),
        );
    };
    story("", "zero/PO2/3 2026-11-18 R1 -F1");
    // People deposited it meanwhile: the later one stays where it is.
    story("deposited PO1", "");
}

#[test]
fn a_loss_is_final_whatever_is_settled_later() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 bank
         reversals 1
         receipt PO1 8000 INV1:8000
         --- receipt PO4 8000 INV1:8000",
        "loss/PO2/3 bank:-2500 refunds:2500
         closed booked (25.00 GBP) ! loss_booked (25.00 GBP of 25.00 GBP) \
= loss/PO2/3 L1 hints collection/erp:1/INV1 payout/pro:1/PO2
         closed booked (25.00 GBP) ! loss_booked (25.00 GBP of 25.00 GBP) \
= loss/PO2/3 L1",
    );
}

#[test]
fn a_loss_that_may_have_been_booked_stays_one_whatever_is_settled_later() {
    let story = |told: &str, rest: &str| {
        check(
            &format!(
                "refund 2500 paid
                 item refunded PO2 2026-11-18 -2500 bank
                 reversals 1
                 receipt PO1 8000 INV1:8000
                 --- receipt PO4 8000 INV1:8000
                 {told}"
            ),
            &format!(
                "loss/PO2/3 bank:-2500 refunds:2500
                 closed booked (25.00 GBP) ! loss_booked (25.00 GBP of 25.00 GBP) \
= loss/PO2/3 L1 hints collection/erp:1/INV1 payout/pro:1/PO2
                 {rest}"
            ),
        );
    };
    story(
        "unknown loss/PO2/3",
        "loss/PO2/3 again
         closed booked (25.00 GBP) ! loss_booked (25.00 GBP of 25.00 GBP) \
= loss/PO2/3 F1 hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    // Answered, and a query does not show it yet.
    story(
        "document loss/PO2/3 unread",
        "closed booked (25.00 GBP) ! loss_booked (25.00 GBP of 25.00 GBP) = loss/PO2/3 L1",
    );
    story(
        "document loss/PO2/3 gone",
        "reversed outcome_unclear (loss/PO2/3 L1 is gone) = loss/PO2/3 L1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn what_the_receipt_no_longer_holds_is_a_loss() {
    // Partly refunded before.
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 bank
         receipt PO1 1000 INV1:1000",
        "unapply/PO2/3/1 1000 from R1 INV1
         refund/PO2/3 2026-11-18 1000 of R1 from bank
         loss/PO2/3 bank:-1500 refunds:1500
         closed booked (25.00 GBP) ! loss_booked (15.00 GBP of 25.00 GBP) \
= refund/PO2/3 F1 = loss/PO2/3 L1 hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    // After a chargeback of its only settlement.
    let reversed = "
        refund 2500 paid
        item refunded PO2 2026-11-18 -2500 bank
        reversals 1
        receipt PO1 8000 INV1:8000";
    check(
        reversed,
        "loss/PO2/3 bank:-2500 refunds:2500
         closed booked (25.00 GBP) ! loss_booked (25.00 GBP of 25.00 GBP) \
= loss/PO2/3 L1 hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    // The second settlement stands.
    check(
        &format!("{reversed} \n receipt PO5 8000 INV1:8000"),
        "unapply/PO2/3/1 2500 from R5 INV1
         refund/PO2/3 2026-11-18 2500 of R5 from bank
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    // Of two that stand, the latest.
    check(
        &format!("{reversed} \n receipt PO5 8000 INV1:8000 \n reversals 0"),
        "unapply/PO2/3/1 2500 from R5 INV1
         refund/PO2/3 2026-11-18 2500 of R5 from bank
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    check(
        &format!("policy no_refunds {reversed}"),
        "reversed account_not_mapped (refunds) hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn a_receipt_that_is_not_there_yet_is_waited_for() {
    let case = |receipt: &str, expected: &str| {
        let known = format!(
            "refund 2500 paid
             item refunded PO2 2026-11-18 -2500 bank
             {receipt}"
        );
        check(&known, &format!("{expected} hints collection/erp:1/INV1 payout/pro:1/PO2"));
    };
    case("", "reversed waiting_for_receipts (no settlement yet)");
    case("no receipt PO1 2026-11-10", "reversed waiting_for_receipts (receipt/PM1/PO1)");
    case("receipt PO1 8000 unposted", "reversed waiting_for_receipts (R1 to post)");
    case("no receipt PO1 2026-10-10", "reversed predecessor_receipt_missing (receipt/PM1/PO1)");
    case("receipt PO1 8000 voided", "reversed receipt_voided (receipt R1 was voided)");
    case("receipt PO1 8000 \n policy no_bank", "reversed account_not_mapped (bank)");
    case("receipt PO1 8000 \n period closed", "reversed period_closed (2026-11-18: the refund)");
    case("receipt PO1 8000 \n policy off", "reversed link_off ()");
    case(
        "no receipt PO1 2026-10-10 \n says leave predecessor_receipt_missing",
        "closed left_to_people (dealt with by a person: The receipt of a predecessor's payment \
was not found: receipt/PM1/PO1)",
    );
}

#[test]
fn a_refund_that_its_person_took_over_is_tied_to_the_voided_receipt() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 bank
         receipt PO1 8000 voided
         says leave receipt_voided",
        "closed left_to_people (dealt with by a person: A receipt of ours was voided or deleted by \
somebody: receipt R1 was voided) = receipt/PM1/PO1 R1 hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn payouts_before_the_cut_over_are_not_booked() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-10-18 -2500 bank
         receipt PO1 8000 INV1:8000",
        "closed before_cut_over (2026-11-01) hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn funds_that_came_back_are_a_receipt_applied_to_nothing() {
    check(
        "refund 2500 bounced
         item refunded PO2 2026-11-18 -2500 bank
         receipt PO1 8000 INV1:5000
         --- refund 2500 returned
         item returned PO3 2026-11-20 2500 in",
        "refund/PO2/3 2026-11-18 2500 of R1 from bank
         reversed refund_failed (25.00 GBP, the money has not come back yet) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2
         returned/PO3/3 25.00 GBP of C1
         closed booked (25.00 GBP) ! refund_failed (25.00 GBP came back) = refund/PO2/3 F1 \
= returned/PO3/3 B1 hints collection/erp:1/INV1 payout/pro:1/PO2 payout/pro:1/PO3",
    );
}

#[test]
fn documents_that_a_person_voided_are_not_made_again() {
    let booked = "
        refund 2500 paid
        item refunded PO2 2026-11-18 -2500 bank
        receipt PO1 8000 INV1:5000
        ---";
    let told = "
        refund/PO2/3 2026-11-18 2500 of R1 from bank
        closed booked (25.00 GBP) = refund/PO2/3 F1 hints collection/erp:1/INV1 payout/pro:1/PO2";
    let case = |what: &str, expected: &str| {
        check(&format!("{booked} {what}"), &format!("{told}\n{expected}"));
    };
    case(
        "document refund/PO2/3 voided",
        "reversed receipt_voided (refund/PO2/3 F1 was voided) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    case(
        "document refund/PO2/3 gone",
        "reversed outcome_unclear (refund/PO2/3 F1 is gone) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
    case("document refund/PO2/3 unread", "closed booked (25.00 GBP) = refund/PO2/3 F1");
}

/// The site entered the refund, and did not release it before the answer was lost.
#[test]
fn a_refund_that_was_begun_is_gone_on_with() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 bank
         receipt PO1 8000
         --- document refund/PO2/3 unposted",
        "refund/PO2/3 2026-11-18 2500 of R1 from bank
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2
         refund/PO2/3 again
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}

#[test]
fn a_refund_of_unknown_outcome_unapplies_nothing_more() {
    check(
        "refund 2500 paid
         item refunded PO2 2026-11-18 -2500 bank
         receipt PO1 8000 INV1:8000
         --- unknown refund/PO2/3",
        "unapply/PO2/3/1 2500 from R1 INV1
         refund/PO2/3 2026-11-18 2500 of R1 from bank
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2
         refund/PO2/3 again
         closed booked (25.00 GBP) = refund/PO2/3 F1 \
hints collection/erp:1/INV1 payout/pro:1/PO2",
    );
}
