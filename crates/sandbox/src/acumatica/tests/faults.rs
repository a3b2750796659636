//! What goes wrong on the wire, at the licence and within the work of a request.

use super::*;

const DECLINED: &str = "/Currency?$top=1";

fn count(world: &World, path: &str) -> usize {
    world.get(path).as_array().unwrap().len()
}

fn refused(world: &World) -> Answer {
    world.call("GET", DECLINED, &Value::Null)
}

fn struck(world: &World, name: &str) -> u64 {
    world.truth()["faults"]["struck"][name].as_u64().unwrap_or(0)
}

fn payment_outcome(world: &World, reference: &str, invoice: &str) -> Outcome {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = payment_body(reference, "10", invoice).to_string();
    world.outcome("PUT", &format!("{ROOT}/Payment"), &headers, &body)
}

#[test]
fn requests_of_a_minute_are_limited_and_declined_ones_do_not_count() {
    let mut world = World::new();
    world.seed(json!({"settings": {"per_minute": 2}}));
    assert_eq!(count(&world, DECLINED), 1);
    assert_eq!(count(&world, DECLINED), 1);
    for _ in 0..3 {
        let declined = world.call("GET", DECLINED, &Value::Null);
        assert_eq!((declined.status, declined.header("retry-after")), (429, None));
    }
    // Logging out is never declined, and takes nothing of the allowance.
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Length", "0")];
    let logout = "/Demo/entity/auth/logout";
    assert_eq!(world.raw("POST", logout, &headers, "").status, 204);
    assert_eq!(world.truth()["requests_declined"], 3);
    world.later(20);
    world.seed(json!({"settings": {"retry_after": true}}));
    let declined = world.call("GET", DECLINED, &Value::Null);
    assert_eq!((declined.status, declined.header("retry-after")), (429, Some("40")));
    world.later(40);
    assert_eq!(count(&world, DECLINED), 1);
}

#[test]
fn faults_strike_what_they_name_as_often_as_they_say() {
    let world = World::new();
    let status = |path: &str| world.call("GET", path, &Value::Null).status;
    world.faults(json!({"add": [
        {"kind": "status", "status": 429, "path": "/payment", "method": "GET", "after": 1, "times": 2},
        {"kind": "html", "status": 503, "path": "/Invoice"},
        {"kind": "redirect", "path": "/Account"},
        {"kind": "deadlock", "path": "/Ledger"},
        {"kind": "status", "status": 401, "path": "/Currency"},
    ]}));
    let seen: Vec<u16> = (0..4).map(|_| status("/Payment")).collect();
    assert_eq!(seen, [200, 429, 429, 200]);
    assert_eq!((status("/Invoice"), status("/Invoice")), (503, 200));
    let moved = world.call("GET", "/Account/10250", &Value::Null);
    assert_eq!(moved.status, 302);
    assert!(moved.header("location").unwrap().contains("Login.aspx"));
    world.call("GET", "/Ledger", &Value::Null).exception(500, "deadlock victim");
    assert_eq!((status("/Currency"), status("/Currency")), (401, 200));
    let report = world.faults(json!({"kind": "status", "status": 500}));
    assert_eq!(
        (report["struck"]["status_429"].as_u64(), &report["waiting"]),
        (Some(2), &json!(["status_500"]))
    );
    assert_eq!(world.faults(json!({"clear": true}))["waiting"], json!([]));
    assert_eq!(status("/Currency"), 200);
    let wrong = world.try_control(Method::POST, "/faults", json!({"kind": "earthquake"}));
    assert!(wrong.unwrap_err().contains("earthquake"));
}

