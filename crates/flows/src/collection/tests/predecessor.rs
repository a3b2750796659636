//! Receipts of others for payments that were taken over: found and used in the place of ours.

use std::collections::BTreeMap;

use model::ids::{CollectionId, InvoiceId};
use model::receipt::{Application, Receipt};

use super::told;
use super::world::{World, pounds};
use super::world_effects::receipt;
use crate::collection::predecessor::{is_over, take_over, to_search};

const PAID: &str = "payment PM1 paid_out adopted, item PO1/0 paid PM1 100 3d";

fn searched(known: &str) -> Vec<String> {
    let mut world = World::new();
    world.learn_all(known);
    to_search(&world.facts).iter().map(ToString::to_string).collect()
}

#[test]
fn what_ended_before_the_cut_over_says_nothing() {
    let over = |state: &str, cut_over: &str| {
        let mut world = World::new();
        world.learn_all(&format!("payment PM1 {state} adopted, policy {cut_over}"));
        let policy = &world.facts.frame.policy;
        world.facts.readable().any(|(_, collection)| is_over(policy, collection))
    };
    // Made on 29 August.
    assert!(over("failed", "cut-over:2026-08-30"));
    assert!(!over("failed", "cut-over:2026-08-29"));
    assert!(over("charged_back", "no-cut-over"));
    assert!(!over("submitted", "cut-over:2026-11-01"), "it may still bring money");
    assert!(!over("paid_out", "cut-over:2026-11-01"), "it may still be taken back");
}

#[test]
fn the_erp_is_asked_before_a_receipt_is_recorded() {
    assert_eq!(searched(PAID), ["PM1"]);
    assert!(searched(&PAID.replace(" adopted", "")).is_empty(), "ours has ours");
    assert!(searched("payment PM1 confirmed adopted").is_empty(), "nothing to record yet");
    assert!(searched(&format!("{PAID} route:line")).is_empty(), "suspense needs one of ours");
    assert!(searched(&format!("{PAID}, receipt PM1/PO1 100 applied:100")).is_empty());
    assert!(searched(&format!("{PAID}, cmd receipt/PM1/PO1 in_flight")).is_empty());
    assert!(searched(&format!("{PAID}, policy cut-over:2026-11-18")).is_empty());
}

/// What is decided once these receipts were found: minor units, and whether voided.
fn decided(known: &str, found: &[(&str, i64, bool)]) -> String {
    let mut world = World::new();
    world.learn_all(known);
    let receipts = found.iter().map(|(id, minor, voided)| {
        let mut one = receipt(id, *minor);
        one.voided = *voided;
        one.unapplied = pounds(0);
        one.applications =
            vec![Application { invoice: InvoiceId::new("J"), amount: pounds(*minor) }];
        one
    });
    let found = BTreeMap::from([(CollectionId::new("PM1"), receipts.collect())]);
    take_over(&mut world.facts, found);
    told::decision(&world.decide())
}

#[test]
fn theirs_takes_the_place_of_ours() {
    let ours = "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-17";
    assert_eq!(decided(PAID, &[]), ours);
    let paid = format!("{PAID}, invoice paid");
    assert_eq!(decided(&paid, &[("5014", 100, false)]), "collected");
    assert_eq!(decided(PAID, &[("5014", 100, true)]), ours, "a voided one is none");
    assert_eq!(decided(&paid, &[("5014", 90, false)]), "receipt_differs");
    // On another one: the invoice is still owed, and nobody collects it again.
    assert_eq!(decided(PAID, &[("5014", 100, false)]), "collected ! receipt_unapplied");
    let left = format!("{PAID}, said leave receipt_unapplied");
    assert_eq!(decided(&left, &[("5014", 100, false)]), "collected");
    assert_eq!(decided(&paid, &[("5014", 90, false), ("5015", 100, false)]), "collected");
}

/// Also where it is one of ours that no command knows any more: made before the database was put back.
#[test]
fn what_was_refunded_of_theirs_can_pay_no_invoice() {
    let part = |applied: i64, unapplied: i64| {
        let mut world = World::new();
        world.learn_all(&format!("{PAID}, due 10"));
        let mut one = receipt("5014", 100);
        one.unapplied = pounds(unapplied);
        one.applications =
            vec![Application { invoice: InvoiceId::new("I"), amount: pounds(applied) }];
        take_over(&mut world.facts, BTreeMap::from([(CollectionId::new("PM1"), vec![one])]));
        told::decision(&world.decide())
    };
    assert_eq!(part(90, 0), "collected", "ten were refunded");
    assert_eq!(part(90, 10), "collected ! receipt_unapplied", "ten pay nothing");
    assert_eq!(part(85, 5), "collected ! receipt_unapplied");
}

#[test]
fn a_late_receipt_of_ours_is_not_theirs() {
    let decided_of = |payment: &str, stamp: &str| {
        let mut world = World::new();
        world.learn_all(&PAID.replace("PM1", payment));
        let found = Receipt { stamp: Some(stamp.to_owned()), ..receipt("5014", 100) };
        take_over(&mut world.facts, BTreeMap::from([(CollectionId::new(payment), vec![found])]));
        told::decision(&world.decide())
    };
    let decided = |stamp: &str| decided_of("PM1", stamp);
    let ours = "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-17";
    assert_eq!(decided("receipt/PM1/PO9"), ours, "it stands for another settlement");
    assert_eq!(
        decided("receipt-PM1-PO9-0123456789ABCDE"),
        ours,
        "as a system of short references writes it"
    );
    assert_eq!(decided("returned-PO9-2-5qrsvlgpwzid"), ours, "of a refund that came back");
    let long = |stamp: &str| decided_of("PM01MF8GFVNE09FN1X9D6SZTWB2H", stamp);
    assert!(long("receipt-PM01MF8GFVNE09FN1X9D5qrsvlgpwzid").starts_with("receipt/"), "cut short");
    assert!(!long("PM01MF8GFVNE09FN1X9D6SZTWB2H").starts_with("receipt/"));
    assert!(!decided("PM1").starts_with("receipt/"), "as somebody else may name it");
}

