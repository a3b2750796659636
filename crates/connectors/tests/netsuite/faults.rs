//! Lost answers, expired tokens, refusals and slow-downs.

use model::ids::InvoiceId;
use model::receipt::{DocumentKind, ErpDocument};
use ports::{Depth, PortError, Read};
use serde_json::json;

use model::command::{ErpWrite, RejectionCause};

use crate::books::deposit_of;
use crate::world::{UNDEPOSITED, World, named, pounds};

#[tokio::test]
async fn a_lost_answer_is_resolved_by_the_key() {
    for (kind, happened) in [
        ("timeout_after_write", true),
        ("reset_after", true),
        ("timeout_before", false),
        ("reset_before", false),
    ] {
        let world = World::new();
        let invoice = world.invoice("INV-1", "240.00");
        let write = world.receipt(&invoice, 24_000, 24_000);
        world.netsuite.choices(ports::erp::ChoiceKind::Currencies).await.unwrap();
        let fault = json!({"kind": kind, "method": "POST", "path": "customerPayment", "times": 1});
        world.control("/faults", fault);
        let lost = world.record("receipt", write.clone()).await;
        assert!(matches!(lost, Err(PortError::OutcomeUnknown(_))), "{kind} {lost:?}");
        let write = ErpWrite::RecordReceipt(write);
        let found = world.netsuite.find(&named("receipt"), &write).await.unwrap();
        assert_eq!(found.is_some(), happened, "{kind}");
        // Sending it again makes exactly one, either way.
        let again = world.write("receipt", write).await.unwrap();
        assert_eq!(again.adopted, happened, "{kind}");
        assert_eq!(world.balance(UNDEPOSITED).await, 24_000, "{kind}");
    }
}

#[tokio::test]
async fn expired_tokens_are_renewed_without_anyone_noticing() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    world.read_invoice(&invoice).await;
    world.control("/faults", json!({"expire_tokens": true}));
    world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    world.seconds_pass(3_500);
    world.read_invoice(&invoice).await;
    world.control("/faults", json!({"revoke_certificate": "the-certificate"}));
    world.control("/faults", json!({"expire_tokens": true}));
    let ids = [invoice];
    let refused = world.netsuite.invoices(&ids, Depth::Direct).await;
    assert!(matches!(refused, Err(PortError::Unauthorised(_))), "{refused:?}");
}

#[tokio::test]
async fn reads_survive_what_passes() {
    for status in [429, 500, 503] {
        let world = World::new();
        let invoice = world.invoice("INV-1", "240.00");
        world.control("/faults", json!({"kind": "status", "status": status, "times": 2}));
        assert_eq!(world.read_invoice(&invoice).await.due, pounds(24_000), "{status}");
    }
}

#[tokio::test]
async fn a_customers_own_script_is_quoted() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let text = "Credit control has this customer on hold.";
    world.control("/faults", json!({"kind": "reject", "record": "customerPayment", "text": text}));
    match world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await {
        Err(PortError::Rejected(rejection)) => {
            assert_eq!(rejection.cause, RejectionCause::Validation);
            assert!(rejection.words.contains(text), "{}", rejection.words);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_record_that_somebody_saves_meanwhile_is_stale() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    let receipt = world.read_receipt("receipt", Depth::Direct).await;
    world.control("/faults", json!({"kind": "record_changed", "method": "PATCH", "times": 1}));
    let write = crate::books::unapply_of(&receipt, &invoice, 24_000, 24_000);
    let answer = world.write("unapply", write.clone()).await;
    assert!(matches!(answer, Err(PortError::Stale(_))), "{answer:?}");
    world.write("unapply", write).await.unwrap();
}

#[tokio::test]
async fn what_was_deleted_or_never_was_is_missing() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let id = world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap().id;
    world.act(json!({"do": "delete", "record": id}));
    let keys = [
        (DocumentKind::Receipt, named("receipt")),
        (DocumentKind::Refund, named("never")),
        (DocumentKind::Deposit, named("never")),
        (DocumentKind::Journal, named("never")),
    ];
    for depth in [Depth::Cheap, Depth::Direct] {
        let reads = world.netsuite.documents(&keys, depth).await.unwrap();
        assert!(reads.iter().all(|read| *read == Read::Missing), "{reads:?}");
        let ids = [InvoiceId::new(id.as_str()), InvoiceId::new("999999"), invoice.clone()];
        let reads = world.netsuite.invoices(&ids, depth).await.unwrap();
        assert_eq!(reads[..2], [Read::Missing, Read::Missing]);
        assert!(reads[2].found().is_some());
    }
}

#[tokio::test]
async fn stale_queries_never_hide_what_a_direct_read_shows() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    world.seconds_pass(3_600);
    world.netsuite.open_invoices(None).await.unwrap();
    world.control("/faults", json!({"stale_minutes": 15}));
    let id = world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap().id;
    assert_eq!(world.read_invoice(&invoice).await.due, pounds(0));
    // Not shown by the query yet, hence read by key.
    let document = world.document(DocumentKind::Receipt, "receipt", Depth::Cheap).await;
    assert!(matches!(document, ErpDocument::Receipt(_)));
    // The deposit's total is checked although queries do not know the receipt.
    world.write("deposit", deposit_of(&[&id], &[], 100, 23_900)).await.unwrap();
}
