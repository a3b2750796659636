//! The SuiteQL texts that the connector sends. Statuses are never filtered on, dates pass through
//! TO_CHAR, values are inlined after validation since typed parameters are uncertain (netsuite sheet
//! sections 8.6, 17.2 and 18).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::suiteql::{Table, id_list, joined, may, must, quoted};

macro_rules! body_field {
    ($id:literal) => {
        may($id, concat!("t.", $id))
    };
}

macro_rules! entity_field {
    ($id:literal) => {
        may($id, concat!("c.", $id))
    };
}

const MAIN_LINE: &str =
    "LEFT JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'T'";
const PRIMARY_SUBSIDIARY: &str = "LEFT JOIN customersubsidiaryrelationship csr ON \
    csr.entity = c.id AND csr.isprimarysub = 'T'";
const BILLING_ADDRESS: &str = "LEFT JOIN customeraddressbook ab ON \
    ab.entity = c.id AND ab.defaultbilling = 'T' LEFT JOIN customeraddressbookentityaddress ea ON \
    ea.nkey = ab.addressbookaddress";
const MODIFIED: &str = "TO_CHAR(t.lastmodifieddate,'YYYY-MM-DD HH24:MI:SS')";

/// What a cheap read of an invoice rests on.
pub const INVOICES: Table = Table {
    from: "transaction t",
    columns: &[
        must("id", "t.id"),
        must("tranid", "t.tranid"),
        must("entity", "t.entity"),
        may("currency", "t.currency"),
        must("foreigntotal", "t.foreigntotal"),
        must("unpaid", "t.foreignamountunpaid"),
        may("paid", "t.foreignamountpaid"),
        must("trandate", "TO_CHAR(t.trandate,'YYYY-MM-DD')"),
        must("duedate", "TO_CHAR(t.duedate,'YYYY-MM-DD')"),
        must("modified", MODIFIED),
        may("exchangerate", "t.exchangerate"),
        may("approvalstatus", "t.approvalstatus"),
        may("status", "t.status"),
        may("voided", "t.voided"),
        may("account", "t.account"),
        joined("subsidiary", "tl.subsidiary", MAIN_LINE),
        body_field!("custbody_mlc_collect"),
        body_field!("custbody_mlc_retry"),
        body_field!("custbody_mlc_integration_status"),
        body_field!("custbody_mlc_integration_error"),
        body_field!("custbody_mlc_payment_status"),
        body_field!("custbody_mlc_reason_code"),
        body_field!("custbody_mlc_description"),
        may("custbody_mlc_charge_date", "TO_CHAR(t.custbody_mlc_charge_date,'YYYY-MM-DD')"),
        body_field!("custbody_mlc_payment_id"),
        body_field!("custbody_mlc_mandate"),
        body_field!("custbody_mlc_account"),
    ],
};

/// What a cheap read of a customer payment rests on. Signs are uncertain, hence ABS.
pub const RECEIPTS: Table = Table {
    from: "transaction t",
    columns: &[
        must("id", "t.id"),
        must("externalid", "t.externalid"),
        must("entity", "t.entity"),
        may("currency", "t.currency"),
        must("total", "ABS(t.foreigntotal)"),
        must("unused", "t.foreignpaymentamountunused"),
        must("trandate", "TO_CHAR(t.trandate,'YYYY-MM-DD')"),
        must("modified", MODIFIED),
        must("status", "t.status"),
        may("voided", "t.voided"),
        may("account", "t.account"),
        may("exchangerate", "t.exchangerate"),
        may("memo", "t.memo"),
        joined("subsidiary", "tl.subsidiary", MAIN_LINE),
    ],
};

/// What the total of a deposit is checked with before it is posted.
pub const AMOUNTS: Table = Table {
    from: "transaction t",
    columns: &[
        must("id", "t.id"),
        must("type", "t.type"),
        must("total", "ABS(t.foreigntotal)"),
        must("status", "t.status"),
        may("currency", "t.currency"),
        may("voided", "t.voided"),
    ],
};

pub const CUSTOMERS: Table = Table {
    from: "customer c",
    columns: &[
        must("id", "c.id"),
        must("entityid", "c.entityid"),
        must("companyname", "c.companyname"),
        must("firstname", "c.firstname"),
        must("lastname", "c.lastname"),
        must("email", "c.email"),
        must("isinactive", "c.isinactive"),
        must("modified", "TO_CHAR(c.lastmodifieddate,'YYYY-MM-DD HH24:MI:SS')"),
        joined("subsidiary", "csr.subsidiary", PRIMARY_SUBSIDIARY),
        joined("country", "ea.country", BILLING_ADDRESS),
        entity_field!("custentity_mlc_customer_id"),
        entity_field!("custentity_mlc_mandate"),
        entity_field!("custentity_mlc_mandate_status"),
        entity_field!("custentity_mlc_authorisation_link"),
        entity_field!("custentity_mlc_account"),
    ],
};

