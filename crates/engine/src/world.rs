//! The connections and links that the engine works with, and who serves which account.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::ids::{AccountId, ConnectionId, LinkId};
use ports::{Erp, Processor};
use store::rows::{Connection, Link};

/// Read once from the store and connected by the shell; replaced as a whole when it changes.
#[derive(Default, Clone)]
pub struct World {
    pub connections: BTreeMap<ConnectionId, Connection>,
    pub links: BTreeMap<LinkId, Link>,
    pub erps: BTreeMap<ConnectionId, Arc<dyn Erp>>,
    pub processors: BTreeMap<ConnectionId, Arc<dyn Processor>>,
}

/// An ERP connection in use.
#[derive(Clone)]
pub struct ErpPort {
    pub connection: ConnectionId,
    pub account: AccountId,
    pub port: Arc<dyn Erp>,
}

/// A processor connection in use.
#[derive(Clone)]
pub struct ProcessorPort {
    pub connection: ConnectionId,
    pub account: AccountId,
    pub port: Arc<dyn Processor>,
}

impl World {
    fn account_of(&self, connection: &ConnectionId) -> Option<AccountId> {
        self.connections.get(connection)?.account.clone()
    }

    /// Connected, and its account is known.
    #[must_use]
    pub fn erp(&self, connection: &ConnectionId) -> Option<ErpPort> {
        let account = self.account_of(connection)?;
        let port = self.erps.get(connection)?.clone();
        Some(ErpPort { connection: connection.clone(), account, port })
    }

    #[must_use]
    pub fn processor(&self, connection: &ConnectionId) -> Option<ProcessorPort> {
        let account = self.account_of(connection)?;
        let port = self.processors.get(connection)?.clone();
        Some(ProcessorPort { connection: connection.clone(), account, port })
    }

    #[must_use]
    pub fn erp_of_account(&self, account: &AccountId) -> Option<ErpPort> {
        self.erps.keys().filter_map(|id| self.erp(id)).find(|erp| erp.account == *account)
    }

    #[must_use]
    pub fn processor_of_account(&self, account: &AccountId) -> Option<ProcessorPort> {
        let mut all = self.processors.keys().filter_map(|id| self.processor(id));
        all.find(|processor| processor.account == *account)
    }

    pub fn links_of_erp<'a>(
        &'a self,
        connection: &'a ConnectionId,
    ) -> impl Iterator<Item = &'a Link> {
        self.links.values().filter(move |link| link.erp == *connection)
    }

    pub fn links_of_processor<'a>(
        &'a self,
        connection: &'a ConnectionId,
    ) -> impl Iterator<Item = &'a Link> {
        self.links.values().filter(move |link| link.processor == *connection)
    }
}
