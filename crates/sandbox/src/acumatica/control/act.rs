//! What a person does at Acumatica's own forms: every deed goes through the rules of the API (the table
//! of deeds is in the [module above](super)). Actions end at once; a refused deed leaves nothing behind.

use super::seed::{told, wrapped};
use super::{Answer, deposit, refuse, truth};
use crate::acumatica::contract;
use crate::acumatica::documents::{self, Op, labels, links, payment, periods, release, voiding};
use crate::acumatica::input;
use crate::acumatica::state::State;
use crate::acumatica::store::{AR, CUSTOMER, Record, table_of};
use crate::acumatica::values::{Val, date_in, decimal_in};
use crate::emulator::ControlError;
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Does one deed. With `stamped_minutes_ago` the record that it answers shows up only now, with a
/// stamp of then, as after a long transaction (section 11.8).
pub fn act(state: &mut State, body: &Value) -> Answer {
    let done = state.atomically(|state| deed(state, body))?;
    let Some(minutes) = body["stamped_minutes_ago"].as_i64() else { return Ok(done) };
    let id = done["id"].as_str().unwrap_or_default();
    let made = state.store.get(id).cloned().ok_or_else(|| refuse("the deed made no record"))?;
    let mut made = (*made).clone();
    made.modified = state.now - SignedDuration::from_mins(minutes);
    let now = state.now;
    let shown = truth::plain(state, &made);
    state.store.put(now, made);
    Ok(shown)
}

fn deed(state: &mut State, body: &Value) -> Answer {
    let deed = body["do"].as_str().ok_or_else(|| refuse("the deed (do) is missing"))?;
    let fields = |name: &str| wrapped(&body[name]);
    match deed {
        "create" => make(state, text(body, "entity")?, &body["body"]),
        "edit" => {
            let entity = text(body, "entity")?;
            let record = found(state, entity, &body["record"])?;
            edit(state, entity, &record, fields("body"))
        }
        "create_invoice" => invoice(state, body),
        "edit_invoice" => {
            let record = document(state, &body["invoice"])?;
            let mut sent = fields("fields");
            for (key, field) in [("due", "DueDate"), ("description", "Description")] {
                if !body[key].is_null() {
                    sent.insert(field.to_owned(), json!({"value": body[key]}));
                }
            }
            edit(state, "Invoice", &record, sent)
        }
        "credit_invoice" => credit_invoice(state, body),
        "record_payment" => record_payment(state, body),
        "apply" => apply(state, body),
        "reverse_application" => reverse(state, body),
        "release" => {
            let record = document(state, &body["record"])?;
            run_release(state, &record)
        }
        "hold" | "unhold" => {
            let record = document(state, &body["record"])?;
            let sent = json!({"Hold": {"value": deed == "hold"}});
            let sent = sent.as_object().cloned().unwrap_or_default();
            edit(state, truth::entity_of(&record), &record, sent)
        }
        "delete" => {
            let record = document(state, &body["record"])
                .or_else(|_| found(state, "Customer", &body["record"]))?;
            state.atomically(|state| documents::delete(state, &record)).map_err(told)?;
            Ok(json!({}))
        }
        "approve" | "reject" => approve(state, body, deed),
        "void" => void(state, body),
        "deposit" => deposit::enter(state, body),
        "release_deposit" => deposit::release(state, body),
        "void_deposit" => deposit::void(state, body),
        "status" => status(state, body),
        "edit_customer" => {
            let record = found(state, "Customer", &body["customer"])?;
            edit(state, "Customer", &record, fields("fields"))
        }
        "period" => period(state, body),
        other => Err(refuse(format!(
            "unknown deed {other}: docs/operating/sandbox-control/acumatica.md lists them"
        ))),
    }
}

/// A text of a deed.
pub fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, ControlError> {
    body[name].as_str().ok_or_else(|| refuse(format!("{name} is missing")))
}

fn person(state: &State, entity: &str) -> Op {
    Op {
        person: true,
        session: "person".to_owned(),
        branch: state.branches.first().cloned().unwrap_or_default(),
        business_date: state.today(),
        entity: entity.to_owned(),
    }
}

/// An AR document, cash transaction or batch.
fn document(state: &State, name: &Value) -> Result<Arc<Record>, ControlError> {
    named(state, name, &["INV", "CRM", "DRM", "PMT", "PPM", "REF"])
}

