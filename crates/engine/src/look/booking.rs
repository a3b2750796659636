//! Which case books a payment: the case of the invoice that it names, unless no link serves that invoice.
//! Then the payment is foreign, and its payout books or holds it (mission row NG12).

use flows::collection::unserved::leaves_payments;
use model::case::CaseKey;
use model::command::{CommandState, CommandView, ErpWrite, Write};
use model::ids::{CollectionId, InvoiceId};
use ports::{Depth, Read};
use store::rows::{CaseRow, CollectionRow};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::World;

impl Engine {
    /// The case that books the payment of this row of the directory; `None`: it is foreign. Reads the
    /// invoice only where its case last said that no link serves it, or has said nothing yet.
    pub(crate) async fn booking_case(
        &self,
        world: &World,
        row: &CollectionRow,
    ) -> Result<Option<CaseKey>> {
        let Some(case) = row.case.clone() else { return Ok(None) };
        let asked = self.unserved_case(row).await?.is_some()
            || row.adopted && !self.was_looked_at(&case).await?;
        let set_aside = asked && !self.is_served(world, &case).await?;
        Ok((!set_aside).then_some(case))
    }

    async fn was_looked_at(&self, case: &CaseKey) -> Result<bool> {
        Ok(self.store.case(case).await?.is_some_and(|stored| stored.reason.is_some()))
    }

    /// The case of somebody's payment, when it last said that no link serves it and it has booked
    /// nothing: what a link once asked for, or booked, stays with its case.
    pub(crate) async fn unserved_case(&self, row: &CollectionRow) -> Result<Option<CaseRow>> {
        let Some(case) = row.case.as_ref().filter(|_| row.adopted) else { return Ok(None) };
        let stored = self.store.case(case).await?;
        let said = |stored: &CaseRow| {
            stored.reason.as_ref().is_some_and(|reason| leaves_payments(reason.code))
        };
        let Some(stored) = stored.filter(said) else { return Ok(None) };
        let context = self.store.contexts(&[stored.id]).await?.pop().unwrap_or_default();
        let asked = context.commands.iter().any(|one| one.view.write.collects());
        let begun = context.commands.iter().any(|one| is_begun(&one.view, &row.id));
        let kept = !asked && !begun && !self.has_document(case, &row.id).await?;
        Ok(kept.then_some(stored))
    }

    async fn has_document(&self, case: &CaseKey, id: &CollectionId) -> Result<bool> {
        let documents = self.store.payment_context(case).await?.documents;
        Ok(documents.iter().any(|document| document.collection.as_ref() == Some(id)))
    }

    /// Asked afresh, as a link may have been added or changed since. What can not be read counts as
    /// served: nothing is concluded from that.
    async fn is_served(&self, world: &World, case: &CaseKey) -> Result<bool> {
        let Some(erp) = world.erp_of_account(&case.account) else { return Ok(true) };
        let id = InvoiceId::new(case.subject.as_str());
        let mut read = erp.port.invoices(std::slice::from_ref(&id), Depth::Direct).await?;
        let Some(invoice) = read.pop().and_then(Read::into_found) else { return Ok(true) };
        let ids = std::slice::from_ref(&invoice.customer);
        let mut customers = erp.port.customers(ids, Depth::Direct).await?;
        let customer = customers.pop().and_then(Read::into_found);
        Ok(match self.serve(world, &erp, customer.as_ref(), invoice.due.currency) {
            Ok(_) => true,
            Err(decision) => !leaves_payments(decision.reason.code),
        })
    }
}

/// A receipt of the payment is on its way, or was made: no look has tied it to its item by now.
fn is_begun(command: &CommandView, payment: &CollectionId) -> bool {
    let of_it = match &command.write {
        Write::Erp(ErpWrite::RecordReceipt(receipt)) => receipt.collection == *payment,
        Write::Erp(_) | Write::Processor(_) => false,
    };
    of_it
        && match command.state {
            CommandState::Intended
            | CommandState::InFlight
            | CommandState::Watched
            | CommandState::Done => true,
            CommandState::Rejected | CommandState::Ended => false,
        }
}
