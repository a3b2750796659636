//! Bookkeepers close months and open them again.

use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let today = world.clock.today();
    let open = random.chance(5_000);
    let mut state = world.state();
    state.books.set_periods_before(today, open);
    state.watched.periods_closed |= !open;
    drop(state);
    let done = if open { "opened" } else { "closed" };
    Some(format!("the periods before {today} are {done}"))
}
