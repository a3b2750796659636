//! People answer what they are asked, rightly and wrongly: they leave a case or take it off the list, and
//! match, adopt, disown and choose. They do so at the console, which no fault strikes, and whose
//! connectors read the systems as they are.

use std::collections::{BTreeMap, BTreeSet};

use engine::Engine;
use futures::FutureExt;
use jiff::Timestamp;
use model::case::{CaseKey, CaseKind};
use model::ids::{CollectionId, ProcessorCustomerId};
use model::person::PersonSaid;
use model::reason::ReasonCode;
use store::Store;

use super::systems::{Customer, customer_of};
use super::truth::{Invoice, Payment, Truth};
use crate::moves::answers::{ada, case_of, choose, set_aside};
use crate::random::Random;

/// Chances in ten thousand: whoever matches knows better than every doubt, or takes any invoice.
const ANYWAY: u32 = 4_000;
const ANY_INVOICE: u32 = 2_000;

/// What people answered, so far as it changes what has to hold.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Payments of which somebody said for which invoice they are, or for none; and when.
    whose: BTreeMap<String, (Option<String>, Timestamp)>,
    /// What somebody left, of which case.
    pub left: BTreeSet<(CaseKey, ReasonCode)>,
}

impl Answers {
    /// A payment is for the invoice that people last said it is for.
    pub fn tell(&self, truth: &mut Truth) {
        for (payment, (invoice, at)) in &self.whose {
            if let Some(payment) = truth.payments.get_mut(payment) {
                payment.invoice.clone_from(invoice);
                payment.said = Some(*at);
            }
        }
    }

    /// A person left this of the invoice's case.
    #[must_use]
    pub fn is_left(&self, invoice: &str, code: ReasonCode) -> bool {
        let mut left = self.left.iter();
        left.any(|(case, left)| {
            case.kind == CaseKind::Collection && case.subject == invoice && *left == code
        })
    }
}

/// Whoever answers, and what they see.
pub struct Desk<'a> {
    pub console: &'a Engine,
    pub store: &'a dyn Store,
    pub truth: &'a Truth,
    pub customers: &'a [Customer],
    pub now: Timestamp,
}

/// One answer; `None`: there is nothing to say, it is refused, or a system says "wait".
pub fn make(desk: &Desk<'_>, answers: &mut Answers, random: &mut Random) -> Option<String> {
    let answered = async {
        match random.below(8) {
            0 => {
                let aside = set_aside(desk.console, desk.store, random).await?;
                if aside.leaves {
                    answers.left.insert((aside.case, aside.code));
                }
                Some(aside.line)
            }
            1..=3 => desk.matches(answers, random).await,
            4 | 5 => desk.adopts(answers, random).await,
            6 => desk.disowns(answers, random).await,
            _ => {
                let mandates = desk.truth.mandates.iter();
                let payers: Vec<_> =
                    mandates.map(|one| ProcessorCustomerId::new(one.payer.as_str())).collect();
                choose(desk.console, desk.store, &payers, random).await
            }
        }
    };
    answered.now_or_never().flatten()
}

impl Desk<'_> {
    async fn matches(&self, answers: &mut Answers, random: &mut Random) -> Option<String> {
        let payment = self.pick(random, |one| one.invoice.is_none())?;
        let invoice = self.of_its_payer(payment, random)?;
        let anyway = random.chance(ANYWAY);
        let name = if random.chance(5_000) { &invoice.id } else { &invoice.number };
        let id = CollectionId::new(payment.id.as_str());
        self.console.match_foreign(&id, name, anyway, &ada()).await.ok()?;
        self.belongs(answers, payment, Some(&invoice.id));
        let word = if anyway { ", whatever speaks against it" } else { "" };
        Some(format!("ada matches {} with invoice {}{word}", payment.id, invoice.id))
    }

    async fn adopts(&self, answers: &mut Answers, random: &mut Random) -> Option<String> {
        let payment = self.pick(random, |one| one.invoice.is_none())?;
        let written = |one: &&Invoice| payment.description.as_deref() == Some(&one.number);
        let invoice = match self.truth.invoices.values().find(written) {
            Some(invoice) => invoice,
            None => self.of_its_payer(payment, random)?,
        };
        let case = case_of(self.store, &invoice.id).await?;
        let said = PersonSaid::Adopt { collection: CollectionId::new(payment.id.as_str()) };
        self.console.say(&case, &said, &ada()).await.ok()?;
        self.belongs(answers, payment, Some(&invoice.id));
        Some(format!("ada adopts {} for invoice {}", payment.id, invoice.id))
    }

    async fn disowns(&self, answers: &mut Answers, random: &mut Random) -> Option<String> {
        let payment = self.pick(random, |one| one.invoice.is_some())?;
        let invoice = payment.invoice.as_ref()?;
        let case = case_of(self.store, invoice).await?;
        let said = PersonSaid::NotOurs { collection: CollectionId::new(payment.id.as_str()) };
        self.console.say(&case, &said, &ada()).await.ok()?;
        self.belongs(answers, payment, None);
        Some(format!("ada says that {} is not of invoice {invoice}", payment.id))
    }

    fn belongs(&self, answers: &mut Answers, payment: &Payment, invoice: Option<&String>) {
        answers.whose.insert(payment.id.clone(), (invoice.cloned(), self.now));
    }

    fn pick(&self, random: &mut Random, fits: impl Fn(&Payment) -> bool) -> Option<&Payment> {
        let fitting: Vec<&Payment> = self.truth.payments.values().filter(|one| fits(one)).collect();
        random.pick(&fitting).copied()
    }

    /// Mostly an invoice of the customer who pays.
    fn of_its_payer(&self, payment: &Payment, random: &mut Random) -> Option<&Invoice> {
        let any = random.chance(ANY_INVOICE);
        let mandate = self.truth.mandates.iter().find(|one| one.id == payment.mandate);
        let payer = mandate.and_then(|one| customer_of(one, self.customers));
        let fits = |one: &&Invoice| any || Some(&one.customer) == payer;
        let invoices: Vec<&Invoice> = self.truth.invoices.values().filter(fits).collect();
        random.pick(&invoices).copied()
    }
}
