//! Customer payments as receipts: from a row with its links, and from the record (netsuite sheet
//! sections 8.5, 8.7 and 9.3).

use std::collections::BTreeMap;

use model::ids::{ErpCustomerId, InvoiceId, LedgerAccountId, ReceiptId};
use model::money::Money;
use model::receipt::{Application, Receipt, ReceiptPlace};

use super::super::books::Setup;
use super::super::wire::{Body, Record};
use super::invoice::{is_voided, status_letter, subsidiary};

/// What a direct void leaves in the memo.
const VOID_MEMO: &str = "VOID";

/// Links of several payments, as rows of [`super::super::queries::LINKS`].
#[derive(Debug, Default)]
pub struct Links {
    /// By payment: what was taken from it, and by which invoice or refund it is.
    by_payment: BTreeMap<String, Vec<Link>>,
}

#[derive(Debug, Clone)]
struct Link {
    other: String,
    kind: String,
    amount: Option<String>,
}

impl Links {
    /// `into`: links whose later document is the payment (its invoices); `out_of`: links whose
    /// earlier document it is (its refunds and deposits).
    #[must_use]
    pub fn read(into: &[Body], out_of: &[Body]) -> Links {
        let mut links = Links::default();
        for row in into.iter().map(Record) {
            links.add(row, "nextdoc", "previousdoc", "previoustype");
        }
        for row in out_of.iter().map(Record) {
            links.add(row, "previousdoc", "nextdoc", "nexttype");
        }
        links
    }

    fn add(&mut self, row: Record<'_>, payment: &str, other: &str, kind: &str) {
        let (Some(payment), Some(other)) = (row.reference(payment), row.reference(other)) else {
            return;
        };
        let kind = row.text(kind).unwrap_or_default();
        let amount = row.text("foreignamount");
        self.by_payment.entry(payment).or_default().push(Link { other, kind, amount });
    }

    fn of(&self, payment: &str) -> &[Link] {
        self.by_payment.get(payment).map_or(&[], Vec::as_slice)
    }

    /// The bank deposits that follow.
    pub fn deposits_of<'a>(&'a self, payment: &str) -> impl Iterator<Item = String> + 'a {
        self.of(payment).iter().filter(|link| is_deposit(&link.kind)).map(|link| link.other.clone())
    }

    /// Customer payments that follow an invoice.
    #[must_use]
    pub fn payments_of(&self, invoice: &str) -> Vec<String> {
        let follow = self.of(invoice).iter().filter(|link| link.kind == "CustPymt");
        follow.map(|link| link.other.clone()).collect()
    }

    /// Whether a document of that type follows.
    #[must_use]
    pub fn is_followed_by(&self, payment: &str, kind: &str) -> bool {
        self.of(payment).iter().any(|link| link.kind == kind)
    }
}

/// From a row of [`super::super::queries::RECEIPTS`] and its links. `Err` also when the links do not
/// add up: the record itself must then be read.
pub fn from_row(
    row: Record<'_>,
    links: &Links,
    setup: &Setup,
    version: String,
) -> Result<Receipt, String> {
    let id = row.required_reference("id")?;
    let currency = setup.currencies.of(row)?;
    let amount = row.required_money("total", currency)?;
    let unapplied = row.required_money("unused", currency)?;
    let (applications, refunded) = read_links(links.of(&id), amount)?;
    let mut explained = unapplied.checked_add(refunded).map_err(|error| error.to_string())?;
    for application in &applications {
        explained = explained.checked_add(application.amount).map_err(|error| error.to_string())?;
    }
    if explained != amount {
        return Err(format!("applications, refunds and rest are {explained} of {amount}"));
    }
    Ok(Receipt {
        stamp: row.text("externalid"),
        customer: ErpCustomerId::new(row.required_reference("entity")?),
        amount,
        unapplied,
        applications,
        place: place(row)?,
        voided: is_voided(row),
        dated_on: row.date("trandate")?.ok_or("trandate is missing")?,
        account: row.reference("account").map(LedgerAccountId::new),
        receivable_account: None,
        subsidiary: subsidiary(row, setup),
        exchange_rate: row.decimal("exchangerate")?.map(|rate| rate.normalize()),
        memo: row.text("memo"),
        version,
        id: ReceiptId::new(id),
    })
}

/// The type of a bank deposit: its name and its short name (netsuite sheet section 8.4).
fn is_deposit(kind: &str) -> bool {
    kind == "Deposit" || kind == "Depst"
}

