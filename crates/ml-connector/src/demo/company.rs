//! The company of the story: its chart of accounts, customers in four currencies with mandates in
//! every state, and open invoices. Some customers have a part to play ([`Role`]); the others just
//! pay.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::check::{Accounts, Hands};
use super::lots::Lots;

/// Currencies of the story with the ERP's id of the currency, its bank account, and the country of
/// customers.
pub const CURRENCIES: [(&str, u32, &str, &str); 4] = [
    ("GBP", 1, "210", "GB"),
    ("EUR", 2, "211", "DE"),
    ("SEK", 5, "213", "SE"),
    ("USD", 3, "212", "US"),
];

/// The subsidiary of the emulated company.
pub const SUBSIDIARY: &str = "2";

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

    /// The ERP's side without invoices.
    #[must_use]
    pub fn at_erp(&self, client: &str, certificate: &str, pem: &str) -> Value {
        let customers: Vec<Value> = self
            .customers
            .iter()
            .map(|one| {
                json!({
                    "id": one.id, "entityId": format!("C-{}", one.id), "companyName": one.name,
                    "email": one.email, "currency": {"id": currency_id(one.currency).to_string()},
                    "addressBook": {"items": [{"defaultBilling": true, "addressBookAddress": {
                        "addr1": "1 High Street", "country": {"id": country(one.currency)},
                    }}]},
                })
            })
            .collect();
        json!({
            "company": {"time_zone": "Europe/London", "date_format": "DD/MM/YYYY"},
            "accounts": [
                {"id": 213, "number": "1003", "name": "Bank SEK", "type": "Bank", "currency": 5,
                 "subsidiaries": [2]},
                {"id": 642, "number": "6420", "name": "Refunds", "type": "Expense"},
            ],
            "integration": {
                "client_id": client, "certificates": [{"kid": certificate, "pem": pem}],
            },
            "custom_fields": super::fields::custom_fields(),
            "customers": customers,
        })
    }

    /// Draws invoices: each customer has one before anybody has a second, the parts have one each.
    /// Amounts fit every scheme's limits; most are due around `today`.
    pub fn draw_invoices(&mut self, count: usize, today: Date, lots: &mut Lots) -> Vec<Value> {
        let plain: Vec<usize> = self.with(Role::Plain).map(|(n, _)| n).collect();
        let mut specs = Vec::new();
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
            let due = today.saturating_add(due_in.days());
            let id = (20_001 + n).to_string();
            let mut spec = json!({
                "id": id, "customer": one.id, "amount": major(amount), "number": format!("INV-{}", 4_001 + n),
                "date": issued.to_string(), "due": due.max(issued).to_string(),
                "currency": currency_id(one.currency),
                "fields": {"custbody_mlc_collect": collect},
            });
            if is_plain && lots.chance(40) {
                spec["tax"] = Value::from(major(amount / 6));
            }
            specs.push(spec);
            self.invoices.push(Made { id, customer, amount, collect });
        }
        specs
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

/// A further invoice, ticked and due at once, by the ERP's own numbering.
#[must_use]
pub fn further_invoice(customer: &Customer, amount: i64, today: Date) -> Value {
    json!({
        "customer": customer.id, "amount": major(amount), "date": today.to_string(),
        "due": today.to_string(), "currency": currency_id(customer.currency),
        "fields": {"custbody_mlc_collect": true},
    })
}

/// Major units as text; two decimals.
#[must_use]
pub fn major(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, (minor % 100).abs())
}

fn currency_id(code: &str) -> u32 {
    CURRENCIES.iter().find(|(known, ..)| *known == code).map_or(1, |(_, id, ..)| *id)
}

fn country(code: &str) -> &'static str {
    CURRENCIES.iter().find(|(known, ..)| *known == code).map_or("GB", |(.., country)| *country)
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

/// The chart as the link maps it.
#[must_use]
pub fn accounts() -> Accounts {
    let banks: BTreeMap<String, String> = CURRENCIES
        .iter()
        .map(|(code, _, bank, _)| ((*code).to_owned(), (*bank).to_owned()))
        .collect();
    Accounts {
        banks,
        undeposited: "116".to_owned(),
        fees: "640".to_owned(),
        fee_tax: "231".to_owned(),
        suspense: "651".to_owned(),
        rounding: "650".to_owned(),
    }
}
