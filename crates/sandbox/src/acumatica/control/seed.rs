//! Fills the tenant (the table of what it takes is in the [module above](super)).

use super::{Answer, act, refuse};
use crate::acumatica::auth::{Client, Grant, Token, User};
use crate::acumatica::errors::ApiError;
use crate::acumatica::state::{CashAccount, Config, EntryType, State};
use crate::acumatica::store::{Record, Row, Table, table_of};
use crate::acumatica::values::{Val, date_in, decimal_in};
use crate::emulator::ControlError;
use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

type Done = Result<(), ControlError>;

/// The site an emulator begins with.
pub fn initial(seed: u64, config: &Config) -> State {
    let mut state = State::new(seed, config);
    if config.standard_company {
        let filled = apply(&mut state, &super::standard::body());
        assert!(filled.is_ok(), "the standard company is seeded: {filled:?}");
    }
    state
}

/// Applies a seed.
pub fn apply(state: &mut State, body: &Value) -> Answer {
    change(&mut state.preferences, &body["preferences"])?;
    change(&mut state.settings, &body["settings"])?;
    for (name, target) in [
        ("tenant", &mut state.tenant),
        ("base_currency", &mut state.base_currency),
        ("rounding_account", &mut state.rounding_account),
    ] {
        if let Some(text) = body[name].as_str() {
            text.clone_into(target);
        }
    }
    state.branches.extend(texts(&body["branches"]));
    state.attributes.extend(texts(&body["attributes"]));
    credentials(state, body)?;
    for account in list::<CashAccount>(&body["cash_accounts"])? {
        state.cash_accounts.insert(account.id.clone(), account);
    }
    for entry in list::<EntryType>(&body["entry_types"])? {
        state.entry_types.insert(entry.id.clone(), entry);
    }
    state.taxes.extend(list(&body["taxes"])?);
    state.user_fields.extend(list(&body["user_fields"])?);
    for (id, days) in object(&body["terms"]) {
        let part = |part: &Value| {
            let percent = decimal_in(&part["percent"])?;
            Some((part["days"].as_i64()?, percent))
        };
        let parts = match &days {
            Value::Array(parts) => parts.iter().map(part).collect(),
            days => days.as_i64().map(|days| vec![(days, Decimal::ONE_HUNDRED)]),
        };
        let parts = parts.ok_or_else(|| refuse(format!("the terms {id} are not readable")))?;
        state.terms.insert(id, parts);
    }
    for (screen, right) in object(&body["rights"]) {
        let right = serde_json::from_value(right).map_err(|error| refuse(error.to_string()))?;
        state.rights.insert(screen, right);
    }
    set_up(state, body)?;
    branches_of_ledgers(state);
    periods(state, &body["periods"])?;
    let mut customers = Vec::new();
    for customer in items(&body["customers"]) {
        customers.push(act::make(state, "Customer", &customer)?);
    }
    let mut invoices = Vec::new();
    for invoice in items(&body["invoices"]) {
        invoices.push(act::invoice(state, &invoice)?);
    }
    Ok(json!({ "customers": customers, "invoices": invoices }))
}

