//! What people do to an invoice in the ERP while its payment has not left for the banks: the next poll
//! sees it (mission rows C10 and NG14).

use serde_json::{Value, json};

use crate::world::{World, text};

fn deed(name: &str, invoice: &str) -> Value {
    match name {
        "void" => json!({"do": "void", "record": invoice}),
        "cheque" => json!({"do": "record_payment", "invoice": invoice, "account": "210"}),
        "lower" => json!({"do": "edit_invoice", "invoice": invoice, "amount": "20.00"}),
        other => panic!("no deed {other}"),
    }
}

#[test]
fn slow_what_people_do_to_an_invoice_is_seen_by_the_next_poll() {
    let deeds = ["void", "cheque", "lower"];
    let (world, _, invoices) = World::live(&["50.00", "60.00", "70.00", "80.00"], &[]);
    world.sync();
    // The poll after our own writes has nothing to tell any more.
    world.minutes(10);
    world.sync();
    for (name, invoice) in deeds.iter().zip(&invoices) {
        world.deed(&deed(name, invoice));
    }
    let deleted = &invoices[deeds.len()];
    world.deed(&json!({"do": "delete", "record": deleted}));
    world.minutes(10);
    world.sync();
    let payments = world.payments();
    for ((name, invoice), amount) in deeds.iter().zip(&invoices).zip(["5000", "6000", "7000"]) {
        let first = payments.iter().find(|one| {
            text(&one["metadata"]["invoiceId"]) == *invoice && text(&one["amount"]) == amount
        });
        let first = first.unwrap_or_else(|| panic!("no payment of {invoice}"));
        let shown = world.place.well(&["show", &world.case(invoice)]);
        assert_eq!(text(&first["status"]), "cancelled", "{name}: {shown}");
    }
    // Nobody knows why one is gone: a person is asked while the payment can be cancelled still.
    let gone = world.only_attention("record_missing");
    assert_eq!(text(&gone["case"]), world.case(deleted));
}
