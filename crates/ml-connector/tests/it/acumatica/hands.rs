//! What people do to payments by hand in Acumatica, whose endpoint shows no bank deposits: nothing is
//! said to be proved that is not, and nothing waits for what stands already.

use serde_json::{Value, json};

use super::{BANK, World, open};
use crate::world::{rows, text};

impl World {
    /// The payout's code and sentence, as the list shows them.
    fn payout_said(&self) -> (String, String) {
        let listed = rows(&self.place.json(&["payouts", "list"], 0));
        let reason = &listed[0]["reason"];
        (text(&reason["code"]), text(&reason["detail"]))
    }

    pub(super) fn verify(&self) -> Value {
        let said = self.place.run(&["--json", "verify", "--link", "uk"]).stdout;
        serde_json::from_slice(&said).expect("JSON")
    }

    /// Ten of the invoice's payment are refunded after the first deposit, and a second one takes them.
    pub(super) fn refunded_in_part(&self, invoice: &str) {
        for _ in 0..8 {
            self.day();
        }
        let payment = self.payment(invoice);
        self.act(&json!({"action": "create_refund", "payment": payment, "amount": 1_000}));
        self.invoice("200.00");
        self.until("the second deposit", 20, |world| world.batches("deposit").len() == 2);
        self.sync();
    }

    /// The number of a customer payment over this amount.
    pub(super) fn receipt_over(&self, amount: &str) -> String {
        let all = self.records("Payment");
        let over = |one: &&Value| text(&one["PaymentAmount"]) == amount && one["Type"] == "Payment";
        let found = all.iter().find(over).unwrap_or_else(|| panic!("no {amount}: {all:?}"));
        text(&found["ReferenceNbr"])
    }
}

#[test]
fn slow_a_payout_with_a_deposit_that_is_not_shown_is_not_called_reconciled() {
    let (world, _) = World::live(&["75.00", "20.00"], &["post_on=\"confirmed\""]);
    world.until("the receipts", 9, |world| world.records("Payment").len() == 2);
    let number = world.receipt_over("75");
    world.erp(
        "/act",
        &json!({"do": "deposit", "payments": [format!("Payment {number}")], "bank": BANK}),
    );
    world.until("the rest of the deposit", 9, |world| !world.batches("deposit").is_empty());
    world.sync();
    let (code, _) = world.payout_said();
    assert_eq!(code, "not_proved");
    let told = world.told("deposit_by_person");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains(&format!("{number} over 75.00 GBP")), "{told:?}");
    assert!(told[0].1.contains("does not show"), "{told:?}");
    assert_eq!(world.verify()["proved"], false);
}

/// A refund in part is a void and payments that are entered anew: documents of ours, which excuse nothing.
#[test]
fn slow_what_ours_deposited_and_people_deposit_again_is_no_proof() {
    let (world, invoices) = World::live(&["75.00", "40.00"], &[]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    world.refunded_in_part(&invoices[1]);
    world.proved();
    let number = world.receipt_over("75");
    world.erp(
        "/act",
        &json!({"do": "deposit", "payments": [format!("Payment {number}")], "bank": BANK}),
    );
    world.sync();
    let proof = world.verify();
    assert_eq!(proof["proved"], false, "{proof}");
    let findings = rows(&proof["proof"]["findings"]);
    let differs = findings.iter().find(|one| one["verdict"] == "differs");
    let differs = differs.unwrap_or_else(|| panic!("{proof}"));
    // The one deposit and what people took once more, not what was split in between.
    let why = text(&differs["why"]);
    assert!(why.contains(&format!("{number} of ")) && why.contains("-75.00 GBP do"), "{why}");
    assert!(!why.contains(": unapply/") && !why.contains("; "), "{why}");
}

#[test]
fn slow_a_receipt_voided_behind_its_deposit_leaves_the_payout_booked() {
    let (world, invoices) = World::live(&["75.00", "20.00"], &[]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    world.sync();
    let number = world.receipt_over("75");
    world.erp("/act", &json!({"do": "void", "record": format!("Payment {number}")}));
    world.day();
    world.until("the attention", 3, |world| !world.told("receipt_voided").is_empty());
    assert_eq!(world.owed(&invoices[0]), open("75"));
    let (case, _) = world.told("receipt_voided").remove(0);
    world.place.well(&["attention", "leave", &case, "receipt_voided"]);
    // Long enough to be told of a payout that waits.
    for _ in 0..9 {
        world.sync();
        world.day();
    }
    assert_eq!(world.payout_said().0, "booked");
    assert_eq!((world.balance(BANK), world.batches("deposit").len()), (world.paid_out(), 1));
    let left = world.place.run(&["--json", "attention", "list"]).stdout;
    assert_eq!(rows(&serde_json::from_slice(&left).expect("JSON")), Vec::<Value>::new());
    let payments = rows(&world.processor("/truth", &Value::Null)["payments"]);
    assert_eq!(payments.len(), 2, "nothing is collected anew");
}

#[test]
fn slow_a_chargeback_of_a_receipt_that_people_voided_is_theirs_to_book() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    let number = world.receipt_over("75");
    world.erp("/act", &json!({"do": "void", "record": format!("Payment {number}")}));
    world.act(&json!({"action": "charge_back", "payment": world.payment(&invoices[0])}));
    world.invoice("200.00");
    world.until("the second deposit", 20, |world| world.batches("deposit").len() == 2);
    let (case, _) = world.told("receipt_voided").remove(0);
    world.place.well(&["attention", "leave", &case, "receipt_voided"]);
    world.until("what is left", 3, |world| !world.told("reversal_by_person").is_empty());
    let (case, said) = world.told("reversal_by_person").remove(0);
    for part in ["-75.00 GBP", &number, BANK] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(world.balance(BANK), world.paid_out() + 7_500);
    assert_eq!(world.verify()["proved"], false);
    world.place.well(&["attention", "leave", &case, "reversal_by_person"]);
    world.sync();
    assert!(world.told("reversal_by_person").is_empty());
    let listed = rows(&world.place.json(&["payouts", "list"], 0));
    let mut codes: Vec<String> = listed.iter().map(|one| text(&one["reason"]["code"])).collect();
    codes.sort();
    assert_eq!(codes, ["booked", "left_to_people"]);
}

/// Whatever its documents are made of, and whoever looks.
#[test]
fn slow_a_booked_payout_is_booked_though_its_link_is_off() {
    let (world, invoices) = World::live(&["75.00", "20.00"], &[]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    world.act(&json!({"action": "charge_back", "payment": world.payment(&invoices[0])}));
    world.invoice("200.00");
    world.until("the second deposit", 20, |world| world.batches("deposit").len() == 2);
    world.sync();
    world.place.well(&["links", "off", "uk"]);
    for _ in 0..3 {
        world.sync();
        let listed = rows(&world.place.json(&["payouts", "list"], 0));
        let states: Vec<String> = listed.iter().map(|one| text(&one["reason"]["code"])).collect();
        assert_eq!(states, ["booked", "booked"], "{listed:?}");
        let proof = world.verify();
        let findings = rows(&proof["proof"]["findings"]);
        assert!(findings.iter().all(|one| one["verdict"] == "proved"), "{proof}");
        world.day();
    }
}
