//! The story: one file per chapter. A chapter plans what banks and payers will do, acts as people do
//! in both systems when its moment has come, and says at the end what should be seen.

mod amounts;
mod chargebacks;
mod collecting;
mod failures;
mod foreign;
mod hands;
mod mandates;
mod periods;
mod refunds;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::check::{Broken, Hands};
use super::company::{Company, Customer, Made, Role};
use super::ground::Ground;
use super::truth::{Payment, Truth, text};
use crate::failure::Result;

/// What a chapter sees when it may act.
pub struct Scene<'a> {
    pub ground: &'a Ground,
    pub company: &'a Company,
    pub truth: &'a Truth,
    pub hands: &'a mut Hands,
    pub today: Date,
}

/// What a chapter sees at the end.
pub struct End<'a> {
    pub company: &'a Company,
    pub truth: &'a Truth,
}

/// One chapter.
pub trait Chapter {
    /// Its name in broken promises.
    fn name(&self) -> &'static str;

    /// What people do in the morning, once the connector has booked what the night brought. Lines
    /// for the terminal; none: nothing was done.
    fn morning(&mut self, scene: &mut Scene<'_>) -> Result<Vec<String>>;

    /// What people do in the evening.
    fn evening(&mut self, _scene: &mut Scene<'_>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Whether nothing more will come of it.
    fn is_over(&self, end: &End<'_>) -> bool;

    /// What should be seen and is not.
    fn check(&self, end: &End<'_>) -> Vec<Broken>;
}

/// All chapters.
#[must_use]
pub fn chapters() -> Vec<Box<dyn Chapter + Send>> {
    vec![
        Box::new(mandates::Mandates::default()),
        Box::new(collecting::Collecting::default()),
        Box::new(failures::Failures),
        Box::new(chargebacks::Chargebacks),
        Box::new(refunds::Refunds::default()),
        Box::new(amounts::Amounts::default()),
        Box::new(periods::Periods::default()),
        Box::new(foreign::Foreign::default()),
        Box::new(hands::HandEdits::default()),
    ]
}

/// What the banks and payers will do, told to the processor's emulator before anything is collected.
pub fn plan(ground: &Ground, company: &Company) -> Result<()> {
    for one in &company.customers {
        let fate = match one.role {
            Role::FailsOnce => json!({"outcome": "fails", "cause": "insufficient_funds"}),
            Role::FailsAlways => {
                json!({"outcome": "fails", "cause": "insufficient_funds", "count": 9})
            }
            Role::FailsLate => json!({"outcome": "fails_late", "cause": "insufficient_funds"}),
            Role::ChargedBackAfter => json!({"outcome": "charged_back", "days": 2}),
            Role::ChargedBackBefore => {
                json!({"outcome": "charged_back", "after_payout": false, "days": 0})
            }
            Role::ChargebackCancelled => {
                json!({"outcome": "charged_back", "cancelled_after_days": 4})
            }
            _ => continue,
        };
        let mut fate = fate;
        fate["mandate"] = Value::from(one.mandate.clone());
        ground.processor("/plan", &fate)?;
    }
    Ok(())
}

/// Customers with a part, with their one invoice.
pub fn cast<'a>(
    company: &'a Company,
    roles: &'a [Role],
) -> impl Iterator<Item = (&'a Customer, &'a Made)> {
    company
        .customers
        .iter()
        .enumerate()
        .filter(move |(_, one)| roles.contains(&one.role))
        .filter_map(move |(n, one)| Some((one, company.invoices_of(n).next()?)))
}

/// The newest payment of an invoice.
pub fn newest<'a>(truth: &'a Truth, invoice: &'a str) -> Option<&'a Payment> {
    truth.payments_of(invoice).pop()
}

/// How often a payment had a status.
pub fn times(payment: &Payment, status: &str) -> usize {
    payment.history.iter().filter(|(_, one)| one == status).count()
}

/// The id of a record that a deed answered.
pub fn made(answer: &Value) -> String {
    text(&answer["id"])
}

/// A person's deed at the processor.
pub fn act(ground: &Ground, body: &Value) -> Result<Value> {
    ground.processor("/act", body)
}
