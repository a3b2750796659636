//! The stories, by rule.

use super::check;

/// gocardless sheet section 29.
const SHEET: &str = "
    payout 35432 paid
    item paid PM1 12000.0
    item fee PM1 -168.0 -28.0
    item paid PM2 25050.0
    item fee PM2 -324.6 -54.1
    item paid PM3 9999.0
    item fee PM3 -144.0 -24.0
    item back PM4 -8000.0
    item fee PM4 120.0 20.0
    item surcharge PM4 -600.0 -100.0
    item refunded PM5 -2500.0
";

const RECEIPTS: &str = "
    receipt PM1 undeposited
    receipt PM2 undeposited
    receipt PM3 undeposited
";

/// One payment and its fee.
const SMALL: &str = "
    payout 990 paid
    item paid PM1 1000
    item fee PM1 -10 -2
";

fn check_sheet(policy: &str, then: &str, expected: &str) {
    check(&format!("policy {policy} {SHEET} --- {RECEIPTS} {then}"), expected);
}

fn check_small(then: &str, expected: &str) {
    let booked = "
        keep in line
        collected waiting_for_receipts (1 of 1 missing: collection/erp:1/INV1) hints 1
        deposit/PO1/1 2026-11-18 bank 990 = R1 fees:-8 tax:-2
        closed booked (9.90 GBP) hints 1";
    let known = format!("{SMALL} --- receipt PM1 undeposited --- {then}");
    check(&known, &format!("{booked}\n{expected}"));
}

#[test]
fn the_sheets_example_with_reversals_from_the_bank() {
    check_sheet(
        "from_bank",
        "--- refund PM4 8000 bank --- refund PM5 2500 bank",
        "keep in line in line in line bank line line bank
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         deposit/PO1/1 2026-11-18 bank 45932 = R1 R2 R3 fees:-931 tax:-186
         collected waiting_for_reversals (2 of 2 missing: collection/erp:1/INV4, \
refund/pro:1/RF5) hints 5
         collected waiting_for_reversals (1 of 2 missing: refund/pro:1/RF5) hints 5
         closed booked (354.32 GBP) hints 5",
    );
}

#[test]
fn the_sheets_example_with_reversals_in_the_deposit() {
    check_sheet(
        "in_deposit surcharges",
        "--- refund PM4 8000 funds --- refund PM5 2500 funds",
        "keep in line in line in line in line line in
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         collected waiting_for_reversals (2 of 2 missing: collection/erp:1/INV4, \
refund/pro:1/RF5) hints 2
         collected waiting_for_reversals (1 of 2 missing: refund/pro:1/RF5) hints 1
         deposit/PO1/1 2026-11-18 bank 35432 = R1 R2 R3 -F4 -F5 fees:-431 surcharges:-500 tax:-186
         closed booked (354.32 GBP) hints 5",
    );
}

#[test]
fn the_sheets_example_left_to_people() {
    check_sheet(
        "people",
        "",
        "keep people people people people people people people people people people
         closed left_to_people (354.32 GBP)
         closed left_to_people (354.32 GBP)",
    );
}

#[test]
fn a_loss_inside_the_deposit_reaches_the_bank_by_its_journal() {
    check_sheet(
        "in_deposit no_tax",
        "refund PM4 7000 funds
         loss PM4 1000
         loss PM5 2500",
        "keep in line in line in line in line line in
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         deposit/PO1/1 2026-11-18 bank 38932 = R1 R2 R3 -F4 fees:-1117
         closed booked (354.32 GBP) hints 5",
    );
}

#[test]
fn a_refund_that_falls_short_waits_for_its_loss() {
    check_sheet(
        "from_bank",
        "refund PM4 7000 bank
         refund PM5 2500 bank
         --- loss PM4 1000",
        "keep in line in line in line bank line line bank
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         deposit/PO1/1 2026-11-18 bank 45932 = R1 R2 R3 fees:-931 tax:-186
         collected waiting_for_reversals (1 of 2 missing: collection/erp:1/INV4) hints 5
         closed booked (354.32 GBP) hints 5",
    );
}

#[test]
fn a_journal_that_is_not_posted_is_no_bank_line() {
    check_sheet(
        "from_bank",
        "refund PM4 8000 bank
         loss PM4 1000
         refund PM5 2500 bank
         own loss/PO1/PM4 unposted",
        "keep in line in line in line bank line line bank
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         deposit/PO1/1 2026-11-18 bank 45932 = R1 R2 R3 fees:-931 tax:-186
         closed booked (354.32 GBP) hints 5",
    );
}

