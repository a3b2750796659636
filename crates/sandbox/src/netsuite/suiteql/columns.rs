//! The value of a column in a row, and the display value that `BUILTIN.DF` gives of it
//! (netsuite sheet sections 8.2 and 8.4 to 8.8).

use super::tables::{Row, Table};
use super::value::Sv;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::{Posting, Record, num_of, ref_of};
use crate::netsuite::values::{FieldKind, Target, Val};
use jiff::Timestamp;
use rust_decimal::Decimal;

fn number(value: impl Into<Decimal>) -> Sv {
    Sv::Number(value.into())
}

fn id(value: Option<i64>) -> Sv {
    value.map_or(Sv::Null, number)
}

/// A date-time in the account's time zone, whole seconds.
fn moment(state: &State, at: Timestamp) -> Sv {
    let civil = at.to_zoned(state.zone.clone()).datetime();
    Sv::Day(civil.with().subsec_nanosecond(0).build().unwrap_or(civil))
}

/// A stored value as a query sees it.
fn stored(state: &State, value: Option<&Val>) -> Sv {
    match value {
        None | Some(Val::Sub(_)) => Sv::Null,
        Some(Val::Text(text) | Val::Code(text)) => Sv::text(text.as_str()),
        Some(Val::Bool(flag)) => Sv::flag(*flag),
        Some(Val::Num(value)) => Sv::Number(*value),
        Some(Val::Date(date)) => Sv::Day(date.to_datetime(jiff::civil::Time::midnight())),
        Some(Val::Stamp(at)) => moment(state, *at),
        Some(Val::Ref(value)) => number(*value),
        Some(Val::Many(ids)) => {
            let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
            Sv::text(ids.join(", "))
        }
    }
}

/// The value of a column.
pub fn value(state: &State, table: &Table, row: &Row, column: &str) -> Sv {
    match row {
        Row::Nothing if *table == Table::Dual => Sv::text("X"),
        Row::Nothing => Sv::Null,
        Row::Computed(values) => values.get(column).cloned().unwrap_or(Sv::Null),
        Row::Record(record) if *table == Table::Transaction => transaction(state, record, column),
        Row::Record(record) => plain(state, record, column),
        Row::Line(record, line) => match table {
            Table::AccountingLine => accounting_line(state, record, *line, column),
            _ => transaction_line(state, record, *line, column),
        },
        Row::Link(link) => match column {
            "previousdoc" => number(link.previous.0),
            "previousline" => number(link.previous.1),
            "previoustype" => Sv::text(link.previous.2.type_code()),
            "nextdoc" => number(link.next.0),
            "nextline" => number(link.next.1),
            "nexttype" => Sv::text(link.next.2.type_code()),
            "linktype" => Sv::text(link.link_type),
            "foreignamount" => Sv::Number(link.amount),
            _ => moment(state, link.modified),
        },
        Row::Relation(customer, subsidiary, primary) => match column {
            "entity" => number(customer.id),
            "subsidiary" => number(*subsidiary),
            "isprimarysub" => Sv::flag(*primary),
            "primarycurrency" => id(customer.reference("currency")),
            _ if *primary => number(state.customer_balance(customer.id).0),
            _ => number(0),
        },
        Row::Address(customer, line) => address(state, customer, line, table, column),
        Row::Deleted(deleted) => match column {
            "recordid" => number(deleted.id),
            "recordtypeid" => number(if deleted.kind.is_transaction() { -30 } else { -2 }),
            "scriptid" => Sv::text(deleted.kind.rest_name().to_lowercase()),
            "name" => Sv::text(deleted.name.as_str()),
            _ => moment(state, deleted.at),
        },
    }
}

