//! What a saved look leaves behind: facts, history, attention, references, hints.

use serde_json::json;

use model::decision::{Decision, Stage};
use model::reason::{Reason, ReasonCode};

use super::fixtures::{
    AnyStore, at, case, collect, deciding, hint, invoice_lock, key, lease, link_id, linked, look,
    ok, person, refused, request, told, waiting,
};
use crate::rows::{AttentionRow, Claimed, Counted, FactRow, Link, LookResult, PersonSaid, Saved};

super::suite! {
    facts_come_back_by_subject,
    one_fact_of_many_cases_is_found,
    an_older_fact_never_replaces_a_younger_one,
    contexts_come_in_the_order_asked,
    an_unchanged_look_writes_no_history,
    a_changed_decision_is_history,
    history_of_a_case_is_its_own,
    attention_is_what_the_last_look_says,
    an_ignored_item_stays_hidden_until_its_detail_changes,
    references_are_replaced,
    hints_of_a_look_are_given,
    a_look_at_its_own_case_is_news,
    nothing_is_stored_that_acts_by_an_edited_link,
    a_link_made_anew_is_another_one,
    nothing_is_stored_beyond_what_was_counted,
}

fn fact(subject: &str, body: serde_json::Value) -> FactRow {
    FactRow { subject: subject.to_owned(), body: body.into() }
}

async fn facts_come_back_by_subject(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    let first = look(&store, &held, 0).await;
    let amount: serde_json::Value =
        serde_json::from_str(r#"{"amount": 10.10, "text": "é"}"#).expect("JSON");
    let facts = vec![fact("invoice", amount.clone()), fact("receipt/x", json!(null))];
    ok(store.save_look(&LookResult { facts, ..first.clone() }).await);
    let second = look(&store, &held, 1).await;
    let facts = vec![fact("receipt/x", json!([1]))];
    ok(store.save_look(&LookResult { facts, ..second.clone() }).await);

    let context = ok(store.contexts(&[held.id]).await).remove(0);
    assert_eq!(context.facts.len(), 2);
    assert_eq!(context.facts["invoice"], (first.seq, amount.into()));
    assert_eq!(context.facts["receipt/x"], (second.seq, json!([1]).into()));
    let text = context.facts["invoice"].1.value()["amount"].to_string();
    assert_eq!(text, "10.10", "numbers stay as they were written");
}

async fn one_fact_of_many_cases_is_found(store: AnyStore) {
    for n in [1, 2] {
        let held = lease(&store, "w", n, 0).await;
        let facts = vec![fact("invoice", json!(n)), fact("other", json!("other"))];
        ok(store.save_look(&LookResult { facts, ..look(&store, &held, 0).await }).await);
    }
    ok(store.hint(&[hint(3, 0)]).await);
    let asked = [2, 9, 3, 1].map(case);
    let found = ok(store.facts_named(&asked, "invoice").await);
    assert_eq!(found, [Some(json!(2).into()), None, None, Some(json!(1).into())]);
}

async fn an_older_fact_never_replaces_a_younger_one(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    let older = look(&store, &held, 0).await;
    let younger = look(&store, &held, 0).await;
    let facts = vec![fact("invoice", json!("new"))];
    ok(store.save_look(&LookResult { facts, ..younger.clone() }).await);
    let facts = vec![fact("invoice", json!("old")), fact("other", json!("old"))];
    assert_eq!(ok(store.save_look(&LookResult { facts, ..older }).await), Saved::Stored);
    let context = ok(store.contexts(&[held.id]).await).remove(0);
    assert_eq!(context.facts["invoice"], (younger.seq, json!("new").into()));
    assert_eq!(context.facts["other"].1, json!("old").into());
}

async fn contexts_come_in_the_order_asked(store: AnyStore) {
    let (one, two) = (lease(&store, "w", 1, 0).await, lease(&store, "w", 2, 0).await);
    for (held, body) in [(&one, "one"), (&two, "two")] {
        let facts = vec![fact("invoice", json!(body))];
        let saved = LookResult { facts, ..look(&store, held, 0).await };
        ok(store.save_look(&saved).await);
    }
    let contexts = ok(store.contexts(&[two.id, one.id, two.id]).await);
    let bodies: Vec<_> =
        contexts.iter().map(|context| context.facts["invoice"].1.value()).collect();
    assert_eq!(bodies, [json!("two"), json!("one"), json!("two")]);
    assert_eq!(ok(store.contexts(&[]).await), vec![]);
    refused(store.contexts(&[one.id, 999_999]).await);
}

async fn an_unchanged_look_writes_no_history(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    for now in 0..3 {
        let mut same = look(&store, &held, now).await;
        same.decision = same.decision.at(at(1000 + now));
        ok(store.save_look(&same).await);
    }
    assert_eq!(told(&store, 1).await, ["decided"]);
    let row = ok(store.case(&case(1)).await).expect("the case");
    assert_eq!(row.looked_at, Some(at(2)), "the look itself is remembered");
}

async fn a_changed_decision_is_history(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    let decisions = [
        waiting(),
        Decision::rest(Stage::Open, Reason::new(ReasonCode::NoMandate, "GBP")),
        Decision { stage: Stage::Closed, ..waiting() },
        Decision { attention: vec![Reason::plain(ReasonCode::LossBooked)], ..waiting() },
        waiting(),
    ];
    for decision in decisions {
        let changed = LookResult { decision, ..look(&store, &held, 0).await };
        ok(store.save_look(&changed).await);
    }
    assert_eq!(told(&store, 1).await, ["decided"; 5]);
    let rows = ok(store.history(&case(1)).await);
    assert_eq!(rows[1].body["reason"]["detail"], json!("GBP"));
    assert_eq!(rows[2].body["stage"], json!("closed"));

    let acting = look(&store, &held, 1).await;
    let acting = deciding(acting, key(1, 1), collect(1, 500), &[invoice_lock(1)]);
    ok(store.save_look(&acting).await);
    assert_eq!(told(&store, 1).await[5..], ["decided", "intended"]);
}

async fn history_of_a_case_is_its_own(store: AnyStore) {
    for n in [1, 2] {
        let held = lease(&store, "w", n, 0).await;
        ok(store.save_look(&look(&store, &held, 0).await).await);
    }
    let rows = ok(store.history(&case(2)).await);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].case, Some(case(2)));
    assert_eq!(ok(store.history(&case(3)).await), vec![]);
}

