//! Lost answers at every step, races, refusals in silence, seats and versions.

use model::command::{ErpWrite, RejectionCause};
use model::receipt::{DocumentKind, ErpDocument};
use ports::{Depth, PortError, Read};
use serde_json::{Value, json};

use crate::world::{CLEARING, World, named, pounds};

const PUT: &str = "/Payment?";
const RELEASE: &str = "/ReleasePayment";

/// Payments that the site holds and nobody voided or deleted.
fn payments(world: &World) -> Vec<Value> {
    let all = world.truth("/Payment").as_array().cloned().unwrap();
    all.into_iter().filter(|one| one["Type"] == "Payment" && one["Status"] != "Voided").collect()
}

#[tokio::test]
async fn an_answer_lost_at_any_step_leaves_one_payment() {
    for kind in
        ["timeout_after_write", "reset_after", "timeout_before", "reset_before", "late_commit"]
    {
        for (method, path) in [("PUT", PUT), ("POST", RELEASE)] {
            let label = format!("{kind} {path}");
            let world = World::new();
            let invoice = world.invoice("INV-1", "240.00");
            let write = ErpWrite::RecordReceipt(world.receipt(&invoice, 24_000, 24_000));
            let path = path.trim_end_matches('?');
            world.faults(&[json!({"kind": kind, "minutes": 5, "method": method, "path": path})]);
            let lost = world.write("receipt", write.clone()).await;
            assert!(matches!(lost, Err(PortError::OutcomeUnknown(_))), "{label} {lost:?}");
            world.calm();
            let watch = world.erp.description().watch();
            world.pass(i64::try_from(watch.as_secs()).unwrap());
            match world.erp.find(&named("receipt"), &write).await {
                Ok(Some(answer)) => assert!(answer.adopted, "{label}"),
                Ok(None) => assert!(payments(&world).is_empty(), "{label}: it is there, unseen"),
                Err(PortError::OutcomeUnknown(_)) => {
                    assert_eq!(payments(&world)[0]["Status"], "Balanced", "{label}");
                }
                Err(other) => panic!("{label}: {other}"),
            }
            world.write("receipt", write.clone()).await.unwrap();
            assert!(world.write("receipt", write).await.unwrap().adopted, "{label}");
            assert_eq!(payments(&world).len(), 1, "{label}");
            assert_eq!(world.balance(CLEARING), 24_000, "{label}");
            assert_eq!(world.read_invoice(&invoice).await.due, pounds(0), "{label}");
        }
    }
}

/// Nothing over there refuses the second one. It is never sent before the watch is over; were it sent
/// all the same, both would be seen and neither taken for the one.
#[tokio::test]
async fn two_payments_under_one_key_are_seen() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let write = world.receipt(&invoice, 24_000, 0);
    let write = ErpWrite::RecordReceipt(model::command::RecordReceipt { apply: None, ..write });
    world.faults(&[
        json!({"kind": "late_commit", "minutes": 5, "method": "PUT", "path": "/Payment"}),
    ]);
    let lost = world.write("receipt", write.clone()).await;
    assert!(matches!(lost, Err(PortError::OutcomeUnknown(_))), "{lost:?}");
    world.write("receipt", write.clone()).await.unwrap();
    world.pass(600);
    assert_eq!(payments(&world).len(), 2);
    let keys = [(DocumentKind::Receipt, named("receipt"))];
    let read = world.erp.documents(&keys, Depth::Direct).await.unwrap();
    assert!(matches!(&read[0], Read::Odd(why) if why.contains("000001, 000002")), "{read:?}");
    let again = world.write("receipt", write).await;
    assert!(!matches!(again, Ok(ref answer) if !answer.adopted), "a third one: {again:?}");
    assert!(payments(&world).len() <= 2);
}

#[tokio::test]
async fn a_failed_release_leaves_nothing_behind() {
    for status in [500, 422] {
        let seed = json!({"settings": {"failed_operation_status": status}});
        let world = World::with(&[], seed);
        let invoice = world.invoice("INV-1", "240.00");
        let text = "Credit control has this customer on hold.";
        world.faults(&[json!({"kind": "fail_operation", "text": text, "path": RELEASE})]);
        match world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await {
            Err(PortError::Rejected(rejection)) => assert!(rejection.words.contains(text)),
            other => panic!("{other:?}"),
        }
        assert!(payments(&world).is_empty(), "it would keep the invoice from others");
        world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    }
}

