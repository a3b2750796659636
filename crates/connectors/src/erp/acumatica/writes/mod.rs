//! Writes of the port. Nothing here enforces that a document is made once (acumatica sheet section
//! 11.10), so every write looks for its key first, makes its document in steps, and picks up at the
//! step where an earlier send ended.

pub mod annotate;
pub mod apply;
pub mod batch;
pub mod find;
pub mod parts;
pub mod payment;
pub mod placed;
pub mod receipt;
pub mod refund;
pub mod unapply;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use model::command::{ErpWrite, RejectionCause, WriteAnswer};
use model::ids::{ErpCustomerId, InvoiceId, ReceiptId};
use model::invoice::Invoice;
use model::key::Key;
use model::money::Money;
use model::receipt::Receipt;
use ports::{PortError, Read};

use super::Acumatica;
use super::fields::{DESCRIPTION_LENGTH_MAX, cut};
use super::journals::between_branches;
use super::reads::parts::Chain;
use super::refusal::Refusal;
use super::wire::{Body, wrapped, wrapped_day};

/// A write of several steps begins no further one after this: the rest of its time is for the step
/// under way (the description's deadline covers both).
const STEPS_MAX: SignedDuration = SignedDuration::from_secs(90);
/// A write waits this long for the one before it, where another caller than the engine, which sends one
/// by one, has the turn; else what it rests on is looked at again.
const TURN_MAX: SignedDuration = SignedDuration::from_secs(30);

impl Acumatica {
    /// Makes the write (acumatica sheet section 11).
    pub(super) async fn make(&self, key: &Key, write: &ErpWrite) -> Result<WriteAnswer, PortError> {
        moved(write).into_iter().try_for_each(positive)?;
        // A session refuses a second request for a form while an operation of its own works on it
        // (acumatica sheet section 8).
        let asked = self.clock.lease_now();
        let _turn = self.turn.lock().await;
        if self.clock.lease_now().duration_since(asked) > TURN_MAX {
            let why = "it waited too long for its turn: one write at a time at this connection";
            return Err(PortError::Stale(why.to_owned()));
        }
        let made = self.make_now(key, write).await;
        made.map_err(|error| between_branches(error, &self.settings))
    }

    async fn make_now(&self, key: &Key, write: &ErpWrite) -> Result<WriteAnswer, PortError> {
        match write {
            ErpWrite::SaveCustomerFields(w) => self.save_customer_fields(key, w).await,
            ErpWrite::AnnotateInvoice(w) => self.annotate_invoice(key, w).await,
            ErpWrite::AnnotateReceipt(w) => self.annotate_receipt(key, w).await,
            ErpWrite::RecordReceipt(w) => self.record_receipt(key, w).await,
            ErpWrite::ApplyReceipt(w) => self.apply_receipt(key, w).await,
            ErpWrite::UnapplyReceipt(w) => self.unapply_receipt(key, w).await,
            ErpWrite::RecordRefund(w) => self.record_refund(key, w).await,
            ErpWrite::RecordDeposit(w) => self.record_deposit(key, w).await,
            ErpWrite::RecordJournal(w) => self.record_journal(key, w).await,
        }
    }

    fn begun(&self) -> Steps {
        Steps {
            until: self
                .clock
                .lease_now()
                .saturating_add(STEPS_MAX)
                .unwrap_or(self.clock.lease_now()),
        }
    }

    /// Time for another step; else the write goes on at its next send.
    fn time_left(&self, steps: &Steps) -> Result<(), PortError> {
        if self.clock.lease_now() < steps.until {
            return Ok(());
        }
        Err(PortError::OutcomeUnknown("begun; its further steps had no time left".to_owned()))
    }

    /// The receipt right now, with what became of its payment.
    async fn receipt_now(
        &self,
        id: &ReceiptId,
        customer: &ErpCustomerId,
    ) -> Result<(Receipt, Body, Chain), PortError> {
        let Some((body, chain)) = self.chain(id).await? else {
            return Err(PortError::Stale(format!("receipt {id} does not exist")));
        };
        match self.receipt_of_chain(&body, &chain).await? {
            Read::Found(receipt) if receipt.voided => {
                Err(PortError::Stale(format!("receipt {id} was voided")))
            }
            Read::Found(receipt) if receipt.customer != *customer => Err(PortError::Stale(
                format!("receipt {id} belongs to customer {}, not {customer}", receipt.customer),
            )),
            Read::Found(receipt) => Ok((receipt, body, chain)),
            Read::Missing => Err(PortError::Stale(format!("receipt {id} does not exist"))),
            Read::Odd(why) => Err(invalid(format!("receipt {id} can not be read: {why}"))),
        }
    }

