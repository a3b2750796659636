//! Hints, leases, epochs, takeover.

use futures::future::join_all;

use model::case::{CaseKey, CaseKind};
use model::ids::{LinkId, PayoutId};

use super::fixtures::{
    AnyStore, GRACE, LEASE, at, case, hint, lease, link_id, look, ok, processor, refused, request,
};
use crate::rows::{ClaimRequest, Hint, Saved};

super::suite! {
    the_sequence_only_grows,
    many_hints_are_one_piece_of_work,
    the_earliest_due_time_counts,
    a_hint_names_the_link_only_where_none_is_known,
    the_longest_due_comes_first_up_to_the_limit,
    a_claim_takes_its_own_kind_only,
    a_leased_case_is_not_claimed_again,
    racing_workers_share_the_cases,
    a_takeover_waits_for_lease_and_grace,
    an_old_epoch_writes_nothing,
    a_renewed_lease_holds_longer,
    a_renewal_tells_which_leases_are_lost,
    news_during_a_lease_makes_the_case_due_at_once,
    later_news_during_a_lease_waits_for_its_time,
    hints_before_the_lease_are_not_news,
    a_takeover_has_seen_the_news_of_the_lost_lease,
    a_case_without_due_time_rests,
    a_released_lease_is_over,
    a_dead_worker_leaves_its_cases,
    lease_holders_are_named,
}

async fn claim_ids(store: &AnyStore, request: &ClaimRequest) -> Vec<CaseKey> {
    ok(store.claim(request).await).into_iter().map(|claimed| claimed.key).collect()
}

async fn the_sequence_only_grows(store: AnyStore) {
    let seqs: Vec<i64> =
        join_all((0..20).map(|_| store.next_seq())).await.into_iter().map(ok).collect();
    let mut sorted = seqs.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), seqs.len());
    let last = sorted.last().copied().unwrap_or_default();
    assert!(ok(store.next_seq().await) > last);
}

async fn many_hints_are_one_piece_of_work(store: AnyStore) {
    ok(store.hint(&[hint(1, 0), hint(1, 5), hint(2, 0)]).await);
    ok(store.hint(&[hint(1, 3)]).await);
    let claimed = ok(store.claim(&request("w", 10)).await);
    assert_eq!(claimed.len(), 2);
    assert_eq!(claimed[0].key, case(1));
    assert_eq!(claimed[0].hints, 3);
    assert_eq!(claimed[0].link, Some(link_id()));
    assert_eq!(claimed[0].lease_until, at(10 + LEASE));
}

async fn the_earliest_due_time_counts(store: AnyStore) {
    ok(store.hint(&[hint(1, 50)]).await);
    ok(store.hint(&[hint(1, 20), hint(1, 90)]).await);
    assert_eq!(claim_ids(&store, &request("w", 19)).await, vec![]);
    assert_eq!(claim_ids(&store, &request("w", 20)).await, vec![case(1)]);
}

async fn a_hint_names_the_link_only_where_none_is_known(store: AnyStore) {
    ok(store.hint(&[Hint { link: None, ..hint(1, 0) }]).await);
    ok(store.hint(&[hint(1, 0)]).await);
    ok(store.hint(&[Hint { link: Some(LinkId::new("other")), ..hint(1, 0) }]).await);
    let claimed = ok(store.claim(&request("w", 1)).await);
    assert_eq!(claimed[0].link, Some(link_id()));
}

async fn the_longest_due_comes_first_up_to_the_limit(store: AnyStore) {
    ok(store.hint(&[hint(1, 30), hint(2, 10), hint(3, 20), hint(4, 99)]).await);
    let two = ClaimRequest { limit: 2, ..request("w", 40) };
    assert_eq!(claim_ids(&store, &two).await, vec![case(2), case(3)]);
    assert_eq!(claim_ids(&store, &two).await, vec![case(1)]);
}

