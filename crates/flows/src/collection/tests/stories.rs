//! Whole stories: facts section by section, every decision carried out, until the case rests.

use super::story;

#[test]
fn an_invoice_is_collected_and_booked() {
    story(
        "
        ---
        payment PM1 confirmed
        ---
        payment PM1 paid_out, item PO1/0 paid PM1 100 3d
        ---
        deposited
        ",
        "collect/E/I/1 100 by MD1
         at_the_bank
         waiting_for_payout
         receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-17
         collected
         collected",
    );
}

#[test]
fn two_settlements_one_reversal_two_receipts() {
    story(
        "payment PM1 paid_out, event PM1 paid_out payment_paid_out 40d payout:PO1
         item PO1/0 paid PM1 100 40d
         ---
         payment PM1 failed, event PM1 failed insufficient_funds 34d
         ---
         event PM1 late_failure_settled late_failure_settled 34d, item PO2/1 failed PM1 -100 34d
         ---
         deposited
         ---
         payment PM1 paid_out, event PM1 paid_out payment_paid_out 20d payout:PO3
         item PO3/0 paid PM1 100 20d
         ---
         deposited",
        "receipt/PM1/PO1 100 applied 100 in undeposited 2026-10-11
         collected
         waiting_for_items
         waiting_for_deposit
         unapply/PO2/1/1 100 off I
         refund/PO2/1 100 from bank 2026-10-17
         retry/PM1/1 100 after 0 retries
         at_the_bank
         receipt/PM1/PO3 100 applied 100 in undeposited 2026-10-31
         collected
         collected",
    );
}

#[test]
fn a_cancelled_chargeback_is_put_back() {
    story(
        "payment PM1 paid_out, event PM1 paid_out payment_paid_out 40d payout:PO1
         item PO1/0 paid PM1 100 40d
         ---
         deposited, payment PM1 charged_back, event PM1 charged_back refund_requested 30d
         event PM1 chargeback_settled chargeback_settled 28d, item PO2/1 charged_back PM1 -100 28d
         ---
         payment PM1 paid_out, event PM1 chargeback_cancelled payment_confirmed 20d
         ---
         event PM1 paid_out payment_paid_out 15d payout:PO3, item PO3/0 paid PM1 100 15d
         ---
         deposited",
        "receipt/PM1/PO1 100 applied 100 in undeposited 2026-10-11
         collected
         unapply/PO2/1/1 100 off I
         refund/PO2/1 100 from bank 2026-10-23
         reversed
         waiting_for_items
         receipt/PM1/PO3 100 applied 100 in undeposited 2026-11-05
         collected
         collected",
    );
}

#[test]
fn posted_at_confirmed_failed_retried_and_settled() {
    story(
        "policy post-on-confirmed, payment PM1 confirmed
         event PM1 confirmed payment_confirmed 40d
         ---
         payment PM1 failed, event PM1 failed insufficient_funds 38d
         ---
         payment PM1 confirmed, event PM1 confirmed payment_confirmed 20d
         ---
         payment PM1 paid_out, event PM1 paid_out payment_paid_out 18d payout:PO1
         item PO1/0 paid PM1 100 18d",
        "receipt/PM1/confirmed-1 100 applied 100 in undeposited 2026-10-11
         waiting_for_payout
         unapply/PM1/confirmed-1/1 100 off I
         refund/PM1/confirmed-1 100 from undeposited 2026-10-13
         zero/PM1/confirmed-1 0
         retry/PM1/1 100 after 0 retries
         at_the_bank
         receipt/PM1/confirmed-2 100 applied 100 in undeposited 2026-10-31
         waiting_for_payout
         note/R4/PO1 \"payment PM1, payout PO1\"
         collected",
    );
}

#[test]
fn an_amount_that_changes_is_collected_anew() {
    story(
        "payment PM1 pending
         ---
         due 60
         ---
         due 70
         ---
         invoice paid, due 0",
        "at_the_bank
         cancel/PM1/1
         collect/E/I/2 60 by MD1
         at_the_bank
         cancel/PM2/1
         collect/E/I/3 70 by MD1
         at_the_bank
         cancel/PM3/1
         paid_otherwise",
    );
}

#[test]
fn a_chargeback_after_a_partial_refund_books_the_rest_as_a_loss() {
    story(
        "payment PM1 charged_back, event PM1 charged_back refund_requested 6d
         item PO1/0 paid PM1 100 20d, item PO2/0 refunded PM1 -30 15d
         item PO3/1 charged_back PM1 -100 3d, due 30
         receipt PM1/PO1 100 applied:70 refunded:30 deposited",
        "unapply/PO3/1/1 70 off I
         refund/PO3/1 70 from bank 2026-11-17
         loss/PO3/1 chargebacks 30, bank -30
         reversed ! loss_booked",
    );
}

#[test]
fn posted_at_confirmed_twice_and_settled_twice() {
    story(
        "policy post-on-confirmed, payment PM1 confirmed
         event PM1 confirmed payment_confirmed 60d
         ---
         payment PM1 paid_out, event PM1 paid_out payment_paid_out 58d payout:PO1
         item PO1/0 paid PM1 100 58d
         ---
         deposited, payment PM1 failed, event PM1 failed refer_to_payer 50d
         event PM1 late_failure_settled late_failure_settled 48d, item PO2/0 failed PM1 -100 48d
         ---
         payment PM1 confirmed, event PM1 confirmed payment_confirmed 20d
         ---
         payment PM1 paid_out, event PM1 paid_out payment_paid_out 18d payout:PO3
         item PO3/0 paid PM1 100 18d",
        "receipt/PM1/confirmed-1 100 applied 100 in undeposited 2026-09-21
         waiting_for_payout
         note/R1/PO1 \"payment PM1, payout PO1\"
         collected
         unapply/PO2/0/1 100 off I
         refund/PO2/0 100 from bank 2026-10-03
         retry/PM1/1 100 after 0 retries
         at_the_bank
         receipt/PM1/confirmed-2 100 applied 100 in undeposited 2026-10-31
         waiting_for_payout
         note/R3/PO3 \"payment PM1, payout PO3\"
         collected",
    );
}
