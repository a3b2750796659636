//! Sends and their answers, also the late ones.

use model::command::CommandState;
use model::person::PersonSaid;

use super::fixtures::{
    AnyStore, GRACE, LEASE, WATCH, answer, at, begin, case, collect, command, deciding, done,
    intended, invoice_lock, key, lease, look, not_executed, ok, person, refused, rejected, request,
    sent, stale, told, unknown,
};
use crate::rows::{LookResult, Saved, SendOutcome, Settle};

super::suite! {
    a_send_is_marked_before_it_is_made,
    a_short_lease_does_not_send,
    a_lost_lease_does_not_send,
    done_keeps_the_answer,
    a_refusal_keeps_the_words,
    what_was_not_executed_is_intended_again,
    what_changed_meanwhile_is_watched_once_unclear,
    a_send_has_heard_what_was_said_before_it,
    an_unknown_outcome_stays_in_flight,
    an_unknown_outcome_is_watched_from_its_answer,
    a_certain_failure_does_not_clear_an_unclear_send,
    a_send_that_nobody_answered_counts_as_unclear,
    a_late_answer_is_a_fact,
    a_late_answer_to_what_was_given_up_is_a_fact,
    nothing_undoes_done,
    an_answer_makes_the_case_due,
    a_watch_is_never_cut_short,
    unknown_keys_are_refused,
}

async fn state(store: &AnyStore) -> CommandState {
    command(store, &key(1, 1)).await.view.state
}

async fn finish(store: &AnyStore, outcome: SendOutcome, now: i64) {
    ok(store.finish_send(&key(1, 1), &outcome, at(now)).await);
}

async fn a_send_is_marked_before_it_is_made(store: AnyStore) {
    let held = intended(&store, "w", 1, 0).await;
    let seq = ok(store.next_seq().await);
    let began = store.begin_send(&key(1, 1), held.epoch, seq, at(1), at(WATCH), at(1), 10).await;
    assert!(ok(began));
    let row = command(&store, &key(1, 1)).await;
    assert_eq!((row.view.state, row.view.sends), (CommandState::InFlight, 1));
    assert_eq!((row.sent_seq, row.last_sent_at), (Some(seq), Some(at(1))));
    assert_eq!(row.watch_until, Some(at(WATCH)));
    assert!(!row.maybe_sent, "its only send is still out");
}

async fn a_short_lease_does_not_send(store: AnyStore) {
    let held = intended(&store, "w", 1, 0).await;
    assert!(!begin(&store, &held, &key(1, 1), LEASE - 9).await);
    assert_eq!(state(&store).await, CommandState::Intended);
    assert!(begin(&store, &held, &key(1, 1), LEASE - 10).await);
}

async fn a_lost_lease_does_not_send(store: AnyStore) {
    let held = intended(&store, "w", 1, 0).await;
    let taken = lease(&store, "v", 1, LEASE + GRACE).await;
    assert!(!begin(&store, &held, &key(1, 1), LEASE + GRACE).await);
    assert!(begin(&store, &taken, &key(1, 1), LEASE + GRACE).await);
    ok(store.release(taken.id, taken.epoch, None).await);
    assert!(!begin(&store, &taken, &key(1, 1), LEASE + GRACE).await);
    assert_eq!(command(&store, &key(1, 1)).await.view.sends, 1);
}

async fn done_keeps_the_answer(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    let mut given = answer("PM1");
    given.url = Some("https://pay.test/x".to_owned());
    finish(&store, SendOutcome::Done(given.clone()), 1).await;
    let row = command(&store, &key(1, 1)).await;
    assert_eq!((row.view.state, row.view.answer), (CommandState::Done, Some(given)));
    let history = format!("{:?}", ok(store.history(&case(1)).await));
    assert!(!history.contains("pay.test"), "the payer's link is not history: {history}");
}

