//! Kept payout items, and the ERP documents that stand for them.

use rusqlite::{Row, params};

use model::decision::ItemDocument;
use model::ids::{AccountId, CollectionId, PayoutId, ProcessorRefundId};
use model::key::Key;
use model::payout::KeptItem;

use super::tx::{Tx, from_word, json, parsed, word};
use crate::api::Result;

/// The route that was fixed with an item is obeyed from then on; only the case that kept a held item
/// releases it to another route. What the processor said of the item is written once.
pub(super) fn keep(tx: &Tx<'_>, account: &AccountId, kept: &KeptItem) -> Result<()> {
    tx.run(
        "insert into kept_items (account, payout, ordinal, collection, refund, arrival_on, body)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (account, payout, ordinal) do update set
           body = json_set(body, '$.route', json_extract(excluded.body, '$.route'))",
        params![
            account.as_str(),
            kept.payout.as_str(),
            kept.item.ordinal,
            kept.item.collection.as_ref().map(CollectionId::as_str),
            kept.item.refund.as_ref().map(ProcessorRefundId::as_str),
            kept.arrival_on.to_string(),
            json(kept)?,
        ],
    )?;
    Ok(())
}

pub(super) fn put_document(
    tx: &Tx<'_>,
    account: &AccountId,
    document: &ItemDocument,
) -> Result<()> {
    tx.run(
        "insert into item_documents (account, payout, ordinal, role, key, document, collection)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (account, payout, ordinal, role) do update set
           key = excluded.key, document = excluded.document, collection = excluded.collection",
        params![
            account.as_str(),
            document.payout.as_str(),
            document.ordinal,
            word(&document.role)?,
            document.key.as_str(),
            document.document,
            document.collection.as_ref().map(CollectionId::as_str),
        ],
    )?;
    Ok(())
}

fn kept(row: &Row<'_>) -> Result<KeptItem> {
    parsed(&row.get::<_, String>(0)?, "payout item")
}

pub(super) fn of_payout(
    tx: &Tx<'_>,
    account: &AccountId,
    payout: &PayoutId,
) -> Result<Vec<KeptItem>> {
    tx.all(
        "select body from kept_items where account = ?1 and payout = ?2 order by ordinal",
        [account.as_str(), payout.as_str()],
        kept,
    )
}

pub(super) fn of_refund(
    tx: &Tx<'_>,
    account: &AccountId,
    refund: &ProcessorRefundId,
) -> Result<Vec<KeptItem>> {
    tx.all(
        "select body from kept_items where account = ?1 and refund = ?2
         order by arrival_on, payout, ordinal",
        [account.as_str(), refund.as_str()],
        kept,
    )
}

pub(super) fn of_collection(
    tx: &Tx<'_>,
    account: &AccountId,
    collection: &CollectionId,
) -> Result<Vec<KeptItem>> {
    tx.all(
        "select body from kept_items where account = ?1 and collection = ?2
         order by arrival_on, payout, ordinal",
        [account.as_str(), collection.as_str()],
        kept,
    )
}

/// The accounts that have this item.
pub(super) fn accounts_of(tx: &Tx<'_>, payout: &PayoutId, ordinal: u32) -> Result<Vec<AccountId>> {
    tx.all(
        "select account from kept_items where payout = ?1 and ordinal = ?2 order by account",
        params![payout.as_str(), ordinal],
        |row| Ok(AccountId::new(row.get::<_, String>(0)?)),
    )
}

const DOCUMENT_COLUMNS: &str = "payout, ordinal, role, key, document, collection";

fn document(row: &Row<'_>) -> Result<ItemDocument> {
    Ok(ItemDocument {
        payout: PayoutId::new(row.get::<_, String>(0)?),
        ordinal: row.get(1)?,
        role: from_word(row.get(2)?, "role of a document")?,
        key: Key::from_stored(&row.get::<_, String>(3)?),
        document: row.get(4)?,
        collection: row.get::<_, Option<String>>(5)?.map(CollectionId::new),
    })
}

pub(super) fn documents(
    tx: &Tx<'_>,
    account: &AccountId,
    payout: &PayoutId,
) -> Result<Vec<ItemDocument>> {
    let sql = format!(
        "select {DOCUMENT_COLUMNS} from item_documents where account = ?1 and payout = ?2
         order by ordinal, role"
    );
    tx.all(&sql, [account.as_str(), payout.as_str()], document)
}

/// The documents that stand for items of a collection, named by it or by its kept items.
pub(super) fn documents_of_collection(
    tx: &Tx<'_>,
    account: &AccountId,
    collection: &CollectionId,
) -> Result<Vec<ItemDocument>> {
    let sql = format!(
        "select {DOCUMENT_COLUMNS} from item_documents where account = ?1 and collection = ?2
         union
         select {DOCUMENT_COLUMNS} from item_documents
         where account = ?1 and (payout, ordinal) in (
           select payout, ordinal from kept_items where account = ?1 and collection = ?2)
         order by 1, 2, 3"
    );
    tx.all(&sql, [account.as_str(), collection.as_str()], document)
}
