//! A cash account is a ledger account with one subaccount and one branch: receipts, payouts and the
//! proof keep to all three, and what contradicts them is told before money moves.

use serde_json::{Value, json};

use super::{BANK, CLEARING, World, closed};
use crate::world::{rows, text};

/// Branch and subaccount of the cash accounts, neither of which is the site's first.
const BRANCH: &str = "WEST";
const SUB: &str = "100000";

/// A cash account in pounds.
fn cash(id: &str, sub: &str, branch: &str) -> Value {
    json!({"id": id, "description": id, "account": id, "sub": sub, "branch": branch,
        "currency": "GBP", "clearing": id == CLEARING})
}

/// The payment method with these cash accounts allowed.
fn method(accounts: &[&str]) -> Value {
    json!([{"id": "GOCARDLESS", "description": "GoCardless direct debit", "cash_accounts": accounts}])
}

impl World {
    /// Clearing and bank stand in the second branch, on a subaccount of their own.
    fn moved_west(&self) {
        self.erp(
            "/seed",
            &json!({
                "branches": [BRANCH], "subaccounts": [SUB],
                "cash_accounts": [cash(CLEARING, SUB, BRANCH), cash(BANK, SUB, BRANCH)],
                "payment_methods": method(&[CLEARING, "10251", BANK]),
            }),
        );
    }

    /// What the cash account itself holds, in pennies: its own form, not its ledger account's.
    fn on_cash_account(&self, account: &str) -> i64 {
        let lines = rows(&self.erp(&format!("/truth/cash/{account}"), &Value::Null));
        let amounts = lines.iter().map(|line| {
            let amount: rust_decimal::Decimal = text(&line["amount"]).parse().expect("a number");
            let minor = (amount * rust_decimal::Decimal::ONE_HUNDRED).normalize().to_string();
            minor.parse::<i64>().expect("whole pennies")
        });
        amounts.sum()
    }

    fn set_erp(&self, setting: &str) {
        self.place.well(&["connections", "add", "acumatica", "acu", "--set", setting]);
    }

    fn refused_setting(&self, setting: &str, words: &[&str]) {
        let said = self.place.fails(&["links", "set", "uk", setting], 2);
        for word in words {
            assert!(said.contains(word), "{setting}: {said} lacks {word}");
        }
    }

    fn paid_by_cheque(&self, account: &str) {
        let made = json!({"do": "record_payment", "customer": super::CUSTOMER, "amount": "5.00",
            "cash_account": account, "method": "GOCARDLESS"});
        self.erp("/act", &made);
    }
}

/// The user's own branch is the first, and the connection's subaccount another: neither moves the money
/// away from where the receipts stand.
#[test]
fn slow_a_payout_is_booked_where_its_cash_accounts_stand() {
    let (world, _) = World::live(&[], &[]);
    world.moved_west();
    world.paid_by_cheque(BANK);
    let before = world.on_cash_account(BANK);
    world.set_erp("subaccount=000000");
    let invoice = world.invoice_of(BRANCH, "75.00");
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoice), closed());
    assert_eq!(world.on_cash_account(CLEARING), 0, "{:#?}", world.batches("deposit"));
    assert_eq!(world.on_cash_account(BANK) - before, world.paid_out());
    let deposit = &world.batches("deposit")[0];
    assert_eq!(deposit["BranchID"], BRANCH, "{deposit}");
    let fees = rows(&deposit["Details"]);
    let fees = fees.iter().find(|line| line["Account"] == "61200").expect("the fees");
    assert_eq!((&fees["BranchID"], &fees["Subaccount"]), (&json!(BRANCH), &json!("000000")));
    world.proved();
    // The way back keeps to them too.
    world.act(&json!({"action": "charge_back", "payment": world.payment(&invoice)}));
    let second = world.invoice_of(BRANCH, "200.00");
    world.until("the refund", 20, |world| !world.batches("refund").is_empty());
    world.until("the second deposit", 5, |world| world.batches("deposit").len() == 2);
    assert_eq!(world.owed(&second), closed());
    assert_eq!(world.on_cash_account(CLEARING), 0);
    assert_eq!(world.on_cash_account(BANK) - before, world.paid_out());
    world.proved();
}

