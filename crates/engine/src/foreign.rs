//! Payments that name no invoice: what is known of them, and their match with an invoice by a person
//! (mission row NG12).

use model::case::{Actor, CaseKey};
use model::ids::{AccountId, CollectionId, InvoiceId};
use model::invoice::{Invoice, InvoiceStatus};
use model::payment::Collection;
use model::payout::KeptItem;
use model::person::PersonSaid;
use ports::{Depth, Read};
use store::rows::{CollectionRow, Hint};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::news::erp_accounts;
use crate::world::{ErpPort, ProcessorPort, World};

/// A payment that names no invoice and was matched by nobody.
#[derive(Debug, Clone)]
pub struct Foreign {
    pub account: AccountId,
    pub id: CollectionId,
    /// As last seen; `None` when what is stored of it can not be read.
    pub seen: Option<Collection>,
    /// Where its money went: its items in payouts, by arrival.
    pub items: Vec<KeptItem>,
}

impl Engine {
    /// Foreign payments of every connected processor account, oldest first, at most `limit` each.
    ///
    /// # Errors
    /// The store's.
    pub async fn foreign(&self, limit: u32) -> Result<Vec<Foreign>> {
        let world = self.world();
        let mut found = Vec::new();
        for processor in processors(&world) {
            let account = &processor.account;
            for row in self.store.foreign_collections(account, limit).await? {
                let items = self.store.items_of_collection(account, &row.id).await?;
                let seen = serde_json::from_value(row.body).ok();
                found.push(Foreign { account: account.clone(), id: row.id, seen, items });
            }
        }
        Ok(found)
    }

    /// Matches a foreign payment with an invoice: from now on it is one of the invoice's payments,
    /// and its books are made like those of any other. Gives the case that was told.
    ///
    /// # Errors
    /// A sentence when the two can not belong together; the ports' and the store's.
    pub async fn match_foreign(
        &self,
        payment: &CollectionId,
        invoice: &InvoiceId,
        actor: &Actor,
    ) -> Result<CaseKey> {
        let world = self.world();
        let (processor, row) = self.find_payment(&world, payment).await?;
        let collection: Collection = serde_json::from_value(row.body.clone())
            .map_err(|error| refused(format!("payment {payment} can not be read: {error}")))?;
        let (erp, found) = find_invoice(&world, &processor, invoice).await?;
        fits(&collection, &found)?;
        self.check_link(&world, &erp, &processor, &found).await?;
        let case = CaseKey::collection(&erp.account, invoice);
        if let Some(other) = row.case.as_ref().filter(|other| **other != case) {
            return Err(refused(format!("payment {payment} belongs to {other} already")));
        }
        let link = crate::news::only_link(&world, &processor);
        let hint = Hint { case: case.clone(), due_at: self.now(), link };
        self.store.hint(&[hint]).await?;
        // At once, so that nobody matches it with another invoice before this one is looked at.
        let row = CollectionRow { case: Some(case.clone()), adopted: true, ..row };
        self.store.put_collections(&[row]).await?;
        let said = PersonSaid::Match { collection: payment.clone(), invoice: invoice.clone() };
        self.say(&case, &said, actor).await?;
        Ok(case)
    }

