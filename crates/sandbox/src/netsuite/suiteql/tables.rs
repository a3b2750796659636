//! The tables a query may name: their columns, their rows, and which permission and feature each
//! needs (netsuite sheet sections 8.5 to 8.8). Values of columns stand in `columns`.

use crate::netsuite::kind::{Kind, Space};
use crate::netsuite::state::{Level, State};
use crate::netsuite::store::{Deleted, Record};
use crate::netsuite::values::Line;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::value::Sv;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Table {
    Transaction,
    TransactionLine,
    AccountingLine,
    /// Both link tables hold the same rows here.
    Link,
    SubsidiaryRelation,
    AddressBook,
    Address,
    DeletedRecord,
    Dual,
    /// Records of one type.
    Of(Kind),
}

/// One link between two documents.
#[derive(Debug, Clone)]
pub struct DocLink {
    pub previous: (i64, i64, Kind),
    pub next: (i64, i64, Kind),
    pub link_type: &'static str,
    pub amount: Decimal,
    pub modified: Timestamp,
}

/// One row; cheap to copy.
#[derive(Debug, Clone)]
pub enum Row {
    /// What a left join found nothing for.
    Nothing,
    Record(Arc<Record>),
    /// A transaction with the position of one of its lines.
    Line(Arc<Record>, usize),
    Link(Arc<DocLink>),
    /// A customer's relation to a subsidiary: the customer, the subsidiary, primary or not.
    Relation(Arc<Record>, i64, bool),
    /// A customer's address.
    Address(Arc<Record>, Arc<Line>),
    Deleted(Arc<Deleted>),
    /// A row of a subquery in FROM.
    Computed(Arc<BTreeMap<String, Sv>>),
}

const TRANSACTION: &[&str] = &[
    "id",
    "tranid",
    "trandisplayname",
    "transactionnumber",
    "type",
    "recordtype",
    "status",
    "approvalstatus",
    "posting",
    "voided",
    "trandate",
    "duedate",
    "closedate",
    "createddate",
    "lastmodifieddate",
    "postingperiod",
    "entity",
    "currency",
    "exchangerate",
    "foreigntotal",
    "total",
    "foreignamountpaid",
    "foreignamountunpaid",
    "foreignpaymentamountused",
    "foreignpaymentamountunused",
    "memo",
    "externalid",
    "otherrefnum",
    "account",
    "createdfrom",
    "terms",
    "email",
    "source",
];
const LINE: &[&str] = &[
    "id",
    "transaction",
    "uniquekey",
    "linesequencenumber",
    "mainline",
    "taxline",
    "iscogs",
    "assemblycomponent",
    "item",
    "quantity",
    "rate",
    "memo",
    "foreignamount",
    "netamount",
    "foreignamountpaid",
    "foreignamountunpaid",
    "foreignpaymentamountused",
    "foreignpaymentamountunused",
    "subsidiary",
    "department",
    "class",
    "location",
    "entity",
    "createdfrom",
    "accountinglinetype",
    "expenseaccount",
    "linelastmodifieddate",
    "cleared",
];
const ACCOUNTING_LINE: &[&str] = &[
    "transaction",
    "transactionline",
    "accountingbook",
    "account",
    "amount",
    "debit",
    "credit",
    "netamount",
    "amountpaid",
    "amountunpaid",
    "paymentamountused",
    "paymentamountunused",
    "amountlinked",
    "exchangerate",
    "posting",
    "lastmodifieddate",
];
const LINK: &[&str] = &[
    "previousdoc",
    "previousline",
    "previoustype",
    "nextdoc",
    "nextline",
    "nexttype",
    "linktype",
    "foreignamount",
];
const RELATION: &[&str] = &["entity", "subsidiary", "isprimarysub", "primarycurrency", "balance"];
const BOOK: &[&str] =
    &["entity", "defaultbilling", "defaultshipping", "label", "addressbookaddress"];
const ADDRESS: &[&str] =
    &["nkey", "addressee", "attention", "addr1", "addr2", "city", "state", "zip", "country"];
const DELETED: &[&str] = &["recordid", "recordtypeid", "scriptid", "name", "deleteddate"];

const CUSTOMER: &[&str] = &[
    "id",
    "entityid",
    "companyname",
    "altname",
    "firstname",
    "lastname",
    "isperson",
    "email",
    "phone",
    "externalid",
    "currency",
    "terms",
    "receivablesaccount",
    "balancesearch",
    "overduebalancesearch",
    "isinactive",
    "datecreated",
    "lastmodifieddate",
    "defaultbillingaddress",
    "comments",
    "url",
    "category",
];
const ITEM: &[&str] = &[
    "id",
    "itemid",
    "displayname",
    "fullname",
    "externalid",
    "itemtype",
    "subtype",
    "incomeaccount",
    "subsidiary",
    "isinactive",
    "createddate",
    "lastmodifieddate",
];
const ACCOUNT: &[&str] = &[
    "id",
    "acctnumber",
    "accttype",
    "acctname",
    "fullname",
    "accountsearchdisplayname",
    "displaynamewithhierarchy",
    "externalid",
    "currency",
    "subsidiary",
    "isinactive",
    "sspecacct",
    "lastmodifieddate",
];
const CURRENCY: &[&str] = &[
    "id",
    "name",
    "symbol",
    "displaysymbol",
    "exchangerate",
    "currencyprecision",
    "isbasecurrency",
    "isinactive",
    "externalid",
];
const RATE: &[&str] =
    &["id", "basecurrency", "transactioncurrency", "effectivedate", "exchangerate"];
