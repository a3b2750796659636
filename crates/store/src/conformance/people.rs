//! What people say of a case.

use serde_json::json;

use model::ids::CollectionId;
use model::person::PersonSaid;
use model::reason::ReasonCode;

use super::fixtures::{AnyStore, at, case, lease, ok, person, refused, request, told};

super::suite! {
    what_people_say_is_kept_in_order,
    what_people_say_makes_the_case_due,
    a_word_during_a_look_is_news,
    an_unknown_case_is_refused,
}

async fn what_people_say_is_kept_in_order(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    lease(&store, "w", 2, 0).await;
    let words = [
        PersonSaid::Adopt { collection: CollectionId::new("PM1") },
        PersonSaid::Leave { code: ReasonCode::AboveLimit },
    ];
    for (now, said) in (1..).zip(&words) {
        ok(store.person_said(&case(1), said, &person(), at(now)).await);
        ok(store.person_said(&case(2), said, &person(), at(now)).await);
    }
    let facts = ok(store.contexts(&[held.id]).await).remove(0).person_facts;
    let said: Vec<_> = facts.iter().map(|fact| (fact.nth, fact.at, fact.said.clone())).collect();
    assert_eq!(said, [(1, at(1), words[0].clone()), (2, at(2), words[1].clone())]);
    assert_eq!(facts[0].actor, person());
    assert_eq!(told(&store, 1).await, ["person", "person"]);
    let rows = ok(store.history(&case(1)).await);
    assert_eq!(rows[0].body["collection"], json!("PM1"));
    assert_eq!(rows[0].actor, person());
}

async fn what_people_say_makes_the_case_due(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    ok(store.release(held.id, held.epoch, None).await);
    let said = PersonSaid::Release { about: None };
    ok(store.person_said(&case(1), &said, &person(), at(7)).await);
    assert_eq!(ok(store.claim(&request("w", 7)).await).len(), 1);
}

async fn a_word_during_a_look_is_news(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    let said = PersonSaid::Retry { about: None };
    ok(store.person_said(&case(1), &said, &person(), at(1)).await);
    ok(store.release(held.id, held.epoch, Some(at(9_999))).await);
    assert_eq!(ok(store.claim(&request("w", 1)).await).len(), 1);
}

async fn an_unknown_case_is_refused(store: AnyStore) {
    let said = PersonSaid::Stop { about: None };
    refused(store.person_said(&case(1), &said, &person(), at(1)).await);
    assert_eq!(told(&store, 1).await, Vec::<String>::new());
}
