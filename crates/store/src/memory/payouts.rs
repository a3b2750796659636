//! Kept payout items, and the ERP documents that stand for them.

use std::collections::BTreeSet;

use model::decision::ItemDocument;
use model::ids::{AccountId, CollectionId, PayoutId, ProcessorRefundId};
use model::payout::KeptItem;

use super::{Rows, Tx};
use crate::api::Result;
use crate::values::word;

/// The route that was fixed with an item is obeyed from then on; only the case that kept a held item
/// releases it to another route. What the processor said of the item is written once.
pub(super) fn keep(tx: &mut Tx<'_>, account: &AccountId, kept: &KeptItem) {
    let key = (account.clone(), kept.payout.clone(), kept.item.ordinal);
    let route = |stored: &mut KeptItem| stored.route.clone_from(&kept.route);
    if tx.rows.kept_items.change(&key, route).is_none() {
        tx.rows.kept_items.put(key, kept.clone());
    }
}

pub(super) fn put_document(
    tx: &mut Tx<'_>,
    account: &AccountId,
    document: &ItemDocument,
) -> Result<()> {
    let payout = document.payout.clone();
    let key = (account.clone(), payout, document.ordinal, word(&document.role)?);
    tx.rows.item_documents.put(key, document.clone());
    Ok(())
}

pub(super) fn of_payout(rows: &Rows, account: &AccountId, payout: &PayoutId) -> Vec<KeptItem> {
    let first = (account.clone(), payout.clone(), 0);
    let last = (account.clone(), payout.clone(), u32::MAX);
    rows.kept_items.range(first..=last).map(|(_, item)| item.clone()).collect()
}

/// In the order in which their payouts arrived.
fn items(rows: &Rows, account: &AccountId, wanted: impl Fn(&KeptItem) -> bool) -> Vec<KeptItem> {
    let found = rows.kept_items.iter().filter(|((of, _, _), kept)| of == account && wanted(kept));
    let mut found: Vec<KeptItem> = found.map(|(_, kept)| kept.clone()).collect();
    found.sort_by_key(|kept| kept.arrival_on);
    found
}

pub(super) fn of_refund(
    rows: &Rows,
    account: &AccountId,
    refund: &ProcessorRefundId,
) -> Vec<KeptItem> {
    items(rows, account, |kept| kept.item.refund.as_ref() == Some(refund))
}

pub(super) fn of_collection(
    rows: &Rows,
    account: &AccountId,
    collection: &CollectionId,
) -> Vec<KeptItem> {
    items(rows, account, |kept| kept.item.collection.as_ref() == Some(collection))
}

/// The accounts that have this item.
pub(super) fn accounts_of(rows: &Rows, payout: &PayoutId, ordinal: u32) -> Vec<AccountId> {
    let found = rows.kept_items.iter();
    let found = found.filter(|((_, of, nth), _)| of == payout && *nth == ordinal);
    found.map(|((account, _, _), _)| account.clone()).collect()
}

pub(super) fn documents(rows: &Rows, account: &AccountId, payout: &PayoutId) -> Vec<ItemDocument> {
    let first = (account.clone(), payout.clone(), 0, String::new());
    let found = rows.item_documents.range(first..);
    let found = found.take_while(|((of, at, _, _), _)| of == account && at == payout);
    found.map(|(_, document)| document.clone()).collect()
}

/// The documents that stand for items of a collection, named by it or by its kept items.
pub(super) fn documents_of_collection(
    rows: &Rows,
    account: &AccountId,
    collection: &CollectionId,
) -> Vec<ItemDocument> {
    let kept = rows.kept_items.iter().filter(|((of, _, _), kept)| {
        of == account && kept.item.collection.as_ref() == Some(collection)
    });
    let kept: BTreeSet<(&PayoutId, u32)> =
        kept.map(|((_, payout, ordinal), _)| (payout, *ordinal)).collect();
    let found = rows.item_documents.iter().filter(|((of, payout, ordinal, _), document)| {
        let named = document.collection.as_ref() == Some(collection);
        of == account && (named || kept.contains(&(payout, *ordinal)))
    });
    found.map(|(_, document)| document.clone()).collect()
}
