//! What people say about cases, through the engine as the console does.

use engine::Engine;
use engine::say::Order;
use model::case::{Actor, CaseKey, CaseKind};
use model::ids::InvoiceId;
use store::Store;
use store::rows::CaseFilter;

use crate::random::Random;

/// Cases that a person could look at.
const CASES_MAX: u32 = 1_000;

/// What somebody ordered, about which invoice.
pub struct Ordered {
    pub order: Order,
    pub invoice: InvoiceId,
    /// For the story.
    pub line: String,
}

/// An order about a case that is listed.
pub async fn make(engine: &Engine, store: &dyn Store, random: &mut Random) -> Option<Ordered> {
    let filter =
        CaseFilter { kind: Some(CaseKind::Collection), limit: CASES_MAX, ..CaseFilter::default() };
    let cases: Vec<CaseKey> =
        store.cases(&filter).await.ok()?.into_iter().map(|row| row.key).collect();
    let case = random.pick(&cases)?;
    let (order, word) = match random.below(4) {
        0 => (Order::Stop, "stop"),
        1 => (Order::Release, "release"),
        _ => (Order::Retry, "retry"),
    };
    let invoice = InvoiceId::new(case.subject.as_str());
    let actor = Actor::Person("ada".to_owned());
    engine.order(case, order, &actor).await.ok()?;
    Some(Ordered { order, invoice, line: format!("ada says {word} of {case}") })
}