pub const CURRENCIES: Table = Table {
    from: "currency cur",
    columns: &[
        must("id", "cur.id"),
        must("symbol", "cur.symbol"),
        may("name", "cur.name"),
        may("currencyprecision", "cur.currencyprecision"),
        may("isbasecurrency", "cur.isbasecurrency"),
        may("isinactive", "cur.isinactive"),
    ],
};

pub const SUBSIDIARIES: Table = Table {
    from: "subsidiary s",
    columns: &[
        must("id", "s.id"),
        must("name", "s.name"),
        may("currency", "s.currency"),
        may("parent", "s.parent"),
        may("iselimination", "s.iselimination"),
        may("isinactive", "s.isinactive"),
    ],
};

pub const ACCOUNTS: Table = Table {
    from: "account a",
    columns: &[
        must("id", "a.id"),
        may("acctnumber", "a.acctnumber"),
        must("accttype", "a.accttype"),
        may("fullname", "a.fullname"),
        may("accountsearchdisplayname", "a.accountsearchdisplayname"),
        may("sspecacct", "a.sspecacct"),
        may("currency", "a.currency"),
        may("subsidiary", "a.subsidiary"),
        must("isinactive", "a.isinactive"),
    ],
};

pub const PERIODS: Table = Table {
    from: "accountingperiod p",
    columns: &[
        must("id", "p.id"),
        must("periodname", "p.periodname"),
        must("startdate", "TO_CHAR(p.startdate,'YYYY-MM-DD')"),
        must("enddate", "TO_CHAR(p.enddate,'YYYY-MM-DD')"),
        must("closed", "p.closed"),
        may("alllocked", "p.alllocked"),
        may("arlocked", "p.arlocked"),
    ],
};

/// What consumed or fed a transaction: payment ← invoice, refund ← payment, deposit ← payment.
pub const LINKS: Table = Table {
    from: "nexttransactionlinelink l",
    columns: &[
        must("previousdoc", "l.previousdoc"),
        must("previoustype", "l.previoustype"),
        must("nextdoc", "l.nextdoc"),
        must("nexttype", "l.nexttype"),
        must("foreignamount", "l.foreignamount"),
    ],
};

/// What was deleted, whatever it was.
pub const DELETED: Table = Table { from: "deletedrecord d", columns: &[must("id", "d.recordid")] };

/// What the zone of query times is measured with.
pub const NEWEST: Table =
    Table { from: "transaction t", columns: &[must("id", "t.id"), must("modified", MODIFIED)] };

/// Posted lines of one account per book and subsidiary, debits positive.
pub const BALANCE: Table = Table {
    from: "transactionaccountingline tal INNER JOIN transaction t ON t.id = tal.transaction \
        INNER JOIN transactionline tl ON tl.transaction = tal.transaction AND \
        tl.id = tal.transactionline",
    columns: &[
        must("base", "SUM(NVL(tal.debit,0) - NVL(tal.credit,0))"),
        must("foreignamount", "SUM(tl.foreignamount)"),
        may("currency", "t.currency"),
        may("book", "tal.accountingbook"),
        may("subsidiary", "tl.subsidiary"),
    ],
};

/// Posted lines of one account, one by one, debits positive.
pub const LINES: Table = Table {
    from: "transactionaccountingline tal INNER JOIN transaction t ON t.id = tal.transaction \
        INNER JOIN transactionline tl ON tl.transaction = tal.transaction AND \
        tl.id = tal.transactionline",
    columns: &[
        must("id", "t.id"),
        must("line", "tl.id"),
        must("type", "t.type"),
        must("tranid", "t.tranid"),
        must("trandate", "TO_CHAR(t.trandate,'YYYY-MM-DD')"),
        must("externalid", "t.externalid"),
        must("foreignamount", "tl.foreignamount"),
        may("currency", "t.currency"),
        may("book", "tal.accountingbook"),
    ],
};

/// All posting periods, closed ones too (netsuite sheet section 17.8).
pub const PERIODS_TAIL: &str = "WHERE p.isposting = 'T' AND p.isadjust = 'F' AND \
    p.isquarter = 'F' AND p.isyear = 'F' ORDER BY p.startdate";

/// Invoices saved since, beyond the id where the last page ended.
#[must_use]
pub fn changed_invoices_tail(from: &str, after: &str) -> String {
    format!(
        "WHERE t.type = 'CustInvc' AND t.lastmodifieddate >= TO_TIMESTAMP({}, \
         'YYYY-MM-DD HH24:MI:SS') AND t.id > {after} ORDER BY t.id",
        quoted(from)
    )
}

