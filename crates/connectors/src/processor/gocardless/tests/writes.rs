//! Writes: what is sent, what is adopted, what is refused and what stays unknown.

use model::command::{
    Collect, CollectionOnly, InviteMandate, LinkCustomer, ProcessorWrite, RejectionCause,
    RequestMandate, RetryCollection,
};
use model::key::Key;
use model::money::{Currency, Money};
use ports::{PortError, Processor};
use serde_json::{Value, json};

use super::reads::payment;
use super::{Bench, bench, conflict, error, missing, page, record, state, texts};
use crate::http::testing::{ScriptReply, no_answer, not_sent, reply};

fn collect() -> ProcessorWrite {
    ProcessorWrite::Collect(Collect {
        invoice: "5031".into(),
        mandate: "MD1".into(),
        amount: Money::new(12_000, Currency::GBP),
        charge_on: Some("2026-11-16".parse().unwrap()),
        description: "INV-1001 ".to_owned() + &"é".repeat(120),
        reference: Some("INV1001".to_owned()),
        metadata: texts(&[
            ("invoiceId", "5031"),
            ("mlc_key", "collect/5031/1"),
            ("mlc_link", "uk"),
        ]),
        automatic_retry: false,
    })
}

fn cancel() -> ProcessorWrite {
    ProcessorWrite::CancelCollection(CollectionOnly {
        invoice: "5031".into(),
        collection: "PM1".into(),
    })
}

fn retry(retries_before: u32) -> ProcessorWrite {
    ProcessorWrite::RetryCollection(RetryCollection {
        invoice: "5031".into(),
        collection: "PM1".into(),
        retries_before,
        amount: Money::new(12_000, Currency::GBP),
    })
}

fn request(customer: Option<&str>) -> ProcessorWrite {
    ProcessorWrite::RequestMandate(RequestMandate {
        erp_customer: "1007".into(),
        customer: customer.map(Into::into),
        currency: Currency::GBP,
        description: String::new(),
        metadata: texts(&[("mlc_customer", "1007"), ("mlc_key", "request/1007/1")]),
    })
}

fn key() -> Key {
    Key::new(&["collect", "5031", "1"])
}

fn changed(mut record: Value, pointer: &str, value: Value) -> Value {
    *record.pointer_mut(pointer).unwrap() = value;
    record
}

/// In words: what the write (or the look for it) gave.
fn words<T: std::fmt::Debug>(result: Result<T, PortError>, good: impl Fn(T) -> String) -> String {
    match result {
        Ok(answer) => good(answer),
        Err(PortError::Rejected(refusal)) => match refusal.field {
            Some(field) => format!("rejected {:?} at {field}", refusal.cause),
            None => format!("rejected {:?}", refusal.cause),
        },
        Err(PortError::OutcomeUnknown(_)) => "unknown".to_owned(),
        Err(PortError::Stale(_)) => "stale".to_owned(),
        Err(PortError::Unavailable(_)) => "unavailable".to_owned(),
        Err(other) => other.to_string(),
    }
}

/// Writes against a script that must be used up.
async fn check(replies: Vec<ScriptReply>, write: ProcessorWrite, expected: &str) -> Bench {
    let bench = bench(replies);
    let given = words(bench.gocardless.write(&key(), &write).await, |answer| {
        format!("{} {}", if answer.adopted { "adopted" } else { "made" }, answer.id)
    });
    assert_eq!(given, expected);
    bench.script.assert_over();
    bench
}

async fn check_find(replies: Vec<ScriptReply>, write: ProcessorWrite, expected: &str) {
    let bench = bench(replies);
    let given = words(bench.gocardless.find(&key(), &write).await, |found| {
        found.map_or("nothing".to_owned(), |answer| format!("found {}", answer.id))
    });
    assert_eq!(given, expected);
    bench.script.assert_over();
}

