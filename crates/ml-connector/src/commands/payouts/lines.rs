//! The items of a payout, each with the invoice that it is about and the documents that carry it.

use std::collections::BTreeMap;

use engine::INVOICE_FACT;
use model::case::{CaseKey, CaseKind};
use model::decision::{DocumentRole, ItemDocument};
use model::ids::{CollectionId, PayoutId};
use model::invoice::Invoice;
use model::money::{Currency, ItemAmount};
use model::payout::{ItemRoute, KeptItem};
use rust_decimal::Decimal;
use store::rows::{Body, CaseRow};

use crate::failure::Result;
use crate::instance::Instance;

/// The columns of `payouts show`.
pub const SHOWN: [&str; 8] =
    ["#", "kind", "amount", "of which tax", "invoice", "payment or refund", "booked", "documents"];

/// The columns of an export, whatever its form.
pub const EXPORTED: [&str; 14] = [
    "payout",
    "arrival_on",
    "currency",
    "item",
    "kind",
    "amount_minor",
    "tax_minor",
    "invoice",
    "invoice_id",
    "customer_id",
    "payment",
    "refund",
    "route",
    "documents",
];

/// What is known of one payout's items.
pub struct Lines {
    pub payout: PayoutId,
    pub items: Vec<KeptItem>,
    pub documents: Vec<ItemDocument>,
    invoices: BTreeMap<CollectionId, Named>,
}

/// The invoice of a payment: its id, and, where it was ever read, number and customer.
#[derive(Default, Clone)]
struct Named {
    id: String,
    number: String,
    customer: String,
}

/// One item.
pub struct Line<'a> {
    kept: &'a KeptItem,
    invoice: Named,
    documents: Vec<&'a ItemDocument>,
}

/// Reads them from the store.
pub async fn of(instance: &Instance, row: &CaseRow) -> Result<Lines> {
    let account = &row.key.account;
    let payout = PayoutId::new(row.key.subject.as_str());
    let items = instance.store.items_of_payout(account, &payout).await?;
    let documents = instance.store.item_documents(account, &payout).await?;
    let ids: Vec<CollectionId> =
        items.iter().filter_map(|kept| kept.item.collection.clone()).collect();
    let rows = instance.store.collection_rows(account, &ids).await?;
    let (payments, cases): (Vec<CollectionId>, Vec<CaseKey>) = rows
        .into_iter()
        .flatten()
        .filter_map(|row| Some((row.id, row.case?)))
        .filter(|(_, case)| case.kind == CaseKind::Collection)
        .unzip();
    let seen = instance.store.facts_named(&cases, INVOICE_FACT).await?;
    let named = cases.into_iter().zip(seen).map(|(case, invoice)| named(case, invoice));
    let invoices = payments.into_iter().zip(named).collect();
    Ok(Lines { payout, items, documents, invoices })
}

fn named(case: CaseKey, invoice: Option<Body>) -> Named {
    let id = case.subject;
    match invoice.and_then(|body| body.read::<Invoice>()) {
        Some(invoice) => {
            Named { id, number: invoice.number, customer: invoice.customer.to_string() }
        }
        None => Named { id, ..Named::default() },
    }
}

impl Lines {
    pub fn all(&self) -> impl Iterator<Item = Line<'_>> {
        self.items.iter().map(|kept| {
            let ordinal = kept.item.ordinal;
            let collection = kept.item.collection.as_ref();
            Line {
                kept,
                invoice: collection
                    .and_then(|id| self.invoices.get(id))
                    .cloned()
                    .unwrap_or_default(),
                documents: self.documents.iter().filter(|one| one.ordinal == ordinal).collect(),
            }
        })
    }
}

impl Line<'_> {
    /// The cells of `SHOWN`; amounts in major units.
    pub fn shown(&self) -> Vec<String> {
        let item = &self.kept.item;
        let tax = tax(self.kept);
        let named = match (&item.refund, &item.collection) {
            (Some(refund), _) => refund.to_string(),
            (None, Some(payment)) => payment.to_string(),
            (None, None) => String::new(),
        };
        let documents: Vec<String> = self
            .documents
            .iter()
            .map(|one| format!("{} {}", role(one.role), one.document))
            .collect();
        vec![
            item.ordinal.to_string(),
            word(&item.kind).replace('_', " "),
            major(item.amount, self.kept.currency),
            if tax.is_zero() { String::new() } else { major(tax, self.kept.currency) },
            self.invoice.number.clone(),
            named,
            booked(self.kept.route).to_owned(),
            documents.join(", "),
        ]
    }

    /// The cells of `EXPORTED`; amounts in minor units with their tenths.
    pub fn exported(&self) -> Vec<String> {
        let (kept, item) = (self.kept, &self.kept.item);
        let documents: Vec<String> = self
            .documents
            .iter()
            .map(|one| format!("{}:{}", role(one.role), one.document))
            .collect();
        vec![
            kept.payout.to_string(),
            kept.arrival_on.to_string(),
            kept.currency.to_string(),
            item.ordinal.to_string(),
            word(&item.kind),
            item.amount.to_string(),
            tax(kept).to_string(),
            self.invoice.number.clone(),
            self.invoice.id.clone(),
            self.invoice.customer.clone(),
            item.collection.as_ref().map_or_else(String::new, ToString::to_string),
            item.refund.as_ref().map_or_else(String::new, ToString::to_string),
            word(&kept.route),
            documents.join(" "),
        ]
    }
}

/// An item's amount in major units, with as many digits as it has, and the currency's at least.
fn major(amount: ItemAmount, currency: Currency) -> String {
    let exponent = currency.exponent();
    let mut major = (amount.decimal() / Decimal::from(10_u64.pow(exponent))).normalize();
    if major.scale() < exponent {
        major.rescale(exponent);
    }
    format!("{major} {currency}")
}

/// The tax inside an item, with the item's sign.
fn tax(kept: &KeptItem) -> ItemAmount {
    let taxes = kept.item.taxes.iter().map(|tax| tax.amount.with_sign_of(kept.item.amount));
    taxes.fold(ItemAmount::ZERO, |sum, tax| sum.checked_add(tax).unwrap_or(sum))
}

fn role(role: DocumentRole) -> &'static str {
    match role {
        DocumentRole::Receipt => "receipt",
        DocumentRole::Refund => "refund",
        DocumentRole::Loss => "loss",
        DocumentRole::ByPerson => "voided, by hand",
    }
}

fn booked(route: ItemRoute) -> &'static str {
    match route {
        ItemRoute::FromBank => "from the bank account",
        ItemRoute::InDeposit => "in the deposit",
        ItemRoute::DepositLine => "a line of the deposit",
        ItemRoute::LeftToPeople => "by people",
    }
}

/// The stored word of an enumeration.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_that_they_need() {
        for (minor, currency, expected) in [
            ("10101.0", "GBP", "101.01 GBP"),
            ("7500", "GBP", "75.00 GBP"),
            ("-145.2", "GBP", "-1.452 GBP"),
            ("0", "GBP", "0.00 GBP"),
            ("1200", "JPY", "1200 JPY"),
        ] {
            let amount = ItemAmount::parse_minor(minor).expect("an amount");
            assert_eq!(major(amount, currency.parse().expect("a currency")), expected);
        }
    }
}
