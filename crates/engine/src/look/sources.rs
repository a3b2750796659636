//! Reads that several looks share: who the customer is at both sides, and which link serves it.

use flows::routing::{Candidate, route};
use model::customer::{CustomerPair, ErpCustomer};
use model::decision::{Decision, Stage};
use model::ids::{ErpCustomerId, LinkId};
use model::money::Currency;
use model::reason::{Reason, ReasonCode};
use store::rows::{Link, PairQuery};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{ErpPort, ProcessorPort, World};

/// A link with both of its ports.
pub(crate) struct Served {
    pub link: Link,
    pub erp: ErpPort,
    pub processor: ProcessorPort,
}

impl Engine {
    /// The link that serves the customer's documents in this currency.
    pub(crate) fn serve(
        &self,
        world: &World,
        erp: &ErpPort,
        customer: Option<&ErpCustomer>,
        currency: Currency,
    ) -> std::result::Result<Served, Box<Decision>> {
        let links = world.links_of_erp_account(&erp.account);
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
