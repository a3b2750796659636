//! Invoices (netsuite sheet section 9.2).

use super::{item_lines, transaction};
use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::Record;
use crate::netsuite::values::{Codes, Field, FieldKind, Sublist, Val, must, ro, rw, to};
use rust_decimal::Decimal;

const STATUS: Codes = &[
    ("A", "Open"),
    ("B", "Paid In Full"),
    ("D", "Pending Approval"),
    ("E", "Rejected"),
    ("V", "Voided"),
];
/// Approval states; also those of journals.
pub const APPROVAL: Codes = &[("1", "Pending Approval"), ("2", "Approved"), ("3", "Rejected")];

pub static FIELDS: &[Field] = &[
    must("entity", "Customer", to(Kind::Customer)),
    rw("dueDate", "Due Date", FieldKind::Date),
    rw("account", "Account", to(Kind::Account)),
    rw("terms", "Terms", to(Kind::Term)),
    rw("otherRefNum", "PO #", FieldKind::Text),
    rw("email", "Email", FieldKind::Text),
    rw("toBeEmailed", "To Be E-mailed", FieldKind::Bool),
    rw("billAddress", "Bill To", FieldKind::Text),
    rw("discountItem", "Discount", to(Kind::Item)),
    rw("discountRate", "Rate", FieldKind::Money),
    rw("approvalStatus", "Approval Status", FieldKind::Code(APPROVAL)),
    ro("subtotal", "Subtotal", FieldKind::Money),
    ro("taxTotal", "Tax", FieldKind::Money),
    ro("discountTotal", "Discount Total", FieldKind::Money),
    ro("total", "Total", FieldKind::Money),
    ro("amountPaid", "Amount Paid", FieldKind::Money),
    ro("amountRemaining", "Amount Remaining", FieldKind::Money),
    ro("createdFrom", "Created From", FieldKind::Ref(crate::netsuite::values::Target::Transaction)),
    ro("status", "Status", FieldKind::Code(STATUS)),
];

pub static LISTS: &[Sublist] =
    &[Sublist { name: "item", key: Some("line"), fields: item_lines::LINE }];

/// Checks an invoice and writes its lines.
pub fn finish(state: &mut State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    transaction::prepare(state, old, rec, op, Some("entity"))?;
    if let Some(old) = old {
        item_lines::forget_amounts(old, rec);
    }
    item_lines::total_up(state, rec)?;
    let receivable = transaction::default_receivable(state, rec);
    rec.default("account", || receivable);
    transaction::check_receivable(state, rec, "account")?;
    settle_due_date(state, rec);
    settle_approval(state, old, rec);
    rec.posting = !rec.voided() && !matches!(rec.text("approvalStatus"), Some("1" | "3"));
    rec.lines = item_lines::postings(state, rec, Decimal::ONE)?;
    check_applied(state, old, rec)?;
    transaction::guard(state, old, rec, op)
}

fn settle_due_date(state: &State, rec: &mut Record) {
    let of_customer = rec
        .reference("entity")
        .and_then(|id| state.store.get(&Kind::Customer, id)?.reference("terms"));
    rec.default("terms", || of_customer.map(Val::Ref));
    let days = rec
        .reference("terms")
        .and_then(|id| state.store.get(&Kind::Term, id))
        .and_then(|term| i64::try_from(term.num("daysUntilNetDue")).ok())
        .unwrap_or_default();
    let due = rec
        .date("tranDate")
        .and_then(|date| date.checked_add(jiff::Span::new().try_days(days).ok()?).ok());
    rec.default("dueDate", || due.map(Val::Date));
}

fn settle_approval(state: &State, old: Option<&Record>, rec: &mut Record) {
    if state.preferences.invoice_approval {
        rec.default("approvalStatus", || Some(Val::Code("1".to_owned())));
    } else if old.is_none() {
        rec.fields.remove("approvalStatus");
        if state.settings.approval_status_without_routing {
            rec.set_code("approvalStatus", "2");
        }
    }
}

