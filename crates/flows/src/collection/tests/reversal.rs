//! Taking receipts back: the k-th reversal takes the k-th settlement (promise P3; mission row NG10).

use model::decision::DocumentRole;

use super::check;
use super::world::World;

/// Paid out nine days ago, charged back and debited two days ago.
const BACK: &str = "payment PM1 charged_back, event PM1 charged_back refund_requested 4d, \
                    item PO1/0 paid PM1 100 9d, item PO2/3 charged_back PM1 -100 2d";

fn check_back(more: &str, expected: &str) {
    check(&format!("{BACK}, {more}"), expected);
}

#[test]
fn a_deposited_receipt_is_unapplied_then_refunded_from_the_bank() {
    let receipt = "invoice paid, receipt PM1/PO1 100 applied:100 deposited";
    check_back(receipt, "unapply/PO2/3/1 100 off I");
    check_back(
        "receipt PM1/PO1 100 deposited, cmd unapply/PO2/3/1 done:R1",
        "refund/PO2/3 100 from bank 2026-11-18",
    );
    let refunded = "receipt PM1/PO1 100 deposited refunded:100, refund PO2/3 100";
    check_back(refunded, "reversed");
    // Entered, and refused before it was released.
    check_back(&format!("{refunded} unposted, cmd refund/PO2/3 rejected"), "rejected");
}

#[test]
fn what_is_applied_elsewhere_is_unapplied_too_ours_first() {
    let both = "due 60, receipt PM1/PO1 100 applied:40 other:60 deposited";
    check_back(both, "unapply/PO2/3/1 40 off I");
    let other = "receipt PM1/PO1 100 other:60 deposited, cmd unapply/PO2/3/1 done:R1";
    check_back(other, "unapply/PO2/3/2 60 off J");
}

#[test]
fn a_receipt_waits_for_its_deposit_where_we_make_it() {
    check_back("invoice paid, receipt PM1/PO1 100 applied:100", "waiting_for_deposit");
    // A begun sequence is finished, whatever became of the deposit.
    check_back(
        "receipt PM1/PO1 100, cmd refund/PO2/3 given_up",
        "refund/PO2/3 100 from bank 2026-11-18",
    );
}

#[test]
fn the_fixed_route_decides() {
    let back = |route: &str, receipt: &str| {
        format!(
            "payment PM1 charged_back, event PM1 charged_back refund_requested 4d, \
             item PO1/0 paid PM1 100 9d, item PO2/3 charged_back PM1 -100 2d route:{route}, \
             receipt PM1/PO1 100 {receipt}"
        )
    };
    check(&back("deposit", ""), "refund/PO2/3 100 from undeposited 2026-11-18");
    check(&back("deposit", "deposited"), "refund/PO2/3 100 from undeposited 2026-11-18");
    let people = |receipt: &str| {
        back("people", receipt).replace("paid PM1 100 9d", "paid PM1 100 9d route:people")
    };
    check(&people(""), "refund/PO2/3 100 from undeposited 2026-11-18");
    check(&people("deposited"), "refund/PO2/3 100 from bank 2026-11-18");
    // Its own payout is deposited by us: were it cleared by a deposit of zero, it would be missing there.
    check(&back("people", ""), "waiting_for_deposit");
    check(&back("people", "deposited"), "refund/PO2/3 100 from bank 2026-11-18");
    check(&back("line", "deposited"), "refund/PO2/3 100 from suspense 2026-11-18");
    let zero = format!("{}, refund PO2/3 100", people("refunded:100"));
    check(&zero, "zero/PO2/3 0");
    // Taken from the bank, before a person voided the deposit of the receipt.
    check(&format!("{zero} from_bank"), "reversed");
    check(&format!("{zero}, cmd zero/PO2/3 done:D1"), "reversed");
    let inside = format!("{}, refund PO2/3 100", back("deposit", "refunded:100"));
    check(&inside, "reversed");
}

#[test]
fn what_the_receipt_no_longer_holds_is_a_loss() {
    let refunded = "receipt PM1/PO1 100 refunded:30 deposited";
    check_back(refunded, "refund/PO2/3 70 from bank 2026-11-18");
    check_back(
        "receipt PM1/PO1 100 refunded:100 deposited, refund PO2/3 70",
        "loss/PO2/3 chargebacks 30, bank -30",
    );
    check_back(
        "receipt PM1/PO1 100 refunded:100 deposited, refund PO2/3 70, loss PO2/3 30",
        "reversed ! loss_booked",
    );
    check_back(
        "receipt PM1/PO1 100 refunded:100 deposited",
        "loss/PO2/3 chargebacks 100, bank -100",
    );
    check_back(
        "receipt PM1/PO1 100 refunded:100 deposited, policy no-chargebacks",
        "account_not_mapped",
    );
    // Once booked as a loss, nothing is refunded as well.
    check_back("receipt PM1/PO1 100 deposited, loss PO2/3 100", "reversed ! loss_booked");
    check_back("receipt PM1/PO1 100 deposited, loss PO2/3 100, said leave loss_booked", "reversed");
}

