//! Stories of a payment from its making to the bank, and of everything that goes wrong on the way.

use std::collections::BTreeSet;
use std::time::Duration;

use model::command::{
    CollectionOnly, InviteMandate, LinkCustomer, ProcessorWrite, RejectionCause, RequestMandate,
    RetryCollection,
};
use model::event::EventSubject;
use model::key::Key;
use model::mandate::{MandateRequestStatus, MandateStatus};
use model::money::{Currency, ItemAmount, Money};
use model::payment::{CollectionStatus, RefundStatus};
use model::payout::{PayoutItemKind, PayoutStatus};
use ports::health::Environment;
use ports::{Clock, Depth, PortError, Read};
use sandbox::emulator::Emulator;
use sandbox::gocardless::DEFAULT_READ_ONLY_TOKEN;
use serde_json::json;

use crate::world::{WEBHOOK_SECRET, World};

fn cancel(payment: &str) -> (Key, ProcessorWrite) {
    let write = CollectionOnly { invoice: "1".into(), collection: payment.into() };
    (Key::new(&["cancel", payment]), ProcessorWrite::CancelCollection(write))
}

fn retry(payment: &str, retries_before: u32, minor: i64) -> (Key, ProcessorWrite) {
    let write = RetryCollection {
        invoice: "1".into(),
        collection: payment.into(),
        retries_before,
        amount: Money::new(minor, Currency::GBP),
    };
    (Key::new(&["retry", payment, "1"]), ProcessorWrite::RetryCollection(write))
}

