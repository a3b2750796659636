//! People answer what they are asked, rightly and wrongly: they leave a case, take it off the list, match,
//! adopt and disown payments, and choose among customers.

use engine::Engine;
use model::case::{Actor, CaseKey, CaseKind};
use model::ids::{CollectionId, InvoiceId, ProcessorCustomerId};
use model::person::PersonSaid;
use model::reason::ReasonCode;
use store::Store;
use store::rows::{AttentionRow, CaseFilter};

use super::{foreign, pick_invoice};
use crate::random::Random;
use crate::world::World;
use crate::world::processor::{PaymentRow, Said};

/// Cases that a person could look at.
const CASES_MAX: u32 = 1_000;

/// One answer, or one reason to be asked.
pub async fn make(
    world: &World,
    engine: &Engine,
    store: &dyn Store,
    random: &mut Random,
) -> Option<String> {
    match random.below(8) {
        0 | 1 => by_number(world, random),
        2 => {
            let aside = set_aside(engine, store, random).await?;
            if aside.leaves {
                world.state().watched.left.insert((aside.case, aside.code));
            }
            Some(aside.line)
        }
        3 | 4 => matched(world, engine, random).await,
        5 => adopt(world, engine, store, random).await,
        6 => disown(world, engine, store, random).await,
        _ => {
            let payers: Vec<_> = world.state().processor.customers.keys().cloned().collect();
            choose(engine, store, &payers, random).await
        }
    }
}

pub fn ada() -> Actor {
    Actor::Person("ada".to_owned())
}

/// Somebody collects an invoice in the dashboard, and names it by its number alone.
fn by_number(world: &World, random: &mut Random) -> Option<String> {
    let invoice = pick_invoice(world, random)?;
    let mandate = foreign::mandate_of(world, &invoice)?;
    let due = world.state().books.due(&invoice);
    let minor = if random.chance(7_000) { due } else { super::invoices::amount(random) };
    if minor <= 0 {
        return None;
    }
    let (number, now) = (format!("INV{invoice}"), world.now());
    let id = world.state().processor.pay_by_hand(&mandate, minor, None, &number, now);
    Some(format!("somebody makes {id} over {minor}, and writes {number} on it"))
}

/// What somebody set aside of which case.
pub struct SetAside {
    pub case: CaseKey,
    pub code: ReasonCode,
    /// For good, and not off the list alone.
    pub leaves: bool,
    /// For the story.
    pub line: String,
}

/// Something that waits for a person is left, or taken off the list.
pub async fn set_aside(
    engine: &Engine,
    store: &dyn Store,
    random: &mut Random,
) -> Option<SetAside> {
    let items: Vec<AttentionRow> = store.attention(false).await.ok()?;
    let item = random.pick(&items)?;
    let (case, code) = (item.case.clone(), item.reason.code);
    let leaves = random.chance(5_000);
    let said = if leaves { PersonSaid::Leave { code } } else { PersonSaid::Ignore { code } };
    engine.say(&case, &said, &ada()).await.ok()?;
    let word = if leaves { "leaves" } else { "ignores" };
    let line = format!("ada {word} {} of {case}", code.code());
    Some(SetAside { case, code, leaves, line })
}

async fn matched(world: &World, engine: &Engine, random: &mut Random) -> Option<String> {
    let payment = pick(world, random, |row| row.invoice().is_none())?;
    let invoice = of_its_payer(world, &payment, random)?;
    let anyway = random.chance(4_000);
    engine.match_foreign(&payment, invoice.as_str(), anyway, &ada()).await.ok()?;
    belongs(world, &payment, Some(&invoice));
    let word = if anyway { ", whatever speaks against it" } else { "" };
    Some(format!("ada matches {payment} with invoice {invoice}{word}"))
}

