//! Connections, their secrets, links, settings.

use secrecy::{ExposeSecret, SecretString};

use model::ids::{ConnectionId, LinkId};
use model::policy::Mode;

use super::fixtures::{AnyStore, at, connection, linked, ok, person, refused};
use crate::rows::{Link, Side};

super::suite! {
    a_connection_comes_back_as_it_was_put,
    secrets_come_back_and_unnamed_ones_stay,
    a_renewed_secret_replaces_one_and_is_audited_without_it,
    a_connection_in_use_is_not_removed,
    removing_a_connection_takes_its_secrets,
    a_link_is_versioned,
    a_link_needs_connections_of_the_right_sides,
    settings_are_kept,
    audit_rows_of_connections_name_secrets_and_hold_none,
}

fn secret(field: &str, text: &str) -> (String, SecretString) {
    (field.to_owned(), SecretString::from(text.to_owned()))
}

async fn unsealed(store: &AnyStore, id: &str) -> Vec<(String, String)> {
    ok(store.secrets(&ConnectionId::new(id)).await)
        .into_iter()
        .map(|(field, secret)| (field, secret.expose_secret().to_owned()))
        .collect()
}

async fn a_connection_comes_back_as_it_was_put(store: AnyStore) {
    let mut books = connection("books", Side::Erp);
    books.account = None;
    books.production = None;
    ok(store.put_connection(&books, &[], &person(), at(1)).await);
    assert_eq!(ok(store.connections().await), vec![books.clone()]);

    books.url = Some("https://example.test".to_owned());
    books.allow_host = true;
    books.production = Some(true);
    books.account = Some("erp:9".into());
    ok(store.put_connection(&books, &[], &person(), at(2)).await);
    let bank = connection("bank", Side::Processor);
    ok(store.put_connection(&bank, &[], &person(), at(3)).await);
    assert_eq!(ok(store.connections().await), vec![bank, books]);
}

async fn secrets_come_back_and_unnamed_ones_stay(store: AnyStore) {
    let books = connection("books", Side::Erp);
    let both = [secret("token", "one"), secret("webhook", "two")];
    ok(store.put_connection(&books, &both, &person(), at(1)).await);
    ok(store.put_connection(&books, &[secret("token", "three")], &person(), at(2)).await);
    let pairs = |token: &str| {
        vec![("token".to_owned(), token.to_owned()), ("webhook".to_owned(), "two".to_owned())]
    };
    assert_eq!(unsealed(&store, "books").await, pairs("three"));
    assert_eq!(unsealed(&store, "other").await, vec![]);
}

async fn a_renewed_secret_replaces_one_and_is_audited_without_it(store: AnyStore) {
    let books = connection("books", Side::Erp);
    let both = [secret("token", "one"), secret("webhook", "two")];
    ok(store.put_connection(&books, &both, &person(), at(1)).await);
    let (field, renewed) = secret("token", "r3newed");
    ok(store.renew_secret(&books.id, &field, &renewed, at(2)).await);
    let pairs =
        vec![("token".to_owned(), "r3newed".to_owned()), ("webhook".to_owned(), "two".to_owned())];
    assert_eq!(unsealed(&store, "books").await, pairs);
    refused(store.renew_secret(&"other".into(), &field, &renewed, at(3)).await);
    let rows = ok(store.audit_rows(0, 10).await);
    let text = format!("{rows:?}");
    assert!(text.contains("secret renewed") && !text.contains("r3newed"), "{text}");
}

async fn a_connection_in_use_is_not_removed(store: AnyStore) {
    let link = linked(&store).await;
    let why = refused(store.remove_connection(&link.erp, &person(), at(1)).await);
    assert!(why.contains(link.id.as_str()), "{why}");
    refused(store.remove_connection(&link.processor, &person(), at(1)).await);
    ok(store.remove_link(&link.id, &person(), at(2)).await);
    ok(store.remove_connection(&link.erp, &person(), at(3)).await);
    refused(store.remove_connection(&link.erp, &person(), at(4)).await);
    refused(store.remove_link(&link.id, &person(), at(4)).await);
}

async fn removing_a_connection_takes_its_secrets(store: AnyStore) {
    let books = connection("books", Side::Erp);
    ok(store.put_connection(&books, &[secret("token", "one")], &person(), at(1)).await);
    ok(store.remove_connection(&books.id, &person(), at(2)).await);
    ok(store.put_connection(&books, &[], &person(), at(3)).await);
    assert_eq!(unsealed(&store, "books").await, vec![]);
}

async fn a_link_is_versioned(store: AnyStore) {
    let link = linked(&store).await;
    assert_eq!(ok(store.links().await), vec![link.clone()]);
    refused(store.put_link(&Link { version: 0, ..link.clone() }, &person(), at(1)).await);

    let mut on = link.clone();
    on.policy.mode = Mode::On;
    on.version = ok(store.put_link(&on, &person(), at(2)).await);
    assert!(on.version > link.version);
    assert_eq!(ok(store.links().await), vec![on.clone()]);
    refused(store.put_link(&link, &person(), at(3)).await);
    let unknown = Link { id: LinkId::new("other"), ..on.clone() };
    refused(store.put_link(&unknown, &person(), at(3)).await);
    assert_eq!(ok(store.links().await), vec![on]);
}

async fn a_link_needs_connections_of_the_right_sides(store: AnyStore) {
    let link = linked(&store).await;
    let other = Link { id: LinkId::new("other"), version: 0, ..link.clone() };
    let crossed =
        Link { erp: link.processor.clone(), processor: link.erp.clone(), ..other.clone() };
    refused(store.put_link(&crossed, &person(), at(1)).await);
    let dangling = Link { erp: ConnectionId::new("nowhere"), ..other };
    refused(store.put_link(&dangling, &person(), at(1)).await);
    assert_eq!(ok(store.links().await).len(), 1);
}

async fn settings_are_kept(store: AnyStore) {
    assert_eq!(ok(store.setting("stop").await), None);
    ok(store.put_setting("stop", "yes", &person(), at(1)).await);
    ok(store.put_setting("stop", "no", &person(), at(2)).await);
    assert_eq!(ok(store.setting("stop").await).as_deref(), Some("no"));
    let rows = ok(store.audit_rows(0, 10).await);
    assert_eq!(rows.iter().filter(|row| row.what == "setting").count(), 2);
}

async fn audit_rows_of_connections_name_secrets_and_hold_none(store: AnyStore) {
    let books = connection("books", Side::Erp);
    ok(store.put_connection(&books, &[secret("token", "pl4nted")], &person(), at(1)).await);
    let rows = ok(store.audit_rows(0, 10).await);
    let text = format!("{rows:?}");
    assert!(text.contains("token") && text.contains("books"), "{text}");
    assert!(!text.contains("pl4nted"), "{text}");
    assert_eq!(rows[0].actor, person());
}
