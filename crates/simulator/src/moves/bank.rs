//! The banks' day.

use model::ids::{CollectionId, MandateId, MandateRequestId, PayoutId};
use model::mandate::MandateStatus;
use model::payment::CollectionStatus;
use model::payout::PayoutStatus;

use super::pick_payment;
use crate::random::Random;
use crate::world::World;

/// One thing that a bank does to one payment or payout.
pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    match random.below(10) {
        0..=2 => {
            let id = pick_payment(world, random, &[CollectionStatus::PendingSubmission])?;
            world.state().processor.submit(&id, now).then(|| format!("bank takes {id}"))
        }
        3..=5 => {
            let id = pick_payment(world, random, &[CollectionStatus::Submitted])?;
            world.state().processor.confirm(&id, now).then(|| format!("bank confirms {id}"))
        }
        6 => {
            let id = pick_payment(world, random, &[CollectionStatus::Submitted])?;
            let causes = world.state().processor.causes();
            let cause = random.pick(causes)?;
            let failed = world.state().processor.fail(&id, cause, now);
            failed.then(|| format!("bank refuses {id}: {cause}"))
        }
        7 | 8 => {
            let made = world.state().processor.pay_out(now);
            made.map(|id| format!("payout {id} is made"))
        }
        _ => pay_pending(world),
    }
}

fn pay_pending(world: &World) -> Option<String> {
    let now = world.now();
    let mut state = world.state();
    let pending =
        |row: &crate::world::processor::PayoutRow| row.payout.status == PayoutStatus::Pending;
    let next: Option<PayoutId> =
        state.processor.payouts.iter().find(|(_, row)| pending(row)).map(|(id, _)| id.clone());
    let id = next?;
    state.processor.pay(&id, now).then(|| format!("payout {id} is paid"))
}

/// Late failures, chargebacks, and chargebacks that are cancelled.
pub fn reverse(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    let collected = [CollectionStatus::Confirmed, CollectionStatus::PaidOut];
    match random.below(5) {
        0 | 1 => {
            let id = pick_payment(world, random, &collected)?;
            let causes = world.state().processor.causes();
            let cause = random.pick(causes)?;
            let failed = world.state().processor.fail(&id, cause, now);
            failed.then(|| format!("{id} fails late: {cause}"))
        }
        2 | 3 => {
            let id = pick_payment(world, random, &collected)?;
            let done = world.state().processor.charge_back(&id, now);
            done.then(|| format!("payer charges {id} back"))
        }
        _ => {
            let id = pick_payment(world, random, &[CollectionStatus::ChargedBack])?;
            let vanishes = random.chance(5_000);
            let done = world.state().processor.cancel_chargeback(&id, vanishes, now);
            done.then(|| format!("chargeback of {id} is cancelled"))
        }
    }
}

/// Everything that is on its way gets on by a day, and nothing fails: the end of a story.
pub fn settle_all(world: &World) {
    let now = world.now();
    {
        let mut state = world.state();
        let processor = &mut state.processor;
        let mandates: Vec<MandateId> = processor
            .mandates
            .iter()
            .filter(|(_, row)| {
                row.status == MandateStatus::PendingSubmission
                    || row.status == MandateStatus::PendingCustomerApproval
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in mandates {
            if !processor.answer_approval(&id, true, now) {
                processor.activate_mandate(&id, now);
            }
        }
        let asked: Vec<MandateRequestId> = processor.requests.keys().cloned().collect();
        for id in &asked {
            processor.fulfil(id, now);
        }
        let payments: Vec<CollectionId> = processor.payments.keys().cloned().collect();
        for id in &payments {
            // One step a day.
            let _ = processor.confirm(id, now) || processor.submit(id, now);
        }
        processor.retry_by_itself(now);
        if processor.pay_out(now).is_none() {
            processor.top_up();
        }
        let payouts: Vec<PayoutId> = processor.payouts.keys().cloned().collect();
        for id in payouts {
            processor.confirm_rate(&id, now);
            let made = processor.payouts.get(&id).map(|row| row.payout.created_at);
            if made.is_some_and(|made| made < now) {
                processor.pay(&id, now);
            }
        }
    }
    world.announce();
}

/// Nothing is on its way at the processor any more.
#[must_use]
pub fn is_quiet(world: &World) -> bool {
    world.state().processor.is_quiet()
}
