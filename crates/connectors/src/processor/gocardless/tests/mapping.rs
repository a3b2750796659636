//! Documented bodies to golden model values; what is odd is named and nothing else is lost.

use serde_json::{Value, json};

use super::super::{mapping, payouts};

fn fixture(name: &str) -> Value {
    let path =
        format!("{}/src/processor/gocardless/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

macro_rules! golden {
    ($test:ident, $fixture:literal, $map:expr) => {
        #[test]
        fn $test() {
            insta::assert_json_snapshot!($fixture, $map(fixture($fixture)).unwrap());
        }
    };
}

golden!(a_payment, "payment", mapping::collection);
golden!(a_failed_payment, "payment_failed", mapping::collection);
golden!(a_mandate, "mandate", mapping::mandate);
golden!(a_replaced_mandate, "mandate_replaced", mapping::mandate);
golden!(a_customer, "customer", mapping::customer);
golden!(a_billing_request, "billing_request", mapping::mandate_request);
golden!(a_fulfilled_billing_request, "billing_request_fulfilled", mapping::mandate_request);
golden!(a_refund, "refund", mapping::refund);
golden!(a_payout, "payout", payouts::payout);
golden!(a_payout_with_exchange, "payout_exchange", payouts::payout);

fn items() -> Vec<Value> {
    fixture("payout_items").as_array().unwrap().clone()
}

#[test]
fn the_items_of_the_worked_example() {
    let items = payouts::items(items()).unwrap();
    // Gocardless sheet section 29: the exact sum is 35432.4 and the payout 35432.
    let sum = model::money::ItemAmount::sum(items.iter().map(|item| &item.amount)).unwrap();
    assert_eq!(sum.to_string(), "35432.4");
    insta::assert_json_snapshot!("payout_items", items);
}

#[test]
fn a_tax_takes_the_sign_of_its_item() {
    for sent in ["28.0", "-28.0"] {
        let mut wire = items();
        wire[1]["taxes"][0]["amount"] = json!(sent);
        let items = payouts::items(wire).unwrap();
        assert_eq!(items[1].taxes[0].amount.to_string(), "-28");
    }
}

/// The fixture with one member changed is odd, and the sentence names what is.
fn check_odd<T: std::fmt::Debug>(
    name: &str,
    pointer: &str,
    value: Value,
    map: fn(Value) -> Result<T, String>,
    expected: &str,
) {
    let mut record = fixture(name);
    *record.pointer_mut(pointer).unwrap() = value;
    let odd = map(record).unwrap_err();
    assert!(odd.contains(expected), "{name}{pointer}: {odd}");
}

#[test]
fn odd_records_name_the_field() {
    let payment = mapping::collection;
    check_odd("payment", "/status", json!("lost"), payment, "status \"lost\" is not known");
    check_odd("payment", "/currency", json!("XXX"), payment, "currency");
    check_odd("payment", "/amount", json!(12.5), payment, "amount \"12.5\"");
    check_odd("payment", "/amount", json!("1e3"), payment, "amount \"1e3\"");
    check_odd("payment", "/amount", json!(null), payment, "number");
    check_odd("payment", "/amount", json!(99999999999999999999_u128), payment, "amount");
    check_odd("payment", "/charge_date", json!("soon"), payment, "charge_date \"soon\"");
    check_odd("payment", "/links/mandate", json!(""), payment, "links.mandate");
    check_odd("payment", "/created_at", json!("x"), payment, "created_at");
    check_odd("mandate", "/scheme", json!("cowrie"), mapping::mandate, "scheme \"cowrie\"");
    check_odd("mandate", "/status", json!("asleep"), mapping::mandate, "status");
    check_odd("payout", "/payout_type", json!("x"), payouts::payout, "payout_type");
    check_odd("refund", "/status", json!("x"), mapping::refund, "status");
    check_odd("billing_request", "/status", json!("x"), mapping::mandate_request, "status");
}

#[test]
fn an_unknown_kind_of_item_stops_the_payout() {
    let mut wire = items();
    wire[3]["type"] = json!("crypto_fee");
    let odd = payouts::items(wire).unwrap_err();
    assert_eq!(odd, "payout item 3: type \"crypto_fee\" is not known");
}

#[test]
fn amounts_are_read_from_numbers_and_texts_alike() {
    for amount in [json!(12000), json!("12000")] {
        let mut record = fixture("payment");
        record["amount"] = amount;
        assert_eq!(mapping::collection(record).unwrap().amount.minor, 12_000);
    }
}

#[test]
fn every_scheme_has_a_currency() {
    use super::super::schemes;
    let check = |name: &str, currency: &str, reference: Option<usize>| {
        let (code, max) = schemes::of(name).unwrap();
        assert_eq!((code.code(), max), (currency, reference), "{name}");
    };
    check("bacs", "GBP", Some(10));
    check("sepa_core", "EUR", Some(140));
    check("ach", "USD", Some(10));
    check("autogiro", "SEK", Some(11));
    check("betalingsservice", "DKK", Some(30));
    check("becs", "AUD", Some(30));
    check("becs_nz", "NZD", Some(12));
    check("pad", "CAD", None);
    check("faster_payments", "GBP", None);
    assert!(schemes::of("cowrie").is_none());
}
