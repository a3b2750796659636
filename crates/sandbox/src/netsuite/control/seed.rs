//! Fills the account (the table of what it takes is in the [module above](super)).

use super::{Answer, refuse};
use crate::emulator::ControlError;
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::{Certificate, Config, Level, Role, State, time_zone};
use crate::netsuite::store::Record;
use crate::netsuite::values::{Val, decimal_in, integer_in, json_number};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The account an emulator begins with.
pub fn initial(seed: u64, config: &Config) -> State {
    let mut state = State::new(seed, config);
    if config.standard_company {
        let filled = apply(&mut state, &super::standard::body());
        assert!(filled.is_ok(), "the standard company is seeded: {filled:?}");
        state.preferences = config.preferences.clone();
    }
    state
}

/// Applies a seed.
pub fn apply(state: &mut State, body: &Value) -> Answer {
    if body["standard"].as_bool() == Some(true) {
        apply(state, &super::standard::body())?;
    }
    change(&mut state.company, &body["company"])?;
    change(&mut state.preferences, &body["preferences"])?;
    change(&mut state.settings, &body["settings"])?;
    let zone = &state.company.time_zone;
    state.zone = time_zone(zone).ok_or_else(|| refuse(format!("unknown time zone {zone}")))?;
    if let Some(account) = body["account_id"].as_str() {
        account.clone_into(&mut state.account_id);
    }
    credentials(state, body)?;
    setup_lists(state, body)?;
    custom(state, body)?;
    let mut made = Map::new();
    made.insert("customers".to_owned(), customers(state, &body["customers"])?);
    made.insert("invoices".to_owned(), invoices(state, &body["invoices"])?);
    made.insert("records".to_owned(), records(state, &body["records"])?);
    Ok(Value::Object(made))
}

/// Changes the named fields of a value and keeps the others.
fn change<T: Serialize + DeserializeOwned>(
    target: &mut T,
    wanted: &Value,
) -> Result<(), ControlError> {
    let Value::Object(wanted) = wanted else { return Ok(()) };
    let mut whole = serde_json::to_value(&*target).map_err(|error| refuse(error.to_string()))?;
    for (name, value) in wanted {
        whole[name] = value.clone();
    }
    *target = serde_json::from_value(whole).map_err(|error| refuse(error.to_string()))?;
    Ok(())
}

fn credentials(state: &mut State, body: &Value) -> Result<(), ControlError> {
    if let Value::Object(role) = &body["role"] {
        state.role = read_role(role)?;
    }
    let integration = &body["integration"];
    if let Some(client_id) = integration["client_id"].as_str() {
        client_id.clone_into(&mut state.integration.client_id);
    }
    for spec in integration["certificates"].as_array().into_iter().flatten() {
        let text = |name: &str| {
            let text = spec[name].as_str().map(str::to_owned);
            text.ok_or_else(|| refuse(format!("a certificate needs {name}")))
        };
        let certificate = Certificate {
            kid: text("kid")?,
            pem: text("pem")?,
            uploaded: state.now,
            revoked: false,
        };
        let held = &mut state.integration.certificates;
        held.retain(|held| held.kid != certificate.kid);
        held.push(certificate);
        if held.iter().filter(|certificate| !certificate.revoked).count() > 5 {
            return Err(refuse("an integration has at most 5 active certificates"));
        }
    }
    if !body["tba"].is_null() {
        let tba = serde_json::from_value(body["tba"].clone());
        state.integration.tba = Some(tba.map_err(|error| refuse(error.to_string()))?);
    }
    Ok(())
}

/// Uploads the certificate that stands in `text`, whatever stands around it.
pub fn certificate(state: &mut State, kid: &str, text: &str) -> Answer {
    const START: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let found = text.split_once(START).and_then(|(_, rest)| rest.split_once(END));
    let (inner, _) = found.ok_or_else(|| refuse("there is no certificate in \"upload\""))?;
    let pem = format!("{START}{inner}{END}\n");
    let upload = json!({"integration": {"certificates": [{"kid": kid, "pem": pem}]}});
    credentials(state, &upload)?;
    let client_id = &state.integration.client_id;
    Ok(json!({ "certificate_id": kid, "client_id": client_id }))
}

