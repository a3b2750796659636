//! Mandates from bank details, by rule: made once per order, refused with a name, details erased as
//! soon as nothing can need them.

use super::check;

const HINTS: &str = "hints collection/erp:1/INV1";

/// Bank account and mandate of the first order.
const MADE: &str = "bank-account/pro:1/7/GBP/1/1 d1 of CU1
     direct-mandate/pro:1/7/GBP/1/1 BA-d1 by bacs erases d1";

const SHOWS_SOON: &str =
    "collecting mandate_pending (mandate MD9 was made) look 2026-11-20T09:05:00Z";

#[test]
fn an_order_becomes_a_bank_account_and_a_mandate() {
    check(
        "policy off
         pair CU1
         says order
         --- mandate MD9 GBP pending",
        &format!(
            "{MADE}
             {SHOWS_SOON} {HINTS}
             mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD9 status=Pending submission hints
             closed mandate_usable (MD9 is pending submission)"
        ),
    );
}

#[test]
fn a_payer_that_is_not_known_is_made_once_nobody_was_matched() {
    check(
        "policy off
         says order
         --- unmatched customer_unmatched",
        &format!(
            "collecting customer_unmatched (C-7) hints customer/erp:1/7 collection/erp:1/INV1
             payer/pro:1/7/GBP/1 new payer once payer/pro:1/7
             {}
             {SHOWS_SOON} {HINTS}",
            MADE.replace("CU1", "CU9")
        ),
    );
    check(
        "policy off \n unmatched customer_ambiguous \n says order",
        &format!("open customer_ambiguous () {HINTS}"),
    );
}

#[test]
fn nothing_is_made_while_a_mandate_is_usable() {
    for usable in ["mandate MD1 GBP active", "mandate MD1 GBP active \n mandate MD2 GBP active"] {
        let known = format!(
            "pair CU1 \n {usable} \n field customer CU1 \n field mandate MD1 \n field status Active
             says order"
        );
        let told = "closed mandate_usable (MD1 is active)";
        check(&known, &format!("{told} {HINTS} erases d1"));
    }
    // What was ordered meanwhile is over, also when that mandate ends.
    check(
        "policy off
         pair CU1
         mandate MD1 GBP active
         field customer CU1
         field mandate MD1
         field status Active
         says order
         --- mandate MD1 GBP cancelled
         --- says order",
        &format!(
            "closed mandate_usable (MD1 is active) {HINTS} erases d1
             mandate-fields/pro:1/7/GBP/1 status=Cancelled hints
             open mandate_unusable (MD1 is cancelled)
             {}
             {SHOWS_SOON} {HINTS}",
            MADE.replace("GBP/1/1 d1", "GBP/2/1 d2")
                .replace("GBP/1/1 BA-d1", "GBP/2/1 BA-d2")
                .replace("erases d1", "erases d2")
        ),
    );
    check(
        "policy off \n pair CU1 \n mandate MD1 EUR active \n says order",
        &format!("{MADE} \n {SHOWS_SOON} {HINTS}"),
    );
}

#[test]
fn what_may_have_happened_is_asked_again_under_the_same_key() {
    check(
        "policy off
         pair CU1
         says order
         --- last unknown
         --- mandate MD9 GBP pending
         mandate MD9 GBP cancelled",
        &format!(
            "{MADE}
             {SHOWS_SOON} {HINTS}
             direct-mandate/pro:1/7/GBP/1/1 BA-d1 by bacs
             {SHOWS_SOON} {HINTS}
             mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD9 status=Cancelled hints
             open mandate_unusable (MD9 is cancelled)"
        ),
    );
    // The order before is known to its end, and its mandate seen, before the next one is begun.
    check(
        "policy off \n pair CU1 \n says order --- last unknown \n says order
         --- mandate MD9 GBP active",
        &format!(
            "{MADE}
             {SHOWS_SOON} {HINTS}
             direct-mandate/pro:1/7/GBP/1/1 BA-d1 by bacs
             {SHOWS_SOON} {HINTS}
             mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD9 status=Active erases d2 hints
             closed mandate_usable (MD9 is active)"
        ),
    );
}

#[test]
fn where_it_is_not_allowed_the_payer_is_asked_by_a_link() {
    let asked = |first: &str| {
        format!(
            "{first}
             mandate/pro:1/7/GBP/1 for CU1 erases d1
             invite/BRQ1/1 BRQ1
             mandate-fields/pro:1/7/GBP/1 link=url1 hints
             collecting mandate_pending (the link is valid until 2026-11-27) \
! bank_details_not_allowed (not this one) look 2026-11-27T09:00:00Z"
        )
    };
    let account = "bank-account/pro:1/7/GBP/1/1 d1 of CU1";
    for cause in ["permission", "unsupported"] {
        check(
            &format!("policy off \n pair CU1 \n refuses {cause} create bank account \n says order"),
            &asked(account),
        );
    }
    check(
        "policy off \n pair CU1 \n refuses permission create mandate \n says order",
        &asked(MADE).replace("for CU1 erases d1", "for CU1"),
    );
    check(
        "policy off
         unmatched customer_unmatched
         refuses permission create customer
         says order",
        &asked("payer/pro:1/7/GBP/1 new payer once payer/pro:1/7").replace("for CU1", "for new"),
    );
}

