//! Mandates from bank details that the merchant holds: payer, bank account and mandate are made once
//! each, and no value of the details comes back; a processor that can not do it says so.

use std::fmt::Debug;

use model::command::{ProcessorWrite, RejectionCause, WriteAnswer};
use model::direct::{Authorised, CreateBankAccount, CreateCustomer, CreateMandate};
use model::ids::{BankAccountId, MandateId, ProcessorCustomerId};
use model::key::Key;
use model::payment::metadata;
use secrecy::SecretString;

use super::expect::{adopted, found, made, ok, only, rejected, unknown, unsupported};
use super::world::World;
use crate::conformance::subject::{Need, ProcessorSubject, Trouble};
use crate::{BankDetails, PortError};

super::suite! {
    ProcessorSubject:
    details_are_taken_or_unsupported,
    well_formed_details_say_what_they_are_for needs [Need::BankDetails],
    a_wrong_field_is_named_without_its_value needs [Need::BankDetails],
    a_mandate_is_made_from_details needs [Need::BankDetails],
    a_payer_is_made_once_whichever_case_asks needs [Need::BankDetails],
    an_account_is_made_once_by_key_and_by_details needs [Need::BankDetails],
    a_mandate_is_made_once needs [Need::BankDetails],
    what_was_made_and_not_answered_is_found
        needs [Need::BankDetails, Need::Trouble(Trouble::AnswerLost)],
    what_was_lost_on_its_way_is_made_by_the_next_send
        needs [Need::BankDetails, Need::Trouble(Trouble::RequestLost)],
    refused_details_are_not_repeated needs [Need::BankDetails],
}

fn secret(fields: Vec<(String, String)>) -> BankDetails {
    BankDetails::new(fields.into_iter().map(|(name, value)| (name, SecretString::from(value))))
}

/// Values of which none may come back, with and without what people write between digits.
fn values(fields: &[(String, String)]) -> Vec<String> {
    let long = fields.iter().map(|(_, value)| value.clone()).filter(|value| value.len() > 3);
    let bare = |text: &String| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    long.flat_map(|value| [bare(&value), value]).collect()
}

#[track_caller]
fn tells_none(fields: &[(String, String)], told: &impl Debug) {
    let told = format!("{told:?}");
    let leaked = values(fields).iter().filter(|value| told.contains(value.as_str())).count();
    assert_eq!(leaked, 0, "values of the details in what came back");
}

fn key(name: &str) -> Key {
    Key::new(&["direct", name, "1"])
}