#[test]
fn theirs_counts_before_the_payment_is_paid_out() {
    let paid = "payment PM1 confirmed adopted, invoice paid";
    assert_eq!(searched(paid), ["PM1"], "before the amounts are said to differ");
    assert!(searched("payment PM1 confirmed adopted, due 100").is_empty());
    assert!(searched("payment PM1 confirmed, invoice paid").is_empty());
    let mut world = World::new();
    world.learn_all(paid);
    let mut theirs = receipt("5014", 100);
    theirs.applications = vec![Application { invoice: InvoiceId::new("I"), amount: pounds(100) }];
    let found = BTreeMap::from([(CollectionId::new("PM1"), vec![theirs])]);
    take_over(&mut world.facts, found);
    assert_eq!(told::decision(&world.decide()), "waiting_for_payout");
    assert_eq!(decided(paid, &[]), "waiting_for_payout ! amount_changed");
}

#[test]
fn theirs_for_a_payment_that_brought_no_money_is_told() {
    let lost = "payment PM1 failed adopted, event PM1 failed bank_account_closed, invoice paid";
    assert_eq!(searched(lost), ["PM1"]);
    assert!(searched("payment PM1 failed adopted, due 100").is_empty(), "nothing pays the invoice");
    let told = decided(lost, &[("5014", 100, false)]);
    assert!(told.ends_with(" ! predecessor_receipt_stands"), "{told}");
    for found in [&[][..], &[("5014", 100, true)]] {
        let told = decided(lost, found);
        assert!(!told.contains("predecessor_receipt_stands"), "{told}");
    }
    let left = format!("{lost}, said leave predecessor_receipt_stands");
    assert!(searched(&left).is_empty());
    assert!(!decided(&left, &[("5014", 100, false)]).contains("stands"));
}

#[test]
fn one_receipt_stands_for_one_settlement() {
    let twice = "payment PM1 paid_out adopted, item PO1/0 paid PM1 100 9d, \
                 item PO2/0 charged_back PM1 -100 6d, item PO3/0 paid PM1 100 3d, invoice paid";
    let placed = |known: &str, found: &[&str]| -> Vec<String> {
        let mut world = World::new();
        world.learn_all(known);
        let receipts = found.iter().map(|id| receipt(id, 100)).collect();
        take_over(&mut world.facts, BTreeMap::from([(CollectionId::new("PM1"), receipts)]));
        world.facts.documents.keys().map(ToString::to_string).collect()
    };
    assert_eq!(placed(twice, &["5014"]), ["receipt/PM1/PO1"]);
    // The one that stands for what arrived before the cut-over stands for nothing later.
    let since = format!("{twice}, policy cut-over:2026-11-12");
    assert!(placed(&since, &["5014"]).is_empty());
    assert_eq!(placed(&since, &["5014", "5015"]), ["receipt/PM1/PO3"]);
}

#[test]
fn theirs_stands_for_no_settlement_while_an_earlier_one_may_be_unknown() {
    let paid = "payment PM1 paid_out adopted, item PO3/0 paid PM1 100 3d, invoice paid";
    let theirs: &[(&str, i64, bool)] = &[("5014", 100, false)];
    let ours = "receipt/PM1/PO3 100 applied 0 in undeposited 2026-11-17";
    assert_eq!(decided(paid, theirs), "collected");
    // What was taken back before was settled before, in a payout of which no item is kept.
    let back = format!("{paid}, item PO2/0 failed PM1 -100 6d");
    assert_eq!(decided(&back, theirs), ours);
    // Events name an earlier payout, or are not read up to this one: nobody knows yet.
    let named = format!("{paid}, event PM1 paid_out payment_paid_out 9d payout:PO1");
    assert_eq!(decided(&named, theirs), "waiting_for_items");
    let behind = format!("{} made-now, events until 1d", paid.replace(", invoice paid", ""));
    assert_eq!(decided(&format!("{behind}, invoice paid"), theirs), "waiting_for_items");
    // Without a receipt of theirs nothing waits.
    assert_eq!(decided(&named, &[]), ours);
}

#[test]
fn what_is_open_beside_a_payment_of_before_the_cut_over_is_told() {
    let before = "payment PM1 paid_out adopted, item PO1/0 paid PM1 100 9d, \
                  policy cut-over:2026-11-18, due 20";
    let told = |more: &str| decided(&format!("{before}, {more}"), &[]);
    assert_eq!(told("total 120"), "collected ! amount_changed");
    assert_eq!(told("total 120, said leave amount_changed"), "collected");
    assert_eq!(told("total 120, invoice paid"), "collected");
    // Whoever collected it recorded no receipt at all.
    assert_eq!(told("total 100, due 100"), "predecessor_receipt_missing");
}
