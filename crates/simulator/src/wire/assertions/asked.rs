//! Mission row NG6: nobody is asked for a mandate, or reminded of it, who has given one already. Judged
//! from the links that were made and from the mandates' own histories.

use jiff::SignedDuration;

use crate::wire::systems::Customer;
use crate::wire::truth::{Invited, Mandate, Truth};

/// Minutes for which a mandate may stay unseen: a list that lags, a request that takes effect late, and
/// a worker that is paused between its look and its send.
const UNSEEN_MINUTES: i64 = 45;

/// Links that were made for payers with a mandate. `same_emails`: nobody changed an address, so that
/// whoever has the same one is the same.
#[must_use]
pub fn check(truth: &Truth, customers: &[Customer], same_emails: bool) -> Vec<String> {
    let needless = truth.invitations.iter().filter_map(|invited| {
        let mut mandates = truth.mandates.iter();
        let mandate = mandates.find(|one| {
            was_usable(one, invited) && belongs_to(one, invited, customers, same_emails)
        })?;
        let (request, customer) = (&invited.request, &invited.customer);
        Some(format!("NG6: {request} asks customer {customer}, who gave {}", mandate.id))
    });
    needless.collect()
}

fn was_usable(mandate: &Mandate, invited: &Invited) -> bool {
    let seen = invited.at - SignedDuration::from_mins(UNSEEN_MINUTES);
    mandate.usable_since.is_some_and(|since| since <= seen)
}

fn belongs_to(
    mandate: &Mandate,
    invited: &Invited,
    customers: &[Customer],
    same_emails: bool,
) -> bool {
    if mandate.customer.as_ref() == Some(&invited.customer) {
        return true;
    }
    let customer = customers.iter().find(|one| one.id == invited.customer);
    let same = customer.is_some_and(|one| one.email == mandate.email);
    same_emails && mandate.customer.is_none() && same
}