    /// Whether this case may take the payment for its own.
    pub(crate) async fn check_adoption(&self, case: &CaseKey, id: &CollectionId) -> Result<()> {
        let world = self.world();
        let (_, row) = self.find_payment(&world, id).await?;
        if let Some(other) = row.case.filter(|other| other != case) {
            return Err(refused(format!("payment {id} belongs to {other} already")));
        }
        let named =
            serde_json::from_value::<Collection>(row.body).ok().and_then(|one| one.invoice());
        match named {
            Some(invoice) if invoice.as_str() != case.subject => {
                Err(refused(format!("payment {id} names invoice {invoice}, not this one")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a person may say that the payment is none of this case's.
    pub(crate) async fn check_disowning(&self, case: &CaseKey, id: &CollectionId) -> Result<()> {
        let world = self.world();
        let (_, row) = self.find_payment(&world, id).await?;
        if let Some(other) = row.case.filter(|other| other != case) {
            return Err(refused(format!("payment {id} belongs to {other}, not to {case}")));
        }
        let documents = self.store.payment_context(case).await?.documents;
        let booked = documents.iter().find(|document| document.collection.as_ref() == Some(id));
        match booked {
            Some(document) => Err(refused(format!(
                "payment {id} is in the books as document {} of this invoice: apply that one to the \
                 right invoice in the ERP instead",
                document.document
            ))),
            None => Ok(()),
        }
    }

    /// The payment in the directory; one that was never seen is read and entered there.
    async fn find_payment(
        &self,
        world: &World,
        id: &CollectionId,
    ) -> Result<(ProcessorPort, CollectionRow)> {
        let ids = std::slice::from_ref(id);
        for processor in processors(world) {
            let rows = self.store.collection_rows(&processor.account, ids).await?;
            if let Some(row) = rows.into_iter().flatten().next() {
                return Ok((processor, row));
            }
        }
        for processor in processors(world) {
            self.introduce(world, &processor, ids).await?;
            let rows = self.store.collection_rows(&processor.account, ids).await?;
            if let Some(row) = rows.into_iter().flatten().next() {
                return Ok((processor, row));
            }
        }
        Err(refused(format!("no processor account knows a payment {id}")))
    }

    /// The invoice's link must go through the account that the payment was made in: a payment is
    /// only ever looked up there.
    async fn check_link(
        &self,
        world: &World,
        erp: &ErpPort,
        processor: &ProcessorPort,
        invoice: &Invoice,
    ) -> Result<()> {
        let ids = std::slice::from_ref(&invoice.customer);
        let mut customers = erp.port.customers(ids, Depth::Direct).await?;
        let customer = customers.pop().and_then(Read::into_found);
        match self.serve(world, erp, customer.as_ref(), invoice.due.currency) {
            Ok(served) if served.processor.account == processor.account => Ok(()),
            Ok(served) => Err(refused(format!(
                "invoice {} is collected through {}, and the payment was made through {}",
                invoice.number, served.processor.connection, processor.connection
            ))),
            Err(decision) => Err(refused(decision.reason.sentence())),
        }
    }
}

fn refused(text: String) -> EngineError {
    EngineError::Setup(text)
}

fn processors(world: &World) -> Vec<ProcessorPort> {
    let mut all: Vec<ProcessorPort> = Vec::new();
    for port in world.processors.keys().filter_map(|id| world.processor(id)) {
        // Two connections of one account are one list.
        if all.iter().all(|one| one.account != port.account) {
            all.push(port);
        }
    }
    all
}

async fn find_invoice(
    world: &World,
    processor: &ProcessorPort,
    id: &InvoiceId,
) -> Result<(ErpPort, Invoice)> {
    for account in erp_accounts(world, processor) {
        let Some(erp) = world.erp_of_account(&account) else { continue };
        let read = erp.port.invoices(std::slice::from_ref(id), Depth::Direct).await?.pop();
        match read {
            Some(Read::Found(invoice)) => return Ok((erp, invoice)),
            Some(Read::Odd(why)) => return Err(refused(format!("invoice {id}: {why}"))),
            Some(Read::Missing) | None => {}
        }
    }
    Err(refused(format!(
        "there is no invoice {id}: give its internal id, as cases name it, not its number"
    )))
}

fn fits(collection: &Collection, invoice: &Invoice) -> Result<()> {
    if invoice.status == InvoiceStatus::Voided {
        return Err(refused(format!("invoice {} is voided", invoice.number)));
    }
    if collection.amount.currency != invoice.due.currency {
        return Err(refused(format!(
            "payment {} is in {}, invoice {} in {}",
            collection.id, collection.amount.currency, invoice.number, invoice.due.currency
        )));
    }
    Ok(())
}