fn needs(code: ReasonCode, detail: &str, more: &[(ReasonCode, &str)]) -> Decision {
    Decision {
        attention: more.iter().map(|(code, detail)| Reason::new(*code, *detail)).collect(),
        ..Decision::rest(Stage::Open, Reason::new(code, detail))
    }
}

async fn items(store: &AnyStore, include_ignored: bool) -> Vec<(ReasonCode, String)> {
    let rows: Vec<AttentionRow> = ok(store.attention(include_ignored).await);
    rows.into_iter().map(|row| (row.reason.code, row.reason.detail)).collect()
}

async fn attention_is_what_the_last_look_says(store: AnyStore) {
    use ReasonCode::{AboveLimit, AmountChanged, ForeignPayment, NoMandate};
    let held = lease(&store, "w", 1, 0).await;
    let first = needs(AboveLimit, "5", &[(ForeignPayment, "PM1"), (ForeignPayment, "PM2")]);
    let second = needs(NoMandate, "", &[(ForeignPayment, "PM2"), (AmountChanged, "")]);
    for (now, decision) in [(1, first), (2, second)] {
        ok(store.save_look(&LookResult { decision, ..look(&store, &held, now).await }).await);
        if now == 1 {
            assert_eq!(items(&store, false).await.len(), 3);
        }
    }
    let rows = ok(store.attention(false).await);
    let shown: Vec<_> =
        rows.iter().map(|row| (row.reason.code, row.reason.detail.as_str())).collect();
    assert_eq!(shown, [(ForeignPayment, "PM2"), (AmountChanged, "")], "waiting is no item");
    assert_eq!(rows[0].raised_at, at(1), "an item keeps the time it was raised");
    assert_eq!(rows[1].raised_at, at(2));
    assert_eq!(rows[0].case, case(1));
    let context = ok(store.contexts(&[held.id]).await).remove(0);
    assert_eq!(context.attention, rows);
}

async fn an_ignored_item_stays_hidden_until_its_detail_changes(store: AnyStore) {
    use ReasonCode::{AboveLimit, ForeignPayment};
    let held = lease(&store, "w", 1, 0).await;
    let save = async |decision: Decision| {
        ok(store.save_look(&LookResult { decision, ..look(&store, &held, 1).await }).await);
    };
    save(needs(AboveLimit, "5", &[(ForeignPayment, "PM1")])).await;
    let ignore = PersonSaid::Ignore { code: AboveLimit };
    ok(store.person_said(&case(1), &ignore, &person(), at(2)).await);
    assert_eq!(items(&store, false).await, [(ForeignPayment, "PM1".to_owned())]);
    assert_eq!(items(&store, true).await.len(), 2);

    save(needs(AboveLimit, "5", &[])).await;
    assert_eq!(items(&store, false).await, []);
    // It went and came back as it was.
    save(waiting()).await;
    save(needs(AboveLimit, "5", &[])).await;
    assert_eq!(items(&store, false).await, []);
    save(needs(AboveLimit, "6", &[])).await;
    assert_eq!(items(&store, false).await, [(AboveLimit, "6".to_owned())]);
}

