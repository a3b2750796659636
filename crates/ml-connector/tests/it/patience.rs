//! A side that asks to slow down or does not answer is waited for, and never longer than was allowed
//! (DESIGN.md section 6).

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{World, rows};

/// Strikes every request of one kind at one of the systems, until cleared.
type Trouble = (&'static str, fn(&World));

fn erp(world: &World, rule: &Value) {
    world.erp("/faults", rule);
}

fn processor(world: &World, rule: &Value) {
    world.processor("/faults", &json!({ "rules": [rule] }));
}

const TROUBLES: [Trouble; 5] = [
    ("token endpoint 503", |world| {
        erp(world, &json!({"kind": "status", "status": 503, "path": "/token", "times": 100_000}));
    }),
    ("token endpoint 429", |world| {
        erp(world, &json!({"kind": "status", "status": 429, "path": "/token", "times": 100_000}));
    }),
    ("ERP 429", |world| {
        erp(world, &json!({"kind": "status", "status": 429, "path": "/query/", "times": 100_000}));
    }),
    ("processor 429", |world| {
        processor(world, &json!({"kind": "too_many_requests", "count": 100_000}));
    }),
    ("processor 502", |world| {
        processor(world, &json!({"kind": "bad_gateway", "count": 100_000}));
    }),
];

fn clear(world: &World) {
    world.erp("/faults", &json!({ "clear": true }));
    world.processor("/faults", &json!({ "clear": true }));
}

#[test]
fn slow_sync_ends_in_its_time_when_a_side_never_answers_and_says_so() {
    let (world, _, _) = World::live(&["50.00"], &[]);
    for (name, trouble) in TROUBLES {
        trouble(&world);
        let said = world.place.fails(&["sync", "uk", "--until-quiet", "--timeout", "6"], 4);
        assert!(said.contains("error: not finished within 6 s: connection "), "{name}: {said}");
        assert!(said.contains("next: what is not done stays due"), "{name}: {said}");
        assert_eq!(said.trim().lines().count(), 2, "{name}: {said}");
        assert!(world.payments().is_empty(), "{name}");
        clear(&world);
    }
    world.sync();
    assert_eq!(world.payments().len(), 1, "nothing was lost by giving up");
}

#[test]
fn slow_sync_waits_for_a_side_that_answers_again() {
    for (name, trouble) in TROUBLES {
        let (world, _, _) = World::live(&["50.00"], &[]);
        trouble(&world);
        let sync = world.place.begin(&["sync", "uk", "--until-quiet", "--timeout", "60"]);
        pause(2_000);
        clear(&world);
        let ended = sync.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{name}: {:?} {said}", ended.status);
        assert_eq!(world.payments().len(), 1, "{name}");
    }
}

#[test]
fn slow_a_write_under_way_is_waited_for_when_the_time_is_over() {
    let (world, _, _) = World::live(&["50.00"], &[]);
    // The effect happens and the answer never comes: only the request's own deadline ends it.
    let lost = json!({"kind": "timeout_after_write", "path": "/payments", "count": 1});
    processor(&world, &lost);
    let ended = world.place.run(&["sync", "uk", "--until-quiet", "--timeout", "8"]);
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(
        said.contains(" looks, ") && !said.contains(" 0 writes"),
        "what was done counts: {said}"
    );
    assert!(!said.contains("Nothing waits"), "{said}");
    assert_eq!(world.payments().len(), 1);
    world.minutes(10);
    world.sync();
    assert_eq!(world.payments().len(), 1, "found, not made again");
}

#[test]
fn slow_serve_outlasts_every_trouble() {
    let (world, customer, _) = World::live(&["50.00"], &[]);
    let _server = world.place.serve();
    for (name, trouble) in TROUBLES {
        let before = world.payments().len();
        trouble(&world);
        pause(1_500);
        world.invoice(&customer.id, "20.00");
        clear(&world);
        let came = (0..600).any(|_| {
            pause(200);
            world.payments().len() > before
        });
        assert!(came, "{name}: {}", world.place.status());
    }
}

fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

#[test]
fn slow_nobody_is_asked_for_a_mandate_while_the_processors_customers_can_not_be_read() {
    let (world, _, _) = World::live(&[], &["mandate_request=link"]);
    world.sync();
    let rule =
        json!({"kind": "bad_gateway", "method": "GET", "path": "/customers", "count": 100_000});
    processor(&world, &rule);
    // One has a mandate already, which no list shows yet; the other has none.
    let known = world.customer("2002", "pay@birch.example", "GBP");
    world.erp_customer("2003", "pay@cedar.example", "GBP");
    for customer in [known.id.as_str(), "2003"] {
        world.invoice(customer, "40.00");
    }
    world.minutes(10);
    for _ in 0..3 {
        world.place.run(&["sync", "uk", "--until-quiet", "--timeout", "3"]);
        world.minutes(5);
    }
    assert!(asked(&world).is_empty(), "nobody is asked on half of what is there to know");
    clear(&world);
    world.minutes(10);
    world.sync();
    assert_eq!(world.payments().len(), 1, "the mandate that was there is used");
    assert_eq!(asked(&world).len(), 1, "only who has none is asked");
}

/// Mandates that payers were asked for.
fn asked(world: &World) -> Vec<Value> {
    rows(&world.processor("/truth", &Value::Null)["billing_requests"])
}
