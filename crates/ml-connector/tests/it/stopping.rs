//! What holds the connector back: the global stop, modes, limits (mission row C13).

use serde_json::json;

use crate::world::{World, text};

/// The payment is decided, and the processor's answer to the request is this fault: queued when it
/// was certainly not executed, else in flight with an unknown outcome.
fn queued(kind: &str, state: &str) -> World {
    let (world, _, invoices) = World::live(&["50.00"], &[]);
    let down = json!({"kind": kind, "method": "POST", "path": "/payments", "count": 1000});
    world.processor("/faults", &json!({ "rules": [down] }));
    world.place.run(&["sync", "uk"]);
    let shown = world.place.well(&["show", &world.case(&invoices[0])]);
    assert!(shown.contains(state), "{kind}: {shown}");
    world
}

#[test]
fn slow_a_stop_holds_what_is_queued_and_a_resume_lets_it_go() {
    for (kind, state) in [("too_many_requests", "intended"), ("bad_gateway", "in_flight")] {
        let world = queued(kind, state.replace('_', "").as_str());
        world.place.well(&["stop"]);
        world.processor("/faults", &json!({ "clear": true }));
        world.minutes(60);
        world.sync();
        assert!(world.payments().is_empty(), "{kind}: nothing is sent while all is stopped");
        let status = world.place.run(&["status"]);
        assert!(String::from_utf8_lossy(&status.stdout).to_lowercase().contains("stop"));
        world.days(1);
        world.sync();
        assert!(world.payments().is_empty(), "{kind}");
        world.place.well(&["resume"]);
        world.sync();
        world.minutes(60);
        world.sync();
        let payments = world.payments();
        assert_eq!(payments.len(), 1, "{kind}");
        assert_eq!(text(&payments[0]["amount"]), "5000");
    }
}

#[test]
fn slow_a_stop_holds_postings_too() {
    let (world, _, invoices) = World::live(&["50.00"], &[]);
    world.sync();
    world.place.well(&["stop"]);
    world.days(10);
    world.sync();
    assert_eq!(world.payouts().len(), 1, "the banks do not stop");
    assert!(world.records("customerPayment").is_empty());
    assert!(world.records("deposit").is_empty());
    world.place.well(&["resume"]);
    world.sync();
    assert_eq!(world.records("customerPayment").len(), 1);
    assert_eq!(world.records("deposit").len(), 1);
    assert_eq!(world.remaining(&invoices[0]), "0");
}

#[test]
fn slow_off_watches_and_post_only_books() {
    let (world, customer, first) = World::live(&["60.00"], &[]);
    world.sync();
    assert_eq!(world.payments().len(), 1);
    world.place.well(&["links", "off", "uk"]);
    let second = world.invoice(&customer.id, "70.00");
    world.days(10);
    world.sync();
    assert_eq!(world.payments().len(), 1, "an off link collects nothing");
    assert!(world.records("customerPayment").is_empty(), "nor does it book");
    assert_eq!(world.reason(&second), "link_off");
    let figures = world.figures();
    world.place.well(&["links", "on", "uk", "--accept", &figures, "--post-only"]);
    world.sync();
    assert_eq!(world.records("customerPayment").len(), 1);
    assert_eq!(world.records("deposit").len(), 1);
    assert_eq!(world.remaining(&first[0]), "0");
    assert_eq!(world.payments().len(), 1, "post only collects nothing");
    assert_eq!(world.reason(&second), "post_only");
    world.go_live();
    world.sync();
    assert_eq!(world.payments().len(), 2);
}

#[test]
fn slow_an_amount_above_the_limit_waits_for_a_person() {
    let (world, _, invoices) = World::live(&["80.00", "20.00"], &["limits.invoice_max.GBP=5000"]);
    world.sync();
    assert_eq!(world.payments().len(), 1, "only what is within the limit");
    let item = world.only_attention("above_limit");
    assert_eq!(text(&item["case"]), world.case(&invoices[0]));
    assert!(text(&item["sentence"]).contains("80.00"), "{item}");
    world.place.well(&["attention", "release", &world.case(&invoices[0])]);
    world.sync();
    assert_eq!(world.payments().len(), 2);
    assert!(world.attention("above_limit").is_empty());
}

#[test]
fn slow_limits_of_a_run_hold_what_is_above_them_for_a_person() {
    for limit in ["limits.run_count_max=2", "limits.run_max.GBP=7000"] {
        let (world, customer, first) = World::live(&["30.00", "30.00", "30.00"], &[limit]);
        world.sync();
        assert_eq!(world.payments().len(), 2, "{limit}");
        let item = world.only_attention("above_limit");
        let held = text(&item["case"]);
        assert!(first.iter().any(|invoice| held == world.case(invoice)), "{item}");
        assert!(text(&item["sentence"]).contains("run"), "{item}");
        // Later runs have a count of their own, and leave what was held to a person.
        world.days(1);
        world.sync();
        assert_eq!(world.payments().len(), 2, "{limit}: nobody released it");
        let next = world.invoice(&customer.id, "30.00");
        world.minutes(60);
        world.sync();
        assert_eq!(world.payments().len(), 3, "{limit}: {next} is of another run");
        world.place.well(&["attention", "release", &held]);
        world.minutes(60);
        world.sync();
        assert_eq!(world.payments().len(), 4, "{limit}");
        assert!(world.attention("above_limit").is_empty(), "{limit}");
    }
}

#[test]
fn slow_an_amount_that_the_processor_refuses_is_told_as_that() {
    let (world, _, invoices) = World::live(&["0.50"], &[]);
    world.sync();
    assert!(world.payments().is_empty());
    let item = world.only_attention("amount_refused");
    assert_eq!(text(&item["case"]), world.case(&invoices[0]));
    assert!(!text(&item["next_step"]).contains("saving"), "saving it again does not help: {item}");
    assert_eq!(item["page"], "docs/attention/amount_refused.md");
    world.deed(&json!({"do": "edit_invoice", "invoice": invoices[0], "amount": "12.00"}));
    world.minutes(10);
    world.sync();
    assert_eq!(world.payments().len(), 1, "corrected, it is collected");
    assert!(world.attention("amount_refused").is_empty());
}

#[test]
fn slow_limits_of_the_day_hold_until_the_next() {
    let amounts = ["30.00", "30.00", "30.00"];
    for limit in ["limits.day_count_max=2", "limits.day_max.GBP=7000"] {
        let (world, _, _) = World::live(&amounts, &[limit]);
        world.sync();
        assert_eq!(world.payments().len(), 2, "{limit}");
        let waiting = world.place.status().to_string();
        assert!(waiting.contains("daily_limit"), "{limit}: {waiting}");
        world.days(1);
        world.sync();
        assert_eq!(world.payments().len(), 3, "{limit}: the rest on the next day");
    }
}
