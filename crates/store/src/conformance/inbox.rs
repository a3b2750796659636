//! Verified deliveries.

use model::ids::ConnectionId;

use super::fixtures::{AnyStore, at, case, connection, hint, ok, person, refused, request};
use crate::rows::{Note, OddDelivery, Side};

super::suite! {
    deliveries_come_back_oldest_first,
    a_processed_delivery_is_taken_no_more,
    hints_of_a_delivery_are_given_with_it,
    bad_signatures_are_counted_alone,
    an_odd_hint_does_not_hold_up_its_delivery,
    an_odd_delivery_waits_for_a_person_until_it_is_dismissed,
}

fn bank() -> ConnectionId {
    ConnectionId::new("bank")
}

async fn deliveries_come_back_oldest_first(store: AnyStore) {
    let first = ok(store.inbox_put(&bank(), b"\x00one\xff", at(5)).await);
    let second = ok(store.inbox_put(&bank(), b"two", at(4)).await);
    assert!(second > first);
    let rows = ok(store.inbox_take(10).await);
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!(rows[0].body, b"\x00one\xff");
    assert_eq!((rows[0].received_at, rows[0].connection.clone()), (at(5), bank()));
    assert_eq!(ok(store.inbox_take(1).await).len(), 1);
}

async fn a_processed_delivery_is_taken_no_more(store: AnyStore) {
    let first = ok(store.inbox_put(&bank(), b"one", at(1)).await);
    let second = ok(store.inbox_put(&bank(), b"two", at(2)).await);
    ok(store.inbox_done(first, &[], Some(&Note::Said("not needed".to_owned()))).await);
    let left: Vec<i64> = ok(store.inbox_take(10).await).iter().map(|row| row.id).collect();
    assert_eq!(left, [second]);
    assert_eq!(ok(store.status(at(3)).await).inbox_waiting, 1);
    ok(store.inbox_done(first, &[], None).await);
    refused(store.inbox_done(second + 100, &[], None).await);
}

async fn an_odd_delivery_waits_for_a_person_until_it_is_dismissed(store: AnyStore) {
    let odd = ok(store.inbox_put(&bank(), b"one", at(1)).await);
    let plain = ok(store.inbox_put(&bank(), b"two", at(2)).await);
    let other = ok(store.inbox_put(&bank(), b"three", at(3)).await);
    assert!(ok(store.odd_deliveries(true).await).is_empty(), "nothing is known of them yet");
    let note = Note::Odd("the body is not JSON".to_owned());
    ok(store.inbox_done(odd, &[], Some(&note)).await);
    ok(store.inbox_done(plain, &[], Some(&Note::Said("not needed".to_owned()))).await);
    ok(store.inbox_done(other, &[], Some(&note)).await);
    let waiting = ok(store.odd_deliveries(false).await);
    assert_eq!(waiting.iter().map(|one| one.id).collect::<Vec<_>>(), [odd, other]);
    let first = waiting.first().cloned();
    let expected = OddDelivery {
        id: odd,
        connection: bank(),
        received_at: at(1),
        odd: "the body is not JSON".to_owned(),
        dismissed: false,
    };
    assert_eq!(first, Some(expected));
    assert_eq!(ok(store.status(at(4)).await).attention, 2);
    refused(store.dismiss_delivery(plain, &person(), at(5)).await);
    refused(store.dismiss_delivery(other + 100, &person(), at(5)).await);
    for _ in 0..2 {
        ok(store.dismiss_delivery(odd, &person(), at(5)).await);
    }
    let left: Vec<i64> = ok(store.odd_deliveries(false).await).iter().map(|one| one.id).collect();
    assert_eq!(left, [other]);
    let all = ok(store.odd_deliveries(true).await);
    assert_eq!(all.iter().map(|one| one.dismissed).collect::<Vec<_>>(), [true, false]);
    assert_eq!(ok(store.status(at(6)).await).attention, 1);
    let trail = ok(store.audit_rows(0, 10).await);
    let told = trail.iter().filter(|row| row.what == "delivery dismissed");
    assert_eq!(told.count(), 1, "said once in the trail");
    // Worked on again, what a person has seen stays dismissed.
    ok(store.inbox_done(odd, &[], Some(&note)).await);
    assert_eq!(ok(store.odd_deliveries(false).await).len(), 1);
}

async fn hints_of_a_delivery_are_given_with_it(store: AnyStore) {
    let id = ok(store.inbox_put(&bank(), b"one", at(1)).await);
    refused(store.inbox_done(id + 1, &[hint(1, 2)], None).await);
    assert_eq!(ok(store.case(&case(1)).await), None, "a refused step gives no hints");
    ok(store.inbox_done(id, &[hint(1, 2), hint(2, 2)], None).await);
    assert_eq!(ok(store.claim(&request("w", 2)).await).len(), 2);
}

async fn bad_signatures_are_counted_alone(store: AnyStore) {
    let bank = connection("bank", Side::Processor);
    ok(store.put_connection(&bank, &[], &person(), at(0)).await);
    assert!(ok(store.status(at(1)).await).bad_signatures.is_empty());
    ok(store.inbox_count_bad(&bank.id).await);
    ok(store.inbox_count_bad(&bank.id).await);
    ok(store.put_connection(&bank, &[], &person(), at(2)).await);
    let status = ok(store.status(at(1)).await);
    assert_eq!(status.bad_signatures["bank"], 2);
    assert_eq!(status.inbox_waiting, 0);
}

async fn an_odd_hint_does_not_hold_up_its_delivery(store: AnyStore) {
    let id = ok(store.inbox_put(&bank(), b"one", at(1)).await);
    let mut odd = hint(1, 2);
    odd.case.subject = String::new();
    let mut slashes = hint(1, 2);
    slashes.case.subject = "a/b/".to_owned();
    ok(store.inbox_done(id, &[odd.clone(), slashes.clone(), hint(2, 2)], None).await);
    for case in [&odd.case, &slashes.case] {
        ok(store.audit(&person(), Some(case), "seen", &serde_json::json!({}), at(1)).await);
    }
    let rows = ok(store.audit_rows(0, 10).await);
    assert_eq!(rows[0].case, Some(odd.case));
    assert_eq!(rows[1].case, Some(slashes.case));
    assert_eq!(ok(store.claim(&request("w", 2)).await).len(), 3);
}
