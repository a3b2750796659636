//! What only a person can resolve: shown with the other side's own words, and taken up again after
//! the person acted (mission rows NG11 and C9; the bad input of every row).

use serde_json::json;

use crate::world::{World, text};

const WORDS: &str = "Brightworks rule 7: payments need a cost centre";

#[test]
fn slow_a_refusal_is_shown_in_the_erps_words_and_replayed() {
    let (world, _, invoices) = World::live(&["40.00", "41.00"], &[]);
    let fault = json!({"kind": "reject", "record": "customerPayment", "text": WORDS});
    world.erp("/faults", &fault);
    world.until("the refusals", 14, |world| world.attention("rejected").len() == 2);
    assert!(world.records("customerPayment").is_empty());
    for item in world.attention("rejected") {
        assert!(text(&item["sentence"]).contains(WORDS), "{item}");
    }
    let shown = text(&world.record("invoice", &invoices[0])["custbody_mlc_integration_error"]);
    assert!(shown.contains(WORDS), "on the invoice: {shown:?}");
    world.days(1);
    world.sync();
    assert_eq!(world.attention("rejected").len(), 2, "it is not sent again by itself");
    world.erp("/faults", &json!({"clear": true}));
    // Named as people know it: by the invoice's id in the ERP, and in their own name.
    world.place.well(&["--as", "Ada Finch", "attention", "retry", &invoices[0]]);
    world.sync();
    assert_eq!(world.records("customerPayment").len(), 1);
    let story = world.place.well(&["show", &invoices[0]]);
    for part in [world.case(&invoices[0]).as_str(), "40.00 GBP", "Payment PM", "person:Ada Finch"] {
        assert!(story.contains(part), "{part} is not told: {story}");
    }
    assert_eq!(world.remaining(&invoices[0]), "0");
    assert_eq!(world.remaining(&invoices[1]), "41");
    // The other one: somebody saves the invoice again in the ERP.
    let edit = json!({"do": "edit_invoice", "invoice": invoices[1], "memo": "cost centre 12"});
    world.deed(&edit);
    world.sync();
    assert_eq!(world.remaining(&invoices[1]), "0");
    assert!(world.attention("rejected").is_empty());
    world.until("the deposit", 2, |world| !world.records("deposit").is_empty());
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

#[test]
fn slow_a_refused_deposit_is_replayed_for_all() {
    let (world, _, invoices) = World::live(&["40.00"], &[]);
    world.erp("/faults", &json!({"kind": "reject", "record": "deposit", "text": WORDS}));
    world.until("the refusal", 14, |world| world.attention("rejected").len() == 1);
    let item = world.only_attention("rejected");
    assert!(text(&item["case"]).starts_with("payout/"), "{item}");
    assert!(text(&item["sentence"]).contains(WORDS), "{item}");
    assert_eq!(world.remaining(&invoices[0]), "0", "the receipt stands");
    assert_eq!(world.balance("210"), "0");
    world.erp("/faults", &json!({"clear": true}));
    world.place.well(&["attention", "retry", "ALL"]);
    world.sync();
    assert_eq!(world.records("deposit").len(), 1);
    assert_eq!(world.balance("116"), "0");
    assert!(world.attention("rejected").is_empty());
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

#[test]
fn slow_a_payment_that_seems_to_collect_is_adopted_or_not_ours() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    let invoice = |number: &str| {
        world.invoice_with(&json!({
            "customer": customer.id, "amount": "25.00", "currency": 1, "number": number,
        }))
    };
    let (adopted, other) = (invoice("INV-701"), invoice("INV-702"));
    let by_hand = |number: &str| {
        let payment = json!({
            "action": "create_payment", "mandate": customer.mandate, "amount": 2_500,
            "description": number,
        });
        text(&world.processor("/act", &payment)["payment"]["id"])
    };
    let (right, wrong) = (by_hand("INV-701"), by_hand("INV-702"));
    world.add_link(&[]);
    world.go_live();
    world.sync();
    assert_eq!(world.payments().len(), 2, "nothing is collected beside them");
    let items = world.attention("already_collected");
    assert_eq!(items.len(), 2, "{items:?}");
    for (invoice, payment) in [(&adopted, &right), (&other, &wrong)] {
        let item = items.iter().find(|item| item["case"] == world.case(invoice).as_str());
        let item = item.expect("its item");
        assert!(text(&item["sentence"]).contains(payment.as_str()), "{item}");
    }
    let resolve = |invoice: &str, how: &str, payment: &str| {
        world.place.well(&["attention", "resolve", &world.case(invoice), how, payment]);
    };
    resolve(&adopted, "--adopt", &right);
    resolve(&other, "--not-ours", &wrong);
    world.sync();
    let payments = world.payments();
    assert_eq!(payments.len(), 3, "one of ours for the other invoice");
    let ours = payments.iter().find(|one| text(&one["metadata"]["invoiceId"]) == other);
    let ours = text(&ours.expect("a payment of ours")["id"]);
    let denied = ["attention", "resolve", &world.case(&other), "--not-ours", &ours];
    let said = world.place.fails(&denied, 2);
    assert!(said.contains("names this invoice itself"), "{said}");
    assert!(world.attention("already_collected").is_empty());
    world.until("both receipts", 14, |world| world.records("customerPayment").len() == 2);
    assert_eq!(world.remaining(&adopted), "0");
    assert_eq!(world.remaining(&other), "0");
}

#[test]
fn slow_what_is_ignored_leaves_the_list_until_its_facts_change() {
    let (world, _, invoices) = World::live(&["80.00"], &["limits.invoice_max.GBP=5000"]);
    world.sync();
    let case = world.case(&invoices[0]);
    assert_eq!(world.only_attention("above_limit")["case"], case.as_str());
    world.place.well(&["attention", "ignore", &case, "above_limit"]);
    world.sync();
    assert_eq!(world.place.json(&["attention", "list"], 0), json!([]), "and nothing waits");
    world.place.json(&["status"], 0);
    let all = world.place.json(&["attention", "list", "--all"], 0);
    assert_eq!(all[0]["ignored"], true, "{all}");
    world.deed(&json!({"do": "edit_invoice", "invoice": invoices[0], "amount": "90.00"}));
    world.sync();
    let back = world.only_attention("above_limit");
    assert!(text(&back["sentence"]).contains("90.00"), "{back}");
}

#[test]
fn slow_a_closed_period_holds_and_lets_go() {
    let (world, _, invoices) = World::live(&["40.00"], &[]);
    world.sync();
    world.deed(&json!({"do": "period", "period": world.today().to_string(), "set": "closed"}));
    world.days(10);
    world.sync();
    assert_eq!(world.payouts().len(), 1);
    assert!(world.records("customerPayment").is_empty());
    assert_eq!(world.reason(&invoices[0]), "period_closed");
    world.deed(&json!({"do": "period", "period": "2026-03-10", "set": "open"}));
    world.days(1);
    world.sync();
    assert_eq!(world.remaining(&invoices[0]), "0");
    assert_eq!(world.records("deposit").len(), 1);
}

#[test]
fn slow_an_ambiguous_customer_is_chosen_by_a_person() {
    let world = World::connected();
    world.erp_customer("2001", "pay@alder.example", "GBP");
    world.payer("pay@alder.example", "GBP");
    let right = world.payer("PAY@alder.example", "GBP");
    let invoice = world.invoice("2001", "15.00");
    world.add_link(&[]);
    world.go_live();
    world.sync();
    assert!(world.payments().is_empty());
    let items = world.attention("customer_ambiguous");
    let case = "customer/netsuite:1234567_SB1/2001";
    let item = items.iter().find(|item| item["case"] == case).expect("the customer's case");
    let mandates = world.processor("/truth", &json!(null))["mandates"].clone();
    let mandates = crate::world::rows(&mandates);
    let chosen = mandates.iter().find(|row| row["id"] == right.as_str()).expect("the mandate");
    let chosen = text(&chosen["links"]["customer"]);
    assert!(text(&item["sentence"]).contains(&chosen), "the candidates are named: {item}");
    world.place.well(&["attention", "resolve", case, "--customer", &chosen]);
    world.sync();
    world.minutes(10);
    world.sync();
    let payments = world.payments();
    assert_eq!(payments.len(), 1);
    assert_eq!(text(&payments[0]["links"]["mandate"]), right);
    assert_eq!(text(&payments[0]["metadata"]["invoiceId"]), invoice);
    assert!(world.attention("customer_ambiguous").is_empty());
}

#[test]
fn slow_customers_that_share_an_address_are_told_apart_by_a_person() {
    let world = World::connected();
    for id in ["2001", "2002"] {
        world.erp_customer(id, "office@alder.example", "GBP");
    }
    let mandate = world.payer("office@alder.example", "GBP");
    world.invoice("2001", "15.00");
    let right = world.invoice("2002", "16.00");
    world.add_link(&[]);
    world.go_live();
    world.sync();
    assert!(world.payments().is_empty(), "nobody is guessed");
    let payers = crate::world::rows(&world.processor("/truth", &json!(null))["customers"]);
    let payer = text(&payers[0]["id"]);
    let case = "customer/netsuite:1234567_SB1/2002";
    world.place.well(&["attention", "resolve", case, "--customer", &payer]);
    world.sync();
    world.minutes(10);
    world.sync();
    let payments = world.payments();
    assert_eq!(payments.len(), 1);
    assert_eq!(text(&payments[0]["metadata"]["invoiceId"]), right);
    assert_eq!(text(&payments[0]["links"]["mandate"]), mandate);
    world.days(1);
    world.sync();
    assert_eq!(world.payments().len(), 1, "the other customer is not collected from this payer");
}

#[test]
fn slow_a_customer_without_email_is_matched_once_there_is_one() {
    let world = World::connected();
    world.erp_customer("2001", "", "GBP");
    world.payer("pay@alder.example", "GBP");
    world.invoice("2001", "15.00");
    world.add_link(&[]);
    world.go_live();
    world.sync();
    assert!(world.payments().is_empty());
    assert_eq!(world.attention("customer_without_email").len(), 1);
    let fields = json!({"email": "pay@alder.example"});
    world.deed(&json!({"do": "edit_customer", "customer": "2001", "fields": fields}));
    world.sync();
    world.minutes(10);
    world.sync();
    assert_eq!(world.payments().len(), 1);
    assert!(world.attention("customer_without_email").is_empty());
}

#[test]
fn slow_odd_invoices_are_named_and_hold_up_nobody() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    let unknown = json!({"id": 20, "symbol": "ZZQ", "name": "ZZQ", "precision": 2, "rate": "1"});
    let fine = json!({"id": 21, "symbol": "DKK", "name": "DKK3", "precision": 3, "rate": "1"});
    world.erp("/seed", &json!({ "currencies": [unknown, fine] }));
    for (id, currency) in [("2002", "20"), ("2003", "21")] {
        let body = json!({
            "id": id, "entityId": id, "companyName": id, "email": format!("{id}@alder.example"),
            "currency": {"id": currency},
        });
        world.erp("/seed", &json!({ "customers": [body] }));
    }
    let strange =
        world.invoice_with(&json!({"customer": "2002", "amount": "10.00", "currency": 20}));
    let digits =
        world.invoice_with(&json!({"customer": "2003", "amount": "10.005", "currency": 21}));
    let good = world.invoice(&customer.id, "12.00");
    world.add_link(&["collect=all_open"]);
    world.go_live();
    world.sync();
    let payments = world.payments();
    assert_eq!(payments.len(), 1, "only the good one");
    assert_eq!(text(&payments[0]["metadata"]["invoiceId"]), good);
    let odd = world.attention("odd_record");
    for (invoice, words) in [(&strange, "ZZQ"), (&digits, "10.005")] {
        let item = odd.iter().find(|item| item["case"] == world.case(invoice).as_str());
        let item = item.unwrap_or_else(|| panic!("{words}: {odd:?}"));
        assert!(text(&item["sentence"]).contains(words), "{item}");
        assert!(!text(&item["next_step"]).is_empty(), "{item}");
    }
    // The list can be narrowed.
    assert_eq!(world.place.json(&["attention", "list", "--code", "rejected"], 0), json!([]));
    world.place.fails(&["attention", "list", "--link", "nowhere"], 2);
    world.place.fails(&["attention", "list", "--code", "nonsense"], 2);
}
