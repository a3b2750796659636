//! Processor customers, pairs of customers, collections that were seen.

use serde_json::json;

use model::customer::{CustomerPair, MatchedBy, ProcessorCustomer};
use model::ids::{AccountId, CollectionId, ErpCustomerId, ProcessorCustomerId};

use super::fixtures::{AnyStore, at, case, erp, lease, link_id, look, ok, processor};
use crate::rows::{CollectionRow, DirectoryRow, LookResult, PairQuery};

super::suite! {
    customers_are_found_by_folded_email,
    customers_are_found_by_erp_customer,
    pairs_are_found_from_both_sides,
    a_collection_keeps_its_case,
    a_freed_collection_is_nobodys_unless_another_case_took_it,
    foreign_collections_are_listed_until_matched,
    payment_context_holds_the_collections_of_its_case,
}

fn customer(id: &str, email: Option<&str>, erp_customer: Option<&str>) -> DirectoryRow {
    DirectoryRow {
        account: processor(),
        customer: ProcessorCustomer {
            id: ProcessorCustomerId::new(id),
            email: email.map(str::to_owned),
            name: Some(format!("Customer {id}")),
            country: None,
            erp_customer: erp_customer.map(ErpCustomerId::new),
        },
    }
}

async fn customers_are_found_by_folded_email(store: AnyStore) {
    let rows = [
        customer("CU2", Some(" Ann@Example.test "), None),
        customer("CU1", Some("ann@example.test"), None),
        customer("CU3", Some("bob@example.test"), None),
        customer("CU4", None, None),
    ];
    ok(store.put_directory(&rows).await);
    let found = ok(store.directory_by_email(&processor(), "ann@example.test").await);
    assert_eq!(found, vec![rows[1].customer.clone(), rows[0].customer.clone()]);
    ok(store.put_directory(&[customer("CU1", Some("new@example.test"), None)]).await);
    assert_eq!(ok(store.directory_by_email(&processor(), "ann@example.test").await).len(), 1);
    let elsewhere = AccountId::new("pro:OR2");
    assert_eq!(ok(store.directory_by_email(&elsewhere, "ann@example.test").await), vec![]);
}

async fn customers_are_found_by_erp_customer(store: AnyStore) {
    let rows = [customer("CU1", None, Some("7")), customer("CU2", None, Some("8"))];
    ok(store.put_directory(&rows).await);
    let found = ok(store.directory_by_erp_customer(&processor(), "8").await);
    assert_eq!(found, vec![rows[1].customer.clone()]);
    assert_eq!(ok(store.directory_by_erp_customer(&processor(), "9").await), vec![]);
}

fn pair(customer: &str, processor_customer: &str, by: MatchedBy) -> CustomerPair {
    CustomerPair {
        link: link_id(),
        erp: ErpCustomerId::new(customer),
        processor: ProcessorCustomerId::new(processor_customer),
        by,
    }
}

async fn pairs_are_found_from_both_sides(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    let first = pair("7", "CU1", MatchedBy::Email);
    let second = pair("8", "CU1", MatchedBy::StoredLink);
    let save = async |pairs: &[&CustomerPair]| {
        let pairs = pairs.iter().map(|pair| (erp(), processor(), (*pair).clone())).collect();
        ok(store.save_look(&LookResult { pairs, ..look(&store, &held, 0).await }).await);
    };
    save(&[&first, &second]).await;
    let query = |customer: &str| PairQuery {
        erp: erp(),
        processor: processor(),
        customer: ErpCustomerId::new(customer),
    };
    let found = ok(store.pairs(&[query("8"), query("9"), query("7")]).await);
    assert_eq!(found, vec![Some(second.clone()), None, Some(first.clone())]);
    let both = ok(store.pairs_of_processor(&processor(), "CU1").await);
    assert_eq!(both, vec![(erp(), first), (erp(), second)]);

    let moved = pair("7", "CU2", MatchedBy::Person);
    save(&[&moved]).await;
    assert_eq!(ok(store.pairs(&[query("7")]).await), vec![Some(moved)]);
    assert_eq!(ok(store.pairs_of_processor(&processor(), "CU1").await).len(), 1);
}

fn seen(id: &str, case: Option<u32>, created: i64) -> CollectionRow {
    CollectionRow {
        account: processor(),
        id: CollectionId::new(id),
        case: case.map(super::fixtures::case),
        adopted: false,
        created_at: at(created),
        body: json!({ "status": "confirmed", "nth": created }).into(),
    }
}

async fn a_collection_keeps_its_case(store: AnyStore) {
    let mut matched = seen("PM1", Some(1), 1);
    matched.adopted = true;
    ok(store.put_collections(&[matched.clone(), seen("PM2", None, 2)], &[]).await);
    let mut later = seen("PM1", None, 1);
    later.body = json!({ "status": "paid_out" }).into();
    ok(store.put_collections(&[later.clone()], &[]).await);
    let ids = ["PM2", "PM9", "PM1"].map(CollectionId::new);
    let rows = ok(store.collection_rows(&processor(), &ids).await);
    assert_eq!(rows[0], Some(seen("PM2", None, 2)));
    assert_eq!(rows[1], None);
    assert_eq!(rows[2], Some(CollectionRow { body: later.body, ..matched }));
}

async fn foreign_collections_are_listed_until_matched(store: AnyStore) {
    let rows =
        [seen("PM3", None, 9), seen("PM1", None, 5), seen("PM2", Some(2), 1), seen("PM4", None, 5)];
    ok(store.put_collections(&rows, &[]).await);
    let foreign = async |limit: u32| -> Vec<String> {
        let found = ok(store.foreign_collections(&processor(), limit).await);
        found.into_iter().map(|row| row.id.to_string()).collect()
    };
    assert_eq!(foreign(10).await, ["PM1", "PM4", "PM3"]);
    assert_eq!(foreign(2).await, ["PM1", "PM4"]);
    ok(store.put_collections(&[seen("PM1", Some(1), 5)], &[]).await);
    assert_eq!(foreign(10).await, ["PM4", "PM3"]);
}

async fn a_freed_collection_is_nobodys_unless_another_case_took_it(store: AnyStore) {
    let rows = [seen("PM1", Some(1), 1), seen("PM2", Some(2), 2)];
    ok(store.put_collections(&rows, &[]).await);
    let held = lease(&store, "w", 1, 0).await;
    let freed = ["PM1", "PM2"].map(|id| (processor(), CollectionId::new(id))).to_vec();
    ok(store.save_look(&LookResult { freed, ..look(&store, &held, 0).await }).await);
    let ids = ["PM1", "PM2"].map(CollectionId::new);
    let rows = ok(store.collection_rows(&processor(), &ids).await);
    assert_eq!(rows[0].as_ref().and_then(|row| row.case.clone()), None);
    assert_eq!(rows[1], Some(seen("PM2", Some(2), 2)));
}

async fn payment_context_holds_the_collections_of_its_case(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    let collections = vec![seen("PM2", Some(1), 8), seen("PM1", Some(1), 3), seen("PM3", None, 1)];
    ok(store.save_look(&LookResult { collections, ..look(&store, &held, 0).await }).await);
    let context = ok(store.payment_context(&case(1)).await);
    assert_eq!(context.collections, vec![seen("PM1", Some(1), 3), seen("PM2", Some(1), 8)]);
    assert!(context.events.is_empty() && context.items.is_empty());
    assert_eq!(ok(store.payment_context(&case(2)).await), Default::default());
}
