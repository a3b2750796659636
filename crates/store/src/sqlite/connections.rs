//! Connections with their sealed secrets, links, and the settings of the instance. Audit rows of
//! them name secrets, and never hold one.

use jiff::Timestamp;
use rusqlite::{Row, params};
use secrecy::SecretString;
use serde_json::json;

use model::case::Actor;
use model::ids::{AccountId, ConnectionId, LinkId};

use super::tx::{Tx, from_word, json, micros, parsed, refused, time, word};
use super::{audit, cases};
use crate::api::Result;
use crate::rows::{Connection, Link};
use crate::rules::{connection_note, may_put, right_sides};
use crate::vault::Sealed;

pub(super) fn put_connection(
    tx: &Tx<'_>,
    connection: &Connection,
    secrets: &[(String, SecretString)],
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    tx.run(
        "insert into connections
           (id, side, system, account, production, url, allow_host, settings, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         on conflict (id) do update set
           side = excluded.side, system = excluded.system, account = excluded.account,
           production = excluded.production, url = excluded.url, allow_host = excluded.allow_host,
           settings = excluded.settings, created_at = excluded.created_at",
        params![
            connection.id.as_str(),
            word(&connection.side)?,
            connection.system,
            connection.account.as_ref().map(AccountId::as_str),
            connection.production,
            connection.url,
            connection.allow_host,
            json(&connection.settings)?,
            micros(connection.created_at),
        ],
    )?;
    for (field, secret) in secrets {
        put_secret(tx, &connection.id, field, secret)?;
    }
    let body = connection_note(connection, secrets);
    audit::append(tx, actor, None, "connection", &body, at)
}

pub(super) fn renew_secret(
    tx: &Tx<'_>,
    connection: &ConnectionId,
    field: &str,
    secret: &SecretString,
    at: Timestamp,
) -> Result<()> {
    if one_connection(tx, connection.as_str())?.is_none() {
        return refused(format!("there is no connection {connection}"));
    }
    put_secret(tx, connection, field, secret)?;
    let body = json!({ "connection": connection, "secrets": [field] });
    audit::append(tx, &Actor::System, None, "secret renewed", &body, at)
}

fn put_secret(
    tx: &Tx<'_>,
    connection: &ConnectionId,
    field: &str,
    secret: &SecretString,
) -> Result<()> {
    let sealed = tx.vault.seal(connection.as_str(), field, secret)?;
    tx.run(
        "insert into secrets (connection, field, master_key, wrapped_key, sealed)
         values (?1, ?2, ?3, ?4, ?5)
         on conflict (connection, field) do update set
           master_key = excluded.master_key, wrapped_key = excluded.wrapped_key,
           sealed = excluded.sealed",
        params![connection.as_str(), field, sealed.master_key, sealed.wrapped_key, sealed.sealed],
    )?;
    Ok(())
}

const CONNECTION_COLUMNS: &str =
    "id, side, system, account, production, url, allow_host, settings, created_at";

fn connection(row: &Row<'_>) -> Result<Connection> {
    Ok(Connection {
        id: ConnectionId::new(row.get::<_, String>(0)?),
        side: from_word(row.get(1)?, "side of a connection")?,
        system: row.get(2)?,
        account: row.get::<_, Option<String>>(3)?.map(AccountId::new),
        production: row.get(4)?,
        url: row.get(5)?,
        allow_host: row.get(6)?,
        settings: parsed(&row.get::<_, String>(7)?, "settings of a connection")?,
        created_at: time(row.get(8)?)?,
    })
}

pub(super) fn connections(tx: &Tx<'_>) -> Result<Vec<Connection>> {
    tx.all(&format!("select {CONNECTION_COLUMNS} from connections order by id"), [], connection)
}

pub(super) fn one_connection(tx: &Tx<'_>, id: &str) -> Result<Option<Connection>> {
    let sql = format!("select {CONNECTION_COLUMNS} from connections where id = ?1");
    tx.one(&sql, [id], connection)
}

pub(super) fn secrets(tx: &Tx<'_>, id: &ConnectionId) -> Result<Vec<(String, SecretString)>> {
    tx.all(
        "select field, master_key, wrapped_key, sealed from secrets
         where connection = ?1 order by field",
        [id.as_str()],
        |row| {
            let field: String = row.get(0)?;
            let sealed =
                Sealed { master_key: row.get(1)?, wrapped_key: row.get(2)?, sealed: row.get(3)? };
            let secret = tx.vault.unseal(id.as_str(), &field, &sealed)?;
            Ok((field, secret))
        },
    )
}

pub(super) fn remove_connection(
    tx: &Tx<'_>,
    id: &ConnectionId,
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    let used = tx.one(
        "select id from links where erp = ?1 or processor = ?1 order by id limit 1",
        [id.as_str()],
        |row| Ok(row.get::<_, String>(0)?),
    )?;
    if let Some(link) = used {
        return refused(format!("the connection {id} is used by the link {link}"));
    }
    if tx.run("delete from connections where id = ?1", [id.as_str()])? == 0 {
        return refused(format!("there is no connection {id}"));
    }
    audit::append(tx, actor, None, "connection removed", &json!({ "connection": id }), at)
}

pub(super) fn put_link(tx: &Tx<'_>, link: &Link, actor: &Actor, at: Timestamp) -> Result<i64> {
    let erp = one_connection(tx, link.erp.as_str())?.map(|one| one.side);
    let processor = one_connection(tx, link.processor.as_str())?.map(|one| one.side);
    right_sides(link, erp, processor)?;
    may_put(link, version(tx, &link.id)?)?;
    let version = cases::next_seq(tx)?;
    tx.run(
        "insert into links (id, erp, processor, policy, version) values (?1, ?2, ?3, ?4, ?5)
         on conflict (id) do update set
           erp = excluded.erp, processor = excluded.processor, policy = excluded.policy,
           version = excluded.version",
        params![
            link.id.as_str(),
            link.erp.as_str(),
            link.processor.as_str(),
            json(&link.policy)?,
            version
        ],
    )?;
    let body = json!({ "link": Link { version, ..link.clone() } });
    audit::append(tx, actor, None, "policy", &body, at)?;
    Ok(version)
}

/// That of the stored link.
pub(super) fn version(tx: &Tx<'_>, link: &LinkId) -> Result<Option<i64>> {
    tx.one("select version from links where id = ?1", [link.as_str()], |row| Ok(row.get(0)?))
}

const LINK_COLUMNS: &str = "id, erp, processor, policy, version";

fn link(row: &Row<'_>) -> Result<Link> {
    Ok(Link {
        id: LinkId::new(row.get::<_, String>(0)?),
        erp: ConnectionId::new(row.get::<_, String>(1)?),
        processor: ConnectionId::new(row.get::<_, String>(2)?),
        policy: parsed(&row.get::<_, String>(3)?, "policy of a link")?,
        version: row.get(4)?,
    })
}

pub(super) fn links(tx: &Tx<'_>) -> Result<Vec<Link>> {
    tx.all(&format!("select {LINK_COLUMNS} from links order by id"), [], link)
}

/// The processor account that a link serves, as far as it is known.
pub(super) fn processor_account(tx: &Tx<'_>, link: &LinkId) -> Result<Option<AccountId>> {
    let found = tx.one(
        "select connections.account from links
         join connections on connections.id = links.processor where links.id = ?1",
        [link.as_str()],
        |row| Ok(row.get::<_, Option<String>>(0)?),
    )?;
    Ok(found.flatten().map(AccountId::new))
}

pub(super) fn remove_link(tx: &Tx<'_>, id: &LinkId, actor: &Actor, at: Timestamp) -> Result<()> {
    if tx.run("delete from links where id = ?1", [id.as_str()])? == 0 {
        return refused(format!("there is no link {id}"));
    }
    audit::append(tx, actor, None, "link removed", &json!({ "link": id }), at)
}

pub(super) fn setting(tx: &Tx<'_>, name: &str) -> Result<Option<String>> {
    tx.one("select value from settings where name = ?1", [name], |row| Ok(row.get(0)?))
}

pub(super) fn put_setting(
    tx: &Tx<'_>,
    name: &str,
    value: &str,
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    tx.run(
        "insert into settings (name, value) values (?1, ?2)
         on conflict (name) do update set value = excluded.value",
        [name, value],
    )?;
    audit::append(tx, actor, None, "setting", &json!({ "name": name, "value": value }), at)
}