/// A document that pays: payments come first among those that share a number.
pub fn paying(state: &State, name: &Value) -> Result<Arc<Record>, ControlError> {
    named(state, name, &["PMT", "PPM", "CRM", "REF"])
}

fn named(state: &State, name: &Value, kinds: &[&str]) -> Result<Arc<Record>, ControlError> {
    let unknown = || refuse(format!("no document {name}"));
    let text = name.as_str().ok_or_else(unknown)?;
    if let Some(record) = state.store.get(text) {
        return Ok(record.clone());
    }
    if let Some((kind, number)) = text.rsplit_once(' ') {
        let code = labels::code(kind).ok_or_else(unknown)?;
        return state.find(&AR, &format!("{code}|{number}")).ok_or_else(unknown);
    }
    let mut found = kinds.iter().filter_map(|kind| state.find(&AR, &format!("{kind}|{text}")));
    found.next().ok_or_else(unknown)
}

fn found(state: &State, entity: &str, name: &Value) -> Result<Arc<Record>, ControlError> {
    let text = name.as_str().unwrap_or_default();
    let by_id = state.store.get(text).cloned();
    let record = by_id.or_else(|| state.find(&table_of(entity), text));
    record
        .or_else(|| document(state, name).ok())
        .ok_or_else(|| refuse(format!("no {entity} {name}")))
}

fn save(
    state: &mut State,
    entity: &str,
    old: Option<&Arc<Record>>,
    sent: &Map<String, Value>,
) -> Result<Arc<Record>, ControlError> {
    let known =
        contract::entity(entity, 25).ok_or_else(|| refuse(format!("no entity {entity}")))?;
    let read = input::read(state, known, 25, sent).map_err(told)?;
    let op = person(state, entity);
    let id = state.atomically(|state| documents::save(state, old, &read, &op)).map_err(told)?;
    state.store.get(&id).cloned().ok_or_else(|| refuse("the record is gone"))
}

/// Creates a record from fields that are not wrapped.
pub fn make(state: &mut State, entity: &str, body: &Value) -> Answer {
    let old = body["CustomerID"].as_str().filter(|_| entity == "Customer");
    let old = old.and_then(|id| state.find(&CUSTOMER, id));
    let record = save(state, entity, old.as_ref(), &wrapped(body))?;
    Ok(truth::plain(state, &record))
}

fn edit(state: &mut State, entity: &str, old: &Arc<Record>, sent: Map<String, Value>) -> Answer {
    let record = save(state, entity, Some(old), &sent)?;
    Ok(truth::plain(state, &record))
}

fn run(state: &mut State, entity: &str, action: &str, id: &str) -> Answer {
    state.atomically(|state| documents::run(state, entity, action, id)).map_err(told)?;
    let record = state.store.get(id).cloned().ok_or_else(|| refuse("the record is gone"))?;
    Ok(truth::plain(state, &record))
}

/// Releases a document; a credit memo that is released already has its applications released.
fn run_release(state: &mut State, record: &Record) -> Answer {
    let released_memo = record.text("doctype") == "CRM" && record.flag("released");
    let entity = if released_memo { "Payment" } else { truth::entity_of(record) };
    run(state, entity, "release", &record.id)
}

/// A short invoice; released unless `release` is false.
pub fn invoice(state: &mut State, body: &Value) -> Answer {
    let amount = decimal_in(&body["amount"]).ok_or_else(|| refuse("amount is missing"))?;
    let line = json!({
        "TransactionDescription": body["description"].as_str().unwrap_or("Services"),
        "Qty": 1, "UnitPrice": Val::Num(amount).json(),
        "Account": body["account"].as_str().unwrap_or("40000"),
        "TaxCategory": body["tax_category"].as_str().unwrap_or(""),
    });
    let mut fields = json!({
        "Type": body["type"].as_str().unwrap_or("Invoice"),
        "Customer": text(body, "customer")?, "Hold": false, "Details": [line],
    });
    for (key, field) in [
        ("date", "Date"),
        ("due", "DueDate"),
        ("terms", "Terms"),
        ("description", "Description"),
        ("order", "CustomerOrder"),
    ] {
        if !body[key].is_null() {
            fields[field] = body[key].clone();
        }
    }
    let mut sent = wrapped(&fields);
    sent.extend(wrapped(&body["fields"]));
    if let Some(currency) = body["currency"].as_str() {
        let node = json!({"type": "CustomStringField", "value": currency});
        let custom = sent.entry("custom".to_owned()).or_insert_with(|| json!({}));
        custom["Document"]["CuryID"] = node;
    }
    let entity = if body["origin"] == "SO" { "SalesInvoice" } else { "Invoice" };
    let record = save(state, "Invoice", None, &sent)?;
    if entity == "SalesInvoice" {
        let mut marked = (*record).clone();
        marked.set_text("origmodule", "SO");
        state.save(marked);
    }
    let discount = &body["discount"];
    let until = discount["until"].as_str().and_then(date_in);
    if let (Some(amount), Some(until)) = (decimal_in(&discount["amount"]), until) {
        let mut granted = (*record).clone();
        granted.set("curyorigdiscamt", Val::Num(amount));
        granted.set("discdate", Val::Date(until));
        state.save(granted);
    }
    if body["release"].as_bool() == Some(false) {
        return Ok(truth::plain(state, &record));
    }
    run(state, "Invoice", "release", &record.id)
}

