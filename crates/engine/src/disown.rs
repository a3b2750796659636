//! May a person say that a payment is none of an invoice's? Not once books count on it (mission row NG12).

use model::case::{CaseKey, CaseKind};
use model::command::{CommandState, ErpWrite, ProcessorWrite, Write};
use model::ids::{AccountId, CollectionId, PayoutId};
use model::payment::Collection;
use model::payout::ItemRoute;
use model::receipt::ErpDocument;
use store::rows::{CaseContext, CommandRow};

use crate::engine::Engine;
use crate::error::Result;
use crate::foreign::{in_the_books, read_payment, refused};
use crate::look::kind_made;
use crate::say::of_kind;

impl Engine {
    /// Whether a person may say that the payment is none of this case's.
    pub(crate) async fn check_disowning(&self, case: &CaseKey, id: &CollectionId) -> Result<()> {
        of_kind(case, CaseKind::Collection, "--not-ours", "collection/ACCOUNT/INVOICE")?;
        let world = self.world();
        let (processor, row) = self.find_payment(&world, id).await?;
        if let Some(other) = row.case.filter(|other| other != case) {
            return Err(refused(format!("payment {id} belongs to {other}, not to {case}")));
        }
        let named = row.body.read::<Collection>().and_then(|one| one.invoice());
        if named.is_some_and(|invoice| invoice.as_str() == case.subject) {
            return Err(refused(format!(
                "payment {id} names this invoice itself, in its metadata at the processor: correct that \
                 there, and the payment is this invoice's no more"
            )));
        }
        let context = match self.store.case(case).await? {
            Some(row) => self.store.contexts(&[row.id]).await?.pop().unwrap_or_default(),
            None => CaseContext::default(),
        };
        let retries: Vec<&CommandRow> = retries(&context, id).collect();
        if retries.iter().any(|row| row.view.state != CommandState::Done) {
            return Err(refused(format!(
                "payment {id} is being debited again: say it again once the outcome is known"
            )));
        }
        if !retries.is_empty() && read_payment(&processor, id).await?.status.live() {
            return Err(refused(format!(
                "payment {id} was debited again for this invoice: cancel it at the processor first, or \
                 say it once it has ended"
            )));
        }
        if records_receipt_of(&context, id) {
            return Err(refused(format!(
                "a receipt of payment {id} is being recorded: say it again once its outcome is known"
            )));
        }
        if let Some(document) = self.booked_document(case, id).await? {
            return Err(in_the_books(case, id, &document));
        }
        let account = row.account;
        match self.booked_payout(&account, id).await? {
            Some(payout) => Err(refused(format!(
                "payout {payout} is booked, and leaves to this case what it holds of payment {id}: once \
                 that is booked too, take it off the invoice in the ERP"
            ))),
            None => Ok(()),
        }
    }

    /// A payout that has a document which stands, or may, and leaves what it holds of the payment to the
    /// payment's case; what it put on suspense itself is free.
    async fn booked_payout(
        &self,
        account: &AccountId,
        id: &CollectionId,
    ) -> Result<Option<PayoutId>> {
        let items = self.store.items_of_collection(account, id).await?;
        let left = items.into_iter().filter(|kept| match kept.route {
            ItemRoute::InDeposit | ItemRoute::FromBank => true,
            ItemRoute::DepositLine | ItemRoute::LeftToPeople => false,
        });
        for kept in left {
            let case = CaseKey::payout(account, &kept.payout);
            let Some(row) = self.store.case(&case).await? else { continue };
            let context = self.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
            let mut own =
                context.commands.iter().filter(|row| kind_made(&row.view.write).is_some());
            if own.any(|row| may_stand(row, &context)) {
                return Ok(Some(kept.payout));
            }
        }
        Ok(None)
    }
}

/// What we did to have the payment debited again: its money is asked of the payer for this invoice.
fn retries<'a>(
    context: &'a CaseContext,
    id: &'a CollectionId,
) -> impl Iterator<Item = &'a CommandRow> {
    context.commands.iter().filter(|row| match &row.view.write {
        Write::Processor(ProcessorWrite::RetryCollection(write)) => {
            write.collection == *id && may_have_happened(row)
        }
        Write::Processor(_) | Write::Erp(_) => false,
    })
}

/// Whether a receipt of the payment was sent, and what became of that is not known yet.
fn records_receipt_of(context: &CaseContext, id: &CollectionId) -> bool {
    context.commands.iter().any(|row| match &row.view.write {
        Write::Erp(ErpWrite::RecordReceipt(write)) if write.collection == *id => {
            // Its document is known by the next look at the latest.
            let known = context.facts.contains_key(&document_fact(row));
            may_have_happened(row) && !(known && row.view.state == CommandState::Done)
        }
        Write::Erp(_) | Write::Processor(_) => false,
    })
}

/// Sent, and not known to have done nothing.
fn may_have_happened(row: &CommandRow) -> bool {
    match row.view.state {
        CommandState::InFlight | CommandState::Watched | CommandState::Done => true,
        CommandState::Intended | CommandState::Rejected => row.maybe_sent,
        CommandState::Ended => false,
    }
}

/// The command's document was not seen voided.
fn may_stand(row: &CommandRow, context: &CaseContext) -> bool {
    let seen = context.facts.get(&document_fact(row)).and_then(|(_, body)| body.read());
    may_have_happened(row) && !seen.is_some_and(|seen: ErpDocument| seen.is_voided())
}

fn document_fact(row: &CommandRow) -> String {
    format!("document/{}", row.view.key)
}
