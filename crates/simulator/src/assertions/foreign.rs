//! P5 and mission row NG12: a payment for an invoice that no link collects is foreign. No receipt stands
//! for it, a person is told of it, and nothing of ours is ever collected for such an invoice.

use model::command::{ProcessorWrite, Write};
use model::ids::{CollectionId, InvoiceId};
use model::reason::ReasonCode;
use store::Store;

use crate::world::erp::{Books, CURRENCY};
use crate::world::processor::PaymentRow;
use crate::world::{State, World};

/// Whether the invoice is in a currency that no link collects.
#[must_use]
pub fn is_other(books: &Books, invoice: &InvoiceId) -> bool {
    books.invoices.get(invoice).is_some_and(|row| row.currency != CURRENCY)
}

/// What would be wrong with making this write now.
#[must_use]
pub fn before(books: &Books, write: &Write) -> Option<String> {
    let Write::Processor(ProcessorWrite::Collect(write)) = write else { return None };
    let currency = books.invoices.get(&write.invoice)?.currency;
    (currency != write.amount.currency).then(|| {
        format!("P1: {} asked for invoice {}, which is in {currency}", write.amount, write.invoice)
    })
}

/// What is wrong with such payments at the end. `told`: deposits are the connector's to make, so that
/// its payouts tell of what is in them.
pub async fn check(world: &World, store: &dyn Store, told: bool) -> Vec<String> {
    let shown = store.attention(true).await.unwrap_or_default();
    let foreign = [ReasonCode::ForeignPayment, ReasonCode::ForeignHeld];
    let shown = shown.into_iter().filter(|row| foreign.contains(&row.reason.code));
    let shown: Vec<String> = shown.map(|row| row.reason.detail).collect();
    // A long list names the first few.
    let named = |id: &CollectionId| {
        shown.iter().any(|detail| detail.contains(id.as_str()) || detail.ends_with(" more"))
    };
    let state = world.state();
    let mut wrong = Vec::new();
    for (id, row) in strangers(&state) {
        let receipts = state.books.receipts.values();
        if receipts.filter(|one| !one.voided).any(|one| one.collection.as_ref() == Some(id)) {
            wrong.push(format!("P3: a receipt stands for {id}, whose invoice nobody collects"));
        }
        if told && row.status.live() && !named(id) {
            wrong.push(format!(
                "P5: {id} is for an invoice that nobody collects, and nobody is told"
            ));
        }
    }
    wrong
}

fn strangers(state: &State) -> impl Iterator<Item = (&CollectionId, &PaymentRow)> {
    let other = |row: &PaymentRow| row.invoice().is_some_and(|id| is_other(&state.books, &id));
    state.processor.payments.iter().filter(move |(_, row)| other(row))
}
