//! What the suites need of an implementation beside its port: a small world over there, people and
//! banks that act in it, and trouble on request. A fake implements this on its own state, a
//! connector on the control surface of its emulator.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use model::ids::{
    CollectionId, ErpCustomerId, InvoiceId, LedgerAccountId, MandateId, ProcessorCustomerId,
    ProcessorRefundId, ReceiptId,
};
use model::money::{Currency, Money};
use model::payment::CollectionStatus;

use crate::{Erp, Processor};

/// What a subject may be unable to do. A case that needs it is then left out, and the run says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Can bring this trouble about.
    Trouble(Trouble),
    /// The ERP has currencies beside its own.
    Currencies,
    /// The port tells what stands on an account.
    AccountBalances,
    /// The port lists the lines of an account.
    AccountLines,
    /// The port lists accounts to choose from.
    Choices,
    /// The port asks payers for mandates.
    MandateRequests,
    /// The port makes mandates from bank details.
    BankDetails,
    /// Deliveries are signed.
    Signatures,
    /// The ERP itself refuses a second document of a key.
    UniqueKeys,
    /// A payment that is applied to an invoice counts as a change of the invoice. Where it does not,
    /// the daily sweep and the direct reads before money moves find it.
    PaymentIsChange,
    /// A part of a receipt can be taken off its invoice.
    PartialUnapply,
    /// People can void a receipt and it stays to be seen.
    VoidedReceipts,
    /// The port shows the deposits that hold receipts, whoever made them.
    DepositsOfReceipts,
    /// Single permissions can be taken from the connection's role.
    Permissions,
}

/// What can be wrong between the connector and the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The next write happens, its answer is lost.
    AnswerLost,
    /// The next write is lost on its way.
    RequestLost,
    /// The next write is not answered, and happens within the server's cut-off after our deadline.
    EffectLate,
    /// The next change is refused, because somebody else saves the record.
    Conflict,
    /// Nothing is answered, until calm.
    Silence,
    /// Every request is answered as a failure of the server, until calm.
    Down,
    /// Every request is refused as too many, until calm.
    Throttled,
    /// The credentials are refused, until calm.
    Unauthorised,
    /// The access token has run out early; a new one is given.
    TokenExpired,
    /// Lists and queries show what was there when this began, within the stated staleness.
    Stale,
}

/// What the ERP's account is made of.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The currency that the accounts below are kept in.
    pub currency: Currency,
    /// Others that invoices can be in, of different exponents where the system has them.
    pub others: Vec<Currency>,
    pub bank: LedgerAccountId,
    pub undeposited: LedgerAccountId,
    /// Takes processor's fees.
    pub fees: LedgerAccountId,
    /// An account that the chart does not have, well-formed.
    pub unknown: LedgerAccountId,
    /// A day in an open period, not after today; documents of the suite are dated so.
    pub day: Date,
}

/// An invoice that a person makes.
#[derive(Debug, Clone)]
pub struct NewInvoice {
    pub customer: ErpCustomerId,
    pub number: String,
    pub total: Money,
    pub issued_on: Date,
    pub due_on: Date,
}

/// An ERP behind its port, with a world of its own per case. Methods that a stated lack makes
/// pointless may panic.
pub trait ErpSubject: Send + Sync {
    fn erp(&self) -> &dyn Erp;

    fn chart(&self) -> Chart;

    /// The business clock.
    fn now(&self) -> Timestamp;

    /// Time passes, and what was on its way arrives.
    fn pass(&self, by: Duration);

    /// Records on one page of a list.
    fn page_len(&self) -> usize;

    /// A well-formed id that names nothing, for any kind of record.
    fn unknown_id(&self) -> String;

    /// A new customer who is invoiced in the currency; the name is unique.
    fn add_customer(&self, name: &str, currency: Currency) -> ErpCustomerId;

    /// A new approved invoice, ticked for collection.
    fn add_invoice(&self, invoice: &NewInvoice) -> InvoiceId;

    /// A person saves the invoice again and changes nothing that matters.
    fn touch_invoice(&self, id: &InvoiceId);

    /// A person records a payment by bank transfer for the invoice.
    fn pay_by_hand(&self, id: &InvoiceId, amount: Money);

    /// A person voids the invoice, which nothing is applied to.
    fn void_invoice(&self, id: &InvoiceId);

    /// A person ticks the box that asks for a retry.
    fn tick_retry(&self, id: &InvoiceId);

    /// A person deposits the receipt at the bank, alone and gross.
    fn deposit_by_hand(&self, id: &ReceiptId);

    /// A person voids the receipt.
    fn void_receipt(&self, id: &ReceiptId);

    /// A person takes the receipt off all its invoices.
    fn unapply_by_hand(&self, id: &ReceiptId);

    /// Closes or opens the period that holds the day.
    fn set_period(&self, day: Date, open: bool);

    /// What stands on an account over there, in minor units of the chart's currency, where the port
    /// can not tell it ([`Need::AccountBalances`]); `None`: the port is asked.
    fn stands(&self, _account: &LedgerAccountId) -> Option<i64> {
        None
    }

    /// The role may not record receipts any more.
    fn forbid_receipts(&self);

    fn trouble(&self, trouble: Trouble);

    /// Ends every trouble.
    fn calm(&self);
}

/// One delivery as it arrives.
#[derive(Debug, Clone)]
pub struct Posted {
    /// By lower-case name.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A processor behind its port, with a world of its own per case. Methods that a stated lack makes
/// pointless may panic.
pub trait ProcessorSubject: Send + Sync {
    fn processor(&self) -> &dyn Processor;

    /// Currencies that can be collected; the first is used where it does not matter.
    fn currencies(&self) -> Vec<Currency>;

    /// The business clock.
    fn now(&self) -> Timestamp;

    /// Time passes, and what was on its way arrives.
    fn pass(&self, by: Duration);

    /// Records on one page of a list.
    fn page_len(&self) -> usize;

    /// A well-formed id that names nothing, for any kind of record.
    fn unknown_id(&self) -> String;

    fn add_customer(&self, name: &str, email: &str) -> ProcessorCustomerId;

    /// An active mandate of the customer.
    fn add_mandate(&self, customer: &ProcessorCustomerId, currency: Currency) -> MandateId;

    /// The payer's bank cancels the mandate.
    fn end_mandate(&self, id: &MandateId);

    /// Another mandate takes the place of this one; gives the new one.
    fn replace_mandate(&self, id: &MandateId) -> MandateId;

    /// Banks and time bring a payment that was just made to the status: submitted, confirmed, paid
    /// out (its payout paid), failed, cancelled by a person, or charged back.
    fn bring_to(&self, id: &CollectionId, status: CollectionStatus);

    /// A person refunds part of a payment that was paid out; gives the refund.
    fn refund(&self, id: &CollectionId, amount: Money) -> ProcessorRefundId;

    /// What the processor would deliver for all events so far.
    fn deliveries(&self) -> Vec<Posted>;

    /// The payer authorises the mandate request with this id.
    fn authorise(&self, request: &str);

    /// Fields of bank details in the first currency that the processor takes.
    fn bank_details(&self) -> Vec<(String, String)>;

    /// As well-formed, and refused by the processor.
    fn refused_bank_details(&self) -> Vec<(String, String)>;

    /// The credentials may only read from now on.
    fn forbid_writes(&self);

    fn trouble(&self, trouble: Trouble);

    /// Ends every trouble.
    fn calm(&self);
}