#[test]
fn answers_are_lost_before_or_after_the_effect() {
    let world = World::new();
    let invoice = world.invoice("100");
    for (kind, reset, written) in [
        ("timeout_before", false, 0),
        ("reset_before", true, 0),
        ("timeout_after_write", false, 1),
        ("reset_after", true, 1),
    ] {
        world.faults(json!({"kind": kind, "method": "PUT", "path": "/Payment"}));
        let outcome = payment_outcome(&world, kind, &invoice);
        assert_eq!(matches!(outcome, Outcome::Reset), reset, "{kind}: {outcome:?}");
        assert!(!matches!(outcome, Outcome::Respond(_)), "{kind}");
        assert_eq!(struck(&world, kind), 1);
        let found = format!("/Payment?$filter=ExternalRef eq '{kind}'&$select=Type,ReferenceNbr");
        assert_eq!(count(&world, &found), written, "{kind}");
        // The next preparation needs the invoice free again.
        for row in world.get(&found).as_array().unwrap() {
            let path =
                format!("/Payment/Payment/{}", row["ReferenceNbr"]["value"].as_str().unwrap());
            assert_eq!(world.call("DELETE", &path, &Value::Null).status, 204);
        }
    }
}

#[test]
fn a_write_may_happen_long_after_the_client_gave_up() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    world.faults(json!({"kind": "late_commit", "minutes": 3, "method": "PUT", "path": "/Payment"}));
    assert!(matches!(payment_outcome(&world, "PM1", &invoice), Outcome::NoAnswer));
    let mine = "/Payment?$filter=ExternalRef eq 'PM1'";
    assert_eq!(count(&world, mine), 0);
    assert_eq!(world.truth()["late_writes_waiting"], 1);
    world.later(179);
    assert_eq!(count(&world, mine), 0);
    world.later(1);
    assert_eq!(count(&world, mine), 1);
    assert_eq!(world.truth()["late_writes_waiting"], 0);
    // A client that repeats too early, before the first one shows, makes two documents: nothing
    // but the unreleased application stands in the way (acumatica sheet sections 10 and 21).
    let other = world.invoice("50");
    world.faults(json!({"kind": "late_commit", "minutes": 3, "method": "PUT", "path": "/Payment"}));
    assert!(matches!(payment_outcome(&world, "PM2", &other), Outcome::NoAnswer));
    let again = world.payment("PM2", "10", &other).ok();
    let number = again["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    world.release("Payment", &number);
    world.later(180);
    assert_eq!(count(&world, "/Payment?$filter=ExternalRef eq 'PM2'"), 2);
}

#[test]
fn a_late_write_is_judged_when_it_happens() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    world.faults(json!({"kind": "late_commit", "minutes": 3, "method": "PUT", "path": "/Payment"}));
    assert!(matches!(payment_outcome(&world, "PM1", &invoice), Outcome::NoAnswer));
    world.act(json!({"do": "period", "period": "032025", "set": "closed"}));
    world.later(180);
    assert_eq!(world.get("/Payment"), json!([]), "the period was closed meanwhile");
    world.act(json!({"do": "period", "period": "032025", "set": "open"}));
    let made = world.payment("PM2", "100", &invoice).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    world.faults(json!({"kind": "late_commit", "minutes": 5, "path": "/ReleasePayment"}));
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = json!({"entity": {"id": made["id"]}}).to_string();
    let path = format!("{ROOT}/Payment/ReleasePayment");
    assert!(matches!(world.outcome("POST", &path, &headers, &body), Outcome::NoAnswer));
    let path = format!("/Payment/Payment/{number}");
    assert_eq!(world.value(&path, "Status"), "Balanced");
    world.later(300);
    world.later(5);
    assert_eq!(world.value(&path, "Status"), "Closed");
    assert_eq!((world.balance("10250"), world.balance("11000")), ("100".into(), "0".into()));
}