fn cause(result: Result<model::command::WriteAnswer, PortError>) -> RejectionCause {
    match result {
        Err(PortError::Rejected(refusal)) => refusal.cause,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_payment_is_made_once_and_cancelled_once() {
    let world = World::new();
    let (key, write) = world.collect("5031", 12_000);
    let first = world.gocardless.write(&key, &write).await.unwrap();
    assert!(!first.adopted);
    let second = world.gocardless.write(&key, &write).await.unwrap();
    assert!(second.adopted);
    assert_eq!(second.id, first.id);
    assert_eq!(world.gocardless.find(&key, &write).await.unwrap().unwrap().id, first.id);
    assert_eq!(world.payments().await, 1);
    let payment = world.payment(&first.id).await;
    assert_eq!(payment.status, CollectionStatus::PendingSubmission);
    assert_eq!(payment.key_stamp(), Some("collect/5031/1"));
    assert_eq!(payment.amount, Money::new(12_000, Currency::GBP));

    // The same key for another amount is not an overwrite.
    let (_, other) = world.collect("5031", 12_001);
    assert_eq!(cause(world.gocardless.write(&key, &other).await), RejectionCause::Other);

    let (key, write) = cancel(&first.id);
    assert!(!world.gocardless.write(&key, &write).await.unwrap().adopted);
    assert!(world.gocardless.write(&key, &write).await.unwrap().adopted);
    assert_eq!(world.payment(&first.id).await.status, CollectionStatus::Cancelled);
}

#[tokio::test]
async fn a_lost_answer_is_found_again() {
    for kind in ["timeout_after_write", "reset_after", "internal_error_after_write"] {
        let world = World::new();
        let (key, write) = world.collect("5031", 12_000);
        let rules = json!({"rules": [{"kind": kind, "method": "POST", "path": "/payments"}]});
        world.control("/faults", rules);
        let lost = world.gocardless.write(&key, &write).await;
        assert!(matches!(lost, Err(PortError::OutcomeUnknown(_))), "{kind}: {lost:?}");
        let found = world.gocardless.find(&key, &write).await.unwrap();
        assert!(found.is_some_and(|answer| answer.adopted), "{kind}");
        assert!(world.gocardless.write(&key, &write).await.unwrap().adopted, "{kind}");
        assert_eq!(world.payments().await, 1, "{kind}");
    }
}

#[tokio::test]
async fn a_lost_request_leaves_nothing() {
    let world = World::new();
    let (key, write) = world.collect("5031", 12_000);
    for kind in ["timeout_before", "reset_before", "internal_error", "bad_gateway"] {
        let rules = json!({"rules": [{"kind": kind, "method": "POST", "path": "/payments"}]});
        world.control("/faults", rules);
        let lost = world.gocardless.write(&key, &write).await;
        assert!(matches!(lost, Err(PortError::OutcomeUnknown(_))), "{kind}: {lost:?}");
        assert_eq!(world.gocardless.find(&key, &write).await, Ok(None), "{kind}");
    }
    assert!(!world.gocardless.write(&key, &write).await.unwrap().adopted);
}

#[tokio::test]
async fn a_late_re_send_is_right_whichever_check_comes_first() {
    for order in ["validation_first", "key_first"] {
        let world =
            World::with(json!({"idempotency_order": order}), "sandbox-gocardless-read-write");
        let made = world.collected("5031", 12_000).await;
        let act = json!({"action": "cancel_mandate", "mandate": world.mandate});
        world.control("/act", act);
        let (key, write) = world.collect("5031", 12_000);
        let again = world.gocardless.write(&key, &write).await.unwrap();
        assert!(again.adopted, "{order}");
        assert_eq!(again.id, made, "{order}");
        let (key, write) = world.collect("5032", 500);
        let refused = cause(world.gocardless.write(&key, &write).await);
        assert_eq!(refused, RejectionCause::MandateUnusable, "{order}");
    }
}

#[tokio::test]
async fn a_failed_payment_is_retried_once() {
    let world = World::new();
    let payment = world.collected("5031", 12_000).await;
    let plan = json!({"payment": payment, "outcome": "fails", "cause": "refer_to_payer"});
    world.control("/plan", plan);
    world.pass(10);
    assert_eq!(world.payment(&payment).await.status, CollectionStatus::Failed);
    let failed: Vec<_> =
        world.events().await.into_iter().filter(|event| event.action == "failed").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].subject, EventSubject::Collection(payment.clone()));
    assert_eq!(failed[0].cause.as_deref(), Some("refer_to_payer"));
    assert_eq!(failed[0].resource_metadata.get("invoiceId").map(String::as_str), Some("5031"));

    let (key, write) = retry(&payment, 0, 12_000);
    assert_eq!(world.gocardless.find(&key, &write).await, Ok(None));
    assert!(!world.gocardless.write(&key, &write).await.unwrap().adopted);
    assert!(world.gocardless.write(&key, &write).await.unwrap().adopted);
    assert_eq!(world.payment(&payment).await.status, CollectionStatus::PendingSubmission);
    // It fails again: the first retry is still known to have happened.
    let plan = json!({"payment": payment, "outcome": "fails"});
    world.control("/plan", plan);
    world.pass(10);
    assert_eq!(world.payment(&payment).await.status, CollectionStatus::Failed);
    assert!(world.gocardless.write(&key, &write).await.unwrap().adopted);
    let (key, write) = retry(&payment, 1, 12_000);
    assert!(!world.gocardless.write(&key, &write).await.unwrap().adopted);
}

#[tokio::test]
async fn a_payment_can_not_be_cancelled_once_it_is_submitted() {
    let world = World::new();
    let payment = world.collected("5031", 12_000).await;
    world.pass(4);
    let (key, write) = cancel(&payment);
    assert_eq!(cause(world.gocardless.write(&key, &write).await), RejectionCause::State);
    let (key, write) = retry(&payment, 0, 12_000);
    let on_its_way = world.gocardless.write(&key, &write).await.unwrap();
    assert!(on_its_way.adopted);
}