async fn a_refusal_keeps_the_words(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    finish(&store, rejected(), 1).await;
    let row = command(&store, &key(1, 1)).await;
    assert_eq!(row.view.state, CommandState::Rejected);
    let words = row.view.rejection.map(|rejection| rejection.words);
    assert_eq!(words.as_deref(), Some("amount is too small"));
    assert!(!begin(&store, &held, &key(1, 1), 2).await, "not sent again until cleared");
}

/// By its order, whatever the clocks of people and workers say.
async fn a_send_has_heard_what_was_said_before_it(store: AnyStore) {
    let said = PersonSaid::Retry { about: None };
    let says = async |now| ok(store.person_said(&case(1), &said, &person(), at(now)).await);
    let heard = async || command(&store, &key(1, 1)).await.heard;
    let held = intended(&store, "w", 1, 0).await;
    assert_eq!(heard().await, 0);
    says(900).await;
    assert!(begin(&store, &held, &key(1, 1), 1).await);
    finish(&store, rejected(), 1).await;
    assert_eq!(heard().await, 1);
    says(0).await;
    assert_eq!(heard().await, 1, "the second one is news");
    let mut again = look(&store, &held, 2).await;
    again.settle = vec![(key(1, 1), Settle::Cleared)];
    let again = deciding(again, key(1, 1), collect(1, 7), &[invoice_lock(1)]);
    assert_eq!(ok(store.save_look(&again).await), Saved::Stored);
    assert_eq!(heard().await, 2);
}

async fn what_was_not_executed_is_intended_again(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    finish(&store, not_executed(), 1).await;
    let row = command(&store, &key(1, 1)).await;
    assert_eq!((row.view.state, row.maybe_sent), (CommandState::Intended, false));
}

async fn what_changed_meanwhile_is_watched_once_unclear(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    finish(&store, stale(), 1).await;
    assert_eq!(state(&store).await, CommandState::Intended, "nothing of it is out");
    let held = sent(&store, "w", 2, 0).await;
    ok(store.finish_send(&key(2, 1), &unknown(), at(1)).await);
    assert!(begin(&store, &held, &key(2, 1), 2).await);
    ok(store.finish_send(&key(2, 1), &stale(), at(3)).await);
    let row = command(&store, &key(2, 1)).await;
    assert_eq!(row.view.state, CommandState::Watched, "its first send may show up");
}

/// Its worker may have slept between the mark and the request.
async fn an_unknown_outcome_is_watched_from_its_answer(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    let marked = command(&store, &key(1, 1)).await;
    let (sent_at, until) =
        (marked.last_sent_at.expect("sent"), marked.watch_until.expect("watched"));
    let answered_at = sent_at + jiff::SignedDuration::from_hours(6);
    ok(store.finish_send(&key(1, 1), &unknown(), answered_at).await);
    let watched = command(&store, &key(1, 1)).await.watch_until;
    assert_eq!(watched, Some(until + jiff::SignedDuration::from_hours(6)));
}

async fn an_unknown_outcome_stays_in_flight(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    finish(&store, unknown(), 1).await;
    let row = command(&store, &key(1, 1)).await;
    assert_eq!((row.view.state, row.maybe_sent), (CommandState::InFlight, true));
}

async fn a_certain_failure_does_not_clear_an_unclear_send(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    finish(&store, unknown(), 1).await;
    assert!(begin(&store, &held, &key(1, 1), 2).await);
    finish(&store, not_executed(), 3).await;
    assert_eq!(state(&store).await, CommandState::InFlight);
    assert!(begin(&store, &held, &key(1, 1), 4).await);
    finish(&store, rejected(), 5).await;
    let row = command(&store, &key(1, 1)).await;
    assert_eq!((row.view.state, row.maybe_sent), (CommandState::Rejected, true));
    assert_eq!(row.view.sends, 3);
}

