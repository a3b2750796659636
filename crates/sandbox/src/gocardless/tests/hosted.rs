//! Billing requests, flows and the hosted page (sheet section 20).

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{Bench, text};
use crate::emulator::Outcome;

fn request(bench: &Bench) -> String {
    let body = json!({ "billing_requests": {
        "mandate_request": { "currency": "GBP", "metadata": { "customer": "17" } },
        "metadata": { "customer": "17" },
    } });
    let answer = bench.post("/billing_requests", &body);
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["billing_requests"]["status"], "pending");
    text(&answer.body["billing_requests"]["id"])
}

fn flow(bench: &Bench, request: &str) -> Value {
    let body = json!({ "billing_request_flows": {
        "redirect_uri": "https://erp.test/done?a=b", "exit_uri": "https://erp.test/exit",
        "prefilled_customer": { "company_name": "Acme <Ltd>", "email": "pay@acme.test" },
        "links": { "billing_request": request },
    } });
    let answer = bench.post("/billing_request_flows", &body);
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["billing_request_flows"].clone()
}

fn page(bench: &Bench, method: Method, url: &str, form: &str) -> (u16, String, String) {
    let path = url.strip_prefix("http://sandbox.test").unwrap();
    let request = http::Request::builder().method(method).uri(path);
    let request = request.body(Bytes::from(form.to_owned())).unwrap();
    let Outcome::Respond(response) = bench.send(request) else { panic!("no answer") };
    let location = response.headers().get("location").map(|it| it.to_str().unwrap().to_owned());
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    (response.status().as_u16(), location.unwrap_or_default(), body)
}

#[test]
fn a_payer_goes_through_the_page() {
    let bench = Bench::new();
    let id = request(&bench);
    let flow = flow(&bench, &id);
    let url = text(&flow["authorisation_url"]);
    let (status, _, html) = page(&bench, Method::GET, &url, "");
    assert_eq!(status, 200);
    assert!(html.contains("Acme &lt;Ltd&gt;"), "{html}");
    let (status, location, _) = page(&bench, Method::POST, &url, "action=complete&city=York");
    assert_eq!(status, 303);
    let flow_id = text(&flow["id"]);
    assert_eq!(
        location,
        format!(
            "https://erp.test/done?a=b&billing_request_id={id}&billing_request_flow_id={flow_id}"
        )
    );
    let shown = bench.get(&format!("/billing_requests/{id}")).body["billing_requests"].clone();
    assert_eq!(shown["status"], "fulfilled");
    let mandate = text(&shown["links"]["mandate_request_mandate"]);
    assert_eq!(shown["mandate_request"]["links"]["mandate"], mandate.as_str());
    let mandate = bench.get(&format!("/mandates/{mandate}")).body["mandates"].clone();
    assert_eq!(mandate["metadata"], json!({ "customer": "17" }));
    assert_eq!(mandate["status"], "pending_submission");
    assert_eq!(mandate["links"]["customer"], shown["links"]["customer"]);
    let customer = text(&shown["links"]["customer"]);
    let customer = bench.get(&format!("/customers/{customer}")).body["customers"].clone();
    assert_eq!(customer["company_name"], "Acme <Ltd>");
    assert_eq!(customer["city"], "York");
    let expected = [
        "created",
        "flow_created",
        "flow_visited",
        "collect_customer_details",
        "collect_bank_account",
        "payer_details_confirmed",
        "fulfilled",
    ];
    assert_eq!(bench.events(&id), expected.map(|action| format!("billing_requests.{action}")));
    assert_eq!(page(&bench, Method::GET, &url, "").0, 410, "a link is used once");
}

#[test]
fn a_payer_types_an_account() {
    let bench = Bench::new();
    let id = request(&bench);
    let url = text(&flow(&bench, &id)["authorisation_url"]);
    let account = "action=complete&account_holder_name=Acme&country_code=GB&branch_code=200000";
    let (status, _, html) =
        page(&bench, Method::POST, &url, &format!("{account}&account_number=1"));
    assert_eq!(status, 422);
    assert!(html.contains("account_number is the wrong length"), "{html}");
    let right = format!("{account}&account_number=55779911");
    assert_eq!(page(&bench, Method::POST, &url, &right).0, 303);
    let shown = bench.get(&format!("/billing_requests/{id}")).body["billing_requests"].clone();
    let account = &shown["resources"]["customer_bank_account"];
    assert_eq!(account["account_number_ending"], "11");
    assert_eq!(account["account_holder_name"], "ACME");
}

#[test]
fn leaving_and_expiry() {
    let mut bench = Bench::new();
    let id = request(&bench);
    let url = text(&flow(&bench, &id)["authorisation_url"]);
    let (status, location, _) = page(&bench, Method::POST, &url, "action=exit");
    assert_eq!(status, 303);
    assert!(location.starts_with("https://erp.test/exit?billing_request_id="));
    bench.days(7);
    assert_eq!(page(&bench, Method::GET, &url, "").0, 410);
    // A new flow for the same request: flows are never deduplicated.
    bench.key = Some("same".to_owned());
    let (first, second) = (flow(&bench, &id), flow(&bench, &id));
    assert_ne!(first["id"], second["id"]);
    let mandate = bench.act(json!({ "action": "complete_flow", "billing_request": id }));
    assert!(mandate["mandate"].is_string());
}

#[test]
fn own_pages_go_step_by_step() {
    let bench = Bench::new();
    let id = request(&bench);
    let action = |name: &str, data: Value| {
        let path = format!("/billing_requests/{id}/actions/{name}");
        bench.post(&path, &json!({ "data": data }))
    };
    assert_eq!(action("fulfil", json!({})).status, 422);
    assert_eq!(action("confirm_payer_details", json!({})).status, 422);
    let details = json!({ "customer": { "given_name": "Ada", "family_name": "P" } });
    assert_eq!(action("collect_customer_details", details).status, 200);
    let euro = json!({ "account_holder_name": "Ada", "iban": "DE89370400440532013000" });
    assert_eq!(action("collect_bank_account", euro).status, 422);
    let account = json!({
        "account_holder_name": "Ada P", "branch_code": "20-00-00", "account_number": "55779911",
        "country_code": "GB",
    });
    assert_eq!(action("collect_bank_account", account).status, 200);
    let ready = action("confirm_payer_details", json!({}));
    assert_eq!(ready.body["billing_requests"]["status"], "ready_to_fulfil");
    let done = action("fulfil", json!({}));
    assert_eq!(done.body["billing_requests"]["status"], "fulfilled");
    assert_eq!(action("cancel", json!({})).reason(), "cancellation_failed");
    assert_eq!(action("notify", json!({})).status, 403);
}

#[test]
fn requests_that_are_not_for_mandates() {
    let bench = Bench::new();
    let body = json!({ "billing_requests": {
        "payment_request": { "amount": 1, "currency": "GBP", "description": "x" },
    } });
    assert_eq!(bench.post("/billing_requests", &body).reason(), "feature_disabled");
    let body = json!({ "billing_requests": {} });
    assert_eq!(bench.post("/billing_requests", &body).reason(), "validation_failed");
    let body = json!({ "billing_requests": { "mandate_request": { "scheme": "bacs" } } });
    let made = bench.post("/billing_requests", &body).body["billing_requests"].clone();
    assert!(made["metadata"].is_null());
    assert_eq!(made["mandate_request"]["currency"], "GBP");
}
