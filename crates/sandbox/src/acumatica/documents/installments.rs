//! Terms with several installments: the release closes the invoice and leaves an open invoice for
//! each installment (acumatica sheet section 9.3).

use crate::acumatica::state::State;
use crate::acumatica::store::Record;
use crate::acumatica::values::{Val, round};
use jiff::ToSpan;
use rust_decimal::Decimal;

/// Splits an invoice that was just released; nothing happens with ordinary terms. The shares keep
/// the postings of the invoice, so the ledger does not move.
pub fn split(state: &mut State, invoice: &mut Record) {
    let terms = state.terms.get(invoice.text("termsid")).cloned().unwrap_or_default();
    if terms.len() < 2 || invoice.text("doctype") != "INV" {
        return;
    }
    let places = state.decimals(invoice.text("curyid"));
    let base_places = state.decimals(&state.base_currency);
    let (mut left, mut base_left) = (invoice.num("curydocbal"), invoice.num("$basebal"));
    let (whole, base) = (left, base_left);
    for (index, (days, percent)) in terms.iter().enumerate() {
        let last = index + 1 == terms.len();
        let part = |amount: Decimal, places| round(amount * percent / Decimal::ONE_HUNDRED, places);
        let amount = if last { left } else { part(whole, places) };
        let own_base = if last { base_left } else { part(base, base_places) };
        left -= amount;
        base_left -= own_base;
        let mut share = Record::new(invoice.table.clone(), state.uuid(), state.now);
        share.fields = invoice.fields.clone();
        let number = state.next_number("ARDOC");
        share.set_text("refnbr", &number);
        share.set_text("masterrefnbr", invoice.text("refnbr"));
        share.set("installmentnbr", Val::Int(i64::try_from(index + 1).unwrap_or(i64::MAX)));
        for key in ["curyorigdocamt", "curydocbal"] {
            share.set_num(key, amount);
        }
        share.set_num("curytaxtotal", Decimal::ZERO);
        share.set_num("$basebal", own_base);
        if let Some(date) = invoice.date("docdate") {
            share.set("duedate", Val::Date(date.saturating_add(days.days())));
        }
        let status = super::invoice::status(state, &share);
        share.set_text("status", status);
        state.save(share);
    }
    invoice.set_num("curydocbal", Decimal::ZERO);
    invoice.set_num("$basebal", Decimal::ZERO);
}
