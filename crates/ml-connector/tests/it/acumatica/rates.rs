//! No field of the endpoint takes an exchange rate: a link with fixed ones is refused before it collects
//! what could not be booked, and one that has them is told, with the way out (decision 0022).

use model::case::Actor;
use model::policy::{Exchange, FixedRates};
use store::MasterKeySource;

use super::{World, closed};

/// Rates of a company that keeps its books in euros.
const FIXED: [&str; 2] = ["exchange.fixed.base=EUR", "exchange.fixed.rates.GBP.2026-03=1.1500"];

impl World {
    /// The link has these rates from before they were refused.
    fn has_fixed_rates(&self) {
        let data = self.place.path().join("ml-connector-data");
        let key = MasterKeySource::File(data.join("master.key"));
        let store = store::open_or_create(&data.join("ml-connector.sqlite"), &key);
        let store = store.expect("the database");
        let rates: FixedRates =
            toml::from_str("base = 'EUR'\nrates.GBP.2026-03 = '1.1500'").expect("rates");
        let actor = Actor::Person("ada".to_owned());
        self._runtime.block_on(async {
            let mut link = store.links().await.expect("the links").remove(0);
            link.policy.exchange = Exchange::Fixed(rates);
            store.put_link(&link, &actor, self.now()).await.expect("it is kept");
        });
    }
}

#[test]
fn slow_fixed_rates_are_refused_and_a_link_that_has_them_is_told_the_way_out() {
    let (world, _) = World::live(&[], &[]);
    let link = ["links", "add", "eu", "--erp", "acu", "--processor", "gc"];
    let with = ["--set", "currencies=[\"EUR\"]", "--set", FIXED[0], "--set", FIXED[1]];
    let words = |link: &str| {
        let cure = format!("ml-connector links set {link} exchange.fixed=");
        ["exchange.fixed: Acumatica takes no exchange rate".to_owned(), cure]
    };
    let set = [&["links", "set", "uk"][..], &FIXED].concat();
    for (link, command) in [("eu", [&link[..], &with].concat()), ("uk", set.clone())] {
        let said = world.place.fails(&command, 2);
        for words in words(link) {
            assert!(said.contains(&words), "{said}");
        }
    }
    world.has_fixed_rates();
    let shown = world.tells(&["connections", "ping", "acu"]);
    for words in words("uk").iter().map(String::as_str).chain(["MISSING     exchange of link uk"]) {
        assert!(shown.contains(words), "{shown}");
    }
    let said = world.place.fails(&["links", "on", "uk", "--accept", "0:0:-"], 2);
    assert!(said.contains("exchange.fixed: Acumatica"), "{said}");
    // What was collected all the same says what to do, and is booked then.
    let invoice = world.invoice("75.00");
    world.until_told("unsupported_here", &["links set LINK exchange.fixed=", "attention retry"]);
    world.place.well(&["links", "set", "uk", "exchange.fixed="]);
    world.place.well(&["attention", "retry", "ALL"]);
    world.until("the deposit", 5, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoice), closed());
    assert!(world.told("unsupported_here").is_empty());
    world.place.well(&["connections", "ping", "acu"]);
    world.proved();
}
