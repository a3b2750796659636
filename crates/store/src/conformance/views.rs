//! Lists, filters, cursors, counts.

use model::command::CommandState;
use model::decision::{Decision, Stage};
use model::ids::{ConnectionId, LinkId};
use model::reason::{Reason, ReasonCode};

use super::fixtures::{
    AnyStore, at, case, connection, done, hint, intended, key, lease, link_id, look, ok, person,
    rejected, sent, unknown,
};
use crate::rows::{CaseFilter, CaseRow, LookResult, Settle, Side};

super::suite! {
    a_case_shows_its_last_look,
    cases_are_filtered,
    cases_are_paged,
    commands_are_listed_by_state_oldest_first,
    day_totals_count_what_may_collect,
    status_counts,
    stale_cases_are_open_and_not_looked_at,
    exchanges_are_kept_up_to_a_number,
    what_connectors_remember_is_replaced_by_name_and_kept_up_to_a_number,
}

async fn looked(store: &AnyStore, n: u32, now: i64, decision: Decision) {
    let held = lease(store, "w", n, now).await;
    ok(store.save_look(&LookResult { decision, ..look(store, &held, now).await }).await);
    ok(store.release(held.id, held.epoch, None).await);
}

fn rest(stage: Stage, code: ReasonCode) -> Decision {
    Decision::rest(stage, Reason::new(code, "why"))
}

fn numbers(rows: &[CaseRow]) -> Vec<&str> {
    rows.iter().map(|row| row.key.subject.as_str()).collect()
}

fn filter() -> CaseFilter {
    CaseFilter { limit: 100, ..CaseFilter::default() }
}

async fn a_case_shows_its_last_look(store: AnyStore) {
    ok(store.hint(&[hint(1, 5)]).await);
    let row = ok(store.case(&case(1)).await).expect("the case");
    assert_eq!((row.stage, row.reason, row.looked_at), (None, None, None));
    assert_eq!((row.due_at, row.leased), (Some(at(5)), false));

    let held = lease(&store, "w", 1, 6).await;
    assert!(ok(store.case(&case(1)).await).expect("the case").leased);
    let decision = rest(Stage::Failed, ReasonCode::RetriesUsedUp);
    let saved = LookResult { decision, link: None, ..look(&store, &held, 7).await };
    ok(store.save_look(&saved).await);
    ok(store.release(held.id, held.epoch, Some(at(50))).await);
    let row = ok(store.case(&case(1)).await).expect("the case");
    assert_eq!(row.id, held.id);
    assert_eq!(row.stage, Some(Stage::Failed));
    assert_eq!(row.reason, Some(Reason::new(ReasonCode::RetriesUsedUp, "why")));
    assert_eq!((row.due_at, row.looked_at), (Some(at(50)), Some(at(7))));
    // A look that found no link does not forget the one that is known.
    assert_eq!((row.leased, row.link), (false, hint(1, 5).link));
    assert_eq!(ok(store.case(&case(2)).await), None);
}

async fn cases_are_filtered(store: AnyStore) {
    looked(&store, 1, 1, rest(Stage::Open, ReasonCode::NoMandate)).await;
    looked(&store, 2, 1, rest(Stage::Failed, ReasonCode::RetriesUsedUp)).await;
    looked(&store, 3, 1, rest(Stage::Failed, ReasonCode::FailureFinal)).await;
    ok(store.hint(&[hint(4, 0)]).await);
    let list = async |filter: CaseFilter| ok(store.cases(&filter).await);
    assert_eq!(numbers(&list(filter()).await), ["1", "2", "3", "4"]);
    let failed = CaseFilter { stage: Some(Stage::Failed), ..filter() };
    assert_eq!(numbers(&list(failed.clone()).await), ["2", "3"]);
    let code = Some(ReasonCode::FailureFinal);
    assert_eq!(numbers(&list(CaseFilter { reason: code, ..failed.clone() }).await), ["3"]);
    assert_eq!(numbers(&list(CaseFilter { reason: code, ..filter() }).await), ["3"]);
    let kind = Some(model::case::CaseKind::Payout);
    assert!(list(CaseFilter { kind, ..filter() }).await.is_empty());
    let kind = Some(case(1).kind);
    let all = CaseFilter { kind, link: Some(link_id()), ..failed };
    assert_eq!(numbers(&list(all).await), ["2", "3"]);
    let other = CaseFilter { link: Some(LinkId::new("other")), ..filter() };
    assert!(list(other).await.is_empty());
}

