//! What people type about cases and deliveries that are there, wrongly: refused with what stands there
//! and what to do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::{World, rows, text};

#[test]
fn slow_a_code_that_does_not_stand_is_answered_with_those_that_do() {
    let (world, _, invoices) = World::live(&["80.00", "20.00"], &["limits.invoice_max.GBP=5000"]);
    world.sync();
    let (held, fine) = (world.case(&invoices[0]), world.case(&invoices[1]));
    let place = &world.place;
    for how in ["ignore", "leave"] {
        for code in ["nonsense", "", "Above_Limit", "receipt_voided"] {
            let said = place.fails(&["attention", how, &held, code], 2);
            assert!(said.contains("there stands: above_limit"), "{code}: {said}");
        }
        let said = place.fails(&["attention", how, &fine, "above_limit"], 2);
        assert!(said.contains("nothing of it waits"), "{said}");
    }
    let said = place.fails(&["attention", "leave", &held, "above_limit"], 2);
    assert!(said.contains("changes nothing") && said.contains("attention ignore"), "{said}");
    assert_eq!(world.attention("above_limit").len(), 1, "nothing was noted");
    let said = place.fails(&["attention", "list", "--code", "nonsense"], 2);
    assert!(said.contains("above_limit") && said.contains("period_closed"), "{said}");
}

#[test]
fn slow_a_choice_that_does_not_exist_is_refused() {
    let world = World::connected();
    world.erp_customer("2001", "pay@alder.example", "GBP");
    world.payer("pay@alder.example", "GBP");
    world.payer("PAY@alder.example", "GBP");
    let invoice = world.invoice("2001", "15.00");
    world.add_link(&[]);
    world.go_live();
    world.sync();
    let case = "customer/netsuite:1234567_SB1/2001";
    for id in ["CU99", "", "../payments/PM1", "CÜ 💷"] {
        let said = world.place.fails(&["attention", "resolve", case, "--customer", id], 2);
        assert!(said.contains("there is no such customer"), "{id}: {said}");
    }
    let said = world.place.fails(&["attention", "resolve", case], 2);
    assert!(said.contains("say how"), "{said}");
    let payers = rows(&world.processor("/truth", &Value::Null)["customers"]);
    let known = text(&payers[0]["id"]);
    let wrong = world.case(&invoice);
    let said = world.place.fails(&["attention", "resolve", &wrong, "--customer", &known], 2);
    assert!(said.contains("customer/ACCOUNT/CUSTOMER") && said.contains(&wrong), "{said}");
    for how in ["--adopt", "--not-ours"] {
        let said = world.place.fails(&["attention", "resolve", case, how, "PM1"], 2);
        assert!(said.contains("collection/ACCOUNT/INVOICE") && said.contains(case), "{said}");
    }
    world.place.well(&["attention", "resolve", case, "--customer", &known]);
}

#[test]
fn slow_an_order_that_changes_nothing_is_refused_with_what_stands() {
    let limit = ["limits.invoice_max.GBP=5000"];
    let (world, customer, invoices) = World::live(&["20.00", "80.00"], &limit);
    world.erp_customer("2002", "pay@birch.example", "GBP");
    world.payer("pay@birch.example", "GBP");
    world.payer("PAY@birch.example", "GBP");
    world.invoice("2002", "15.00");
    world.sync();
    let (fine, held) = (world.case(&invoices[0]), world.case(&invoices[1]));
    let unsure = "customer/netsuite:1234567_SB1/2002";
    let place = &world.place;
    let refused = |order: &str, case: &str, words: &str| {
        let said = place.fails(&["attention", order, case], 2);
        let nothing = format!("\"attention {order}\" would change nothing of {case}");
        assert!(said.contains(&nothing) && said.contains(words), "{order} {case}: {said}");
    };
    for order in ["retry", "release"] {
        refused(order, &fine, "on its way through the banks");
        refused(order, unsure, "Choose one of the candidates.");
    }
    refused("retry", &held, "Release the case, or raise the limit.");
    let shown = place.json(&["show", &held], 0);
    assert!(!shown.to_string().contains("\"said\":\"retry\""), "nothing was noted: {shown}");
    // What has an effect is taken, and has it.
    place.well(&["attention", "release", &held]);
    world.sync();
    assert_eq!(world.payments().len(), 2);
    refused("release", &held, "on its way through the banks");
    // A closed case of a customer whose other invoices go on.
    world.until("the receipts", 14, |world| world.remaining(&invoices[0]) == "0");
    world.until("the deposit", 3, |world| world.reason(&invoices[0]) == "collected");
    for order in ["retry", "release"] {
        refused(order, &fine, "Collected and in the books. Nothing to do.");
    }
    world.invoice(&customer.id, "12.00");
    world.sync();
    assert_eq!(world.payments().len(), 3);
}

