//! Receipts that a person deposits before the payout arrives: what that deposit puts on the bank account
//! is read, so that the books are proved only when they are right (promise P4).

use serde_json::{Value, json};

use crate::world::{World, text};

/// A payout of one receipt, which a person deposited like this.
fn deposited(how: &Value) -> (World, String) {
    let (world, _, _) = World::live(&["100.00"], &["post_on=confirmed"]);
    let savings = json!({"id": "219", "number": "1019", "name": "Savings", "type": "Bank",
        "currency": "1", "subsidiaries": ["2"]});
    world.erp("/seed", &json!({"accounts": [savings]}));
    world.until("the receipt", 14, |world| !world.records("customerPayment").is_empty());
    let receipt = text(&world.records("customerPayment")[0]["id"]);
    let mut deed = json!({"do": "deposit", "payments": [receipt], "account": "210",
        "date": world.today().to_string()});
    let members = how.as_object().expect("an object").clone();
    deed.as_object_mut().expect("an object").extend(members);
    let made = world.deed(&deed);
    world
        .until("the payout", 14, |world| world.payouts().iter().any(|one| one["status"] == "paid"));
    world.days(1);
    world.sync();
    (world, text(&made["id"]))
}

/// A person moves our own deposit to another account: the books are right no more, and say so.
#[test]
fn slow_our_deposit_on_another_account_is_no_proof() {
    let (world, _, _) = World::live(&["100.00"], &[]);
    let savings = json!({"id": "219", "number": "1019", "name": "Savings", "type": "Bank",
        "currency": "1", "subsidiaries": ["2"]});
    world.erp("/seed", &json!({"accounts": [savings]}));
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    world.sync();
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
    let deposit = text(&world.records("deposit")[0]["id"]);
    world.deed(&json!({"do": "patch", "type": "deposit", "record": deposit,
        "body": {"account": {"id": "219"}}}));
    let proof = world.place.json(&["verify"], 1).to_string();
    assert!(proof.contains("it is on account 219, decided was 210"), "{proof}");
    world.days(2);
    world.sync();
    assert_eq!(world.attention("deposit_differs").len(), 1);
}

#[test]
fn slow_a_deposit_made_by_hand_counts_as_it_is() {
    // Gross, as it should be: the fees are ours to book.
    let (world, _) = deposited(&json!({}));
    assert_eq!(world.records("journalEntry").len(), 1);
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
    let case = text(&world.only_attention("deposit_by_person")["case"]);
    let shown = world.place.well(&["show", &case]);
    assert!(shown.contains("For a person: Somebody deposited"), "{shown}");
    let shown = world.place.well(&["payouts", "show", &text(&world.payouts()[0]["id"])]);
    assert!(shown.contains("deposit by hand"), "{shown}");
    assert!(shown.contains("100.00 GBP"), "{shown}");
    let fees: Vec<Value> = ["640", "231"]
        .iter()
        .map(|account| json!({"account": account, "amount": world.balance(account)}))
        .collect();

    // Net of just these fees: nothing is left to book.
    let (world, _) = deposited(&json!({ "fee": fees }));
    assert!(world.records("journalEntry").is_empty());
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);

    // Net of something else, or on another account: nothing is booked, and a person is told.
    let net = json!({"fee": {"account": "640", "amount": "5.88"}});
    for (how, words) in
        [(net, "holds -5.88 GBP on account 640 beside"), (json!({"account": "219"}), "account 219")]
    {
        let (world, deposit) = deposited(&how);
        assert!(world.records("journalEntry").is_empty(), "{how}");
        let item = world.only_attention("deposit_differs").to_string();
        assert!(item.contains(words) && item.contains(&deposit), "{item}");
        assert_eq!(world.place.json(&["verify"], 1)["proved"], false);

        // Deleted, it is made anew by us.
        world.deed(&json!({"do": "delete", "record": deposit}));
        world.until("the deposit", 3, |world| {
            world.sync();
            world.attention("deposit_differs").is_empty()
        });
        assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
    }
}
