//! What connectors read once: the newest rows of each connection, replaced by name.

use rusqlite::params;

use model::ids::ConnectionId;

use super::tx::Tx;
use crate::api::Result;

pub(super) fn put(
    tx: &Tx<'_>,
    connection: &ConnectionId,
    rows: &[(String, String)],
    keep_most: u32,
) -> Result<()> {
    for (name, body) in rows {
        // A new id each time: the oldest go first. One that is tried before it is added has no row.
        tx.run(
            "insert or replace into remembered (connection, name, body)
             select id, ?2, ?3 from connections where id = ?1",
            params![connection.as_str(), name, body],
        )?;
    }
    tx.run(
        "delete from remembered where connection = ?1 and id <= (
           select id from remembered where connection = ?1 order by id desc limit 1 offset ?2)",
        params![connection.as_str(), keep_most],
    )?;
    Ok(())
}

pub(super) fn all(tx: &Tx<'_>, connection: &ConnectionId) -> Result<Vec<(String, String)>> {
    tx.all(
        "select name, body from remembered where connection = ?1 order by id",
        [connection.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}
