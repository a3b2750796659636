//! The look at a refund that was made at the processor.

use std::collections::{BTreeMap, BTreeSet};

use flows::refund::facts::{RefundFacts, Settlement};
use model::case::CaseKey;
use model::command::{CommandState, CommandView};
use model::decision::{Decision, DocumentRole, Stage};
use model::ids::{CollectionId, ErpCustomerId, InvoiceId, PayoutId, ProcessorRefundId};
use model::key::Key;
use model::payout::{KeptItem, Payout, PayoutItemKind};
use model::reason::{Reason, ReasonCode};
use model::receipt::{DocumentKind, ErpDocument, Receipt};
use model::sight::Sight;
use ports::{Depth, Read};
use store::rows::{CaseContext, Claimed, FactRow};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{ProcessorPort, World};

use super::batch::Batch;
use super::payout::last_reason;
use super::sources::Served;
use super::{Looked, fact, refs, sight};

impl Engine {
    pub(crate) async fn look_refund(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        batch: &Batch,
        depth: Depth,
    ) -> Result<Looked> {
        let seq = self.look_seq(depth, batch).await?;
        let no_link = |what: &str| {
            let reason = Reason::new(ReasonCode::NoLink, what);
            Looked::bare(seq, Decision::rest(Stage::Open, reason))
        };
        let Some(processor) = world.processor_of_account(&claimed.key.account) else {
            return Ok(no_link(claimed.key.account.as_str()));
        };
        let id = ProcessorRefundId::new(claimed.key.subject.as_str());
        let read = processor.port.refunds(std::slice::from_ref(&id)).await?.pop();
        let refund = read.map_or(Sight::NotRead, sight);
        let items = self.store.items_of_refund(&processor.account, &id).await?;
        let payouts = self.payouts_of(&processor, &items).await?;
        let Some(served) = self.serves_payout(world, &processor, payouts.values().next()) else {
            return Ok(no_link(processor.connection.as_str()));
        };
        let resolved = self.resolve(world, context, false).await?;
        let payment = refund
            .found()
            .and_then(|refund| refund.collection.clone())
            .or_else(|| items.iter().find_map(|kept| kept.item.collection.clone()));
        let collection = self.case_of_payment(world, &processor, payment.as_ref()).await?;
        let invoice = collection.as_ref().map(|case| InvoiceId::new(case.subject.as_str()));
        let customer = self.customer_of(&served, invoice.as_ref()).await?;
        let (settlements, reversals) =
            self.settlements(&served, &processor, payment.as_ref(), batch, depth).await?;
        let keys = own_keys(&items, &resolved.views);
        let mut documents = self.documents(&served.erp, &keys, depth, batch).await?;
        let made = |key: &Key| {
            let done = |view: &CommandView| view.key == *key && view.state == CommandState::Done;
            resolved.views.iter().any(done)
        };
        self.read_unseen(&served.erp, &keys, &mut documents, made).await?;
        let frame = self.frame(&served, &resolved.views, depth == Depth::Direct).await?;
        let stopped = frame.stopped;
        let facts = RefundFacts {
            frame,
            id,
            refund,
            items,
            settlements,
            reversals,
            payouts,
            documents,
            collection,
            invoice,
            customer,
            person: context.person_facts.clone(),
            last_reason: last_reason(context),
        };
        let decision = flows::refund::decide(&facts);
        let references = payment
            .iter()
            .map(|payment| refs::collection(&processor.account, payment.as_str()))
            .collect();
        let looked = Looked::served(seq, &served, resolved, decision);
        Ok(Looked { facts: refund_facts(&facts), refs: references, stopped, ..looked })
    }

    async fn payouts_of(
        &self,
        processor: &ProcessorPort,
        items: &[KeptItem],
    ) -> Result<BTreeMap<PayoutId, Payout>> {
        let ids: BTreeSet<PayoutId> = items.iter().map(|kept| kept.payout.clone()).collect();
        let ids: Vec<PayoutId> = ids.into_iter().collect();
        let reads = processor.port.payouts(&ids).await?;
        let found = reads.into_iter().filter_map(Read::into_found);
        Ok(found.map(|payout| (payout.id.clone(), payout)).collect())
    }

