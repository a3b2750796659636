//! The recorded exchanges with outside systems, as many of the latest as are asked for.

use rusqlite::params;

use model::key::Key;
use ports::exchange::Exchange;

use super::tx::{Tx, json, parsed};
use crate::api::Result;

pub(super) fn put(tx: &Tx<'_>, exchanges: &[Exchange], keep_most: u32) -> Result<()> {
    for exchange in exchanges {
        tx.run(
            "insert into exchanges (command, body) values (?1, ?2)",
            params![exchange.command, json(exchange)?],
        )?;
    }
    // Ids grow by one, so the newest `keep_most` are those above this.
    tx.run("delete from exchanges where id <= (select max(id) from exchanges) - ?1", [keep_most])?;
    Ok(())
}

pub(super) fn of_command(tx: &Tx<'_>, key: &Key) -> Result<Vec<Exchange>> {
    tx.all("select body from exchanges where command = ?1 order by id", [key.as_str()], |row| {
        parsed(&row.get::<_, String>(0)?, "exchange")
    })
}
