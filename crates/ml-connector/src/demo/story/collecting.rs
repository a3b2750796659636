//! The crowd: whoever is ticked and has a mandate pays, once, to the end. New invoices are written as
//! the weeks go by.

use jiff::civil::Date;
use jiff::{SpanRound, Unit};

use super::{Chapter, End, Scene};
use crate::demo::check::Broken;
use crate::demo::company::{CURRENCIES, Customer, Role, further_invoice, major};
use crate::failure::Result;

#[derive(Default)]
pub struct Collecting {
    first_day: Option<Date>,
    /// Invoices written in the course of the story.
    further: Vec<String>,
}

/// Days of the story on which new invoices are written. The first is paid out on the last working day
/// of the month, which will be closed by then.
const INVOICE_DAYS: [i64; 4] = [4, 14, 21, 28];
/// New invoices per currency on such a day.
const PER_CURRENCY: usize = 3;
/// Minor units of each, and in crowns: below the limits of the schemes.
const AMOUNT: i64 = 432_150;
const AMOUNT_SEK: i64 = 4_321_500;

/// Whoever just pays.
fn pays(customer: &Customer) -> bool {
    match customer.role {
        Role::Plain | Role::Asked | Role::Usable(_) | Role::Foreign => true,
        Role::Unusable(state) => matches!(state, "cancelled" | "expired"),
        _ => false,
    }
}

fn days_between(first: Date, today: Date) -> i64 {
    let span = today
        .since(first)
        .and_then(|span| span.round(SpanRound::new().largest(Unit::Day).days_are_24_hours()));
    span.map_or(0, |span| i64::from(span.get_days()))
}

impl Chapter for Collecting {
    fn name(&self) -> &'static str {
        "collecting"
    }

    fn morning(&mut self, scene: &mut Scene<'_>) -> Result<Vec<String>> {
        let first = *self.first_day.get_or_insert(scene.today);
        if !INVOICE_DAYS.contains(&days_between(first, scene.today)) {
            return Ok(Vec::new());
        }
        let mut said = Vec::new();
        for (currency, _) in CURRENCIES {
            let amount = if currency == "SEK" { AMOUNT_SEK } else { AMOUNT };
            let regulars = scene.company.regulars(currency);
            let specs: Vec<_> = regulars
                .iter()
                .cycle()
                .take(if regulars.is_empty() { 0 } else { PER_CURRENCY })
                .map(|customer| further_invoice(customer, amount, scene.today))
                .collect();
            if specs.is_empty() {
                continue;
            }
            let count = specs.len();
            for id in scene.ground.write_invoices(&specs)? {
                scene.hands.owed.insert(id.clone(), amount);
                self.further.push(id);
            }
            let shown = major(amount);
            said.push(format!("{count} new invoices over {currency} {shown} are written"));
        }
        Ok(said)
    }

    fn is_over(&self, end: &End<'_>) -> bool {
        self.further.len() >= INVOICE_DAYS.len() && self.check(end).is_empty()
    }

    fn check(&self, end: &End<'_>) -> Vec<Broken> {
        let drawn = end
            .company
            .invoices
            .iter()
            .filter(|made| made.collect && pays(&end.company.customers[made.customer]))
            .map(|made| &made.id);
        let mut broken = Vec::new();
        for id in drawn.chain(&self.further) {
            let payments = end.truth.payments_of(id);
            let paid_out = payments.iter().filter(|payment| payment.status == "paid_out").count();
            let remaining = end.truth.invoices.get(id).map_or(-1, |one| one.remaining);
            if paid_out != 1 || remaining != 0 {
                let states: Vec<&str> =
                    payments.iter().map(|payment| payment.status.as_str()).collect();
                let what = format!(
                    "invoice {id} should be paid, and {remaining} is open (payments: {})",
                    states.join(", ")
                );
                broken.push(Broken::new(self.name(), what));
            }
        }
        broken
    }
}
