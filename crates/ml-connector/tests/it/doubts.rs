//! A payment and an invoice that a person names together: what can not be is refused, what looks wrong
//! is refused until the person insists, and then does what was said (mission row NG12).

use serde_json::{Value, json};

use crate::world::{Customer, World, rows, text};

/// Somebody makes a payment in the processor's dashboard; gives its id.
fn by_hand(world: &World, mandate: &str, amount: i64) -> String {
    let made = world.processor(
        "/act",
        &json!({"action": "create_payment", "mandate": mandate, "amount": amount}),
    );
    text(&made["payment"]["id"])
}

/// An invoice that nobody ticked, and so nothing of it is known: its id and its number.
fn unticked(world: &World, customer: &Customer, amount: &str) -> (String, String) {
    let id = world.invoice_with(&json!({
        "customer": customer.id, "amount": amount, "currency": 1,
        "fields": {"custbody_mlc_collect": false},
    }));
    let number = text(&world.record("invoice", &id)["tranId"]);
    (id, number)
}

/// The match must be refused with these words and change nothing.
fn refused(world: &World, payment: &str, invoice: &str, words: &[&str]) {
    let said = world.place.fails(&["foreign", "match", payment, invoice], 2);
    for word in words {
        assert!(said.contains(word), "{said:?} lacks {word:?}");
    }
    let listed = rows(&world.place.json(&["foreign", "list"], 0));
    assert!(listed.iter().any(|one| one["payment"] == payment), "it is foreign still: {listed:?}");
}

/// The only receipt of this payment.
fn receipt(world: &World, payment: &str) -> Value {
    let receipts = world.records("customerPayment");
    let mut of = receipts.iter().filter(|one| one["custbody_mlc_payment_id"] == payment);
    let only =
        of.next().unwrap_or_else(|| panic!("no receipt of {payment}: {receipts:#?}")).clone();
    assert!(of.next().is_none(), "one receipt of {payment}");
    only
}

#[test]
fn slow_a_payment_of_another_payer_is_matched_by_who_insists() {
    let (world, payer, _) = World::live(&[], &[]);
    let other = world.customer("2002", "other@oak.example", "GBP");
    let (invoice, number) = unticked(&world, &other, "45.00");
    let payment = by_hand(&world, &payer.mandate, 4_500);
    let words = ["is paid by", "is owed by customer C-2002", "--anyway", "booked for customer"];
    refused(&world, &payment, &number, &words);
    let said = world.place.well(&["foreign", "match", &payment, &number, "--anyway"]);
    assert!(said.contains(&number) && said.contains("booked for customer C-2002"), "{said}");
    // Both are paired with their own counterparts meanwhile; said once more, it is the same match.
    world.sync();
    world.place.well(&["foreign", "match", &payment, &number]);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
    assert_eq!(text(&receipt(&world, &payment)["customer"]), other.id);
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

#[test]
fn slow_a_payment_above_the_balance_leaves_the_rest_unapplied() {
    let (world, customer, _) = World::live(&[], &[]);
    let (invoice, number) = unticked(&world, &customer, "100.00");
    let payment = by_hand(&world, &customer.mandate, 12_000);
    let words = ["120.00 GBP", "has 100.00 GBP open", "--anyway", "20.00 GBP stays unapplied"];
    refused(&world, &payment, &number.to_lowercase(), &words);
    world.place.well(&["foreign", "match", &payment, &invoice, "--anyway"]);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
    assert_eq!(text(&receipt(&world, &payment)["unapplied"]), "20");
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
}

#[test]
fn slow_an_invoice_that_is_paid_or_collected_takes_no_other_payment_unasked() {
    let (world, customer, invoices) = World::live(&["30.00"], &[]);
    let (paid, number) = unticked(&world, &customer, "60.00");
    world.deed(&json!({"do": "record_payment", "invoice": paid, "account": "210"}));
    world.sync();
    let theirs = by_hand(&world, &customer.mandate, 3_000);
    refused(&world, &theirs, &paid, &["is paid", "--anyway", "30.00 GBP, stays unapplied"]);
    let said = world.place.fails(&["foreign", "match", &theirs, &number], 2);
    assert!(
        said.contains("no invoice that can be read"),
        "only open invoices are found by number: {said}"
    );
    // Ours can not be cancelled any more.
    world.days(2);
    world.sync();
    let ours = text(&world.payments()[0]["id"]);
    refused(&world, &theirs, &invoices[0], &["is collected already by payment", &ours, "--anyway"]);
    // Known by its number, whether it is open or not.
    let case = world.case(&invoices[0]);
    let number = text(&world.record("invoice", &invoices[0])["tranId"]);
    refused(&world, &theirs, &number, &["is collected already by payment"]);
    refused(&world, &theirs, &case, &["is collected already by payment"]);
    world.place.well(&["foreign", "match", &theirs, &number, "--anyway"]);
    world.until("both receipts", 14, |world| world.records("customerPayment").len() == 3);
    world.until("the deposit", 3, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoices[0]), "0");
    let unapplied = |payment: &str| text(&receipt(&world, payment)["unapplied"]);
    let both = [unapplied(&ours), unapplied(&theirs)];
    assert!(both.contains(&"30".to_owned()) && both.contains(&"0".to_owned()), "{both:?}");
}

#[test]
fn slow_a_payment_that_brings_nothing_is_never_matched() {
    let (world, customer, _) = World::live(&[], &[]);
    let (invoice, _) = unticked(&world, &customer, "45.00");
    let payment = by_hand(&world, &customer.mandate, 4_500);
    world.processor("/act", &json!({"action": "cancel_payment", "payment": payment}));
    refused(&world, &payment, &invoice, &["was cancelled", "brings no money"]);
    let live = by_hand(&world, &customer.mandate, 4_500);
    world.sync();
    for (name, words) in [
        ("INV/../../1", "no invoice that can be read"),
        ("", "no invoice that can be read"),
        ("Ünicode 💷", "no invoice that can be read"),
        ("payout/gocardless:CR000TEST/PO1", "is no invoice"),
        ("collection/netsuite:1234567_SB1/999999", "no invoice that can be read"),
    ] {
        refused(&world, &live, name, &[words]);
    }
}