fn check_applied(state: &State, old: Option<&Record>, rec: &Record) -> Result<()> {
    let Some(old) = old else { return Ok(()) };
    let paid: Decimal = state.store.applied(rec.id).map(|(_, amount)| amount).sum();
    if paid.is_zero() {
        return Ok(());
    }
    if rec.num("total") < paid {
        return Err(ApiError::user(
            "The total of this transaction cannot be less than the amount already applied to it.",
        ));
    }
    let moved = |field: &str| old.reference(field) != rec.reference(field);
    if ["entity", "currency", "account", "subsidiary"].into_iter().any(moved)
        || old.num("exchangeRate") != rec.num("exchangeRate")
        || !rec.posting
    {
        return Err(ApiError::user(
            "You cannot change this field because payments are applied to this transaction.",
        ));
    }
    Ok(())
}

/// The body of a payment that settles the invoice in full (`!transform/customerPayment`).
pub fn to_payment(state: &State, rec: &Record) -> serde_json::Map<String, serde_json::Value> {
    let mut body = shared(rec, "customer", "arAcct");
    body.insert(
        "payment".to_owned(),
        crate::netsuite::values::json_number(rec.num("amountRemaining")),
    );
    if !state.preferences.undeposited_funds {
        body.insert("undepFunds".to_owned(), true.into());
    }
    body.insert("apply".to_owned(), apply_whole(rec));
    body
}

/// The body of a credit memo over the whole invoice (`!transform/creditMemo`).
pub fn to_credit(rec: &Record) -> serde_json::Map<String, serde_json::Value> {
    let mut body = shared(rec, "entity", "account");
    let items: Vec<serde_json::Value> = rec
        .list("item")
        .iter()
        .map(|line| {
            let number = |name: &str| {
                crate::netsuite::store::num_of(line, name)
                    .map_or(serde_json::Value::Null, crate::netsuite::values::json_number)
            };
            serde_json::json!({
                "item": {"id": crate::netsuite::store::ref_of(line, "item")},
                "quantity": number("quantity"), "amount": number("amount"),
                "taxRate1": number("taxRate1"), "tax1Amt": number("tax1Amt"),
            })
        })
        .collect();
    body.insert("item".to_owned(), serde_json::json!({ "items": items }));
    if rec.num("amountRemaining") > Decimal::ZERO {
        body.insert("apply".to_owned(), apply_whole(rec));
    }
    body
}

fn apply_whole(rec: &Record) -> serde_json::Value {
    serde_json::json!({"items": [{"doc": {"id": rec.id}, "line": 0, "apply": true}]})
}

fn shared(
    rec: &Record,
    customer: &str,
    receivable: &str,
) -> serde_json::Map<String, serde_json::Value> {
    let mut body = serde_json::Map::new();
    let mut put = |name: &str, id: Option<i64>| {
        if let Some(id) = id {
            body.insert(name.to_owned(), serde_json::json!({"id": id.to_string()}));
        }
    };
    put(customer, rec.reference("entity"));
    put(receivable, rec.reference("account"));
    put("currency", rec.reference("currency"));
    put("subsidiary", rec.reference("subsidiary"));
    for name in ["department", "class", "location"] {
        put(name, rec.reference(name));
    }
    body
}

/// Empties the amounts of a transaction that is voided.
pub fn void_amounts(rec: &mut Record) {
    for line in rec.lists.values_mut().flatten() {
        for name in ["amount", "rate", "tax1Amt", "grossAmt", "debit", "credit"] {
            if let Some(amount) = line.get_mut(name) {
                *amount = Val::Num(Decimal::ZERO);
            }
        }
    }
    for name in ["subtotal", "taxTotal", "discountTotal", "discountRate", "total", "payment"] {
        if let Some(amount) = rec.fields.get_mut(name) {
            *amount = Val::Num(Decimal::ZERO);
        }
    }
}
