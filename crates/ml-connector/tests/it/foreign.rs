//! Payments that name no invoice: listed, and matched by hand, whether their payout stands on the
//! suspense account already or still waits (mission row NG12).

use serde_json::json;

use crate::world::{World, rows, text};

/// Somebody makes a payment in the processor's dashboard; gives its id.
fn by_hand(world: &World, mandate: &str, amount: i64) -> String {
    let made = world.processor(
        "/act",
        &json!({
            "action": "create_payment", "mandate": mandate, "amount": amount,
            "description": "thanks",
        }),
    );
    text(&made["payment"]["id"])
}

#[test]
fn slow_a_receipt_that_may_not_stand_on_suspense_is_shown_and_retried() {
    let (world, customer, _) = World::live(&[], &[]);
    let unticked = json!({"custbody_mlc_collect": false});
    let invoice = world.invoice_with(&json!({"customer": customer.id, "amount": "120.00",
        "currency": 1, "fields": unticked}));
    let payment = by_hand(&world, &customer.mandate, 12_000);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    let expand = |on: bool| json!({"preferences": {"expand_account_lists": on}});
    world.erp("/seed", &expand(false));
    world.place.well(&["foreign", "match", &payment, &invoice]);
    world.sync();
    let refused = world.attention("rejected");
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(text(&refused[0]["sentence"]).contains("651"), "{refused:?}");
    assert!(world.records("customerPayment").is_empty());
    assert_eq!(world.balance("651"), "-120");

    world.erp("/seed", &expand(true));
    world.place.well(&["attention", "retry", &text(&refused[0]["case"])]);
    world.sync();
    assert_eq!((world.remaining(&invoice), world.balance("651")), ("0".into(), "0".into()));
    assert!(world.attention("rejected").is_empty());
}

