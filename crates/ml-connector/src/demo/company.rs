//! The company of the story: customers in four currencies with mandates in
//! every state, and open invoices. Some customers have a part to play ([`Role`]); the others just
//! pay.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::check::Hands;
use super::erp::Invoice;
use super::lots::Lots;

/// Currencies of the story, with the country of customers.
pub const CURRENCIES: [(&str, &str); 4] =
    [("GBP", "GB"), ("EUR", "DE"), ("SEK", "SE"), ("USD", "US")];

/// What a customer is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Pays.
    Plain,
    /// Has no mandate; a link is made and the payer authorises.
    Asked,
    /// Has no mandate, and the payer does not react.
    Silent,
    /// A mandate in a state in which nothing can be collected.
    Unusable(&'static str),
    /// A mandate in a state in which collecting is possible although it is not active.
    Usable(&'static str),
    FailsOnce,
    FailsAlways,
    FailsLate,
    ChargedBackAfter,
    ChargedBackBefore,
    ChargebackCancelled,
    Refunded,
    AmountBefore,
    AmountAfter,
    PaidBefore,
    PaidAfter,
    Foreign,
    HandEdit,
}

/// Parts that are dealt once per currency, in this order.
const PARTS: [Role; 14] = [
    Role::FailsOnce,
    Role::FailsAlways,
    Role::FailsLate,
    Role::ChargedBackAfter,
    Role::ChargedBackBefore,
    Role::ChargebackCancelled,
    Role::Refunded,
    Role::AmountBefore,
    Role::AmountAfter,
    Role::PaidBefore,
    Role::PaidAfter,
    Role::Foreign,
    Role::HandEdit,
    Role::Asked,
];

/// States of mandates that these currencies' schemes know, beside active (gocardless sheet section 9):
/// `(state, can be collected with, only of these currencies)`.
const STATES: [(&str, bool, &[&str]); 7] = [
    ("pending_customer_approval", true, &["GBP", "EUR"]),
    ("pending_submission", true, &[]),
    ("submitted", true, &[]),
    ("failed", false, &[]),
    ("cancelled", false, &[]),
    ("expired", false, &[]),
    ("blocked", false, &[]),
];

/// Customers of the smallest company in which every part is played once and somebody gets new
/// invoices.
pub const CUSTOMERS_LEAST: usize = PARTS.len() + STATES.len() + 1;

/// A customer on both sides.
#[derive(Debug, Clone)]
pub struct Customer {
    /// Id in the ERP.
    pub id: String,
    pub name: String,
    pub email: String,
    pub currency: &'static str,
    pub role: Role,
    /// Mandate at the processor, where there is one from the start.
    pub mandate: Option<String>,
}

/// An invoice as it was made.
#[derive(Debug, Clone)]
pub struct Made {
    pub id: String,
    pub customer: usize,
    /// Minor units.
    pub amount: i64,
    pub collect: bool,
}

/// The cast.
#[derive(Debug, Clone, Default)]
pub struct Company {
    pub customers: Vec<Customer>,
    pub invoices: Vec<Made>,
}

impl Company {
    /// Draws customers and deals the parts: GBP first, so that a small company has them all once.
    #[must_use]
    pub fn draw(count: usize, lots: &mut Lots) -> Company {
        let mut deck: Vec<(&'static str, Role)> = Vec::new();
        for (currency, ..) in CURRENCIES {
            let mut parts: Vec<(&'static str, Role)> =
                PARTS.iter().map(|role| (currency, *role)).collect();
            let of_currency =
                STATES.iter().filter(|(_, _, only)| only.is_empty() || only.contains(&currency));
            parts.extend(of_currency.map(|(state, usable, _)| {
                (currency, if *usable { Role::Usable(state) } else { Role::Unusable(state) })
            }));
            parts.push((currency, Role::Silent));
            // All parts of a currency or none: some of them need the others' money.
            if deck.len() + parts.len() <= count {
                deck.extend(parts);
            }
        }
        let customers = (0..count)
            .map(|n| {
                let plain = *lots.one_of(&["GBP", "GBP", "GBP", "EUR", "EUR", "SEK", "USD"]);
                let (currency, role) = deck.get(n).copied().unwrap_or((plain, Role::Plain));
                let name = name(n);
                let email =
                    format!("accounts{n}@{}.example", name.to_lowercase().replace(' ', "-"));
                let id = (1_001 + n).to_string();
                Customer { id, name, email, currency, role, mandate: None }
            })
            .collect();
        Company { customers, invoices: Vec::new() }
    }

    /// Customers with a part.
    pub fn with(&self, role: Role) -> impl Iterator<Item = (usize, &Customer)> {
        self.customers.iter().enumerate().filter(move |(_, one)| one.role == role)
    }

    /// Invoices of a customer.
    pub fn invoices_of(&self, customer: usize) -> impl Iterator<Item = &Made> {
        self.invoices.iter().filter(move |made| made.customer == customer)
    }

    /// The most that each invoice owes at the start.
    #[must_use]
    pub fn hands(&self) -> Hands {
        let owed = self.invoices.iter().map(|made| (made.id.clone(), made.amount)).collect();
        Hands { owed, ..Hands::default() }
    }

    /// Customers as the processor knows them already: all but those who are to be asked.
    #[must_use]
    pub fn at_processor(&self, token: &str) -> Value {
        let customers: Vec<Value> = self
            .known()
            .map(|(n, one)| {
                let state = match one.role {
                    Role::Unusable(state) | Role::Usable(state) => state,
                    _ => "active",
                };
                let country = country(one.currency);
                let mut row = json!({
                    "email": one.email, "company_name": one.name, "country_code": country,
                    "mandates": [{"currency": one.currency, "status": state}],
                });
                // Every third was connected before: it names its customer in the ERP.
                if n % 3 == 0 {
                    row["metadata"] = json!({ "mlc_customer": one.id });
                }
                row
            })
            .collect();
        json!({
            "organisations": [{"id": "OR000DEMO", "name": "Brightworks UK"}],
            "creditors": [{
                "id": "CR000DEMO", "name": "Brightworks UK", "country_code": "GB",
                "currencies": CURRENCIES.iter().map(|(code, ..)| code).collect::<Vec<_>>(),
                "can_create_refunds": true, "negative_balance_limit": 10_000_000,
                "bank_reference_prefix": "BRIGHTWORKS",
            }],
            "tokens": [{"token": token}],
            "customers": customers,
        })
    }

    /// Customers that the processor knows from the start, in the order in which they are seeded.
    pub fn known(&self) -> impl Iterator<Item = (usize, &Customer)> {
        let asked = |role: Role| matches!(role, Role::Asked | Role::Silent);
        self.customers.iter().enumerate().filter(move |(_, one)| !asked(one.role))
    }

    /// Draws invoices: each customer has one before anybody has a second, the parts have one each.
    /// Amounts fit every scheme's limits; most are due around `today`.
    #[must_use]
    pub fn draw_invoices(&self, count: usize, today: Date, lots: &mut Lots) -> Vec<Drawn> {
        let plain: Vec<usize> = self.with(Role::Plain).map(|(n, _)| n).collect();
        let mut drawn = Vec::new();
        for n in 0..count {
            let customer = match (n < self.customers.len(), plain.is_empty()) {
                (true, _) => n,
                (false, false) => *lots.one_of(&plain),
                (false, true) => break,
            };
            let one = &self.customers[customer];
            let is_plain = one.role == Role::Plain;
            let amount = match one.currency {
                "SEK" => lots.between(10_000, 900_000),
                _ => lots.between(2_000, 250_000),
            };
            // Every ninth of the crowd is somebody else's business.
            let collect = !is_plain || !lots.chance(9);
            // Parts are played at once; the crowd's due dates spread over the story.
            let due_in = if is_plain { lots.between(-25, 16) } else { lots.between(-20, 0) };
            let issued = today.saturating_sub(lots.between(5, 45).days());
            let due = today.saturating_add(due_in.days()).max(issued);
            let tax = Some(amount / 6).filter(|_| is_plain && lots.chance(40));
            drawn.push(Drawn { customer, amount, tax, issued, due, collect });
        }
        drawn
    }

    /// The drawn invoices were written under these ids.
    pub fn keep_invoices(&mut self, drawn: &[Drawn], ids: Vec<String>) {
        let made = drawn.iter().zip(ids).map(|(one, id)| Made {
            id,
            customer: one.customer,
            amount: one.amount,
            collect: one.collect,
        });
        self.invoices.extend(made);
    }
}

/// An invoice of the beginning; amounts in minor units.
pub struct Drawn {
    customer: usize,
    amount: i64,
    tax: Option<i64>,
    issued: Date,
    due: Date,
    collect: bool,
}

impl Drawn {
    /// As the ERP's stage writes it.
    #[must_use]
    pub fn invoice<'a>(&self, nth: usize, company: &'a Company) -> Invoice<'a> {
        let customer = &company.customers[self.customer];
        Invoice {
            nth: Some(nth),
            customer: &customer.id,
            currency: customer.currency,
            amount: self.amount,
            tax: self.tax,
            issued: self.issued,
            due: self.due,
            collect: self.collect,
        }
    }
}

impl Company {
    /// Who gets further invoices in a currency: one of the crowd, else one who pays anyway.
    #[must_use]
    pub fn regulars(&self, currency: &str) -> Vec<&Customer> {
        let of = |wanted: Role| {
            self.customers
                .iter()
                .filter(|one| one.currency == currency && one.role == wanted)
                .collect::<Vec<_>>()
        };
        let plain = of(Role::Plain);
        if plain.is_empty() { of(Role::Foreign) } else { plain }
    }
}

/// A further invoice, ticked and due at once.
#[must_use]
pub fn further_invoice(customer: &Customer, amount: i64, today: Date) -> Invoice<'_> {
    Invoice {
        nth: None,
        customer: &customer.id,
        currency: customer.currency,
        amount,
        tax: None,
        issued: today,
        due: today,
        collect: true,
    }
}

