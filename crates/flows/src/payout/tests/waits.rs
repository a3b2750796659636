//! A payout that waits for a week after its arrival is told to a person, whatever it waits for.

use super::check;

const ARRIVED: &str = "
    payout 990 paid
    item paid PM1 1000
    item fee PM1 -10 -2
";

#[test]
fn a_week_after_its_arrival_a_payout_that_waits_is_told() {
    let tells = |facts: &str, story: &str| check(&format!("{ARRIVED} {facts}"), story);
    let waits = "collected waiting_for_receipts (1 of 1 missing: collection/erp:1/INV1)";
    tells("arrived 2026-11-12", &format!("keep in line\n{waits} hints 1"));
    tells(
        "arrived 2026-11-11",
        &format!(
            "keep in line\n{waits} ! payout_waits (it arrived on 2026-11-11; The payout waits for \
             receipts of its collections: 1 of 1 missing: collection/erp:1/INV1) hints 1"
        ),
    );
    tells(
        "arrived 2026-11-11 \n says leave payout_waits",
        &format!("keep in line\n{waits} hints 1"),
    );
    // Booked, it is over.
    tells(
        "arrived 2026-11-11 \n receipt PM1 undeposited",
        "keep in line
         deposit/PO1/1 2026-11-11 bank 990 = R1 fees:-8 tax:-2
         closed booked (9.90 GBP) hints 1",
    );
}