fn address(
    state: &State,
    customer: &Record,
    line: &crate::netsuite::values::Line,
    table: &Table,
    column: &str,
) -> Sv {
    match (table, column) {
        (Table::AddressBook, "entity") => number(customer.id),
        (Table::AddressBook, "addressbookaddress") | (Table::Address, "nkey") => {
            stored(state, line.get("id"))
        }
        (Table::AddressBook, "defaultbilling") => stored(state, line.get("defaultBilling")),
        (Table::AddressBook, "defaultshipping") => stored(state, line.get("defaultShipping")),
        (Table::AddressBook, other) => stored(state, line.get(other)),
        (_, other) => match line.get("addressBookAddress") {
            Some(Val::Sub(sub)) => stored(state, sub.get(other)),
            _ => Sv::Null,
        },
    }
}

fn transaction(state: &State, rec: &Record, column: &str) -> Sv {
    let settles = matches!(rec.kind, Kind::CustomerPayment | Kind::CreditMemo);
    let invoice = rec.kind == Kind::Invoice;
    let only = |fits: bool, amount: Decimal| if fits { Sv::Number(amount) } else { Sv::Null };
    match column {
        "id" => number(rec.id),
        "trandisplayname" => {
            Sv::text(format!("{} #{}", rec.kind.label(), rec.text("tranId").unwrap_or_default()))
        }
        "type" => Sv::text(rec.kind.type_code()),
        "recordtype" => Sv::text(rec.kind.rest_name().to_lowercase()),
        "status" => match rec.text("status") {
            Some(code) => Sv::Status(rec.kind.type_code(), code.to_owned()),
            None => Sv::Null,
        },
        "posting" => Sv::flag(rec.posting),
        "voided" => Sv::flag(rec.voided()),
        "closedate" => stored(state, rec.fields.get("$closeDate")),
        "createddate" => moment(state, rec.created),
        "lastmodifieddate" => moment(state, rec.modified),
        "entity" => id(rec.customer()),
        "externalid" => Sv::text(rec.external_id.clone().unwrap_or_default()),
        "foreigntotal" => Sv::Number(signed_total(state, rec)),
        "total" => {
            let base = state.base_currency(rec.reference("subsidiary"));
            let total = signed_total(state, rec) * rec.num("exchangeRate");
            Sv::Number(crate::netsuite::values::round(total, state.precision(base)))
        }
        "foreignamountpaid" => only(invoice, rec.num("amountPaid")),
        "foreignamountunpaid" => only(invoice, rec.num("amountRemaining")),
        "foreignpaymentamountused" => {
            let used = total_of(rec) - rec.num("unapplied");
            only(settles, used)
        }
        "foreignpaymentamountunused" => only(settles, rec.num("unapplied")),
        other => plain(state, rec, other),
    }
}

fn total_of(rec: &Record) -> Decimal {
    match rec.kind {
        Kind::CustomerPayment => rec.num("payment"),
        Kind::JournalEntry => rec.lines.iter().map(|line| line.foreign.max(Decimal::ZERO)).sum(),
        _ => rec.num("total"),
    }
}

/// The sign of payments and credit memos is not certain (sheet section 18, row 8).
fn signed_total(state: &State, rec: &Record) -> Decimal {
    let credit = matches!(rec.kind, Kind::CustomerPayment | Kind::CreditMemo);
    let total = total_of(rec);
    if credit && state.settings.signed_totals { -total } else { total }
}

