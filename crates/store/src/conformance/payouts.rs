//! Kept items and the documents that stand for them.

use jiff::civil::Date;

use model::case::CaseKey;
use model::decision::{DocumentRole, ItemDocument};
use model::event::{Event, EventSubject};
use model::ids::{CollectionId, EventId, PayoutId, ProcessorRefundId};
use model::key::Key;
use model::money::{Currency, ItemAmount};
use model::payout::{ItemRoute, KeptItem, PayoutItem, PayoutItemKind};

use super::fixtures::{AnyStore, at, case, hint, lease, linked, look, ok, processor, request};
use crate::rows::{ClaimRequest, CollectionRow, Hint, LookResult};

super::suite! {
    a_kept_item_is_written_once,
    items_are_found_by_payout_collection_and_refund,
    documents_of_a_payouts_own_case_are_kept,
    documents_of_a_collection_go_to_the_items_account,
    payment_context_holds_events_items_and_documents,
}

fn item(payout: &str, ordinal: u32, collection: Option<&str>, on: Date) -> KeptItem {
    KeptItem {
        payout: PayoutId::new(payout),
        item: PayoutItem {
            ordinal,
            kind: PayoutItemKind::PaymentPaidOut,
            amount: ItemAmount::parse_minor("-324.6").expect("an amount"),
            taxes: Vec::new(),
            collection: collection.map(CollectionId::new),
            refund: None,
            mandate: None,
        },
        route: ItemRoute::InDeposit,
        arrival_on: on,
        currency: Currency::GBP,
        bank_account: None,
        exchanged: false,
        made_at: None,
    }
}

fn on(day: i8) -> Date {
    jiff::civil::date(2026, 3, day)
}

async fn keep(store: &AnyStore, items: &[KeptItem]) {
    let held = lease(store, "keeper", 99, 0).await;
    let kept_items = items.iter().map(|item| (processor(), item.clone())).collect();
    ok(store.save_look(&LookResult { kept_items, ..look(store, &held, 0).await }).await);
    ok(store.release(held.id, held.epoch, None).await);
}

async fn a_kept_item_is_written_once(store: AnyStore) {
    let first = item("PO1", 0, Some("PM1"), on(3));
    keep(&store, std::slice::from_ref(&first)).await;
    let rerouted = KeptItem { route: ItemRoute::FromBank, ..first.clone() };
    let altered = KeptItem { arrival_on: on(9), ..rerouted.clone() };
    keep(&store, &[altered]).await;
    let kept = ok(store.items_of_payout(&processor(), &PayoutId::new("PO1")).await);
    assert_eq!(kept, vec![rerouted], "only the route of a held item changes");
}

async fn items_are_found_by_payout_collection_and_refund(store: AnyStore) {
    let refund = ProcessorRefundId::new("RF1");
    let mut refunded = item("PO1", 2, Some("PM1"), on(3));
    refunded.item.refund = Some(refund.clone());
    let items = [
        item("PO2", 0, Some("PM1"), on(1)),
        refunded.clone(),
        item("PO1", 0, Some("PM1"), on(3)),
        item("PO1", 1, Some("PM2"), on(3)),
    ];
    keep(&store, &items).await;
    let [early, refunded, paid, other] = items;
    let of_payout = ok(store.items_of_payout(&processor(), &PayoutId::new("PO1")).await);
    assert_eq!(of_payout, vec![paid.clone(), other, refunded.clone()]);
    let of_collection = store.items_of_collection(&processor(), &CollectionId::new("PM1")).await;
    assert_eq!(ok(of_collection), vec![early, paid, refunded.clone()]);
    assert_eq!(ok(store.items_of_refund(&processor(), &refund).await), vec![refunded]);
    let elsewhere = "pro:OR2".into();
    assert_eq!(ok(store.items_of_payout(&elsewhere, &PayoutId::new("PO1")).await), vec![]);
}

fn document(payout: &str, ordinal: u32, role: DocumentRole, document: &str) -> ItemDocument {
    ItemDocument {
        payout: PayoutId::new(payout),
        ordinal,
        role,
        key: Key::new(&["receipt", payout, &ordinal.to_string()]),
        document: document.to_owned(),
        collection: None,
    }
}

