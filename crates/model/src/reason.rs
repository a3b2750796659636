//! Why a case is where it is: every decision names exactly one reason. "Skipped and reported", the
//! console, the dry run and the alerts are views of it (DESIGN.md section 2).

use serde::{Deserialize, Serialize};

/// A reason with what makes it concrete (an amount, a date, the other side's words).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: ReasonCode,
    /// Concrete particulars; empty when the code says it all.
    pub detail: String,
}

impl Reason {
    #[must_use]
    pub fn new(code: ReasonCode, detail: impl Into<String>) -> Reason {
        Reason { code, detail: detail.into() }
    }

    #[must_use]
    pub fn plain(code: ReasonCode) -> Reason {
        Reason { code, detail: String::new() }
    }

    /// The code's sentence with the particulars.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.detail.is_empty() {
            format!("{}.", self.code.sentence())
        } else {
            format!("{}: {}", self.code.sentence(), self.detail)
        }
    }
}

/// What a reason asks of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// Nothing more to do.
    Settled,
    /// The case acts now.
    Acting,
    /// It goes on by itself once what it names has happened.
    Waiting,
    /// Skipped by the rules or the policy; picked up when that changes.
    Skipped,
    /// Only a person can resolve it: an attention item.
    NeedsPerson,
}

macro_rules! reasons {
    ($($variant:ident = $code:literal, $kind:ident, $sentence:literal, $next:literal;)*) => {
        /// Every reason a decision can have. Codes are stable: they are stored, documented and
        /// searched for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ReasonCode {
            $(#[serde(rename = $code)] $variant,)*
        }

        impl ReasonCode {
            pub const ALL: &'static [ReasonCode] = &[$(ReasonCode::$variant,)*];

            /// The stable code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(ReasonCode::$variant => $code,)* }
            }

            #[must_use]
            pub fn kind(self) -> ReasonKind {
                match self { $(ReasonCode::$variant => ReasonKind::$kind,)* }
            }

            /// A sentence without its full stop.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(ReasonCode::$variant => $sentence,)* }
            }

            /// What to do next, for the person who reads it.
            #[must_use]
            pub fn next_step(self) -> &'static str {
                match self { $(ReasonCode::$variant => $next,)* }
            }
        }
    };
}

