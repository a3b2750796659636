//! Deposits that people made: what they put on the payout's bank account counts, and nothing else.

use super::check;
use super::world::World;
use crate::payout::decide;

const SMALL: &str = "
    payout 990 paid
    item paid PM1 1000
    item fee PM1 -10 -2
    receipt PM1 deposited
";

fn tells(facts: &str, story: &str) {
    check(&format!("{SMALL} {facts}"), story);
}

#[test]
fn one_that_is_gross_and_on_the_bank_account_leaves_the_lines_to_us() {
    tells(
        "by_hand bank 0 R1",
        "keep in line
         fees/PO1/1 2026-11-18 bank:-10 fees:8 tax:2
         closed booked (9.90 GBP) ! deposit_by_person (R1 over 10.00 GBP) hints 1",
    );
}

#[test]
fn one_that_holds_the_fees_too_leaves_nothing_to_us() {
    tells(
        "by_hand bank fees:-8,tax:-2 R1",
        "keep in line
         closed booked (9.90 GBP) ! deposit_by_person (R1 over 10.00 GBP) hints 1",
    );
}

#[test]
fn one_with_other_lines_is_for_a_person_before_anything_is_posted() {
    tells(
        "by_hand bank fees:-9 R1",
        "keep in line
         collected deposit_differs (deposit H1, made by hand, holds -0.09 GBP on account fees \
beside its receipts; of the payout there must be -0.08 GBP on account fees, -0.02 GBP on account tax) ! deposit_by_person (R1 over 10.00 GBP)",
    );
}

#[test]
fn one_with_the_fees_on_another_account_is_for_a_person() {
    tells(
        "by_hand bank chargebacks:-10 R1",
        "keep in line
         collected deposit_differs (deposit H1, made by hand, holds -0.10 GBP on account \
chargebacks beside its receipts; of the payout there must be -0.08 GBP on account fees, -0.02 GBP on \
account tax) ! deposit_by_person (R1 over 10.00 GBP)",
    );
}

#[test]
fn one_on_another_account_is_for_a_person() {
    tells(
        "by_hand savings 0 R1",
        "keep in line
         collected deposit_differs (deposit H1, made by hand, is on account savings; the payout \
reaches account bank) ! deposit_by_person (R1 over 10.00 GBP)",
    );
}

#[test]
fn one_that_is_not_shown_is_for_a_person() {
    tells(
        "by_hand none 0",
        "keep in line
         collected deposit_differs (deposited by hand, in no deposit that is shown on account bank: \
receipt R1) ! deposit_by_person (R1 over 10.00 GBP)",
    );
}

#[test]
fn one_that_is_not_shown_is_asked_for_again_soon() {
    let mut world = World::new();
    let known = format!("{SMALL} by_hand none 0");
    known.lines().map(str::trim).filter(|line| !line.is_empty()).for_each(|line| world.learn(line));
    world.play();
    let look_at = decide(&world.facts).decision.look_at.map(|at| at.to_string());
    assert_eq!(look_at.as_deref(), Some("2026-11-18T09:15:00Z"));
}

#[test]
fn lines_that_were_posted_are_not_taken_back_when_the_deposit_is_edited() {
    tells(
        "by_hand bank 0 R1
         --- by_hand bank fees:-10 R1",
        "keep in line
         fees/PO1/1 2026-11-18 bank:-10 fees:8 tax:2
         closed booked (9.90 GBP) ! deposit_by_person (R1 over 10.00 GBP) hints 1
         collected deposit_differs (documents 9.80 GBP, payout 9.90 GBP) ! deposit_by_person (R1 over 10.00 GBP) \
hints 1",
    );
}

#[test]
fn refunds_inside_count_where_the_deposit_is() {
    let facts = "
        policy in_deposit
        payout 500 paid
        item paid PM1 1000
        item back PM2 -500
        receipt PM1 deposited
        refund PM2 500 by_person
    ";
    check(
        &format!("{facts} by_hand bank 0 R1 F2"),
        "keep in in
         closed booked (5.00 GBP) ! deposit_by_person (R1 over 10.00 GBP) hints 2",
    );
    check(
        &format!("{facts} by_hand bank 0 R1"),
        "keep in in
         collected deposit_differs (deposited by hand, in no deposit that is shown on account bank: \
refund F2) ! deposit_by_person (R1 over 10.00 GBP)",
    );
}
