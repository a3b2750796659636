//! The database is put back from an older copy, after a payment was refunded in part: what is split in
//! the ERP then was split by us, whatever the copy knows of it.

use serde_json::json;

use super::{BANK, World, open};
use crate::restored::copy;

const DATA: &str = "ml-connector-data";

#[test]
fn slow_our_own_split_is_no_persons_doing_after_a_restore() {
    for post_on in ["paid_out", "confirmed"] {
        let post_on = format!("post_on=\"{post_on}\"");
        let (world, invoices) = World::live(&["75.00", "40.00"], &[&post_on]);
        let data = world.place.path().join(DATA);
        let kept = |name: &str| world.place.path().join(name);
        let keep = |name: &str| copy(&data, &kept(name));
        world.sync();
        keep("collected");
        world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
        world.sync();
        keep("booked");
        world.refunded_in_part(&invoices[1]);
        keep("refunded");
        world.proved();
        let stands = |world: &World| {
            let receipts = world.records("Payment");
            (receipts.len(), world.batches("deposit").len(), world.balance(BANK))
        };
        let before = stands(&world);
        for name in ["collected", "booked", "refunded"] {
            copy(&kept(name), &data);
            world.place.well(&["stop"]);
            world.sync();
            world.place.well(&["resume"]);
            world.sync();
            let told = world.place.run(&["attention", "list"]);
            assert!(told.status.success(), "{name}: {}", String::from_utf8_lossy(&told.stdout));
            world.proved();
            assert_eq!(stands(&world), before, "{name}: nothing is made again");
            assert_eq!(world.owed(&invoices[1]), open("10"));
        }
    }
}

/// How a reversal reaches the bank is read from its document, whatever the link's policy was at the time
/// of the copy.
#[test]
fn slow_a_reversal_of_another_policy_is_nobodys_deposit_after_a_restore() {
    let (world, invoices) = World::live(&["75.00", "40.00"], &["reversals=\"in_deposit\""]);
    let data = world.place.path().join(DATA);
    let kept = world.place.path().join("before");
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    world.sync();
    copy(&data, &kept);
    world.place.well(&["links", "set", "uk", "reversals=from_bank"]);
    let payment = world.payment(&invoices[1]);
    world.act(&json!({"action": "charge_back", "payment": payment}));
    world.invoice("200.00");
    world.until("the second deposit", 20, |world| world.batches("deposit").len() == 2);
    world.sync();
    world.proved();
    let before = (world.batches("deposit").len(), world.balance(BANK));
    copy(&kept, &data);
    world.place.well(&["stop"]);
    world.sync();
    world.place.well(&["resume"]);
    world.sync();
    world.day();
    world.sync();
    assert_eq!((world.batches("deposit").len(), world.balance(BANK)), before);
    world.proved();
}