#[test]
fn slow_a_payment_on_suspense_is_matched_out_of_it() {
    let (world, customer, _) = World::live(&[], &[]);
    let invoice = world.invoice_with(&json!({
        "customer": customer.id, "amount": "120.00", "currency": 1,
        "fields": {"custbody_mlc_collect": false},
    }));
    let payment = by_hand(&world, &customer.mandate, 12_000);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    assert_eq!(world.balance("651"), "-120", "the suspense account holds it");
    let payouts = world.payouts();
    let bank = world.balance("210");
    let listed = rows(&world.place.json(&["foreign", "list"], 0));
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(text(&listed[0]["payment"]), payment);
    assert!(text(&listed[0]["place"]).contains("suspense"), "{listed:?}");
    assert_eq!(world.attention("foreign_payment").len(), 1);
    assert_eq!(world.place.json(&["status"], 3)["foreign_payments"], 1);

    world.place.well(&["foreign", "match", &payment, &invoice]);
    world.sync();
    let receipts = world.records("customerPayment");
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    assert_eq!(text(&receipts[0]["account"]), "651", "taken from suspense");
    assert_eq!(world.remaining(&invoice), "0");
    assert_eq!(world.balance("651"), "0");
    assert_eq!(world.balance("116"), "0", "nothing waits in undeposited funds");
    assert_eq!(world.balance("210"), bank, "the bank is not touched again");
    assert_eq!(world.payouts().len(), payouts.len());
    assert!(rows(&world.place.json(&["foreign", "list"], 0)).is_empty());
    world.sync();
    assert!(world.attention("foreign_payment").is_empty());
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

#[test]
fn slow_a_payment_is_matched_with_one_invoice_only() {
    let (world, customer, _) = World::live(&[], &[]);
    let (first, second) =
        (world.invoice(&customer.id, "10.00"), world.invoice(&customer.id, "10.00"));
    let payment = by_hand(&world, &customer.mandate, 1_000);
    world.place.well(&["foreign", "match", &payment, &first]);
    // Before anything was looked at.
    let said = world.place.fails(&["foreign", "match", &payment, &second], 2);
    assert!(said.contains("belongs to") && said.contains(&first), "{said}");
    // Saying it again does no harm.
    world.place.well(&["foreign", "match", &payment, &first]);
    world.sync();
    let payments = world.payments();
    assert_eq!(payments.len(), 2, "only the other invoice is collected anew: {payments:?}");
    assert_eq!(text(&payments[1]["metadata"]["invoiceId"]), second);
    world.until("both receipts", 14, |world| world.records("customerPayment").len() == 2);
    assert_eq!(world.remaining(&first), "0");
    assert_eq!(world.remaining(&second), "0");
    world.until("the deposit", 2, |world| !world.records("deposit").is_empty());
    bank_is_payouts(&world);
    let audit = world.place.well(&["audit", "export"]);
    assert!(audit.contains("\"said\":\"match\""), "who matched it is in the trail");
}

#[test]
fn slow_a_wrong_match_is_taken_back_until_it_is_booked() {
    let (world, customer, _) = World::live(&[], &[]);
    let unflagged = |amount: &str| {
        world.invoice_with(&json!({
            "customer": customer.id, "amount": amount, "currency": 1,
            "fields": {"custbody_mlc_collect": false},
        }))
    };
    let (wrong, right) = (unflagged("45.00"), unflagged("45.00"));
    let moved = by_hand(&world, &customer.mandate, 4_500);
    let dropped = by_hand(&world, &customer.mandate, 2_500);
    let disown = |payment: &str| {
        let case = world.case(&wrong);
        world.place.well(&["attention", "resolve", &case, "--not-ours", payment]);
        world.sync();
    };
    for payment in [&moved, &dropped] {
        world.place.well(&["foreign", "match", payment, &wrong]);
        world.sync();
    }
    // One before its payout is known, one while the payout waits for its receipt.
    disown(&moved);
    let listed = rows(&world.place.json(&["foreign", "list"], 0));
    assert_eq!(listed.len(), 1, "{listed:?}");
    world.place.well(&["foreign", "match", &moved, &right]);
    disown(&dropped);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    world.sync();
    assert_eq!(world.remaining(&wrong), "45");
    assert_eq!(world.remaining(&right), "0");
    assert_eq!(world.balance("651"), "-25", "nobody's payment is on the suspense account");
    assert_eq!(world.balance("116"), "0");
    bank_is_payouts(&world);
    let booked = ["attention", "resolve", &world.case(&right), "--not-ours", &moved];
    let said = world.place.fails(&booked, 2);
    assert!(said.contains("is in the books as document"), "{said}");
    let unknown = ["attention", "resolve", &world.case(&right), "--not-ours", "PMNONSENSE"];
    let said = world.place.fails(&unknown, 2);
    assert!(said.contains("no processor account knows a payment PMNONSENSE"), "{said}");
}

#[test]
fn slow_a_held_payment_is_matched_into_its_deposit() {
    let (world, customer, invoices) = World::live(&["80.00"], &["foreign_payments=hold"]);
    let invoice = world.invoice_with(&json!({
        "customer": customer.id, "amount": "45.00", "currency": 1,
        "fields": {"custbody_mlc_collect": false},
    }));
    let payment = by_hand(&world, &customer.mandate, 4_500);
    world.until("the payout", 14, |world| !world.attention("foreign_held").is_empty());
    assert!(world.records("deposit").is_empty(), "nothing is deposited while it is held");
    world.place.well(&["foreign", "match", &payment, &invoice]);
    world.until("the deposit", 3, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
    assert_eq!(world.remaining(&invoices[0]), "0");
    assert_eq!(world.balance("651"), "0", "it never stood on suspense");
    assert_eq!(world.balance("116"), "0");
    bank_is_payouts(&world);
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

#[test]
fn slow_a_matched_payment_takes_the_place_of_ours() {
    let (world, customer, invoices) = World::live(&["30.00"], &[]);
    world.sync();
    let ours = text(&world.payments()[0]["id"]);
    let theirs = by_hand(&world, &customer.mandate, 3_000);
    world.minutes(60);
    world.sync();
    world.place.well(&["foreign", "match", &theirs, &invoices[0]]);
    world.sync();
    let status = |id: &str| {
        let payments = world.payments();
        let found = payments.iter().find(|one| one["id"] == id).expect("the payment");
        text(&found["status"])
    };
    assert_eq!(status(&ours), "cancelled", "not collected twice");
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    assert_eq!(status(&theirs), "paid_out");
    let receipts = world.records("customerPayment");
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    assert_eq!(text(&receipts[0]["custbody_mlc_payment_id"]), theirs);
    assert_eq!(text(&receipts[0]["account"]), "116", "a receipt like any other");
    assert_eq!(world.remaining(&invoices[0]), "0");
    assert_eq!(world.balance("651"), "0");
    bank_is_payouts(&world);
    world.days(3);
    world.sync();
    assert_eq!(world.payments().len(), 2, "nothing is collected anew");
}

#[test]
fn slow_a_matched_payment_is_taken_back_like_any_other() {
    let (world, customer, _) = World::live(&[], &[]);
    let invoice = world.invoice_with(&json!({
        "customer": customer.id, "amount": "120.00", "currency": 1,
        "fields": {"custbody_mlc_collect": false},
    }));
    let payment = by_hand(&world, &customer.mandate, 12_000);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    world.place.well(&["foreign", "match", &payment, &invoice]);
    world.sync();
    assert_eq!(world.remaining(&invoice), "0");
    // Charged back; another payment carries the debit to the bank in a payout.
    world.processor("/act", &json!({"action": "charge_back", "payment": payment}));
    let other = world.customer("2002", "other@alder.example", "GBP");
    world.invoice(&other.id, "500.00");
    world.until("the refund", 20, |world| !world.records("customerRefund").is_empty());
    world.until("the second deposit", 3, |world| world.records("deposit").len() == 2);
    assert_eq!(world.remaining(&invoice), "120", "the invoice is open again");
    assert_eq!(world.balance("651"), "0", "suspense is as it was");
    assert_eq!(world.balance("116"), "0");
    bank_is_payouts(&world);
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

#[test]
fn slow_after_its_payout_a_payment_takes_the_place_of_ours_and_nothing_is_raised() {
    let confirmed = ["post_on=\"confirmed\""];
    for (by_match, policy) in [(true, &[][..]), (false, &[]), (false, &confirmed)] {
        let (world, customer, _) = World::live(&[], policy);
        let theirs = by_hand(&world, &customer.mandate, 12_000);
        let other = world.customer("2002", "other@alder.example", "GBP");
        world.invoice(&other.id, "80.00");
        world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
        assert_eq!(world.balance("651"), "-120");
        // Collected by us as well, before anybody says that it was paid.
        let invoice = world.invoice(&customer.id, "120.00");
        world.sync();
        let ours = world.payments();
        let ours = ours.iter().find(|one| one["metadata"]["invoiceId"] == invoice.as_str());
        let ours = text(&ours.expect("our payment")["id"]);
        if by_match {
            world.place.well(&["foreign", "match", &theirs, &invoice]);
        } else {
            let case = world.case(&invoice);
            world.place.well(&["attention", "resolve", &case, "--adopt", &theirs]);
        }
        world.sync();
        for _ in 0..3 {
            world.days(1);
            world.sync();
        }
        let cancelled = world
            .payments()
            .iter()
            .any(|one| one["id"] == ours.as_str() && one["status"] == "cancelled");
        assert!(cancelled, "not collected twice");
        assert_eq!(world.balance("651"), "0");
        assert_eq!(world.remaining(&invoice), "0");
        for code in ["deposit_by_person", "deposit_differs", "foreign_payment", "outcome_unclear"] {
            assert!(world.attention(code).is_empty(), "{code} by_match={by_match}");
        }
        let proof = world.place.json(&["verify"], 0);
        assert_eq!(proof["proved"], true);
        let findings = rows(&proof["proof"]["findings"]);
        let open = findings.iter().filter(|one| one["verdict"] != "proved");
        assert_eq!(open.count(), 0, "{findings:#?}");
        assert!(!findings.is_empty());
        let shown = world.record("invoice", &invoice);
        let field = |name: &str| text(&shown[format!("custbody_mlc_{name}")]);
        assert_eq!(field("payment_id"), theirs, "{shown:#}");
        assert!(!field("payment_status").to_lowercase().contains("cancel"), "{shown:#}");
        assert!(!field("integration_status").to_lowercase().contains("cancel"), "{shown:#}");
        assert_eq!(field("integration_error"), "", "{shown:#}");
        bank_is_payouts(&world);
    }
}

#[test]
fn slow_what_was_taken_back_from_suspense_is_not_matched() {
    let (world, customer, _) = World::live(&[], &[]);
    let unflagged = |amount: &str| {
        world.invoice_with(&json!({
            "customer": customer.id, "amount": amount, "currency": 1,
            "fields": {"custbody_mlc_collect": false},
        }))
    };
    let (whole, part) = (unflagged("45.00"), unflagged("25.00"));
    let charged_back = by_hand(&world, &customer.mandate, 4_500);
    let refunded = by_hand(&world, &customer.mandate, 2_500);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    let creditor = world.payouts()[0]["links"]["creditor"].clone();
    world.processor("/act", &json!({"action": "enable_refunds", "creditor": creditor}));
    world.processor("/act", &json!({"action": "charge_back", "payment": charged_back}));
    world.days(8);
    world.processor(
        "/act",
        &json!({"action": "create_refund", "payment": refunded, "amount": 1_000}),
    );
    let other = world.customer("2002", "other@alder.example", "GBP");
    world.invoice(&other.id, "500.00");
    world.until("the second deposit", 25, |world| world.records("deposit").len() == 2);
    world.until("both taken back", 10, |world| world.balance("651") == "-15");
    let listed = world.place.json(&["foreign", "list"], 0).to_string();
    assert!(listed.contains("taken back") && listed.contains("refunded"), "{listed}");

    let said = world.place.fails(&["foreign", "match", &charged_back, &whole, "--anyway"], 2);
    assert!(said.contains("cancel out"), "{said}");
    let said = world.place.fails(&["foreign", "match", &refunded, &part], 2);
    assert!(said.contains("Record the 15.00 GBP that are left"), "{said}");
    world.sync();
    assert!(world.attention("rejected").is_empty());
    assert_eq!(world.balance("651"), "-15", "nothing was booked");
    // As the sentence says.
    world.deed(&json!({"do": "record_payment", "invoice": part, "amount": "15.00",
        "account": "651", "date": world.today().to_string()}));
    assert_eq!(world.balance("651"), "0");
    assert_eq!(world.remaining(&part), "10");
    bank_is_payouts(&world);
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

/// The bank account holds what the payouts brought, to the penny.
fn bank_is_payouts(world: &World) {
    let paid: i64 = world.payouts().iter().filter_map(|one| one["amount"].as_i64()).sum();
    let bank: rust_decimal::Decimal = world.balance("210").parse().expect("an amount");
    assert_eq!(bank * rust_decimal::Decimal::ONE_HUNDRED, paid.into());
}

#[test]
fn slow_what_can_not_belong_together_is_refused() {
    let (world, customer, _) = World::live(&[], &[]);
    let payment = by_hand(&world, &customer.mandate, 1_000);
    let other = world.customer("2002", "euro@alder.example", "EUR");
    let euros = world.invoice_with(&json!({
        "customer": other.id, "amount": "10.00", "currency": 2,
    }));
    for (payment, invoice, words) in [
        ("PM000UNKNOWN", euros.as_str(), "no processor account knows"),
        (payment.as_str(), "999999", "internal id"),
        (payment.as_str(), euros.as_str(), "EUR"),
    ] {
        let said = world.place.fails(&["foreign", "match", payment, invoice], 2);
        assert!(said.contains(words), "{said}");
    }
    world.sync();
    let case = world.case(&euros);
    let said = world.place.fails(&["attention", "resolve", &case, "--adopt", &payment], 2);
    assert!(said.contains("is in GBP") && said.contains("in EUR"), "{said}");
    let shown = world.place.json(&["show", &case], 0).to_string();
    assert!(!shown.contains("\"said\":\"adopt\""), "nothing was noted: {shown}");
}