fn read_role(role: &Map<String, Value>) -> Result<Role, ControlError> {
    let permissions = match role.get("permissions") {
        None | Some(Value::Null) => None,
        Some(list) => {
            let mut held = std::collections::BTreeMap::new();
            for entry in list.as_array().into_iter().flatten() {
                let text = entry.as_str().unwrap_or_default();
                let (id, level) = text.split_once(':').unwrap_or((text, "Full"));
                let level = match level {
                    "View" => Level::View,
                    "Create" => Level::Create,
                    "Edit" => Level::Edit,
                    "Full" => Level::Full,
                    other => return Err(refuse(format!("unknown permission level {other}"))),
                };
                held.insert(id.to_owned(), level);
            }
            Some(held)
        }
    };
    let subsidiaries = role.get("subsidiaries").and_then(Value::as_array);
    let subsidiaries = subsidiaries.into_iter().flatten().filter_map(integer_in).collect();
    Ok(Role { permissions, subsidiaries })
}

/// Where a seed key goes: the field of the record, and how its value is read.
#[derive(Clone, Copy)]
enum As {
    Text,
    Code,
    Num,
    Ref,
    Refs,
    Flag,
    Day,
}

type Shape = &'static [(&'static str, &'static str, As)];

const SETUP: [(&str, Kind, Shape); 10] = [
    (
        "currencies",
        Kind::Currency,
        &[
            ("symbol", "symbol", As::Text),
            ("name", "name", As::Text),
            ("precision", "currencyPrecision", As::Num),
            ("rate", "exchangeRate", As::Num),
            ("base", "isBaseCurrency", As::Flag),
            ("inactive", "isInactive", As::Flag),
        ],
    ),
    (
        "subsidiaries",
        Kind::Subsidiary,
        &[
            ("name", "name", As::Text),
            ("currency", "currency", As::Ref),
            ("parent", "parent", As::Ref),
        ],
    ),
    (
        "accounts",
        Kind::Account,
        &[
            ("number", "acctNumber", As::Text),
            ("name", "acctName", As::Text),
            ("type", "acctType", As::Code),
            ("special", "sSpecAcct", As::Code),
            ("currency", "currency", As::Ref),
            ("subsidiaries", "subsidiary", As::Refs),
            ("inactive", "isInactive", As::Flag),
        ],
    ),
    (
        "periods",
        Kind::AccountingPeriod,
        &[
            ("name", "periodName", As::Text),
            ("start", "startDate", As::Day),
            ("end", "endDate", As::Day),
            ("closed", "closed", As::Flag),
            ("ar_locked", "arLocked", As::Flag),
            ("all_locked", "allLocked", As::Flag),
            ("allow_non_gl", "allowNonGLChanges", As::Flag),
            ("quarter", "isQuarter", As::Flag),
            ("year", "isYear", As::Flag),
            ("adjust", "isAdjust", As::Flag),
        ],
    ),
    (
        "items",
        Kind::Item,
        &[
            ("name", "itemId", As::Text),
            ("display_name", "displayName", As::Text),
            ("income_account", "incomeAccount", As::Ref),
            ("subsidiaries", "subsidiary", As::Refs),
            ("inactive", "isInactive", As::Flag),
        ],
    ),
    ("terms", Kind::Term, &[("name", "name", As::Text), ("days", "daysUntilNetDue", As::Num)]),
    ("departments", Kind::Department, &[("name", "name", As::Text)]),
    ("classes", Kind::Classification, &[("name", "name", As::Text)]),
    ("locations", Kind::Location, &[("name", "name", As::Text)]),
    (
        "rates",
        Kind::CurrencyRate,
        &[
            ("currency", "transactionCurrency", As::Ref),
            ("base", "baseCurrency", As::Ref),
            ("date", "effectiveDate", As::Day),
            ("rate", "exchangeRate", As::Num),
        ],
    ),
];