/// Deletions since.
#[must_use]
pub fn deleted_tail(from: &str) -> String {
    format!(
        "WHERE d.deleteddate >= TO_TIMESTAMP({}, 'YYYY-MM-DD HH24:MI:SS') ORDER BY d.recordid",
        quoted(from)
    )
}

/// Invoices with something open, beyond the id where the last page ended.
#[must_use]
pub fn open_invoices_tail(after: &str) -> String {
    format!(
        "WHERE t.type = 'CustInvc' AND t.foreignamountunpaid > 0 AND t.id > {after} ORDER BY t.id"
    )
}

#[must_use]
pub fn invoices_tail(ids: &[&str]) -> String {
    format!("WHERE t.type = 'CustInvc' AND t.id IN ({}) ORDER BY t.id", id_list(ids))
}

#[must_use]
pub fn changed_customers_tail(from: &str, after: &str) -> String {
    format!(
        "WHERE c.lastmodifieddate >= TO_TIMESTAMP({}, 'YYYY-MM-DD HH24:MI:SS') AND \
         c.id > {after} ORDER BY c.id",
        quoted(from)
    )
}

#[must_use]
pub fn customers_tail(ids: &[&str]) -> String {
    format!("WHERE c.id IN ({}) ORDER BY c.id", id_list(ids))
}

/// Customer payments by external id.
#[must_use]
pub fn receipts_tail(stamps: &[&str]) -> String {
    let list: Vec<String> = stamps.iter().map(|stamp| quoted(stamp)).collect();
    format!("WHERE t.type = 'CustPymt' AND t.externalid IN ({}) ORDER BY t.id", list.join(","))
}

/// Payments of a customer that name something in number, external id or memo.
#[must_use]
pub fn naming_tail(customer: &str, name: &str) -> String {
    format!(
        "WHERE t.type = 'CustPymt' AND t.entity = {customer} AND (t.tranid = {exact} OR \
         t.externalid = {exact} OR t.memo LIKE {within}) ORDER BY t.id",
        exact = quoted(name),
        within = quoted(&format!("%{name}%")),
    )
}

#[must_use]
pub fn transactions_tail(ids: &[&str]) -> String {
    format!("WHERE t.id IN ({}) ORDER BY t.id", id_list(ids))
}

/// Links into or out of the given transactions.
#[must_use]
pub fn links_tail(column: &str, ids: &[&str]) -> String {
    format!("WHERE l.{column} IN ({}) ORDER BY l.previousdoc, l.nextdoc", id_list(ids))
}

/// The postings of one account, grouped by whatever of book, subsidiary and currency exists.
#[must_use]
pub fn balance_tail(account: &str, group: &[&str]) -> String {
    let group = match group {
        [] => String::new(),
        columns => format!(" GROUP BY {}", columns.join(", ")),
    };
    format!("WHERE tal.account = {account} AND tal.posting = 'T'{group}")
}

#[must_use]
pub fn lines_tail(account: &str, since: Date) -> String {
    format!(
        "WHERE tal.account = {account} AND tal.posting = 'T' AND \
         t.trandate >= TO_DATE('{since}', 'YYYY-MM-DD') ORDER BY t.id, tl.id"
    )
}

/// A moment as the queries compare it, without a zone.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::suiteql::Column;
    use super::*;
    use crate::erp::netsuite::fields;

    fn own_columns(table: &Table) -> Vec<&'static str> {
        let own = |column: &&Column| column.name.starts_with("cust");
        table.columns.iter().filter(own).map(|column| column.name).collect()
    }

    #[test]
    fn the_columns_of_ours_are_the_fields_of_ours() {
        let ids = |fields: &[fields::Field]| fields.iter().map(|f| f.id).collect::<Vec<_>>();
        assert_eq!(own_columns(&INVOICES), ids(&fields::ON_INVOICE));
        assert_eq!(own_columns(&CUSTOMERS), ids(&fields::ON_CUSTOMER));
    }

    #[test]
    fn a_poll_compares_the_moment_without_its_zone() {
        let at: Timestamp = "2026-03-04T09:12:44Z".parse().unwrap();
        assert_eq!(
            changed_invoices_tail(&moment(at), "50311"),
            "WHERE t.type = 'CustInvc' AND t.lastmodifieddate >= TO_TIMESTAMP('2026-03-04 \
             09:12:44', 'YYYY-MM-DD HH24:MI:SS') AND t.id > 50311 ORDER BY t.id"
        );
    }
}
