//! Reversals whose receipt a person voided and took over: the invoice is open again by that, and what the
//! payout took from the bank is that person's to book (DESIGN.md section 2, "People edit").

use model::decision::{DocumentRole, ItemDocument};
use model::money::Money;
use model::payout::KeptItem;
use model::reason::{Reason, ReasonCode};

use super::deposit::{Book, Stop, stop, whole};
use super::name_some;
use super::routes::Carrier;
use super::telling::payment_name;

impl<'a> Book<'a> {
    /// The voided receipt of a reversal that a person took over, and that nothing of ours books.
    pub(super) fn taken_over(&self, kept: &KeptItem) -> Option<&'a ItemDocument> {
        let mut documents = self.documents_of(kept).iter().copied();
        documents.find(|document| document.role == DocumentRole::ByPerson)
    }

    /// Stops while any of it is a person's to book; everything else of the payout is booked by then.
    pub(super) fn left_to_people(&self) -> Result<(), Stop> {
        let mut named = Vec::new();
        for kept in self.with(Carrier::FromBank).chain(self.with(Carrier::Refund)) {
            let Some(taken) = self.taken_over(kept) else { continue };
            if !self.is_taken_back(kept)? {
                let amount = Money::new(whole(kept).map_err(stop)?, kept.currency);
                let payment = payment_name(kept);
                named.push(format!("{amount} of {payment}, receipt {}", taken.document));
            }
        }
        if named.is_empty() {
            return Ok(());
        }
        let detail = format!("on account {}: {}", self.bank, name_some(&named));
        Err(stop(Reason::new(ReasonCode::ReversalByPerson, detail)))
    }
}
