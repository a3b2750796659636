//! Applications seen from the document that is applied to, and from a credit memo that applies
//! (acumatica sheet section 9.3: ApplicationsDefault, ApplicationsCreditMemo).

use crate::acumatica::state::State;
use crate::acumatica::store::{AR, Fields, Record, Row};
use crate::acumatica::values::Val;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The document that a row applies to.
pub fn target(state: &State, row: &Row) -> Option<Arc<Record>> {
    state.find(&AR, &target_key(row))
}

/// The key of the document that a row applies to.
pub fn target_key(row: &Row) -> String {
    format!("{}|{}", row.text("adjddoctype"), row.text("adjdrefnbr"))
}

/// The documents that apply, or applied, to this one, with the sums that still hold.
pub fn applied_to(state: &State, record: &Record) -> Vec<Row> {
    let key = record.key();
    let mut rows = Vec::new();
    for applier in state.store.appliers(&key) {
        // What was voided, and what voids it, cancel out.
        if applier.flag("voided") || matches!(applier.text("doctype"), "RPM" | "VRF") {
            continue;
        }
        let mut sum = Decimal::ZERO;
        for row in applier.rows("adjustments").iter().filter(|row| target_key(row) == key) {
            sum += row.num("curyadjgamt");
        }
        for row in applier.rows("arpost").iter().filter(|row| target_key(row) == key) {
            sum += row.num("curyamt");
        }
        if sum.is_zero() {
            continue;
        }
        let mut fields = Fields::new();
        fields.insert("adjgdoctype".to_owned(), Val::text(applier.text("doctype")));
        fields.insert("adjgrefnbr".to_owned(), Val::text(applier.text("refnbr")));
        fields.insert("curyadjdamt".to_owned(), Val::Num(sum));
        fields.insert("curyadjdppdamt".to_owned(), Val::Num(Decimal::ZERO));
        fields.insert("curydocbal".to_owned(), Val::Num(applier.num("curydocbal")));
        fields.insert("adjddoctype".to_owned(), Val::text(record.text("doctype")));
        fields.insert("adjdrefnbr".to_owned(), Val::text(record.text("refnbr")));
        for (name, from) in [
            ("customerid", "customerid"),
            ("arpayment__status", "status"),
            ("arpayment__curyid", "curyid"),
            ("arpayment__docdesc", "docdesc"),
            ("arpayment__finperiodid", "finperiodid"),
            ("arpayment__extrefnbr", "extrefnbr"),
        ] {
            fields.insert(name.to_owned(), Val::text(applier.text(from)));
        }
        if let Some(date) = applier.date("adjdate") {
            fields.insert("arpayment__docdate".to_owned(), Val::Date(date));
        }
        rows.push(Row { id: format!("{}:{}", record.id, applier.id), fields });
    }
    rows
}

/// What a credit memo applies to.
pub fn applied_by(state: &State, record: &Record) -> Vec<Row> {
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in record.rows("adjustments") {
        *sums.entry(target_key(row)).or_default() += row.num("curyadjgamt");
    }
    for row in record.rows("arpost") {
        *sums.entry(target_key(row)).or_default() += row.num("curyamt");
    }
    let mut rows = Vec::new();
    for (key, sum) in sums {
        let Some(target) = state.find(&AR, &key).filter(|_| !sum.is_zero()) else { continue };
        let mut fields = Fields::new();
        for (name, from) in [
            ("adjddoctype", "doctype"),
            ("adjdrefnbr", "refnbr"),
            ("adjdcustomerid", "customerid"),
            ("arinvoice__invoicenbr", "invoicenbr"),
            ("arinvoice__docdesc", "docdesc"),
            ("arinvoice__finperiodid", "finperiodid"),
            ("arinvoice__status", "status"),
        ] {
            fields.insert(name.to_owned(), Val::text(target.text(from)));
        }
        fields.insert("curyadjgamt".to_owned(), Val::Num(sum));
        fields.insert("curydocbal".to_owned(), Val::Num(target.num("curydocbal")));
        rows.push(Row { id: format!("{}:{}", record.id, target.id), fields });
    }
    rows
}