#[tokio::test]
async fn payments_reach_the_bank_to_the_penny() {
    let world = World::new();
    let start = world.clock.now();
    let mut payments = Vec::new();
    for (index, minor) in [12_000, 25_050, 9_999].into_iter().enumerate() {
        payments.push(world.collected(&format!("600{index}"), minor).await);
    }
    world.pass(14);
    for payment in &payments {
        assert_eq!(world.payment(payment).await.status, CollectionStatus::PaidOut);
    }
    let page = world.gocardless.payouts_since(start, None).await.unwrap();
    assert_eq!(page.records.len(), 1);
    let payout = page.records.into_iter().next().unwrap().read.into_found().unwrap();
    assert_eq!(payout.status, PayoutStatus::Paid);
    assert!(payout.arrival_on.is_some());
    let items = world.gocardless.payout_items(&payout.id).await.unwrap();
    let sum = ItemAmount::sum(items.iter().map(|item| &item.amount)).unwrap();
    assert_eq!(sum.round_to_minor(), Ok(payout.amount.minor));
    let settled: Vec<_> = items
        .iter()
        .filter(|item| item.kind == PayoutItemKind::PaymentPaidOut)
        .map(|item| item.collection.clone().unwrap().to_string())
        .collect();
    assert_eq!(settled.len(), 3);
    assert!(payments.iter().all(|payment| settled.contains(payment)));
    let read = world.gocardless.payouts(&[payout.id.clone(), "PO404".into()]).await.unwrap();
    assert_eq!(read, [Read::Found(payout), Read::Missing]);
    assert!(world.events().await.iter().any(|event| event.action == "paid_out"));
}

#[tokio::test]
async fn a_chargeback_and_a_refund_are_seen() {
    let world = World::new();
    let creditor = world.gocardless.check_health().await.unwrap().account;
    world.control("/act", json!({"action": "enable_refunds", "creditor": creditor}));
    let payment = world.collected("5031", 12_000).await;
    let refunded = world.collected("5032", 8_000).await;
    world.pass(21);
    // Refunds are paid out of what is confirmed and not yet paid out.
    world.collected("5033", 20_000).await;
    world.pass(4);
    let refund = world
        .control("/act", json!({"action": "create_refund", "payment": refunded, "amount": 3_000}));
    let id = refund["refund"]["id"].as_str().unwrap();
    world.control("/act", json!({"action": "charge_back", "payment": payment}));
    assert_eq!(world.payment(&payment).await.status, CollectionStatus::ChargedBack);
    assert_eq!(world.payment(&refunded).await.refunded, Money::new(3_000, Currency::GBP));
    let read = world.gocardless.refunds(&[id.into()]).await.unwrap();
    let refund = read[0].found().unwrap();
    assert_eq!(refund.collection.as_ref().unwrap().as_str(), refunded);
    assert_eq!(refund.amount, Money::new(3_000, Currency::GBP));
    assert!(matches!(
        refund.status,
        RefundStatus::Created | RefundStatus::PendingSubmission | RefundStatus::Submitted
    ));
}

