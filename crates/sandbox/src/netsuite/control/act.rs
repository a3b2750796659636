//! What a person does in NetSuite's own UI: every deed goes through the rules of the record service (the
//! table of deeds is in the [module above](super)).

use super::{Answer, refuse, seed, truth};
use crate::emulator::ControlError;
use crate::netsuite::input::Op;
use crate::netsuite::kind::{Kind, Space};
use crate::netsuite::records::{self, invoice};
use crate::netsuite::service::Address;
use crate::netsuite::state::State;
use crate::netsuite::store::{Record, num_of};
use crate::netsuite::values::{Val, decimal_in, integer_in, json_number};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Does one deed.
pub fn act(state: &mut State, body: &Value) -> Answer {
    let deed = body["do"].as_str().ok_or_else(|| refuse("the deed (do) is missing"))?;
    match deed {
        "create" => create(state, body),
        "create_invoice" => {
            let fields = seed::invoice_body(state, body)?;
            make(state, &Kind::Invoice, Value::Object(fields))
        }
        "patch" | "set_field" => patch(state, body),
        "edit_invoice" => edit_invoice(state, body),
        "credit_invoice" => credit_invoice(state, body),
        "record_payment" => record_payment(state, body),
        "apply" => set_application(state, body, true),
        "unapply" => set_application(state, body, false),
        "deposit" => deposit(state, body),
        "refund" => refund(state, body),
        "approve" => approve(state, body, "2"),
        "reject" => approve(state, body, "3"),
        "void" => void(state, body),
        "delete" => delete(state, body),
        "edit_customer" => {
            let customer = customer(state, &body["customer"])?;
            change(state, &customer, fields_of(&body["fields"]))
        }
        "merge_customers" => merge_customers(state, body),
        "period" => period(state, body),
        other => Err(refuse(format!(
            "unknown deed {other}: docs/operating/sandbox-control/netsuite.md lists them"
        ))),
    }
}

