//! The look at an invoice that no link serves: it is told why, and nothing else is done.

use flows::collection::annotation;
use flows::collection::facts::{CollectionFacts, CustomerState};
use model::decision::Decision;
use model::invoice::Invoice;
use model::policy::Mode;
use model::sight::Sight;
use ports::Depth;
use store::rows::CaseContext;

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{ErpPort, World};

use super::collection::invoice_subject;
use super::{Looked, fact, refs};

impl Engine {
    /// Why no link serves the invoice is written on it too (mission row NG5), by any link of the ERP
    /// that is on; fields that tell of a payment are left as they are.
    pub(super) async fn tell_unserved(
        &self,
        world: &World,
        erp: &ErpPort,
        context: &CaseContext,
        invoice: &Sight<Invoice>,
        mut decision: Decision,
        seq: i64,
    ) -> Result<Looked> {
        let links = world.links_of_erp(&erp.connection);
        let served = links
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
}
