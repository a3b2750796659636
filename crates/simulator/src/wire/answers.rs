//! People answer what they are asked, rightly and wrongly: they leave a case or take it off the list, and
//! match, adopt, disown and choose. They do so at the console, which no fault strikes, and whose
//! connectors read the systems as they are.

use std::collections::{BTreeMap, BTreeSet};

use engine::Engine;
use futures::FutureExt;
use jiff::Timestamp;
use model::case::{Actor, CaseKey, CaseKind};
use model::ids::{CollectionId, ProcessorCustomerId};
use model::person::PersonSaid;
use model::reason::ReasonCode;
use store::Store;
use store::rows::CaseFilter;

use super::systems::{Customer, customer_of};
use super::truth::{Invoice, Payment, Truth};
use crate::random::Random;

/// Cases that a person could look at.
const CASES_MAX: u32 = 1_000;

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
            0 => desk.set_aside(answers, random).await,
            1..=3 => desk.matches(answers, random).await,
            4 | 5 => desk.adopts(answers, random).await,
            6 => desk.disowns(answers, random).await,
            _ => desk.chooses(random).await,
        }
    };
    answered.now_or_never().flatten()
}

fn ada() -> Actor {
    Actor::Person("ada".to_owned())
}

impl Desk<'_> {
    async fn set_aside(&self, answers: &mut Answers, random: &mut Random) -> Option<String> {
        let items = self.store.attention(false).await.ok()?;
        let item = random.pick(&items)?;
        let code = item.reason.code;
        let leaves = random.chance(5_000);
        let said = if leaves { PersonSaid::Leave { code } } else { PersonSaid::Ignore { code } };
        self.console.say(&item.case, &said, &ada()).await.ok()?;
        if leaves {
            answers.left.insert((item.case.clone(), code));
        }
        let word = if leaves { "leaves" } else { "ignores" };
        Some(format!("ada {word} {} of {}", code.code(), item.case))
    }

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
        let case = self.case_of(&invoice.id).await?;
        let said = PersonSaid::Adopt { collection: CollectionId::new(payment.id.as_str()) };
        self.console.say(&case, &said, &ada()).await.ok()?;
        self.belongs(answers, payment, Some(&invoice.id));
        Some(format!("ada adopts {} for invoice {}", payment.id, invoice.id))
    }

    async fn disowns(&self, answers: &mut Answers, random: &mut Random) -> Option<String> {
        let payment = self.pick(random, |one| one.invoice.is_some())?;
        let invoice = payment.invoice.as_ref()?;
        let case = self.case_of(invoice).await?;
        let said = PersonSaid::NotOurs { collection: CollectionId::new(payment.id.as_str()) };
        self.console.say(&case, &said, &ada()).await.ok()?;
        self.belongs(answers, payment, None);
        Some(format!("ada says that {} is not of invoice {invoice}", payment.id))
    }

    async fn chooses(&self, random: &mut Random) -> Option<String> {
        let items = self.store.attention(false).await.ok()?;
        let asked = |code| code == ReasonCode::CustomerAmbiguous;
        let asked = items.into_iter().filter(|item| asked(item.reason.code));
        let cases: Vec<CaseKey> =
            asked.map(|item| item.case).filter(|case| case.kind == CaseKind::Customer).collect();
        let case = random.pick(&cases)?;
        let payers: Vec<&String> = self.truth.mandates.iter().map(|one| &one.payer).collect();
        let customer = ProcessorCustomerId::new(random.pick(&payers)?.as_str());
        let said = PersonSaid::Choose { customer: customer.clone() };
        self.console.say(case, &said, &ada()).await.ok()?;
        Some(format!("ada chooses {customer} for {case}"))
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

    async fn case_of(&self, invoice: &str) -> Option<CaseKey> {
        let filter = CaseFilter {
            kind: Some(CaseKind::Collection),
            limit: CASES_MAX,
            ..CaseFilter::default()
        };
        let cases = self.store.cases(&filter).await.ok()?;
        cases.into_iter().map(|row| row.key).find(|key| key.subject == invoice)
    }
}