#[tokio::test]
async fn a_payment_is_made_with_its_key() {
    let bench = check(vec![record(201, "payments", &payment("PM1"))], collect(), "made PM1").await;
    assert_eq!(bench.script.lines(), ["POST /payments"]);
    assert_eq!(bench.script.header(0, "idempotency-key").unwrap(), "collect/5031/1");
    assert_eq!(
        bench.script.body(0),
        json!({"payments": {
            "amount": 12000, "currency": "GBP", "charge_date": "2026-11-16",
            "description": format!("INV-1001 {}", "é".repeat(91)), "reference": "INV1001",
            "metadata": {"invoiceId": "5031", "mlc_key": "collect/5031/1", "mlc_link": "uk"},
            "links": {"mandate": "MD1"},
        }})
    );
    assert_eq!(bench.keeper.kept()[0].command.as_deref(), Some("collect/5031/1"));
}

#[tokio::test]
async fn a_used_key_is_adopted_or_refused_by_substance() {
    let found = |record_found: Value| vec![conflict("PM7"), record(200, "payments", &record_found)];
    let same = payment("PM7");
    check(found(same.clone()), collect(), "adopted PM7").await;
    // Adopted whatever its state is by now.
    check(found(changed(same.clone(), "/status", json!("failed"))), collect(), "adopted PM7").await;
    check(found(changed(same.clone(), "/amount", json!(11999))), collect(), "rejected Other").await;
    check(found(changed(same.clone(), "/currency", json!("EUR"))), collect(), "rejected Other")
        .await;
    let other_key = changed(same, "/metadata/mlc_key", json!("collect/5032/1"));
    check(found(other_key), collect(), "rejected Other").await;
}

#[tokio::test]
async fn a_used_key_on_another_mandate_must_be_its_successor() {
    let moved = changed(payment("PM7"), "/links/mandate", json!("MD2"));
    let mandate = |links: Value| {
        json!({
            "id": "MD1", "created_at": "2026-03-01T08:00:00.000Z", "status": "cancelled",
            "scheme": "bacs", "next_possible_charge_date": null, "links": links,
        })
    };
    let replies = |links: Value| {
        vec![
            conflict("PM7"),
            record(200, "payments", &moved),
            record(200, "mandates", &mandate(links)),
        ]
    };
    check(replies(json!({"customer": "CU1", "new_mandate": "MD2"})), collect(), "adopted PM7")
        .await;
    check(replies(json!({"customer": "CU1"})), collect(), "rejected Other").await;
}

#[tokio::test]
async fn a_used_key_whose_payment_can_not_be_read_stays_unknown() {
    let silence = || (0..4).map(|_| no_answer());
    let replies = std::iter::once(conflict("PM7")).chain(silence()).collect();
    check(replies, collect(), "unknown").await;
    check(vec![conflict("PM7"), missing()], collect(), "rejected Other").await;
}

fn nothing_found() -> Vec<ScriptReply> {
    vec![page("payments", &[], None), missing()]
}

#[tokio::test]
async fn a_refusal_is_believed_only_when_the_payment_is_not_there() {
    // The key may be checked after the state: a re-send is refused although the payment exists.
    let there = page("payments", &[payment("PM9"), payment("PM7")], None);
    check(vec![state("mandate_is_inactive"), there], collect(), "adopted PM9").await;
    let elsewhere = changed(payment("PM7"), "/metadata/mlc_key", json!("collect/5031/2"));
    let refused = |first: ScriptReply| {
        vec![first, page("payments", std::slice::from_ref(&elsewhere), None), missing()]
    };
    check(refused(state("mandate_is_inactive")), collect(), "rejected MandateUnusable").await;
    check(refused(state("mandate_replaced")), collect(), "rejected MandateUnusable").await;
    let mut replies = vec![state("mandate_is_inactive")];
    replies.extend((0..4).map(|_| no_answer()));
    check(replies, collect(), "unknown").await;
}