#[test]
fn a_refund_on_another_account_is_no_bank_line() {
    check_sheet(
        "from_bank",
        "refund PM4 8000 elsewhere
         refund PM5 2500 bank",
        "keep in line in line in line bank line line bank
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         deposit/PO1/1 2026-11-18 bank 45932 = R1 R2 R3 fees:-931 tax:-186
         collected deposit_differs (documents 434.32 GBP, payout 354.32 GBP) hints 5",
    );
}

#[test]
fn a_reversal_whose_receipt_a_person_voided_is_told_once_all_else_is_booked() {
    let sheet = |policy: &str, refund: &str, more: &str| {
        check_sheet(
            policy,
            &format!("refund PM5 2500 {refund}\n taken_over PM4\n {more}"),
            &format!(
                "keep in line in line in line {place} line line {place}
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         {deposit}
         {end} hints 5",
                place = if policy == "from_bank" { "bank" } else { "in" },
                deposit = if policy == "from_bank" {
                    "deposit/PO1/1 2026-11-18 bank 45932 = R1 R2 R3 fees:-931 tax:-186"
                } else {
                    "deposit/PO1/1 2026-11-18 bank 43432 = R1 R2 R3 -F5 fees:-931 tax:-186"
                },
                end = if more.is_empty() {
                    "collected reversal_by_person (on account bank: -80.00 GBP of PM4, receipt R4)"
                } else {
                    "closed left_to_people (dealt with by a person: The payout took money back \
whose receipt somebody voided: on account bank: -80.00 GBP of PM4, receipt R4)"
                },
            ),
        );
    };
    for (policy, refund) in [("from_bank", "bank"), ("in_deposit", "funds")] {
        sheet(policy, refund, "");
        sheet(policy, refund, "says leave reversal_by_person");
    }
}

