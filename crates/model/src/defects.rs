//! Deliberate defects, by which the simulator is itself tested (DESIGN.md section 9): each is one
//! rule left out in the crates under test. Compiled under the feature `defects` alone; without it
//! the macro `defect!` is `false`, and nothing of them is in the product.

/// Whether this deliberate defect is switched on: always `false` but in tests of the simulator.
#[cfg(not(feature = "defects"))]
#[macro_export]
macro_rules! defect {
    ($name:ident) => {
        false
    };
}

/// Whether this deliberate defect is switched on in the calling thread.
#[cfg(feature = "defects")]
#[macro_export]
macro_rules! defect {
    ($name:ident) => {
        $crate::defects::is_on($crate::defects::Defect::$name)
    };
}

#[cfg(feature = "defects")]
pub use switch::{Defect, is_on, switch};

#[cfg(feature = "defects")]
mod switch {
    use std::cell::Cell;

    macro_rules! defects {
        ($($name:ident = $words:literal,)*) => {
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
            pub enum Defect { $($name,)* }

            impl Defect {
                pub const ALL: &'static [Defect] = &[$(Defect::$name,)*];

                /// What is wrong, in the words of the table.
                #[must_use]
                pub fn words(self) -> &'static str {
                    match self { $(Defect::$name => $words,)* }
                }
            }
        };
    }

    defects! {
        KeyFromClock = "key taken from the clock",
        IntentAfterCall = "intent committed after the call",
        ResendWithoutLooking = "resend without looking",
        StaleListBelieved = "stale list believed before money moves",
        AttemptsCountedExisting = "attempt number from existing instead of ended attempts",
        ReceiptWithoutPayout = "receipt keyed without its payout",
        ReceiptByStatus = "receipt by status instead of by item",
        ReversalCrossesDeposit = "a reversal crossing a deposit",
        RouteDecidedTwice = "the route of an item decided by two cases",
        LocksFreedEarly = "locks freed when the call times out",
        RetryUnchecked = "retry without the checks of a create",
        AttemptAfterCancel = "a new attempt after a person cancelled",
        DoublesLookedForLate = "two live attempts looked for only after a create",
        RestNeverApplied = "second receipt never applied after the first was taken back",
        RoundingPerItem = "rounding per item",
        AppliedBeyondBalance = "applying beyond the balance",
        LastPageDropped = "dropping the last page",
        MarkPastIncomplete = "mark moved past an incomplete window",
        RejectionSentAgain = "a rejection sent again",
        LeaseWithoutEpoch = "lease without epoch",
        SentThoughStopped = "sent by a worker that was stopped before",
        TaxDropped = "tax split off the fees and not posted",
        NewestTakenBack = "a reversal takes back the newest settlement",
        DirectoryHalfRead = "a payer asked on half a directory",
        LostCancelOurs = "a cancel that nobody answered taken for ours",
        WatchCutShort = "a command given up as soon as it is not found",
        ContentChangedUnderKey = "other content sent under a key that may have happened",
        ChainBroken = "audit rows chained to nothing",
        SecretInAudit = "a secret written into the audit trail",
        BounceNotPutBack = "a bounced payout never put back once it is paid",
        ChargebackIgnored = "items of chargebacks not taken for reversals",
        NewsUnread = "money asked for on events of yesterday",
        EarlierReceiptCounts = "a predecessor's receipt of before the cut-over counted for what came after",
        PaymentNotEntered = "a payment entered only where its payer is looked at",
        OpenTakenForPaid = "an open invoice taken for paid",
        FailuresFinal = "every failure taken for final",
        PayoutsLeftAlone = "payouts left to people that the link deposits",
        BoxIgnored = "an invoice collected though its box is not ticked",
        ApprovalIgnored = "an invoice collected before it is approved",
        DatedLate = "documents dated a day late",
        EditUnread = "acting by the link as it was before people edited it",
        DaysNotWaited = "collected again at once after a chargeback",
        LimitIgnored = "collected beyond the number of a day",
        AmountsUnlimited = "collected beyond the amounts of an invoice, a day and a run",
        RunUnlimited = "collected beyond the number of a run",
        ProofBlind = "a payout proved whatever its case and the bank say",
        LinkGuessed = "the first of two links taken",
        RestTakenForVoid = "a receipt with a rest taken for one that a person voided",
        AppFeesOnFees = "fees of apps put on the account of fees",
        ForeignOnRefunds = "foreign payments put on the account of refunds",
        AcceptedFirst = "2xx before the commit",
        SignatureIgnored = "a wrongly signed delivery taken in",
    }

    thread_local! {
        static ON: Cell<Option<Defect>> = const { Cell::new(None) };
    }

    /// Switches one defect on in this thread, or all off.
    pub fn switch(defect: Option<Defect>) {
        ON.with(|on| on.set(defect));
    }

    #[must_use]
    pub fn is_on(defect: Defect) -> bool {
        ON.with(Cell::get) == Some(defect)
    }
}