#[tokio::test]
async fn refusals_name_their_cause() {
    let usage = |status: u16, reason: &str| {
        error(status, "invalid_api_usage", &json!({"reason": reason, "message": "no"}))
    };
    let field = |name: &str| {
        let entry = json!({"field": name, "message": "is wrong", "request_pointer": "/payments/x"});
        error(422, "validation_failed", &entry)
    };
    let cases = [
        (usage(403, "insufficient_permissions"), "rejected Permission"),
        (usage(403, "forbidden"), "rejected Permission"),
        (usage(403, "feature_disabled"), "rejected Unsupported"),
        (usage(404, "link_not_found"), "rejected MandateUnusable"),
        (usage(422, "link_not_found"), "rejected MandateUnusable"),
        (usage(400, "invalid_document_structure"), "rejected Validation"),
        (usage(422, "invalid_type"), "rejected Validation"),
        (field("amount"), "rejected Validation at amount"),
        (reply(422, r#"{"error":"no words"}"#), "rejected Other"),
    ];
    for (refusal, expected) in cases {
        let mut replies = vec![refusal];
        replies.extend(nothing_found());
        check(replies, collect(), expected).await;
    }
}

#[tokio::test]
async fn a_charge_date_that_has_passed_is_stale() {
    let refused = || {
        let entry = json!({
            "field": "charge_date", "message": "must be on or after mandate's next_possible_charge_date",
            "request_pointer": "/payments/charge_date",
        });
        error(422, "validation_failed", &entry)
    };
    let mandate = |next: &str| {
        record(
            200,
            "mandates",
            &json!({
                "id": "MD1", "created_at": "2026-03-01T08:00:00.000Z", "status": "active",
                "scheme": "bacs", "next_possible_charge_date": next, "links": {"customer": "CU1"},
            }),
        )
    };
    let replies =
        |next: &str| vec![refused(), page("payments", &[], None), mandate(next), mandate(next)];
    check(replies("2026-11-17"), collect(), "stale").await;
    check(replies("2026-11-16"), collect(), "rejected Validation at charge_date").await;
}

#[tokio::test]
async fn what_may_have_happened_is_unknown() {
    check(vec![no_answer()], collect(), "unknown").await;
    check(vec![reply(500, "")], collect(), "unknown").await;
    check(vec![reply(502, "<html>")], collect(), "unknown").await;
    check(vec![reply(201, "<html>")], collect(), "unknown").await;
    check(vec![reply(403, "<html>")], collect(), "unknown").await;
    check(vec![reply(302, "")], collect(), "unknown").await;
    check(vec![not_sent()], collect(), "unavailable").await;
}

#[tokio::test]
async fn an_unknown_payment_is_found_by_its_key() {
    let there = || page("payments", &[payment("PM7")], None);
    check_find(vec![there()], collect(), "found PM7").await;
    check_find(nothing_found(), collect(), "nothing").await;
    let differs = changed(payment("PM7"), "/amount", json!(1));
    check_find(vec![page("payments", &[differs], None)], collect(), "rejected Other").await;
    // The mandate was replaced meanwhile, and its payments moved along.
    let mandate = json!({
        "id": "MD1", "created_at": "2026-03-01T08:00:00.000Z", "status": "cancelled",
        "scheme": "bacs", "links": {"customer": "CU1", "new_mandate": "MD2"},
    });
    let moved = changed(payment("PM7"), "/links/mandate", json!("MD2"));
    let replies = vec![
        page("payments", &[], None),
        record(200, "mandates", &mandate),
        page("payments", &[moved], None),
        record(200, "mandates", &mandate),
    ];
    check_find(replies, collect(), "found PM7").await;
}

fn in_status(status: &str) -> ScriptReply {
    record(200, "payments", &changed(payment("PM1"), "/status", json!(status)))
}

#[tokio::test]
async fn a_cancel_that_is_refused_may_have_happened_already() {
    let bench = check(vec![in_status("cancelled")], cancel(), "made PM1").await;
    assert_eq!(bench.script.lines(), ["POST /payments/PM1/actions/cancel"]);
    assert_eq!(bench.script.body(0), json!({"data": {"metadata": {"mlc_key": "collect/5031/1"}}}));
    let refused = || state("cancellation_failed");
    check(vec![refused(), in_status("cancelled")], cancel(), "adopted PM1").await;
    check(vec![refused(), in_status("submitted")], cancel(), "rejected State").await;
    check_find(vec![in_status("cancelled")], cancel(), "found PM1").await;
    check_find(vec![in_status("pending_submission")], cancel(), "nothing").await;
}

fn retried(times: usize) -> ScriptReply {
    let event = |n: usize, action: &str, links: Value| {
        json!({
            "id": format!("EV{n}"), "created_at": "2026-11-18T07:31:02.103Z",
            "resource_type": "payments", "action": action, "links": links,
        })
    };
    let mut events: Vec<Value> =
        (0..times).map(|n| event(n, "resubmission_requested", json!({"payment": "PM1"}))).collect();
    events.push(event(90, "failed", json!({"payment": "PM1"})));
    events.push(event(91, "resubmission_requested", json!({"payment": "PM2"})));
    page("events", &events, None)
}

#[tokio::test]
async fn a_retry_is_not_made_twice() {
    let failed = || in_status("failed");
    let made = vec![failed(), retried(1), in_status("pending_submission")];
    let bench = check(made, retry(1), "made PM1").await;
    assert_eq!(
        bench.script.lines(),
        [
            "GET /payments/PM1",
            "GET /events?payment=PM1&limit=500",
            "POST /payments/PM1/actions/retry"
        ]
    );
    // Retried before, and failed again since.
    check(vec![failed(), retried(2)], retry(1), "adopted PM1").await;
    check(vec![in_status("submitted")], retry(1), "adopted PM1").await;
    let refused = vec![failed(), retried(3), state("retry_failed"), failed(), retried(3)];
    check(refused, retry(3), "rejected State").await;
    let raced = vec![failed(), retried(0), state("retry_failed"), in_status("pending_submission")];
    check(raced, retry(0), "adopted PM1").await;
    let other = changed(payment("PM1"), "/amount", json!(5));
    check(vec![record(200, "payments", &other)], retry(0), "stale").await;
    check_find(vec![failed(), retried(1)], retry(1), "nothing").await;
    check_find(vec![failed(), retried(2)], retry(1), "found PM1").await;
}

#[tokio::test]
async fn automatic_retries_are_switched_off() {
    let stop = || {
        ProcessorWrite::StopAutomaticRetries(CollectionOnly {
            invoice: "5031".into(),
            collection: "PM1".into(),
        })
    };
    let bench = check(vec![in_status("failed")], stop(), "made PM1").await;
    assert_eq!(bench.script.lines(), ["PUT /payments/PM1"]);
    assert_eq!(bench.script.body(0), json!({"payments": {"retry_if_possible": false}}));
    check_find(vec![in_status("failed")], stop(), "found PM1").await;
    let on = changed(payment("PM1"), "/retry_if_possible", json!(true));
    check_find(vec![record(200, "payments", &on)], stop(), "nothing").await;
}

fn billing_request(id: &str, customer: &str, currency: &str) -> Value {
    json!({
        "id": id, "created_at": "2026-11-06T09:12:44.031Z", "status": "pending",
        "mandate_request": {"currency": currency, "metadata": {}, "links": {}},
        "metadata": {"mlc_customer": customer, "mlc_key": "request/1007/1"},
        "links": {"customer": "CU1"},
    })
}

#[tokio::test]
async fn a_mandate_is_requested_once() {
    let root = "billing_requests";
    let ours = billing_request("BRQ1", "1007", "GBP");
    let bench = check(vec![record(201, root, &ours)], request(Some("CU1")), "made BRQ1").await;
    let texts = json!({"mlc_customer": "1007", "mlc_key": "request/1007/1"});
    assert_eq!(
        bench.script.body(0),
        json!({"billing_requests": {
            "mandate_request": {"currency": "GBP", "metadata": texts}, "metadata": texts,
            "links": {"customer": "CU1"},
        }})
    );
    assert!(bench.script.header(0, "idempotency-key").is_some());
    let found = |other: Value| vec![conflict("BRQ1"), record(200, root, &other)];
    check(found(ours.clone()), request(Some("CU1")), "adopted BRQ1").await;
    check(found(ours.clone()), request(None), "adopted BRQ1").await;
    check(found(ours.clone()), request(Some("CU2")), "rejected Other").await;
    let euro = billing_request("BRQ1", "1007", "EUR");
    check(found(euro), request(None), "rejected Other").await;
    let stranger = billing_request("BRQ1", "1008", "GBP");
    check(found(stranger), request(None), "rejected Other").await;
    check_find(vec![page(root, &[ours], None)], request(None), "found BRQ1").await;
    check_find(vec![page(root, &[], None)], request(None), "nothing").await;
}

#[tokio::test]
async fn an_invitation_gives_a_link() {
    let invite = |company: Option<&str>| {
        ProcessorWrite::InviteMandate(InviteMandate {
            erp_customer: "1007".into(),
            request: "BRQ1".into(),
            company_name: company.map(str::to_owned),
            given_name: Some("Ada".to_owned()),
            family_name: Some("Lovelace".to_owned()),
            email: Some("ada@example.com".to_owned()),
            country: None,
        })
    };
    let url = "https://pay-sandbox.gocardless.com/billing/static/flow?id=BRF1";
    let flow =
        || record(200, "billing_request_flows", &json!({"id": "BRF1", "authorisation_url": url}));
    let bench = bench(vec![flow(), flow()]);
    let answer = bench.gocardless.write(&key(), &invite(None)).await.unwrap();
    assert_eq!((answer.id.as_str(), answer.url.as_deref()), ("BRF1", Some(url)));
    bench.gocardless.write(&key(), &invite(Some("Acme"))).await.unwrap();
    assert_eq!(
        bench.script.body(0),
        json!({"billing_request_flows": {
            "redirect_uri": "https://acme.example/done",
            "prefilled_customer":
                {"email": "ada@example.com", "given_name": "Ada", "family_name": "Lovelace"},
            "links": {"billing_request": "BRQ1"},
        }})
    );
    assert_eq!(
        bench.script.body(1)["billing_request_flows"]["prefilled_customer"],
        json!({"email": "ada@example.com", "company_name": "Acme"})
    );
    assert_eq!(bench.script.header(0, "idempotency-key"), None);
    // The link lets anyone authorise: it is not recorded.
    let kept = serde_json::to_string(&bench.keeper.kept()).unwrap();
    assert!(!kept.contains("flow?id") && !kept.contains("ada@"), "{kept}");
}

#[tokio::test]
async fn linking_keeps_what_else_is_noted_on_the_customer() {
    let link = || {
        ProcessorWrite::LinkCustomer(LinkCustomer {
            erp_customer: "1007".into(),
            customer: "CU1".into(),
        })
    };
    let customer =
        |metadata: Value| record(200, "customers", &json!({"id": "CU1", "metadata": metadata}));
    let bench =
        check(vec![customer(json!({"old": "x"})), customer(json!({}))], link(), "made CU1").await;
    assert_eq!(
        bench.script.body(1),
        json!({"customers": {"metadata": {"old": "x", "mlc_customer": "1007"}}})
    );
    check(vec![customer(json!({"mlc_customer": "1007"}))], link(), "adopted CU1").await;
    check(vec![customer(json!({"mlc_customer": "9"}))], link(), "rejected State").await;
    let full = json!({"a": "1", "b": "2", "c": "3"});
    check(vec![customer(full)], link(), "rejected Validation").await;
    check(vec![missing()], link(), "rejected Other").await;
}

#[tokio::test]
async fn ids_that_can_not_be_ids_are_never_sent() {
    let odd = ProcessorWrite::CancelCollection(CollectionOnly {
        invoice: "5031".into(),
        collection: "PM1/actions/retry?x=".into(),
    });
    check(Vec::new(), odd, "rejected Validation").await;
    let zero = match collect() {
        ProcessorWrite::Collect(mut collect) => {
            collect.amount = Money::zero(Currency::GBP);
            ProcessorWrite::Collect(collect)
        }
        other => other,
    };
    let bench = bench(Vec::new());
    let refused = bench.gocardless.write(&key(), &zero).await.unwrap_err();
    assert!(
        matches!(&refused, PortError::Rejected(r) if r.cause == RejectionCause::Validation),
        "{refused:?}"
    );
}