#[tokio::test]
async fn a_payer_authorises_by_link() {
    let world = World::new();
    let key = Key::new(&["request", "1007", "GBP", "1"]);
    let request = ProcessorWrite::RequestMandate(RequestMandate {
        erp_customer: "1007".into(),
        customer: None,
        currency: Currency::GBP,
        description: "Direct Debit".to_owned(),
        metadata: [("mlc_customer", "1007"), ("mlc_key", key.as_str())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    });
    let made = world.gocardless.write(&key, &request).await.unwrap();
    let again = world.gocardless.write(&key, &request).await.unwrap();
    assert_eq!((again.id.as_str(), again.adopted), (made.id.as_str(), true));
    assert_eq!(world.gocardless.find(&key, &request).await.unwrap().unwrap().id, made.id);

    let invite = ProcessorWrite::InviteMandate(InviteMandate {
        erp_customer: "1007".into(),
        request: made.id.as_str().into(),
        company_name: Some("Brook & Sons".to_owned()),
        given_name: None,
        family_name: None,
        email: Some("ap@brook.example".to_owned()),
        country: Some("GB".to_owned()),
    });
    let link = world.gocardless.write(&Key::new(&["invite", "1"]), &invite).await.unwrap();
    assert!(link.url.unwrap().starts_with("https://"));
    let ids = [made.id.as_str().into()];
    let request = world.gocardless.mandate_requests(&ids).await.unwrap().remove(0);
    let request = request.into_found().unwrap();
    assert_eq!(request.status, MandateRequestStatus::Pending);
    assert_eq!(request.erp_customer.unwrap().as_str(), "1007");

    world.control("/act", json!({"action": "complete_flow", "billing_request": made.id}));
    world.pass(1);
    let request = world.gocardless.mandate_requests(&ids).await.unwrap().remove(0);
    let request = request.into_found().unwrap();
    assert_eq!(request.status, MandateRequestStatus::Fulfilled);
    let mandates = world.gocardless.mandates_of(&request.customer.unwrap()).await.unwrap();
    let mandate = mandates[0].found().unwrap();
    assert_eq!(Some(&mandate.id), request.mandate.as_ref());
    assert_eq!(mandate.currency, Currency::GBP);
    assert!(mandate.status.usable(false) && mandate.next_possible_charge_on.is_some());
    assert_eq!(mandate.reference_max, Some(10));
}

#[tokio::test]
async fn customers_are_listed_and_linked() {
    let world = World::new();
    let customer = world.customer.as_str();
    let link = |erp: &str| {
        let write = LinkCustomer { erp_customer: erp.into(), customer: customer.into() };
        ProcessorWrite::LinkCustomer(write)
    };
    let key = Key::new(&["link", "1007"]);
    assert_eq!(world.gocardless.find(&key, &link("1007")).await, Ok(None));
    assert!(!world.gocardless.write(&key, &link("1007")).await.unwrap().adopted);
    assert!(world.gocardless.write(&key, &link("1007")).await.unwrap().adopted);
    assert_eq!(cause(world.gocardless.write(&key, &link("9")).await), RejectionCause::State);
    let epoch = "1970-01-01T00:00:00Z".parse().unwrap();
    let page = world.gocardless.customers_since(epoch, None).await.unwrap();
    let found = page.records.iter().find(|known| known.id.as_str() == customer).unwrap();
    assert_eq!(found.erp_customer.as_ref().unwrap().as_str(), "1007");
    assert_eq!(found.email.as_deref(), Some("ap@aldermoor.example"));
}

#[tokio::test]
async fn what_was_created_in_one_moment_is_listed_on_every_page() {
    let world = World::new();
    // Finer than the milliseconds in which times are told.
    world.clock.wait(Duration::from_micros(123_456)).await;
    let customers: Vec<_> = (0..1_200)
        .map(|n| json!({"email": format!("ap{n}@example.com"), "company_name": format!("C{n}")}))
        .collect();
    world.control("/seed", json!({ "customers": customers }));
    let epoch = "1970-01-01T00:00:00Z".parse().unwrap();
    let (mut seen, mut page) = (BTreeSet::new(), None::<String>);
    loop {
        let answer = world.gocardless.customers_since(epoch, page.as_deref()).await.unwrap();
        seen.extend(answer.records.into_iter().filter_map(|one| one.email));
        page = answer.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(seen.iter().filter(|email| email.ends_with("@example.com")).count(), 1_200);
}

#[tokio::test]
async fn a_replaced_mandate_names_its_successor() {
    let world = World::new();
    let act = json!({"action": "replace_mandate", "mandate": world.mandate});
    world.control("/act", act);
    let read = world.gocardless.mandates(&[world.mandate.as_str().into()]).await.unwrap();
    let old = read[0].found().unwrap();
    assert_eq!(old.status, MandateStatus::Cancelled);
    let next = old.replaced_by.clone().unwrap();
    let read = world.gocardless.mandates(&[next]).await.unwrap();
    assert!(read[0].found().unwrap().status.usable(false));
    let (key, write) = world.collect("5031", 100);
    let refused = cause(world.gocardless.write(&key, &write).await);
    assert_eq!(refused, RejectionCause::MandateUnusable);
}

#[tokio::test]
async fn the_rate_limit_is_waited_for() {
    let world = World::with(json!({"rate_limit_per_minute": 20}), "sandbox-gocardless-read-write");
    let payment = world.collected("5031", 12_000).await;
    let ids = vec![payment.as_str().into(); 50];
    let before = world.clock.now();
    let read = world.gocardless.collections(&ids, Depth::Direct).await.unwrap();
    assert!(read.iter().all(|read| matches!(read, Read::Found(_))));
    assert!(world.clock.now().duration_since(before).as_secs() >= 60);
}

#[tokio::test]
async fn reads_survive_bad_moments() {
    let world = World::new();
    let payment = world.collected("5031", 12_000).await;
    for (kind, count) in
        [("too_many_requests", 1), ("internal_error", 3), ("bad_gateway", 2), ("reset_before", 2)]
    {
        world.control("/faults", json!({"rules": [{"kind": kind, "count": count}]}));
        assert_eq!(world.payment(&payment).await.id.as_str(), payment, "{kind}");
    }
}

#[tokio::test]
async fn health_names_the_account() {
    let world = World::new();
    let health = world.gocardless.check_health().await.unwrap();
    assert!(health.account.starts_with("CR"), "{health:?}");
    assert_eq!(health.environment, Environment::Sandbox);
    assert!(health.ok(), "{health:?}");
}

#[tokio::test]
async fn a_read_only_token_reads_and_writes_nothing() {
    let world = World::with(json!({}), DEFAULT_READ_ONLY_TOKEN);
    assert!(world.gocardless.check_health().await.is_ok());
    let (key, write) = world.collect("5031", 12_000);
    let refused = cause(world.gocardless.write(&key, &write).await);
    assert_eq!(refused, RejectionCause::Permission);
}

#[tokio::test]
async fn a_revoked_token_is_refused() {
    let world = World::new();
    let act = json!({"action": "revoke_token", "token": "sandbox-gocardless-read-write"});
    world.control("/act", act);
    let refused = world.gocardless.check_health().await;
    assert!(matches!(refused, Err(PortError::Unauthorised(_))), "{refused:?}");
}

#[tokio::test]
async fn deliveries_are_verified_and_equal_the_event_list() {
    let world = World::new();
    let endpoint = json!({"url": "https://mlc.example/webhooks/1", "secret": WEBHOOK_SECRET});
    world.control("/seed", json!({"webhook_endpoints": [endpoint]}));
    world.collected("5031", 12_000).await;
    world.pass(1);
    let deliveries = world.emulator.deliveries(world.clock.now());
    assert!(!deliveries.is_empty());
    let mut delivered = Vec::new();
    for delivery in deliveries {
        let header = |name: &str| {
            let found = delivery.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        assert_eq!(world.gocardless.verify_delivery(&header, &delivery.body), Ok(()));
        let mut body = delivery.body.to_vec();
        body.push(b'\n');
        assert!(world.gocardless.verify_delivery(&header, &body).is_err());
        let read = world.gocardless.read_delivery(&delivery.body);
        assert_eq!(read.odd, Vec::<String>::new());
        delivered.extend(read.events);
    }
    let listed = world.events().await;
    assert!(delivered.iter().all(|event| listed.contains(event)));
    assert!(delivered.iter().any(|event| event.action == "created"));
}

#[tokio::test]
async fn the_event_list_is_read_page_by_page() {
    let world = World::new();
    for invoice in 0..260 {
        world.collected(&invoice.to_string(), 500).await;
    }
    world.pass(7);
    let events = world.events().await;
    let mut ids: Vec<_> = events.iter().map(|event| event.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len());
    assert!(events.len() > 500, "{}", events.len());
}
