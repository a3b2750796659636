//! Mission row NG6: nobody is asked for a mandate, or reminded of it, who has given one already. Checked
//! when a link goes out, against the processor's own customers and mandates.

use jiff::{SignedDuration, Timestamp};
use model::command::{ProcessorWrite, Write};
use model::customer::ProcessorCustomer;
use model::ids::ErpCustomerId;

use crate::world::State;
use crate::world::processor::MandateRow;

/// Minutes for which a mandate may stay unseen: a list that lags, and a worker that is paused between
/// its look and its send.
const UNSEEN_MINUTES: i64 = 25;

/// What would be wrong with asking by this link now.
#[must_use]
pub fn before(state: &State, write: &Write, now: Timestamp) -> Option<String> {
    let Write::Processor(ProcessorWrite::InviteMandate(write)) = write else { return None };
    let payer = payer_of(state, &write.erp_customer)?;
    let seen = now - SignedDuration::from_mins(UNSEEN_MINUTES);
    let usable = |row: &MandateRow| {
        row.customer == payer.id && row.status.usable(true) && row.usable_since <= seen
    };
    let (id, _) = state.processor.mandates.iter().find(|(_, row)| usable(row))?;
    Some(format!("{} is asked for a mandate, and {} gave {id}", write.erp_customer, payer.id))
}

/// The only customer over there that names the ERP's, or else the only one of its e-mail address, where
/// nobody changed any address.
fn payer_of<'a>(state: &'a State, erp: &ErpCustomerId) -> Option<&'a ProcessorCustomer> {
    let all = || state.processor.customers.values();
    let named: Vec<_> = all().filter(|one| one.erp_customer.as_ref() == Some(erp)).collect();
    if !named.is_empty() || state.watched.customers_moved {
        return only(&named);
    }
    let email = state.books.customers.get(erp)?.email.as_ref()?;
    let theirs = state.books.customers.values().filter(|one| one.email.as_ref() == Some(email));
    if theirs.count() > 1 {
        return None;
    }
    let same: Vec<_> = all().filter(|one| one.email.as_ref() == Some(email)).collect();
    only(&same).filter(|one| one.erp_customer.is_none())
}

fn only<'a>(found: &[&'a ProcessorCustomer]) -> Option<&'a ProcessorCustomer> {
    match found {
        [one] => Some(*one),
        [] | [_, _, ..] => None,
    }
}