async fn a_send_that_nobody_answered_counts_as_unclear(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    // The worker died; another one sends the same key again and is turned away.
    let later = LEASE + GRACE;
    let taken = lease(&store, "v", 1, later).await;
    assert!(begin(&store, &taken, &key(1, 1), later).await);
    finish(&store, not_executed(), later).await;
    let row = command(&store, &key(1, 1)).await;
    assert_eq!((row.view.state, row.maybe_sent), (CommandState::InFlight, true));
}

async fn a_late_answer_is_a_fact(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    let later = LEASE + GRACE;
    let taken = lease(&store, "v", 1, later).await;
    finish(&store, done("PM1"), later + 1).await;
    assert_eq!(state(&store).await, CommandState::Done);
    assert!(!begin(&store, &taken, &key(1, 1), later + 1).await, "it is not sent twice");
    ok(store.release(taken.id, taken.epoch, Some(at(99_999))).await);
    assert_eq!(ok(store.claim(&request("v", later + 1)).await).len(), 1, "it is news");
}

async fn a_late_answer_to_what_was_given_up_is_a_fact(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    let given_up = look(&store, &held, 1).await;
    let settle = vec![(key(1, 1), Settle::Watched)];
    ok(store.save_look(&LookResult { settle, ..given_up }).await);
    finish(&store, unknown(), 2).await;
    assert_eq!(state(&store).await, CommandState::Watched);
    finish(&store, done("PM1"), 3).await;
    let row = command(&store, &key(1, 1)).await;
    assert_eq!((row.view.state, row.view.answer), (CommandState::Done, Some(answer("PM1"))));
}

async fn nothing_undoes_done(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    finish(&store, done("PM1"), 1).await;
    for late in [rejected(), not_executed(), unknown(), done("PM2")] {
        finish(&store, late, 2).await;
        let row = command(&store, &key(1, 1)).await;
        assert_eq!((row.view.state, row.view.answer), (CommandState::Done, Some(answer("PM1"))));
        assert_eq!(row.view.rejection, None);
    }
    let answers = told(&store, 1).await.into_iter().filter(|what| what == "answered").count();
    assert_eq!(answers, 5, "each answer is history");
}

async fn an_answer_makes_the_case_due(store: AnyStore) {
    let outcomes = [
        (1, done("PM1"), true),
        (2, rejected(), true),
        // Without an answer the worker that sent it says when.
        (3, not_executed(), false),
        (4, unknown(), false),
    ];
    for (n, outcome, due) in outcomes {
        let held = sent(&store, "w", n, 0).await;
        ok(store.finish_send(&key(n, 1), &outcome, at(5)).await);
        ok(store.release(held.id, held.epoch, Some(at(9_999))).await);
        let again = ok(store.claim(&request("w", 5)).await);
        let keys: Vec<_> = again.into_iter().map(|claimed| claimed.key).collect();
        assert_eq!(keys, if due { vec![case(n)] } else { Vec::new() }, "{outcome:?}");
    }
}

async fn a_watch_is_never_cut_short(store: AnyStore) {
    let held = intended(&store, "w", 1, 0).await;
    for until in [2 * WATCH, WATCH] {
        let seq = ok(store.next_seq().await);
        let began =
            store.begin_send(&key(1, 1), held.epoch, seq, at(1), at(until), at(1), 10).await;
        assert!(ok(began));
    }
    assert_eq!(command(&store, &key(1, 1)).await.watch_until, Some(at(2 * WATCH)));
    let again = look(&store, &held, 2).await;
    let again = deciding(again, key(1, 1), collect(1, 10_000), &[invoice_lock(1)]);
    ok(store.save_look(&again).await);
    assert_eq!(command(&store, &key(1, 1)).await.watch_until, Some(at(2 * WATCH)));
}

async fn unknown_keys_are_refused(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    refused(store.finish_send(&key(1, 1), &done("PM1"), at(1)).await);
    let began = store.begin_send(&key(1, 1), held.epoch, 1, at(1), at(2), at(1), 10).await;
    refused(began);
}
