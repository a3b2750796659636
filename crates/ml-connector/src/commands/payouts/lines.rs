//! The items of a payout, each with the invoice that it is about and the documents that carry it.

use std::collections::BTreeMap;

use model::case::{CaseKey, CaseKind};
use model::decision::{DocumentRole, ItemDocument};
use model::ids::{CollectionId, PayoutId};
use model::invoice::Invoice;
use model::money::ItemAmount;
use model::payout::{ItemRoute, KeptItem};
use rust_decimal::Decimal;
use store::rows::CaseRow;

use crate::failure::Result;
use crate::instance::Instance;

/// The fact that holds an invoice as it was last seen.
const INVOICE_FACT: &str = "invoice";

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
    let mut invoices = BTreeMap::new();
    for row in rows.into_iter().flatten() {
        let Some(case) = row.case.filter(|case| case.kind == CaseKind::Collection) else {
            continue;
        };
        invoices.insert(row.id, named(instance, &case).await?);
    }
    Ok(Lines { payout, items, documents, invoices })
}

async fn named(instance: &Instance, case: &CaseKey) -> Result<Named> {
    let id = case.subject.clone();
    let Some(row) = instance.store.case(case).await? else {
        return Ok(Named { id, ..Named::default() });
    };
    let context = instance.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
    let body = context.facts.get(INVOICE_FACT).map(|(_, body)| body.clone());
    let invoice = body.and_then(|body| serde_json::from_value::<Invoice>(body).ok());
    Ok(match invoice {
        Some(invoice) => {
            Named { id, number: invoice.number, customer: invoice.customer.to_string() }
        }
        None => Named { id, ..Named::default() },
    })
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
            self.major(item.amount),
            if tax.is_zero() { String::new() } else { self.major(tax) },
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

    fn major(&self, amount: ItemAmount) -> String {
        let exponent = self.kept.currency.exponent();
        let mut major = amount.decimal() / Decimal::from(10_u64.pow(exponent));
        if major.scale() < exponent {
            major.rescale(exponent);
        }
        format!("{major} {}", self.kept.currency)
    }
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