/// What is asked of the systems to tell whether an order changes anything is no reason to wait for them.
#[test]
fn slow_an_order_is_taken_while_the_other_side_hangs() {
    let (world, _, invoices) = World::live(&["20.00"], &[]);
    world.sync();
    let case = world.case(&invoices[0]);
    let address = world.url("netsuite").trim_start_matches("http://").to_owned();
    let body = "{\"milliseconds\":120000}";
    let mut stream = TcpStream::connect(&address).expect("the emulator listens");
    let length = body.len();
    write!(
        stream,
        "POST /_sandbox/netsuite/latency HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("it takes requests");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let began = now();
    assert!(world.place.well(&["attention", "retry", &case]).contains("Noted"));
    assert!(now().duration_since(began) < Duration::from_secs(80), "it hangs too");
}

#[expect(clippy::disallowed_methods, reason = "a test of how long a command takes on the host")]
fn now() -> Instant {
    Instant::now()
}

/// A server takes two odd deliveries; gives their names.
fn odd_deliveries(world: &World) -> Vec<String> {
    let server = world.place.serve();
    for body in [&b"no JSON"[..], b"neither this"] {
        world.place.write("body", body);
        world.place.well(&["webhooks", "send", "gc", "body"]);
    }
    let processed = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        world.place.status()["inbox_waiting"] == 0
    });
    assert!(processed, "{}", world.place.status());
    drop(server);
    world.attention("delivery_odd").iter().map(|item| text(&item["case"])).collect()
}

#[test]
fn slow_deliveries_are_understood_by_the_names_that_the_list_gives() {
    let world = World::connected();
    let place = &world.place;
    let names = odd_deliveries(&world);
    let [first, second] = names.as_slice() else { panic!("{names:?}") };
    let shown = place.well(&["show", first]);
    assert!(shown.contains("no JSON") && shown.contains("webhooks dismiss"), "{shown}");
    assert_eq!(place.json(&["show", second], 0)["body"], "neither this");
    let said = place.fails(&["attention", "ignore", first, "above_limit"], 2);
    assert!(said.contains("there stands: delivery_odd"), "{said}");
    for how in ["retry", "release", "stop"] {
        let said = place.fails(&["attention", how, first], 2);
        assert!(said.contains("is a delivery") && said.contains("webhooks dismiss"), "{said}");
    }
    place.well(&["attention", "ignore", first, "delivery_odd"]);
    assert_eq!(world.attention("delivery_odd").len(), 1);
    place.well(&["webhooks", "dismiss", second]);
    assert_eq!(place.json(&["attention", "list"], 0), json!([]));
    let number = second.rsplit('/').next().expect("a number");
    let trail = place.well(&["audit", "export"]);
    for name in [second.as_str(), number] {
        let said = place.well(&["webhooks", "dismiss", name]);
        assert!(said.contains("dismissed already"), "{said}");
    }
    assert_eq!(place.json(&["webhooks", "dismiss", number], 0)["dismissed"], json!([]));
    assert_eq!(place.well(&["audit", "export"]), trail, "it is noted once");
    for name in ["delivery/gc/4711", "delivery/other/1", "delivery/gc/x", "delivery/", "#", "-7"] {
        let said = place.fails(&["webhooks", "dismiss", "--", name], 2);
        assert!(said.contains("there is no delivery"), "{name}: {said}");
    }
    assert!(place.fails(&["show", "delivery/gc/4711"], 2).contains("there is no delivery"));
}

