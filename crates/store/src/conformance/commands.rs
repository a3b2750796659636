//! The rules of a key's content, and what a look settles.

use model::command::{CommandState, ProcessorWrite, Write};

use super::fixtures::{
    AnyStore, WATCH, answer, at, begin, case, collect, command, deciding, done, intended,
    invoice_lock, key, lease, link_id, look, not_executed, ok, processor, refused, rejected, sent,
    told, unknown,
};
use crate::rows::{Claimed, CommandRow, LookResult, Saved, SendOutcome, Settle};

super::suite! {
    a_new_command_is_intended,
    a_command_never_sent_takes_new_content,
    a_command_in_flight_keeps_what_moves_money,
    what_may_have_been_sent_keeps_its_content_for_good,
    done_and_rejected_commands_are_not_decided_again,
    a_late_answer_during_a_look_is_nobodys_mistake,
    a_cleared_refusal_takes_new_content,
    a_key_belongs_to_one_case,
    a_watched_command_wanted_again_is_in_flight,
    a_settlement_done_keeps_the_answer,
    what_was_never_sent_needs_no_watch,
    a_settlement_never_undoes_an_answer,
    a_refusal_found_by_a_look_keeps_its_words,
    only_own_known_commands_are_settled,
    every_change_of_state_is_history,
    a_refused_look_stores_nothing,
}

async fn decide(store: &AnyStore, held: &Claimed, write: Write) -> crate::Result<Saved> {
    let look = look(store, held, 1).await;
    let n = held.key.subject.parse().expect("a number");
    store.save_look(&deciding(look, key(n, 1), write, &[invoice_lock(n)])).await
}

async fn settle(store: &AnyStore, held: &Claimed, settle: Settle) {
    let n = held.key.subject.parse().expect("a number");
    let look = look(store, held, 1).await;
    ok(store.save_look(&LookResult { settle: vec![(key(n, 1), settle)], ..look }).await);
}

async fn state(store: &AnyStore, n: u32) -> CommandState {
    command(store, &key(n, 1)).await.view.state
}

fn described(n: u32, text: &str) -> Write {
    match collect(n, 10_000) {
        Write::Processor(ProcessorWrite::Collect(mut write)) => {
            write.description = text.to_owned();
            Write::Processor(ProcessorWrite::Collect(write))
        }
        other => other,
    }
}

async fn a_new_command_is_intended(store: AnyStore) {
    let held = intended(&store, "w", 1, 5).await;
    let row: CommandRow = command(&store, &key(1, 1)).await;
    assert_eq!(row.case, held.id);
    assert_eq!(row.case_key, case(1));
    assert_eq!(row.account, processor());
    assert_eq!(row.view.state, CommandState::Intended);
    assert_eq!(row.view.write, collect(1, 10_000));
    assert_eq!((row.view.sends, row.sent_seq, row.maybe_sent), (0, None, false));
    assert_eq!(row.decided_at, at(5));
    let context = ok(store.contexts(&[held.id]).await).remove(0);
    assert_eq!(context.commands, vec![row]);
}

async fn a_command_never_sent_takes_new_content(store: AnyStore) {
    let held = intended(&store, "w", 1, 0).await;
    assert_eq!(ok(decide(&store, &held, collect(1, 7)).await), Saved::Stored);
    assert_eq!(command(&store, &key(1, 1)).await.view.write, collect(1, 7));

    assert!(begin(&store, &held, &key(1, 1), 1).await);
    ok(store.finish_send(&key(1, 1), &not_executed(), at(1)).await);
    assert_eq!(ok(decide(&store, &held, collect(1, 8)).await), Saved::Stored);
    assert_eq!(command(&store, &key(1, 1)).await.view.write, collect(1, 8));
    assert_eq!(ok(store.commands(&[], 10).await).len(), 1, "it stays one row");
}

async fn a_command_in_flight_keeps_what_moves_money(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    refused(decide(&store, &held, collect(1, 7)).await);
    assert_eq!(ok(decide(&store, &held, described(1, "other")).await), Saved::Stored);
    let row = command(&store, &key(1, 1)).await;
    assert_eq!(row.view.write, described(1, "other"));
    assert_eq!((row.view.state, row.view.sends), (CommandState::InFlight, 1));
    assert_eq!(row.decided_at, at(0), "it counts for the day it was decided on");
}

async fn what_may_have_been_sent_keeps_its_content_for_good(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    ok(store.finish_send(&key(1, 1), &unknown(), at(1)).await);
    settle(&store, &held, Settle::Watched).await;
    settle(&store, &held, Settle::Ended).await;
    assert_eq!(state(&store, 1).await, CommandState::Ended);
    refused(decide(&store, &held, collect(1, 7)).await);
    assert_eq!(ok(decide(&store, &held, described(1, "again")).await), Saved::Stored);
    assert_eq!(state(&store, 1).await, CommandState::Intended);
}

async fn done_and_rejected_commands_are_not_decided_again(store: AnyStore) {
    for (n, outcome) in [(1, done("PM1")), (2, rejected())] {
        let held = sent(&store, "w", n, 0).await;
        ok(store.finish_send(&key(n, 1), &outcome, at(1)).await);
        let before = command(&store, &key(n, 1)).await;
        refused(decide(&store, &held, collect(n, 10_000)).await);
        assert_eq!(command(&store, &key(n, 1)).await, before);
    }
}

async fn a_late_answer_during_a_look_is_nobodys_mistake(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    let during = look(&store, &held, 1).await;
    ok(store.finish_send(&key(1, 1), &done("PM1"), at(1)).await);
    let during = deciding(during, key(1, 1), collect(1, 10_000), &[invoice_lock(1)]);
    assert_eq!(ok(store.save_look(&during).await), Saved::Stored);
    assert_eq!(state(&store, 1).await, CommandState::Done);
    assert!(!begin(&store, &held, &key(1, 1), 1).await, "it is not sent");
}