/// Mostly an invoice of the customer who pays.
fn of_its_payer(world: &World, payment: &CollectionId, random: &mut Random) -> Option<InvoiceId> {
    if random.chance(2_000) {
        return pick_invoice(world, random);
    }
    let state = world.state();
    let mandate = &state.processor.payments.get(payment)?.mandate;
    let payer = &state.processor.mandates.get(mandate)?.customer;
    let customer = state.processor.customers.get(payer)?.erp_customer.clone()?;
    let rows = state.books.invoices.iter().filter(|(_, row)| row.customer == customer);
    let own: Vec<InvoiceId> = rows.map(|(id, _)| id.clone()).collect();
    random.pick(&own).cloned()
}

async fn adopt(
    world: &World,
    engine: &Engine,
    store: &dyn Store,
    random: &mut Random,
) -> Option<String> {
    let written =
        |row: &PaymentRow| row.description.as_ref().is_some_and(|it| it.starts_with("INV"));
    let collection = pick(world, random, |row| row.invoice().is_none() && written(row))?;
    let number = world.state().processor.payments.get(&collection)?.description.clone()?;
    let invoice = InvoiceId::new(number.trim_start_matches("INV"));
    let case = case_of(store, invoice.as_str()).await?;
    let said = PersonSaid::Adopt { collection: collection.clone() };
    engine.say(&case, &said, &ada()).await.ok()?;
    belongs(world, &collection, Some(&invoice));
    Some(format!("ada adopts {collection} for invoice {invoice}"))
}

async fn disown(
    world: &World,
    engine: &Engine,
    store: &dyn Store,
    random: &mut Random,
) -> Option<String> {
    let collection = pick(world, random, |row| row.invoice().is_some())?;
    let invoice = world.state().processor.payments.get(&collection)?.invoice()?;
    let case = case_of(store, invoice.as_str()).await?;
    let said = PersonSaid::NotOurs { collection: collection.clone() };
    engine.say(&case, &said, &ada()).await.ok()?;
    belongs(world, &collection, None);
    Some(format!("ada says that {collection} is not of invoice {invoice}"))
}

/// One of the payers is chosen for a customer of whom nobody knows who it is.
pub async fn choose(
    engine: &Engine,
    store: &dyn Store,
    payers: &[ProcessorCustomerId],
    random: &mut Random,
) -> Option<String> {
    let items = store.attention(false).await.ok()?;
    let asked = items.into_iter().filter(|item| item.reason.code == ReasonCode::CustomerAmbiguous);
    let cases: Vec<CaseKey> =
        asked.map(|item| item.case).filter(|case| case.kind == CaseKind::Customer).collect();
    let case = random.pick(&cases)?;
    let customer = random.pick(payers)?.clone();
    let said = PersonSaid::Choose { customer: customer.clone() };
    engine.say(case, &said, &ada()).await.ok()?;
    Some(format!("ada chooses {customer} for {case}"))
}

fn pick(
    world: &World,
    random: &mut Random,
    fits: impl Fn(&PaymentRow) -> bool,
) -> Option<CollectionId> {
    let state = world.state();
    let fitting = state.processor.payments.iter().filter(|(_, row)| fits(row));
    let ids: Vec<CollectionId> = fitting.map(|(id, _)| id.clone()).collect();
    random.pick(&ids).cloned()
}

/// The invoice's case.
pub async fn case_of(store: &dyn Store, invoice: &str) -> Option<CaseKey> {
    let filter =
        CaseFilter { kind: Some(CaseKind::Collection), limit: CASES_MAX, ..CaseFilter::default() };
    let cases = store.cases(&filter).await.ok()?;
    cases.into_iter().map(|row| row.key).find(|key| key.subject == invoice)
}

fn belongs(world: &World, payment: &CollectionId, invoice: Option<&InvoiceId>) {
    let at = world.now();
    if let Some(row) = world.state().processor.payments.get_mut(payment) {
        row.said = Some(Said { invoice: invoice.cloned(), at });
    }
}