fn setup_lists(state: &mut State, body: &Value) -> Result<(), ControlError> {
    for (key, kind, shape) in &SETUP {
        if let ("periods", Value::Object(range)) = (*key, &body[*key]) {
            months(state, range)?;
            continue;
        }
        for spec in body[*key].as_array().into_iter().flatten() {
            setup_record(state, kind, shape, spec)?;
        }
    }
    Ok(())
}

fn setup_record(
    state: &mut State,
    kind: &Kind,
    shape: Shape,
    spec: &Value,
) -> Result<(), ControlError> {
    let space = kind.space();
    let id = integer_in(&spec["id"]).unwrap_or_else(|| state.store.next_id(&space));
    state.store.reserve(&space, id);
    let before = state.store.get(kind, id).map(|record| (**record).clone());
    let mut record = before.unwrap_or_else(|| Record::new(kind.clone(), state.now));
    record.id = id;
    record.modified = state.now;
    for (key, field, read) in shape {
        let value = &spec[*key];
        if value.is_null() {
            continue;
        }
        let parsed = read_as(*read, value);
        let parsed = parsed.ok_or_else(|| refuse(format!("{key} is not valid: {value}")))?;
        record.set(field, parsed);
    }
    if let Some(external_id) = spec["external_id"].as_str() {
        record.external_id = Some(external_id.to_owned());
    }
    complete(&mut record, spec);
    let now = state.now;
    state.store.put(now, record);
    Ok(())
}

fn read_as(read: As, value: &Value) -> Option<Val> {
    Some(match read {
        As::Text => Val::Text(value.as_str()?.to_owned()),
        As::Code => Val::Code(value.as_str()?.to_owned()),
        As::Num => Val::Num(decimal_in(value)?),
        As::Ref => Val::Ref(integer_in(value)?),
        As::Refs => Val::Many(value.as_array()?.iter().filter_map(integer_in).collect()),
        As::Flag => Val::Bool(value.as_bool()?),
        As::Day => Val::Date(value.as_str()?.parse().ok()?),
    })
}

/// What a set-up record has although the seed does not say so.
fn complete(record: &mut Record, spec: &Value) {
    let flags: &[&str] = match record.kind {
        Kind::AccountingPeriod => &[
            "closed",
            "allLocked",
            "arLocked",
            "apLocked",
            "allowNonGLChanges",
            "isAdjust",
            "isQuarter",
            "isYear",
        ],
        Kind::Currency => &["isInactive", "isBaseCurrency"],
        Kind::CurrencyRate => &[],
        Kind::Subsidiary => &["isInactive", "isElimination"],
        _ => &["isInactive"],
    };
    for name in flags {
        record.default(name, || Some(Val::Bool(false)));
    }
    match record.kind {
        Kind::AccountingPeriod => record.default("isPosting", || Some(Val::Bool(true))),
        Kind::Item => {
            let name = spec["record"].as_str().unwrap_or("serviceSaleItem");
            let known = crate::netsuite::kind::ITEM_NAMES.iter().find(|(rest, _, _)| *rest == name);
            let (rest, kind, subtype) = known.unwrap_or(&("serviceSaleItem", "Service", "Sale"));
            record.set("$restName", Val::Text((*rest).to_owned()));
            record.set("$itemType", Val::Text((*kind).to_owned()));
            record.set("$subtype", Val::Text((*subtype).to_owned()));
        }
        _ => {}
    }
}

/// One period per month.
fn months(state: &mut State, range: &Map<String, Value>) -> Result<(), ControlError> {
    let from = range.get("from").and_then(Value::as_str).unwrap_or_default();
    let mut start: Date =
        format!("{from}-01").parse().map_err(|_| refuse("periods.from is a month: 2026-01"))?;
    let count = range.get("months").and_then(integer_in).unwrap_or(12);
    let shape = SETUP[3].2;
    for _ in 0..count {
        let spec = json!({
            "name": start.strftime("%b %Y").to_string(),
            "start": start.to_string(),
            "end": start.last_of_month().to_string(),
        });
        setup_record(state, &Kind::AccountingPeriod, shape, &spec)?;
        let next = start.last_of_month().tomorrow();
        start = next.map_err(|error| refuse(error.to_string()))?;
    }
    Ok(())
}

