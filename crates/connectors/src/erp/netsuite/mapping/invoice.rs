//! Invoices: from a row of a query and from the record itself, and our fields on them (netsuite
//! sheet sections 8.5, 8.6 and 9.2).

use serde_json::{Map, Value};

use model::ids::{ErpCustomerId, InvoiceId, LedgerAccountId, SubsidiaryId};
use model::invoice::{
    Annotation, Approval, IntegrationStatus, Invoice, InvoiceStatus, PaymentStatus,
};
use model::money::Money;

use super::super::books::Setup;
use super::super::fields::{self, Field, cut};
use super::super::wire::Record;

/// Where the two sources differ; everything else is the same under both.
struct Names {
    number: &'static str,
    total: &'static str,
    due: &'static str,
    paid: &'static str,
    issued: &'static str,
    due_on: &'static str,
    approval: &'static str,
    rate: &'static str,
}

const ROW: Names = Names {
    number: "tranid",
    total: "foreigntotal",
    due: "unpaid",
    paid: "paid",
    issued: "trandate",
    due_on: "duedate",
    approval: "approvalstatus",
    rate: "exchangerate",
};

const RECORD: Names = Names {
    number: "tranId",
    total: "total",
    due: "amountRemaining",
    paid: "amountPaid",
    issued: "tranDate",
    due_on: "dueDate",
    approval: "approvalStatus",
    rate: "exchangeRate",
};

/// From a row of [`super::super::queries::INVOICES`].
pub fn from_row(row: Record<'_>, setup: &Setup, version: String) -> Result<Invoice, String> {
    read(row, &ROW, setup, version)
}

/// From the record (netsuite sheet section 9.2).
pub fn from_record(record: Record<'_>, setup: &Setup, version: String) -> Result<Invoice, String> {
    read(record, &RECORD, setup, version)
}

fn read(
    source: Record<'_>,
    names: &Names,
    setup: &Setup,
    version: String,
) -> Result<Invoice, String> {
    let id = source.required_reference("id")?;
    let currency = setup.currencies.of(source)?;
    let total = source.required_money(names.total, currency)?;
    let approval = read_approval(source, names.approval)?;
    let due = read_due(source, names, total, approval)?;
    let number = source.text(names.number).unwrap_or_else(|| format!("#{id}"));
    Ok(Invoice {
        number,
        customer: ErpCustomerId::new(source.required_reference("entity")?),
        total,
        due,
        issued_on: source
            .date(names.issued)?
            .ok_or_else(|| format!("{} is missing", names.issued))?,
        due_on: source.date(names.due_on)?,
        status: read_status(source, due),
        approval,
        flagged: source.flag(fields::COLLECT.id),
        retry_requested: source.flag(fields::RETRY.id),
        subsidiary: subsidiary(source, setup),
        receivable_account: source.reference("account").map(LedgerAccountId::new),
        exchange_rate: source.decimal(names.rate)?.map(|rate| rate.normalize()),
        annotation: read_annotation(source)?,
        version,
        id: InvoiceId::new(id),
    })
}

/// The subsidiary, where the account has any.
pub fn subsidiary(source: Record<'_>, setup: &Setup) -> Option<SubsidiaryId> {
    let id = source.reference("subsidiary").filter(|_| setup.is_one_world())?;
    Some(SubsidiaryId::new(id))
}

/// What is owed. An invoice that is not approved does not post, so it may have no open amount yet.
fn read_due(
    source: Record<'_>,
    names: &Names,
    total: Money,
    approval: Approval,
) -> Result<Money, String> {
    if let Some(due) = source.money(names.due, total.currency)? {
        return Ok(due);
    }
    match source.money(names.paid, total.currency)? {
        Some(paid) => total.checked_sub(paid).map_err(|error| error.to_string()),
        None if approval != Approval::Approved => Ok(total),
        None => Err(format!("{} is missing", names.due)),
    }
}

