//! P1: an invoice is never collected twice. Checked at the moment in which a payment becomes live
//! by the connector's doing: that is the only moment at which it can break the promise.

use jiff::{SignedDuration, Timestamp};
use model::command::{ProcessorWrite, Write};
use model::ids::{CollectionId, InvoiceId, MandateId, ProcessorCustomerId};
use model::payment::CollectionStatus;

use crate::world::processor::{PaymentRow, Processor};
use crate::world::watched::Watched;
use crate::world::{ReadMark, STALENESS_SECONDS};

/// Seconds for which events that were read count as news when money is asked for.
pub const NEWS_SECONDS: i64 = 900;

/// What would be wrong with making this write now; only asked of writes that then are made.
#[must_use]
pub fn before(
    processor: &Processor,
    watched: &Watched,
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
    let payer = mandate_of(processor, write).and_then(|id| payer_of(processor, id));
    let seen = |row: &PaymentRow| {
        // What another party made within the staleness of a list could not be seen; of another payer,
        // since the events were last read.
        let of_payer = payer_of(processor, &row.mandate) == payer;
        let unseen = STALENESS_SECONDS + if of_payer { 0 } else { NEWS_SECONDS };
        mark.at - SignedDuration::from_secs(unseen)
    };
    let other = live_others(processor, invoice, own)
        .find(|(id, since)| processor.payments.get(id).is_some_and(|row| *since <= seen(row)));
    if let Some((id, since)) = other {
        return Some(format!("P1: payment {id} of invoice {invoice} is live since {since}"));
    }
    let ours = live_others(processor, invoice, own)
        .find(|(id, _)| processor.payments.get(id).is_some_and(|row| row.live_by_us));
    ours.map(|(id, since)| {
        format!("P1: {id} of invoice {invoice} was made live by us at {since}, now is {now}")
    })
    .or_else(|| against_a_person(processor, watched, invoice, mark, seen))
}

fn mandate_of<'a>(processor: &'a Processor, write: &'a Write) -> Option<&'a MandateId> {
    match write {
        Write::Processor(ProcessorWrite::Collect(w)) => Some(&w.mandate),
        Write::Processor(ProcessorWrite::RetryCollection(w)) => {
            processor.payments.get(&w.collection).map(|row| &row.mandate)
        }
        Write::Processor(_) | Write::Erp(_) => None,
    }
}

fn payer_of<'a>(processor: &'a Processor, mandate: &MandateId) -> Option<&'a ProcessorCustomerId> {
    processor.mandates.get(mandate).map(|row| &row.customer)
}

/// The newest payment was cancelled by a person, and nobody allowed another one since.
fn against_a_person(
    processor: &Processor,
    watched: &Watched,
    invoice: &InvoiceId,
    mark: &ReadMark,
    seen: impl Fn(&PaymentRow) -> Timestamp,
) -> Option<String> {
    let rows = || processor.payments_for(invoice).filter(|(_, row)| row.created_at <= seen(row));
    let newest = |(id, row): &(&CollectionId, &PaymentRow)| (row.created_at, (*id).clone());
    let (id, row) = rows().max_by_key(newest)?;
    // Somebody made another one since, which may be known already, or not yet.
    let made = |(_, row): &(&CollectionId, &PaymentRow)| row.created_at <= mark.at;
    let (last, _) = processor.payments_for(invoice).filter(made).max_by_key(newest)?;
    let by_person = |row: &PaymentRow| {
        row.status == CollectionStatus::Cancelled
            && row.cancelled_by_person.is_some_and(|at| at <= seen(row))
    };
    // What people said meanwhile may be known already, or only some of it, or nothing yet.
    let words = rows().filter_map(|(_, row)| Some(row.said.as_ref()?.at));
    let newest_by = |by: Timestamp| {
        let told =
            |row: &PaymentRow| row.said.as_ref().is_none_or(|said| said.at <= by.max(seen(row)));
        rows().filter(|(_, row)| told(row)).max_by_key(newest)
    };
    let whichever = std::iter::once(Timestamp::MIN).chain(words);
    let cancelled = last == id
        && by_person(row)
        && whichever.map(newest_by).all(|known| known.is_some_and(|(_, row)| by_person(row)));
    (cancelled && !watched.is_released(invoice, mark.at))
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
        .map(|(id, row)| (id, row.live_since()))
}