fn custom(state: &mut State, body: &Value) -> Result<(), ControlError> {
    for spec in body["custom_records"].as_array().into_iter().flatten() {
        let id = spec["id"].as_str().ok_or_else(|| refuse("a custom record needs an id"))?;
        let name: Arc<str> = Arc::from(id.to_lowercase());
        state.custom_types.insert(name.clone());
        for field in spec["fields"].as_array().into_iter().flatten() {
            let mut field = field.clone();
            field["applies_to"] = json!([&*name]);
            state.declare_field(&field).map_err(refuse)?;
        }
    }
    for spec in body["custom_fields"].as_array().into_iter().flatten() {
        state.declare_field(spec).map_err(refuse)?;
    }
    Ok(())
}

fn customers(state: &mut State, list: &Value) -> Answer {
    let mut ids = Vec::new();
    for spec in list.as_array().into_iter().flatten() {
        let mut body = spec.as_object().cloned().unwrap_or_default();
        let id = body.remove("id").as_ref().and_then(integer_in);
        if state.company.one_world && !body.contains_key("subsidiary") {
            let first = state.store.of(&Kind::Subsidiary).next().map(|record| record.id);
            body.insert("subsidiary".to_owned(), json!({"id": first}));
        }
        let made = state.create(&Kind::Customer, "customer", id, &body, &Op::person(true))?;
        ids.push(json!(made.to_string()));
    }
    Ok(Value::Array(ids))
}

fn invoices(state: &mut State, list: &Value) -> Answer {
    let mut ids = Vec::new();
    for spec in list.as_array().into_iter().flatten() {
        let body = match &spec["record"] {
            Value::Object(body) => body.clone(),
            _ => invoice_body(state, spec)?,
        };
        let id = integer_in(&spec["id"]);
        let made = state.create(&Kind::Invoice, "invoice", id, &body, &Op::person(true))?;
        ids.push(json!(made.to_string()));
    }
    Ok(Value::Array(ids))
}

/// The record-service body of a short invoice.
pub fn invoice_body(state: &State, spec: &Value) -> Result<Map<String, Value>, ControlError> {
    let amount = decimal_in(&spec["amount"]).ok_or_else(|| refuse("an invoice needs an amount"))?;
    let tax = decimal_in(&spec["tax"]).unwrap_or_default();
    let first = state.store.of(&Kind::Item).next().map(|item| item.id);
    let item = integer_in(&spec["item"]).or(first);
    let mut line =
        json!({"item": {"id": item}, "quantity": 1, "amount": json_number(amount - tax)});
    if tax != Decimal::ZERO {
        line["tax1Amt"] = json_number(tax);
    }
    let mut body = Map::new();
    body.insert("entity".to_owned(), json!({"id": spec["customer"]}));
    body.insert("item".to_owned(), json!({"items": [line]}));
    for (key, field) in [
        ("date", "tranDate"),
        ("due", "dueDate"),
        ("number", "tranId"),
        ("external_id", "externalId"),
        ("memo", "memo"),
    ] {
        if !spec[key].is_null() {
            body.insert(field.to_owned(), spec[key].clone());
        }
    }
    for (key, field) in
        [("currency", "currency"), ("subsidiary", "subsidiary"), ("account", "account")]
    {
        if !spec[key].is_null() {
            body.insert(field.to_owned(), json!({"id": spec[key]}));
        }
    }
    for (name, value) in spec["fields"].as_object().into_iter().flatten() {
        body.insert(name.clone(), value.clone());
    }
    Ok(body)
}

fn records(state: &mut State, list: &Value) -> Answer {
    let mut ids = Vec::new();
    for spec in list.as_array().into_iter().flatten() {
        let name = spec["type"].as_str().unwrap_or_default();
        let kind = state.kind_of(name, "")?;
        let body = spec["body"].as_object().cloned().unwrap_or_default();
        let id = integer_in(&spec["id"]);
        let made = state.create(&kind, name, id, &body, &Op::person(true))?;
        ids.push(json!(made.to_string()));
    }
    Ok(Value::Array(ids))
}
