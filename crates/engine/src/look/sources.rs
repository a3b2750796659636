//! Reads that several looks share: who the customer is at both sides, and which link serves it.

use std::collections::BTreeMap;

use flows::routing::{Candidate, route};
use model::customer::{CustomerPair, ErpCustomer};
use model::decision::{Decision, Stage};
use model::ids::{ErpCustomerId, LinkId};
use model::money::Currency;
use model::reason::{Reason, ReasonCode};
use ports::{Depth, Read};
use store::rows::{Link, PairQuery};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{ErpPort, ProcessorPort, World};

/// ERP customers read in this pass, so that a hundred invoices of one customer read it once.
#[derive(Default)]
pub(crate) struct Sources {
    pub customers: BTreeMap<ErpCustomerId, Read<ErpCustomer>>,
}

/// A link with both of its ports.
pub(crate) struct Served {
    pub link: Link,
    pub erp: ErpPort,
    pub processor: ProcessorPort,
}

impl Engine {
    /// Reads the customers that are not held yet, in slices.
    pub(crate) async fn read_customers(
        &self,
        sources: &mut Sources,
        erp: &ErpPort,
        wanted: impl IntoIterator<Item = ErpCustomerId>,
    ) -> Result<()> {
        let mut missing: Vec<ErpCustomerId> =
            wanted.into_iter().filter(|id| !sources.customers.contains_key(id)).collect();
        missing.sort();
        missing.dedup();
        for slice in missing.chunks(erp.port.description().slice_max.max(1)) {
            let reads = erp.port.customers(slice, Depth::Cheap).await?;
            for (id, read) in slice.iter().zip(reads) {
                sources.customers.insert(id.clone(), read);
            }
        }
        // What a query did not show is read directly.
        for id in missing {
            if matches!(sources.customers.get(&id), Some(Read::Missing) | None) {
                let read = erp.port.customers(std::slice::from_ref(&id), Depth::Direct).await?;
                sources.customers.extend(read.into_iter().map(|read| (id.clone(), read)));
            }
        }
        Ok(())
    }

    /// The link that serves the customer's documents in this currency.
    pub(crate) fn serve(
        &self,
        world: &World,
        erp: &ErpPort,
        customer: Option<&ErpCustomer>,
        currency: Currency,
    ) -> std::result::Result<Served, Box<Decision>> {
        let links: Vec<&Link> = world.links_of_erp(&erp.connection).collect();
        let names: Vec<Vec<String>> = links
            .iter()
            .map(|link| {
                let account = world.processor(&link.processor).map(|port| port.account.to_string());
                std::iter::once(link.processor.to_string()).chain(account).collect()
            })
            .collect();
        let candidates: Vec<Candidate<'_>> = links
            .iter()
            .zip(&names)
            .map(|(link, names)| Candidate {
                link: &link.id,
                processor_names: names.iter().map(String::as_str).collect(),
                policy: &link.policy,
            })
            .collect();
        let named = customer.and_then(|customer| customer.stored.processor_account.as_deref());
        let refused =
            |code, detail: String| Box::new(Decision::rest(Stage::Open, Reason::new(code, detail)));
        let id = route(&candidates, named, currency)
            .map_err(|code| refused(code, format!("{currency}")))?;
        self.served(world, id)
            .ok_or_else(|| refused(ReasonCode::Unavailable, format!("link {id} is not connected")))
    }

    pub(crate) fn served(&self, world: &World, id: &LinkId) -> Option<Served> {
        let link = world.links.get(id)?.clone();
        let erp = world.erp(&link.erp)?;
        let processor = world.processor(&link.processor)?;
        Some(Served { link, erp, processor })
    }

    pub(crate) async fn pair(
        &self,
        served: &Served,
        customer: &ErpCustomerId,
    ) -> Result<Option<CustomerPair>> {
        let query = PairQuery {
            erp: served.erp.account.clone(),
            processor: served.processor.account.clone(),
            customer: customer.clone(),
        };
        Ok(self.store.pairs(&[query]).await?.into_iter().next().flatten())
    }
}