/// A user who may only look is answered with 200, and nothing is saved (acumatica sheet section 16).
#[tokio::test]
async fn a_save_that_is_dropped_in_silence_is_no_receipt() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    world.seed(json!({"rights": {"AR302000": "view"}}));
    let refused = world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await;
    match refused {
        Err(PortError::Rejected(rejection)) => {
            assert_eq!(rejection.cause, RejectionCause::Permission, "{rejection:?}");
            assert!(rejection.words.contains("AR302000"), "{}", rejection.words);
        }
        other => panic!("{other:?}"),
    }
    assert!(payments(&world).is_empty());
    world.seed(json!({"rights": {"AR302000": "edit"}}));
    world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
}

#[tokio::test]
async fn a_well_set_up_site_passes_its_ping() {
    for world in [World::new(), World::with_cookies(json!({}))] {
        world.invoice("INV-1", "240.00");
        let health = world.erp.check_health().await.unwrap();
        let failing: Vec<_> = health.checks.iter().filter(|check| !check.ok).collect();
        assert!(failing.is_empty(), "{failing:#?}");
        assert_eq!(health.account, "Acme@acumatica.example~Demo");
    }
}

#[tokio::test]
async fn a_ping_names_what_is_missing() {
    let offered = World::with(&[("endpoint", "Default/19.200.001")], json!({}));
    let health = offered.erp.check_health().await.unwrap();
    let check = &health.checks[0];
    assert!(!check.ok && check.advice.contains("Default/24.200.001"), "{check:?}");
    for (seed, named) in [
        (json!({"rights": {"GL301000": "none"}}), "GL301000"),
        (json!({"rights": {"AR302000": "none"}}), "AR302000"),
        (json!({"settings": {"filter_shift_hours": 5}}), "times in filters"),
        (json!({"payment_methods": [{"id": "GOCARDLESS", "cash_accounts": ["10251"]}]}), "10250"),
        (json!({"payment_methods": [{"id": "GOCARDLESS", "active": false}]}), "GOCARDLESS"),
    ] {
        let world = World::with(&[], seed);
        world.invoice("INV-1", "240.00");
        let health = world.erp.check_health().await.unwrap();
        let failing: Vec<_> = health.checks.iter().filter(|check| !check.ok).collect();
        assert!(failing.iter().any(|check| check.name.contains(named)), "{named}: {failing:#?}");
        assert!(failing.iter().all(|check| !check.advice.is_empty()), "{failing:#?}");
    }
}

/// Sessions are licence seats.
#[tokio::test]
async fn seats_are_given_back() {
    let world = World::with_cookies(json!({}));
    let invoice = world.invoice("INV-1", "240.00");
    world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    world.read_receipt("receipt").await;
    let truth = world.truth("");
    assert_eq!(truth["sessions"], json!([]), "a cookie session was left");
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    world.pass(7_000);
    world.read_receipt("receipt").await;
    let truth = world.truth("");
    assert_eq!(truth["sessions"].as_array().map(Vec::len), Some(1), "{}", truth["sessions"]);
    assert_eq!(truth["tokens_issued"], 2, "refreshed, not signed in again");
}

#[tokio::test]
async fn a_site_without_a_free_seat_slows_us_down() {
    for status in [429, 500] {
        let seed = json!({"settings": {"api_users": 0, "login_limit_status": status}});
        let world = World::with_cookies(seed);
        let invoice = world.invoice("INV-1", "240.00");
        let read = world.erp.invoices(std::slice::from_ref(&invoice), Depth::Direct).await;
        assert!(matches!(read, Err(PortError::Throttled { .. })), "{status}: {read:?}");
        world.seed(json!({"settings": {"api_users": 2}}));
        world.pass(600);
        assert_eq!(world.read_invoice(&invoice).await.due, pounds(24_000));
    }
}

#[tokio::test]
async fn what_was_deleted_or_never_was_is_missing() {
    let world = World::new();
    let keys = [DocumentKind::Receipt, DocumentKind::Refund, DocumentKind::Deposit]
        .map(|kind| (kind, named("never")));
    let reads = world.erp.documents(&keys, Depth::Direct).await.unwrap();
    assert!(reads.iter().all(|read: &Read<ErpDocument>| *read == Read::Missing), "{reads:?}");
}
