//! A payment of others that is matched to an invoice after its payout was booked: its receipt stands on
//! the suspense account, which must be a cash account for that.

use serde_json::{Value, json};

use super::{BANK, CLEARING, CUSTOMER, World, closed};
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