async fn cases_are_paged(store: AnyStore) {
    let hints: Vec<_> = (1..=5).map(|n| hint(n, 0)).collect();
    ok(store.hint(&hints).await);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = ok(store.cases(&CaseFilter { after, limit: 2, ..filter() }).await);
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.into_iter().map(|row| row.key));
    }
    assert_eq!(seen, (1..=5).map(case).collect::<Vec<_>>());
}

async fn commands_are_listed_by_state_oldest_first(store: AnyStore) {
    for (n, outcome) in [(1, Some(done("PM1"))), (2, None), (3, Some(unknown()))] {
        sent(&store, "w", n, 0).await;
        if let Some(outcome) = outcome {
            ok(store.finish_send(&key(n, 1), &outcome, at(1)).await);
        }
    }
    intended(&store, "w", 4, 0).await;
    let list = async |states: &[CommandState], limit: u32| -> Vec<String> {
        let rows = ok(store.commands(states, limit).await);
        rows.into_iter().map(|row| row.case_key.subject).collect()
    };
    assert_eq!(list(&[], 10).await, ["1", "2", "3", "4"]);
    assert_eq!(list(&[], 2).await, ["1", "2"]);
    assert_eq!(list(&[CommandState::InFlight], 10).await, ["2", "3"]);
    let open = crate::rows::open_states();
    assert_eq!(list(&open, 10).await, ["2", "3", "4"]);
    assert_eq!(list(&open, 1).await, ["2"]);
}

async fn day_totals_count_what_may_collect(store: AnyStore) {
    intended(&store, "w", 1, 10).await;
    sent(&store, "w", 2, 10).await;
    sent(&store, "w", 3, 10).await;
    ok(store.finish_send(&key(3, 1), &done("PM1"), at(11)).await);
    sent(&store, "w", 4, 10).await;
    ok(store.finish_send(&key(4, 1), &rejected(), at(11)).await);
    let held = sent(&store, "w", 5, 10).await;
    let watched = look(&store, &held, 11).await;
    let settle = vec![(key(5, 1), Settle::Watched)];
    ok(store.save_look(&LookResult { settle, ..watched }).await);
    let held = intended(&store, "w", 6, 10).await;
    let ended = look(&store, &held, 11).await;
    let settle = vec![(key(6, 1), Settle::Ended)];
    ok(store.save_look(&LookResult { settle, ..ended }).await);
    intended(&store, "w", 7, 20).await;

    let totals = async |link: &LinkId, from: i64, to: i64| {
        let totals = ok(store.day_totals(link, at(from), at(to)).await);
        (totals.count, totals.minor.get("GBP").copied())
    };
    assert_eq!(totals(&link_id(), 10, 20).await, (4, Some(40_000)));
    assert_eq!(totals(&link_id(), 10, 21).await, (5, Some(50_000)));
    assert_eq!(totals(&link_id(), 11, 20).await, (0, None));
    assert_eq!(totals(&LinkId::new("other"), 0, 99).await, (0, None));
}

