//! Commands: writes to the outside that were decided and committed before they are sent. Their JSON
//! is stored, so its shape is versioned by golden files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::customer::CustomerFields;
use crate::direct::{CreateBankAccount, CreateCustomer, CreateMandate};
use crate::ids::{
    CollectionId, ErpCustomerId, ErpRefundId, InvoiceId, LedgerAccountId, MandateId,
    MandateRequestId, PayoutId, ProcessorCustomerId, ReceiptId, SubsidiaryId,
};
use crate::invoice::Annotation;
use crate::key::Key;
use crate::money::{Currency, Money};

/// A decided write with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub key: Key,
    pub write: Write,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "side", content = "write")]
pub enum Write {
    Erp(ErpWrite),
    Processor(ProcessorWrite),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ErpWrite {
    SaveCustomerFields(SaveCustomerFields),
    AnnotateInvoice(AnnotateInvoice),
    RecordReceipt(RecordReceipt),
    ApplyReceipt(ApplyReceipt),
    UnapplyReceipt(UnapplyReceipt),
    RecordRefund(RecordRefund),
    RecordDeposit(RecordDeposit),
    RecordJournal(RecordJournal),
    AnnotateReceipt(AnnotateReceipt),
}

/// Writes the given fields of ours on the ERP's customer; `None` leaves a field alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveCustomerFields {
    pub customer: ErpCustomerId,
    pub fields: CustomerFields,
}

/// Sets all of our fields on the invoice to `annotation` and, when asked, unticks the retry box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnotateInvoice {
    pub invoice: InvoiceId,
    pub annotation: Annotation,
    pub clear_retry: bool,
}

/// A customer payment, applied to at most one invoice, the rest visibly unapplied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordReceipt {
    pub customer: ErpCustomerId,
    pub amount: Money,
    pub apply: Option<(InvoiceId, Money)>,
    pub dated_on: Date,
    /// The true date, when the period forced another one.
    pub true_date: Option<Date>,
    pub subsidiary: Option<SubsidiaryId>,
    pub receivable_account: Option<LedgerAccountId>,
    pub exchange_rate: Option<Decimal>,
    /// The account that holds money not yet deposited; `None`: the ERP's undeposited funds.
    pub account: Option<LedgerAccountId>,
    pub collection: CollectionId,
    pub payout: Option<PayoutId>,
    pub memo: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyReceipt {
    pub receipt: ReceiptId,
    pub customer: ErpCustomerId,
    pub invoice: InvoiceId,
    pub amount: Money,
    /// What was unapplied on the receipt and due on the invoice when this was decided: read again
    /// immediately before writing; different means stale, nothing is written.
    pub decided_unapplied: Money,
    pub decided_due: Money,
}

/// Takes `amount` of the receipt off the invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnapplyReceipt {
    pub receipt: ReceiptId,
    pub customer: ErpCustomerId,
    pub invoice: InvoiceId,
    pub amount: Money,
    /// What stood applied to that invoice when this was decided; read again before writing.
    pub decided_applied: Money,
    /// The date of the document that this makes, where the ERP un-applies by a document (a void);
    /// `None`: the ERP's own.
    #[serde(default)]
    pub dated_on: Option<Date>,
}

/// A refund document that takes `amount` of the unapplied rest of a receipt out of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRefund {
    pub receipt: ReceiptId,
    pub customer: ErpCustomerId,
    pub amount: Money,
    /// `None`: the ERP's undeposited funds.
    pub from: Option<LedgerAccountId>,
    pub dated_on: Date,
    pub true_date: Option<Date>,
    pub receivable_account: Option<LedgerAccountId>,
    pub subsidiary: Option<SubsidiaryId>,
    pub exchange_rate: Option<Decimal>,
    pub memo: String,
}

/// A bank deposit of receipts (and refunds of undeposited receipts) with further lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordDeposit {
    pub bank: LedgerAccountId,
    pub currency: Currency,
    pub dated_on: Date,
    pub true_date: Option<Date>,
    pub receipts: Vec<ReceiptId>,
    pub refunds: Vec<ErpRefundId>,
    pub lines: Vec<DepositLine>,
    /// Base units per one unit of `currency`; `None`: the ERP's own.
    #[serde(default)]
    pub exchange_rate: Option<Decimal>,
    /// What must reach the bank account; the document is refused when it would differ.
    pub total: Money,
    pub payout: Option<PayoutId>,
    pub memo: String,
}

/// A further line of a deposit: positive adds to the bank's side, negative takes from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositLine {
    pub account: LedgerAccountId,
    pub amount: Money,
    pub memo: String,
}

