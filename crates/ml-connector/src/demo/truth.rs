//! What really happened, as the emulators' own ledgers tell it (`/_sandbox/…/truth`). Nothing here
//! comes from our tables: the check must not believe its own books.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::erp::Stage;

/// A debit at the processor.
#[derive(Debug, Clone, Default)]
pub struct Payment {
    pub id: String,
    /// The invoice it names in its metadata; `None`: somebody else's.
    pub invoice: Option<String>,
    /// Minor units.
    pub amount: i64,
    pub status: String,
    pub charge_on: Option<Date>,
    /// Every status with the time it began.
    pub history: Vec<(Timestamp, String)>,
}

impl Payment {
    /// Whether a status may still bring, or has brought, the payer's money.
    #[must_use]
    pub fn is_live(status: &str) -> bool {
        !matches!(status, "failed" | "cancelled" | "customer_approval_denied" | "charged_back")
    }
}

/// One line of a payout.
#[derive(Debug, Clone, Default)]
pub struct Item {
    pub ordinal: u32,
    pub kind: String,
    /// Minor units with their fraction, signed.
    pub amount: Decimal,
    /// Tax inside by rate, in minor units with the sign of the item; payout currency only.
    pub taxes: Vec<(String, Decimal)>,
    pub payment: Option<String>,
}

impl Item {
    #[must_use]
    pub fn is_fee(&self) -> bool {
        matches!(self.kind.as_str(), "gocardless_fee" | "surcharge_fee")
    }

    /// Takes a settlement back, in full or in part.
    #[must_use]
    pub fn is_reversal(&self) -> bool {
        matches!(self.kind.as_str(), "payment_failed" | "payment_charged_back" | "payment_refunded")
    }
}

/// A transfer to the creditor's bank account.
#[derive(Debug, Clone, Default)]
pub struct Payout {
    pub id: String,
    /// Minor units.
    pub amount: i64,
    pub currency: String,
    pub status: String,
    pub arrival_on: Option<Date>,
    pub items: Vec<Item>,
}

/// What a posted document is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    #[default]
    Receipt,
    Refund,
    Deposit,
    Journal,
    /// Takes a receipt back, where an ERP has no other way to un-apply one.
    Void,
    /// What such an ERP enters anew of a receipt that was un-applied in part: together they are the
    /// whole of what was voided.
    Part,
}

impl Kind {
    pub const ALL: [Kind; 6] =
        [Kind::Receipt, Kind::Refund, Kind::Deposit, Kind::Journal, Kind::Void, Kind::Part];

    /// What one of them is called.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Receipt => "receipt",
            Kind::Refund => "refund",
            Kind::Deposit => "deposit",
            Kind::Journal => "journal",
            Kind::Void => "void",
            Kind::Part => "part",
        }
    }

    /// What so many are called on a day's line.
    #[must_use]
    pub fn words(self, count: usize) -> &'static str {
        let (one, several) = match self {
            Kind::Receipt => ("receipt", "receipts"),
            Kind::Refund => ("refund booked", "refunds booked"),
            Kind::Deposit => ("deposit", "deposits"),
            Kind::Journal => ("journal", "journals"),
            Kind::Void => ("receipt voided", "receipts voided"),
            Kind::Part => ("part entered anew", "parts entered anew"),
        };
        if count == 1 { one } else { several }
    }
}

/// A posted document of the ERP.
#[derive(Debug, Clone, Default)]
pub struct Document {
    pub id: String,
    pub kind: Kind,
    /// What stands on it of our key.
    pub stamp: Option<String>,
    pub currency: String,
    pub dated_on: Option<Date>,
    pub voided: bool,
    /// `(account, base, foreign)`, debit positive, major units.
    pub postings: Vec<(String, Decimal, Decimal)>,
    /// The processor's payment and payout that it names.
    pub payment: Option<String>,
    pub payout: Option<String>,
    /// Amount of a receipt, and what of it is not applied; minor units.
    pub amount: i64,
    pub unapplied: i64,
}

/// An invoice as the ERP shows it.
#[derive(Debug, Clone, Default)]
pub struct Invoice {
    pub id: String,
    pub number: String,
    /// Minor units.
    pub total: i64,
    pub remaining: i64,
    pub collect: bool,
    pub error: String,
}

/// Both sides at one moment.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    pub payments: BTreeMap<String, Payment>,
    pub payouts: Vec<Payout>,
    /// `(id, status, ERP customer)` of requests for a mandate.
    pub mandate_requests: Vec<(String, String, String)>,
    /// Refund id and status.
    pub refunds: Vec<(String, String)>,
    /// Payments and debits that wait for a payout: `(currency, payments, items)`.
    pub waiting: Vec<(String, usize, usize)>,
    /// Events by "resource.action".
    pub events: BTreeMap<String, usize>,
    pub documents: Vec<Document>,
    pub invoices: BTreeMap<String, Invoice>,
    /// Text of the ledger's own trial balance.
    pub trial_balance: String,
    /// Calls answered by the processor and by the ERP.
    pub calls: (u64, u64),
}

