//! P3: a receipt that a predecessor recorded for a payment that then brought no money is shown to a
//! person, as nobody else can know whether it may be taken back (DESIGN.md section 4, cut-over).

use model::case::CaseKind;
use model::ids::{CollectionId, InvoiceId};
use model::reason::ReasonCode;
use store::Store;

use super::{books, ending};
use crate::world::{State, World};

/// Those of which nobody is told.
pub async fn untold(world: &World, store: &dyn Store) -> Vec<String> {
    let shown = store.attention(true).await.unwrap_or_default();
    let told = |payment: &CollectionId, invoice: &InvoiceId| {
        shown.iter().any(|row| {
            row.reason.code == ReasonCode::PredecessorReceiptStands
                && row.case.kind == CaseKind::Collection
                && row.case.subject == invoice.as_str()
                && row.reason.detail.contains(payment.as_str())
        }) || ending::is_left(world, invoice, ReasonCode::PredecessorReceiptStands)
    };
    let standing = standing_for_nothing(&world.state());
    let untold = standing.into_iter().filter(|(payment, invoice)| !told(payment, invoice));
    untold
        .map(|(payment, invoice)| {
            format!("P3: a receipt of {payment} stands on invoice {invoice}, no money came, and nobody is told")
        })
        .collect()
}

fn standing_for_nothing(state: &State) -> Vec<(CollectionId, InvoiceId)> {
    let receipts = state.books.receipts.values();
    let theirs = receipts.filter(|row| row.key.is_none() && !row.voided && !row.touched);
    let payments = theirs.filter_map(|row| row.collection.clone());
    let ended = payments.filter(|id| books::came_to_nothing(&state.processor, id));
    let named = ended.filter_map(|id| {
        let invoice = state.processor.payments.get(&id)?.invoice()?;
        Some((id, invoice))
    });
    named.collect()
}
