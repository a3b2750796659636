//! The stories, by rule.

use super::check;

const HINTS: &str = "hints collection/erp:1/INV1";

fn case(known: &str, expected: &str) {
    check(known, &format!("{expected} {HINTS}"));
}

#[test]
fn the_customer_must_be_there() {
    case("customer missing", "open customer_missing (the customer is gone)");
    case("customer inactive", "open customer_missing (the customer is inactive or on hold)");
    case("customer odd", "open odd_record (no id)");
    case("customer unread", "open unavailable ()");
}

#[test]
fn the_only_usable_mandate_is_taken_and_kept_current() {
    check(
        "pair CU1
         mandate MD1 GBP cancelled
         mandate MD2 GBP pending
         mandate MD3 EUR active
         --- mandate MD2 GBP active
         --- mandate MD2 GBP cancelled
         policy off",
        "mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD2 status=Pending submission hints
         closed mandate_usable (MD2 is pending submission)
         mandate-fields/pro:1/7/GBP/2 status=Active hints
         closed mandate_usable (MD2 is active)
         mandate-fields/pro:1/7/GBP/3 status=Cancelled hints
         open mandate_unusable (MD2 is cancelled)",
    );
}

#[test]
fn a_save_whose_outcome_is_unknown_keeps_its_content() {
    check(
        "pair CU1
         mandate MD1 GBP pending
         --- last unknown
         mandate MD1 GBP active",
        "mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD1 status=Pending submission hints
         closed mandate_usable (MD1 is pending submission)
         mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD1 status=Pending submission hints
         mandate-fields/pro:1/7/GBP/2 status=Active
         closed mandate_usable (MD1 is active)",
    );
}

#[test]
fn what_the_fields_hold_already_is_not_written() {
    case(
        "pair CU1
         mandate MD1 GBP active
         field customer CU1
         field mandate MD1
         field status Active",
        "closed mandate_usable (MD1 is active)",
    );
}

#[test]
fn a_mandate_that_was_never_usable_is_shown() {
    check(
        "pair CU1
         mandate MD1 GBP expired
         mandate MD2 GBP cancelled",
        "mandate/pro:1/7/GBP/1 for CU1
         invite/BRQ1/1 BRQ1
         mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD2 status=Cancelled link=url1 hints
         collecting mandate_pending (the link is valid until 2026-11-27) look 2026-11-27T09:00:00Z",
    );
}

#[test]
fn several_usable_mandates_need_the_name_in_the_field() {
    let two = "
        pair CU1
        mandate MD1 GBP active
        mandate MD2 GBP approval";
    case(two, "open mandate_ambiguous (MD1, MD2)");
    check(
        &format!("{two} \n field mandate MD2"),
        "mandate-fields/pro:1/7/GBP/1 customer=CU1 status=Pending customer approval hints
         closed mandate_usable (MD2 is pending customer approval)",
    );
    // Named, but not usable any more: the others are still ambiguous, the field is kept current.
    check(
        &format!("{two} \n mandate MD3 GBP expired \n field mandate MD3"),
        "mandate-fields/pro:1/7/GBP/1 status=Expired hints
         open mandate_ambiguous (MD1, MD2)",
    );
}

#[test]
fn a_replaced_mandate_is_followed() {
    check(
        "pair CU1
         mandate MD1 GBP cancelled replaced_by MD2
         mandate MD2 GBP cancelled replaced_by MD3
         mandate MD3 GBP active
         mandate MD4 GBP active
         field customer CU1
         field mandate MD1
         field status Active",
        "mandate-fields/pro:1/7/GBP/1 mandate=MD3 hints
         closed mandate_usable (MD3 is active)",
    );
}

#[test]
fn the_fields_of_another_account_or_currency_are_left_alone() {
    case(
        "pair CU1
         mandate MD1 GBP active
         field customer CU9
         field mandate MD9",
        "closed mandate_usable (MD1 is active)",
    );
    case(
        "pair CU1
         mandate MD1 GBP active
         mandate MD2 EUR active
         field customer CU1
         field mandate MD2
         field status Active",
        "closed mandate_usable (MD1 is active)",
    );
    check(
        "pair CU1
         mandate MD1 GBP active
         mandate MD2 EUR cancelled
         field customer CU1
         field mandate MD2
         field status Cancelled",
        "mandate-fields/pro:1/7/GBP/1 mandate=MD1 status=Active hints
         closed mandate_usable (MD1 is active)",
    );
}

#[test]
fn a_link_that_is_not_ours_is_left_alone() {
    case(
        "pair CU1
         mandate MD1 GBP active
         field customer CU1
         field mandate MD1
         field status Active
         field link https://elsewhere.test",
        "closed mandate_usable (MD1 is active)",
    );
}

#[test]
fn fields_that_do_not_hold_or_are_refused_end_nothing() {
    let known = "
        pair CU1
        mandate MD1 GBP active";
    let told = "
        mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD1 status=Active hints
        closed mandate_usable (MD1 is active)";
    check(&format!("erp forgets {known}"), told);
    check(&format!("erp refuses {known}"), &format!("{told} ! rejected (no such field)"));
}

#[test]
fn nothing_is_asked_for_unless_wanted_by_policy_and_mode() {
    case("unwanted", "closed mandate_not_wanted (nothing to collect)");
    case("policy off", "open no_mandate (GBP)");
    check(
        "policy off \n pair CU1 \n mandate MD1 GBP expired",
        "mandate-fields/pro:1/7/GBP/1 customer=CU1 mandate=MD1 status=Expired hints
         open mandate_unusable (MD1 is expired)",
    );
    case("mode off", "open link_off ()");
    case("mode post_only", "open post_only ()");
    case("stopped", "open stopped ()");
    case("unmatched customer_ambiguous", "open customer_ambiguous ()");
    // It may be known, and have a mandate, on a page that was not read yet.
    case("unmatched directory_unread", "open directory_unread () look 2026-11-20T09:01:00Z");
}