/// A journal entry: debits positive, sum zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordJournal {
    pub subsidiary: Option<SubsidiaryId>,
    pub currency: Currency,
    pub dated_on: Date,
    pub true_date: Option<Date>,
    pub lines: Vec<JournalLine>,
    pub payout: Option<PayoutId>,
    pub memo: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine {
    pub account: LedgerAccountId,
    /// Debit positive, credit negative.
    pub amount: Money,
    pub memo: String,
    pub customer: Option<ErpCustomerId>,
}

/// Writes the payout's id on a receipt that was posted before its payout was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnotateReceipt {
    pub receipt: ReceiptId,
    pub payout: PayoutId,
    pub memo: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ProcessorWrite {
    Collect(Collect),
    CancelCollection(CollectionOnly),
    RetryCollection(RetryCollection),
    StopAutomaticRetries(CollectionOnly),
    RequestMandate(RequestMandate),
    InviteMandate(InviteMandate),
    LinkCustomer(LinkCustomer),
    CreateCustomer(CreateCustomer),
    CreateBankAccount(CreateBankAccount),
    CreateMandate(CreateMandate),
}

/// A payment for an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collect {
    pub invoice: InvoiceId,
    pub mandate: MandateId,
    pub amount: Money,
    /// `None`: the earliest possible date.
    pub charge_on: Option<Date>,
    pub description: String,
    pub reference: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Let the processor retry failures by itself.
    pub automatic_retry: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionOnly {
    pub invoice: InvoiceId,
    pub collection: CollectionId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryCollection {
    pub invoice: InvoiceId,
    pub collection: CollectionId,
    /// How often anyone had retried it when this was decided: one more means this one happened.
    pub retries_before: u32,
    pub amount: Money,
}

/// Asks the processor for a mandate that the payer still has to authorise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMandate {
    pub erp_customer: ErpCustomerId,
    pub customer: Option<ProcessorCustomerId>,
    pub currency: Currency,
    pub description: String,
    pub metadata: BTreeMap<String, String>,
}

/// Makes a (new) link under which the payer authorises the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteMandate {
    pub erp_customer: ErpCustomerId,
    pub request: MandateRequestId,
    pub company_name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub email: Option<String>,
    pub country: Option<String>,
}

/// Writes the ERP customer's id into the processor customer's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCustomer {
    pub erp_customer: ErpCustomerId,
    pub customer: ProcessorCustomerId,
}

/// A document that a command changes or relies on exclusively. Commands whose sets intersect are
/// never in flight together (DESIGN.md section 2, "One owner per outside document").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "document", content = "id")]
pub enum DocumentRef {
    Invoice(InvoiceId),
    Receipt(ReceiptId),
    ErpRefund(ErpRefundId),
    Collection(CollectionId),
    Payout(PayoutId),
}

impl Write {
    /// The documents to lock. Annotations, customers, mandates and accounts lock nothing.
    #[must_use]
    pub fn documents(&self) -> BTreeSet<DocumentRef> {
        use DocumentRef as Doc;
        let list = match self {
            Write::Erp(ErpWrite::SaveCustomerFields(_) | ErpWrite::AnnotateInvoice(_))
            | Write::Erp(ErpWrite::AnnotateReceipt(_))
            | Write::Processor(
                ProcessorWrite::RequestMandate(_)
                | ProcessorWrite::InviteMandate(_)
                | ProcessorWrite::LinkCustomer(_)
                | ProcessorWrite::CreateCustomer(_)
                | ProcessorWrite::CreateBankAccount(_)
                | ProcessorWrite::CreateMandate(_),
            ) => Vec::new(),
            Write::Erp(ErpWrite::RecordReceipt(w)) => {
                let mut docs = vec![Doc::Collection(w.collection.clone())];
                docs.extend(w.apply.iter().map(|(invoice, _)| Doc::Invoice(invoice.clone())));
                docs
            }
            Write::Erp(ErpWrite::ApplyReceipt(w)) => {
                vec![Doc::Receipt(w.receipt.clone()), Doc::Invoice(w.invoice.clone())]
            }
            Write::Erp(ErpWrite::UnapplyReceipt(w)) => {
                vec![Doc::Receipt(w.receipt.clone()), Doc::Invoice(w.invoice.clone())]
            }
            Write::Erp(ErpWrite::RecordRefund(w)) => vec![Doc::Receipt(w.receipt.clone())],
            Write::Erp(ErpWrite::RecordDeposit(w)) => w
                .receipts
                .iter()
                .cloned()
                .map(Doc::Receipt)
                .chain(w.refunds.iter().cloned().map(Doc::ErpRefund))
                .chain(w.payout.iter().cloned().map(Doc::Payout))
                .collect(),
            Write::Erp(ErpWrite::RecordJournal(w)) => {
                w.payout.iter().cloned().map(Doc::Payout).collect()
            }
            Write::Processor(ProcessorWrite::Collect(w)) => vec![Doc::Invoice(w.invoice.clone())],
            Write::Processor(ProcessorWrite::RetryCollection(w)) => {
                vec![Doc::Invoice(w.invoice.clone()), Doc::Collection(w.collection.clone())]
            }
            Write::Processor(
                ProcessorWrite::CancelCollection(w) | ProcessorWrite::StopAutomaticRetries(w),
            ) => vec![Doc::Invoice(w.invoice.clone()), Doc::Collection(w.collection.clone())],
        };
        list.into_iter().collect()
    }

