//! Entering anew what a void took too much of: a payment for what stays applied, and one for what
//! became free, so that either can be voided or refunded later without the other (acumatica sheet
//! sections 10, rule 18, 11.2 and 11.4). A credit memo for the part, the sheet's other way, would
//! lower the revenue, which nobody decided: here the invoice owes the part again.

use jiff::SignedDuration;

use model::command::{RecordReceipt, RejectionCause, UnapplyReceipt};
use model::ids::{CollectionId, LedgerAccountId, PayoutId, SubsidiaryId};
use model::key::Key;
use model::money::Money;
use model::receipt::Receipt;
use ports::PortError;

use super::super::Acumatica;
use super::super::mapping::receipt::{Part, payout_of};
use super::super::reads::documents::stamp;
use super::super::reads::parts::{Anew, Chain};
use super::super::wire::{Body, Entity};
use super::{Steps, begun_already};

/// A payment is begun anew only with this much of the write's time left.
const TIME_FOR_A_PAYMENT: SignedDuration = SignedDuration::from_secs(60);

/// The payment whose application is taken off.
pub(super) struct Bearer {
    pub number: String,
    pub amount: Money,
}

/// The one payment of a receipt that bears an application: its own, or a part.
pub(super) fn bearer(
    receipt: &Receipt,
    chain: &Chain,
    write: &UnapplyReceipt,
) -> Result<Bearer, PortError> {
    let found = if chain.voids.is_empty() {
        let own = Part {
            number: receipt.id.to_string(),
            amount: receipt.amount,
            applications: receipt.applications.clone(),
            unapplied: receipt.unapplied,
            dated_on: receipt.dated_on,
        };
        can_be_voided(&own, write).then_some(own)
    } else {
        let mut able = chain.parts.iter().filter(|part| can_be_voided(part, write));
        able.next().cloned()
    };
    match found {
        Some(part) => Ok(Bearer { number: part.number, amount: part.amount }),
        None => Err(PortError::rejected(
            RejectionCause::Unsupported,
            format!(
                "{} of receipt {} can not be taken off invoice {} over the API, which only voids \
                 whole payments: it pays other invoices too, or a refund took from it. Use Reverse \
                 Application on Payments and Applications (AR302000) and release, then try again",
                write.amount, receipt.id, write.invoice
            ),
        )),
    }
}

/// It pays this invoice alone, and no refund holds it (acumatica sheet section 10, rule 18).
fn can_be_voided(part: &Part, write: &UnapplyReceipt) -> bool {
    let applied = part.applied_to(&write.invoice);
    part.applications.len() == 1
        && applied == write.decided_applied
        && write.amount.currency == applied.currency
        && write.amount.minor <= applied.minor
        && applied.minor.saturating_add(part.unapplied.minor) == part.amount.minor
}

/// What is to be entered anew after a void, and applied or not.
pub(super) fn anew(write: &UnapplyReceipt, voided: Money) -> [(Anew, Money); 2] {
    let kept = write.decided_applied.minor.saturating_sub(write.amount.minor);
    let free = voided.minor.saturating_sub(kept);
    [
        (Anew::Kept, Money::new(kept, voided.currency)),
        (Anew::Free, Money::new(free, voided.currency)),
    ]
}

impl Acumatica {
    /// Enters what is to stand after the void, on the day and on the cash account of the void, so that
    /// together they move what was taken off and nothing else.
    pub(super) async fn enter_anew(
        &self,
        key: &Key,
        write: &UnapplyReceipt,
        own: &Body,
        bearer: &Bearer,
        steps: &Steps,
    ) -> Result<(), PortError> {
        let voiding = self.voiding(&bearer.number).await.map_err(begun_already)?;
        let voiding = voiding.ok_or_else(|| {
            PortError::OutcomeUnknown(format!("payment {} is voided by nothing", bearer.number))
        })?;
        for (which, amount) in anew(write, bearer.amount) {
            if !amount.is_positive() {
                continue;
            }
            self.much_time_left(steps)?;
            let record = record(which, amount, write, Entity(own), Entity(&voiding))
                .map_err(PortError::OutcomeUnknown)?;
            let key = which.key(&stamp(key));
            self.record_receipt(&key, &record).await.map_err(half_done)?;
        }
        Ok(())
    }

    fn much_time_left(&self, steps: &Steps) -> Result<(), PortError> {
        let until = steps.until.saturating_sub(TIME_FOR_A_PAYMENT).unwrap_or(steps.until);
        self.time_left(&Steps { until })
    }
}

fn record(
    which: Anew,
    amount: Money,
    write: &UnapplyReceipt,
    own: Entity<'_>,
    voiding: Entity<'_>,
) -> Result<RecordReceipt, String> {
    let text = |name: &str| own.text(name);
    Ok(RecordReceipt {
        customer: write.customer.clone(),
        amount,
        apply: (which == Anew::Kept).then(|| (write.invoice.clone(), amount)),
        dated_on: voiding.required_date("ApplicationDate")?,
        true_date: None,
        subsidiary: text("BranchID").or(text("Branch")).map(SubsidiaryId::new),
        receivable_account: None,
        exchange_rate: None,
        account: voiding.text("CashAccount").map(LedgerAccountId::new),
        collection: CollectionId::new(text("PaymentRef").unwrap_or_default()),
        payout: payout_of(own).map(PayoutId::new),
        memo: text("Description").unwrap_or_default(),
    })
}

/// The void stands: whatever refuses its rest for now, the write is not over.
fn half_done(error: PortError) -> PortError {
    match begun_already(error) {
        PortError::Rejected(rejection) => PortError::OutcomeUnknown(format!(
            "voided; entering the rest anew is refused: {}",
            rejection.words
        )),
        PortError::Stale(why) => PortError::OutcomeUnknown(format!("voided; then {why}")),
        other => other,
    }
}
