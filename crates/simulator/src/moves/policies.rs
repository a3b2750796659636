//! People edit the link while work is in flight, switch it off and on, or make it anew.

use model::case::Actor;
use model::policy::{
    AfterReversal, AmountChanged, Bounced, ClosedPeriod, CollectWhich, Deposits, ForeignPayments,
    Mode, Policy, PostOn, ReversalRoute,
};
use store::rows::Link;

use crate::at_once::at_once;
use crate::random::Random;
use crate::setup;
use crate::simulation::Simulation;

/// One change of the link, applied as the console does.
pub fn make(simulation: &mut Simulation, random: &mut Random) -> String {
    let Some(mut link) = simulation.connected.links.values().next().cloned() else {
        return "there is no link".to_owned();
    };
    if random.chance(1_500) {
        return make_anew(simulation, &link);
    }
    let what = edit(&mut link.policy, random);
    put(simulation, link);
    format!("the link's policy is edited: {what}")
}

/// The route of reversals alone is edited.
pub fn make_route(simulation: &mut Simulation) -> String {
    let Some(mut link) = simulation.connected.links.values().next().cloned() else {
        return "there is no link".to_owned();
    };
    let line = super::routes::make(&mut link.policy);
    put(simulation, link);
    line
}

/// Something of the policy is changed; gives what.
pub fn edit(policy: &mut Policy, random: &mut Random) -> String {
    match random.below(9) {
        0 => {
            let modes = [Mode::Off, Mode::PostOnly, Mode::On, Mode::On];
            policy.mode = random.pick(&modes).copied().unwrap_or(Mode::On);
            format!("{:?}", policy.mode)
        }
        1 => {
            let confirmed = policy.post_on == PostOn::Confirmed;
            policy.post_on = if confirmed { PostOn::PaidOut } else { PostOn::Confirmed };
            format!("{:?}", policy.post_on)
        }
        2 => {
            let deposit = policy.reversals == ReversalRoute::InDeposit;
            policy.reversals =
                if deposit { ReversalRoute::FromBank } else { ReversalRoute::InDeposit };
            format!("{:?}", policy.reversals)
        }
        3 => {
            let hold = policy.foreign_payments == ForeignPayments::Hold;
            policy.foreign_payments =
                if hold { ForeignPayments::Suspense } else { ForeignPayments::Hold };
            format!("{:?}", policy.foreign_payments)
        }
        4 => {
            let alert = policy.amount_changed == AmountChanged::Alert;
            policy.amount_changed =
                if alert { AmountChanged::RecreateWhileCancellable } else { AmountChanged::Alert };
            format!("{:?}", policy.amount_changed)
        }
        5 => {
            let open = policy.after_chargeback == AfterReversal::LeaveOpen;
            policy.after_chargeback =
                if open { AfterReversal::CollectAfterDays(2) } else { AfterReversal::LeaveOpen };
            format!("{:?}", policy.after_chargeback)
        }
        6 => {
            let hold = policy.closed_period == ClosedPeriod::Hold;
            policy.closed_period = if hold { ClosedPeriod::NextOpen } else { ClosedPeriod::Hold };
            format!("{:?}", policy.closed_period)
        }
        7 => {
            let all = policy.collect == CollectWhich::AllOpen;
            policy.collect = if all { CollectWhich::Flagged } else { CollectWhich::AllOpen };
            format!("{:?}", policy.collect)
        }
        _ => {
            let made = policy.deposits == Deposits::Made;
            policy.deposits = if made { Deposits::LeftToPeople } else { Deposits::Made };
            let hold = policy.bounced == Bounced::Hold;
            policy.bounced = if hold { Bounced::Reverse } else { Bounced::Hold };
            format!("{:?}, {:?}", policy.deposits, policy.bounced)
        }
    }
}

/// The mode of every link, whatever people did to it.
pub fn set_mode(simulation: &mut Simulation, mode: Mode) {
    let links: Vec<Link> = simulation.connected.links.values().cloned().collect();
    for mut link in links.into_iter().filter(|link| link.policy.mode != mode) {
        link.policy.mode = mode;
        put(simulation, link);
    }
}

/// What a link is called that stands in the place of this one.
pub fn next_name(old: &Link) -> String {
    let nth = old.id.as_str().rsplit('-').next().and_then(|nth| nth.parse::<u32>().ok());
    format!("{}-{}", setup::LINK, nth.unwrap_or(1) + 1)
}

/// Removed, and made again under another name with the same policy.
fn make_anew(simulation: &mut Simulation, old: &Link) -> String {
    let name = next_name(old);
    let now = simulation.world.now();
    let removed = at_once(simulation.store.remove_link(&old.id, &ada(), now));
    if let Err(error) = removed {
        simulation.world.broken(format!("the link can not be removed: {error}"));
    }
    simulation.connected.links.remove(&old.id);
    simulation.world.state().watched.rules.removed(&old.id, now);
    put(simulation, setup::link(&name, old.policy.clone()));
    format!("the link is removed and made anew as {name}")
}

/// The link is kept, and everybody is told.
pub fn put(simulation: &mut Simulation, mut link: Link) {
    let now = simulation.world.now();
    simulation.world.state().watched.rules.ruled(&link.id, &link.policy, now);
    match at_once(simulation.store.put_link(&link, &ada(), simulation.world.now())) {
        Ok(version) => link.version = version,
        Err(error) => simulation.world.broken(format!("the link can not be kept: {error}")),
    }
    simulation.connected.links.insert(link.id.clone(), link);
    tell_links(simulation);
}

/// Workers and the console read the links, and open cases are looked at.
pub fn tell_links(simulation: &mut Simulation) {
    for worker in &simulation.workers {
        worker.reload(&simulation.connected.links);
    }
    let mut seen = engine::World::clone(&simulation.console.world());
    seen.links.clone_from(&simulation.connected.links);
    simulation.console.set_world(seen);
    if let Err(error) = at_once(simulation.console.hint_open()) {
        simulation.world.broken(format!("the open cases can not be hinted: {error}"));
    }
}

fn ada() -> Actor {
    Actor::Person("ada".to_owned())
}
