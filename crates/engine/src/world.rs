//! The connections and links that the engine works with, and who serves which account.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::ids::{AccountId, ConnectionId, LinkId};
use model::policy::Mode;
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

    /// The ERP of the account, through the connection that its links use.
    #[must_use]
    pub fn erp_of_account(&self, account: &AccountId) -> Option<ErpPort> {
        self.connections_of(account).into_iter().find_map(|id| self.erp(id))
    }

    /// The processor of the account, through the connection that its links use.
    #[must_use]
    pub fn processor_of_account(&self, account: &AccountId) -> Option<ProcessorPort> {
        self.connections_of(account).into_iter().find_map(|id| self.processor(id))
    }

    /// The connections to one account: those of links at work first, then those of links that are off.
    /// One that no link uses, made to try something for example, comes last whatever its name.
    fn connections_of(&self, account: &AccountId) -> Vec<&ConnectionId> {
        let rank = |id: &ConnectionId| {
            let links = self.links_of_erp(id).chain(self.links_of_processor(id));
            links.map(use_of).min().unwrap_or(Use::None)
        };
        let all = self.connections.values();
        let mut ids: Vec<_> =
            all.filter(|one| one.account.as_ref() == Some(account)).map(|one| &one.id).collect();
        ids.sort_by_key(|id| rank(id));
        ids
    }

    /// The links of an ERP account, whichever of its connections they use; those at work first.
    #[must_use]
    pub fn links_of_erp_account(&self, account: &AccountId) -> Vec<&Link> {
        self.links_where(|link| self.account_of(&link.erp).as_ref() == Some(account))
    }

    /// The links of a processor account, whichever of its connections they use; those at work first.
    #[must_use]
    pub fn links_of_processor_account(&self, account: &AccountId) -> Vec<&Link> {
        self.links_where(|link| self.account_of(&link.processor).as_ref() == Some(account))
    }

    fn links_where(&self, of_account: impl Fn(&Link) -> bool) -> Vec<&Link> {
        let mut links: Vec<&Link> = self.links.values().filter(|link| of_account(link)).collect();
        links.sort_by_key(|link| use_of(link));
        links
    }

    /// The links that use this very connection, for what is read through each.
    pub fn links_of_erp<'a>(
        &'a self,
        connection: &'a ConnectionId,
    ) -> impl Iterator<Item = &'a Link> {
        self.links.values().filter(move |link| link.erp == *connection)
    }

    /// The links that use this very connection, for what is read through each.
    pub fn links_of_processor<'a>(
        &'a self,
        connection: &'a ConnectionId,
    ) -> impl Iterator<Item = &'a Link> {
        self.links.values().filter(move |link| link.processor == *connection)
    }
}

/// What a link makes of its connections; the most wanted first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    AtWork,
    Off,
    None,
}

fn use_of(link: &Link) -> Use {
    match link.policy.mode {
        Mode::Off => Use::Off,
        Mode::On | Mode::PostOnly => Use::AtWork,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::policy::Policy;
    use store::rows::Side;

    use super::*;

    /// Connections as `name=account`, links as `name:erp>processor mode`.
    fn world(connections: &[&str], links: &[&str]) -> World {
        let mut world = World::default();
        for one in connections {
            let (id, account) = one.split_once('=').unwrap();
            let connection = Connection {
                id: ConnectionId::new(id),
                side: Side::Erp,
                system: "simulated".to_owned(),
                account: Some(AccountId::new(account)).filter(|_| !account.is_empty()),
                production: None,
                url: None,
                allow_host: false,
                settings: BTreeMap::new(),
                created_at: Timestamp::UNIX_EPOCH,
            };
            world.connections.insert(connection.id.clone(), connection);
        }
        for one in links {
            let (id, rest) = one.split_once(':').unwrap();
            let (sides, mode) = rest.split_once(' ').unwrap();
            let (erp, processor) = sides.split_once('>').unwrap();
            let mode = match mode {
                "on" => Mode::On,
                "post" => Mode::PostOnly,
                _ => Mode::Off,
            };
            let link = Link {
                id: LinkId::new(id),
                erp: ConnectionId::new(erp),
                processor: ConnectionId::new(processor),
                policy: Policy { mode, ..Policy::default() },
                version: 0,
            };
            world.links.insert(link.id.clone(), link);
        }
        world
    }

    #[test]
    fn an_account_is_reached_through_the_connection_that_links_use() {
        let all = ["a=books", "b=books", "c=books", "gc=bank", "d=other", "e="];
        let check = |links: &[&str], account: &str, expected: &[&str]| {
            let world = world(&all, links);
            let found = world.connections_of(&AccountId::new(account));
            let found: Vec<&str> = found.into_iter().map(ConnectionId::as_str).collect();
            assert_eq!(found, expected, "{links:?} {account}");
        };
        check(&[], "books", &["a", "b", "c"]);
        check(&["uk:b>gc on"], "books", &["b", "a", "c"]);
        check(&["uk:c>gc off"], "books", &["c", "a", "b"]);
        check(&["uk:c>gc on", "eu:b>gc off"], "books", &["c", "b", "a"]);
        check(&["uk:c>gc post", "eu:b>gc off", "se:b>gc on"], "books", &["b", "c", "a"]);
        check(&["uk:b>gc on"], "bank", &["gc"]);
        check(&["uk:b>c on"], "books", &["b", "c", "a"]);
        check(&["uk:b>gc on"], "nowhere", &[]);
    }

    #[test]
    fn the_links_of_an_account_are_those_of_all_its_connections() {
        let check = |links: &[&str], expected: &[&str]| {
            let world = world(&["a=books", "b=books", "d=other", "gc=bank", "hc=bank"], links);
            let names = |links: Vec<&Link>| -> Vec<String> {
                links.into_iter().map(|link| link.id.to_string()).collect()
            };
            let of_erp = names(world.links_of_erp_account(&AccountId::new("books")));
            assert_eq!(of_erp, expected, "{links:?}");
            let of_bank: Vec<String> =
                names(world.links_of_processor_account(&AccountId::new("bank")));
            let theirs: Vec<String> = of_bank.into_iter().filter(|id| id != "x").collect();
            assert_eq!(theirs, expected, "{links:?}");
        };
        check(&["uk:b>gc on", "x:d>gc on"], &["uk"]);
        check(&["eu:a>gc off", "uk:b>hc on"], &["uk", "eu"]);
        check(&["eu:a>hc on", "uk:b>gc post"], &["eu", "uk"]);
        check(&["x:d>hc on"], &[]);
    }
}