fn credit_invoice(state: &mut State, body: &Value) -> Answer {
    let target = document(state, &body["invoice"])?;
    let amount = decimal_in(&body["amount"]).unwrap_or_else(|| target.num("curydocbal"));
    let memo = json!({
        "type": "Credit Memo", "customer": target.text("customerid"), "amount": amount.to_string(),
        "currency": target.text("curyid"), "date": body["date"],
    });
    let made = invoice(state, &memo)?;
    if body["apply"].as_bool() == Some(false) {
        return Ok(made);
    }
    let deed = json!({"payment": made["id"], "invoice": target.id, "amount": amount.to_string()});
    apply(state, &deed)
}

fn record_payment(state: &mut State, body: &Value) -> Answer {
    let target = match &body["invoice"] {
        Value::Null => None,
        named => Some(document(state, named)?),
    };
    let customer = match &target {
        Some(target) => target.text("customerid").to_owned(),
        None => text(body, "customer")?.to_owned(),
    };
    let balance = target.as_ref().map(|target| target.num("curydocbal"));
    let amount = decimal_in(&body["amount"]).or(balance);
    let amount = amount.ok_or_else(|| refuse("amount is missing"))?;
    let currency = target
        .as_ref()
        .map_or(state.base_currency.clone(), |target| target.text("curyid").to_owned());
    let mut accounts = state.cash_accounts.values();
    let default = accounts.find(|cash| cash.currency == currency && !cash.clearing);
    let default = default.map(|cash| cash.id.clone()).unwrap_or_default();
    let mut fields = json!({
        "Type": "Payment", "CustomerID": customer, "Hold": false,
        "PaymentMethod": body["method"].as_str().unwrap_or("CHECK"),
        "CashAccount": body["cash_account"].as_str().unwrap_or(&default),
        "PaymentAmount": Val::Num(amount).json(),
        "PaymentRef": body["ref"].as_str().unwrap_or("by hand"),
    });
    if let Some(target) = &target {
        let paid = amount.min(target.num("curydocbal"));
        fields["DocumentsToApply"] = json!([{"DocType": target.text("doctype"),
            "ReferenceNbr": target.text("refnbr"), "AmountPaid": Val::Num(paid).json()}]);
    }
    if !body["date"].is_null() {
        fields["ApplicationDate"] = body["date"].clone();
    }
    let record = save(state, "Payment", None, &wrapped(&fields))?;
    if body["release"].as_bool() == Some(false) {
        return Ok(truth::plain(state, &record));
    }
    run(state, "Payment", "release", &record.id)
}

fn apply(state: &mut State, body: &Value) -> Answer {
    let payment = paying(state, &body["payment"])?;
    let target = document(state, &body["invoice"])?;
    let mut row = json!({"DocType": target.text("doctype"), "ReferenceNbr": target.text("refnbr")});
    if let Some(amount) = decimal_in(&body["amount"]) {
        row["AmountPaid"] = Val::Num(amount).json();
    }
    let sent = wrapped(&json!({ "DocumentsToApply": [row] }));
    let record = save(state, "Payment", Some(&payment), &sent)?;
    run(state, "Payment", "release", &record.id)
}