async fn status_counts(store: AnyStore) {
    looked(&store, 1, 1, rest(Stage::Open, ReasonCode::AboveLimit)).await;
    looked(&store, 2, 1, rest(Stage::Open, ReasonCode::AboveLimit)).await;
    sent(&store, "w", 3, 1).await;
    ok(store.hint(&[hint(4, 5), hint(5, 80)]).await);
    ok(store.inbox_put(&"bank".into(), b"x", at(1)).await);
    let status = ok(store.status(at(6)).await);
    let count = |kind: &str, stage: &str, code: &str| {
        let found =
            status.cases.iter().find(|(k, s, c, _)| (&**k, &**s, &**c) == (kind, stage, code));
        found.map(|(_, _, _, count)| *count)
    };
    assert_eq!(count("collection", "open", "above_limit"), Some(2));
    assert_eq!(count("collection", "collecting", "acting"), Some(1));
    assert_eq!(count("collection", "", ""), Some(2));
    assert_eq!((status.attention, status.leased, status.inbox_waiting), (2, 1, 1));
    assert_eq!((status.commands_open, status.due_now), (1, 2));
    assert_eq!(status.next_due_at, Some(at(80)));
}

async fn stale_cases_are_open_and_not_looked_at(store: AnyStore) {
    looked(&store, 1, 50, rest(Stage::Open, ReasonCode::NoMandate)).await;
    looked(&store, 2, 10, rest(Stage::Closed, ReasonCode::Collected)).await;
    looked(&store, 3, 20, rest(Stage::Failed, ReasonCode::RetriesUsedUp)).await;
    ok(store.hint(&[hint(4, 0)]).await);
    let stale = async |before: i64, limit: u32| ok(store.stale_cases(at(before), limit).await);
    assert_eq!(numbers(&stale(50, 9).await), ["4", "3"]);
    assert_eq!(numbers(&stale(51, 9).await), ["4", "3", "1"]);
    assert_eq!(numbers(&stale(51, 1).await), ["4"]);
}

fn exchange(path: &str, command: Option<&str>) -> ports::exchange::Exchange {
    ports::exchange::Exchange {
        at: at(1),
        connection: "bank".to_owned(),
        method: "POST".to_owned(),
        path: path.to_owned(),
        status: Some(201),
        duration_milliseconds: 12,
        request_id: None,
        request_body: Some("{}".to_owned()),
        response_body: None,
        command: command.map(str::to_owned),
    }
}

async fn what_connectors_remember_is_replaced_by_name_and_kept_up_to_a_number(store: AnyStore) {
    let books = connection("books", Side::Erp);
    ok(store.put_connection(&books, &[], &person(), at(0)).await);
    let row = |name: &str, body: &str| (name.to_owned(), body.to_owned());
    let all = || async { ok(store.remembered(&books.id).await) };
    ok(store.put_remembered(&books.id, &[row("a", "1"), row("b", "2")], 3).await);
    ok(store.put_remembered(&books.id, &[row("a", "3"), row("c", "4")], 3).await);
    assert_eq!(all().await, [row("b", "2"), row("a", "3"), row("c", "4")]);
    ok(store.put_remembered(&books.id, &[row("d", "5")], 3).await);
    assert_eq!(all().await, [row("a", "3"), row("c", "4"), row("d", "5")]);
    let nobody = ConnectionId::new("nobody");
    ok(store.put_remembered(&nobody, &[row("a", "1")], 3).await);
    assert_eq!(ok(store.remembered(&nobody).await), []);
}

async fn exchanges_are_kept_up_to_a_number(store: AnyStore) {
    let own = key(1, 1);
    let first = [exchange("/1", Some(own.as_str())), exchange("/2", None)];
    ok(store.put_exchanges(&first, 3).await);
    assert_eq!(ok(store.exchanges_of_command(&own).await), vec![first[0].clone()]);
    let second = [exchange("/3", Some(own.as_str())), exchange("/4", None)];
    ok(store.put_exchanges(&second, 3).await);
    assert_eq!(ok(store.exchanges_of_command(&own).await), vec![second[0].clone()]);
    ok(store.put_exchanges(&[], 0).await);
    assert_eq!(ok(store.exchanges_of_command(&own).await), vec![]);
}
