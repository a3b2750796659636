//! Looks up the fields of a record type: the built-in table of its file under `records/` plus the
//! custom fields that the seed declared.

use super::errors::{ApiError, Result};
use super::kind::Kind;
use super::records::{
    credit_memo, customer, customer_payment, customer_refund, deposit, invoice, journal_entry,
    lists, transaction,
};
use super::state::{CustomField, State};
use super::values::{Field, FieldKind, Sublist, Target, rw};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// The built-in body fields of a type.
pub fn built_in(kind: &Kind) -> Vec<&'static [Field]> {
    let own: &'static [Field] = match kind {
        Kind::Account => lists::ACCOUNT,
        Kind::AccountingPeriod => lists::PERIOD,
        Kind::Classification | Kind::Department | Kind::Location => lists::SEGMENT,
        Kind::CreditMemo => credit_memo::FIELDS,
        Kind::Currency => lists::CURRENCY,
        Kind::CurrencyRate => lists::RATE,
        Kind::Customer => customer::FIELDS,
        Kind::CustomerPayment => customer_payment::FIELDS,
        Kind::CustomerRefund => customer_refund::FIELDS,
        Kind::CustomerSubsidiary => customer::SUBSIDIARY_FIELDS,
        Kind::Deposit => deposit::FIELDS,
        Kind::Invoice => invoice::FIELDS,
        Kind::Item => lists::ITEM,
        Kind::JournalEntry => journal_entry::FIELDS,
        Kind::Subsidiary => lists::SUBSIDIARY,
        Kind::Term => lists::TERM,
        Kind::Custom(_) => lists::CUSTOM,
    };
    if kind.is_transaction() { vec![own, transaction::COMMON] } else { vec![own] }
}

/// The sublists of a type.
pub fn sublists(kind: &Kind) -> &'static [Sublist] {
    match kind {
        Kind::CreditMemo => credit_memo::LISTS,
        Kind::Customer => customer::LISTS,
        Kind::CustomerPayment => customer_payment::LISTS,
        Kind::CustomerRefund => customer_refund::LISTS,
        Kind::Deposit => deposit::LISTS,
        Kind::Invoice => invoice::LISTS,
        Kind::JournalEntry => journal_entry::LISTS,
        _ => &[],
    }
}

impl CustomField {
    /// Whether the field stands on records of this type.
    pub fn on(&self, kind: &Kind) -> bool {
        let name = self.field.name.as_ref();
        if !self.applies_to.is_empty() {
            return self.applies_to.contains(kind) && !name.starts_with("custcol");
        }
        kind.custom_prefix().is_some_and(|prefix| name.starts_with(prefix))
            && !matches!(kind, Kind::Custom(_))
    }

    /// Whether the field stands on lines of this sublist.
    fn on_line(&self, kind: &Kind, sublist: &str) -> bool {
        self.field.name.starts_with("custcol")
            && matches!(sublist, "item" | "line")
            && (self.applies_to.is_empty() || self.applies_to.contains(kind))
    }
}

impl State {
    /// All body fields of a type, built-in ones first.
    pub fn fields(&self, kind: &Kind) -> Vec<&Field> {
        let mut all: Vec<&Field> = built_in(kind).into_iter().flatten().collect();
        all.extend(self.custom_fields.iter().filter(|custom| custom.on(kind)).map(|c| &c.field));
        all
    }

    /// A body field, whatever the letter case of `name`.
    pub fn field(&self, kind: &Kind, name: &str) -> Option<&Field> {
        built_in(kind)
            .into_iter()
            .flatten()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .or_else(|| {
                let fits = |custom: &&CustomField| {
                    custom.field.name.eq_ignore_ascii_case(name) && custom.on(kind)
                };
                self.custom_fields.iter().find(fits).map(|custom| &custom.field)
            })
    }

    /// A field of a sublist line, whatever the letter case of `name`.
    pub fn line_field(&self, kind: &Kind, sublist: &Sublist, name: &str) -> Option<&Field> {
        sublist.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).or_else(|| {
            let fits = |custom: &&CustomField| {
                custom.field.name.eq_ignore_ascii_case(name) && custom.on_line(kind, sublist.name)
            };
            self.custom_fields.iter().find(fits).map(|custom| &custom.field)
        })
    }

    /// All fields of a sublist's lines.
    pub fn line_fields(&self, kind: &Kind, sublist: &Sublist) -> Vec<&Field> {
        let mut all: Vec<&Field> = sublist.fields.iter().collect();
        let custom = self.custom_fields.iter().filter(|c| c.on_line(kind, sublist.name));
        all.extend(custom.map(|custom| &custom.field));
        all
    }

    /// The record type behind a path segment, custom types included.
    pub fn kind_of(&self, name: &str, url: &str) -> Result<Kind> {
        let lower = name.to_lowercase();
        let custom = || self.custom_types.get(lower.as_str()).cloned().map(Kind::Custom);
        let kind =
            Kind::parse(name).or_else(custom).ok_or_else(|| ApiError::no_record_type(name, url))?;
        let off = match kind {
            Kind::Subsidiary | Kind::CustomerSubsidiary => !self.company.one_world,
            Kind::Currency | Kind::CurrencyRate => !self.company.multi_currency,
            _ => false,
        };
        if off { Err(ApiError::no_record_type(name, url)) } else { Ok(kind) }
    }

    /// Declares a custom field of the seed (its keys stand in `control::seed`).
    pub fn declare_field(&mut self, spec: &Value) -> std::result::Result<(), String> {
        let id = spec["id"].as_str().ok_or("a custom field needs an id")?.to_lowercase();
        let kind = match spec["type"].as_str().unwrap_or("text") {
            "checkbox" => FieldKind::Bool,
            "text" | "long_text" | "email" | "url" | "phone" => FieldKind::Text,
            "date" => FieldKind::Date,
            "datetime" => FieldKind::Stamp,
            "currency" => FieldKind::Money,
            "decimal" | "percent" => FieldKind::Number,
            "integer" => FieldKind::Integer,
            "record" => {
                let name = spec["record"].as_str().ok_or("a record field names its record")?;
                let kind = Kind::parse(name).unwrap_or_else(|| Kind::Custom(name.into()));
                let any = name.eq_ignore_ascii_case("transaction");
                FieldKind::Ref(if any { Target::Transaction } else { Target::Kind(kind) })
            }
            other => return Err(format!("unknown type {other} of custom field {id}")),
        };
        let mut applies_to = Vec::new();
        for name in spec["applies_to"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            let custom = || name.starts_with("customrecord").then(|| Kind::Custom(Arc::from(name)));
            let kind = Kind::parse(name).or_else(custom);
            applies_to.push(kind.ok_or_else(|| format!("unknown record type {name}"))?);
        }
        let label = spec["label"].as_str().unwrap_or(&id).to_owned();
        let mut field = rw("", "", kind);
        field.name = Cow::Owned(id.clone());
        field.label = Cow::Owned(label);
        field.required = spec["mandatory"].as_bool().unwrap_or(false);
        self.custom_fields
            .retain(|custom| custom.field.name.as_ref() != id || custom.applies_to != applies_to);
        self.custom_fields.push(CustomField { field, applies_to });
        Ok(())
    }
}
