//! Which requests the reads make, and what they do with what comes back.

use http::StatusCode;
use model::payment::CollectionStatus;
use ports::health::Environment;
use ports::{Depth, PortError, Processor, Read};
use serde_json::{Value, json};

use super::{PLANTED_TOKEN, bench, error, missing, page, record, state};
use crate::http::testing::{reply, reply_with};

pub fn payment(id: &str) -> Value {
    json!({
        "id": id, "created_at": "2026-11-06T09:12:44.031Z", "charge_date": "2026-11-16",
        "amount": 12000, "currency": "GBP", "status": "pending_submission", "amount_refunded": 0,
        "description": "INV-1001", "reference": null, "retry_if_possible": false,
        "metadata": {"invoiceId": "5031", "mlc_key": "collect/5031/1", "mlc_link": "uk"},
        "links": {"mandate": "MD1", "creditor": "CR1"},
    })
}

fn event(id: &str, at: &str) -> Value {
    json!({
        "id": id, "created_at": at, "resource_type": "payments", "action": "failed",
        "links": {"payment": "PM1"}, "details": {"origin": "bank", "cause": "refer_to_payer"},
    })
}

#[tokio::test]
async fn records_come_in_the_order_asked() {
    let bench = bench(vec![
        record(200, "payments", &payment("PM1")),
        missing(),
        record(200, "payments", &json!({"id": "PM3", "amount": 1})),
        record(200, "payments", &payment("PM9")),
        state("customer_data_removed"),
    ]);
    let ids = ["PM1", "PM2", "PM3", "PM4", "..", "PM5"].map(Into::into);
    let read = bench.gocardless.collections(&ids, Depth::Direct).await.unwrap();
    assert_eq!(read[0].found().unwrap().status, CollectionStatus::PendingSubmission);
    assert_eq!(read[1], Read::Missing);
    assert!(matches!(&read[2], Read::Odd(odd) if odd.contains("created_at")), "{:?}", read[2]);
    assert!(matches!(&read[3], Read::Odd(odd) if odd.contains("PM4")), "{:?}", read[3]);
    assert_eq!(read[4], Read::Missing);
    assert_eq!(read[5], Read::Missing);
    let paths = ["PM1", "PM2", "PM3", "PM4", "PM5"].map(|id| format!("GET /payments/{id}"));
    assert_eq!(bench.script.lines(), paths);
    assert_eq!(bench.script.header(0, "gocardless-version").unwrap(), "2015-07-06");
    assert_eq!(bench.script.header(0, "authorization").unwrap(), format!("Bearer {PLANTED_TOKEN}"));
}

#[tokio::test]
async fn a_proxys_page_is_not_a_missing_record() {
    let bench = bench(vec![reply(404, "<html>not here</html>")]);
    let read = bench.gocardless.payouts(&["PO1".into()]).await;
    assert!(matches!(read, Err(PortError::Unavailable(_))), "{read:?}");
}

#[tokio::test]
async fn a_window_is_frozen_with_its_first_page() {
    let first =
        [event("EV3", "2026-11-18T07:31:02.103Z"), event("EV2", "2026-11-18T07:30:00.000Z")];
    let bench = bench(vec![
        page("events", &first, Some("EV2")),
        page("events", &[event("EV1", "2026-11-18T07:00:00.000Z"), json!({"id": "EV0"})], None),
    ]);
    let since = "2026-11-15T00:00:00Z".parse().unwrap();
    let one = bench.gocardless.events(since, None).await.unwrap();
    assert_eq!(one.records.len(), 2);
    let two = bench.gocardless.events(since, one.next.as_deref()).await.unwrap();
    assert_eq!((two.records.len(), two.next), (2, None));
    // What can not be read is not lost.
    assert_eq!(two.records[1].id.as_str(), "EV0");
    assert_eq!(two.records[1].description.as_deref(), Some("created_at is missing"));
    assert_eq!(
        bench.script.lines(),
        [
            "GET /events?created_at%5Bgte%5D=2026-11-15T00%3A00%3A00.000Z&limit=500",
            "GET /events?created_at%5Bgte%5D=2026-11-15T00%3A00%3A00.000Z\
             &created_at%5Blte%5D=2026-11-18T07%3A31%3A02.104Z&limit=500&after=EV2",
        ]
    );
}

#[tokio::test]
async fn odd_records_of_a_list_keep_their_id() {
    let bench = bench(vec![page("payments", &[payment("PM1"), json!({"id": "PM2"})], None)]);
    let since = "1970-01-01T00:00:00Z".parse().unwrap();
    let seen = bench.gocardless.collections_since(since, None).await.unwrap();
    assert!(matches!(seen.records[0].read, Read::Found(_)));
    assert_eq!(seen.records[1].id.as_str(), "PM2");
    assert!(matches!(seen.records[1].read, Read::Odd(_)));
}