#[test]
fn a_write_can_get_lost_behind_a_200() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    world.faults(json!({"kind": "silent_loss", "method": "PUT", "path": "/payment"}));
    let answer = world.payment("PM1", "10", &invoice).ok();
    assert_eq!(answer["ExternalRef"]["value"], "PM1");
    assert!(answer["id"].is_string());
    assert_eq!(world.get("/Payment"), json!([]));
    let made = world.payment("PM1", "10", &invoice).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    world.faults(json!({"kind": "collision", "method": "PUT"}));
    let change = json!({"id": made["id"], "Description": {"value": "x"}});
    world.put("/Payment", change.clone()).exception(500, "Another process has");
    assert_eq!(world.value(&format!("/Payment/Payment/{number}"), "Description"), Value::Null);
    world.put("/Payment", change).ok();
    // A customization may refuse an entity for good; other entities are not struck.
    let text = "Cost centre is mandatory.";
    world.faults(json!({"kind": "reject", "entity": "Payment", "text": text}));
    let second = world.invoice("5");
    for _ in 0..2 {
        world.payment("PM2", "5", &second).exception(500, text);
    }
    assert_eq!(world.call("GET", "/Invoice", &Value::Null).status, 200);
    let name = json!({"CustomerID": {"value": "C9"}, "CustomerName": {"value": "Nine"}});
    assert_eq!(world.put("/Customer", name).status, 200);
    world.faults(json!({"clear": true}));
    world.release("Payment", &number);
}

#[test]
fn the_next_write_may_be_an_action() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    let made = world.payment("PM1", "100", &invoice).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    let release = |world: &World| {
        let entity = json!({"entity": {"id": made["id"]}});
        world.call("POST", "/Payment/ReleasePayment", &entity)
    };
    world.faults(json!({"add": [
        {"kind": "collision", "method": "write"},
        {"kind": "silent_loss", "method": "POST"},
        {"kind": "status", "status": 503, "method": "write", "after": 2},
    ]}));
    // Neither reads nor sign-ins are writes.
    assert_eq!(world.call("GET", "/Payment", &Value::Null).status, 200);
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Length", "0")];
    assert_eq!(world.raw("POST", "/Demo/entity/auth/logout", &headers, "").status, 204);
    release(&world).exception(500, "Another process has");
    assert_eq!(release(&world).status, 204, "told as done, and nothing happened");
    assert_eq!(world.value(&format!("/Payment/Payment/{number}"), "Status"), "Balanced");
    assert_eq!(release(&world).status, 503);
    world.release("Payment", &number);
}

#[test]
fn operations_fail_after_they_were_accepted() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    let made = world.payment("PM1", "100", &invoice).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    let text = "The document cannot be released: the batch is locked.";
    for status in [500, 422] {
        world.seed(json!({"settings": {"failed_operation_status": status}}));
        world.faults(json!({"kind": "fail_operation", "text": text, "path": "ReleasePayment"}));
        world.act_on("/Payment/ReleasePayment", "Payment", &number).exception(status, text);
        assert_eq!(world.value(&format!("/Payment/Payment/{number}"), "Status"), "Balanced");
    }
    assert_eq!(world.balance("10250"), "0");
    world.seed(json!({"settings": {"nested_failures": true}}));
    world.faults(json!({"kind": "fail_operation", "text": text}));
    let failed = world.act_on("/Payment/ReleasePayment", "Payment", &number);
    failed.exception(422, "Operation failed");
    assert_eq!(failed.body["innerException"]["exceptionMessage"], text);
    world.seed(json!({"settings": {"nested_failures": false}}));
    let second = world.invoice("5");
    // Closed between the acceptance and the end: the poll tells it.
    let entity = json!({"entity": {"id": made["id"]}});
    let begun = world.call("POST", "/Payment/ReleasePayment", &entity);
    assert_eq!(begun.status, 202);
    let busy = world.call("POST", "/Payment/ReleasePayment", &entity);
    busy.exception(500, "previous operation has not been completed");
    let change = json!({"id": made["id"], "Description": {"value": "x"}});
    let unfinished = "previous operation has not been completed";
    world.put("/Payment", change.clone()).exception(500, unfinished);
    let path = format!("/Payment/{}", made["id"].as_str().unwrap());
    world.call("DELETE", &path, &Value::Null).exception(500, unfinished);
    // Reads, other forms and other sessions are free; the document itself is not.
    assert_eq!(world.call("GET", &path, &Value::Null).status, 200);
    let name = json!({"CustomerID": {"value": "C9"}, "CustomerName": {"value": "Nine"}});
    assert_eq!(world.put("/Customer", name).status, 200);
    world.seed(json!({"tokens": [{"token": "other"}]}));
    let headers = [("Authorization", "Bearer other"), ("Content-Type", "application/json")];
    let other =
        |body: Value| world.raw("PUT", &format!("{ROOT}/Payment"), &headers, &body.to_string());
    other(change).exception(500, "Another process has");
    other(payment_body("PM2", "1", &second)).ok();
    world.act(json!({"do": "period", "period": "032025", "set": "ar_closed"}));
    world.followed(begun).exception(422, "closed in Accounts Receivable");
    world.act(json!({"do": "period", "period": "032025", "set": "ar_open"}));
    world.seed(json!({"settings": {"inline_actions": true}}));
    let inline = world.call("POST", "/Payment/ReleasePayment", &entity);
    assert_eq!(inline.status, 204);
    let junk = inline.header("location").unwrap();
    assert_eq!(junk.split('/').count(), 7, "the short form, which is not to be followed");
    assert_eq!(world.value(&format!("/Payment/Payment/{number}"), "Status"), "Closed");
    let unknown = "/Payment/ReleasePayment/status/2c9d3b1e-55f0-4f0b-9f43-7f1c9a1f2d10";
    assert_eq!(world.call("GET", unknown, &Value::Null).status, 404);
}