const PERIOD: &[&str] = &[
    "id",
    "periodname",
    "startdate",
    "enddate",
    "closed",
    "alllocked",
    "arlocked",
    "aplocked",
    "allownonglchanges",
    "isposting",
    "isadjust",
    "isquarter",
    "isyear",
    "parent",
    "lastmodifieddate",
];
const SUBSIDIARY: &[&str] = &[
    "id",
    "name",
    "fullname",
    "currency",
    "parent",
    "iselimination",
    "isinactive",
    "country",
    "externalid",
];
const TERM: &[&str] = &["id", "name", "daysuntilnetdue", "isinactive"];
const CUSTOM: &[&str] =
    &["id", "name", "externalid", "owner", "isinactive", "created", "lastmodified"];
const SEGMENT: &[&str] = &["id", "name", "fullname", "externalid", "isinactive", "subsidiary"];

fn of_kind(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Customer => CUSTOMER,
        Kind::Item => ITEM,
        Kind::Account => ACCOUNT,
        Kind::Currency => CURRENCY,
        Kind::CurrencyRate => RATE,
        Kind::AccountingPeriod => PERIOD,
        Kind::Subsidiary => SUBSIDIARY,
        Kind::Term => TERM,
        Kind::Custom(_) => CUSTOM,
        _ => SEGMENT,
    }
}

impl Table {
    /// The table of a name, if feature and permissions show it.
    pub fn named(state: &State, name: &str) -> Option<Table> {
        let table = match name {
            "transaction" => Table::Transaction,
            "transactionline" => Table::TransactionLine,
            "transactionaccountingline" => Table::AccountingLine,
            "nexttransactionlinelink" | "previoustransactionlinelink" => Table::Link,
            "customersubsidiaryrelationship" => Table::SubsidiaryRelation,
            "customeraddressbook" => Table::AddressBook,
            "customeraddressbookentityaddress" => Table::Address,
            "deletedrecord" => Table::DeletedRecord,
            "dual" => Table::Dual,
            "entity" | "customer" => Table::Of(Kind::Customer),
            "item" => Table::Of(Kind::Item),
            "account" => Table::Of(Kind::Account),
            "currency" => Table::Of(Kind::Currency),
            "currencyrate" => Table::Of(Kind::CurrencyRate),
            "accountingperiod" => Table::Of(Kind::AccountingPeriod),
            "subsidiary" => Table::Of(Kind::Subsidiary),
            "term" => Table::Of(Kind::Term),
            "department" => Table::Of(Kind::Department),
            "classification" => Table::Of(Kind::Classification),
            "location" => Table::Of(Kind::Location),
            custom => Table::Of(Kind::Custom(state.custom_types.get(custom)?.clone())),
        };
        table.shown(state).then_some(table)
    }

    fn shown(&self, state: &State) -> bool {
        let company = &state.company;
        let feature = match self {
            Table::SubsidiaryRelation | Table::Of(Kind::Subsidiary) => company.one_world,
            Table::Of(Kind::CurrencyRate) => company.multi_currency,
            _ => true,
        };
        let permitted = match self {
            Table::Transaction | Table::TransactionLine | Table::AccountingLine | Table::Link => {
                state.role.may("TRAN_FIND", Level::View) && state.role.may("LIST_FIND", Level::Full)
            }
            Table::SubsidiaryRelation | Table::AddressBook | Table::Address => {
                state.permit(&Kind::Customer, Level::View).is_ok()
            }
            Table::Of(kind) => state.permit(kind, Level::View).is_ok(),
            Table::DeletedRecord | Table::Dual => true,
        };
        feature && permitted
    }