#[test]
fn slow_links_that_can_not_be_meant_are_refused() {
    let world = World::connected();
    world.add_link(&[]);
    let place = &world.place;
    let add = |name: &str, erp: &str, processor: &str| {
        place.fails(&["links", "add", name, "--erp", erp, "--processor", processor], 2)
    };
    assert!(add("", "ns", "gc").contains("can not be a name"));
    assert!(add("a b/c", "ns", "gc").contains("can not be a name"));
    assert!(add("uk", "ns", "gc").contains("links set uk"));
    assert!(add("second", "gc", "gc").contains("there are: ns"));
    assert!(add("second", "ns", "ns").contains("there are: gc"));
    let figures = world.figures();
    let on = ["links", "on", "uk", "--accept", &figures, "--cut-over"];
    for (day, words) in [
        ("tomorrow", "it wants a day, for example"),
        ("2026-13-45", "it wants a day, for example"),
        ("9999-01-01", "never booked"),
        ("0001-01-01", "between 2000-01-01 and"),
    ] {
        let said = place.fails(&[&on[..], &[day]].concat(), 2);
        assert!(said.contains(words) && said.contains(day), "{day}: {said}");
    }
    let set = |settings: &[&str]| place.fails(&[&["links", "set", "uk"], settings].concat(), 2);
    for (setting, words) in [
        ("cut_over_on=9999-01-01", "never booked"),
        ("cut_over_on=2026-02-30", "cut_over_on=2026-04-01"),
        ("time_zone=Mars/Base", "Europe/London"),
        ("poll_cron=nonsense", "0 9 * * 1-5"),
        ("accounts.fees=99999", "give the id that its list has, for example"),
        ("exchange.fixed.rates.EUR.March=0.85", "exchange.fixed.base=GBP"),
    ] {
        assert!(set(&[setting]).contains(words), "{setting}: {}", set(&[setting]));
    }
    let rates = ["exchange.fixed.base=GBP", "exchange.fixed.rates.EUR.2026-13=0.85"];
    assert!(set(&rates).contains("\"2026-13\" is no month"), "{}", set(&rates));
    // As any shell hands it over.
    place.well(&["links", "set", "uk", "cut_over_on=2026-04-01"]);
    assert!(place.well(&["links", "show", "uk"]).contains("2026-04-01"));
    world.go_live();
    assert!(place.fails(&["links", "remove", "uk"], 2).contains("links off uk"));
    assert!(place.fails(&["links", "remove", "nowhere"], 2).contains("there are: uk"));
    let said = place.fails(&["connections", "remove", "ns"], 2);
    assert!(said.contains("used by the link uk"), "{said}");
    place.well(&["links", "off", "uk"]);
    place.well(&["links", "remove", "uk"]);
    place.well(&["connections", "remove", "ns"]);
    assert!(place.fails(&["connections", "ping", "ns"], 2).contains("there are: gc"));
}

#[test]
fn slow_orders_about_a_payment_under_way_say_that_they_change_nothing() {
    let (world, _, invoices) = World::live(&["80.00"], &[]);
    world.sync();
    let case = world.case(&invoices[0]);
    for order in ["retry", "release"] {
        let said = world.place.fails(&["attention", order, &case], 2);
        assert!(said.contains("would change nothing"), "{order}: {said}");
    }
    let said = world.place.well(&["attention", "stop", &case]);
    assert!(said.contains("changes nothing"), "{said}");
    world.place.write("taken", b"mine");
    let said = world.place.fails(&["evidence", &case, "--out", "taken"], 2);
    assert!(said.contains("taken") && said.contains("never written over"), "{said}");
    let kept = std::fs::read(world.place.path().join("taken")).expect("the file");
    assert_eq!(kept, b"mine");
    world.place.write("details", b"iban=GB33BUKB20201555555555\naccount_holder_name=A B\n");
    let create = ["mandates", "create", "CU99", "--details", "details", "--yes"];
    let said = world.place.fails(&create, 2);
    assert!(said.contains("there is no such customer") && said.contains("CU99"), "{said}");
}
