//! P1: an invoice is never collected twice. Checked at the moment in which a payment becomes live
//! by the connector's doing: that is the only moment at which it can break the promise.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use model::command::{ProcessorWrite, Write};
use model::ids::{CollectionId, InvoiceId};
use model::payment::CollectionStatus;

use crate::world::processor::Processor;
use crate::world::{ReadMark, STALENESS_SECONDS};

/// What would be wrong with making this write now; only asked of writes that then are made.
#[must_use]
pub fn before(
    processor: &Processor,
    released: &BTreeSet<InvoiceId>,
    write: &Write,
    mark: Option<&ReadMark>,
    now: Timestamp,
) -> Option<String> {
    let (invoice, amount, own) = match write {
        Write::Processor(ProcessorWrite::Collect(w)) => (&w.invoice, w.amount.minor, None),
        Write::Processor(ProcessorWrite::RetryCollection(w)) => {
            (&w.invoice, w.amount.minor, Some(&w.collection))
        }
        Write::Processor(_) | Write::Erp(_) => return None,
    };
    let Some(mark) = mark else {
        return Some(format!("P1: invoice {invoice} was never read directly"));
    };
    let held = own.and_then(|own| mark.held.get(own)).copied().unwrap_or(0);
    if amount > mark.due + held {
        return Some(format!(
            "P1: {amount} asked for invoice {invoice}, which owed {} when it was read",
            mark.due
        ));
    }
    let other = live_others(processor, invoice, own).find(|(_, since)| {
        // What another party made within the staleness of a list could not be seen.
        *since <= mark.at - SignedDuration::from_secs(STALENESS_SECONDS)
    });
    if let Some((id, since)) = other {
        return Some(format!("P1: payment {id} of invoice {invoice} is live since {since}"));
    }
    let ours = live_others(processor, invoice, own)
        .find(|(id, _)| processor.payments.get(id).is_some_and(|row| row.live_by_us));
    ours.map(|(id, since)| {
        format!("P1: {id} of invoice {invoice} was made live by us at {since}, now is {now}")
    })
    .or_else(|| against_a_person(processor, released, invoice, mark))
}

/// The newest payment was cancelled by a person, and nobody allowed another one since.
fn against_a_person(
    processor: &Processor,
    released: &BTreeSet<InvoiceId>,
    invoice: &InvoiceId,
    mark: &ReadMark,
) -> Option<String> {
    let seen = mark.at - SignedDuration::from_secs(STALENESS_SECONDS);
    let rows = processor.payments_for(invoice).filter(|(_, row)| row.created_at <= seen);
    let (id, row) = rows.max_by_key(|(id, row)| (row.created_at, *id))?;
    let cancelled = row.status == CollectionStatus::Cancelled
        && row.cancelled_by_person.is_some_and(|at| at <= seen);
    (cancelled && !released.contains(invoice))
        .then(|| format!("P1: {id} of invoice {invoice} was cancelled by a person"))
}

fn live_others<'a>(
    processor: &'a Processor,
    invoice: &'a InvoiceId,
    own: Option<&'a CollectionId>,
) -> impl Iterator<Item = (&'a CollectionId, Timestamp)> {
    processor
        .payments_for(invoice)
        .filter(move |(id, row)| row.status.live() && row.refunded < row.amount && Some(*id) != own)
        .map(|(id, row)| (id, row.live_since))
}
