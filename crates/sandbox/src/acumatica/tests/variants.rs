//! What differs between builds and sites: a client has to live with either.

use super::*;

#[test]
fn amounts_may_have_trailing_zeros() {
    let world = World::new();
    world.seed(json!({"settings": {"trailing_zeros": true}}));
    let invoice = world.invoice("120.50");
    let shown = world.get(&format!("/Invoice/Invoice/{invoice}?$expand=Details"));
    assert_eq!(shown["Balance"]["value"].to_string(), "120.500000");
    assert_eq!(shown["TaxTotal"]["value"].to_string(), "0.000000");
    assert_eq!(shown["Details"][0]["UnitPrice"]["value"].to_string(), "120.500000");
    world.payment("PM1", "120.50", &invoice).ok();
}

#[test]
fn locations_may_be_absolute() {
    let mut world = World::new();
    world.seed(json!({"settings": {"location_prefix": HOST}}));
    let invoice = world.invoice("10");
    let made = world.payment("PM1", "10", &invoice).ok();
    let entity = json!({"entity": {"id": made["id"]}});
    let begun = world.call("POST", "/Payment/ReleasePayment", &entity);
    let location = begun.header("location").unwrap().to_owned();
    let path = location.strip_prefix(HOST).unwrap();
    let bearer = format!("Bearer {TOKEN}");
    let poll = world.raw("GET", path, &[("Authorization", &bearer)], "");
    assert_eq!((poll.status, poll.header("location")), (202, Some(location.as_str())));
    world.later(5);
    assert_eq!(world.raw("GET", path, &[("Authorization", &bearer)], "").status, 204);
}

#[test]
fn closed_periods_may_refuse_a_save_with_the_error_object() {
    let world = World::new();
    let invoice = world.invoice("10");
    world.seed(json!({"settings": {"period_errors_as_exception": true}}));
    world.act(json!({"do": "period", "period": "032025", "set": "closed"}));
    let refused = world.payment("PM1", "10", &invoice);
    refused.exception(500, "The 03-2025 financial period is closed in the MAIN company.");
    let mut wrong = payment_body("PM1", "10", &invoice);
    wrong["CashAccount"] = json!({"value": "99999"});
    world.put("/Payment", wrong).field("/CashAccount", "cannot be found");
}

#[test]
fn open_payments_may_read_back_with_todays_date() {
    let mut world = World::new();
    let paid = world.act(json!({"do": "record_payment", "customer": "C000123", "amount": "30",
        "method": "GOCARDLESS", "cash_account": "10250", "date": "2025-03-05"}));
    let path = format!("/Payment/Payment/{}", paid["ReferenceNbr"].as_str().unwrap());
    assert_eq!(world.value(&path, "ApplicationDate"), "2025-03-05T00:00:00+00:00");
    world.seed(json!({"settings": {"open_payments_dated_today": true}}));
    world.later(86400);
    assert_eq!(world.value(&path, "ApplicationDate"), "2025-03-11T00:00:00+00:00");
    assert_eq!(world.truth()["records"]["Payment"][0]["docdate"], "2025-03-05");
}

#[test]
fn filters_may_be_shifted_by_hours() {
    let world = World::new();
    let own =
        "/Customer?$filter=LastModifiedDateTime ge datetimeoffset'2025-03-10T09:00:00.000%2B00:00'";
    assert_eq!(world.get(own).as_array().unwrap().len(), 2);
    world.seed(json!({"settings": {"filter_shift_hours": 8}}));
    assert_eq!(world.get(own), json!([]), "a record no longer finds its own stamp");
}

#[test]
fn a_stamp_may_be_older_than_what_was_listed_before_it() {
    let mut world = World::new();
    world.later(600);
    world.invoice("10");
    let all = world.get("/Invoice?$select=ReferenceNbr,LastModifiedDateTime");
    let seen = all[0]["LastModifiedDateTime"]["value"].as_str().unwrap().to_owned();
    let late = world.act(json!({"do": "create_invoice", "customer": "C000123", "amount": "20",
        "date": "2025-03-01", "stamped_minutes_ago": 4}));
    let since = |moment: &str| {
        let moment = moment.replace('+', "%2B");
        let path = format!("/Invoice?$filter=LastModifiedDateTime ge datetimeoffset'{moment}'");
        world.get(&path).as_array().unwrap().len()
    };
    assert_eq!(since(&seen), 1, "{late}");
    assert_eq!(since("2025-03-10T09:05:00+00:00"), 2);
    let deed = json!({"do": "period", "period": "032025", "set": "open", "stamped_minutes_ago": 1});
    world.act(deed);
}

#[test]
fn a_single_tenant_answers_to_any_name() {
    let world = World::new();
    let body = json!({"name": "mlconnector", "password": "secret", "tenant": "Typo"});
    let headers = [("Content-Type", "application/json")];
    let login = || world.raw("POST", "/Demo/entity/auth/login", &headers, &body.to_string());
    login().exception(500, "Typo");
    world.seed(json!({"settings": {"single_tenant": true}}));
    assert_eq!(login().status, 204);
    let bearer = format!("Bearer {TOKEN}");
    let page = world.outcome("GET", "/Demo/Frames/Login.aspx", &[("Authorization", &bearer)], "");
    let Outcome::Respond(page) = page else { panic!("{page:?}") };
    let page = String::from_utf8(page.body().to_vec()).unwrap();
    assert!(
        page.contains("name=\"txtSingleCompany\"") && page.contains("value=\"Acme\""),
        "{page}"
    );
}

#[test]
fn manual_numbers_are_keys() {
    let world = World::new();
    let invoice = world.invoice("10");
    world.seed(json!({"preferences": {"auto_number": false}}));
    let absent = [("If-None-Match", "*")];
    let mut body = payment_body("PM1", "10", &invoice);
    let unnamed = world.call_with("PUT", "/Payment", &absent, &body);
    unnamed.field("/ReferenceNbr", "cannot be empty");
    body["ReferenceNbr"] = json!({"value": "PM1"});
    let made = world.call_with("PUT", "/Payment", &absent, &body).ok();
    assert_eq!(made["ReferenceNbr"]["value"], "PM1");
    assert_eq!(world.call_with("PUT", "/Payment", &absent, &body).status, 412);
    assert_eq!(world.get("/Payment").as_array().unwrap().len(), 1);
}
