//! Two replicas on one database: a server, and commands beside it (DESIGN.md section 7).

use std::collections::BTreeMap;

use crate::world::{World, text};

/// Invoices of the story.
const AMOUNTS: [&str; 8] =
    ["11.11", "22.22", "33.33", "44.44", "55.55", "66.66", "77.77", "1234.56"];

#[test]
fn slow_a_server_and_commands_beside_it_do_everything_once() {
    let (world, _, invoices) = World::live(&AMOUNTS, &[]);
    let server = world.place.serve();
    world.register_webhooks();
    for _ in 0..14 {
        let syncs: Vec<_> = (0..2)
            .map(|_| world.place.begin(&["sync", "uk", "--until-quiet", "--timeout", "300"]))
            .collect();
        for sync in syncs {
            let ended = sync.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&ended.stdout).into_owned();
            let errors = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.success(), "{said}{errors}");
        }
        if !world.records("deposit").is_empty() {
            break;
        }
        world.days(1);
    }
    world.sync();
    drop(server);
    world.sync();
    let mut collected: BTreeMap<String, u32> = BTreeMap::new();
    for payment in world.payments() {
        *collected.entry(text(&payment["metadata"]["invoiceId"])).or_default() += 1;
    }
    let once: BTreeMap<String, u32> = invoices.iter().map(|id| (id.clone(), 1)).collect();
    assert_eq!(collected, once, "each invoice is collected once");
    let receipts = world.records("customerPayment");
    assert_eq!(receipts.len(), invoices.len());
    assert_eq!(world.records("deposit").len(), world.payouts().len());
    for invoice in &invoices {
        assert_eq!(world.remaining(invoice), "0");
    }
    assert_eq!(world.balance("116"), "0", "nothing is left in undeposited funds");
    let paid: i64 = world.payouts().iter().filter_map(|one| one["amount"].as_i64()).sum();
    let bank: rust_decimal::Decimal = world.balance("210").parse().expect("an amount");
    assert_eq!(bank * rust_decimal::Decimal::ONE_HUNDRED, paid.into(), "bank = payouts");
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}