#[test]
fn a_mandate_is_asked_for_by_a_link_that_is_shown_in_the_erp() {
    check(
        "unmatched customer_unmatched",
        "mandate/pro:1/7/GBP/1 for new
         invite/BRQ1/1 BRQ1
         mandate-fields/pro:1/7/GBP/1 link=url1 hints
         collecting mandate_pending (the link is valid until 2026-11-27) \
look 2026-11-27T09:00:00Z",
    );
}

#[test]
fn a_link_that_expired_is_renewed_but_the_request_is_never_doubled() {
    let asked = "
        mandate/pro:1/7/GBP/1 for CU1
        invite/BRQ1/1 BRQ1
        mandate-fields/pro:1/7/GBP/1 link=url1 hints
        collecting mandate_pending (the link is valid until 2026-11-27) \
look 2026-11-27T09:00:00Z";
    check(
        "pair CU1 --- days 6 --- days 1",
        &format!(
            "{asked}
             collecting mandate_pending (the link is valid until 2026-11-27) \
look 2026-11-27T09:00:00Z
             invite/BRQ1/2 BRQ1
             mandate-fields/pro:1/7/GBP/2 link=url2 hints
             collecting mandate_pending (the link is valid until 2026-12-04) \
look 2026-12-04T09:00:00Z"
        ),
    );
    check(
        "pair CU1 --- days 8 \n unwanted",
        &format!("{asked} \n collecting mandate_pending (request BRQ1, no link is valid) {HINTS}"),
    );
    check(
        "pair CU1 --- expires url1 2026-11-21T00:00:00Z",
        &format!(
            "{asked}
             collecting mandate_pending (the link is valid until 2026-11-21) \
look 2026-11-21T00:00:00Z {HINTS}"
        ),
    );
}

#[test]
fn the_payer_authorises_and_the_link_is_blanked() {
    check(
        "pair CU1
         --- request BRQ1 fulfilling
         --- request BRQ1 fulfilled MD1
         --- mandate MD1 GBP pending
         --- mandate MD1 GBP cancelled",
        "mandate/pro:1/7/GBP/1 for CU1
         invite/BRQ1/1 BRQ1
         mandate-fields/pro:1/7/GBP/1 link=url1 hints
         collecting mandate_pending (the link is valid until 2026-11-27) \
look 2026-11-27T09:00:00Z
         collecting mandate_pending (request BRQ1 is being fulfilled) \
hints collection/erp:1/INV1
         collecting mandate_pending (mandate MD1 was authorised) \
hints customer/erp:1/7 collection/erp:1/INV1
         mandate-fields/pro:1/7/GBP/2 customer=CU1 mandate=MD1 status=Pending submission link= hints
         closed mandate_usable (MD1 is pending submission)
         mandate/pro:1/7/GBP/2 for CU1
         invite/BRQ2/1 BRQ2
         mandate-fields/pro:1/7/GBP/3 status=Cancelled link=url2 hints
         collecting mandate_pending (the link is valid until 2026-11-27) \
look 2026-11-27T09:00:00Z",
    );
}

#[test]
fn a_cancelled_request_is_followed_by_the_next_until_a_person_must_say() {
    let asked = |nth: u32| {
        format!(
            "mandate/pro:1/7/GBP/{nth} for CU1
             invite/BRQ{nth}/1 BRQ{nth}
             mandate-fields/pro:1/7/GBP/{nth} link=url{nth} hints
             collecting mandate_pending (the link is valid until 2026-11-27) \
look 2026-11-27T09:00:00Z"
        )
    };
    let told: Vec<String> = (1..=5).map(asked).collect();
    check(
        "pair CU1
         --- request BRQ1 cancelled
         --- request BRQ2 cancelled
         --- request BRQ3 cancelled
         --- request BRQ4 cancelled
         --- request BRQ5 cancelled
         --- says release",
        &format!(
            "{}
             open mandate_request_failed (5 requests were cancelled) {HINTS}
             {}",
            told.join("\n"),
            asked(6)
        ),
    );
}

#[test]
fn a_request_that_can_not_be_read_is_not_doubled() {
    let asked = "
        mandate/pro:1/7/GBP/1 for CU1
        invite/BRQ1/1 BRQ1
        mandate-fields/pro:1/7/GBP/1 link=url1 hints
        collecting mandate_pending (the link is valid until 2026-11-27) \
look 2026-11-27T09:00:00Z";
    check(
        "pair CU1 --- request BRQ1 unread",
        &format!("{asked} \n collecting unavailable (request BRQ1) {HINTS}"),
    );
    check(
        "pair CU1 --- request BRQ1 missing",
        &format!("{asked} \n collecting record_missing (request BRQ1) {HINTS}"),
    );
}

#[test]
fn a_processor_that_gives_no_link_is_not_asked_for_ever() {
    check(
        "pair CU1
         processor gives_no_link",
        "mandate/pro:1/7/GBP/1 for CU1
         invite/BRQ1/1 BRQ1
         collecting mandate_request_failed (no link came for request BRQ1) \
hints collection/erp:1/INV1",
    );
}

#[test]
fn a_customer_without_email_still_gets_a_link() {
    check(
        "customer without_email",
        "mandate/pro:1/7/GBP/1 for new
         invite/BRQ1/1 BRQ1
         mandate-fields/pro:1/7/GBP/1 link=url1 hints
         collecting mandate_pending (the link is valid until 2026-11-27) \
! customer_without_email (C-7) look 2026-11-27T09:00:00Z",
    );
}