/// Applications in the order of invoices, and what was refunded. The sign of a link's amount is not
/// documented, so its magnitude counts.
fn read_links(links: &[Link], amount: Money) -> Result<(Vec<Application>, Money), String> {
    let mut applied: BTreeMap<&str, Money> = BTreeMap::new();
    let mut refunded = Money::zero(amount.currency);
    for link in links {
        let kind = link.kind.as_str();
        if is_deposit(kind) {
            continue;
        }
        let text = link.amount.as_deref().ok_or("a link has no amount")?;
        let text = text.trim_start_matches('-');
        let body = serde_json::json!({ "foreignamount": text });
        let body = body.as_object().cloned().unwrap_or_default();
        let money = Record(&body).required_money("foreignamount", amount.currency)?;
        if kind == "CustRfnd" {
            refunded = refunded.checked_add(money).map_err(|error| error.to_string())?;
        } else {
            let sum = applied.entry(&link.other).or_insert(Money::zero(amount.currency));
            *sum = sum.checked_add(money).map_err(|error| error.to_string())?;
        }
    }
    let applications = applied
        .into_iter()
        .map(|(invoice, amount)| Application { invoice: InvoiceId::new(invoice), amount })
        .collect();
    Ok((applications, refunded))
}

/// From the record with its `apply` sublist (netsuite sheet section 9.3).
pub fn from_record(record: Record<'_>, setup: &Setup, version: String) -> Result<Receipt, String> {
    let currency = setup.currencies.of(record)?;
    let amount = record.required_money("payment", currency)?;
    let applications = read_applications(record, amount)?;
    let memo = record.text("memo");
    let zeroed = amount.is_zero() && memo.as_deref() == Some(VOID_MEMO);
    Ok(Receipt {
        id: ReceiptId::new(record.required_reference("id")?),
        stamp: record.text("externalId"),
        customer: ErpCustomerId::new(record.required_reference("customer")?),
        amount,
        unapplied: read_unapplied(record, amount, &applications)?,
        applications,
        place: place(record)?,
        voided: zeroed || is_voided(record),
        dated_on: record.date("tranDate")?.ok_or("tranDate is missing")?,
        account: account(record, setup),
        receivable_account: record.reference("arAcct").map(LedgerAccountId::new),
        subsidiary: subsidiary(record, setup),
        exchange_rate: record.decimal("exchangeRate")?.map(|rate| rate.normalize()),
        memo,
        version,
    })
}

/// The account that holds the money; a receipt in Undeposited Funds may show the box alone.
fn account(record: Record<'_>, setup: &Setup) -> Option<LedgerAccountId> {
    let named = record.reference("account");
    let id = match named {
        None if record.flag("undepFunds") => setup.undeposited.clone(),
        named => named,
    };
    id.map(LedgerAccountId::new)
}

fn read_applications(record: Record<'_>, amount: Money) -> Result<Vec<Application>, String> {
    if !record.is_expanded("apply") {
        return Err("apply did not come with its lines".to_owned());
    }
    if record.inner("apply").is_some_and(|sublist| sublist.flag("hasMore")) {
        return Err("apply has more lines than one answer holds".to_owned());
    }
    let mut applications = Vec::new();
    for line in record.lines("apply") {
        let refund = line.text("type").is_some_and(|kind| kind.to_lowercase().contains("refund"));
        if refund || (line.has("apply") && !line.flag("apply")) {
            continue;
        }
        let applied = line.money("amount", amount.currency)?;
        let Some(applied) = applied.filter(|applied| !applied.is_zero()) else {
            continue;
        };
        let invoice = InvoiceId::new(line.required_reference("doc")?);
        applications.push(Application { invoice, amount: applied });
    }
    applications.sort_by(|a, b| a.invoice.cmp(&b.invoice));
    Ok(applications)
}

/// What is neither applied nor refunded. Whether NetSuite's `unapplied` already leaves out refunds is
/// not documented, so it is judged by what adds up (netsuite sheet sections 9.3 and 10.10).
fn read_unapplied(
    record: Record<'_>,
    amount: Money,
    applications: &[Application],
) -> Result<Money, String> {
    let mut rest = amount;
    for application in applications {
        rest = rest.checked_sub(application.amount).map_err(|error| error.to_string())?;
    }
    let unapplied = record.money("unapplied", amount.currency)?.unwrap_or(rest);
    let refunded = record.money("refundedAmountTotalBox", amount.currency)?;
    match refunded {
        Some(refunded) if unapplied == rest && !refunded.is_zero() => {
            let refunded = Money::new(refunded.minor.abs(), refunded.currency);
            rest.checked_sub(refunded).map_err(|error| error.to_string())
        }
        Some(_) | None => Ok(unapplied),
    }
}

/// Where the money stands (netsuite sheet section 8.6): A and R are not (yet) posted.
pub fn place(source: Record<'_>) -> Result<ReceiptPlace, String> {
    if is_voided(source) {
        return Ok(ReceiptPlace::NotPosted);
    }
    match status_letter(source) {
        Some('B') => Ok(ReceiptPlace::Undeposited),
        Some('C') => Ok(ReceiptPlace::Deposited),
        Some('A' | 'R') => Ok(ReceiptPlace::NotPosted),
        Some(_) | None => {
            let name = source.text("status").unwrap_or_default();
            match name.to_lowercase().as_str() {
                "not deposited" => Ok(ReceiptPlace::Undeposited),
                "deposited" => Ok(ReceiptPlace::Deposited),
                _ => Err(format!("status \"{name}\" is not known")),
            }
        }
    }
}
