//! The audit trail and its chain.

use serde_json::json;

use model::case::Actor;

use super::fixtures::{AnyStore, at, case, ok, person};
use crate::rows::ChainCheck;

super::suite! {
    an_empty_chain_is_intact,
    rows_come_back_in_order,
    the_chain_is_intact_from_end_to_end,
    racing_writers_make_one_chain,
}

async fn an_empty_chain_is_intact(store: AnyStore) {
    assert!(matches!(ok(store.verify_chain().await), ChainCheck::Intact { rows: 0, .. }));
}

async fn rows_come_back_in_order(store: AnyStore) {
    ok(store.audit(&person(), Some(&case(1)), "exported", &json!({"b": 1, "a": 2}), at(1)).await);
    ok(store.audit(&Actor::System, None, "started", &json!({}), at(2)).await);
    ok(store.audit(&person(), Some(&case(1)), "exported", &json!([]), at(3)).await);
    let rows = ok(store.audit_rows(0, 10).await);
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0].at, rows[0].actor.clone()), (at(1), person()));
    assert_eq!((rows[0].case.clone(), rows[1].case.clone()), (Some(case(1)), None));
    assert_eq!(rows[0].body, json!({"a": 2, "b": 1}));
    assert!(rows.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    assert!(rows.windows(2).all(|pair| pair[0].chain != pair[1].chain));
    assert_eq!(ok(store.audit_rows(rows[0].seq, 1).await), vec![rows[1].clone()]);
    let history = ok(store.history(&case(1)).await);
    assert_eq!(history, vec![rows[0].clone(), rows[2].clone()]);
}

async fn the_chain_is_intact_from_end_to_end(store: AnyStore) {
    // More than one batch of the check.
    for n in 0..1100 {
        ok(store.audit(&Actor::System, None, "n", &json!({ "n": n }), at(n)).await);
    }
    let last = ok(store.audit_rows(1099, 5).await).remove(0);
    let expected = ChainCheck::Intact { rows: 1100, head: last.chain };
    assert_eq!(ok(store.verify_chain().await), expected);
}

async fn racing_writers_make_one_chain(store: AnyStore) {
    let body = json!({});
    let key = case(1);
    let writes = (0..50).map(|n| store.audit(&Actor::System, Some(&key), "n", &body, at(n)));
    futures::future::join_all(writes).await.into_iter().for_each(ok);
    assert!(matches!(ok(store.verify_chain().await), ChainCheck::Intact { rows: 50, .. }));
    assert_eq!(ok(store.history(&key).await).len(), 50);
}
