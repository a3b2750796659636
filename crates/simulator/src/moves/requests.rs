//! Payers authorise mandates that they were asked for, or somebody cancels the request.

use model::ids::MandateRequestId;

use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let now = world.now();
    let ids: Vec<MandateRequestId> = world.state().processor.requests.keys().cloned().collect();
    let id = random.pick(&ids)?;
    if random.chance(2_000) {
        let done = world.state().processor.cancel_request(id, now);
        return done.then(|| format!("somebody cancels request {id}"));
    }
    let done = world.state().processor.fulfil(id, now);
    done.then(|| format!("the payer authorises request {id}"))
}
