//! People make another link of the same systems, so that two could collect an invoice, and remove it again.

use model::case::Actor;
use model::ids::LinkId;
use model::policy::Mode;

use super::policies;
use crate::at_once::at_once;
use crate::random::Random;
use crate::setup;
use crate::simulation::Simulation;

/// The name of the second link.
const SECOND: &str = "second";

/// It is made with the policy of the first, removed, or edited.
pub fn make(simulation: &mut Simulation, random: &mut Random) -> String {
    let links = &simulation.connected.links;
    let Some(first) = links.values().find(|link| link.id.as_str() != SECOND).cloned() else {
        return "there is no link".to_owned();
    };
    let Some(mut second) = links.get(&LinkId::from(SECOND)).cloned() else {
        let modes = [Mode::On, Mode::On, Mode::PostOnly, Mode::Off];
        let mut policy = first.policy;
        policy.mode = random.pick(&modes).copied().unwrap_or(Mode::On);
        let line = format!("a second link is made, {:?}", policy.mode);
        policies::put(simulation, setup::link(SECOND, policy));
        return line;
    };
    if random.chance(6_000) {
        remove(simulation);
        return "the second link is removed".to_owned();
    }
    let what = policies::edit(&mut second.policy, random);
    policies::put(simulation, second);
    format!("the second link's policy is edited: {what}")
}

/// One link is left, if there were two.
pub fn remove(simulation: &mut Simulation) {
    let second = LinkId::from(SECOND);
    if simulation.connected.links.remove(&second).is_none() {
        return;
    }
    let ada = Actor::Person("ada".to_owned());
    let now = simulation.world.now();
    if let Err(error) = at_once(simulation.store.remove_link(&second, &ada, now)) {
        simulation.world.broken(format!("the link can not be removed: {error}"));
    }
    simulation.world.state().watched.rules.removed(&second, now);
    policies::tell_links(simulation);
}