#[test]
fn a_refusal_is_told_although_something_before_it_waits() {
    let twice = "payment PM1 charged_back, event PM1 charged_back refund_requested 2d, \
                 item PO1/0 paid PM1 100 9d, item PO2/3 charged_back PM1 -100 7d, \
                 item PO3/0 paid PM1 100 5d, item PO4/1 charged_back PM1 -100 1d, \
                 receipt PM1/PO1 100, receipt PM1/PO3 100 deposited";
    check(&format!("{twice}, cmd refund/PO4/1 rejected"), "waiting_for_deposit ! rejected");
    // Once each.
    let both = twice.replace("receipt PM1/PO1 100", "receipt PM1/PO1 100 deposited");
    let refused = "cmd refund/PO2/3 rejected, cmd refund/PO4/1 rejected";
    check(&format!("{both}, {refused}"), "rejected");
}

#[test]
fn accounts_periods_and_refusals_hold_a_reversal() {
    check_back("receipt PM1/PO1 100 deposited, policy no-bank", "account_not_mapped");
    check_back("receipt PM1/PO1 100 deposited, closed 11", "period_closed");
    check_back(
        "receipt PM1/PO1 100 deposited, closed 11, policy next-open",
        "refund/PO2/3 100 from bank 2026-12-01",
    );
    // No refund before the un-application.
    let refused = "invoice paid, receipt PM1/PO1 100 applied:100 deposited, \
                   cmd unapply/PO2/3/1 rejected:state";
    check_back(refused, "rejected");
    check_back(
        "receipt PM1/PO1 100 refunded:100 deposited, refund PO2/3 100 voided",
        "receipt_voided",
    );
}

#[test]
fn a_reversal_needs_its_settlement() {
    let alone = "payment PM1 charged_back, event PM1 charged_back other 4d, \
                 item PO2/3 charged_back PM1 -100 2d";
    check(alone, "predecessor_receipt_missing");
    check(&format!("{alone}, said leave predecessor_receipt_missing"), "reversed");
    // The settlement's payout was named, and its items are not read yet.
    let named = "event PM1 paid_out payment_paid_out 9d payout:PO1";
    check(&format!("{alone}, {named}"), "waiting_for_items");
    // A later settlement, which no event named yet, is not the one that was named.
    let later = "item PO3/0 paid PM1 100 1d, receipt PM1/PO3 100 deposited";
    check(&format!("{alone}, {named}, {later}"), "waiting_for_items");
    // Another reversal was named, and may be the first: its items are not read yet.
    let first = "event PM1 chargeback_settled other 3d, event PM1 chargeback_settled other 1d";
    check_back(&format!("{first}, receipt PM1/PO1 100 deposited"), "waiting_for_items");
    // Nobody named it yet, but two settlements follow each other: a reversal between them is not read.
    let gap = |between: &str| {
        format!(
            "payment PM1 failed, item PO1/0 paid PM1 100 9d, {between} \
             item PO3/0 paid PM1 100 5d, item PO4/0 failed PM1 -100 1d, \
             receipt PM1/PO1 100 deposited, receipt PM1/PO3 100 deposited"
        )
    };
    check(&gap(""), "waiting_for_items");
    let read = gap("item PO2/0 failed PM1 -100 7d,");
    check(&read, "refund/PO2/0 100 from bank 2026-11-13");
    // The events that would name it are not read up to this payout.
    let behind = "events until 1d, item PO2/0 failed PM1 -100 0d made-now";
    let paid = "payment PM1 failed, item PO1/0 paid PM1 100 9d, receipt PM1/PO1 100 deposited";
    check(&format!("{paid}, {behind}"), "waiting_for_items");
    let read = behind.replace("until 1d", "until 0d");
    check(&format!("{paid}, {read}"), "refund/PO2/0 100 from bank 2026-11-20");
    // A begun sequence is finished all the same.
    let later = "event PM1 paid_out other 9d, event PM1 paid_out other 1d";
    let receipt = "receipt PM1/PO1 100 deposited";
    check_back(&format!("{later}, {receipt}"), "waiting_for_items");
    check_back(
        &format!("{later}, {receipt}, cmd refund/PO2/3 given_up"),
        "refund/PO2/3 100 from bank 2026-11-18",
    );
    check_back("policy cut-over:2026-11-13", "predecessor_receipt_missing");
    check_back("policy cut-over:2026-11-19", "reversed");
    check_back("receipt PM1/PO1 100 deposited voided, said leave receipt_voided", "reversed");
}