#[test]
fn slow_a_map_that_contradicts_the_cash_accounts_is_refused() {
    let (world, _) = World::live(&[], &[]);
    world.erp("/seed", &json!({"branches": [BRANCH], "subaccounts": [SUB]}));
    let bank = "accounts.banks.GBP.subsidiary";
    world.refused_setting(&format!("{bank}=\"NOPE\""), &[bank, "NOPE", "branch MAIN"]);
    world.refused_setting(&format!("{bank}=\"{BRANCH}\""), &[bank, BRANCH, "branch MAIN"]);
    // A cash account is named by its id alone.
    let named = format!("accounts.banks.GBP.account=\"{BANK}/{SUB}\"");
    world.refused_setting(&named, &["accounts.banks.GBP", "name 10200 alone, without 100000"]);
    // What its subaccount is shows in what was posted to it.
    world.set_erp(&format!("subaccount={SUB}"));
    let line = format!("not checked subaccount of accounts.banks.GBP \"{BANK}\" (link uk)");
    let shown = world.place.well(&["connections", "ping", "acu"]);
    assert!(shown.contains(&line) && shown.contains("takes 100000"), "{shown}");
    let said = world.place.run(&["links", "set", "uk", "accounts.rounding=\"61200\""]);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("Not checked: subaccount of accounts.banks.GBP"), "{said}");
    world.paid_by_cheque(BANK);
    let shown = world.place.well(&["connections", "ping", "acu"]);
    assert!(!shown.contains(&line), "{shown}");
    // A bank of another branch than the clearing account's.
    world.erp(
        "/seed",
        &json!({"cash_accounts": [cash(BANK, "000000", BRANCH)],
            "payment_methods": method(&[CLEARING, "10251", BANK])}),
    );
    let shown =
        String::from_utf8_lossy(&world.place.run(&["connections", "ping"]).stdout).into_owned();
    for words in ["MISSING     accounts of link uk", "of branch WEST", "clearing account 10250"] {
        assert!(shown.contains(words), "{shown}");
    }
    assert!(!shown.contains(".."), "{shown}");
}

#[test]
fn slow_a_bank_that_refunds_can_not_leave_is_told_at_once() {
    let (world, _) = World::live(&[], &[]);
    world.erp("/seed", &json!({"payment_methods": method(&[CLEARING, "10251"])}));
    let shown =
        String::from_utf8_lossy(&world.place.run(&["connections", "ping"]).stdout).into_owned();
    for words in
        ["MISSING     accounts of link uk", "accounts.banks.GBP", "allow it for GOCARDLESS"]
    {
        assert!(shown.contains(words), "{shown}");
    }
    world.refused_setting("accounts.rounding=\"61200\"", &["allow it for GOCARDLESS", "CA204000"]);
    world.erp("/seed", &json!({"payment_methods": method(&[CLEARING, "10251", BANK])}));
    world.place.well(&["connections", "ping"]);
    world.place.well(&["links", "set", "uk", "accounts.rounding=\"61200\""]);
}

#[test]
fn slow_an_account_that_takes_no_line_is_told_by_its_name() {
    let (world, _) = World::live(&["75.00"], &[]);
    world.refused_setting(
        "accounts.fees=\"61200/NOPE\"",
        &["accounts.fees \"61200/NOPE\"", "no such subaccount", "GL203000"],
    );
    world.refused_setting("accounts.fees=\"11000\"", &["control account", "AR", "GL202500"]);
    world.place.well(&["connections", "ping", "acu"]);
    // Where it can not be read, the refusal of the journal names what was refused.
    world.erp("/seed", &json!({"rights": {"GL203000": "none"}}));
    world.place.well(&["links", "set", "uk", "accounts.fees=\"61200/NOPE\""]);
    world.until_told("rejected", &["'Subaccount' cannot be found", "\"NOPE\"", "61200/NOPE"]);
    world.place.well(&["links", "set", "uk", "accounts.fees=\"61200\""]);
    // It became a control account since.
    let control = |module: &str| {
        let account = json!({"id": "61200", "description": "Payment fees", "type": "Expense",
            "control": module});
        world.erp("/seed", &json!({ "accounts": [account] }));
    };
    control("TX");
    let shown =
        String::from_utf8_lossy(&world.place.run(&["connections", "ping"]).stdout).into_owned();
    assert!(shown.contains("accounts.fees \"61200\"") && shown.contains("TX"), "{shown}");
    world.place.run(&["attention", "retry", "ALL"]);
    world.until_told("rejected", &["control account", "\"61200\""]);
    control("");
    world.place.run(&["attention", "retry", "ALL"]);
    world.until("the deposit", 5, |world| !world.batches("deposit").is_empty());
    world.proved();
}

/// The API does not show whether the site posts between branches: it is not called proved, and where
/// it does not, the refusal names the setting.
#[test]
fn slow_a_site_that_does_not_post_between_branches_is_told_with_the_setting() {
    let (world, _) = World::live(&[], &[]);
    world.erp("/seed", &json!({"branches": [BRANCH]}));
    world.set_erp("inter_branch=true");
    let shown = world.place.well(&["connections", "ping", "acu"]);
    assert!(shown.contains("not checked inter-branch transactions"), "{shown}");
    assert!(shown.contains("CS100000"), "{shown}");
    world.invoice_of(BRANCH, "75.00");
    world.until_told(
        "rejected",
        &["Inter-branch transactions", "inter_branch=true", "CS100000", "--set inter_branch="],
    );
}

impl World {
    /// Lets days pass until people are told this.
    pub(super) fn until_told(&self, code: &str, words: &[&str]) {
        let said = |sentence: &str| words.iter().all(|word| sentence.contains(word));
        for _ in 0..14 {
            self.place.run(&["sync", "uk", "--until-quiet", "--timeout", "300"]);
            if self.told(code).iter().any(|(_, sentence)| said(sentence)) {
                return;
            }
            self.day();
        }
        panic!("nobody was told {words:?}: {:?}", self.told(code));
    }
}
