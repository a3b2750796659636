//! Mandates made directly from bank details that the merchant holds, through the binary (mission row
//! NG6): made once, collected on, refused with a name, and nothing of the details left anywhere.

use serde_json::Value;

use crate::world::{World, rows, text};

/// Values that must stand nowhere once they were handed over.
const NUMBER: &str = "55779911";
const SORT_CODE: &str = "200000";
const IBAN: &str = "DE89370400440532013000";
const HOLDER: &str = "Ottoline Quillfeather";

const BACS: &str = "country_code=GB\nbranch_code=20-00-00\naccount_number=55779911\n\
                    account_holder_name=Ottoline Quillfeather\n";

/// Live with one customer that the processor does not know, and one invoice.
fn unknown_payer(amount: &str, settings: &[&str]) -> (World, String) {
    let world = World::connected();
    world.erp_customer("2001", "pay@alder.example", "GBP");
    let invoice = world.invoice("2001", amount);
    world.add_link(settings);
    world.go_live();
    world.sync();
    assert!(world.payments().is_empty());
    (world, invoice)
}

fn create(world: &World, details: &str, arguments: &[&str]) -> Value {
    world.place.write("payer.txt", details.as_bytes());
    let all = [&["mandates", "create", "2001", "--details", "payer.txt", "--yes"], arguments];
    let answer = world.place.json(&all.concat(), 0);
    std::fs::remove_file(world.place.path().join("payer.txt")).expect("the file is there");
    answer
}

fn mandates(world: &World) -> Vec<Value> {
    rows(&world.processor("/truth", &Value::Null)["mandates"])
}

/// Nothing that was handed over stands in a file of the instance.
fn secrets_nowhere(world: &World) {
    let plain = [NUMBER, SORT_CODE, IBAN, HOLDER, &HOLDER.to_uppercase()];
    let mut folders = vec![world.place.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            for value in plain {
                let found = bytes.windows(value.len()).any(|part| part == value.as_bytes());
                assert!(!found, "{value} stands in {}", path.display());
            }
        }
    }
}

#[test]
fn slow_a_bacs_mandate_is_made_from_details_and_collected_on() {
    let (world, invoice) = unknown_payer("120.00", &[]);
    let made = create(&world, BACS, &[]);
    assert_eq!(made["scheme"], "bacs");
    world.sync();
    let all = mandates(&world);
    assert_eq!(all.len(), 1, "{all:?}");
    let mandate = text(&all[0]["id"]);
    let customer = world.record("customer", "2001");
    assert_eq!(text(&customer["custentity_mlc_mandate"]), mandate, "{customer}");
    world.until("the deposit", 20, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
    assert_eq!(world.payments().len(), 1);
    assert_eq!(mandates(&world).len(), 1, "never a second one");
    secrets_nowhere(&world);
}