/// The row of the application history with the opposite amount, and both balances as before.
fn reverse(state: &mut State, body: &Value) -> Answer {
    let mut payment = (*paying(state, &body["payment"])?).clone();
    let mut target = (*document(state, &body["invoice"])?).clone();
    let key = target.key();
    let (mut amount, mut ours, mut theirs) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    for row in payment.rows("arpost").iter().filter(|row| links::target_key(row) == key) {
        amount += row.num("curyamt");
        ours += row.num("$ours");
        theirs += row.num("$theirs");
    }
    let voiding = matches!(payment.text("doctype"), "RPM" | "VRF");
    if amount.is_zero() || voiding || payment.flag("voided") {
        return Err(refuse("there is no such application"));
    }
    let period = release::application_period(state, &payment).map_err(told)?;
    periods::for_release(state, &period, periods::Module::Ar).map_err(told)?;
    if ours != theirs {
        return Err(refuse("an application between two rates is reversed by voiding"));
    }
    for record in [&mut payment, &mut target] {
        record.set_num("curydocbal", record.num("curydocbal") + amount);
        record.set_num("$basebal", record.num("$basebal") + ours);
    }
    let row = release::history(state, &payment, &target, (-amount, -ours, -theirs), &period, "");
    payment.rows_mut("arpost").push(row);
    payment::derive(state, &mut payment);
    release::refresh(state, &mut target);
    let shown = truth::plain(state, &payment);
    state.save(payment);
    state.save(target);
    Ok(shown)
}

fn approve(state: &mut State, body: &Value, deed: &str) -> Answer {
    let mut record = (*document(state, &body["record"])?).clone();
    if record.text("status") != "Pending Approval" {
        return Err(refuse("the document does not wait for an approval"));
    }
    record.set_text("$approval", if deed == "approve" { "approved" } else { "rejected" });
    let status = if truth::entity_of(&record) == "Payment" {
        payment::status(state, &record)
    } else {
        documents::invoice::status(state, &record)
    };
    record.set_text("status", status);
    let shown = truth::plain(state, &record);
    state.save(record);
    Ok(shown)
}

fn status(state: &mut State, body: &Value) -> Answer {
    let mut record = (*document(state, &body["invoice"])?).clone();
    let named = text(body, "status")?;
    if !named.is_empty() && !documents::invoice::OTHER_STATUSES.contains(&named) {
        return Err(refuse(format!("{named} is not such a status")));
    }
    record.set_text("$status", named);
    let status = documents::invoice::status(state, &record);
    record.set_text("status", status);
    let shown = truth::plain(state, &record);
    state.save(record);
    Ok(shown)
}

fn void(state: &mut State, body: &Value) -> Answer {
    let record = document(state, &body["record"])?;
    let mut op = person(state, "Payment");
    if let Some(date) = body["date"].as_str().and_then(date_in) {
        op.business_date = date;
    }
    let done = state.atomically(|state| {
        let id = voiding::begin(state, &record, &op)?;
        let made = state.store.get(&id).cloned();
        let mut made = (*made.ok_or_else(crate::acumatica::errors::ApiError::absent)?).clone();
        if !made.flag("released") {
            made.set("hold", Val::Bool(false));
            payment::derive(state, &mut made);
            release::release(state, &made)?;
        }
        Ok(())
    });
    done.map_err(told)?;
    let record = state.store.get(&record.id).cloned().ok_or_else(|| refuse("it is gone"))?;
    Ok(truth::plain(state, &record))
}

fn period(state: &mut State, body: &Value) -> Answer {
    let named = text(body, "period")?;
    let id = match date_in(named) {
        Some(date) => periods::of_day(state, date).map_err(refuse)?,
        None => named.replace('-', ""),
    };
    let year = id.get(2..).unwrap_or_default();
    let table = table_of("FinancialPeriod");
    let record = state.find(&table, year).ok_or_else(|| refuse(format!("no year {year}")))?;
    let mut record = (*record).clone();
    let rows = record.rows_mut("periods");
    let row = rows.iter_mut().find(|row| row.text("finperiodid") == id);
    let row = row.ok_or_else(|| refuse(format!("no period {id}")))?;
    match text(body, "set")? {
        "open" => {
            row.set("status", Val::text("Open"));
            row.set("arclosed", Val::Bool(false));
            row.set("caclosed", Val::Bool(false));
        }
        "closed" => row.set("status", Val::text("Closed")),
        "inactive" => row.set("status", Val::text("Inactive")),
        "locked" => row.set("status", Val::text("Locked")),
        flag @ ("ar_closed" | "ar_open") => row.set("arclosed", Val::Bool(flag == "ar_closed")),
        flag @ ("ca_closed" | "ca_open") => row.set("caclosed", Val::Bool(flag == "ca_closed")),
        other => return Err(refuse(format!("unknown state of a period: {other}"))),
    }
    state.save(record.clone());
    Ok(truth::plain(state, &record))
}