/// Major units as text; two decimals.
#[must_use]
pub fn major(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, (minor % 100).abs())
}

/// Where customers of a currency are at home.
#[must_use]
pub fn country(code: &str) -> &'static str {
    CURRENCIES.iter().find(|(known, _)| *known == code).map_or("GB", |(_, country)| *country)
}

const FIRST: [&str; 20] = [
    "Alder",
    "Birch",
    "Cedar",
    "Dunmore",
    "Elm",
    "Fairfield",
    "Glen",
    "Hart",
    "Iron",
    "Juniper",
    "Kestrel",
    "Larch",
    "Moor",
    "North",
    "Oak",
    "Pine",
    "Quarry",
    "Rowan",
    "Stone",
    "Thorn",
];
const SECOND: [&str; 15] = [
    "Bakery", "Bikes", "Books", "Brewing", "Dental", "Design", "Fitness", "Foods", "Garage",
    "Legal", "Media", "Optics", "Press", "Studios", "Tools",
];

/// A name of its own for each of the first 300, a number after it beyond.
fn name(n: usize) -> String {
    let first = FIRST[n % FIRST.len()];
    let second = SECOND[(n / FIRST.len()) % SECOND.len()];
    match n / (FIRST.len() * SECOND.len()) {
        0 => format!("{first} {second}"),
        round => format!("{first} {second} {round}"),
    }
}