#[test]
fn a_reversal_is_not_dated_before_its_receipt() {
    let dated = |on: &str| format!("receipt PM1/PO1 100 dated:{on} deposited");
    check_back(&dated("2026-11-18"), "refund/PO2/3 100 from bank 2026-11-18");
    // Moved out of a period that was closed then, and is open again.
    check_back(&dated("2026-12-01"), "refund/PO2/3 100 from bank 2026-12-01");
}

#[test]
fn a_reversal_is_tied_to_the_receipt_that_its_person_voided() {
    let tied = |more: &str| {
        let mut world = World::new();
        world.learn_all(&format!("{BACK}, {more}"));
        let settled = world.decide().settled;
        let by_person = settled.iter().filter(|one| one.role == DocumentRole::ByPerson);
        let named = by_person.map(|one| format!("{}/{} {}", one.payout, one.ordinal, one.key));
        named.collect::<Vec<String>>().join(", ")
    };
    let voided = "receipt PM1/PO1 100 deposited voided";
    let left = "said leave receipt_voided";
    assert_eq!(tied(&format!("{voided}, {left}")), "PO2/3 receipt/PM1/PO1");
    // Not before a person says so, nor where it stands, nor where a document of ours took it back.
    assert_eq!(tied(voided), "");
    assert_eq!(tied(&format!("receipt PM1/PO1 100 deposited, {left}")), "");
    let refund = "cmd refund/PO2/3 done:F1, refund PO2/3 100";
    assert_eq!(tied(&format!("{voided}, {left}, {refund}")), "");
}

#[test]
fn an_odd_reversal_is_shown() {
    let positive = BACK.replace("-100", "100");
    check(&format!("{positive}, receipt PM1/PO1 100 deposited"), "odd_record");
    check(&format!("{BACK} fraction, receipt PM1/PO1 100 deposited"), "odd_record");
}

/// Posted at confirmed, then failed before any payout.
const LOST: &str = "policy post-on-confirmed, payment PM1 failed, \
                    event PM1 failed insufficient_funds 1d";

#[test]
fn a_receipt_at_confirmed_that_never_settles_is_taken_back_at_once() {
    let lost = |more: &str, expected: &str| check(&format!("{LOST}, {more}"), expected);
    lost(
        "invoice paid, receipt PM1/confirmed-1 100 applied:100",
        "unapply/PM1/confirmed-1/1 100 off I",
    );
    lost("receipt PM1/confirmed-1 100", "refund/PM1/confirmed-1 100 from undeposited 2026-11-19");
    lost(
        "receipt PM1/confirmed-1 100 deposited",
        "refund/PM1/confirmed-1 100 from bank 2026-11-19",
    );
    let refunded = "receipt PM1/confirmed-1 100 refunded:100, \
                    cmd refund/PM1/confirmed-1 done:F1, refund PM1/confirmed-1 100";
    lost(refunded, "zero/PM1/confirmed-1 0");
    lost(&format!("{refunded}, cmd zero/PM1/confirmed-1 done:D1"), "retry_scheduled");
    lost("receipt PM1/confirmed-1 100 voided", "retry_scheduled");
    // Begun, and not released: the same command goes on with it first.
    let begun = "receipt PM1/confirmed-1 100 unposted, cmd receipt/PM1/confirmed-1";
    let again = "receipt/PM1/confirmed-1 100 applied 100 in undeposited 2026-11-01";
    lost(&format!("{begun} in_flight"), again);
    lost(&format!("{begun} cleared"), again);
    lost(&format!("{begun} rejected"), "rejected");
    for status in ["charged_back", "cancelled", "submitted"] {
        let known = LOST.replace("failed,", &format!("{status},"));
        let known = format!("{known}, receipt PM1/confirmed-1 100");
        check(&known, "refund/PM1/confirmed-1 100 from undeposited 2026-11-19");
    }
}

#[test]
fn a_receipt_at_confirmed_whose_settlement_is_kept_is_not_lost() {
    // Settlement and reversal are kept by the same pass, before either is tied.
    let both = "policy post-on-confirmed, payment PM1 failed, \
                event PM1 failed insufficient_funds 3d, item PO1/0 paid PM1 100 9d, \
                item PO2/0 failed PM1 -100 1d, receipt PM1/confirmed-1 100 deposited memo:PO1";
    check(both, "refund/PO2/0 100 from bank 2026-11-19");
}