    /// Makes or changes something that money depends on: such a write rests on direct reads made in
    /// the same look.
    #[must_use]
    pub fn moves_money(&self) -> bool {
        !self.documents().is_empty()
    }

    /// Takes money back from being collected; it may pass the locks of its own case.
    #[must_use]
    pub fn is_cancel(&self) -> bool {
        matches!(
            self,
            Write::Processor(
                ProcessorWrite::CancelCollection(_) | ProcessorWrite::StopAutomaticRetries(_)
            )
        )
    }

    /// Takes or retakes money from a payer: held by the global stop, "post only" and the limits.
    #[must_use]
    pub fn collects(&self) -> bool {
        matches!(
            self,
            Write::Processor(ProcessorWrite::Collect(_) | ProcessorWrite::RetryCollection(_))
        )
    }

    /// A short name for timelines and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Write::Erp(write) => match write {
                ErpWrite::SaveCustomerFields(_) => "save customer fields",
                ErpWrite::AnnotateInvoice(_) => "annotate invoice",
                ErpWrite::RecordReceipt(_) => "record receipt",
                ErpWrite::ApplyReceipt(_) => "apply receipt",
                ErpWrite::UnapplyReceipt(_) => "un-apply receipt",
                ErpWrite::RecordRefund(_) => "record refund",
                ErpWrite::RecordDeposit(_) => "record deposit",
                ErpWrite::RecordJournal(_) => "record journal",
                ErpWrite::AnnotateReceipt(_) => "annotate receipt",
            },
            Write::Processor(write) => match write {
                ProcessorWrite::Collect(_) => "collect",
                ProcessorWrite::CancelCollection(_) => "cancel collection",
                ProcessorWrite::RetryCollection(_) => "retry collection",
                ProcessorWrite::StopAutomaticRetries(_) => "stop automatic retries",
                ProcessorWrite::RequestMandate(_) => "request mandate",
                ProcessorWrite::InviteMandate(_) => "invite payer",
                ProcessorWrite::LinkCustomer(_) => "link customer",
                ProcessorWrite::CreateCustomer(_) => "create customer",
                ProcessorWrite::CreateBankAccount(_) => "create bank account",
                ProcessorWrite::CreateMandate(_) => "create mandate",
            },
        }
    }
}

/// What a write gave, as far as later looks need it. Stored with the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteAnswer {
    /// The id of the document made or changed.
    pub id: String,
    /// Found to exist already and taken over, instead of made by this send.
    pub adopted: bool,
    /// A link to hand out, when the write made one.
    pub url: Option<String>,
}

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandState {
    /// Committed, not yet sent, or certainly not executed (throttled, refused connection).
    Intended,
    /// Being sent, or its outcome is unknown: it may have happened.
    InFlight,
    Done,
    /// The other side refused it; not sent again until cleared.
    Rejected,
    /// Not wanted any more while its outcome was unknown: watched for an orphan until its watch
    /// ends.
    Watched,
    /// Not wanted any more, and certainly or (its watch over) finally without effect.
    Ended,
}

/// What a flow sees of a stored command of its case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandView {
    pub key: Key,
    pub write: Write,
    pub state: CommandState,
    pub answer: Option<WriteAnswer>,
    /// The refusal, when rejected.
    pub rejection: Option<Rejection>,
    /// Times it was sent; to a look none when all of them were certainly refused.
    pub sends: u32,
}

/// A refusal by the other side: a fact of the case (DESIGN.md section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub cause: RejectionCause,
    /// The other side's own words.
    pub words: String,
    /// The field it names, if any.
    pub field: Option<String>,
}

/// What kind of refusal it was, as far as the rules branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionCause {
    /// The accounting period is closed or locked.
    PeriodClosed,
    /// The invoice to apply to is not open (paid, other customer, currency or account).
    ApplicationImpossible,
    /// The state of the resource forbids it (not cancellable, not retryable).
    State,
    /// A field is wrong or missing, or the customer's own validation refused.
    Validation,
    /// The role or account may not do this.
    Permission,
    /// This system or account has no such feature.
    Unsupported,
    /// The mandate can not be used.
    MandateUnusable,
    Other,
}