fn texts(key: &Key) -> std::collections::BTreeMap<String, String> {
    let texts = [(metadata::CUSTOMER, "1007"), (metadata::KEY, key.as_str())];
    texts.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

fn payer() -> ProcessorWrite {
    ProcessorWrite::CreateCustomer(CreateCustomer {
        erp_customer: "1007".into(),
        once: "payer/account/1007".to_owned(),
        company_name: Some("Brook & Sons".to_owned()),
        given_name: None,
        family_name: None,
        email: Some("ap@brook.example".to_owned()),
        country: Some("GB".to_owned()),
        metadata: [(metadata::CUSTOMER.to_owned(), "1007".to_owned())].into(),
    })
}

fn account(world: &World<'_>, customer: &ProcessorCustomerId, key: &Key) -> CreateBankAccount {
    CreateBankAccount {
        erp_customer: "1007".into(),
        customer: customer.clone(),
        currency: world.currency,
        details: "details-1".into(),
        metadata: [(metadata::KEY.to_owned(), key.as_str().to_owned())].into(),
    }
}

fn mandate(world: &World<'_>, customer: &str, account: &str) -> ProcessorWrite {
    let details = secret(world.subject.bank_details());
    let scheme = world.processor.read_bank_details(&details, None);
    ProcessorWrite::CreateMandate(CreateMandate {
        erp_customer: "1007".into(),
        customer: customer.into(),
        bank_account: BankAccountId::new(account),
        currency: world.currency,
        scheme: scheme.unwrap_or_else(|wrong| panic!("{wrong:?}")).scheme,
        authorised: Authorised::Paper,
        metadata: texts(&key("mandate")),
    })
}

async fn open_account(
    world: &World<'_>,
    customer: &str,
    key: &Key,
) -> Result<WriteAnswer, PortError> {
    let details = secret(world.subject.bank_details());
    let write = account(world, &customer.into(), key);
    world.processor.write_bank_account(key, &write, &details).await
}

/// A payer with a bank account: their ids.
async fn ready(world: &World<'_>) -> (String, String) {
    let customer = made(world.processor.write(&key("payer"), &payer()).await);
    let account = made(open_account(world, &customer, &key("account")).await);
    (customer, account)
}

async fn mandates(world: &World<'_>, customer: &str) -> Vec<MandateId> {
    let reads = ok(world.processor.mandates_of(&customer.into()).await);
    reads.into_iter().map(|read| found(read).id).collect()
}

async fn details_are_taken_or_unsupported(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let nothing = BankDetails::default();
    let wrong = world.processor.read_bank_details(&nothing, None);
    assert!(wrong.is_err_and(|wrong| wrong.iter().all(|one| !one.is_empty())), "taken: nothing");
    let write = account(&world, &world.customer, &key("account"));
    let told = world.processor.write_bank_account(&key("account"), &write, &nothing).await;
    match told {
        Err(PortError::Unsupported(_)) => {
            unsupported(world.processor.write(&key("payer"), &payer()).await);
        }
        refused => drop(rejected(refused)),
    }
    // Without details there is nothing that could be sent.
    let whole = ProcessorWrite::CreateBankAccount(write);
    let told = world.processor.write(&key("account"), &whole).await;
    assert!(matches!(told, Err(PortError::Rejected(_) | PortError::Unsupported(_))), "{told:?}");
}

async fn well_formed_details_say_what_they_are_for(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let details = secret(subject.bank_details());
    match world.processor.read_bank_details(&details, None) {
        Ok(purpose) => {
            assert_eq!(purpose.currency, world.currency);
            assert!(!purpose.scheme.is_empty() && purpose.country.len() == 2, "{purpose:?}");
            let named = world.processor.read_bank_details(&details, Some(&purpose.scheme));
            assert_eq!(named, Ok(purpose));
        }
        Err(wrong) => panic!("{wrong:?}"),
    }
    let named = world.processor.read_bank_details(&details, Some("no such scheme"));
    assert!(named.is_err(), "{named:?}");
}

async fn a_wrong_field_is_named_without_its_value(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let right = subject.bank_details();
    for wrong in 0..right.len() {
        let mut fields = right.clone();
        fields[wrong].1 = "not-a-value-of-anything-4711".to_owned();
        let read = world.processor.read_bank_details(&secret(fields.clone()), None);
        tells_none(&fields, &read.as_ref().err());
        if let Err(sentences) = read {
            assert!(!sentences.is_empty());
        }
    }
    let mut fields = right;
    fields.push(("no_such_field".to_owned(), "4711-4711".to_owned()));
    let read = world.processor.read_bank_details(&secret(fields.clone()), None);
    let sentences = read.err().unwrap_or_default();
    assert!(sentences.iter().any(|one| one.contains("no_such_field")), "{sentences:?}");
    tells_none(&fields, &sentences);
}

async fn a_mandate_is_made_from_details(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let (customer, account) = ready(&world).await;
    let id =
        made(world.processor.write(&key("mandate"), &mandate(&world, &customer, &account)).await);
    let ids = [MandateId::new(id.as_str())];
    let read = found(only(ok(world.processor.mandates(&ids).await)));
    assert_eq!((read.customer.as_str(), read.currency), (customer.as_str(), world.currency));
    assert!(read.status.usable(true), "{read:?}");
    let ids = [ProcessorCustomerId::new(customer)];
    let payer = found(only(ok(world.processor.customers(&ids).await)));
    assert_eq!(payer.erp_customer, Some("1007".into()));
}

/// Mandates in two currencies are two cases; their payer is one.
async fn a_payer_is_made_once_whichever_case_asks(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    assert_eq!(ok(world.processor.find(&key("one"), &payer()).await), None);
    let id = made(world.processor.write(&key("one"), &payer()).await);
    for name in ["one", "two"] {
        adopted(world.processor.write(&key(name), &payer()).await, &id);
        let found = ok(world.processor.find(&key(name), &payer()).await);
        assert_eq!(found.map(|answer| answer.id).as_ref(), Some(&id));
    }
}

async fn an_account_is_made_once_by_key_and_by_details(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let (customer, id) = ready(&world).await;
    for name in ["account", "another order of the same details"] {
        adopted(open_account(&world, &customer, &key(name)).await, &id);
    }
}

async fn a_mandate_is_made_once(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let (customer, account) = ready(&world).await;
    let write = mandate(&world, &customer, &account);
    assert_eq!(ok(world.processor.find(&key("mandate"), &write).await), None);
    let id = made(world.processor.write(&key("mandate"), &write).await);
    adopted(world.processor.write(&key("mandate"), &write).await, &id);
    subject.end_mandate(&id.as_str().into());
    adopted(world.processor.write(&key("mandate"), &write).await, &id);
    let found = ok(world.processor.find(&key("mandate"), &write).await);
    assert_eq!(found.map(|answer| answer.id).as_ref(), Some(&id));
    assert_eq!(mandates(&world, &customer).await, [id.as_str().into()]);
}

async fn what_was_made_and_not_answered_is_found(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::AnswerLost);
    unknown(world.processor.write(&key("payer"), &payer()).await);
    subject.calm();
    let customer = ok(world.processor.find(&key("payer"), &payer()).await);
    let customer = customer.unwrap_or_else(|| panic!("the payer was made, and is not found")).id;
    subject.trouble(Trouble::AnswerLost);
    unknown(open_account(&world, &customer, &key("account")).await);
    subject.calm();
    let account = ok(open_account(&world, &customer, &key("account")).await);
    assert!(account.adopted, "{account:?}");
    let write = mandate(&world, &customer, &account.id);
    subject.trouble(Trouble::AnswerLost);
    unknown(world.processor.write(&key("mandate"), &write).await);
    subject.calm();
    let id = ok(world.processor.find(&key("mandate"), &write).await);
    let id = id.unwrap_or_else(|| panic!("the mandate was made, and is not found")).id;
    adopted(world.processor.write(&key("mandate"), &write).await, &id);
    assert_eq!(mandates(&world, &customer).await, [id.as_str().into()]);
}