    async fn invoice_now(&self, id: &InvoiceId) -> Result<Invoice, PortError> {
        match self.read_invoice(id).await? {
            Read::Found(invoice) => Ok(invoice),
            Read::Missing => Err(PortError::Stale(format!("invoice {id} does not exist"))),
            Read::Odd(why) => Err(invalid(format!("invoice {id} can not be read: {why}"))),
        }
    }
}

/// How long a write may begin further steps.
struct Steps {
    until: Timestamp,
}

fn made(id: impl Into<String>) -> WriteAnswer {
    WriteAnswer { id: id.into(), adopted: false, url: None }
}

fn adopted(id: impl Into<String>) -> WriteAnswer {
    WriteAnswer { id: id.into(), adopted: true, url: None }
}

/// What Acumatica would refuse, or worse take in another sense: refused before it is sent.
fn invalid(words: impl Into<String>) -> PortError {
    PortError::rejected(RejectionCause::Validation, words)
}

/// The amounts that a receipt, an application or a refund moves.
fn moved(write: &ErpWrite) -> Vec<Money> {
    match write {
        ErpWrite::RecordReceipt(w) => {
            w.apply.iter().map(|(_, amount)| *amount).chain([w.amount]).collect()
        }
        ErpWrite::ApplyReceipt(w) => vec![w.amount],
        ErpWrite::UnapplyReceipt(w) => vec![w.amount],
        ErpWrite::RecordRefund(w) => vec![w.amount],
        ErpWrite::SaveCustomerFields(_)
        | ErpWrite::AnnotateInvoice(_)
        | ErpWrite::AnnotateReceipt(_)
        | ErpWrite::RecordDeposit(_)
        | ErpWrite::RecordJournal(_) => Vec::new(),
    }
}

/// An amount that moves: zero or less means something else, or nothing.
fn positive(amount: Money) -> Result<(), PortError> {
    if amount.is_positive() {
        return Ok(());
    }
    Err(invalid(format!("{amount} is no amount to book")))
}

/// After a first step any failure leaves something behind: the write is not over.
fn begun_already(error: PortError) -> PortError {
    match error {
        PortError::Throttled { .. } => {
            PortError::OutcomeUnknown("begun; asked to slow down before it was finished".to_owned())
        }
        PortError::Unavailable(why) | PortError::Unauthorised(why) => {
            PortError::OutcomeUnknown(format!("begun, not finished: {why}"))
        }
        other => other,
    }
}

/// What every AR document of ours has.
fn document_body(
    kind: &str,
    dated_on: Date,
    true_date: Option<Date>,
    memo: &str,
) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("Type".to_owned(), wrapped(kind));
    body.insert("ApplicationDate".to_owned(), wrapped_day(dated_on));
    body.insert("Description".to_owned(), wrapped(memo_text(memo, dated_on, true_date)));
    // Preferences may put new documents on hold (acumatica sheet section 10, row 1).
    body.insert("Hold".to_owned(), wrapped(false));
    body
}

/// The memo, with the true date when the period forced another one.
fn memo_text(memo: &str, dated_on: Date, true_date: Option<Date>) -> String {
    let text = match true_date {
        Some(day) if day != dated_on && !memo.contains(&day.to_string()) => {
            let note = format!(" (of {day})");
            format!("{}{note}", cut(memo, DESCRIPTION_LENGTH_MAX - note.len()))
        }
        Some(_) | None => memo.to_owned(),
    };
    cut(&text, DESCRIPTION_LENGTH_MAX)
}

/// The ERP's own rate alone: no field of the endpoint sets another (acumatica sheet section 9.5).
fn no_rate(rate: Option<rust_decimal::Decimal>) -> Result<(), PortError> {
    if rate.is_none() {
        return Ok(());
    }
    Err(PortError::rejected(
        RejectionCause::Unsupported,
        "this endpoint takes no exchange rate on a document, and the link sets fixed ones: nothing is to \
         be booked by hand. Leave the rates to the ERP (ml-connector links set LINK exchange.fixed=), \
         then ml-connector attention retry ALL",
    ))
}

/// Answered as done, and nothing was saved: the user may only look at the form (acumatica sheet
/// section 16, row 1).
fn dropped(form: &str) -> PortError {
    let words =
        format!("nothing was saved: give the connector's user the right to edit {form} and insert");
    PortError::rejected(RejectionCause::Permission, words)
}

/// A refusal that somebody saved the document meanwhile, after a step of ours: it is looked at again.
fn settle_refusal(refusal: Refusal) -> PortError {
    match refusal.into_error() {
        PortError::Stale(why) => PortError::OutcomeUnknown(format!("begun, then {why}")),
        other => other,
    }
}