/// A column that is a field of the record in lower case.
fn plain(state: &State, rec: &Record, column: &str) -> Sv {
    let text = |name: &str| rec.text(name).unwrap_or_default();
    match (column, &rec.kind) {
        ("id", _) => number(rec.id),
        ("externalid", _) => Sv::text(rec.external_id.clone().unwrap_or_default()),
        ("createddate" | "datecreated" | "created", _) => moment(state, rec.created),
        ("lastmodifieddate" | "lastmodified", _) => moment(state, rec.modified),
        ("balancesearch", _) => Sv::Number(state.customer_balance(rec.id).0),
        ("overduebalancesearch", _) => Sv::Number(state.customer_balance(rec.id).1),
        ("altname", Kind::Customer) if rec.text("altName").is_none() => {
            match rec.flag("isPerson") {
                true => Sv::text(format!("{} {}", text("firstName"), text("lastName"))),
                false => Sv::text(text("companyName")),
            }
        }
        ("defaultbillingaddress", _) => {
            let billing = rec.list("addressBook").iter();
            let mut billing =
                billing.filter(|line| line.get("defaultBilling") == Some(&Val::Bool(true)));
            stored(state, billing.next().and_then(|line| line.get("id")))
        }
        ("itemtype", Kind::Item) => Sv::text(text("$itemType")),
        ("subtype", Kind::Item) => Sv::text(text("$subtype")),
        ("fullname", Kind::Item) => Sv::text(text("itemId")),
        ("fullname", Kind::Account) => Sv::text(text("acctName")),
        ("accountsearchdisplayname" | "displaynamewithhierarchy", _) => {
            Sv::text(state.name_of(rec))
        }
        ("fullname", _) => Sv::text(text("name")),
        _ => match state.field(&rec.kind, column) {
            Some(field) => {
                let value = stored(state, rec.fields.get(field.name.as_ref()));
                // A checkbox that nobody ever saved reads as not ticked.
                if value.is_null() && field.kind == FieldKind::Bool {
                    Sv::flag(false)
                } else {
                    value
                }
            }
            None => Sv::Null,
        },
    }
}

fn transaction_line(state: &State, rec: &Record, index: usize, column: &str) -> Sv {
    let posting = &rec.lines[index];
    let source = posting.source.and_then(|(list, at)| rec.list(list).get(at));
    let main = posting.line == 0;
    let of_line = |name: &str| source.and_then(|line| line.get(name));
    let segment = |name: &str| stored(state, of_line(name).or_else(|| rec.fields.get(name)));
    match column {
        "id" => number(posting.line),
        "transaction" => number(rec.id),
        "uniquekey" => number(rec.id * 1000 + posting.line),
        "linesequencenumber" => number(i64::try_from(index).unwrap_or_default()),
        "mainline" => Sv::flag(main),
        "taxline" => Sv::flag(posting.tax),
        "iscogs" | "assemblycomponent" | "cleared" => Sv::flag(false),
        "item" => id(source.and_then(|line| ref_of(line, "item"))),
        "quantity" => match source.and_then(|line| num_of(line, "quantity")) {
            // Like the amount, negative on revenue lines.
            Some(quantity) => {
                let revenue = posting.foreign < Decimal::ZERO;
                Sv::Number(if revenue { -quantity } else { quantity })
            }
            None => Sv::Null,
        },
        "rate" => stored(state, of_line("rate")),
        "memo" => Sv::text(posting.memo.clone().unwrap_or_default()),
        "foreignamount" => Sv::Number(posting.foreign),
        "netamount" => Sv::Number(posting.base),
        "foreignamountpaid"
        | "foreignamountunpaid"
        | "foreignpaymentamountused"
        | "foreignpaymentamountunused" => {
            if main {
                transaction(state, rec, column)
            } else {
                Sv::Null
            }
        }
        "subsidiary" => id(rec.reference("subsidiary")),
        "department" | "class" | "location" => segment(column),
        "entity" => id(posting.entity),
        "createdfrom" => id(rec.reference("createdFrom")),
        "accountinglinetype" => line_type(state, posting),
        "expenseaccount" => match account_type(state, posting) {
            "Expense" => number(posting.account),
            _ => Sv::Null,
        },
        "linelastmodifieddate" => moment(state, rec.modified),
        other => stored(state, of_line(other)),
    }
}

fn account_type<'a>(state: &'a State, posting: &Posting) -> &'a str {
    let account = state.store.get(&Kind::Account, posting.account);
    account.and_then(|account| account.text("acctType")).unwrap_or_default()
}

fn line_type(state: &State, posting: &Posting) -> Sv {
    Sv::text(match account_type(state, posting) {
        "Income" | "OthIncome" => "INCOME",
        "Expense" | "OthExpense" => "EXPENSE",
        "OthCurrLiab" => "LIABILITY",
        _ => "ASSET",
    })
}

