//! AR payments as receipts, and AR refunds (acumatica sheet section 9.5). A payment that we voided
//! reads as a receipt with nothing applied, until its refund is booked: a void is how this system
//! un-applies (acumatica sheet section 11.2).

use std::collections::BTreeMap;

use jiff::civil::Date;

use model::ids::{ErpCustomerId, ErpRefundId, InvoiceId, LedgerAccountId, ReceiptId, SubsidiaryId};
use model::money::{Currency, Money};
use model::receipt::{Application, ErpRefund, Receipt, ReceiptPlace};

use super::super::fields::{self, VIEW};
use super::super::wire::Entity;

pub const PAYMENT: &str = "Payment";
pub const REFUND: &str = "Refund";
/// The older label of a refund.
const REFUND_BEFORE: &str = "Customer Refund";
pub const VOIDED_PAYMENT: &str = "Voided Payment";

/// Where a document stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// On hold or balanced: we release it.
    Unreleased,
    /// Waits for a person's approval, or was refused it.
    Held,
    Released,
    Voided,
}

/// The phase of an AR document (acumatica sheet section 9.5, payment status).
pub fn phase(entity: Entity<'_>) -> Result<Phase, String> {
    match entity.required("Status")?.as_str() {
        "On Hold" | "Balanced" => Ok(Phase::Unreleased),
        "Pending Processing" | "Pending Approval" | "Rejected" => Ok(Phase::Held),
        "Open" | "Reserved" | "Closed" => Ok(Phase::Released),
        "Voided" => Ok(Phase::Voided),
        other => Err(format!("status \"{other}\" is not known")),
    }
}

/// What other documents say of a payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// It stands in a released deposit of ours, or waits for none: it was received on a cash account
    /// that is no clearing account.
    pub deposited: bool,
    /// Its voiding document carries our mark.
    pub voided_by_us: bool,
    /// Minor units that refund batches of ours took out after the void.
    pub refunded: i64,
    /// The payments that were entered anew after a void that took off a part.
    pub parts: Vec<Part>,
}

/// A released payment that stands for a part of a receipt whose own payment we voided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub number: String,
    pub amount: Money,
    pub applications: Vec<Application>,
    /// Applied to nothing and refunded by nothing.
    pub unapplied: Money,
    pub dated_on: Date,
}

impl Part {
    /// What stands applied to an invoice.
    #[must_use]
    pub fn applied_to(&self, invoice: &InvoiceId) -> Money {
        let lines = self.applications.iter().filter(|line| line.invoice == *invoice);
        let minor = lines.map(|line| line.amount.minor).fold(0, i64::saturating_add);
        Money::new(minor, self.amount.currency)
    }
}

/// A part from its payment, which must be released.
pub fn part_from_entity(entity: Entity<'_>) -> Result<Part, String> {
    let amount = entity.required_money("PaymentAmount", currency(entity)?)?;
    let (applications, unapplied) = released_rest(entity, amount)?;
    Ok(Part {
        number: entity.required("ReferenceNbr")?,
        amount,
        applications,
        unapplied,
        dated_on: dated_on(entity)?,
    })
}

/// How a voiding document of ours is marked: by the stamp of the un-application that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidMark {
    pub stamp: String,
    /// The rest was, or is to be, entered anew.
    pub in_part: bool,
}

const IN_PART: &str = "part ";

impl VoidMark {
    #[must_use]
    pub fn text(&self) -> String {
        let before = if self.in_part { IN_PART } else { "" };
        format!("{before}{}", self.stamp)
    }

    fn read(text: &str) -> VoidMark {
        match text.strip_prefix(IN_PART) {
            Some(stamp) => VoidMark { stamp: stamp.to_owned(), in_part: true },
            None => VoidMark { stamp: text.to_owned(), in_part: false },
        }
    }
}

/// The document's own date. An open payment may show today's as the date of its next application
/// (acumatica sheet section 21, "still uncertain").
const DATE: &str = "DocDate";

fn dated_on(entity: Entity<'_>) -> Result<Date, String> {
    let shown = entity.required_date("ApplicationDate")?;
    let Some(own) = entity.custom_text(VIEW, DATE) else { return Ok(shown) };
    let own = own.get(..10).unwrap_or(&own);
    own.parse().map_err(|_| format!("{DATE} \"{own}\" is not a date"))
}

/// `$custom` of a payment.
#[must_use]
pub fn custom() -> String {
    let ours = fields::custom_query(&fields::ON_PAYMENT);
    format!("{ours},{VIEW}.{DATE},CurrentDocument.Deposited")
}

/// The currency of a payment.
pub fn currency(entity: Entity<'_>) -> Result<Currency, String> {
    entity.required("CurrencyID")?.parse().map_err(|error| format!("{error}"))
}

