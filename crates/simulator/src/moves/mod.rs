//! Moves of the world between the turns of the workers, one file per area.

pub mod answers;
pub mod away;
pub mod bank;
pub mod currencies;
pub mod customers;
pub mod editing;
pub mod exchange;
pub mod failed_refunds;
pub mod foreign;
pub mod handed_over;
pub mod invoices;
pub mod mandates;
pub mod orders;
pub mod payouts;
pub mod periods;
pub mod policies;
pub mod predecessor;
pub mod refunds;
pub mod refusals;
pub mod requests;
pub mod routes;
pub mod second_link;

use model::ids::{CollectionId, InvoiceId, MandateId};
use model::payment::CollectionStatus;

use crate::random::Random;
use crate::world::World;

/// Areas of moves; a seed has some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Submissions, confirmations, failures, payouts: always there.
    Bank,
    /// Late failures, chargebacks and their cancellation.
    Reversals,
    /// Payouts that bounce.
    Payouts,
    /// New invoices, amendments, credits, voids, flags.
    Invoices,
    /// Renamed, merged and doubled customers.
    Customers,
    /// Cancelled, replaced and new mandates.
    Mandates,
    /// Refunds at the processor, and their return.
    Refunds,
    /// Payments, cancels and retries by others at the processor.
    Foreign,
    /// People edit our receipts and deposits in the ERP.
    Editing,
    /// Periods close and open.
    Periods,
    /// People edit the link, or make it anew.
    Policies,
    /// People say "retry", "release", "stop".
    Orders,
    /// A second worker on the same store.
    SecondWorker,
    /// Nobody works for days.
    Away,
    /// The ERP refuses documents for good.
    Refusals,
    /// Reversals take another way from now on.
    Routes,
    /// Rates of payouts in another currency are confirmed.
    Exchange,
    /// Refunds that fail.
    FailedRefunds,
    /// Payers authorise mandates that they were asked for.
    Requests,
    /// People hand over payers' bank details.
    HandedOver,
    /// Invoices and payments in currencies that do not fit.
    Currencies,
    /// People answer what they are asked: leave, ignore, match, adopt, disown, choose.
    Answers,
    /// A predecessor made payments before the cut-over: no move of a step.
    Predecessor,
    /// People make another link of the same systems, and remove it.
    SecondLink,
}

impl Family {
    pub const ALL: [Family; 13] = [
        Family::Bank,
        Family::Reversals,
        Family::Payouts,
        Family::Invoices,
        Family::Customers,
        Family::Mandates,
        Family::Refunds,
        Family::Foreign,
        Family::Editing,
        Family::Periods,
        Family::Policies,
        Family::Orders,
        Family::SecondWorker,
    ];

    /// Moves that only worlds with a focus have, or wide ones.
    pub const FURTHER: [Family; 4] =
        [Family::Away, Family::Refusals, Family::Routes, Family::FailedRefunds];

    /// Whether people do something by it that may clear a refusal.
    #[must_use]
    pub fn is_of_people(self) -> bool {
        match self {
            Family::Invoices
            | Family::Customers
            | Family::Editing
            | Family::Periods
            | Family::Policies
            | Family::Orders
            | Family::Refusals
            | Family::Routes
            | Family::Currencies
            | Family::SecondLink
            | Family::Answers => true,
            Family::Bank
            | Family::Reversals
            | Family::Payouts
            | Family::Mandates
            | Family::Refunds
            | Family::Foreign
            | Family::SecondWorker
            | Family::Away
            | Family::Exchange
            | Family::FailedRefunds
            | Family::Requests
            | Family::HandedOver
            | Family::Predecessor => false,
        }
    }
}

/// A move that only needs the world. Gives what was done, for the story.
pub fn make(family: Family, world: &World, random: &mut Random) -> Option<String> {
    let done = match family {
        Family::Bank => bank::make(world, random),
        Family::Reversals => bank::reverse(world, random),
        Family::Payouts => payouts::make(world, random),
        Family::Invoices => invoices::make(world, random),
        Family::Customers => customers::make(world, random),
        Family::Mandates => mandates::make(world, random),
        Family::Refunds => refunds::make(world, random),
        Family::Foreign => foreign::make(world, random),
        Family::Editing => editing::make(world, random),
        Family::Periods => periods::make(world, random),
        Family::Away => away::make(world, random),
        Family::Refusals => refusals::make(world, random),
        Family::Exchange => exchange::make(world),
        Family::FailedRefunds => failed_refunds::make(world, random),
        Family::Requests => requests::make(world, random),
        Family::Currencies => currencies::make(world, random),
        // Made by the driver: they need the engine or the workers.
        Family::Policies
        | Family::Routes
        | Family::Orders
        | Family::SecondWorker
        | Family::SecondLink
        | Family::HandedOver
        | Family::Answers => None,
        // Over before the first step.
        Family::Predecessor => None,
    };
    world.announce();
    done
}

fn pick_invoice(world: &World, random: &mut Random) -> Option<InvoiceId> {
    let ids: Vec<InvoiceId> = world.state().books.invoices.keys().cloned().collect();
    random.pick(&ids).cloned()
}

fn pick_payment(
    world: &World,
    random: &mut Random,
    statuses: &[CollectionStatus],
) -> Option<CollectionId> {
    let state = world.state();
    let fitting = state.processor.payments.iter().filter(|(_, row)| statuses.contains(&row.status));
    let ids: Vec<CollectionId> = fitting.map(|(id, _)| id.clone()).collect();
    random.pick(&ids).cloned()
}

fn pick_mandate(world: &World, random: &mut Random) -> Option<MandateId> {
    let state = world.state();
    let usable = state.processor.mandates.iter().filter(|(_, row)| row.status.usable(true));
    let ids: Vec<MandateId> = usable.map(|(id, _)| id.clone()).collect();
    random.pick(&ids).cloned()
}
