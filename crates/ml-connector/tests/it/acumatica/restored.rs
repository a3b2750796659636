//! The database is put back from an older copy, after a payment was refunded in part: what is split in
//! the ERP then was split by us, whatever the copy knows of it.

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