/// The payout that a payment carries: in our field, else in its description.
#[must_use]
pub fn payout_of(entity: Entity<'_>) -> Option<String> {
    entity
        .custom_text(VIEW, fields::PAYOUT.custom)
        .or_else(|| named_payout(&entity.text("Description")?))
}

/// Whether a bank deposit of a person holds it.
#[must_use]
pub fn is_deposited(entity: Entity<'_>) -> bool {
    entity.custom_flag("CurrentDocument", "Deposited")
}

/// The un-application that a voiding document stands for; `None`: a person voided.
#[must_use]
pub fn void_mark(voiding: Entity<'_>) -> Option<VoidMark> {
    voiding.custom_text(VIEW, fields::VOID_KEY.custom).map(|text| VoidMark::read(&text))
}

/// The payout that a memo of ours names ("payment PM1, payout PO1").
#[must_use]
pub fn named_payout(memo: &str) -> Option<String> {
    let (_, rest) = memo.split_once("payout ")?;
    let id: String =
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').collect();
    if id.is_empty() { None } else { Some(id) }
}

/// A receipt from a payment that was read by its key.
///
/// # Errors
/// A sentence that names what can not be understood.
pub fn from_entity(entity: Entity<'_>, around: &Surroundings) -> Result<Receipt, String> {
    let currency = currency(entity)?;
    let amount = entity.required_money("PaymentAmount", currency)?;
    let phase = phase(entity)?;
    let person_voided = phase == Phase::Voided && !around.voided_by_us;
    let (applications, unapplied) = match phase {
        Phase::Voided => voided_rest(amount, around),
        Phase::Released => released_rest(entity, amount)?,
        // Applications of an unreleased document pay nothing yet.
        Phase::Unreleased | Phase::Held => (Vec::new(), amount),
    };
    let on_clearing_books = around.deposited || is_deposited(entity);
    let place = match phase {
        Phase::Unreleased | Phase::Held => ReceiptPlace::NotPosted,
        Phase::Voided if person_voided => ReceiptPlace::NotPosted,
        Phase::Released | Phase::Voided if on_clearing_books => ReceiptPlace::Deposited,
        Phase::Released | Phase::Voided => ReceiptPlace::Undeposited,
    };
    Ok(Receipt {
        id: ReceiptId::new(entity.required("ReferenceNbr")?),
        stamp: entity.text("ExternalRef"),
        customer: ErpCustomerId::new(entity.required("CustomerID")?),
        amount,
        unapplied,
        applications,
        place,
        voided: person_voided,
        dated_on: dated_on(entity)?,
        account: entity.text("CashAccount").map(LedgerAccountId::new),
        receivable_account: None,
        subsidiary: entity.text("BranchID").or(entity.text("Branch")).map(SubsidiaryId::new),
        exchange_rate: None,
        memo: memo(entity),
        version: super::version(entity),
    })
}

/// The memo that was noted after the release, which freezes the description (acumatica sheet section
/// 21, row 4); else the description, with the payout if it does not name it.
fn memo(entity: Entity<'_>) -> Option<String> {
    if let Some(noted) = entity.custom_text(VIEW, fields::MEMO.custom) {
        return Some(noted);
    }
    let text = entity.text("Description");
    let payout = entity.custom_text(VIEW, fields::PAYOUT.custom);
    match (text, payout) {
        (Some(text), Some(payout)) if !text.contains(&payout) => {
            Some(format!("{text}, payout {payout}"))
        }
        (None, Some(payout)) => Some(format!("payout {payout}")),
        (text, _) => text,
    }
}

/// What stands of a payment that we voided: its parts, and what nobody refunded yet of the rest.
fn voided_rest(amount: Money, around: &Surroundings) -> (Vec<Application>, Money) {
    let mut by_invoice: BTreeMap<InvoiceId, i64> = BTreeMap::new();
    let mut left = amount.minor.saturating_sub(around.refunded);
    for part in &around.parts {
        left = left.saturating_sub(part.amount.minor).saturating_add(part.unapplied.minor);
        for line in &part.applications {
            *by_invoice.entry(line.invoice.clone()).or_default() += line.amount.minor;
        }
    }
    let money = |minor| Money::new(minor, amount.currency);
    let lines = by_invoice.into_iter();
    let lines = lines.map(|(invoice, minor)| Application { invoice, amount: money(minor) });
    (lines.collect(), money(left.max(0)))
}