async fn what_was_lost_on_its_way_is_made_by_the_next_send(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::RequestLost);
    unknown(world.processor.write(&key("payer"), &payer()).await);
    subject.calm();
    let customer = made(world.processor.write(&key("payer"), &payer()).await);
    subject.trouble(Trouble::RequestLost);
    unknown(open_account(&world, &customer, &key("account")).await);
    subject.calm();
    let account = made(open_account(&world, &customer, &key("account")).await);
    let write = mandate(&world, &customer, &account);
    subject.trouble(Trouble::RequestLost);
    unknown(world.processor.write(&key("mandate"), &write).await);
    subject.calm();
    made(world.processor.write(&key("mandate"), &write).await);
    assert_eq!(mandates(&world, &customer).await.len(), 1);
}

async fn refused_details_are_not_repeated(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let customer = made(world.processor.write(&key("payer"), &payer()).await);
    let fields = subject.refused_bank_details();
    let write = account(&world, &customer.as_str().into(), &key("account"));
    let details = secret(fields.clone());
    let told = world.processor.write_bank_account(&key("account"), &write, &details).await;
    tells_none(&fields, &told);
    assert_eq!(rejected(told), RejectionCause::Validation);
    // Certainly refused, so the key is free for the right details.
    made(open_account(&world, &customer, &key("account")).await);
}