async fn a_claim_takes_its_own_kind_only(store: AnyStore) {
    let payout = CaseKey::payout(&processor(), &PayoutId::new("PO1"));
    ok(store.hint(&[hint(1, 0), Hint { case: payout.clone(), ..hint(1, 0) }]).await);
    let payouts = ClaimRequest { kind: CaseKind::Payout, ..request("w", 1) };
    assert_eq!(claim_ids(&store, &payouts).await, vec![payout]);
    assert_eq!(claim_ids(&store, &request("w", 1)).await, vec![case(1)]);
}

async fn a_leased_case_is_not_claimed_again(store: AnyStore) {
    ok(store.hint(&[hint(1, 0)]).await);
    assert_eq!(claim_ids(&store, &request("a", 1)).await, vec![case(1)]);
    ok(store.hint(&[hint(1, 0)]).await);
    assert_eq!(claim_ids(&store, &request("b", 2)).await, vec![]);
    assert_eq!(claim_ids(&store, &request("a", 2)).await, vec![]);
}

async fn racing_workers_share_the_cases(store: AnyStore) {
    let hints: Vec<Hint> = (0..40).map(|n| hint(n, 0)).collect();
    ok(store.hint(&hints).await);
    let requests: Vec<ClaimRequest> =
        (0..8).map(|nth| ClaimRequest { limit: 7, ..request(&format!("w{nth}"), 1) }).collect();
    let claims = join_all(requests.iter().map(|request| store.claim(request))).await;
    let mut cases: Vec<CaseKey> =
        claims.into_iter().flat_map(ok).map(|claimed| claimed.key).collect();
    assert_eq!(cases.len(), 40);
    cases.sort();
    cases.dedup();
    assert_eq!(cases.len(), 40, "no case has two workers");
}

async fn a_takeover_waits_for_lease_and_grace(store: AnyStore) {
    let first = lease(&store, "a", 1, 0).await;
    let late = LEASE + GRACE;
    assert_eq!(claim_ids(&store, &request("b", late - 1)).await, vec![]);
    let second = ok(store.claim(&request("b", late)).await);
    assert_eq!(second.len(), 1);
    assert!(second[0].epoch > first.epoch);
}

async fn an_old_epoch_writes_nothing(store: AnyStore) {
    let first = lease(&store, "a", 1, 0).await;
    let late = LEASE + GRACE;
    let second = lease(&store, "b", 1, late).await;

    let stale = look(&store, &first, late).await;
    assert_eq!(ok(store.save_look(&stale).await), Saved::LeaseLost);
    assert_eq!(ok(store.history(&case(1)).await), vec![]);
    ok(store.release(first.id, first.epoch, Some(at(late))).await);
    assert_eq!(claim_ids(&store, &request("c", late + 1)).await, vec![]);
    let ours = look(&store, &second, late).await;
    assert_eq!(ok(store.save_look(&ours).await), Saved::Stored);
}

async fn a_renewed_lease_holds_longer(store: AnyStore) {
    let held = lease(&store, "a", 1, 0).await;
    let renewed = ok(store.renew(&[(held.id, held.epoch)], at(500)).await);
    assert_eq!(renewed, vec![held.id]);
    assert_eq!(claim_ids(&store, &request("b", 500 + GRACE - 1)).await, vec![]);
    assert_eq!(claim_ids(&store, &request("b", 500 + GRACE)).await, vec![case(1)]);
}

async fn a_renewal_tells_which_leases_are_lost(store: AnyStore) {
    let lost = lease(&store, "a", 1, 0).await;
    let given_back = lease(&store, "a", 2, 0).await;
    ok(store.release(given_back.id, given_back.epoch, None).await);
    let late = LEASE + GRACE;
    let ours = lease(&store, "b", 1, late).await;
    let asked = [(lost.id, lost.epoch), (given_back.id, given_back.epoch), (ours.id, ours.epoch)];
    assert_eq!(ok(store.renew(&asked, at(999)).await), vec![ours.id]);
}