/// Released applications, and what is applied to nothing and refunded by nothing.
fn released_rest(entity: Entity<'_>, amount: Money) -> Result<(Vec<Application>, Money), String> {
    if !entity.is_expanded("ApplicationHistory") {
        return Err("ApplicationHistory did not come along".to_owned());
    }
    let currency = amount.currency;
    let own = entity.required("ReferenceNbr")?;
    let mut by_invoice: BTreeMap<String, i64> = BTreeMap::new();
    for row in entity.rows("ApplicationHistory") {
        let adjusted = row.text("AdjustedRefNbr").or_else(|| row.text("DisplayRefNbr"));
        let kind = row.text("AdjustedDocType").or_else(|| row.text("DisplayDocType"));
        let paid = row.money("AmountPaid", currency)?.map_or(0, |paid| paid.minor);
        // A refund that takes out of this payment stands here too: the payment is what it adjusts.
        let Some(number) =
            adjusted.filter(|number| *number != own || kind.as_deref().is_some_and(is_invoice))
        else {
            continue;
        };
        if kind.as_deref().is_none_or(is_invoice) {
            *by_invoice.entry(number).or_default() += paid;
        }
    }
    let applied: i64 = by_invoice.values().sum();
    let waiting: i64 = unreleased_rows(entity, currency)?.iter().map(|(_, minor)| minor).sum();
    let available = entity.money("AvailableBalance", currency)?;
    let unapplied = available.map_or(amount.minor - applied, |left| left.minor + waiting);
    if unapplied < 0 || unapplied + applied > amount.minor {
        return Err(format!(
            "applications of {applied} and a rest of {unapplied} minor units are not {amount}"
        ));
    }
    let applications = by_invoice
        .into_iter()
        .filter(|(_, minor)| *minor != 0)
        .map(|(invoice, minor)| Application {
            invoice: InvoiceId::new(invoice),
            amount: Money::new(minor, currency),
        })
        .collect();
    Ok((applications, Money::new(unapplied, currency)))
}

/// Labels and codes of documents that a payment pays (acumatica sheet section 9.5).
fn is_invoice(kind: &str) -> bool {
    ["Invoice", "INV", "Debit Memo", "DRM", "Overdue Charge", "FCH"].contains(&kind)
}

/// Applications that wait for a release: document and minor units.
pub fn unreleased_rows(
    entity: Entity<'_>,
    currency: Currency,
) -> Result<Vec<(String, i64)>, String> {
    let mut rows = Vec::new();
    for row in entity.rows("DocumentsToApply") {
        let number = row.required("ReferenceNbr")?;
        let paid = row.money("AmountPaid", currency)?.map_or(0, |paid| paid.minor);
        rows.push((number, paid));
    }
    Ok(rows)
}

/// How a refund is named to others: an AR refund, or a batch that follows a void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundName {
    Document(String),
    Batch(String),
}

const DOCUMENT_PREFIX: &str = "REF ";
const BATCH_PREFIX: &str = "GL ";

impl RefundName {
    #[must_use]
    pub fn id(&self) -> ErpRefundId {
        match self {
            RefundName::Document(number) => ErpRefundId::new(format!("{DOCUMENT_PREFIX}{number}")),
            RefundName::Batch(number) => ErpRefundId::new(format!("{BATCH_PREFIX}{number}")),
        }
    }

    pub fn read(id: &ErpRefundId) -> Result<RefundName, String> {
        let text = id.as_str();
        let document = text.strip_prefix(DOCUMENT_PREFIX).map(str::to_owned);
        let batch = text.strip_prefix(BATCH_PREFIX).map(str::to_owned);
        document
            .map(RefundName::Document)
            .or(batch.map(RefundName::Batch))
            .ok_or_else(|| format!("\"{text}\" is not a refund of ours"))
    }
}

/// A refund from an AR document of type Refund.
pub fn refund_from_entity(entity: Entity<'_>, waits: bool) -> Result<ErpRefund, String> {
    let currency = currency(entity)?;
    let phase = phase(entity)?;
    let place = match phase {
        Phase::Unreleased | Phase::Held => ReceiptPlace::NotPosted,
        Phase::Released | Phase::Voided if waits => ReceiptPlace::Undeposited,
        Phase::Released | Phase::Voided => ReceiptPlace::Deposited,
    };
    Ok(ErpRefund {
        id: RefundName::Document(entity.required("ReferenceNbr")?).id(),
        stamp: entity.text("ExternalRef"),
        amount: entity.required_money("PaymentAmount", currency)?,
        dated_on: dated_on(entity)?,
        account: entity.text("CashAccount").map(LedgerAccountId::new),
        place,
        voided: phase == Phase::Voided,
    })
}

/// Whether the type of an AR document is the one meant; labels changed over the years.
#[must_use]
pub fn is_type(entity: Entity<'_>, wanted: &str) -> bool {
    let label = entity.text("Type").unwrap_or_default();
    label == wanted || (wanted == REFUND && label == REFUND_BEFORE)
}