async fn settled(store: &AnyStore, settled: Vec<ItemDocument>) {
    let held = lease(store, "settler", 1, 0).await;
    let mut saved = look(store, &held, 0).await;
    saved.decision.settled = settled;
    ok(store.save_look(&saved).await);
    ok(store.release(held.id, held.epoch, None).await);
}

async fn documents_of_a_payouts_own_case_are_kept(store: AnyStore) {
    let payout = CaseKey::payout(&processor(), &PayoutId::new("PO1"));
    ok(store.hint(&[Hint { case: payout.clone(), ..hint(1, 0) }]).await);
    let kind = payout.kind;
    let held = ok(store.claim(&ClaimRequest { kind, ..request("w", 0) }).await).remove(0);
    let mut saved = look(&store, &held, 0).await;
    saved.link = None;
    let loss = document("PO1", 3, DocumentRole::Loss, "J1");
    let refund = document("PO1", 3, DocumentRole::Refund, "R1");
    saved.decision.settled = vec![loss.clone(), refund.clone()];
    ok(store.save_look(&saved).await);
    let stored = ok(store.item_documents(&processor(), &PayoutId::new("PO1")).await);
    assert_eq!(stored, vec![loss, refund]);
}

async fn documents_of_a_collection_go_to_the_items_account(store: AnyStore) {
    linked(&store).await;
    keep(&store, &[item("PO1", 0, Some("PM1"), on(3))]).await;
    settled(&store, vec![document("PO1", 0, DocumentRole::Receipt, "5001")]).await;
    // One whose item is not kept goes to the account of the link.
    settled(&store, vec![document("PO2", 0, DocumentRole::Receipt, "5002")]).await;
    // Said again, it is replaced.
    settled(&store, vec![document("PO1", 0, DocumentRole::Receipt, "5003")]).await;
    for (payout, expected) in [("PO1", "5003"), ("PO2", "5002")] {
        let stored = ok(store.item_documents(&processor(), &PayoutId::new(payout)).await);
        assert_eq!(stored, vec![document(payout, 0, DocumentRole::Receipt, expected)]);
    }
}

async fn payment_context_holds_events_items_and_documents(store: AnyStore) {
    let row = |id: &str| CollectionRow {
        account: processor(),
        id: CollectionId::new(id),
        case: Some(case(1)),
        adopted: false,
        created_at: at(0),
        body: serde_json::json!({}).into(),
    };
    ok(store.put_collections(&[row("PM1"), row("PM2")], &[]).await);
    let late = item("PO1", 1, Some("PM1"), on(9));
    let early = item("PO2", 0, Some("PM2"), on(2));
    keep(&store, &[late.clone(), early.clone(), item("PO3", 0, Some("PM9"), on(1))]).await;
    let by_item = document("PO1", 1, DocumentRole::Receipt, "1");
    let by_name = ItemDocument {
        collection: Some(CollectionId::new("PM2")),
        ..document("PO2", 0, DocumentRole::Receipt, "2")
    };
    let foreign = document("PO3", 0, DocumentRole::Receipt, "3");
    settled(&store, vec![by_name.clone(), by_item.clone(), foreign]).await;
    let event = |id: &str, collection: &str, now: i64| Event {
        id: EventId::new(id),
        at: at(now),
        subject: EventSubject::Collection(collection.to_owned()),
        action: "confirmed".to_owned(),
        origin: None,
        cause: None,
        description: None,
        reason_code: None,
        will_retry: None,
        links: Default::default(),
        resource_metadata: Default::default(),
        metadata: Default::default(),
    };
    let events = [event("EV1", "PM1", 7), event("EV2", "PM2", 3), event("EV3", "PM9", 1)];
    ok(store.put_events(&processor(), &events, &[]).await);

    let context = ok(store.payment_context(&case(1)).await);
    assert_eq!(context.collections.len(), 2);
    assert_eq!(context.events, vec![events[1].clone(), events[0].clone()]);
    assert_eq!(context.items, vec![early, late]);
    assert_eq!(context.documents, vec![by_item, by_name]);
}
