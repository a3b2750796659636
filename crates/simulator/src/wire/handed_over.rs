//! People hand over payers' bank details for mandates that are not authorised by a link; and what must
//! hold of them: one order makes one mandate at most (mission row NG6).

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::case::{Actor, CaseKind};
use model::direct::Authorised;
use secrecy::SecretString;
use store::Store;
use store::rows::{CaseFilter, Hint, NewMandateOrder};

use super::truth::Truth;
use crate::random::Random;

/// Cases that a person could look at.
const CASES_MAX: u32 = 1_000;

/// Some of the orders that are given are for a mandate: so many in ten thousand.
const CHANCE: u32 = 4_000;

/// The account holder of all accounts: stands nowhere once it was handed over.
const HOLDER: &str = "Ottoline Quillfeather";

/// The first of their account numbers, which follow each other.
const NUMBER: u64 = 55_779_911;
const NUMBERS: u64 = 2;

/// What every key of a mandate that an order made begins with.
const PURPOSE: &str = "direct-mandate/";

/// What must not be readable anywhere.
pub fn secrets() -> Vec<SecretString> {
    let numbers = (0..NUMBERS).map(|nth| (NUMBER + nth).to_string());
    let all = [HOLDER.to_owned(), HOLDER.to_uppercase()].into_iter().chain(numbers);
    all.map(SecretString::from).collect()
}

/// A person gives the details of a payer that the connector has looked for a mandate of.
pub async fn make(store: &dyn Store, mut random: Random, at: Timestamp) -> Option<String> {
    if !random.chance(CHANCE) {
        return None;
    }
    let filter =
        CaseFilter { kind: Some(CaseKind::Mandate), limit: CASES_MAX, ..CaseFilter::default() };
    let cases = store.cases(&filter).await.ok()?;
    let case = random.pick(&cases)?;
    // Two accounts, so that some payers come with one that is known already.
    let number = NUMBER + random.below(NUMBERS);
    let details = serde_json::json!({
        "account_holder_name": HOLDER, "account_number": number.to_string(),
        "branch_code": "200000", "country_code": "GB",
    });
    let hint = Hint { case: case.key.clone(), due_at: at, link: case.link.clone() };
    let wanted = NewMandateOrder { scheme: "bacs".to_owned(), authorised: Authorised::Paper };
    let details = SecretString::from(details.to_string());
    let actor = Actor::Person("ada".to_owned());
    store.order_mandate(&hint, &wanted, &details, &actor, at).await.ok()?;
    Some(format!("ada hands over bank details for {}", case.key))
}

/// Orders that made more than one mandate.
#[must_use]
pub fn check(truth: &Truth) -> Vec<String> {
    let mut made: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for mandate in &truth.mandates {
        let key = mandate.key.as_deref().filter(|key| key.starts_with(PURPOSE));
        // The last part counts the tries of one order.
        if let Some((order, _)) = key.and_then(|key| key.rsplit_once('/')) {
            made.entry(order).or_default().push(&mandate.id);
        }
    }
    let doubled = made.into_iter().filter(|(_, mandates)| mandates.len() > 1);
    doubled.map(|(order, ids)| format!("P1: {order} made {}", ids.join(" and "))).collect()
}
