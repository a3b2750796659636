//! The directories: the processor's customers, the settled pairs of customers, and the collections
//! that were seen with the case each belongs to.

use rusqlite::{Row, params};

use model::case::CaseKey;
use model::customer::{CustomerPair, ProcessorCustomer, fold_email};
use model::ids::{AccountId, CollectionId, ErpCustomerId, LinkId, ProcessorCustomerId};

use super::cases;
use super::tx::{Tx, from_word, json, micros, parsed, stored_body, time, word};
use crate::api::Result;
use crate::rows::{CollectionRow, DirectoryRow, PairQuery};

pub(super) fn put_customers(tx: &Tx<'_>, rows: &[DirectoryRow]) -> Result<()> {
    for row in rows {
        tx.run(
            "insert into directory (account, id, email, erp_customer, body)
             values (?1, ?2, ?3, ?4, ?5)
             on conflict (account, id) do update set
               email = excluded.email, erp_customer = excluded.erp_customer, body = excluded.body",
            params![
                row.account.as_str(),
                row.customer.id.as_str(),
                row.customer.email.as_deref().map(fold_email),
                row.customer.erp_customer.as_ref().map(ErpCustomerId::as_str),
                json(&row.customer)?,
            ],
        )?;
    }
    Ok(())
}

fn customer(row: &Row<'_>) -> Result<ProcessorCustomer> {
    parsed(&row.get::<_, String>(0)?, "customer of the directory")
}

pub(super) fn by_email(
    tx: &Tx<'_>,
    account: &AccountId,
    folded: &str,
) -> Result<Vec<ProcessorCustomer>> {
    tx.all(
        "select body from directory where account = ?1 and email = ?2 order by id",
        [account.as_str(), folded],
        customer,
    )
}

pub(super) fn by_erp_customer(
    tx: &Tx<'_>,
    account: &AccountId,
    erp_customer: &str,
) -> Result<Vec<ProcessorCustomer>> {
    tx.all(
        "select body from directory where account = ?1 and erp_customer = ?2 order by id",
        [account.as_str(), erp_customer],
        customer,
    )
}

pub(super) fn put_pair(
    tx: &Tx<'_>,
    erp: &AccountId,
    processor: &AccountId,
    pair: &CustomerPair,
) -> Result<()> {
    tx.run(
        "insert into pairs (erp, processor, erp_customer, processor_customer, link, matched_by)
         values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (erp, processor, erp_customer) do update set
           processor_customer = excluded.processor_customer, link = excluded.link,
           matched_by = excluded.matched_by",
        params![
            erp.as_str(),
            processor.as_str(),
            pair.erp.as_str(),
            pair.processor.as_str(),
            pair.link.as_str(),
            word(&pair.by)?,
        ],
    )?;
    Ok(())
}

/// A pair from the columns link, ERP customer, processor customer, matched by.
fn pair(row: &Row<'_>) -> Result<CustomerPair> {
    Ok(CustomerPair {
        link: LinkId::new(row.get::<_, String>(0)?),
        erp: ErpCustomerId::new(row.get::<_, String>(1)?),
        processor: ProcessorCustomerId::new(row.get::<_, String>(2)?),
        by: from_word(row.get(3)?, "way of a match")?,
    })
}

pub(super) fn pairs(tx: &Tx<'_>, queries: &[PairQuery]) -> Result<Vec<Option<CustomerPair>>> {
    let one = |query: &PairQuery| {
        tx.one(
            "select link, erp_customer, processor_customer, matched_by from pairs
             where erp = ?1 and processor = ?2 and erp_customer = ?3",
            [query.erp.as_str(), query.processor.as_str(), query.customer.as_str()],
            pair,
        )
    };
    queries.iter().map(one).collect()
}

pub(super) fn pairs_of_processor(
    tx: &Tx<'_>,
    processor: &AccountId,
    customer: &str,
) -> Result<Vec<(AccountId, CustomerPair)>> {
    tx.all(
        "select link, erp_customer, processor_customer, matched_by, erp from pairs
         where processor = ?1 and processor_customer = ?2 order by erp, erp_customer",
        [processor.as_str(), customer],
        |row| Ok((AccountId::new(row.get::<_, String>(4)?), pair(row)?)),
    )
}

/// A row that names no case leaves the case that is stored, as a person may have matched it.
pub(super) fn put_collections(tx: &Tx<'_>, rows: &[CollectionRow]) -> Result<()> {
    for row in rows {
        tx.run(
            "insert into collections (account, id, case_key, adopted, created_at, body)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (account, id) do update set
               case_key = coalesce(excluded.case_key, collections.case_key),
               adopted = case when excluded.case_key is null and collections.case_key is not null
                 then collections.adopted else excluded.adopted end,
               created_at = excluded.created_at, body = excluded.body",
            params![
                row.account.as_str(),
                row.id.as_str(),
                row.case.as_ref().map(ToString::to_string),
                row.adopted,
                micros(row.created_at),
                row.body.text(),
            ],
        )?;
    }
    Ok(())
}

/// Payments that the case had, and that another one did not take meanwhile, are nobody's again.
pub(super) fn free_collections(
    tx: &Tx<'_>,
    case: &CaseKey,
    freed: &[(AccountId, CollectionId)],
) -> Result<()> {
    for (account, id) in freed {
        tx.run(
            "update collections set case_key = null, adopted = 0
             where account = ?1 and id = ?2 and case_key = ?3",
            params![account.as_str(), id.as_str(), case.to_string()],
        )?;
    }
    Ok(())
}

const COLLECTION_COLUMNS: &str = "account, id, case_key, adopted, created_at, body";

fn collection(row: &Row<'_>) -> Result<CollectionRow> {
    let case: Option<String> = row.get(2)?;
    Ok(CollectionRow {
        account: AccountId::new(row.get::<_, String>(0)?),
        id: CollectionId::new(row.get::<_, String>(1)?),
        case: case.map(|key| cases::key_of(&key)).transpose()?,
        adopted: row.get(3)?,
        created_at: time(row.get(4)?)?,
        body: stored_body(row.get(5)?, "collection")?,
    })
}

pub(super) fn collections(
    tx: &Tx<'_>,
    account: &AccountId,
    ids: &[CollectionId],
) -> Result<Vec<Option<CollectionRow>>> {
    let sql =
        format!("select {COLLECTION_COLUMNS} from collections where account = ?1 and id = ?2");
    ids.iter().map(|id| tx.one(&sql, [account.as_str(), id.as_str()], collection)).collect()
}

pub(super) fn collections_of_case(tx: &Tx<'_>, case_key: &str) -> Result<Vec<CollectionRow>> {
    let sql = format!(
        "select {COLLECTION_COLUMNS} from collections where case_key = ?1
         order by created_at, id"
    );
    tx.all(&sql, [case_key], collection)
}

pub(super) fn foreign(tx: &Tx<'_>, account: &AccountId, limit: u32) -> Result<Vec<CollectionRow>> {
    let sql = format!(
        "select {COLLECTION_COLUMNS} from collections where account = ?1 and case_key is null
         order by created_at, id limit ?2"
    );
    tx.all(&sql, params![account.as_str(), limit], collection)
}