async fn news_during_a_lease_makes_the_case_due_at_once(store: AnyStore) {
    let held = lease(&store, "a", 1, 0).await;
    ok(store.hint(&[hint(1, 5)]).await);
    ok(store.release(held.id, held.epoch, Some(at(10_000))).await);
    let again = ok(store.claim(&request("a", 6)).await);
    assert_eq!(again.len(), 1);
    assert!(again[0].hints > held.hints);

    ok(store.hint(&[hint(1, 7)]).await);
    ok(store.release(again[0].id, again[0].epoch, None).await);
    assert_eq!(claim_ids(&store, &request("a", 8)).await, vec![case(1)]);
}

async fn later_news_during_a_lease_waits_for_its_time(store: AnyStore) {
    let held = lease(&store, "a", 1, 0).await;
    ok(store.hint(&[hint(1, 300)]).await);
    ok(store.release(held.id, held.epoch, Some(at(10_000))).await);
    assert_eq!(claim_ids(&store, &request("a", 299)).await, vec![]);
    assert_eq!(claim_ids(&store, &request("a", 300)).await, vec![case(1)]);
}

async fn hints_before_the_lease_are_not_news(store: AnyStore) {
    ok(store.hint(&[hint(1, 0), hint(1, 0)]).await);
    let held = lease(&store, "a", 1, 1).await;
    ok(store.release(held.id, held.epoch, Some(at(200))).await);
    assert_eq!(claim_ids(&store, &request("a", 199)).await, vec![]);
    let again = ok(store.claim(&request("a", 200)).await);
    ok(store.release(again[0].id, again[0].epoch, Some(at(400))).await);
    assert_eq!(claim_ids(&store, &request("a", 399)).await, vec![]);
}

async fn a_takeover_has_seen_the_news_of_the_lost_lease(store: AnyStore) {
    lease(&store, "a", 1, 0).await;
    ok(store.hint(&[hint(1, 5)]).await);
    let late = LEASE + GRACE;
    let taken = ok(store.claim(&request("b", late)).await).remove(0);
    ok(store.release(taken.id, taken.epoch, Some(at(9_999))).await);
    assert_eq!(claim_ids(&store, &request("c", late)).await, vec![]);
}

async fn a_case_without_due_time_rests(store: AnyStore) {
    let held = lease(&store, "a", 1, 0).await;
    ok(store.release(held.id, held.epoch, None).await);
    assert_eq!(claim_ids(&store, &request("a", 1_000_000)).await, vec![]);
    ok(store.hint(&[hint(1, 9)]).await);
    assert_eq!(claim_ids(&store, &request("a", 9)).await, vec![case(1)]);
}

async fn a_released_lease_is_over(store: AnyStore) {
    let held = lease(&store, "a", 1, 0).await;
    ok(store.release(held.id, held.epoch, None).await);
    let late = look(&store, &held, 1).await;
    assert_eq!(ok(store.save_look(&late).await), Saved::LeaseLost);
    let missing = crate::rows::LookResult { case: held.id + 1000, ..late };
    refused(store.save_look(&missing).await);
}

async fn a_dead_worker_leaves_its_cases(store: AnyStore) {
    let held = lease(&store, "a", 1, 0).await;
    lease(&store, "a", 2, 0).await;
    lease(&store, "b", 3, 0).await;
    let bank = "bank".into();
    assert!(ok(store.lease_stream(&bank, "events", "a", at(0), 60).await));
    assert_eq!(ok(store.expire_worker("a").await), 2);
    assert_eq!(ok(store.expire_worker("a").await), 0);

    let stale = look(&store, &held, 1).await;
    assert_eq!(ok(store.save_look(&stale).await), Saved::LeaseLost);
    assert_eq!(claim_ids(&store, &request("c", 1)).await, vec![case(1), case(2)]);
    assert!(ok(store.lease_stream(&bank, "events", "c", at(1), 60).await));
}

async fn lease_holders_are_named(store: AnyStore) {
    assert_eq!(ok(store.lease_holders().await), Vec::<String>::new());
    lease(&store, "b", 1, 0).await;
    lease(&store, "a", 2, 0).await;
    lease(&store, "a", 3, 0).await;
    assert!(ok(store.lease_stream(&"bank".into(), "events", "p", at(0), 60).await));
    assert_eq!(ok(store.lease_holders().await), vec!["a", "b", "p"]);
}