async fn references_are_replaced(store: AnyStore) {
    let (one, two) = (lease(&store, "w", 1, 0).await, lease(&store, "w", 2, 0).await);
    let refs = |refs: &[&str]| refs.iter().map(|text| (*text).to_owned()).collect();
    for (held, named) in [(&one, refs(&["a", "b", "a"])), (&two, refs(&["b"]))] {
        ok(store.save_look(&LookResult { refs: named, ..look(&store, held, 0).await }).await);
    }
    assert_eq!(ok(store.cases_by_ref("b").await), vec![case(1), case(2)]);
    let named = refs(&["c", "a"]);
    ok(store.save_look(&LookResult { refs: named, ..look(&store, &one, 0).await }).await);
    assert_eq!(ok(store.cases_by_ref("a").await), vec![case(1)]);
    assert_eq!(ok(store.cases_by_ref("b").await), vec![case(2)]);
    assert_eq!(ok(store.cases_by_ref("c").await), vec![case(1)]);
    assert_eq!(ok(store.cases_by_ref("d").await), vec![]);
}

async fn hints_of_a_look_are_given(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    let hints = vec![hint(7, 3)];
    ok(store.save_look(&LookResult { hints, ..look(&store, &held, 0).await }).await);
    let claimed = ok(store.claim(&request("v", 3)).await);
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].key, case(7));
}

async fn a_look_at_its_own_case_is_news(store: AnyStore) {
    let held = lease(&store, "w", 1, 0).await;
    let hints = vec![hint(1, 4)];
    ok(store.save_look(&LookResult { hints, ..look(&store, &held, 0).await }).await);
    ok(store.release(held.id, held.epoch, None).await);
    assert_eq!(ok(store.claim(&request("w", 4)).await).len(), 1);
}

/// A look at case 1 that collects by this version of the link.
async fn by_version(store: &AnyStore, held: &Claimed, version: i64) -> LookResult {
    let facts = vec![fact("invoice", json!("read"))];
    let looked = LookResult { facts, link_version: Some(version), ..look(store, held, 1).await };
    deciding(looked, key(1, 1), collect(1, 500), &[invoice_lock(1)])
}

async fn nothing_is_stored_that_acts_by_an_edited_link(store: AnyStore) {
    let link = linked(&store).await;
    let held = lease(&store, "w", 1, 0).await;
    let mut edited = link.clone();
    edited.version = ok(store.put_link(&edited, &person(), at(1)).await);

    let by_old = by_version(&store, &held, link.version).await;
    assert_eq!(ok(store.save_look(&by_old).await), Saved::Overtaken);
    assert_eq!(told(&store, 1).await, Vec::<String>::new());
    assert!(ok(store.contexts(&[held.id]).await).remove(0).facts.is_empty());
    assert_eq!(ok(store.commands(&[], 10).await), vec![]);

    let reads = LookResult { command: None, decision: waiting(), ..by_old };
    assert_eq!(ok(store.save_look(&reads).await), Saved::Stored, "what was read stays true");
    let by_new = by_version(&store, &held, edited.version).await;
    assert_eq!(ok(store.save_look(&by_new).await), Saved::Stored);

    ok(store.remove_link(&link.id, &person(), at(2)).await);
    let by_none = by_version(&store, &held, edited.version).await;
    assert_eq!(ok(store.save_look(&by_none).await), Saved::Overtaken, "there is no link");
}

async fn a_link_made_anew_is_another_one(store: AnyStore) {
    let old = linked(&store).await;
    let held = lease(&store, "w", 1, 0).await;
    ok(store.remove_link(&old.id, &person(), at(1)).await);
    let anew = Link { version: 0, ..old.clone() };
    assert_ne!(ok(store.put_link(&anew, &person(), at(2)).await), old.version);
    let by_old = by_version(&store, &held, old.version).await;
    assert_eq!(ok(store.save_look(&by_old).await), Saved::Overtaken);
}

async fn nothing_is_stored_beyond_what_was_counted(store: AnyStore) {
    let (one, two) = (lease(&store, "w", 1, 0).await, lease(&store, "v", 2, 0).await);
    let (from, to) = (at(0), at(60));
    let counted = async || {
        let totals = ok(store.day_totals(&link_id(), from, to).await);
        vec![Counted { from, to, totals }]
    };
    let first = LookResult { counted: counted().await, ..look(&store, &one, 1).await };
    let second = LookResult { counted: counted().await, ..look(&store, &two, 1).await };
    let first = deciding(first, key(1, 1), collect(1, 500), &[invoice_lock(1)]);
    let second = deciding(second, key(2, 1), collect(2, 500), &[invoice_lock(2)]);
    assert_eq!(ok(store.save_look(&first).await), Saved::Stored);
    assert_eq!(ok(store.save_look(&second).await), Saved::Overtaken, "the other was before it");
    assert_eq!(told(&store, 2).await, Vec::<String>::new());

    let again = LookResult { counted: counted().await, ..second };
    assert_eq!(ok(store.save_look(&again).await), Saved::Stored);
}
