//! Locks on outside documents.

use model::command::Write;
use model::key::Key;

use super::fixtures::{
    AnyStore, WATCH, at, begin, cancel, collect, deciding, done, intended, invoice_lock, key,
    lease, look, not_executed, ok, refused, rejected, sent, told, try_begin, unknown,
};
use crate::rows::{Claimed, LookResult, NewCommand, Saved, Settle};

super::suite! {
    intersecting_commands_are_not_stored_together,
    locks_are_taken_all_or_none,
    facts_of_a_locked_look_are_kept,
    locks_of_other_accounts_do_not_meet,
    an_answer_frees_the_locks,
    a_certain_failure_frees_the_locks,
    an_unclear_send_keeps_the_locks,
    a_refusal_after_an_unclear_send_keeps_the_locks_until_the_watch_ends,
    a_watch_holds_the_locks_until_it_ends,
    an_ended_command_frees_the_locks,
    a_cancel_passes_the_locks_of_its_own_case,
    an_intent_decided_anew_keeps_the_union,
    a_send_needs_its_locks,
    racing_looks_take_a_lock_once,
}

fn receipt(n: u32) -> String {
    format!("erp:1_SB1|receipt/{n}")
}

/// Another case (10 + n) that wants a command under these locks.
async fn want(store: &AnyStore, n: u32, locks: &[String], now: i64) -> Saved {
    let held = lease(store, &format!("other{n}"), 10 + n, now).await;
    let look = look(store, &held, now).await;
    let look = deciding(look, key(10 + n, 1), collect(10 + n, 100), locks);
    let saved = ok(store.save_look(&look).await);
    ok(store.release(held.id, held.epoch, None).await);
    saved
}

fn locked_by(key: &Key) -> Saved {
    Saved::Locked { by: key.clone() }
}

async fn settle(store: &AnyStore, held: &Claimed, settle: Settle) {
    let look = look(store, held, 1).await;
    ok(store.save_look(&LookResult { settle: vec![(key(1, 1), settle)], ..look }).await);
}

async fn intersecting_commands_are_not_stored_together(store: AnyStore) {
    intended(&store, "w", 1, 0).await;
    let locks = [invoice_lock(1), receipt(1)];
    assert_eq!(want(&store, 1, &locks, 0).await, locked_by(&key(1, 1)));
    let rows = ok(store.commands(&[], 10).await);
    assert_eq!(rows.len(), 1);
    assert_eq!(want(&store, 2, &[receipt(2)], 0).await, Saved::Stored);
}

async fn locks_are_taken_all_or_none(store: AnyStore) {
    intended(&store, "w", 1, 0).await;
    let locks = [receipt(1), invoice_lock(1), receipt(2)];
    assert_eq!(want(&store, 1, &locks, 0).await, locked_by(&key(1, 1)));
    assert_eq!(want(&store, 2, &[receipt(1), receipt(2)], 0).await, Saved::Stored);
}

async fn facts_of_a_locked_look_are_kept(store: AnyStore) {
    intended(&store, "w", 1, 0).await;
    assert_eq!(want(&store, 1, &[invoice_lock(1)], 0).await, locked_by(&key(1, 1)));
    assert_eq!(told(&store, 11).await, ["decided"]);
}

async fn locks_of_other_accounts_do_not_meet(store: AnyStore) {
    intended(&store, "w", 1, 0).await;
    let elsewhere = ["erp:2|invoice/1".to_owned()];
    assert_eq!(want(&store, 1, &elsewhere, 0).await, Saved::Stored);
}

async fn an_answer_frees_the_locks(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    assert_eq!(want(&store, 1, &[invoice_lock(1)], 0).await, locked_by(&key(1, 1)));
    ok(store.finish_send(&key(1, 1), &done("PM1"), at(1)).await);
    assert_eq!(want(&store, 2, &[invoice_lock(1)], 1).await, Saved::Stored);
}

async fn a_certain_failure_frees_the_locks(store: AnyStore) {
    for (n, outcome) in [(1, rejected()), (2, not_executed())] {
        sent(&store, "w", n, 0).await;
        ok(store.finish_send(&key(n, 1), &outcome, at(1)).await);
        assert_eq!(want(&store, n, &[invoice_lock(n)], 1).await, Saved::Stored, "{outcome:?}");
    }
}

async fn an_unclear_send_keeps_the_locks(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    ok(store.finish_send(&key(1, 1), &unknown(), at(1)).await);
    let late = 10 * WATCH;
    assert_eq!(want(&store, 1, &[invoice_lock(1)], late).await, locked_by(&key(1, 1)));
}

async fn a_refusal_after_an_unclear_send_keeps_the_locks_until_the_watch_ends(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    ok(store.finish_send(&key(1, 1), &unknown(), at(1)).await);
    assert!(begin(&store, &held, &key(1, 1), 2).await);
    ok(store.finish_send(&key(1, 1), &rejected(), at(3)).await);
    assert_eq!(want(&store, 1, &[invoice_lock(1)], 3).await, locked_by(&key(1, 1)));
    assert_eq!(want(&store, 2, &[invoice_lock(1)], 2 + WATCH).await, Saved::Stored);
}