fn items(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    items(value).iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn list<T: DeserializeOwned>(value: &Value) -> Result<Vec<T>, ControlError> {
    let read = |item| serde_json::from_value(item).map_err(|error| refuse(error.to_string()));
    items(value).into_iter().map(read).collect()
}

/// Changes the named fields of a value and keeps the others.
fn change<T: Serialize + DeserializeOwned>(target: &mut T, wanted: &Value) -> Done {
    let Value::Object(wanted) = wanted else { return Ok(()) };
    let mut whole = serde_json::to_value(&*target).map_err(|error| refuse(error.to_string()))?;
    for (name, value) in wanted {
        whole[name] = value.clone();
    }
    *target = serde_json::from_value(whole).map_err(|error| refuse(error.to_string()))?;
    Ok(())
}

fn credentials(state: &mut State, body: &Value) -> Done {
    for user in list::<User>(&body["users"])? {
        state.access.users.insert(user.name.clone(), user);
    }
    for client in list::<Client>(&body["clients"])? {
        state.access.clients.insert(client.client_id.clone(), client);
    }
    for token in items(&body["tokens"]) {
        let text = token["token"].as_str().ok_or_else(|| refuse("a token has no text"))?;
        let first = state.access.users.keys().next().cloned().unwrap_or_default();
        let scopes = token["scopes"].as_str().unwrap_or("api offline_access");
        state.counter += 1;
        let number = state.counter;
        let grant = Grant {
            client_id: String::new(),
            user: token["user"].as_str().map_or(first, str::to_owned),
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            since: state.now,
            refresh: None,
            session: None,
        };
        state.access.grants.insert(number, grant);
        let hours = token["hours"].as_i64().unwrap_or(24 * 365 * 50);
        let begin = state.now.max(jiff::Timestamp::UNIX_EPOCH);
        let expires = begin
            .checked_add(jiff::SignedDuration::from_hours(hours))
            .map_err(|error| refuse(error.to_string()))?;
        state
            .access
            .tokens
            .insert(text.to_owned(), Token { grant: number, expires, session: None });
    }
    Ok(())
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, ControlError> {
    value[name].as_str().ok_or_else(|| refuse(format!("{name} is missing in {value}")))
}

/// The record of a set-up list with this key, or a new one.
fn record(state: &mut State, table: Table, key: &str, id: &str) -> Record {
    let old = state.find(&table, id);
    let mut record = match old {
        Some(old) => (*old).clone(),
        None => Record::new(table, state.uuid(), state.now),
    };
    record.set_text(key, id);
    record
}

fn set_up(state: &mut State, body: &Value) -> Done {
    for currency in items(&body["currencies"]) {
        let id = text(&currency, "id")?;
        let mut record = record(state, table_of("Currency"), "curyid", id);
        record.set_text("description", currency["description"].as_str().unwrap_or(id));
        record.set("decimalplaces", Val::Int(currency["decimals"].as_i64().unwrap_or(2)));
        record.set("isactive", Val::Bool(true));
        record.set("isfinancial", Val::Bool(true));
        state.save(record);
    }
    for rate in items(&body["rates"]) {
        let date = text(&rate, "date").map(date_in)?.ok_or_else(|| refuse("a rate has no date"))?;
        let number = decimal_in(&rate["rate"]).ok_or_else(|| refuse("a rate has no number"))?;
        let currency = text(&rate, "currency")?.to_owned();
        state.rates.entry(currency).or_default().insert(date, number);
    }
    accounts(state, body)?;
    for class in items(&body["customer_classes"]) {
        let id = text(&class, "id")?;
        let account = text(&class, "ar_account")?;
        let mut record = record(state, table_of("CustomerClass"), "customerclassid", id);
        record.set_text("aracctid", account);
        record.set_text("termsid", class["terms"].as_str().unwrap_or("30D"));
        record.set_text("curyid", class["currency"].as_str().unwrap_or(""));
        let automatic = class["auto_apply"].as_bool().unwrap_or(false);
        record.set("autoapplypayments", Val::Bool(automatic));
        state.save(record);
    }
    methods(state, body)?;
    for item in items(&body["items"]) {
        let id = text(&item, "id")?;
        let account = text(&item, "account")?;
        let mut record = record(state, table_of("NonStockItem"), "inventorycd", id);
        record.set_text("descr", item["description"].as_str().unwrap_or(id));
        record.set_text("$salesaccount", account);
        record.set_text("itemstatus", "Active");
        record.set_text("taxcategoryid", item["tax_category"].as_str().unwrap_or(""));
        record.set("stkitem", Val::Bool(item["stock"].as_bool().unwrap_or(false)));
        record.set_num("baseprice", decimal_in(&item["price"]).unwrap_or_default());
        state.save(record);
    }
    Ok(())
}

fn accounts(state: &mut State, body: &Value) -> Done {
    for account in items(&body["accounts"]) {
        let id = text(&account, "id")?;
        let mut record = record(state, table_of("Account"), "accountcd", id);
        record.set_text("description", account["description"].as_str().unwrap_or(id));
        record.set_text("type", account["type"].as_str().unwrap_or("Asset"));
        record.set_text("curyid", account["currency"].as_str().unwrap_or(""));
        record.set_text("controlaccountmodule", account["control"].as_str().unwrap_or(""));
        record.set("allowmanualentry", Val::Bool(account["manual"].as_bool().unwrap_or(false)));
        record.set("active", Val::Bool(account["active"].as_bool().unwrap_or(true)));
        let cash = state.cash_accounts.values().any(|cash| cash.account == id);
        record.set("iscashaccount", Val::Bool(cash));
        state.save(record);
    }
    for (name, table, key) in
        [("subaccounts", "Subaccount", "subcd"), ("ledgers", "Ledger", "ledgercd")]
    {
        for id in texts(&body[name]) {
            let mut record = record(state, table_of(table), key, &id);
            record.set("active", Val::Bool(true));
            record.set_text("balancetype", "Actual");
            let base = state.base_currency.clone();
            record.set_text("basecuryid", &base);
            state.save(record);
        }
    }
    Ok(())
}

/// Every ledger is one of all branches.
fn branches_of_ledgers(state: &mut State) {
    let table = table_of("Ledger");
    let ledgers: Vec<Record> = state.store.of(&table).map(|one| (**one).clone()).collect();
    let branches: Vec<String> = state.branches.iter().cloned().collect();
    for mut ledger in ledgers {
        let there: Vec<&str> =
            ledger.rows("branchesview").iter().map(|row| row.text("branchcd")).collect();
        if there == branches {
            continue;
        }
        ledger.rows_mut("branchesview").clear();
        for branch in &branches {
            let mut row = Row { id: state.uuid(), fields: Default::default() };
            row.set("branchcd", Val::text(branch));
            row.set("acctname", Val::text(branch));
            row.set("active", Val::Bool(true));
            ledger.rows_mut("branchesview").push(row);
        }
        state.save(ledger);
    }
}

fn methods(state: &mut State, body: &Value) -> Done {
    for method in items(&body["payment_methods"]) {
        let id = text(&method, "id")?;
        let mut record = record(state, table_of("PaymentMethod"), "paymentmethodid", id);
        record.set_text("descr", method["description"].as_str().unwrap_or(id));
        record.set_text("paymenttype", "Direct Deposit");
        let active = method["active"].as_bool().unwrap_or(true);
        record.set("isactive", Val::Bool(active));
        record.set("useforar", Val::Bool(true));
        record.rows_mut("cashaccounts").clear();
        for (index, account) in texts(&method["cash_accounts"]).into_iter().enumerate() {
            let cash = state.cash_accounts.get(&account).cloned();
            let cash = cash.ok_or_else(|| refuse(format!("no cash account {account}")))?;
            let mut row = Row { id: state.uuid(), fields: Default::default() };
            row.set("cashaccountid", Val::text(&account));
            row.set("cashaccountid_cashaccount_descr", Val::text(&cash.description));
            row.set("cashaccount__branchid", Val::text(&cash.branch));
            row.set("paymentmethodid", Val::text(id));
            for key in ["useforar", "arisdefault", "arisdefaultforrefund"] {
                row.set(key, Val::Bool(key == "useforar" || index == 0));
            }
            record.rows_mut("cashaccounts").push(row);
        }
        state.save(record);
    }
    Ok(())
}

/// Months as periods, grouped by year.
fn periods(state: &mut State, body: &Value) -> Done {
    let Some(from) = body["from"].as_str() else { return Ok(()) };
    let wrong = || refuse(format!("{from} is not a month"));
    let mut month: Date = format!("{from}-01").parse().map_err(|_| wrong())?;
    for _ in 0..body["months"].as_i64().unwrap_or(12) {
        let year = month.year().to_string();
        let mut record = record(state, table_of("FinancialPeriod"), "year", &year);
        record.set("startdate", Val::Date(month.first_of_year()));
        record.set("finperiods", Val::Int(12));
        record.set_text("organizationid", state.branches.first().map_or("MAIN", String::as_str));
        let mut row = Row { id: state.uuid(), fields: Default::default() };
        let number = format!("{:02}", month.month());
        row.set("finperiodid", Val::Text(format!("{number}{year}")));
        row.set("periodnbr", Val::Text(number));
        row.set("startdate", Val::Date(month));
        row.set("enddateui", Val::Date(month.last_of_month()));
        row.set("length", Val::Int(i64::from(month.days_in_month())));
        row.set("status", Val::text("Open"));
        for key in ["arclosed", "apclosed", "caclosed", "inclosed", "faclosed", "isadjustment"] {
            row.set(key, Val::Bool(false));
        }
        let id = row.text("finperiodid").to_owned();
        let rows = record.rows_mut("periods");
        if !rows.iter().any(|known| known.text("finperiodid") == id) {
            rows.push(row);
        }
        state.save(record);
        month = month.checked_add(1.month()).map_err(|error| refuse(error.to_string()))?;
    }
    Ok(())
}

/// Wraps plain JSON as the API takes it: scalars become `{"value": …}`.
pub fn wrapped(body: &Value) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, value) in object(body) {
        let value = match value {
            Value::Object(inner) if name == "custom" || inner.contains_key("value") => {
                Value::Object(inner)
            }
            Value::Object(_) => Value::Object(wrapped(&value)),
            Value::Array(rows) => rows.iter().map(|row| Value::Object(wrapped(row))).collect(),
            scalar if matches!(name.as_str(), "id" | "delete" | "note") => scalar,
            scalar => json!({ "value": scalar }),
        };
        out.insert(name, value);
    }
    out
}

/// Keeps a refusal readable.
pub fn told(error: ApiError) -> ControlError {
    error.into()
}
