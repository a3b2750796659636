//! What stands on a cash account, and what stands beside it on the same ledger account.

use model::key::Alphabet;
use model::receipt::DocumentKind;
use ports::{Depth, Read};
use serde_json::{Value, json};

use crate::world::{BANK, CLEARING, World, day, named};

/// A second subaccount of the site.
const SUB: &str = "100000";

impl World {
    /// A released batch of twelve pounds from the clearing account's ledger account to the bank's, by a
    /// person or by an older version of ours; its clearing line has this branch and subaccount.
    fn entered(&self, description: &str, (branch, sub): (&str, &str)) {
        let line = |account: &str, words: &str, side: &str, branch: &str, sub: &str| {
            json!({"Account": account, "Subaccount": sub, "BranchID": branch, side: 12,
                "TransactionDescription": words})
        };
        let body = json!({
            "Module": "GL", "BranchID": "MAIN", "LedgerID": "ACTUAL", "CurrencyID": "GBP",
            "TransactionDate": "2026-03-05", "Description": description, "Hold": false,
            "Details": [line(BANK, "bank", "DebitAmount", "MAIN", "000000"),
                line(CLEARING, "receipt 000001", "CreditAmount", branch, sub)],
        });
        let deed = json!({"do": "create", "entity": "JournalTransaction", "body": body});
        let made = self.act(deed);
        self.act(json!({"do": "release", "record": made["id"]}));
    }
}

fn two_of_each() -> Value {
    json!({"subaccounts": [SUB], "branches": ["WEST"], "preferences": {"inter_branch": true}})
}

#[tokio::test]
async fn what_stands_beside_a_cash_account_is_none_of_its_lines() {
    let world = World::with(&[], two_of_each());
    let invoice = world.invoice("INV-1", "240.00");
    world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    for (branch, sub) in [("WEST", "000000"), ("MAIN", SUB), ("MAIN", "000000")] {
        world.entered("by hand", (branch, sub));
    }
    let lines = world.erp.account_lines(&CLEARING.into(), day(3, 4)).await.unwrap();
    let amounts: Vec<i64> = lines.iter().map(|line| line.amount.minor).collect();
    assert_eq!(amounts, [24_000, -1_200], "{lines:#?}");
    assert_eq!(world.balance(CLEARING), 24_000 - 3 * 1_200, "the ledger account has them all");
}

/// A deposit that an older version, or somebody's change, left beside its cash account proves nothing.
#[tokio::test]
async fn a_batch_of_ours_beside_its_cash_account_is_odd() {
    for (on, wrong) in
        [(("MAIN", "000000"), false), (("WEST", "000000"), true), (("MAIN", SUB), true)]
    {
        let world = World::with(&[], two_of_each());
        let invoice = world.invoice("INV-1", "240.00");
        world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
        for (kind, purpose) in
            [(DocumentKind::Deposit, "deposit"), (DocumentKind::Journal, "journal")]
        {
            let stamp = named(purpose).stamp(Alphabet::PathSafe, 40);
            let words = format!("{stamp} | {purpose} | bank {BANK} | payout PO1 | of March");
            world.entered(&words, on);
            let read = world.erp.documents(&[(kind, named(purpose))], Depth::Direct).await;
            match read.unwrap().pop().unwrap() {
                Read::Odd(why) if wrong => {
                    let own = "cash account 10250 is of branch MAIN, subaccount 000000";
                    assert!(why.contains(own) && why.contains(on.0) && why.contains(on.1), "{why}");
                }
                Read::Found(_) if !wrong => {}
                other => panic!("{on:?} {purpose}: {other:?}"),
            }
        }
    }
}