fn accounting_line(state: &State, rec: &Record, index: usize, column: &str) -> Sv {
    let posting = &rec.lines[index];
    let rate = rec.num("exchangeRate");
    let places = state.precision(state.base_currency(rec.reference("subsidiary")));
    let main = posting.line == 0;
    let based = |name: &str| {
        let foreign = transaction(state, rec, name);
        match foreign {
            Sv::Number(amount) if main => {
                Sv::Number(crate::netsuite::values::round(amount * rate, places))
            }
            _ => Sv::Null,
        }
    };
    match column {
        "transaction" => number(rec.id),
        "transactionline" => number(posting.line),
        "accountingbook" => number(1),
        "account" => number(posting.account),
        "amount" | "netamount" => Sv::Number(posting.base),
        "debit" if posting.base > Decimal::ZERO => Sv::Number(posting.base),
        "credit" if posting.base < Decimal::ZERO => Sv::Number(-posting.base),
        "amountpaid" => based("foreignamountpaid"),
        "amountunpaid" => based("foreignamountunpaid"),
        "paymentamountused" => based("foreignpaymentamountused"),
        "paymentamountunused" => based("foreignpaymentamountunused"),
        "exchangerate" => Sv::Number(rate),
        "posting" => Sv::flag(rec.posting),
        "lastmodifieddate" => moment(state, rec.modified),
        _ => Sv::Null,
    }
}

/// `BUILTIN.DF`: the display value of a column.
pub fn display(state: &State, table: &Table, row: &Row, column: &str) -> Sv {
    let raw = value(state, table, row, column);
    if raw.is_null() {
        return raw;
    }
    let kind = match column {
        "entity" if *table != Table::DeletedRecord => Kind::Customer,
        "currency" | "primarycurrency" | "basecurrency" | "transactioncurrency" => Kind::Currency,
        "account" | "receivablesaccount" | "incomeaccount" | "expenseaccount" => Kind::Account,
        "subsidiary" => Kind::Subsidiary,
        "postingperiod" => Kind::AccountingPeriod,
        "item" => Kind::Item,
        "department" => Kind::Department,
        "class" => Kind::Classification,
        "location" => Kind::Location,
        "terms" => Kind::Term,
        "status" | "approvalstatus" | "type" => return label(state, row, column, raw),
        "createdfrom" | "transaction" | "previousdoc" | "nextdoc" => {
            let tran = whole(&raw).and_then(|id| state.store.transaction(id));
            return tran.map_or(raw, |tran| {
                let number = tran.text("tranId").unwrap_or_default();
                Sv::text(format!("{} #{number}", tran.kind.label()))
            });
        }
        _ => return custom_display(state, row, column, raw),
    };
    Sv::text(state.display(&kind, whole(&raw)))
}

fn whole(value: &Sv) -> Option<i64> {
    match value {
        Sv::Number(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}

fn label(state: &State, row: &Row, column: &str, raw: Sv) -> Sv {
    let Row::Record(rec) = row else { return raw };
    if column == "type" {
        return Sv::text(rec.kind.label());
    }
    let name = if column == "status" { "status" } else { "approvalStatus" };
    let code = rec.text(name).unwrap_or_default();
    let label = match state.field(&rec.kind, name).map(|field| &field.kind) {
        Some(FieldKind::Code(codes)) => {
            codes.iter().find(|(known, _)| *known == code).map_or(code, |(_, label)| *label)
        }
        _ => code,
    };
    if column == "status" {
        Sv::text(format!("{} : {label}", rec.kind.label()))
    } else {
        Sv::text(label)
    }
}

fn custom_display(state: &State, row: &Row, column: &str, raw: Sv) -> Sv {
    let Row::Record(rec) = row else { return raw };
    match state.field(&rec.kind, column).map(|field| &field.kind) {
        Some(FieldKind::Ref(Target::Kind(kind))) => Sv::text(state.display(kind, whole(&raw))),
        _ => raw,
    }
}
