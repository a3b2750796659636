//! A payment of others that is matched to an invoice after its payout was booked: its receipt stands on
//! the suspense account, which must be a cash account for that.

use serde_json::{Value, json};

use super::{BANK, CLEARING, CUSTOMER, World, closed, open};
use crate::world::{rows, text};

/// As the link's policy has it; an ordinary account in the company.
const SUSPENSE: &str = "10900";

impl World {
    /// Makes the suspense account a cash account that the payment method allows.
    fn suspense_takes_payments(&self) {
        self.erp(
            "/seed",
            &json!({
                "cash_accounts": [{"id": SUSPENSE, "account": SUSPENSE, "sub": "000000",
                    "branch": "MAIN", "clearing": false, "currency": "GBP",
                    "description": "Suspense", "entry_types": []}],
                "payment_methods": [{"id": "GOCARDLESS", "description": "GoCardless",
                    "cash_accounts": [CLEARING, BANK, SUSPENSE]}],
            }),
        );
    }

    /// An invoice that nobody asked to collect; gives its number.
    fn unticked(&self, amount: &str) -> String {
        let today = self.today().to_string();
        let made = self.erp(
            "/seed",
            &json!({"invoices": [{"customer": CUSTOMER, "amount": amount, "date": today,
                "due": today}]}),
        );
        text(&made["invoices"][0]["ReferenceNbr"])
    }
}

#[test]
fn slow_a_payment_on_suspense_is_matched_where_a_payment_can_stand() {
    let (world, _) = World::live(&["20.00"], &[]);
    let invoice = world.unticked("75.00");
    let made = world.processor(
        "/act",
        &json!({"action": "create_payment", "mandate": world.mandate, "amount": 7_500,
            "description": "by hand"}),
    );
    let payment = text(&made["payment"]["id"]);
    world.until("the money on suspense", 14, |world| world.balance(SUSPENSE) == -7_500);
    world.place.well(&["foreign", "match", &payment, &invoice]);
    world.sync();
    let refused = world.told("rejected");
    assert_eq!(refused.len(), 1, "{refused:?}");
    for words in [SUSPENSE, "CA202000", "GOCARDLESS"] {
        assert!(refused[0].1.contains(words), "{words}: {refused:?}");
    }
    assert_eq!(world.balance(SUSPENSE), -7_500, "nothing is half done");

    world.suspense_takes_payments();
    world.place.well(&["attention", "retry", &refused[0].0]);
    world.sync();
    assert_eq!(world.owed(&invoice), closed());
    assert_eq!((world.balance(SUSPENSE), world.balance(CLEARING)), (0, 0));
    world.until("the payouts", 9, |world| world.balance(BANK) == world.paid_out());
    let proof = world.place.run(&["--json", "verify", "--link", "uk"]).stdout;
    let proof: Value = serde_json::from_slice(&proof).expect("JSON");
    assert_eq!(proof["proved"], true, "it waits in no undeposited funds: {proof}");
    let waits = rows(&proof["totals"]);
    assert!(waits.iter().all(|one| !text(&one["what"]).contains("not deposited")), "{proof}");
}

#[test]
fn slow_a_currency_without_a_clearing_account_is_refused_before_anything_is_collected() {
    let (world, _) = World::live(&["20.00"], &[]);
    let said = world.place.fails(&["links", "set", "uk", "currencies=[\"GBP\",\"SEK\"]"], 2);
    assert!(said.contains("no clearing account in SEK"), "{said}");
}

impl World {
    /// Somebody makes a payment in the processor's dashboard; gives its id.
    fn by_hand(&self, amount: i64) -> String {
        let made = self.processor(
            "/act",
            &json!({"action": "create_payment", "mandate": self.mandate, "amount": amount,
                "description": "by hand"}),
        );
        text(&made["payment"]["id"])
    }

    /// Where the list says that the payment's money is.
    fn place_of(&self, payment: &str) -> String {
        let listed = rows(&self.place.json(&["foreign", "list"], 0));
        let found = listed.iter().find(|one| one["payment"] == payment);
        text(&found.unwrap_or_else(|| panic!("{payment} is in no list: {listed:?}"))["place"])
    }

    fn reversals_waiting(&self) -> Value {
        let said = self.place.run(&["--json", "status"]).stdout;
        let status: Value = serde_json::from_slice(&said).expect("JSON");
        status["reversals_waiting"].clone()
    }