impl Truth {
    /// Reads both answers; the error names what could not be read.
    pub fn read(processor: &Value, erp: &Value, stage: &dyn Stage) -> Result<Truth, String> {
        let mut truth = Truth::default();
        truth.read_processor(processor)?;
        stage.read(erp, &mut truth)?;
        truth.calls.1 = sum_of_counts(&erp["requests"]);
        Ok(truth)
    }

    /// Payments that name an invoice, oldest first.
    pub fn payments_of<'a>(&'a self, invoice: &'a str) -> Vec<&'a Payment> {
        let mut found: Vec<&Payment> = self
            .payments
            .values()
            .filter(|payment| payment.invoice.as_deref() == Some(invoice))
            .collect();
        found.sort_by_key(|payment| payment.history.first().map(|(at, _)| *at));
        found
    }

    /// Items with their payouts.
    pub fn items(&self) -> impl Iterator<Item = (&Payout, &Item)> {
        self.payouts.iter().flat_map(|payout| payout.items.iter().map(move |item| (payout, item)))
    }

    /// Receipts that are not void.
    pub fn receipts(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(|one| one.kind == Kind::Receipt && !one.voided)
    }

    fn read_processor(&mut self, body: &Value) -> Result<(), String> {
        for row in list(&body["payments"]) {
            let payment = payment(row)?;
            self.payments.insert(payment.id.clone(), payment);
        }
        self.payouts = list(&body["payouts"]).iter().map(payout).collect::<Result<_, _>>()?;
        for row in list(&body["billing_requests"]) {
            let customer = text(&row["metadata"]["mlc_customer"]);
            self.mandate_requests.push((text(&row["id"]), text(&row["status"]), customer));
        }
        for row in list(&body["refunds"]) {
            self.refunds.push((text(&row["id"]), text(&row["status"])));
        }
        for row in list(&body["waiting"]) {
            let count = |name: &str| list(&row[name]).len();
            self.waiting.push((text(&row["currency"]), count("payments"), count("items")));
        }
        for row in list(&body["events"]) {
            let name = format!("{}.{}", text(&row["resource_type"]), text(&row["action"]));
            *self.events.entry(name).or_default() += 1;
        }
        self.calls.0 = sum_of_counts(&body["requests"]);
        Ok(())
    }
}

fn payment(row: &Value) -> Result<Payment, String> {
    let id = text(&row["id"]);
    let history = list(&row["history"])
        .iter()
        .map(|step| Ok((time(&step["at"])?, text(&step["status"]))))
        .collect::<Result<_, String>>()?;
    Ok(Payment {
        invoice: filled(&row["metadata"]["invoiceId"]),
        amount: whole(&row["amount"])?,
        status: text(&row["status"]),
        charge_on: text(&row["charge_date"]).parse().ok(),
        history,
        id,
    })
}

fn payout(row: &Value) -> Result<Payout, String> {
    let currency = text(&row["currency"]);
    let mut items = Vec::new();
    for (ordinal, row) in list(&row["items"]).iter().enumerate() {
        let amount = decimal(&row["amount"])?;
        let mut taxes = Vec::new();
        for tax in list(&row["taxes"]) {
            let exact = decimal(&tax["amount"])?.abs();
            let signed = if amount.is_sign_negative() { -exact } else { exact };
            if text(&tax["currency"]) == currency {
                taxes.push((text(&tax["tax_rate_id"]), signed));
            }
        }
        items.push(Item {
            ordinal: u32::try_from(ordinal).map_err(|error| error.to_string())?,
            kind: text(&row["type"]),
            amount,
            taxes,
            payment: filled(&row["links"]["payment"]),
        });
    }
    Ok(Payout {
        id: text(&row["id"]),
        amount: whole(&row["amount"])?,
        currency,
        status: text(&row["status"]),
        arrival_on: text(&row["arrival_date"]).parse().ok(),
        items,
    })
}

/// The text of a JSON text or number; empty for anything else.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// A text that is not empty.
pub fn filled(value: &Value) -> Option<String> {
    Some(text(value)).filter(|text| !text.is_empty())
}

/// The rows of a JSON list; none when there is no list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// An exact amount.
pub fn decimal(value: &Value) -> Result<Decimal, String> {
    let text = text(value);
    text.parse().map_err(|_| format!("\"{text}\" is no amount"))
}

/// Minor units of an amount in major units; all currencies of the story have two decimals.
pub fn minor(value: &Value) -> Result<i64, String> {
    to_minor(decimal(value)?)
}

/// Minor units of an amount in major units, exact or refused.
pub fn to_minor(major: Decimal) -> Result<i64, String> {
    let minor = major * Decimal::ONE_HUNDRED;
    if minor.fract().is_zero() {
        i64::try_from(minor).map_err(|_| format!("{major} is out of range"))
    } else {
        Err(format!("{major} has more than two decimals"))
    }
}

fn whole(value: &Value) -> Result<i64, String> {
    let text = text(value);
    text.parse().map_err(|_| format!("\"{text}\" is no whole number"))
}

fn time(value: &Value) -> Result<Timestamp, String> {
    let text = text(value);
    text.parse().map_err(|_| format!("\"{text}\" is no time"))
}

fn sum_of_counts(value: &Value) -> u64 {
    let counts = value.as_object().into_iter().flat_map(|counts| counts.values());
    counts.filter_map(Value::as_u64).sum()
}
