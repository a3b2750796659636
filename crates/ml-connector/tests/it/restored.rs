//! A database put back from an older copy, as docs/operating/backup-and-keys.md says: what was made
//! after the copy is found and adopted, and nothing is made again.

use std::fs;
use std::path::Path;

use crate::world::{World, rows, text};

const DATA: &str = "ml-connector-data";

/// The store's folder, with nobody at work in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder").flatten() {
        if entry.file_type().expect("its type").is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
}

#[test]
fn slow_an_older_copy_adopts_what_was_made_after_it() {
    for (days_before_copy, post_on) in [(0, "paid_out"), (4, "paid_out"), (0, "confirmed")] {
        let post_on = format!("post_on=\"{post_on}\"");
        let (world, customer, invoices) = World::live(&["80.00", "19.99"], &[&post_on]);
        world.sync();
        world.days(days_before_copy);
        world.sync();
        let data = world.place.path().join(DATA);
        let kept = world.place.path().join("copy");
        copy(&data, &kept);
        let later = world.invoice(&customer.id, "33.00");
        world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
        world.sync();
        let count = |kind: &str| world.records(kind).len();
        let kinds = ["customerPayment", "deposit", "journalEntry", "customerRefund"];
        let before: Vec<usize> = kinds.iter().map(|kind| count(kind)).collect();
        let payments = world.payments().len();
        let bank = world.balance("210");

        copy(&kept, &data);
        world.place.well(&["stop"]);
        world.sync();
        world.place.well(&["resume"]);
        world.sync();
        let after: Vec<usize> = kinds.iter().map(|kind| count(kind)).collect();
        assert_eq!(after, before, "{kinds:?}: {}", world.place.status());
        assert_eq!(world.payments().len(), payments, "nothing is collected twice");
        assert_eq!(world.balance("210"), bank);
        assert!(world.attention("deposit_by_person").is_empty());
        for payout in world.payouts() {
            let shown = world.place.json(&["payouts", "show", &text(&payout["id"])], 0);
            let own = rows(&shown["own_documents"]);
            assert_eq!(own.len(), 1, "its deposit is listed: {shown}");
            let deposit = world.record("deposit", &text(&own[0]["document"]));
            assert_eq!(text(&deposit["total"]), bank, "{deposit}");
        }
        assert_eq!(world.place.json(&["verify"], 0)["proved"], true);

        // And it goes on from there.
        world.until("what came later", 14, |world| world.remaining(&later) == "0");
        for invoice in &invoices {
            assert_eq!(world.remaining(invoice), "0");
        }
        assert_eq!(world.payments().len(), 3);
        assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
    }
}