reasons! {
    // Collections: settled
    Collected = "collected", Settled, "Collected and in the books", "Nothing to do.";
    PaidOtherwise = "paid_otherwise", Settled, "Nothing is due: paid or credited by other means", "Nothing to do.";
    InvoiceVoided = "invoice_voided", Settled, "The invoice is voided", "Nothing to do.";
    Reversed = "reversed", Skipped, "The collection was reversed and the invoice is open; policy leaves it open", "Release the case to collect it again.";
    Refunded = "refunded", Skipped, "The collection was refunded and the invoice is open; policy leaves it open", "Release the case to collect it again.";
    PartlyRefunded = "partly_refunded", Skipped, "Part of the collection was refunded and the invoice is open by as much; it is left open", "Collect the rest by other means, or credit it.";

    // Collections: acting and waiting
    Acting = "acting", Acting, "A command is on its way", "Nothing to do.";
    CommandInFlight = "command_in_flight", Waiting, "The outcome of an earlier command is not known yet", "Nothing to do: it is looked for until it is known.";
    MandatePending = "mandate_pending", Waiting, "The payer has not authorised the mandate yet", "Send the payer the authorisation link again if it takes long.";
    ApprovalPending = "approval_pending", Waiting, "The payer's approval of the mandate is pending", "Nothing to do, or let the policy collect meanwhile.";
    NotDueYet = "not_due_yet", Waiting, "Outside the collection window of the policy", "Nothing to do: it is picked up when its time comes.";
    AtTheBank = "at_the_bank", Waiting, "The collection is on its way through the banks", "Nothing to do.";
    WaitingForPayout = "waiting_for_payout", Waiting, "Confirmed, and waiting to be paid out", "Nothing to do.";
    WaitingForItems = "waiting_for_items", Waiting, "Waiting for the payout item that settles the payment or takes it back", "Nothing to do.";
    WaitingForDeposit = "waiting_for_deposit", Waiting, "The receipt must be deposited before it is taken back", "Nothing to do, or deposit the receipt by hand.";
    WaitingForReceipts = "waiting_for_receipts", Waiting, "The payout waits for receipts of its collections", "Look at the cases named.";
    WaitingForReversals = "waiting_for_reversals", Waiting, "The payout waits for refunds and reversals that other cases book", "Look at the cases named.";
    WaitingForCause = "waiting_for_cause", Waiting, "The processor's event with the cause has not arrived yet", "Nothing to do.";
    RetryScheduled = "retry_scheduled", Waiting, "The collection failed and will be retried", "Nothing to do; retry now or stop at will.";
    ProcessorRetries = "processor_retries", Waiting, "The collection failed; the processor retries it by itself", "Nothing to do.";
    RecollectScheduled = "recollect_scheduled", Waiting, "Charged back; collected again after the waiting period", "Nothing to do.";
    PeriodClosed = "period_closed", NeedsPerson, "The accounting period is closed", "Open the period until it is posted. What is not begun goes into the next open period if the policy says so.";
    DailyLimit = "daily_limit", Waiting, "The link's limit for the day or run is used up", "Nothing to do, or raise the limit.";
    Unavailable = "unavailable", Waiting, "The other side can not be reached", "Nothing to do if it passes; else look at the connection.";
    ExchangeRatePending = "exchange_rate_pending", Waiting, "The payout's exchange rate is not confirmed yet", "Nothing to do.";
    PayoutPending = "payout_pending", Waiting, "The payout is not paid yet", "Nothing to do.";
    CustomerUnmatched = "customer_unmatched", Waiting, "The customer is not matched with one at the processor yet", "Set up a mandate, or match the customer by hand.";
    DirectoryUnread = "directory_unread", Waiting, "The customers of both sides are still being read", "Nothing to do: it goes on when all of them are known.";
    NoMandate = "no_mandate", Waiting, "The customer has no mandate in the invoice's currency", "Ask the payer for a mandate; it is picked up by itself.";
    RefundOnItsWay = "refund_on_its_way", Waiting, "The refund is on its way to the payer", "Nothing to do.";

    // Collections: skipped
    NotFlagged = "not_flagged", Skipped, "The invoice is not ticked for collection", "Tick its box in the ERP to have it collected.";
    NotApproved = "not_approved", Skipped, "The invoice is not approved", "Approve it in the ERP.";
    CurrencyNotMapped = "currency_not_mapped", Skipped, "The link does not collect this currency", "Add the currency to the link's map.";
    BeforeCutOver = "before_cut_over", Skipped, "Before the link's cut-over date", "Nothing to do.";
    LinkOff = "link_off", Skipped, "The link is off", "Switch the link on.";
    PostOnly = "post_only", Skipped, "The link only posts and does not collect", "Set the link's mode to on to collect.";
    Stopped = "stopped", Skipped, "Everything is stopped by a person", "Lift the stop.";
    NoLink = "no_link", Skipped, "No link serves this case", "Add a link for this customer's processor account and currency.";
    LeftToPeople = "left_to_people", Skipped, "This is left to people", "Nothing to do here.";
    PartnerPayout = "partner_payout", Skipped, "A partner's payout is reported, not booked", "Nothing to do here.";

    // Needs a person
    CustomerAmbiguous = "customer_ambiguous", NeedsPerson, "More than one customer could be the match", "Choose one of the candidates.";
    CustomerWithoutEmail = "customer_without_email", NeedsPerson, "The customer has no e-mail address", "Enter the e-mail address in the ERP.";
    CustomerMissing = "customer_missing", NeedsPerson, "The customer is gone or inactive", "Look at the customer in the ERP.";
    MandateAmbiguous = "mandate_ambiguous", NeedsPerson, "The customer has several usable mandates in this currency", "Enter the mandate to use on the customer in the ERP.";
    MandateUnusable = "mandate_unusable", NeedsPerson, "The customer's mandate can not be used any more", "Ask the payer for a new mandate; it is picked up by itself.";
    LinkAmbiguous = "link_ambiguous", NeedsPerson, "More than one link could collect this invoice", "Choose the processor account on the customer in the ERP.";
    SubsidiaryOther = "subsidiary_other", NeedsPerson, "The invoice's subsidiary or branch is not the one that its payment would be booked in", "Set what the detail names, map a bank account of that one, or collect it elsewhere.";
    AlreadyCollected = "already_collected", NeedsPerson, "Somebody else's payment seems to collect this invoice already", "Adopt that payment or say that it is another one.";
    DoubleCollection = "double_collection", NeedsPerson, "Two live payments collect this invoice", "Refund or cancel one of them at the processor.";
    AboveLimit = "above_limit", NeedsPerson, "The amount is above the limit of the processor or the link", "Release the case, or raise the limit.";
    AmountChanged = "amount_changed", NeedsPerson, "The invoice's balance differs from its payment", "Nothing is lost: the payment is applied up to the balance. Settle the difference.";
    NegativeTotal = "negative_total", NeedsPerson, "The invoice's amount is negative", "Use a credit memo instead.";
    DeliveryOdd = "delivery_odd", NeedsPerson, "A delivery holds something that is not understood", "See what it is, then dismiss it: ml-connector webhooks dismiss NUMBER.";
    OddRecord = "odd_record", NeedsPerson, "The record can not be read", "Mend the record in its own system.";
    LookRefused = "look_refused", NeedsPerson, "The case can not be looked at: the other side refuses to show what it needs", "Mend what it names (connections ping lists rights, fields and versions); it goes on by itself then.";
    RecordMissing = "record_missing", NeedsPerson, "A record that was known is gone", "Look it up in its own system.";
    CancelledByPerson = "cancelled_by_person", NeedsPerson, "The payment was cancelled at the processor by somebody else", "Release the case to collect anew.";
    DeniedByPayer = "denied_by_payer", NeedsPerson, "The payer denied the payment", "Talk to the payer; release the case to collect anew.";
    RetriesUsedUp = "retries_used_up", NeedsPerson, "The collection failed and its retries are used up", "Retry it if fewer than three retries were made, else release a new payment; or collect by other means.";
    FailureFinal = "failure_final", NeedsPerson, "The collection failed for a cause that a retry can not heal", "Mend the cause with the payer, then release the case.";
    AmountRefused = "amount_refused", NeedsPerson, "The processor refuses the amount", "Correct or split the invoice, collect it in another way, or have the account's limits raised and retry.";
    Rejected = "rejected", NeedsPerson, "The other side refused the write", "Mend what it names, then retry; saving the record again retries too.";
    ReceiptVoided = "receipt_voided", NeedsPerson, "A receipt of ours was voided or deleted by somebody", "Book it in the ERP as it should be, then leave it; a payout's deposit or journal is made again by a retry.";
    FieldsNotWritten = "fields_not_written", NeedsPerson, "The ERP refuses the status fields on the invoice", "Correct what it names; saving the invoice there, or retry, writes them again.";
    ReceiptUnapplied = "receipt_unapplied", NeedsPerson, "A receipt of ours was un-applied by somebody", "Apply it where it belongs, or leave it.";
    ReceiptDiffers = "receipt_differs", NeedsPerson, "A document with our key differs from what was decided", "Compare both and correct the document in the ERP.";
    PredecessorReceiptMissing = "predecessor_receipt_missing", NeedsPerson, "The receipt of a predecessor's payment was not found", "Record the receipt in the ERP, or book the reversal by hand.";
    PredecessorReceiptStands = "predecessor_receipt_stands", NeedsPerson, "A receipt that somebody else recorded stands for a payment that brought no money", "Take that receipt back in the ERP, or leave it.";
    ForeignPayment = "foreign_payment", NeedsPerson, "A payment that names no invoice, or one that no link collects", "Match it to an invoice, or leave it on the suspense account.";
    ForeignHeld = "foreign_held", NeedsPerson, "The payout holds a payment that names no invoice, or one that no link collects, and policy holds it", "Match the payment, or set the policy to suspense.";
    PayoutSumDiffers = "payout_sum_differs", NeedsPerson, "The items do not add up to the payout", "Nothing was posted. Compare the items with the processor's.";
    PayoutWaits = "payout_waits", NeedsPerson, "The payout arrived days ago and is not booked yet", "See what it waits for: the detail names it.";
    ReversalWaits = "reversal_waits", NeedsPerson, "Charged back, failed late or refunded weeks ago, and no payout has taken the money back yet", "See at the processor what it waits for; where no further payout will come, settle its balance there.";
    PayoutNegative = "payout_negative", NeedsPerson, "The payout took money from the bank account", "Check the statement and the documents.";
    PayoutBounced = "payout_bounced", NeedsPerson, "The payout bounced", "Mend the bank account at the processor.";
    PayoutExchange = "payout_exchange", NeedsPerson, "The bank received another currency than was collected", "Transfer from the clearing bank account by hand; both amounts are named.";
    ExchangeRateMissing = "exchange_rate_missing", NeedsPerson, "The link has no exchange rate for this month", "Enter the rate on the link; it is posted by itself then.";
    AccountNotMapped = "account_not_mapped", NeedsPerson, "The link has no account for this", "Map the account on the link.";
    DepositByPerson = "deposit_by_person", NeedsPerson, "Somebody deposited receipts of this payout by hand", "Check that deposit; fees and the rest are booked separately.";
    ReversalByPerson = "reversal_by_person", NeedsPerson, "The payout took money back whose receipt somebody voided", "Take it from the bank account in the ERP by hand, then leave it.";
    DepositDiffers = "deposit_differs", NeedsPerson, "The bank lines of the payout's documents differ from the payout", "Compare the documents with the payout.";
    LossBooked = "loss_booked", NeedsPerson, "A reversal exceeded what was left of the receipt; the rest was booked as a loss", "Claim it back from the payer.";
    RefundFailed = "refund_failed", NeedsPerson, "A refund at the processor failed or came back", "Refund the payer by other means.";
    OutcomeUnclear = "outcome_unclear", NeedsPerson, "A document that was seen once is gone", "Look it up in its own system and resolve the case.";
    UnsupportedHere = "unsupported_here", NeedsPerson, "This system can not do what is needed", "Do what the detail names, then retry; else do it by hand in that system.";
    BankDetailsNotAllowed = "bank_details_not_allowed", NeedsPerson, "The processor does not let this account make mandates from bank details", "Let the payer authorise the link instead, or have the account approved and give the details again.";
    BankDetailsRefused = "bank_details_refused", NeedsPerson, "No mandate could be made from the bank details, and they are erased", "Correct what is named and give the details again.";
    MandateRequestFailed = "mandate_request_failed", NeedsPerson, "The mandate could not be requested", "Mend what the processor names.";

    // Mandates and customers
    MandateUsable = "mandate_usable", Settled, "The customer has a usable mandate", "Nothing to do.";
    MandateNotWanted = "mandate_not_wanted", Settled, "No mandate is asked for by policy", "Nothing to do.";
    Matched = "matched", Settled, "The customer is matched", "Nothing to do.";

    // Payouts and refunds
    Booked = "booked", Settled, "Booked and reconciled to the penny", "Nothing to do.";
    NotProved = "not_proved", Settled, "Booked, and not proved: the ERP's API does not show what somebody deposited by hand", "Check that deposit: receipts without deductions, on the payout's bank account.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_sentences_leave_their_full_stop_to_the_reader() {
        let codes: BTreeSet<_> = ReasonCode::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), ReasonCode::ALL.len());
        for reason in ReasonCode::ALL {
            assert!(!reason.sentence().ends_with('.'), "{}", reason.code());
            assert!(reason.next_step().ends_with('.'), "{}", reason.code());
        }
    }
}
