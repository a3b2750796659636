//! Mandates from bank details: what is sent and adopted, and that nothing of the details is recorded
//! or told, whatever the other side repeats.

use model::command::{ProcessorWrite, RejectionCause, WriteAnswer};
use model::direct::{Authorised, CreateBankAccount, CreateCustomer, CreateMandate};
use model::key::Key;
use model::money::Currency;
use ports::{BankDetails, PortError, Processor};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Bench, bench, conflict, error, page, record, texts};
use crate::http::testing::{ScriptReply, no_answer, reply};

const HOLDER: &str = "Ottoline Quillfeather";

fn details(fields: &[(&str, &str)]) -> BankDetails {
    let mut all = vec![("account_holder_name", HOLDER)];
    all.extend(fields);
    BankDetails::new(
        all.into_iter()
            .map(|(name, value)| (name.to_owned(), SecretString::from(value.to_owned()))),
    )
}

fn british() -> BankDetails {
    details(&[("country_code", "gb"), ("branch_code", "20-00-00"), ("account_number", "55 779911")])
}

fn account_write() -> CreateBankAccount {
    CreateBankAccount {
        erp_customer: "1007".into(),
        customer: "CU1".into(),
        currency: Currency::GBP,
        details: "mandate/gc:1/1007/GBP/1".into(),
        metadata: texts(&[("mlc_key", "bank-account/1")]),
    }
}

fn mandate_write(scheme: &str) -> ProcessorWrite {
    ProcessorWrite::CreateMandate(CreateMandate {
        erp_customer: "1007".into(),
        customer: "CU1".into(),
        bank_account: "BA1".into(),
        currency: Currency::GBP,
        scheme: scheme.to_owned(),
        authorised: Authorised::Telephone,
        metadata: texts(&[("mlc_key", "direct-mandate/1"), ("mlc_customer", "1007")]),
    })
}

fn account(id: &str, customer: &str, key: &str) -> Value {
    json!({
        "id": id, "created_at": "2026-11-20T10:00:00.000Z", "account_holder_name": "OTTOLINE QUILLFEAT",
        "account_number_ending": "11", "bank_name": "BARCLAYS BANK PLC", "country_code": "GB",
        "currency": "GBP", "enabled": true, "metadata": { "mlc_key": key },
        "links": { "customer": customer },
    })
}

fn mandate(id: &str, scheme: &str, key: &str) -> Value {
    json!({
        "id": id, "created_at": "2026-11-20T10:00:00.000Z", "status": "pending_submission",
        "scheme": scheme, "next_possible_charge_date": "2026-11-27",
        "metadata": { "mlc_key": key }, "links": { "customer": "CU1" },
    })
}

fn exists(id: &str) -> ScriptReply {
    let entry = json!({
        "reason": "bank_account_exists", "message": "Bank account already exists",
        "links": { "customer_bank_account": id },
    });
    error(409, "validation_failed", &entry)
}

fn not_permitted() -> ScriptReply {
    let entry = json!({ "reason": "insufficient_permissions", "message": "not approved" });
    error(403, "invalid_api_usage", &entry)
}

async fn make(bench: &Bench, details: &BankDetails) -> Result<WriteAnswer, PortError> {
    let key = Key::from_stored("bank-account/1");
    bench.gocardless.write_bank_account(&key, &account_write(), details).await
}

/// Nothing of the details stands in a recorded exchange.
fn nothing_recorded(bench: &Bench) {
    let recorded = format!("{:?}", bench.keeper.kept());
    for value in ["55779911", "55 779911", "200000", "20-00-00", HOLDER, "OTTOLINE", "gb\""] {
        assert!(!recorded.contains(value), "{value}: {recorded}");
    }
    assert!(recorded.contains("account_number"), "what was sent is told by name: {recorded}");
}

