//! The directories: the processor's customers, the settled pairs of customers, and the collections
//! that were seen with the case each belongs to.

use model::case::CaseKey;
use model::customer::{CustomerPair, MatchedBy, ProcessorCustomer, fold_email};
use model::ids::{AccountId, CollectionId, ErpCustomerId, LinkId, ProcessorCustomerId};

use super::{Rows, Tx};
use crate::api::Result;
use crate::rows::{CollectionRow, DirectoryRow, PairQuery};
use crate::values::{micros, time};

/// The processor's side of a pair.
#[derive(Debug, Clone)]
pub(super) struct Paired {
    processor: ProcessorCustomerId,
    link: LinkId,
    by: MatchedBy,
}

impl Paired {
    fn pair(&self, erp: &ErpCustomerId) -> CustomerPair {
        let (link, processor) = (self.link.clone(), self.processor.clone());
        CustomerPair { link, erp: erp.clone(), processor, by: self.by }
    }
}

pub(super) fn put_customers(tx: &mut Tx<'_>, rows: &[DirectoryRow]) {
    for row in rows {
        let key = (row.account.clone(), row.customer.id.clone());
        tx.rows.directory.put(key, row.customer.clone());
    }
}

fn customers(
    rows: &Rows,
    account: &AccountId,
    wanted: impl Fn(&ProcessorCustomer) -> bool,
) -> Vec<ProcessorCustomer> {
    let found = rows.directory.iter().filter(|((of, _), one)| of == account && wanted(one));
    found.map(|(_, one)| one.clone()).collect()
}

pub(super) fn by_email(rows: &Rows, account: &AccountId, folded: &str) -> Vec<ProcessorCustomer> {
    let email = |one: &ProcessorCustomer| one.email.as_deref().map(fold_email);
    customers(rows, account, |one| email(one).as_deref() == Some(folded))
}

pub(super) fn by_erp_customer(
    rows: &Rows,
    account: &AccountId,
    erp_customer: &str,
) -> Vec<ProcessorCustomer> {
    let erp = |one: &ProcessorCustomer| {
        one.erp_customer.as_ref().is_some_and(|id| id.as_str() == erp_customer)
    };
    customers(rows, account, erp)
}

pub(super) fn put_pair(
    tx: &mut Tx<'_>,
    erp: &AccountId,
    processor: &AccountId,
    pair: &CustomerPair,
) {
    let key = (erp.clone(), processor.clone(), pair.erp.clone());
    let (processor, link) = (pair.processor.clone(), pair.link.clone());
    tx.rows.pairs.put(key, Paired { processor, link, by: pair.by });
}

pub(super) fn pairs(rows: &Rows, queries: &[PairQuery]) -> Vec<Option<CustomerPair>> {
    let one = |query: &PairQuery| {
        let key = (query.erp.clone(), query.processor.clone(), query.customer.clone());
        rows.pairs.get(&key).map(|paired| paired.pair(&query.customer))
    };
    queries.iter().map(one).collect()
}

pub(super) fn pairs_of_processor(
    rows: &Rows,
    processor: &AccountId,
    customer: &str,
) -> Vec<(AccountId, CustomerPair)> {
    let found = rows
        .pairs
        .iter()
        .filter(|((_, at, _), paired)| at == processor && paired.processor.as_str() == customer);
    found.map(|((account, _, erp), paired)| (account.clone(), paired.pair(erp))).collect()
}

/// A row that names no case leaves the case that is stored, as a person may have matched it.
pub(super) fn put_collections(tx: &mut Tx<'_>, rows: &[CollectionRow]) -> Result<()> {
    for row in rows {
        let key = (row.account.clone(), row.id.clone());
        let mut new = row.clone();
        new.created_at = time(micros(row.created_at))?;
        let stored = tx.rows.collections.get(&key).filter(|stored| stored.case.is_some());
        if let Some(stored) = stored.filter(|_| row.case.is_none()) {
            new.case.clone_from(&stored.case);
            new.adopted = stored.adopted;
        }
        tx.rows.collections.put(key, new);
    }
    Ok(())
}

/// Payments that the case had, and that another one did not take meanwhile, are nobody's again.
pub(super) fn free_collections(
    tx: &mut Tx<'_>,
    case: &CaseKey,
    freed: &[(AccountId, CollectionId)],
) {
    for key in freed {
        if tx.rows.collections.get(key).is_some_and(|row| row.case.as_ref() == Some(case)) {
            tx.rows.collections.change(key, |row| {
                row.case = None;
                row.adopted = false;
            });
        }
    }
}

pub(super) fn collections(
    rows: &Rows,
    account: &AccountId,
    ids: &[CollectionId],
) -> Vec<Option<CollectionRow>> {
    ids.iter().map(|id| rows.collections.get(&(account.clone(), id.clone())).cloned()).collect()
}

/// The oldest first.
fn oldest_first<'a>(found: impl Iterator<Item = &'a CollectionRow>) -> Vec<CollectionRow> {
    let mut found: Vec<CollectionRow> = found.cloned().collect();
    found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    found
}

pub(super) fn collections_of_case(rows: &Rows, case: &CaseKey) -> Vec<CollectionRow> {
    oldest_first(rows.collections.values().filter(|row| row.case.as_ref() == Some(case)))
}

pub(super) fn foreign(rows: &Rows, account: &AccountId, limit: u32) -> Vec<CollectionRow> {
    let found = rows.collections.values();
    let mut found = oldest_first(found.filter(|row| row.account == *account && row.case.is_none()));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    found
}
