//! How people name a case: its full key, or what they have at hand: an invoice's number or id in the
//! ERP, a payment, payout or refund of the processor.

use std::collections::BTreeSet;

use engine::INVOICE_FACT;
use model::case::{CaseKey, CaseKind};
use model::ids::{AccountId, InvoiceId, PayoutId, ProcessorRefundId};
use serde::Deserialize;
use store::rows::{CaseFilter, Side};

use crate::commands::delivery;
use crate::failure::{Failure, Result};
use crate::instance::Instance;

/// Cases read at a time while an invoice's number is looked for.
const PAGE: u32 = 500;

/// As many cases are listed when a name fits several.
const LISTED_MAX: usize = 10;

/// The one case that is meant.
///
/// # Errors
/// No case fits, or several do: these are listed.
pub async fn find(instance: &Instance, text: &str) -> Result<CaseKey> {
    if delivery::number(text).is_some() {
        return Err(Failure::usage(format!(
            "{text} is a delivery and no case: \"show\" tells what is in it, \"webhooks dismiss\" takes it \
             off the list"
        )));
    }
    if let Ok(key) = text.parse::<CaseKey>() {
        return match instance.store.case(&key).await? {
            Some(_) => Ok(key),
            None => Err(Failure::usage(format!("there is no case {key}"))),
        };
    }
    let mut found = by_id(instance, text).await?;
    found.extend(by_number(instance, text).await?);
    choose(text, &found).map_err(Failure::Usage)
}

/// The case of the invoice that is meant, when it is known by its number, its id or its case.
///
/// # Errors
/// Several are: these are listed. It is a case of another kind.
pub async fn invoice(instance: &Instance, text: &str) -> Result<Option<CaseKey>> {
    if let Ok(key) = text.parse::<CaseKey>() {
        if key.kind == CaseKind::Collection {
            return Ok(Some(key));
        }
        return Err(Failure::usage(format!(
            "{key} is no invoice: give its number, its id, or a case like collection/ACCOUNT/INVOICE"
        )));
    }
    let mut found = by_number(instance, text).await?;
    for (side, account) in accounts(instance).await? {
        let key = CaseKey::collection(&account, &InvoiceId::new(text));
        if side == Side::Erp && instance.store.case(&key).await?.is_some() {
            found.insert(key);
        }
    }
    match found.len() {
        0 => Ok(None),
        _ => choose(text, &found).map(Some).map_err(Failure::Usage),
    }
}

fn choose(text: &str, found: &BTreeSet<CaseKey>) -> std::result::Result<CaseKey, String> {
    let mut all = found.iter();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only.clone()),
        (None, _) => Err(format!(
            "nothing known is called \"{text}\": give an invoice's number or id, a payment, payout or \
             refund of the processor, or a case like collection/ACCOUNT/INVOICE"
        )),
        (Some(_), Some(_)) => {
            let names: Vec<String> =
                found.iter().take(LISTED_MAX).map(ToString::to_string).collect();
            let more = if found.len() > LISTED_MAX { ", …" } else { "" };
            Err(format!("\"{text}\" may be any of: {}{more}", names.join(", ")))
        }
    }
}

/// Cases whose own id this is, and those that name the payment.
async fn by_id(instance: &Instance, text: &str) -> Result<BTreeSet<CaseKey>> {
    let mut found = BTreeSet::new();
    for (side, account) in accounts(instance).await? {
        let own = match side {
            Side::Erp => vec![CaseKey::collection(&account, &InvoiceId::new(text))],
            Side::Processor => vec![
                CaseKey::payout(&account, &PayoutId::new(text)),
                CaseKey::refund(&account, &ProcessorRefundId::new(text)),
            ],
        };
        for key in own {
            if instance.store.case(&key).await?.is_some() {
                found.insert(key);
            }
        }
        let naming = instance.store.cases_by_ref(&format!("collection/{account}/{text}")).await?;
        found.extend(naming.into_iter().filter(|key| key.kind == CaseKind::Collection));
    }
    Ok(found)
}

async fn accounts(instance: &Instance) -> Result<Vec<(Side, AccountId)>> {
    let connections = instance.store.connections().await?;
    let mut all: Vec<(Side, AccountId)> = Vec::new();
    for one in connections {
        if let Some(account) = one.account
            && !all.iter().any(|(_, known)| *known == account)
        {
            all.push((one.side, account));
        }
    }
    Ok(all)
}

/// What is asked of an invoice as it was last seen.
#[derive(Deserialize)]
struct Numbered {
    number: String,
}

/// Invoices with this document number, as they were last seen.
async fn by_number(instance: &Instance, text: &str) -> Result<BTreeSet<CaseKey>> {
    let mut found = BTreeSet::new();
    let mut filter =
        CaseFilter { kind: Some(CaseKind::Collection), limit: PAGE, ..CaseFilter::default() };
    loop {
        let rows = instance.store.cases(&filter).await?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(found) };
        let keys: Vec<CaseKey> = rows.into_iter().map(|row| row.key).collect();
        let invoices = instance.store.facts_named(&keys, INVOICE_FACT).await?;
        for (key, invoice) in keys.into_iter().zip(invoices) {
            let invoice = invoice.and_then(|body| body.read::<Numbered>());
            if invoice.is_some_and(|invoice| invoice.number.eq_ignore_ascii_case(text)) {
                found.insert(key);
            }
        }
        filter.after = Some(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_several_cases_lists_them() {
        let check = |cases: &[&str], expected: std::result::Result<&str, &str>| {
            let found = cases.iter().map(|case| case.parse().unwrap()).collect();
            match (choose("INV1", &found), expected) {
                (Ok(key), Ok(expected)) => assert_eq!(key.to_string(), expected),
                (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
                (got, expected) => panic!("{cases:?}: {got:?}, expected {expected:?}"),
            }
        };
        check(&[], Err("nothing known is called \"INV1\""));
        check(&["collection/e/1"], Ok("collection/e/1"));
        check(&["collection/e/1", "collection/f/1"], Err("collection/e/1, collection/f/1"));
    }
}
