//! Connections with their sealed secrets, links, and the settings of the instance.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

use model::case::Actor;
use model::ids::{AccountId, ConnectionId, LinkId};

use super::{Rows, Tx, cases, trail};
use crate::api::Result;
use crate::rows::{Connection, Link};
use crate::rules::{connection_note, may_put, right_sides};
use crate::values::{micros, refused, time};
use crate::vault::Vault;

/// A connection, and how many deliveries to it were wrongly signed.
#[derive(Debug, Clone)]
pub(super) struct Connected {
    pub(super) connection: Connection,
    pub(super) bad_signatures: i64,
}

pub(super) fn put_connection(
    tx: &mut Tx<'_>,
    connection: &Connection,
    secrets: &[(String, SecretString)],
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    let stored = tx.rows.connections.get(&connection.id);
    let bad_signatures = stored.map_or(0, |stored| stored.bad_signatures);
    let created_at = time(micros(connection.created_at))?;
    let new = Connection { created_at, ..connection.clone() };
    let new = Connected { connection: new, bad_signatures };
    tx.rows.connections.put(connection.id.clone(), new);
    for (field, secret) in secrets {
        put_secret(tx, &connection.id, field, secret)?;
    }
    let body = connection_note(connection, secrets);
    trail::append(tx, actor, None, "connection", &body, at)
}

pub(super) fn renew_secret(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
    field: &str,
    secret: &SecretString,
    at: Timestamp,
) -> Result<()> {
    if !tx.rows.connections.has(connection) {
        return refused(format!("there is no connection {connection}"));
    }
    put_secret(tx, connection, field, secret)?;
    let body = json!({ "connection": connection, "secrets": [field] });
    trail::append(tx, &Actor::System, None, "secret renewed", &body, at)
}

fn put_secret(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
    field: &str,
    secret: &SecretString,
) -> Result<()> {
    let sealed = tx.vault.seal(connection.as_str(), field, secret)?;
    tx.rows.secrets.put((connection.clone(), field.to_owned()), sealed);
    Ok(())
}

pub(super) fn connections(rows: &Rows) -> Vec<Connection> {
    rows.connections.values().map(|one| one.connection.clone()).collect()
}

pub(super) fn secrets(
    rows: &Rows,
    vault: &Vault,
    id: &ConnectionId,
) -> Result<Vec<(String, SecretString)>> {
    let sealed = rows.secrets.range((id.clone(), String::new())..);
    let unsealed = |((_, field), sealed): (&(ConnectionId, String), _)| {
        Ok((field.clone(), vault.unseal(id.as_str(), field, sealed)?))
    };
    sealed.take_while(|((of, _), _)| of == id).map(unsealed).collect()
}

pub(super) fn remove_connection(
    tx: &mut Tx<'_>,
    id: &ConnectionId,
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    let used = tx.rows.links.values().find(|link| link.erp == *id || link.processor == *id);
    if let Some(link) = used {
        return refused(format!("the connection {id} is used by the link {}", link.id));
    }
    if !tx.rows.connections.remove(id) {
        return refused(format!("there is no connection {id}"));
    }
    let secrets = tx.rows.secrets.iter().map(|(key, _)| key.clone());
    let secrets: Vec<_> = secrets.filter(|(of, _)| of == id).collect();
    for key in secrets {
        tx.rows.secrets.remove(&key);
    }
    drop_remembered(tx, id, |_| true);
    trail::append(tx, actor, None, "connection removed", &json!({ "connection": id }), at)
}

pub(super) fn count_bad(tx: &mut Tx<'_>, connection: &ConnectionId) -> Result<()> {
    let counted = tx.rows.connections.change(connection, |one| one.bad_signatures += 1);
    counted.map_or_else(|| refused(format!("there is no connection {connection}")), Ok)
}

pub(super) fn put_link(tx: &mut Tx<'_>, link: &Link, actor: &Actor, at: Timestamp) -> Result<i64> {
    let side = |id: &ConnectionId| tx.rows.connections.get(id).map(|one| one.connection.side);
    right_sides(link, side(&link.erp), side(&link.processor))?;
    may_put(link, tx.rows.links.get(&link.id).map(|stored| stored.version))?;
    let version = cases::next_seq(tx);
    let new = Link { version, ..link.clone() };
    let body = json!({ "link": new });
    tx.rows.links.put(link.id.clone(), new);
    trail::append(tx, actor, None, "policy", &body, at)?;
    Ok(version)
}

pub(super) fn links(rows: &Rows) -> Vec<Link> {
    rows.links.values().cloned().collect()
}

/// The processor account that a link serves, as far as it is known.
pub(super) fn processor_account(rows: &Rows, link: &LinkId) -> Option<AccountId> {
    let link = rows.links.get(link)?;
    rows.connections.get(&link.processor)?.connection.account.clone()
}

pub(super) fn remove_link(
    tx: &mut Tx<'_>,
    id: &LinkId,
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    if !tx.rows.links.remove(id) {
        return refused(format!("there is no link {id}"));
    }
    trail::append(tx, actor, None, "link removed", &json!({ "link": id }), at)
}

pub(super) fn put_setting(
    tx: &mut Tx<'_>,
    name: &str,
    value: &str,
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    tx.rows.settings.put(name.to_owned(), value.to_owned());
    trail::append(tx, actor, None, "setting", &json!({ "name": name, "value": value }), at)
}

pub(super) fn put_remembered(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
    rows: &[(String, String)],
    keep_most: u32,
) {
    // One that is tried before it is added has no row.
    if !tx.rows.connections.has(connection) {
        return;
    }
    for (name, body) in rows {
        let last = of_connection(tx.rows, connection).last().map_or(0, |(nth, _)| nth);
        drop_remembered(tx, connection, |(_, (old, _))| old == name);
        let row = (name.clone(), body.clone());
        tx.rows.remembered.put((connection.clone(), last + 1), row);
    }
    let keep = usize::try_from(keep_most).unwrap_or(usize::MAX);
    let newest = of_connection(tx.rows, connection).rev().nth(keep).map(|(nth, _)| nth);
    drop_remembered(tx, connection, |(nth, _)| newest.is_some_and(|newest| nth <= newest));
}

type Remembered<'a> = (i64, &'a (String, String));

fn of_connection<'a>(
    rows: &'a Rows,
    id: &ConnectionId,
) -> impl DoubleEndedIterator<Item = Remembered<'a>> {
    let all = rows.remembered.range((id.clone(), i64::MIN)..=(id.clone(), i64::MAX));
    all.map(|((_, nth), row)| (*nth, row))
}

fn drop_remembered(tx: &mut Tx<'_>, id: &ConnectionId, dropped: impl Fn(Remembered<'_>) -> bool) {
    let found = of_connection(tx.rows, id).filter(|one| dropped(*one)).map(|(nth, _)| nth);
    let found: Vec<i64> = found.collect();
    for nth in found {
        tx.rows.remembered.remove(&(id.clone(), nth));
    }
}

/// The oldest first.
pub(super) fn remembered(rows: &Rows, id: &ConnectionId) -> Vec<(String, String)> {
    of_connection(rows, id).map(|(_, row)| row.clone()).collect()
}