/// The last letter of a status, in its single and its compound form ("A", "CustInvc:A"), for records
/// its id (netsuite sheet section 8.6).
#[must_use]
pub fn status_letter(source: Record<'_>) -> Option<char> {
    let code = source.reference("status")?;
    let tail = code.rsplit(':').next().unwrap_or(&code).trim();
    let mut letters = tail.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Some(letter.to_ascii_uppercase()),
        _ => None,
    }
}

/// Voided: by the flag of queries, the status letter, or what people see.
#[must_use]
pub fn is_voided(source: Record<'_>) -> bool {
    let named = source.text("status").is_some_and(|name| name.to_lowercase().contains("void"));
    source.flag("voided") || named || status_letter(source) == Some('V')
}

fn read_status(source: Record<'_>, due: Money) -> InvoiceStatus {
    if is_voided(source) {
        InvoiceStatus::Voided
    } else if due.is_zero() {
        InvoiceStatus::Paid
    } else {
        InvoiceStatus::Open
    }
}

fn read_approval(source: Record<'_>, name: &str) -> Result<Approval, String> {
    match source.reference(name).as_deref() {
        Some("1") => Ok(Approval::Pending),
        Some("2") => Ok(Approval::Approved),
        Some("3") => Ok(Approval::Rejected),
        Some(other) => Err(format!("{name} \"{other}\" is none of 1, 2 and 3")),
        // Without approval routing the field is empty; the status then tells of older forms.
        None => Ok(match status_letter(source) {
            Some('D') => Approval::Pending,
            Some('E') => Approval::Rejected,
            Some(_) | None => Approval::Approved,
        }),
    }
}

/// Our fields, as they stand there now.
pub fn read_annotation(source: Record<'_>) -> Result<Annotation, String> {
    let text = |field: Field| source.text(field.id);
    Ok(Annotation {
        integration_status: text(fields::INTEGRATION_STATUS)
            .and_then(|words| IntegrationStatus::from_words(&words)),
        integration_error: text(fields::INTEGRATION_ERROR),
        payment_status: text(fields::PAYMENT_STATUS)
            .and_then(|words| PaymentStatus::from_words(&words)),
        reason_code: text(fields::REASON_CODE),
        description: text(fields::DESCRIPTION),
        charge_on: source.date(fields::CHARGE_DATE.id)?,
        collection: text(fields::PAYMENT_ID),
        mandate: text(fields::MANDATE),
        processor_account: text(fields::ACCOUNT),
    })
}

/// Every field of ours with its value; blank ones are cleared with null.
#[must_use]
pub fn annotation_body(annotation: &Annotation, clear_retry: bool) -> Map<String, Value> {
    let mut body = Map::new();
    let mut put = |field: Field, value: Option<&str>| {
        // Blank text reads back as nothing, so it is written as nothing.
        let value = value.filter(|text| !text.trim().is_empty());
        let value = value.map(|text| Value::from(cut(text, field.length_max)));
        body.insert(field.id.to_owned(), value.unwrap_or(Value::Null));
    };
    put(fields::INTEGRATION_STATUS, annotation.integration_status.map(IntegrationStatus::words));
    put(fields::INTEGRATION_ERROR, annotation.integration_error.as_deref());
    put(fields::PAYMENT_STATUS, annotation.payment_status.map(PaymentStatus::words));
    put(fields::REASON_CODE, annotation.reason_code.as_deref());
    put(fields::DESCRIPTION, annotation.description.as_deref());
    let charge_on = annotation.charge_on.map(|day| day.to_string());
    put(fields::CHARGE_DATE, charge_on.as_deref());
    put(fields::PAYMENT_ID, annotation.collection.as_deref());
    put(fields::MANDATE, annotation.mandate.as_deref());
    put(fields::ACCOUNT, annotation.processor_account.as_deref());
    if clear_retry {
        body.insert(fields::RETRY.id.to_owned(), Value::Bool(false));
    }
    body
}