    async fn case_of_payment(
        &self,
        world: &World,
        processor: &ProcessorPort,
        payment: Option<&CollectionId>,
    ) -> Result<Option<CaseKey>> {
        let Some(payment) = payment else { return Ok(None) };
        let ids = std::slice::from_ref(payment);
        let row = self.store.collection_rows(&processor.account, ids).await?.pop().flatten();
        if let Some(row) = row {
            return self.booking_case(world, &row).await;
        }
        Ok(self.introduce(world, processor, ids).await?.pop())
    }

    async fn customer_of(
        &self,
        served: &Served,
        invoice: Option<&InvoiceId>,
    ) -> Result<Option<ErpCustomerId>> {
        let Some(invoice) = invoice else { return Ok(None) };
        let ids = std::slice::from_ref(invoice);
        let mut read = served.erp.port.invoices(ids, Depth::Cheap).await?;
        if !matches!(read.first(), Some(Read::Found(_))) {
            read = served.erp.port.invoices(ids, Depth::Direct).await?;
        }
        Ok(read.pop().and_then(Read::into_found).map(|invoice| invoice.customer))
    }

    /// The receipts of the payment in the order of their settlements, and how many were reversed.
    async fn settlements(
        &self,
        served: &Served,
        processor: &ProcessorPort,
        payment: Option<&CollectionId>,
        batch: &Batch,
        depth: Depth,
    ) -> Result<(Vec<Settlement>, u32)> {
        let Some(payment) = payment else { return Ok((Vec::new(), 0)) };
        let mut items = self.store.items_of_collection(&processor.account, payment).await?;
        items.sort_by_key(|kept| (kept.arrival_on, kept.payout.clone(), kept.item.ordinal));
        let reversed = items.iter().filter(|kept| kept.item.kind.is_reversal()).count();
        let mut settlements = Vec::new();
        for kept in items {
            if kept.item.kind != PayoutItemKind::PaymentPaidOut {
                continue;
            }
            let documents = self.store.item_documents(&processor.account, &kept.payout).await?;
            let tied = documents.into_iter().find(|document| {
                document.role == DocumentRole::Receipt && document.ordinal == kept.item.ordinal
            });
            let own = || Key::new(&["receipt", payment.as_str(), kept.payout.as_str()]);
            let key = tied.as_ref().map_or_else(own, |document| document.key.clone());
            let wanted = [(DocumentKind::Receipt, key.clone())];
            let mut read = self.documents(&served.erp, &wanted, depth, batch).await?;
            let nobody = |_: &Key| false;
            self.read_taken_over(&served.erp, tied.as_slice(), &mut read, nobody).await?;
            let receipt = read.remove(&key).map_or(Sight::NotRead, as_receipt);
            settlements.push(Settlement { kept: Some(kept), key, receipt });
        }
        Ok((settlements, u32::try_from(reversed).unwrap_or(u32::MAX)))
    }
}

fn as_receipt(document: Sight<ErpDocument>) -> Sight<Receipt> {
    match document {
        Sight::Found(ErpDocument::Receipt(receipt)) => Sight::Found(receipt),
        Sight::Found(
            ErpDocument::Refund(_) | ErpDocument::Deposit(_) | ErpDocument::Journal(_),
        ) => Sight::Odd("another kind of document carries the receipt's key".to_owned()),
        Sight::Missing => Sight::Missing,
        Sight::Odd(why) => Sight::Odd(why),
        Sight::NotRead => Sight::NotRead,
    }
}

/// Keys of the documents that stand, or may stand, for the refund's items.
fn own_keys(
    items: &[KeptItem],
    commands: &[model::command::CommandView],
) -> Vec<(DocumentKind, Key)> {
    let mut keys = Vec::new();
    for kept in items {
        let ordinal = kept.item.ordinal.to_string();
        let key = |word: &str| Key::new(&[word, kept.payout.as_str(), &ordinal]);
        keys.push((DocumentKind::Refund, key("refund")));
        for (kind, word) in [(DocumentKind::Journal, "loss"), (DocumentKind::Receipt, "returned")] {
            let key = key(word);
            if commands.iter().any(|view| view.key == key)
                || kept.item.kind == PayoutItemKind::RefundFundsReturned
            {
                keys.push((kind, key));
            }
        }
    }
    keys
}

fn refund_facts(facts: &RefundFacts) -> Vec<FactRow> {
    let mut rows: Vec<FactRow> =
        facts.refund.found().and_then(|refund| fact("refund", refund)).into_iter().collect();
    for (key, document) in &facts.documents {
        if let Sight::Found(document) = document {
            rows.extend(fact(format!("document/{key}"), document));
        }
    }
    rows
}
