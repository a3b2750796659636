//! Customers, bank accounts and mandates through the API (sheet sections 7 to 9).

use http::Method;
use serde_json::{Value, json};

use super::{Bench, text};

fn customer(bench: &Bench, extra: Value) -> String {
    let mut body = json!({ "given_name": "Ada", "family_name": "Payer" });
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    text(&bench.post("/customers", &json!({ "customers": body })).body["customers"]["id"])
}

fn account(bench: &Bench, customer: &str, mut details: Value) -> super::Answer {
    details["account_holder_name"] = "Ada Payer".into();
    details["links"] = json!({ "customer": customer });
    bench.post("/customer_bank_accounts", &json!({ "customer_bank_accounts": details }))
}

#[test]
fn customers_are_made_changed_and_removed() {
    let bench = Bench::new();
    for (body, field) in
        [(json!({}), "given_name"), (json!({ "given_name": "Ada" }), "family_name")]
    {
        let answer = bench.post("/customers", &json!({ "customers": body }));
        assert_eq!(answer.status, 422);
        assert_eq!(answer.body["error"]["errors"][0]["field"], field);
    }
    let id = customer(&bench, json!({ "metadata": { "erp": "17", "other": "x" } }));
    let path = format!("/customers/{id}");
    let change = json!({ "customers": { "city": "York", "metadata": { "erp": "18" } } });
    let changed = bench.call(Method::PUT, &path, Some(&change)).body["customers"].clone();
    assert_eq!(changed["city"], "York");
    assert_eq!(changed["given_name"], "Ada");
    assert_eq!(changed["metadata"], json!({ "erp": "18" }));
    // The Python client sends null with a DELETE.
    assert_eq!(bench.call(Method::DELETE, &path, Some(&Value::Null)).status, 204);
    assert_eq!(bench.get(&path).status, 404);
    assert_eq!(bench.get("/customers").body["customers"], json!([]));
}

#[test]
fn bank_details_of_every_country() {
    let bench = Bench::new();
    let identities = json!({ "swedish_identity_number": "198112289874", "danish_identity_number": "0101701234" });
    let id = customer(&bench, identities);
    let rows = [
        (
            json!({ "country_code": "GB", "branch_code": "200000", "account_number": "55779911" }),
            "bacs",
        ),
        (json!({ "iban": "DE89 3704 0044 0532 0130 00" }), "sepa_core"),
        (json!({ "iban": "FR1420041010050500013M02606" }), "sepa_core"),
        (
            json!({
                "country_code": "US", "bank_code": "026073150", "account_number": "2715500356",
                "account_type": "checking",
            }),
            "ach",
        ),
        (
            json!({
                "country_code": "CA", "bank_code": "0003", "branch_code": "00006",
                "account_number": "1234567",
            }),
            "pad",
        ),
        (
            json!({ "country_code": "AU", "branch_code": "082-082", "account_number": "012345678" }),
            "becs",
        ),
        (
            json!({
                "country_code": "NZ", "bank_code": "12", "branch_code": "3113",
                "account_number": "0003869", "account_number_suffix": "00",
            }),
            "becs_nz",
        ),
        (
            json!({ "country_code": "SE", "branch_code": "5491", "account_number": "0000003" }),
            "autogiro",
        ),
        (
            json!({ "country_code": "DK", "bank_code": "345", "account_number": "3179681" }),
            "betalingsservice",
        ),
    ];
    for (details, scheme) in rows {
        let made = account(&bench, &id, details.clone());
        assert_eq!(made.status, 201, "{details} → {}", made.body);
        let account_id = text(&made.body["customer_bank_accounts"]["id"]);
        let mut body = json!({ "mandates": { "links": { "customer_bank_account": account_id } } });
        if scheme == "ach" {
            let refused = bench.post("/mandates", &body);
            assert_eq!(refused.body["error"]["errors"][0]["field"], "payer_ip_address");
            body["mandates"]["payer_ip_address"] = "192.0.2.1".into();
        }
        let mandate = bench.post("/mandates", &body);
        assert_eq!(mandate.body["mandates"]["scheme"], scheme, "{}", mandate.body);
        let again = account(&bench, &id, details);
        assert_eq!((again.status, again.reason().as_str()), (409, "bank_account_exists"));
        let links = &again.body["error"]["errors"][0]["links"];
        assert_eq!(links["customer_bank_account"], account_id.as_str());
    }
}