#[test]
fn lists_can_lag_behind_what_keys_already_find() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    world.later(3600);
    world.faults(json!({"stale_minutes": 10}));
    let made = world.payment("PM1", "100", &invoice).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    let mine = "/Payment?$filter=ExternalRef eq 'PM1'";
    assert_eq!(count(&world, mine), 0);
    assert_eq!(world.value(&format!("/Payment/Payment/{number}"), "Status"), "Balanced");
    world.release("Payment", &number);
    let open = "/Invoice?$filter=Status eq 'Open'";
    assert_eq!(count(&world, open), 1, "the list still shows what was open");
    assert_eq!(world.value(&format!("/Invoice/Invoice/{invoice}"), "Status"), "Closed");
    world.later(601);
    assert_eq!((count(&world, mine), count(&world, open)), (1, 0));
    assert!(struck(&world, "stale_list") >= 4);
    world.faults(json!({"clear": true}));
    assert_eq!(count(&world, mine), 1);
}

#[test]
fn sign_ins_end_or_are_refused() {
    let world = World::new();
    let status = || world.call("GET", DECLINED, &Value::Null).status;
    assert_eq!(status(), 200);
    // A session that ended is opened anew by a token; a token that ended is not.
    world.faults(json!({"end_sessions": true}));
    assert_eq!(status(), 200);
    world.faults(json!({"expire_tokens": true}));
    assert_eq!(status(), 401);
    assert!(refused(&world).body["message"].is_string());
    world.seed(json!({"tokens": [{"token": TOKEN}]}));
    assert_eq!(status(), 200);
    world.seed(json!({"settings": {"api_users": 0}}));
    world.faults(json!({"end_sessions": true}));
    refused(&world).exception(429, "API Login Limit");
    world.seed(json!({"settings": {"login_limit_status": 500}}));
    refused(&world).exception(500, "API Login Limit");
    assert_eq!(world.truth()["logins_refused"], 2);
    world.seed(json!({"settings": {"api_users": 6}}));
    world.faults(json!({"revoke_grants": true}));
    assert_eq!(status(), 401);
    assert!(world.try_control(Method::POST, "/faults", json!({"lock_user": "nobody"})).is_err());
}

#[test]
fn what_means_nothing_is_no_fault() {
    let world = World::new();
    let told = world.try_control(Method::POST, "/faults", json!({"rules": []})).unwrap_err();
    assert!(told.contains("no member rules here; there are add, clear"), "{told}");
}