fn fields_of(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// A transaction by internal id, document number or external id.
fn transaction(state: &State, name: &Value) -> Result<Arc<Record>, ControlError> {
    let by_id = integer_in(name).and_then(|id| state.store.transaction(id));
    let text = name.as_str().unwrap_or_default();
    let named = || {
        state.store.all(&Space::Transaction).find(|record| {
            !text.is_empty()
                && (record.text("tranId") == Some(text)
                    || record.external_id.as_deref() == Some(text))
        })
    };
    by_id.or_else(named).cloned().ok_or_else(|| refuse(format!("no transaction {name}")))
}

fn customer(state: &State, name: &Value) -> Result<Arc<Record>, ControlError> {
    let by_id = integer_in(name).and_then(|id| state.store.get(&Kind::Customer, id));
    let text = name.as_str().unwrap_or_default();
    let named = || {
        state.store.of(&Kind::Customer).find(|record| {
            record.text("entityId") == Some(text) || record.external_id.as_deref() == Some(text)
        })
    };
    by_id.or_else(named).cloned().ok_or_else(|| refuse(format!("no customer {name}")))
}

fn made(state: &State, kind: &Kind, id: i64) -> Answer {
    let record = state.store.get(kind, id).ok_or_else(|| refuse("the record is gone"))?;
    Ok(truth::plain(record))
}

fn change(state: &mut State, record: &Record, body: Map<String, Value>) -> Answer {
    let op = Op::person(false);
    let id = state.patch(&record.kind, &Address::Id(record.id), &body, &op)?;
    made(state, &record.kind, id)
}

fn make(state: &mut State, kind: &Kind, body: Value) -> Answer {
    let body = fields_of(&body);
    let id = state.create(kind, kind.rest_name(), None, &body, &Op::person(true))?;
    made(state, kind, id)
}

fn create(state: &mut State, body: &Value) -> Answer {
    let name = body["type"].as_str().unwrap_or_default();
    let kind = state.kind_of(name, "")?;
    let fields = fields_of(&body["body"]);
    let id = state.create(&kind, name, None, &fields, &Op::person(true))?;
    made(state, &kind, id)
}

fn patch(state: &mut State, body: &Value) -> Answer {
    let kind = state.kind_of(body["type"].as_str().unwrap_or_default(), "")?;
    let record = if kind.is_transaction() {
        transaction(state, &body["record"])?
    } else if kind == Kind::Customer {
        customer(state, &body["record"])?
    } else {
        let id = integer_in(&body["record"]).unwrap_or_default();
        state.find(&kind, &Address::Id(id))?
    };
    let mut fields = fields_of(&body["fields"]);
    fields.extend(fields_of(&body["body"]));
    change(state, &record, fields)
}

fn edit_invoice(state: &mut State, body: &Value) -> Answer {
    let record = transaction(state, &body["invoice"])?;
    let mut fields = fields_of(&body["fields"]);
    for (key, field) in [("due", "dueDate"), ("memo", "memo")] {
        if !body[key].is_null() {
            fields.insert(field.to_owned(), body[key].clone());
        }
    }
    let Some(amount) = decimal_in(&body["amount"]) else { return change(state, &record, fields) };
    let lines = record.list("item");
    let first = lines.first().ok_or_else(|| refuse("the invoice has no lines"))?;
    let gross = |line| num_of(line, "grossAmt").unwrap_or_default();
    let others: Decimal = lines.iter().skip(1).map(gross).sum();
    let tax = num_of(first, "tax1Amt").unwrap_or_default();
    let line = num_of(first, "line").and_then(|line| i64::try_from(line).ok());
    let rest = record.num("discountTotal") + others + tax;
    let changed = json!({"line": line, "amount": json_number(amount - rest),
        "rate": json_number(amount - rest), "quantity": 1, "tax1Amt": json_number(tax)});
    fields.insert("item".to_owned(), json!({"items": [changed]}));
    change(state, &record, fields)
}

fn credit_invoice(state: &mut State, body: &Value) -> Answer {
    let record = transaction(state, &body["invoice"])?;
    if record.kind != Kind::Invoice {
        return Err(refuse("only invoices are credited"));
    }
    let mut fields = invoice::to_credit(&record);
    if let Some(amount) = decimal_in(&body["amount"]) {
        let item = &fields["item"]["items"][0]["item"];
        let line = json!({"item": item, "quantity": 1, "amount": json_number(amount)});
        fields.insert("item".to_owned(), json!({"items": [line]}));
    }
    if body["apply"].as_bool() == Some(false) {
        fields.remove("apply");
    }
    if !body["date"].is_null() {
        fields.insert("tranDate".to_owned(), body["date"].clone());
    }
    fields.insert("createdFrom".to_owned(), json!({"id": record.id}));
    make(state, &Kind::CreditMemo, Value::Object(fields))
}

fn record_payment(state: &mut State, body: &Value) -> Answer {
    let mut fields = if body["invoice"].is_null() {
        let customer = customer(state, &body["customer"])?;
        fields_of(&json!({"customer": {"id": customer.id}}))
    } else {
        let record = transaction(state, &body["invoice"])?;
        invoice::to_payment(state, &record)
    };
    if let Some(amount) = decimal_in(&body["amount"]) {
        fields.insert("payment".to_owned(), json_number(amount));
    }
    fields.remove("undepFunds");
    match integer_in(&body["account"]) {
        Some(account) => fields.insert("account".to_owned(), json!({"id": account})),
        None => fields.insert("undepFunds".to_owned(), json!(true)),
    };
    for (key, field) in [("date", "tranDate"), ("memo", "memo"), ("number", "checkNumber")] {
        if !body[key].is_null() {
            fields.insert(field.to_owned(), body[key].clone());
        }
    }
    make(state, &Kind::CustomerPayment, Value::Object(fields))
}

fn set_application(state: &mut State, body: &Value, on: bool) -> Answer {
    let record = transaction(state, &body["payment"])?;
    let docs: Vec<i64> = match &body["invoice"] {
        Value::Null => record.applied_to().map(|(doc, _)| doc).collect(),
        named => vec![transaction(state, named)?.id],
    };
    let amount = decimal_in(&body["amount"]);
    let lines: Vec<Value> = docs
        .iter()
        .map(|doc| {
            let mut line = json!({"doc": {"id": doc}, "apply": on});
            if let (Some(amount), true) = (amount, on) {
                line["amount"] = json_number(amount);
            }
            line
        })
        .collect();
    change(state, &record, fields_of(&json!({"apply": {"items": lines}})))
}

fn deposit(state: &mut State, body: &Value) -> Answer {
    let mut lines = Vec::new();
    for name in body["payments"].as_array().into_iter().flatten() {
        let payment = transaction(state, name)?;
        lines.push(json!({"id": payment.id, "deposit": true}));
    }
    let mut fields = json!({
        "account": {"id": integer_in(&body["account"])},
        "payment": {"items": lines},
    });
    // One fee, or several of different accounts.
    let fees = body["fee"].as_array().map_or(std::slice::from_ref(&body["fee"]), Vec::as_slice);
    let cashback: Vec<Value> = fees
        .iter()
        .filter_map(|fee| {
            let account = json!({"id": integer_in(&fee["account"])});
            let amount = json_number(decimal_in(&fee["amount"])?);
            Some(json!({"account": account, "amount": amount}))
        })
        .collect();
    if !cashback.is_empty() {
        fields["cashback"] = json!({ "items": cashback });
    }
    for (key, field) in [("date", "tranDate"), ("memo", "memo")] {
        if !body[key].is_null() {
            fields[field] = body[key].clone();
        }
    }
    make(state, &Kind::Deposit, fields)
}

fn refund(state: &mut State, body: &Value) -> Answer {
    let credit = transaction(state, &body["credit"])?;
    let mut line = json!({"doc": {"id": credit.id}, "apply": true});
    if let Some(amount) = decimal_in(&body["amount"]) {
        line["amount"] = json_number(amount);
    }
    let receivable = credit.reference("arAcct").or(if credit.kind == Kind::CreditMemo {
        credit.reference("account")
    } else {
        None
    });
    let mut fields = json!({
        "customer": {"id": credit.customer()},
        "account": {"id": integer_in(&body["account"])},
        "arAcct": {"id": receivable},
        "currency": {"id": credit.reference("currency")},
        "apply": {"items": [line]},
    });
    if !body["date"].is_null() {
        fields["tranDate"] = body["date"].clone();
    }
    make(state, &Kind::CustomerRefund, fields)
}

fn approve(state: &mut State, body: &Value, code: &str) -> Answer {
    let name = if body["record"].is_null() { &body["invoice"] } else { &body["record"] };
    let record = transaction(state, name)?;
    change(state, &record, fields_of(&json!({"approvalStatus": {"id": code}})))
}

/// A refund or payment in a deposit, and an invoice that is paid, can not be voided.
fn void(state: &mut State, body: &Value) -> Answer {
    let old = transaction(state, &body["record"])?;
    let linked =
        state.store.applied(old.id).next().is_some() || state.store.deposit_of(old.id).is_some();
    if linked || old.voided() {
        return Err(refuse("the transaction is linked to by others, or void already"));
    }
    if !state.preferences.void_by_journal || !old.posting {
        state.atomically(|state| zero(state, &old, &[]))?;
        return made(state, &old.kind, old.id);
    }
    let date = body["date"].as_str().map_or_else(|| state.today().to_string(), str::to_owned);
    state.atomically(|state| {
        let kept = old.lines.clone();
        zero(state, &old, &kept)?;
        reverse(state, &old, &date)
    })?;
    made(state, &old.kind, old.id)
}

/// Marks a transaction void, with no amounts in its sublists. `lines` stay in the ledger (they are
/// reversed elsewhere); without them the ledger forgets the transaction, which needs its period
/// open.
fn zero(
    state: &mut State,
    old: &Record,
    lines: &[crate::netsuite::store::Posting],
) -> crate::netsuite::errors::Result<()> {
    let mut rec = old.clone();
    rec.set("$voided", Val::Bool(true));
    rec.lists.insert("apply", Vec::new());
    if old.kind == Kind::Deposit {
        rec.lists.insert("payment", Vec::new());
    }
    if lines.is_empty() {
        invoice::void_amounts(&mut rec);
        // The lines stay, the main line among them, and move nothing (netsuite sheet section 10.9: amounts zeroed).
        for line in &mut rec.lines {
            (line.base, line.foreign) = (Decimal::ZERO, Decimal::ZERO);
        }
        rec.posting = false;
        if let Some(period) = old.reference("postingPeriod") {
            let op = Op::person(false);
            crate::netsuite::periods::check(state, period, old.customer().is_some(), true, &op)?;
        }
    } else {
        rec.lines = lines.to_vec();
        rec.set_num("total", Decimal::ZERO);
    }
    rec.set_code("status", "V");
    rec.modified = state.now;
    let now = state.now;
    state.store.put(now, rec);
    records::derived::refresh(state, old.id, true);
    let touched = old.applied_to().map(|(doc, _)| doc).chain(old.deposits());
    for doc in touched.collect::<Vec<_>>() {
        records::derived::refresh(state, doc, false);
    }
    Ok(())
}

/// A journal with the opposite of every line, dated `date`.
fn reverse(state: &mut State, old: &Record, date: &str) -> crate::netsuite::errors::Result<()> {
    let day: jiff::civil::Date = date
        .parse()
        .map_err(|_| crate::netsuite::errors::ApiError::invalid_field(date, "date", "date"))?;
    let period = crate::netsuite::periods::default_for(state, day)?;
    let op = Op::person(true);
    crate::netsuite::periods::check(state, period, old.customer().is_some(), true, &op)?;
    let mut journal = Record::new(Kind::JournalEntry, state.now);
    journal.id = state.store.next_id(&Space::Transaction);
    for field in ["currency", "exchangeRate", "subsidiary"] {
        if let Some(value) = old.fields.get(field) {
            journal.set(field, value.clone());
        }
    }
    let number = state.next_number("VOID");
    journal.set("tranId", Val::Text(number));
    journal.set("tranDate", Val::Date(day));
    journal.set("postingPeriod", Val::Ref(period));
    journal.set("isReversal", Val::Bool(true));
    journal.set("createdFrom", Val::Ref(old.id));
    journal.set_code("status", "B");
    journal.posting = true;
    journal.lines = old.lines.clone();
    for line in &mut journal.lines {
        line.base = -line.base;
        line.foreign = -line.foreign;
        line.source = None;
    }
    let now = state.now;
    state.store.put(now, journal);
    Ok(())
}

fn delete(state: &mut State, body: &Value) -> Answer {
    let record = if body["customer"].is_null() {
        transaction(state, &body["record"])?
    } else {
        customer(state, &body["customer"])?
    };
    state.delete(&record.kind, &Address::Id(record.id), &Op::person(false))?;
    Ok(json!({"deleted": record.id.to_string()}))
}

fn merge_customers(state: &mut State, body: &Value) -> Answer {
    let from = customer(state, &body["from"])?;
    let into = customer(state, &body["into"])?;
    let moved: Vec<Arc<Record>> = state
        .store
        .all(&Space::Transaction)
        .filter(|record| record.customer() == Some(from.id))
        .cloned()
        .collect();
    let now = state.now;
    for record in &moved {
        let mut record = (**record).clone();
        let field = if record.fields.contains_key("entity") { "entity" } else { "customer" };
        record.set(field, Val::Ref(into.id));
        for line in &mut record.lines {
            line.entity = line.entity.map(|id| if id == from.id { into.id } else { id });
        }
        record.modified = now;
        state.store.put(now, record);
    }
    state.store.remove(now, &from);
    Ok(json!({"moved": moved.len(), "into": into.id.to_string()}))
}

fn period(state: &mut State, body: &Value) -> Answer {
    let text = body["period"].as_str().unwrap_or_default();
    let id = integer_in(&body["period"]);
    let day: Option<jiff::civil::Date> = text.parse().ok();
    let found = state.store.of(&Kind::AccountingPeriod).find(|period| {
        Some(period.id) == id
            || period.text("periodName") == Some(text)
            || day.is_some_and(|day| {
                period.date("startDate").is_some_and(|start| start <= day)
                    && period.date("endDate").is_some_and(|end| day <= end)
            })
    });
    let mut record = (**found.ok_or_else(|| refuse(format!("no period {text}")))?).clone();
    let mut flag = |name: &str, on: bool| record.set(name, Val::Bool(on));
    match body["set"].as_str() {
        Some("closed") => flag("closed", true),
        Some("open") => {
            for name in ["closed", "allLocked", "arLocked"] {
                flag(name, false);
            }
        }
        Some("ar_locked") => flag("arLocked", true),
        Some("all_locked") => flag("allLocked", true),
        Some("unlocked") => {
            flag("arLocked", false);
            flag("allLocked", false);
        }
        other => return Err(refuse(format!("unknown state of a period: {other:?}"))),
    }
    if let Some(allowed) = body["allow_non_gl"].as_bool() {
        flag("allowNonGLChanges", allowed);
    }
    let id = record.id;
    let now = state.now;
    record.modified = now;
    state.store.put(now, record);
    made(state, &Kind::AccountingPeriod, id)
}