#[tokio::test]
async fn every_page_of_a_customer_is_read() {
    let bench = bench(vec![
        page("payments", &[payment("PM2")], Some("PM2")),
        page("payments", &[payment("PM1")], None),
    ]);
    let read = bench.gocardless.collections_of(&"CU1".into()).await.unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(
        bench.script.lines(),
        ["GET /payments?customer=CU1&limit=500", "GET /payments?customer=CU1&limit=500&after=PM2"]
    );
    // An empty filter would list everybody's.
    assert_eq!(bench.gocardless.collections_of(&"".into()).await.unwrap(), []);
}

#[tokio::test]
async fn paging_that_goes_round_in_circles_ends() {
    let bench =
        bench(vec![page("payout_items", &[], Some("X")), page("payout_items", &[], Some("X"))]);
    let read = bench.gocardless.payout_items(&"PO1".into()).await;
    assert!(matches!(read, Err(PortError::Unavailable(_))), "{read:?}");
}

#[tokio::test]
async fn items_older_than_six_months_are_refused() {
    let gone = error(410, "invalid_api_usage", &json!({"message": "Gone"}));
    let bench = bench(vec![gone]);
    let read = bench.gocardless.payout_items(&"PO1".into()).await.unwrap_err();
    assert!(matches!(&read, PortError::Rejected(refusal) if refusal.words == "Gone"), "{read:?}");
}

#[tokio::test]
async fn health_names_the_account_and_what_is_missing() {
    let creditor = |id: &str, at: &str, status: &str| {
        json!({
            "id": id, "created_at": at, "name": "Aldermoor", "verification_status": status,
            "can_create_refunds": false,
            "scheme_identifiers": [{"scheme": "bacs", "currency": "GBP", "status": "active"}],
        })
    };
    let creditors = json!({
        "creditors": [
            creditor("CR2", "2026-01-01T00:00:00.000Z", "action_required"),
            creditor("CR1", "2020-01-01T00:00:00.000Z", "successful"),
        ],
        "meta": {"cursors": {"after": null}, "limit": 500},
    });
    let date = [("Date", "Fri, 20 Nov 2026 10:05:00 GMT")];
    let denied = json!({
        "reason": "insufficient_permissions", "message": "Your access token is read-only",
    });
    let bench = bench(vec![
        reply_with(200, &date, &creditors.to_string()),
        error(403, "invalid_api_usage", &denied),
    ]);
    let health = bench.gocardless.check_health().await.unwrap();
    assert_eq!(health.account, "CR1");
    assert_eq!(health.environment, Environment::Sandbox);
    assert_eq!(health.server_time, Some("2026-11-20T10:05:00Z".parse().unwrap()));
    let wrong: Vec<&str> =
        health.checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect();
    assert_eq!(wrong, ["verification of creditor CR2", "clock", "read-write access"]);
    assert!(
        health.checks.iter().any(|check| check.name.contains("schemes of creditor CR1: bacs GBP"))
    );
}

#[tokio::test]
async fn a_token_that_may_write_is_refused_for_the_content_only() {
    let creditors = json!({
        "creditors": [{"id": "CR1", "created_at": "2020-01-01T00:00:00.000Z", "name": "Aldermoor"}],
        "meta": {"cursors": {"after": null}, "limit": 500},
    });
    let invalid = json!({"field": "amount", "message": "can't be blank"});
    let broken = reply_with(502, &[], "<html>");
    for (answer, ok, words) in [
        (error(422, "validation_failed", &invalid), true, ""),
        (broken, true, "Could not be proved"),
    ] {
        let bench = bench(vec![reply_with(200, &[], &creditors.to_string()), answer]);
        let health = bench.gocardless.check_health().await.unwrap();
        let check = health.checks.iter().find(|check| check.name == "read-write access").unwrap();
        assert_eq!(check.ok, ok, "{check:?}");
        assert!(check.advice.starts_with(words) && check.advice.is_empty() == words.is_empty());
    }
}

#[tokio::test]
async fn a_revoked_token_is_named_without_the_token() {
    let entry = json!({"reason": "access_token_revoked", "message": "Access token was revoked"});
    let bench = bench(vec![error(401, "invalid_api_usage", &entry)]);
    let read = bench.gocardless.check_health().await.unwrap_err();
    assert_eq!(
        read,
        PortError::Unauthorised(format!("{}: Access token was revoked", StatusCode::UNAUTHORIZED))
    );
}

#[tokio::test]
async fn payers_details_are_not_recorded() {
    let customer = json!({
        "id": "CU1", "email": "ada@example.com", "given_name": "Ada", "family_name": "Lovelace",
        "address_line1": "27 Acer Road", "phone_number": "+4420", "metadata": {"secret_note": "x7"},
        "swedish_identity_number": "198112289874",
    });
    let bench = bench(vec![record(200, "customers", &customer)]);
    let read = bench.gocardless.customers(&["CU1".into()]).await.unwrap();
    assert_eq!(read[0].found().unwrap().name.as_deref(), Some("Ada Lovelace"));
    let kept = serde_json::to_string(&bench.keeper.kept()).unwrap();
    assert!(kept.contains("CU1"));
    let planted =
        ["ada@", "Ada", "Lovelace", "27 Acer", "+4420", "x7", "198112289874", PLANTED_TOKEN];
    for planted in planted {
        assert!(!kept.contains(planted), "{planted} in {kept}");
    }
}