#[test]
fn a_person_deposited_a_receipt_by_hand() {
    check_sheet(
        "from_bank",
        "receipt PM1 deposited
         refund PM4 8000 bank
         refund PM5 2500 bank",
        "keep in line in line in line bank line line bank
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         deposit/PO1/1 2026-11-18 bank 35049 = R2 R3
         fees/PO1/1 2026-11-18 bank:-1117 fees:931 tax:186
         closed not_proved (354.32 GBP) ! deposit_by_person (R1 over 120.00 GBP; the ERP's API does not \
show that deposit, it is taken to be without deductions and on account bank) hints 5",
    );
}

#[test]
fn a_person_deposited_every_receipt() {
    check(
        &format!("{SMALL} receipt PM1 deposited"),
        "keep in line
         fees/PO1/1 2026-11-18 bank:-10 fees:8 tax:2
         closed not_proved (9.90 GBP) ! deposit_by_person (R1 over 10.00 GBP; the ERP's API does not \
show that deposit, it is taken to be without deductions and on account bank) hints 1",
    );
}

#[test]
fn a_refund_without_receipts_to_deposit_it_with_is_for_a_person() {
    check(
        "policy in_deposit
         payout 500 paid
         item paid PM1 1000
         item back PM2 -500
         receipt PM1 deposited
         refund PM2 500 funds
         --- refund PM2 500 by_person",
        "keep in in
         collected deposit_by_person (no receipts are left to deposit together with these \
refunds, do it by hand: F2) ! deposit_by_person (R1 over 10.00 GBP; the ERP's API does not \
show that deposit, it is taken to be without deductions and on account bank)
         closed not_proved (5.00 GBP) ! deposit_by_person (R1 over 10.00 GBP; the ERP's API does not \
show that deposit, it is taken to be without deductions and on account bank) hints 2",
    );
}

#[test]
fn above_the_line_limit_several_deposits_balance_together() {
    check_sheet(
        "from_bank no_tax",
        "lines 3
         refund PM4 8000 bank
         refund PM5 2500 bank",
        "keep in line in line in line bank line line bank
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         deposit/PO1/1 2026-11-18 bank 37050 = R2 R1
         deposit/PO1/2 2026-11-18 bank 8882 = R3 fees:-1117
         closed booked (354.32 GBP) hints 5",
    );
    check_sheet(
        "in_deposit no_tax",
        "lines 3
         refund PM4 8000 funds
         refund PM5 2500 funds",
        "keep in line in line in line in line line in
         collected waiting_for_receipts (3 of 3 missing: collection/erp:1/INV1, \
collection/erp:1/INV2, collection/erp:1/INV3) hints 3
         deposit/PO1/1 2026-11-18 bank 17050 = R2 -F4
         deposit/PO1/2 2026-11-18 bank 9500 = R1 -F5
         deposit/PO1/3 2026-11-18 bank 8882 = R3 fees:-1117
         closed booked (354.32 GBP) hints 5",
    );
}

#[test]
fn no_deposit_can_carry_more_lines_than_its_limit() {
    check(
        &format!("lines 2 {SMALL} receipt PM1 undeposited"),
        "keep in line
         deposit/PO1/1 2026-11-18 bank 1000 = R1
         fees/PO1/1 2026-11-18 bank:-10 fees:8 tax:2
         closed booked (9.90 GBP) hints 1",
    );
}

#[test]
fn a_negative_payout_deposits_the_receipts_and_books_the_rest_apart() {
    check(
        "payout -400 paid
         item paid PM1 1000
         item fee PM1 -1400
         receipt PM1 undeposited",
        "keep in line
         deposit/PO1/1 2026-11-18 bank 1000 = R1
         fees/PO1/1 2026-11-18 bank:-1400 fees:1400
         closed booked (-4.00 GBP) ! payout_negative (-4.00 GBP) hints 1",
    );
}

#[test]
fn what_is_not_paid_is_not_booked() {
    check("sight missing", "open record_missing (the payout is gone)");
    check("sight odd", "open odd_record (no amount)");
    check("sight unread", "open unavailable ()");
    check("payout 5 paid partner", "closed partner_payout (0.05 GBP)");
    check("payout 5 pending", "collecting payout_pending ()");
    check("payout 5 bounced", "failed payout_bounced (0.05 GBP)");
    check("payout 5 paid", "collected waiting_for_items ()");
    check(
        "payout 5 paid undated
         item paid PM1 5",
        "collected odd_record (paid, but without an arrival date)",
    );
}

#[test]
fn items_are_kept_whatever_the_link_does_but_nothing_is_booked() {
    let case = |policy: &str, reason: &str| {
        let known = format!("policy {policy} {SMALL} receipt PM1 undeposited");
        check(&known, &format!("keep in line\n{reason}"));
    };
    case("cut_over_later", "closed before_cut_over (2026-12-01)");
    case("cut_over_never", "collected before_cut_over (no cut-over date is set)");
    case(
        "cut_over_that_day",
        "deposit/PO1/1 2026-11-18 bank 990 = R1 fees:-8 tax:-2
         closed booked (9.90 GBP) hints 1",
    );
    case("off", "collected link_off ()");
    case("no_bank", "collected account_not_mapped (bank)");
    case("no_fees", "collected account_not_mapped (fees)");
    check(
        &format!("policy off {SMALL} receipt PM1 undeposited --- policy on"),
        "keep in line
         collected link_off ()
         deposit/PO1/1 2026-11-18 bank 990 = R1 fees:-8 tax:-2
         closed booked (9.90 GBP) hints 1",
    );
}

#[test]
fn a_sum_that_differs_by_a_minor_unit_stops_everything() {
    let case = |item: &str, expected: &str| {
        check(&format!("payout 10 paid \n item fee - {item}"), expected);
    };
    case("11", "collected payout_sum_differs (the items sum to 11 minor units, the payout is 10)");
    case("9.0", "collected payout_sum_differs (the items sum to 9 minor units, the payout is 10)");
    let line = |rounding: &str| {
        format!(
            "keep line
             deposit/PO1/1 2026-11-18 bank 10 = fees:{rounding}
             closed booked (0.10 GBP)"
        )
    };
    case("10.9", &line("11 rounding:-1"));
    case("9.1", &line("9 rounding:1"));
    case("10.4", &line("10"));
}

#[test]
fn the_rounding_account_is_needed_only_when_something_is_left() {
    check(
        "policy no_rounding
         payout 10 paid
         item fee - 10.9",
        "keep line
         collected account_not_mapped (rounding)",
    );
}

#[test]
fn tax_is_rounded_once_per_rate_and_shared_among_the_accounts() {
    // 1.5 + 1.5 of tax are 3, though each half would round to 2.
    check(
        "policy surcharges
         payout -18 paid
         item fee PM1 -9 -1.5
         item surcharge PM1 -9 -1.5",
        "keep line line
         fees/PO1/1 2026-11-18 bank:-18 fees:7 surcharges:8 tax:3
         closed booked (-0.18 GBP) ! payout_negative (-0.18 GBP) hints 1",
    );
    // The sign of a tax is that of its item, whatever the processor says.
    check(
        "payout -9 paid
         item fee PM1 -9 1.5",
        "keep line
         fees/PO1/1 2026-11-18 bank:-9 fees:7 tax:2
         closed booked (-0.09 GBP) ! payout_negative (-0.09 GBP) hints 1",
    );
    // Tax of another currency is no amount of this deposit.
    check(
        "payout -9 paid
         item fee PM1 -9 1.5:EUR",
        "keep line
         fees/PO1/1 2026-11-18 bank:-9 fees:9
         closed booked (-0.09 GBP) ! payout_negative (-0.09 GBP) hints 1",
    );
}

#[test]
fn every_kind_of_line_stands_on_its_account() {
    check(
        "policy app_fees surcharges
         payout 1000 paid
         item paid PM1 1200
         item fee PM1 -20
         item app PM1 -30
         item share PM1 5
         item surcharge PM1 -55
         item free - -100
         receipt PM1 undeposited",
        "keep in line line line line line
         deposit/PO1/1 2026-11-18 bank 1000 = R1 app_fees:-30 fees:-15 surcharges:-55 refunds:-100
         closed booked (10.00 GBP) hints 2",
    );
}

#[test]
fn lines_that_cancel_out_are_left_out() {
    check(
        "payout 1000 paid
         item paid PM1 1000
         item fee PM1 -20 -4
         item fee PM2 20 4
         receipt PM1 undeposited",
        "keep in line line
         deposit/PO1/1 2026-11-18 bank 1000 = R1
         closed booked (10.00 GBP) hints 2",
    );
}

#[test]
fn foreign_payments_go_to_suspense() {
    check(
        "payout 1300 paid
         item paid PM1 1000
         item paid PMX2 500
         item back PMX3 -200
         receipt PM1 undeposited",
        "keep in line line
         deposit/PO1/1 2026-11-18 bank 1300 = R1 suspense:500 suspense:-200
         closed booked (13.00 GBP) ! foreign_payment (PMX2, PMX3) hints 1",
    );
    check(
        "policy no_suspense
         payout 500 paid
         item paid PMX2 500",
        "keep line
         collected account_not_mapped (suspense) ! foreign_payment (PMX2)",
    );
}

#[test]
fn foreign_payments_are_held_until_matched_or_until_policy_says_suspense() {
    let held = "
        policy hold
        payout 1300 paid
        item paid PM1 1000
        item paid PMX2 500
        item back PMX3 -200
        receipt PM1 undeposited";
    let kept = "
        keep in in bank
        collected foreign_held (PMX2, PMX3)";
    check(
        &format!("{held} --- policy suspense"),
        &format!(
            "{kept}
             keep line line
             deposit/PO1/1 2026-11-18 bank 1300 = R1 suspense:500 suspense:-200
             closed booked (13.00 GBP) ! foreign_payment (PMX2, PMX3) hints 1"
        ),
    );
    // Matched after it stood on suspense: its receipt takes it from there, and is in no deposit.
    check(
        &format!("{held} --- policy suspense --- case PMX2 \n receipt PMX2 deposited"),
        &format!(
            "{kept}
             keep line line
             deposit/PO1/1 2026-11-18 bank 1300 = R1 suspense:500 suspense:-200
             closed booked (13.00 GBP) ! foreign_payment (PMX2, PMX3) hints 1
             closed booked (13.00 GBP) ! foreign_payment (PMX3)"
        ),
    );
    // So does the refund of one that was taken back there.
    check(
        &format!("{held} --- policy suspense --- case PMX3 \n refund PMX3 200 suspense"),
        &format!(
            "{kept}
             keep line line
             deposit/PO1/1 2026-11-18 bank 1300 = R1 suspense:500 suspense:-200
             closed booked (13.00 GBP) ! foreign_payment (PMX2, PMX3) hints 1
             closed booked (13.00 GBP) ! foreign_payment (PMX2)"
        ),
    );
    check(
        &format!("{held} --- case PMX2 \n case PMX3 \n receipt PMX2 undeposited"),
        &format!(
            "{kept}
             deposit/PO1/1 2026-11-18 bank 1500 = R1 RX2
             collected waiting_for_reversals (1 of 1 missing: collection/erp:1/INVX3) hints 3"
        ),
    );
}

#[test]
fn returned_funds_are_a_receipt_of_the_refunds_case() {
    check(
        "payout 500 paid
         item returned PM1 500
         --- receipt PM1 undeposited",
        "keep in
         collected waiting_for_receipts (1 of 1 missing: refund/pro:1/RF1) hints 1
         deposit/PO1/1 2026-11-18 bank 500 = R1
         closed booked (5.00 GBP) hints 1",
    );
}

/// The refund's case was through, and does not look again of itself.
#[test]
fn the_owner_of_a_receipt_that_is_voided_while_its_payout_waits_is_hinted_again() {
    let waits = "collected waiting_for_receipts (1 of 1 missing: refund/pro:1/RF1";
    for how in ["voided", "gone"] {
        check(
            &format!(
                "payout 500 paid
                 item returned PM1 500
                 --- receipt PM1 undeposited \n receipt PM1 {how}"
            ),
            &format!(
                "keep in
                 {waits}) hints 1
                 {waits}; voided or gone: receipt/PM1/PO1) hints 1"
            ),
        );
    }
}

#[test]
fn a_receipt_that_is_not_as_it_should_be_holds_the_deposit() {
    let case = |how: &str, expected: &str| {
        let known = format!("{SMALL} receipt PM1 undeposited \n receipt PM1 {how}");
        check(&known, &format!("keep in line\n{expected}"));
    };
    let missing = "collected waiting_for_receipts (1 of 1 missing: collection/erp:1/INV1";
    let gone = format!("{missing}; voided or gone: receipt/PM1/PO1) hints 1");
    case("voided", &gone);
    case("gone", &gone);
    case("unposted", &format!("{missing}) hints 1"));
    case("unread", "collected unavailable (receipt/PM1/PO1 was not read)");
    case(
        "short",
        "collected receipt_differs (receipt/PM1/PO1 is 9.99 GBP, the payout's item is 10.00 GBP)",
    );
}

#[test]
fn a_closed_period_holds_or_moves_the_deposit() {
    let known = format!("period closed {SMALL} receipt PM1 undeposited");
    check(
        &known,
        "keep in line
         collected period_closed (2026-11-18: the deposit)",
    );
    check(
        &format!("policy next_open \n {known}"),
        "keep in line
         deposit/PO1/1 2026-12-01 for 2026-11-18 bank 990 = R1 fees:-8 tax:-2
         closed booked (9.90 GBP) hints 1",
    );
}

#[test]
fn an_exchanged_payout_waits_for_its_rate_and_goes_to_the_clearing_account() {
    let items = "
        item paid PM1 1000
        item fee PM1 -10 -2
        receipt PM1 undeposited";
    check(
        &format!("policy clearing \n payout 990 paid into EUR ? {items} --- payout 990 paid into EUR 1150"),
        "keep in line
         collected exchange_rate_pending ()
         deposit/PO1/1 2026-11-18 clearing 990 = R1 fees:-8 tax:-2
         closed booked (9.90 GBP) ! payout_exchange (collected 9.90 GBP, received 11.50 EUR) hints 1",
    );
    check(
        &format!("payout 990 paid into EUR 1150 {items}"),
        "keep in line
         collected account_not_mapped (bank)",
    );
}

#[test]
fn a_deposit_that_a_person_voided_is_not_made_again_unasked() {
    let voided = "collected receipt_voided (deposit/PO1/1 D1 was voided)";
    check_small("own deposit/PO1/1 voided", voided);
    check_small("own deposit/PO1/1 gone", "collected outcome_unclear (deposit/PO1/1 D1 is gone)");
    // Said before it was seen to be gone: not meant for this.
    check_small("says retry \n own deposit/PO1/1 voided", voided);
    check_small(
        "said_before retry
         own deposit/PO1/1 voided
         own deposit/PO1/1 seen_gone",
        voided,
    );
    check_small(
        "own deposit/PO1/1 voided
         own deposit/PO1/1 seen_gone
         receipt PM1 undeposited
         says retry",
        "deposit/PO1/2 2026-11-18 bank 990 = R1 fees:-8 tax:-2
         closed booked (9.90 GBP) hints 1",
    );
    check_small(
        "own deposit/PO1/1 voided
         says leave receipt_voided",
        "closed left_to_people (dealt with by a person: A receipt of ours was voided or deleted \
by somebody: deposit/PO1/1 D1 was voided)",
    );
}

#[test]
fn a_booked_payout_stays_so_when_its_link_is_switched_off() {
    check_small("policy off", "closed booked (9.90 GBP)");
    // Without fees the deposit is receipts alone.
    check(
        "payout 1000 paid \n item paid PM1 1000 --- receipt PM1 undeposited --- policy off",
        "keep in
         collected waiting_for_receipts (1 of 1 missing: collection/erp:1/INV1) hints 1
         deposit/PO1/1 2026-11-18 bank 1000 = R1
         closed booked (10.00 GBP) hints 1
         closed booked (10.00 GBP)",
    );
    // What people deposit is theirs, whatever the link does.
    check(
        &format!("policy people {SMALL} --- policy off people"),
        "keep people people
         closed left_to_people (9.90 GBP)
         closed left_to_people (9.90 GBP)",
    );
}

#[test]
fn a_receipt_that_is_voided_behind_its_deposit_does_not_hold_the_payout() {
    check_small("receipt PM1 voided", "closed booked (9.90 GBP)");
    check_small(
        "receipt PM1 voided \n own deposit/PO1/1 voided",
        "collected receipt_voided (deposit/PO1/1 D1 was voided)",
    );
}

#[test]
fn a_deposit_of_unknown_outcome_is_not_taken_for_a_persons() {
    check_small(
        "unknown deposit/PO1/1 in_flight",
        "deposit/PO1/1 again
         closed booked (9.90 GBP) hints 1",
    );
    check_small("unknown deposit/PO1/1 watched", "collected command_in_flight (deposit/PO1/1)");
}

#[test]
fn a_document_that_differs_from_what_was_decided_is_shown() {
    check_small(
        "own deposit/PO1/1 changed",
        "collected deposit_differs (deposit/PO1/1 D1 its total is 9.91 GBP, decided was 9.90 GBP)",
    );
    check_small(
        "own deposit/PO1/1 moved",
        "collected deposit_differs (deposit/PO1/1 D1 it is on account savings, decided was bank)",
    );
    // Not read again: the answer to our own write counts.
    check_small("own deposit/PO1/1 unread", "closed booked (9.90 GBP)");
    check(
        &format!("{SMALL} receipt PM1 deposited --- own fees/PO1/1 unposted"),
        "keep in line
         fees/PO1/1 2026-11-18 bank:-10 fees:8 tax:2
         closed not_proved (9.90 GBP) ! deposit_by_person (R1 over 10.00 GBP; the ERP's API does not \
show that deposit, it is taken to be without deductions and on account bank) hints 1
         collected deposit_differs (fees/PO1/1 D1 it is not posted yet: approve it in the ERP)",
    );
}

#[test]
fn a_bounced_payout_is_taken_back_and_put_back_when_policy_says_so() {
    check_small("payout 990 bounced", "failed payout_bounced (9.90 GBP)");
    check_small(
        "policy reverse
         payout 990 bounced
         --- payout 990 paid",
        "bounced/PO1/1 2026-11-18 bank:-990 suspense:990
         reversed payout_bounced (9.90 GBP)
         bounced/PO1/2 2026-11-18 bank:990 suspense:-990
         closed booked (9.90 GBP) hints 1",
    );
    // Made again after it had bounced: the journals of the bounce are no lines of its deposit.
    check_small(
        "policy reverse
         payout 990 bounced
         --- payout 990 paid
         --- own deposit/PO1/1 voided
         own deposit/PO1/1 seen_gone
         receipt PM1 undeposited
         says retry",
        "bounced/PO1/1 2026-11-18 bank:-990 suspense:990
         reversed payout_bounced (9.90 GBP)
         bounced/PO1/2 2026-11-18 bank:990 suspense:-990
         closed booked (9.90 GBP) hints 1
         deposit/PO1/2 2026-11-18 bank 990 = R1 fees:-8 tax:-2
         closed booked (9.90 GBP) hints 1",
    );
    // What people deposited, people take back.
    check(
        &format!("policy reverse {SMALL} receipt PM1 deposited --- payout 990 bounced"),
        "keep in line
         fees/PO1/1 2026-11-18 bank:-10 fees:8 tax:2
         closed not_proved (9.90 GBP) ! deposit_by_person (R1 over 10.00 GBP; the ERP's API does not \
show that deposit, it is taken to be without deductions and on account bank) hints 1
         failed payout_bounced (9.90 GBP)",
    );
    check(
        &format!("policy reverse {SMALL} payout 990 bounced"),
        "failed payout_bounced (9.90 GBP)",
    );
}