#[test]
fn where_it_is_not_allowed_and_policy_holds_a_person_is_asked() {
    check(
        "policy hold
         pair CU1
         refuses permission create bank account
         says order
         --- cleared
         says order",
        &format!(
            "bank-account/pro:1/7/GBP/1/1 d1 of CU1
             open bank_details_not_allowed (not this one) {HINTS} erases d1
             bank-account/pro:1/7/GBP/2/1 d2 of CU1
             direct-mandate/pro:1/7/GBP/2/1 BA-d2 by bacs erases d2
             {SHOWS_SOON} {HINTS}"
        ),
    );
}

#[test]
fn wrong_details_are_erased_and_given_again() {
    check(
        "pair CU1
         refuses validation create bank account
         says order
         --- says order",
        &format!(
            "bank-account/pro:1/7/GBP/1/1 d1 of CU1
             open bank_details_refused (not this one) {HINTS} erases d1
             bank-account/pro:1/7/GBP/2/1 d2 of CU1
             direct-mandate/pro:1/7/GBP/2/1 BA-d2 by bacs erases d2
             {SHOWS_SOON} {HINTS}"
        ),
    );
    // "Try again" needs the details again.
    check(
        "pair CU1
         refuses validation create bank account
         says order
         --- says retry
         cleared",
        &format!(
            "bank-account/pro:1/7/GBP/1/1 d1 of CU1
             open bank_details_refused (not this one) {HINTS} erases d1
             open bank_details_refused (they are not there any more) {HINTS}"
        ),
    );
    check(
        "pair CU1 \n refuses state create mandate \n says order",
        &format!("{MADE} \n open bank_details_refused (not this one) {HINTS}"),
    );
}

#[test]
fn an_order_is_held_with_the_link_and_lapses() {
    for (known, reason) in [("stopped", "stopped ()"), ("mode post_only", "post_only ()")] {
        check(
            &format!("pair CU1 \n {known} \n says order --- days 29 --- days 2 --- days 1"),
            &format!(
                "open {reason} {HINTS}
                 open {reason}
                 open bank_details_refused (they were given on 2026-11-20 and not used) {HINTS} \
erases d1
                 open bank_details_refused (they were given on 2026-11-20 and not used)"
            ),
        );
    }
    check(
        "pair CU1 \n says order \n details gone",
        &format!("open bank_details_refused (they are not there any more) {HINTS}"),
    );
}

#[test]
fn a_mandate_of_an_order_that_ended_is_not_made_anew() {
    check(
        "policy off
         pair CU1
         says order
         --- mandate MD9 GBP active
         --- mandate MD9 GBP cancelled
         --- policy off",
        &format!(
            "{MADE}
             {SHOWS_SOON} {HINTS}
             mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD9 status=Active hints
             closed mandate_usable (MD9 is active)
             mandate-fields/pro:1/7/GBP/2 status=Cancelled hints
             open mandate_unusable (MD9 is cancelled)
             open mandate_unusable (MD9 is cancelled)"
        ),
    );
}

#[test]
fn an_order_takes_the_place_of_an_open_request_but_not_of_an_authorised_one() {
    check(
        "pair CU1 --- says order",
        &format!(
            "mandate/pro:1/7/GBP/1 for CU1
             invite/BRQ1/1 BRQ1
             mandate-fields/pro:1/7/GBP/1 link=url1 hints
             collecting mandate_pending (the link is valid until 2026-11-27) \
look 2026-11-27T09:00:00Z
             {MADE}
             {SHOWS_SOON} {HINTS}"
        ),
    );
    check(
        "pair CU1 --- request BRQ1 fulfilling \n says order",
        &format!(
            "mandate/pro:1/7/GBP/1 for CU1
             invite/BRQ1/1 BRQ1
             mandate-fields/pro:1/7/GBP/1 link=url1 hints
             collecting mandate_pending (the link is valid until 2026-11-27) \
look 2026-11-27T09:00:00Z
             collecting mandate_pending (request BRQ1 is being fulfilled) {HINTS}"
        ),
    );
}

#[test]
fn an_order_that_was_left_is_over_and_the_next_one_counts() {
    check(
        "policy off
         pair CU1
         refuses validation create bank account
         says order
         --- says leave bank_details_refused
         --- refuses validation create bank account
         says order",
        &format!(
            "bank-account/pro:1/7/GBP/1/1 d1 of CU1
             open bank_details_refused (not this one) {HINTS} erases d1
             open no_mandate (GBP) {HINTS}
             bank-account/pro:1/7/GBP/3/1 d3 of CU1
             open bank_details_refused (not this one) {HINTS} erases d3"
        ),
    );
}