#[test]
fn wrong_bank_details_are_refused() {
    let bench = Bench::new();
    let id = customer(&bench, json!({}));
    let rows = [
        (json!({ "iban": "DE89370400440532013001" }), "iban"),
        (
            json!({ "country_code": "GB", "branch_code": "2000", "account_number": "55779911" }),
            "branch_code",
        ),
        (
            json!({ "country_code": "GB", "branch_code": "200000", "account_number": "5577x911" }),
            "account_number",
        ),
        (
            json!({
                "country_code": "US", "bank_code": "026073151", "account_number": "1",
                "account_type": "checking",
            }),
            "bank_code",
        ),
        (
            json!({ "country_code": "US", "bank_code": "026073150", "account_number": "1" }),
            "account_type",
        ),
        (
            json!({ "country_code": "SE", "branch_code": "5491", "account_number": "0000003" }),
            "swedish_identity_number",
        ),
    ];
    for (details, field) in rows {
        let answer = account(&bench, &id, details.clone());
        assert_eq!(answer.status, 422, "{details}");
        assert_eq!(answer.body["error"]["errors"][0]["field"], field, "{details}");
    }
    let unknown = account(&bench, "CU404", json!({ "iban": "DE89370400440532013000" }));
    assert_eq!(unknown.reason(), "link_not_found");
}

#[test]
fn organisations_do_not_see_each_other() {
    let mut bench = Bench::new();
    let own = customer(&bench, json!({}));
    let seed = json!({
        "organisations": [{ "id": "OROTHER" }],
        "creditors": [{ "organisation": "OROTHER" }],
        "tokens": [{ "token": "other", "organisation": "OROTHER" }],
    });
    bench.control("/seed", &seed);
    bench.token = "other".to_owned();
    assert_eq!(bench.get(&format!("/customers/{own}")).status, 404);
    assert_eq!(bench.get("/customers").body["customers"], json!([]));
    assert_eq!(bench.get("/creditors").body["creditors"].as_array().unwrap().len(), 1);
}

#[test]
fn accounts_without_approval_make_no_mandates() {
    let bench = Bench::new();
    let id = customer(&bench, json!({}));
    let details = json!({ "iban": "DE89370400440532013000" });
    let made = account(&bench, &id, details.clone()).body["customer_bank_accounts"].clone();
    let mandate = json!({ "mandates": { "links": { "customer_bank_account": made["id"] } } });
    let organisation = bench.truth()["organisations"].as_object().unwrap().keys().next().cloned();
    let settings = |list: Value| {
        bench.control("/seed", &json!({ "settings": { "without_custom_payment_pages": list } }));
    };
    settings(json!([organisation.unwrap()]));
    let person = json!({ "customers": { "company_name": "Quill Ltd" } });
    let refusals = [
        bench.post("/customers", &person),
        account(&bench, &id, details),
        bench.post("/mandates", &mandate),
    ];
    for refused in refusals {
        assert_eq!((refused.status, refused.reason().as_str()), (403, "insufficient_permissions"));
    }
    let request = json!({ "billing_requests": { "mandate_request": { "currency": "EUR" } } });
    assert_eq!(bench.post("/billing_requests", &request).status, 201, "links are always there");
    settings(json!([]));
    assert_eq!(bench.post("/mandates", &mandate).status, 201);
}

#[test]
fn a_scheme_reaches_its_countries_only() {
    let bench = Bench::new();
    let id = customer(&bench, json!({}));
    for (details, status) in [
        (json!({ "iban": "GB60BARC20000055779911", "currency": "EUR" }), 201),
        (json!({ "iban": "DE89370400440532013000", "currency": "GBP" }), 422),
    ] {
        let made = account(&bench, &id, details.clone()).body["customer_bank_accounts"].clone();
        let mandate = json!({ "mandates": { "links": { "customer_bank_account": made["id"] } } });
        let answer = bench.post("/mandates", &mandate);
        assert_eq!(answer.status, status, "{details}: {}", answer.body);
    }
}

#[test]
fn a_number_that_its_bank_does_not_know_is_refused() {
    let bench = Bench::new();
    let id = customer(&bench, json!({}));
    let settings = json!({ "modulus_failures": ["55779912"] });
    bench.control("/seed", &json!({ "settings": settings }));
    let details =
        json!({ "country_code": "GB", "branch_code": "200000", "account_number": "55-779912" });
    let answer = account(&bench, &id, details);
    assert_eq!(answer.status, 422);
    assert_eq!(answer.body["error"]["errors"][0]["field"], "account_number");
}
