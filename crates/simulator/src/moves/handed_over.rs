//! People hand over payers' bank details, right ones and wrong ones, for mandates that nobody authorises
//! by a link.

use engine::Engine;
use model::case::Actor;
use model::direct::Authorised;
use model::ids::{ErpCustomerId, LinkId};
use ports::BankDetails;
use secrecy::SecretString;

use crate::random::Random;

/// The account holder of all accounts: stands nowhere once it was handed over.
pub const HOLDER: &str = "Ottoline Quillfeather";

/// A number that no bank has.
pub const WRONG: &str = "00000000";

/// A person orders a mandate for this customer, as the console does; `None`: it is refused at once.
pub async fn make(
    engine: &Engine,
    link: &LinkId,
    customers: &[ErpCustomerId],
    random: &mut Random,
) -> Option<String> {
    let customer = random.pick(customers)?;
    let number = if random.chance(2_000) { WRONG } else { "55779911" };
    let fields = [
        ("account_holder_name", HOLDER),
        ("account_number", number),
        ("branch_code", "200000"),
        ("country_code", "GB"),
    ];
    let details = BankDetails::new(
        fields.map(|(name, value)| (name.to_owned(), SecretString::from(value.to_owned()))),
    );
    let plan = engine.plan_mandate(link, customer, &details, None).await.ok()?;
    let ada = Actor::Person("ada".to_owned());
    engine.order_mandate(&plan, &details, Authorised::Paper, &ada).await.ok()?;
    let word = if number == WRONG { "wrong " } else { "" };
    Some(format!("ada hands over {word}bank details for {}", plan.case))
}