async fn a_cleared_refusal_takes_new_content(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    ok(store.finish_send(&key(1, 1), &rejected(), at(1)).await);
    let mut again = look(&store, &held, 2).await;
    again.settle = vec![(key(1, 1), Settle::Cleared)];
    let again = deciding(again, key(1, 1), collect(1, 7), &[invoice_lock(1)]);
    assert_eq!(ok(store.save_look(&again).await), Saved::Stored);
    let row = command(&store, &key(1, 1)).await;
    assert_eq!(row.view.state, CommandState::Intended);
    assert_eq!(row.view.rejection, None);
    assert_eq!(row.view.write, collect(1, 7));
    assert_eq!(row.view.sends, 0, "refused for certain: as if it had never been sent");
    assert!(begin(&store, &held, &key(1, 1), 2).await);
}

async fn a_key_belongs_to_one_case(store: AnyStore) {
    intended(&store, "w", 1, 0).await;
    let other = lease(&store, "w", 2, 0).await;
    let theft = look(&store, &other, 0).await;
    refused(store.save_look(&deciding(theft, key(1, 1), collect(1, 10_000), &[])).await);
}

async fn a_watched_command_wanted_again_is_in_flight(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    settle(&store, &held, Settle::Watched).await;
    assert_eq!(state(&store, 1).await, CommandState::Watched);
    assert!(!begin(&store, &held, &key(1, 1), 1).await, "what is not wanted is not sent");
    refused(decide(&store, &held, collect(1, 7)).await);
    assert_eq!(ok(decide(&store, &held, collect(1, 10_000)).await), Saved::Stored);
    assert_eq!(state(&store, 1).await, CommandState::InFlight);
    assert!(begin(&store, &held, &key(1, 1), 1).await);
}

async fn a_settlement_done_keeps_the_answer(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    settle(&store, &held, Settle::Done(answer("PM9"))).await;
    let row = command(&store, &key(1, 1)).await;
    assert_eq!(row.view.state, CommandState::Done);
    assert_eq!(row.view.answer, Some(answer("PM9")));
}

async fn what_was_never_sent_needs_no_watch(store: AnyStore) {
    let held = intended(&store, "w", 1, 0).await;
    settle(&store, &held, Settle::Watched).await;
    assert_eq!(state(&store, 1).await, CommandState::Ended);
}

async fn a_settlement_never_undoes_an_answer(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    ok(store.finish_send(&key(1, 1), &done("PM1"), at(1)).await);
    for late in [Settle::Watched, Settle::Ended, Settle::Cleared, Settle::Done(answer("PM2"))] {
        settle(&store, &held, late).await;
        let row = command(&store, &key(1, 1)).await;
        assert_eq!(row.view.state, CommandState::Done);
        assert_eq!(row.view.answer, Some(answer("PM1")));
    }
}

async fn a_refusal_found_by_a_look_keeps_its_words(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    ok(store.finish_send(&key(1, 1), &unknown(), at(1)).await);
    settle(&store, &held, Settle::Watched).await;
    let SendOutcome::Rejected(rejection) = rejected() else { panic!("a refusal") };
    settle(&store, &held, Settle::Refused(rejection.clone())).await;
    let row = command(&store, &key(1, 1)).await;
    assert_eq!((row.view.state, row.maybe_sent), (CommandState::Rejected, true));
    assert_eq!(row.view.rejection, Some(rejection));
    assert!(!begin(&store, &held, &key(1, 1), 2).await, "not sent again until cleared");
}

async fn only_own_known_commands_are_settled(store: AnyStore) {
    sent(&store, "w", 1, 0).await;
    let other = lease(&store, "w", 2, 0).await;
    for key in [key(1, 1), key(9, 9)] {
        let look = look(&store, &other, 0).await;
        let settle = vec![(key, Settle::Ended)];
        refused(store.save_look(&LookResult { settle, ..look }).await);
    }
}

async fn every_change_of_state_is_history(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    ok(store.finish_send(&key(1, 1), &rejected(), at(1)).await);
    settle(&store, &held, Settle::Cleared).await;
    ok(decide(&store, &held, collect(1, 7)).await);
    assert!(begin(&store, &held, &key(1, 1), 1).await);
    ok(store.finish_send(&key(1, 1), &unknown(), at(1)).await);
    settle(&store, &held, Settle::Watched).await;
    settle(&store, &held, Settle::Done(answer("PM1"))).await;
    let told: Vec<String> =
        told(&store, 1).await.into_iter().filter(|what| what != "decided").collect();
    assert_eq!(
        told,
        [
            "intended", "sent", "answered", "settled", "intended", "sent", "answered", "settled",
            "settled"
        ]
    );
}

async fn a_refused_look_stores_nothing(store: AnyStore) {
    let held = sent(&store, "w", 1, 0).await;
    let before = (ok(store.case(&case(1)).await), told(&store, 1).await);
    let mut wrong = look(&store, &held, WATCH).await;
    wrong.hints = vec![super::fixtures::hint(5, 0)];
    let wrong = deciding(wrong, key(1, 1), collect(1, 7), &[invoice_lock(1)]);
    refused(store.save_look(&wrong).await);
    assert_eq!((ok(store.case(&case(1)).await), told(&store, 1).await), before);
    assert_eq!(ok(store.case(&case(5)).await), None);
    let totals = ok(store.day_totals(&link_id(), at(0), at(1)).await);
    assert_eq!(totals.minor["GBP"], 10_000);
}