async fn a_watch_holds_the_locks_until_it_ends(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    settle(&store, &held, Settle::Watched).await;
    assert_eq!(want(&store, 1, &[invoice_lock(1)], WATCH - 1).await, locked_by(&key(1, 1)));
    assert_eq!(want(&store, 2, &[invoice_lock(1)], WATCH).await, Saved::Stored);
    // Whose watch is over must wait for the new holder.
    let again = lease(&store, "w", 1, WATCH).await;
    let look = look(&store, &again, WATCH).await;
    let look = deciding(look, key(1, 1), collect(1, 10_000), &[invoice_lock(1)]);
    assert_eq!(ok(store.save_look(&look).await), locked_by(&key(12, 1)));
}

async fn an_ended_command_frees_the_locks(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    settle(&store, &held, Settle::Ended).await;
    assert_eq!(want(&store, 1, &[invoice_lock(1)], 1).await, Saved::Stored);
}

fn passing(look: LookResult, nth: u32, write: Write) -> LookResult {
    let look = deciding(look, key(1, nth), write, &[invoice_lock(1)]);
    let command = look.command.map(|command| NewCommand { passes_own_locks: true, ..command });
    LookResult { command, ..look }
}

async fn a_cancel_passes_the_locks_of_its_own_case(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    let blocked = deciding(look(&store, &held, 1).await, key(1, 2), cancel(1), &[invoice_lock(1)]);
    assert_eq!(ok(store.save_look(&blocked).await), locked_by(&key(1, 1)));
    let pass = passing(look(&store, &held, 1).await, 2, cancel(1));
    assert_eq!(ok(store.save_look(&pass).await), Saved::Stored);
    assert!(begin(&store, &held, &key(1, 2), 1).await);

    // The first one's answer does not free what the second one holds.
    ok(store.finish_send(&key(1, 1), &done("PM1"), at(2)).await);
    assert_eq!(want(&store, 1, &[invoice_lock(1)], 2).await, locked_by(&key(1, 2)));
    ok(store.finish_send(&key(1, 2), &done("PM1"), at(3)).await);
    assert_eq!(want(&store, 2, &[invoice_lock(1)], 3).await, Saved::Stored);

    // Another case's lock is never passed.
    let again = lease(&store, "w", 1, 200).await;
    let pass = passing(look(&store, &again, 200).await, 3, cancel(1));
    assert_eq!(ok(store.save_look(&pass).await), locked_by(&key(12, 1)));
}

async fn an_intent_decided_anew_keeps_the_union(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    let anew = look(&store, &held, 1).await;
    let anew = deciding(anew, key(1, 1), collect(1, 10_000), &[receipt(1)]);
    assert_eq!(ok(store.save_look(&anew).await), Saved::Stored);
    for (n, lock) in [(1, invoice_lock(1)), (2, receipt(1))] {
        assert_eq!(want(&store, n, &[lock], 1).await, locked_by(&key(1, 1)));
    }

    // One that was never sent holds its latest list only.
    let fresh = intended(&store, "v", 2, 1).await;
    let anew = deciding(look(&store, &fresh, 1).await, key(2, 1), collect(2, 5), &[receipt(2)]);
    assert_eq!(ok(store.save_look(&anew).await), Saved::Stored);
    assert_eq!(want(&store, 3, &[invoice_lock(2)], 1).await, Saved::Stored);
    assert_eq!(want(&store, 4, &[receipt(2)], 1).await, locked_by(&key(2, 1)));
}

async fn a_send_needs_its_locks(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    ok(store.finish_send(&key(1, 1), &not_executed(), at(1)).await);
    refused(try_begin(&store, &held, &key(1, 1), 1).await);
    let again = look(&store, &held, 1).await;
    let again = deciding(again, key(1, 1), collect(1, 10_000), &[invoice_lock(1)]);
    assert_eq!(ok(store.save_look(&again).await), Saved::Stored);
    assert!(begin(&store, &held, &key(1, 1), 1).await);
}

async fn racing_looks_take_a_lock_once(store: AnyStore) {
    let mut looks = Vec::new();
    for n in 0..6 {
        let held = lease(&store, "w", n, 0).await;
        let look = look(&store, &held, 0).await;
        looks.push(deciding(look, key(n, 1), collect(n, 100), &[receipt(1)]));
    }
    let saves = futures::future::join_all(looks.iter().map(|look| store.save_look(look))).await;
    let stored = saves.into_iter().map(ok).filter(|saved| *saved == Saved::Stored).count();
    assert_eq!(stored, 1);
    assert_eq!(ok(store.commands(&[], 10).await).len(), 1);
}
