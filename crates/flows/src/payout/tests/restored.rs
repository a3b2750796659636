//! Deposits that the ERP has under our keys and that no command knows: an older copy of the database
//! was put back.

use super::check;
use super::world::World;
use crate::payout::deposit_to_read;

const SMALL: &str = "
    payout 990 paid
    item paid PM1 1000
    item fee PM1 -10 -2
";

#[test]
fn a_deposit_that_only_the_erp_knows_is_ours() {
    check(
        &format!("{SMALL} receipt PM1 deposited \n forgotten 1 990 R1"),
        "keep in line
         closed booked (9.90 GBP) hints 1",
    );
    check(
        &format!("{SMALL} receipt PM1 deposited \n forgotten 1 995 R1"),
        "keep in line
         collected deposit_differs (documents 9.95 GBP, payout 9.90 GBP) hints 1",
    );
    // Of two payments, one stands in it.
    check(
        "payout 1980 paid
         item paid PM1 1000
         item paid PM2 1000
         item fee PM1 -20
         receipt PM1 deposited
         receipt PM2 undeposited
         forgotten 1 980 R1",
        "keep in in line
         deposit/PO1/2 2026-11-18 bank 1000 = R2
         closed booked (19.80 GBP) hints 2",
    );
}

/// What is asked of the ERP, key after key, before a person is taken to have deposited.
#[test]
fn deposits_under_our_keys_are_asked_for_while_a_receipt_stands_apart() {
    let asked = |known: &str| {
        let mut world = World::new();
        known
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .for_each(|line| world.learn(line));
        world.play();
        let facts = &world.facts;
        let key = deposit_to_read(&facts.frame.commands, &facts.id, &facts.erp_documents);
        key.map(|key| key.to_string())
    };
    assert_eq!(asked(&format!("{SMALL} receipt PM1 undeposited")), None, "it is in ours by now");
    assert_eq!(asked(&format!("{SMALL} receipt PM1 deposited")).as_deref(), Some("deposit/PO1/1"));
    let first = format!("{SMALL} receipt PM1 deposited \n forgotten 1 990");
    assert_eq!(asked(&first).as_deref(), Some("deposit/PO1/2"), "it is not in the first");
    assert_eq!(asked(&format!("{first} R1")), None);
}
