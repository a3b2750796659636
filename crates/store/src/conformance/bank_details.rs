//! Bank details of payers: sealed with their order, unsealed by reference, erased with the decision
//! that finds them spent.

use secrecy::{ExposeSecret, SecretString};

use model::direct::Authorised;
use model::ids::BankDetailsId;
use model::person::PersonSaid;

use super::fixtures::{AnyStore, at, case, hint, lease, look, ok, person, refused, request, told};
use crate::rows::{LookResult, NewMandateOrder, Saved};

super::suite! {
    an_order_makes_its_case_due_and_names_its_details,
    one_case_holds_details_of_one_order,
    details_are_erased_with_a_decision,
    a_look_without_its_lease_erases_nothing,
    no_row_of_the_trail_holds_details,
}

const DETAILS: &str = r#"{"account_number":"pl4nted55779911"}"#;

fn wanted() -> NewMandateOrder {
    NewMandateOrder { scheme: "bacs".to_owned(), authorised: Authorised::Telephone }
}

async fn order(store: &AnyStore, n: u32, now: i64) -> BankDetailsId {
    let details = SecretString::from(DETAILS.to_owned());
    ok(store.order_mandate(&hint(n, now), &wanted(), &details, &person(), at(now)).await)
}

async fn unsealed(store: &AnyStore, id: &BankDetailsId) -> Option<String> {
    ok(store.bank_details(id).await).map(|details| details.expose_secret().to_owned())
}

async fn an_order_makes_its_case_due_and_names_its_details(store: AnyStore) {
    let id = order(&store, 1, 5).await;
    assert_eq!(unsealed(&store, &id).await.as_deref(), Some(DETAILS));
    assert_eq!(unsealed(&store, &BankDetailsId::new("other")).await, None);
    let claimed = ok(store.claim(&request("w", 5)).await).remove(0);
    assert_eq!(claimed.key, case(1));
    let context = ok(store.contexts(&[claimed.id]).await).remove(0);
    assert_eq!(context.bank_details, std::slice::from_ref(&id));
    let fact = &context.person_facts[0];
    assert_eq!((fact.nth, fact.at, &fact.actor), (1, at(5), &person()));
    let PersonSaid::OrderMandate { order } = &fact.said else { panic!("{fact:?}") };
    assert_eq!((&order.details, order.scheme.as_str()), (&id, "bacs"));
    assert_eq!(order.authorised, Authorised::Telephone);
}

async fn one_case_holds_details_of_one_order(store: AnyStore) {
    let first = order(&store, 1, 1).await;
    let details = SecretString::from("other".to_owned());
    let again = store.order_mandate(&hint(1, 2), &wanted(), &details, &person(), at(2)).await;
    let why = refused(again);
    assert!(why.contains("given before"), "{why}");
    assert_eq!(told(&store, 1).await, ["person"], "nothing of it is stored");
    let other = order(&store, 2, 2).await;
    assert_ne!(first, other);
    assert_eq!(unsealed(&store, &first).await.as_deref(), Some(DETAILS));
}

async fn details_are_erased_with_a_decision(store: AnyStore) {
    let (id, other) = (order(&store, 1, 0).await, order(&store, 2, 0).await);
    let held = lease(&store, "w", 1, 0).await;
    let mut saved = look(&store, &held, 1).await;
    saved.decision.erase = vec![id.clone(), BankDetailsId::new("never there")];
    assert_eq!(ok(store.save_look(&saved).await), Saved::Stored);
    assert_eq!(unsealed(&store, &id).await, None);
    assert!(unsealed(&store, &other).await.is_some(), "another case's are left");
    assert!(ok(store.contexts(&[held.id]).await).remove(0).bank_details.is_empty());
    let erased = told(&store, 1).await.into_iter().filter(|what| what == "erased");
    assert_eq!(erased.count(), 1);
    // The next order's are others.
    assert_ne!(order(&store, 1, 2).await, id);
}

async fn a_look_without_its_lease_erases_nothing(store: AnyStore) {
    let id = order(&store, 1, 0).await;
    let held = lease(&store, "w", 1, 0).await;
    let mut late = look(&store, &held, 1).await;
    late.decision.erase = vec![id.clone()];
    let lost = LookResult { epoch: late.epoch - 1, ..late };
    assert_eq!(ok(store.save_look(&lost).await), Saved::LeaseLost);
    assert!(unsealed(&store, &id).await.is_some());
}

async fn no_row_of_the_trail_holds_details(store: AnyStore) {
    let id = order(&store, 1, 0).await;
    let held = lease(&store, "w", 1, 0).await;
    let mut saved = look(&store, &held, 1).await;
    saved.decision.erase = vec![id.clone()];
    ok(store.save_look(&saved).await);
    let text = format!("{:?}", ok(store.audit_rows(0, 20).await));
    assert!(text.contains(id.as_str()) && !text.contains("pl4nted"), "{text}");
}