    fn status_of(&self, payment: &str) -> String {
        let all = rows(&self.processor("/truth", &Value::Null)["payments"]);
        let found = all.iter().find(|one| one["id"] == payment).expect("the payment");
        text(&found["status"])
    }
}

/// Whether before the payout that brings it or before the one that takes it back.
#[test]
fn slow_a_foreign_chargeback_is_listed_before_its_payout() {
    let (world, _) = World::live(&["20.00"], &[]);
    let (early, late) = (world.by_hand(3_000), world.by_hand(7_500));
    world.until("the confirmation", 9, |world| world.status_of(&early) == "confirmed");
    world.act(&json!({"action": "charge_back", "payment": early}));
    world.sync();
    let said = world.place_of(&early);
    assert_eq!(said, "charged back, and in no payout: it brings no money");
    assert_eq!(world.reversals_waiting(), json!([]));
    world.until("the money on suspense", 14, |world| world.balance(SUSPENSE) == -7_500);
    world.act(&json!({"action": "charge_back", "payment": late}));
    world.sync();
    let said = world.place_of(&late);
    assert!(said.contains("on the suspense account; charged back, waits for the payout"), "{said}");
    let waiting = json!([{"count": 1, "amount": {"minor": 7_500, "currency": "GBP"}}]);
    assert_eq!(world.reversals_waiting(), waiting);
    for verify in [&["verify"][..], &["verify", "--link", "uk"]] {
        assert_eq!(world.place.json(verify, 0)["proof"]["reversals"], waiting);
    }
    // The payout that takes it brings both sides together.
    world.invoice("200.00");
    world.until("the way back", 20, |world| world.balance(SUSPENSE) == 0);
    world.until("the payouts", 5, |world| world.balance(BANK) == world.paid_out());
    world.sync();
    assert!(world.place_of(&late).ends_with("taken back"), "{}", world.place_of(&late));
    assert_eq!(world.reversals_waiting(), json!([]));
    assert_eq!(world.balance(CLEARING), 0);
    world.proved();
}

/// As docs/attention/foreign_payment.md says: the receipt is put right in the ERP, and stays the payment's.
#[test]
fn slow_a_wrong_match_that_is_booked_is_put_right_in_the_erp() {
    let (world, _) = World::live(&["20.00"], &[]);
    let (wrong, right) = (world.unticked("75.00"), world.unticked("75.00"));
    let payment = world.by_hand(7_500);
    world.place.well(&["foreign", "match", &payment, &wrong]);
    world.until("the deposit", 14, |world| world.owed(&wrong) == closed());
    world.until("the payouts", 9, |world| world.balance(BANK) == world.paid_out());
    let shown = world.place.json(&["show", &wrong], 0);
    let case = text(&shown["case"]);
    let receipt = world.receipt_over("75");
    // Neither of the commands that come to mind does half of it.
    for said in [
        world.place.fails(&["attention", "resolve", &case, "--not-ours", &payment], 2),
        world.place.fails(&["foreign", "match", &payment, &right], 2),
    ] {
        assert!(said.contains(&format!("document {receipt}")), "{said}");
        assert!(said.contains(&format!("attention leave {case} receipt_unapplied")), "{said}");
    }
    let named = format!("Payment {receipt}");
    world.erp("/act", &json!({"do": "reverse_application", "payment": named, "invoice": wrong}));
    world.erp("/act", &json!({"do": "apply", "payment": named, "invoice": right}));
    world.day();
    world.until("the attention", 3, |world| !world.told("receipt_unapplied").is_empty());
    world.place.well(&["attention", "leave", &case, "receipt_unapplied"]);
    for _ in 0..3 {
        world.sync();
        world.day();
    }
    let told = world.place.run(&["attention", "list"]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    assert_eq!((world.owed(&wrong), world.owed(&right)), (open("75"), closed()));
    assert_eq!((world.balance(BANK), world.balance(CLEARING)), (world.paid_out(), 0));
    world.proved();
    // Taken back later, it is the right invoice that is open again.
    world.act(&json!({"action": "charge_back", "payment": payment}));
    world.invoice("200.00");
    world.until("the refund", 20, |world| !world.batches("refund").is_empty());
    world.until("the payouts", 9, |world| world.balance(BANK) == world.paid_out());
    assert_eq!((world.owed(&wrong), world.owed(&right)), (open("75"), open("75")));
    world.sync();
    world.proved();
}