fn rejection(error: PortError) -> (RejectionCause, String) {
    match error {
        PortError::Rejected(rejection) => (rejection.cause, rejection.words),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bank_account_is_made_and_nothing_of_it_recorded() {
    let bench = bench(vec![record(201, "customer_bank_accounts", &account("BA1", "CU1", "x"))]);
    let answer = make(&bench, &british()).await.unwrap();
    assert_eq!((answer.id.as_str(), answer.adopted), ("BA1", false));
    assert_eq!(
        bench.script.body(0)["customer_bank_accounts"],
        json!({
            "account_holder_name": HOLDER, "account_number": "55779911", "branch_code": "200000",
            "country_code": "GB", "currency": "GBP", "metadata": { "mlc_key": "bank-account/1" },
            "links": { "customer": "CU1" },
        })
    );
    assert_eq!(bench.script.header(0, "idempotency-key").as_deref(), Some("bank-account/1"));
    nothing_recorded(&bench);
}

#[tokio::test]
async fn the_identity_number_goes_to_the_customer_first() {
    let bench = bench(vec![
        record(200, "customers", &json!({ "id": "CU1" })),
        record(201, "customer_bank_accounts", &account("BA1", "CU1", "x")),
    ]);
    let swedish = details(&[
        ("country_code", "SE"),
        ("branch_code", "5491"),
        ("account_number", "0000003"),
        ("swedish_identity_number", "198112289874"),
    ]);
    make(&bench, &swedish).await.unwrap();
    let sent = json!({ "customers": { "swedish_identity_number": "198112289874" } });
    assert_eq!(bench.script.body(0), sent);
    let account = &bench.script.body(1)["customer_bank_accounts"];
    assert!(account.get("swedish_identity_number").is_none(), "{account}");
    let recorded = format!("{:?}", bench.keeper.kept());
    assert!(!recorded.contains("198112289874") && !recorded.contains("0000003"), "{recorded}");
}

#[tokio::test]
async fn an_account_that_is_there_is_adopted_when_it_is_the_customers() {
    for named in [conflict("BA7"), exists("BA7")] {
        let found = record(200, "customer_bank_accounts", &account("BA7", "CU1", "x"));
        let bench = bench(vec![named, found]);
        let answer = make(&bench, &british()).await.unwrap();
        assert_eq!((answer.id.as_str(), answer.adopted), ("BA7", true));
        nothing_recorded(&bench);
    }
    let of_another = record(200, "customer_bank_accounts", &account("BA7", "CU9", "x"));
    let bench = bench(vec![exists("BA7"), of_another]);
    let (cause, words) = rejection(make(&bench, &british()).await.unwrap_err());
    assert_eq!(cause, RejectionCause::Other);
    assert!(words.contains("is another one"), "{words}");
}

#[tokio::test]
async fn a_refusal_names_the_field_and_repeats_no_value() {
    let entry = json!({
        "field": "account_number", "message": "55779911 of OTTOLINE QUILLFEATHER is not at 200000",
        "request_pointer": "/customer_bank_accounts/account_number",
    });
    let refused = error(422, "validation_failed", &entry);
    let bench = bench(vec![refused, page("customer_bank_accounts", &[], None)]);
    let (cause, words) = rejection(make(&bench, &british()).await.unwrap_err());
    assert_eq!(cause, RejectionCause::Validation);
    assert!(words.contains("account_number") && words.contains("… of … is not at …"), "{words}");
    nothing_recorded(&bench);
}

#[tokio::test]
async fn an_unclear_answer_repeats_no_value_either() {
    let proxy = reply(502, "<html>55779911</html>");
    let repeated = reply(200, r#"{"customer_bank_accounts": {"id": 55779911}}"#);
    for odd in [proxy, repeated, no_answer()] {
        let bench = bench(vec![odd]);
        let error = make(&bench, &british()).await.unwrap_err();
        assert!(matches!(error, PortError::OutcomeUnknown(_)), "{error:?}");
        assert!(!error.to_string().contains("55779911"), "{error}");
        nothing_recorded(&bench);
    }
}

#[tokio::test]
async fn an_account_without_approval_is_told_apart() {
    let bench = bench(vec![not_permitted(), page("customer_bank_accounts", &[], None)]);
    let (cause, words) = rejection(make(&bench, &british()).await.unwrap_err());
    assert_eq!((cause, words.as_str()), (RejectionCause::Permission, "not approved"));
}

#[tokio::test]
async fn an_unknown_outcome_is_found_by_our_key() {
    let listed = [account("BA2", "CU1", "other"), account("BA1", "CU1", "bank-account/1")];
    let bench = bench(vec![page("customer_bank_accounts", &listed, None)]);
    let key = Key::from_stored("bank-account/1");
    let write = ProcessorWrite::CreateBankAccount(account_write());
    let found = bench.gocardless.find(&key, &write).await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.adopted), ("BA1", true));
    assert_eq!(bench.script.lines(), ["GET /customer_bank_accounts?customer=CU1&limit=500"]);
    // Never without its details.
    let bench = super::bench(Vec::new());
    rejection(bench.gocardless.write(&key, &write).await.unwrap_err());
}

#[tokio::test]
async fn a_mandate_is_made_once() {
    let key = Key::from_stored("direct-mandate/1");
    let made = mandate("MD1", "bacs", "direct-mandate/1");
    let bench = bench(vec![record(201, "mandates", &made)]);
    let answer = bench.gocardless.write(&key, &mandate_write("bacs")).await.unwrap();
    assert_eq!((answer.id.as_str(), answer.adopted), ("MD1", false));
    assert_eq!(
        bench.script.body(0)["mandates"],
        json!({
            "scheme": "bacs", "links": { "customer_bank_account": "BA1" },
            "metadata": { "mlc_key": "direct-mandate/1", "mlc_customer": "1007" },
        })
    );
    // The key was used.
    let bench = super::bench(vec![conflict("MD1"), record(200, "mandates", &made)]);
    let answer = bench.gocardless.write(&key, &mandate_write("bacs")).await.unwrap();
    assert_eq!((answer.id.as_str(), answer.adopted), ("MD1", true));
    // State is looked at before the key: the mandate is there all the same.
    let disabled = super::state("bank_account_disabled");
    let listed = page("mandates", std::slice::from_ref(&made), None);
    let bench = super::bench(vec![disabled, listed]);
    let answer = bench.gocardless.write(&key, &mandate_write("bacs")).await.unwrap();
    assert_eq!((answer.id.as_str(), answer.adopted), ("MD1", true));
    // The key made another one.
    let other = mandate("MD1", "sepa_core", "direct-mandate/1");
    let bench = super::bench(vec![conflict("MD1"), record(200, "mandates", &other)]);
    let (_, words) =
        rejection(bench.gocardless.write(&key, &mandate_write("bacs")).await.unwrap_err());
    assert!(words.contains("another one"), "{words}");
}

#[tokio::test]
async fn ach_says_how_it_was_authorised() {
    let key = Key::from_stored("direct-mandate/1");
    let made = mandate("MD1", "ach", "direct-mandate/1");
    let bench = bench(vec![record(201, "mandates", &made)]);
    bench.gocardless.write(&key, &mandate_write("ach")).await.unwrap();
    assert_eq!(bench.script.body(0)["mandates"]["authorisation_source"], "telephone");
}

#[tokio::test]
async fn a_payer_is_made_once_whichever_case_asks() {
    let write = ProcessorWrite::CreateCustomer(CreateCustomer {
        erp_customer: "1007".into(),
        once: "payer/gc:1/1007".to_owned(),
        company_name: Some("Acme".to_owned()),
        given_name: Some("Ada".to_owned()),
        family_name: None,
        email: Some("ada@acme.test".to_owned()),
        country: None,
        metadata: texts(&[("mlc_customer", "1007")]),
    });
    let customer = json!({ "id": "CU1", "metadata": { "mlc_customer": "1007" } });
    let bench = bench(vec![record(201, "customers", &customer)]);
    let key = Key::from_stored("payer/gc:1/1007/GBP/1");
    assert_eq!(bench.gocardless.write(&key, &write).await.unwrap().id, "CU1");
    assert_eq!(bench.script.header(0, "idempotency-key").as_deref(), Some("payer/gc:1/1007"));
    assert_eq!(
        bench.script.body(0)["customers"],
        json!({
            "company_name": "Acme", "email": "ada@acme.test",
            "metadata": { "mlc_customer": "1007" },
        })
    );
    let bench = super::bench(vec![conflict("CU1"), record(200, "customers", &customer)]);
    assert!(bench.gocardless.write(&key, &write).await.unwrap().adopted);
    let listed = page("customers", &[json!({ "id": "CU2" }), customer], None);
    let bench = super::bench(vec![listed]);
    let found = bench.gocardless.find(&key, &write).await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.adopted), ("CU1", true));
}