    /// The columns of the table, custom fields included.
    pub fn columns(&self, state: &State) -> Vec<String> {
        let built_in = match self {
            Table::Transaction => TRANSACTION,
            Table::TransactionLine => LINE,
            Table::AccountingLine => ACCOUNTING_LINE,
            Table::Link => LINK,
            Table::SubsidiaryRelation => RELATION,
            Table::AddressBook => BOOK,
            Table::Address => ADDRESS,
            Table::DeletedRecord => DELETED,
            Table::Dual => &["dummy"],
            Table::Of(kind) => of_kind(kind),
        };
        let mut all: Vec<String> = built_in.iter().map(|name| (*name).to_owned()).collect();
        if *self == Table::Link && state.settings.link_modified_date {
            all.push("lastmodifieddate".to_owned());
        }
        let custom = |prefix: &str| {
            let names = state.custom_fields.iter().map(|custom| &custom.field.name);
            names.filter(|name| name.starts_with(prefix)).map(|n| n.to_string()).collect::<Vec<_>>()
        };
        match self {
            Table::Transaction => all.extend(custom("custbody")),
            Table::TransactionLine => all.extend(custom("custcol")),
            Table::Of(kind @ (Kind::Customer | Kind::Item | Kind::Custom(_))) => {
                let on = state.custom_fields.iter().filter(|custom| custom.on(kind));
                all.extend(on.map(|custom| custom.field.name.to_string()));
            }
            _ => {}
        }
        all.dedup();
        all
    }

    /// The rows of the table as queries see them: late by the staleness in force, without what
    /// the role may not see.
    pub fn rows(&self, state: &State) -> Vec<Row> {
        let at = state.now - SignedDuration::from_mins(state.faults.stale_minutes);
        match self {
            Table::Transaction => transactions(state, at).into_iter().map(Row::Record).collect(),
            Table::TransactionLine | Table::AccountingLine => {
                let lines = |tran: Arc<Record>| {
                    (0..tran.lines.len()).map(move |line| Row::Line(tran.clone(), line))
                };
                transactions(state, at).into_iter().flat_map(lines).collect()
            }
            Table::Link => {
                transactions(state, at).iter().flat_map(|tran| links(state, tran)).collect()
            }
            Table::SubsidiaryRelation => relations(state, at),
            Table::AddressBook | Table::Address => addresses(state, at),
            Table::DeletedRecord => {
                let seen = state.store.deleted.iter().filter(|deleted| deleted.at <= at);
                seen.map(|deleted| Row::Deleted(Arc::new(deleted.clone()))).collect()
            }
            Table::Dual => vec![Row::Nothing],
            Table::Of(kind) => {
                let all = state.store.all_at(&kind.space(), at).into_iter();
                let of_subsidiary = |record: &Record| {
                    *kind != Kind::Customer || state.role.sees(record.reference("subsidiary"))
                };
                all.filter(|record| record.kind == *kind && of_subsidiary(record))
                    .map(Row::Record)
                    .collect()
            }
        }
    }
}

fn transactions(state: &State, at: Timestamp) -> Vec<Arc<Record>> {
    let mut all = state.store.all_at(&Space::Transaction, at);
    all.retain(|tran| {
        state.permit(&tran.kind, Level::View).is_ok()
            && state.role.sees(tran.reference("subsidiary"))
    });
    all
}

fn links(state: &State, tran: &Arc<Record>) -> Vec<Row> {
    let mut all = Vec::new();
    let mut add = |doc: i64, link_type, amount| {
        let Some(previous) = state.store.transaction(doc) else { return };
        let line = |kind: &Kind| i64::from(*kind == Kind::CustomerPayment);
        all.push(Row::Link(Arc::new(DocLink {
            previous: (doc, line(&previous.kind), previous.kind.clone()),
            next: (tran.id, line(&tran.kind), tran.kind.clone()),
            link_type,
            amount,
            modified: tran.modified,
        })));
    };
    for (doc, amount) in tran.applied_to() {
        add(doc, "Payment", amount);
    }
    for doc in tran.deposits() {
        let amount =
            state.store.transaction(doc).map(|d| crate::netsuite::records::deposit::amount_of(d));
        add(doc, "DepositLink", amount.unwrap_or_default());
    }
    all
}

fn relations(state: &State, at: Timestamp) -> Vec<Row> {
    let mut all = Vec::new();
    for customer in state.store.all_at(&Kind::Customer.space(), at) {
        let Some(primary) = customer.reference("subsidiary") else { continue };
        all.push(Row::Relation(customer.clone(), primary, true));
        for relation in state.store.all_at(&Kind::CustomerSubsidiary.space(), at) {
            if relation.reference("entity") == Some(customer.id)
                && let Some(subsidiary) = relation.reference("subsidiary")
            {
                all.push(Row::Relation(customer.clone(), subsidiary, false));
            }
        }
    }
    all.retain(|row| match row {
        Row::Relation(_, subsidiary, _) => state.role.sees(Some(*subsidiary)),
        _ => true,
    });
    all
}

fn addresses(state: &State, at: Timestamp) -> Vec<Row> {
    let customers = state.store.all_at(&Kind::Customer.space(), at);
    let of = |customer: &Arc<Record>| {
        let lines = customer.list("addressBook").iter();
        lines.map(|line| Row::Address(customer.clone(), Arc::new(line.clone()))).collect::<Vec<_>>()
    };
    customers.iter().flat_map(of).collect()
}
