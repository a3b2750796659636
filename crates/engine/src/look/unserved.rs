//! The look at an invoice that no link serves: it is told why, people are told of payments that name it,
//! and nothing else is done.

use flows::collection::annotation;
use flows::collection::facts::{CollectionFacts, CustomerState};
use flows::collection::unserved::{self, Strangers};
use model::decision::Decision;
use model::ids::{AccountId, CollectionId};
use model::invoice::Invoice;
use model::payment::Collection;
use model::payout::KeptItem;
use model::policy::Mode;
use model::sight::Sight;
use ports::{Depth, Read};
use store::rows::{CaseContext, Claimed};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{ErpPort, World};

use super::collection::invoice_subject;
use super::payout::last_reason;
use super::{Looked, fact, refs};

impl Engine {
    /// Why no link serves the invoice is written on it too (mission row NG5), by any link of the ERP
    /// that is on; fields that tell of a payment are left as they are.
    pub(super) async fn tell_unserved(
        &self,
        world: &World,
        erp: &ErpPort,
        (claimed, context): (&Claimed, &CaseContext),
        invoice: &Sight<Invoice>,
        mut decision: Decision,
        seq: i64,
    ) -> Result<Looked> {
        self.tell_of_strangers(world, claimed, context, &mut decision).await?;
        let links = world.links_of_erp_account(&erp.account);
        let served = links
            .into_iter()
            .filter(|link| link.policy.mode == Mode::On)
            .find_map(|link| self.served(world, &link.id));
        let untouched = invoice.found().is_some_and(|one| one.annotation.collection.is_none());
        let found = invoice.found();
        // A change of the customer may give it a link.
        let own = found.map(|one| refs::customer(&erp.account, one.customer.as_str()));
        let Some(served) = served.filter(|_| untouched) else {
            let mut looked = Looked::bare(seq, decision);
            looked.refs.extend(own);
            return Ok(looked);
        };
        let resolved = self.resolve(world, context, false).await?;
        let frame = self.frame(&served, &resolved.views, false).await?;
        let stopped = frame.stopped;
        let unmatched = CustomerState::NotMatched(decision.reason.clone());
        let facts = CollectionFacts {
            person: context.person_facts.clone(),
            processor_name: served.link.processor.to_string(),
            ..CollectionFacts::of(frame, invoice.clone(), unmatched)
        };
        decision.command = annotation::command(&facts, &decision);
        let mut looked = Looked::bare(seq, decision);
        looked.erp = Some((erp.connection.clone(), erp.account.clone()));
        looked.resolved(resolved);
        looked.stopped = stopped;
        looked.refs.extend(own);
        looked.facts = found
            .and_then(|invoice| fact(invoice_subject(Depth::Cheap), invoice))
            .into_iter()
            .collect();
        Ok(looked)
    }

    /// What the payments of others that name the invoice come to.
    async fn tell_of_strangers(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        decision: &mut Decision,
    ) -> Result<()> {
        let stored = self.store.payment_context(&claimed.key).await?;
        let mut payments: Vec<Collection> = Vec::new();
        let mut items: Vec<(AccountId, KeptItem)> = Vec::new();
        for row in stored.collections.iter().filter(|row| row.adopted) {
            let ids: &[CollectionId] = std::slice::from_ref(&row.id);
            let of_row =
                stored.items.iter().filter(|kept| kept.item.collection.as_ref() == ids.first());
            items.extend(of_row.map(|kept| (row.account.clone(), kept.clone())));
            let Some(processor) = world.processor_of_account(&row.account) else { continue };
            let read = processor.port.collections(ids, Depth::Direct).await?.pop();
            payments.extend(read.and_then(Read::into_found));
        }
        let last_reason = last_reason(context);
        let strangers = Strangers {
            payments: &payments,
            items: &items,
            person: &context.person_facts,
            last_reason: last_reason.as_ref(),
        };
        unserved::tell(decision, strangers);
        Ok(())
    }
}
