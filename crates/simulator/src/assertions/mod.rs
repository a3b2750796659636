//! The promises of DESIGN.md section 1, computed from the fakes' own truth alone.

pub mod asked;
pub mod bank;
pub mod books;
pub mod due;
pub mod ending;
pub mod foreign;
pub mod handed_over;
pub mod intents;
pub mod limits;
pub mod lines;
pub mod may;
pub mod once;
pub mod predecessor;
pub mod theirs;
pub mod together;
pub mod trail;

use crate::world::World;

/// What holds after every step, whatever is on its way.
#[must_use]
pub fn after_step(world: &World) -> Vec<String> {
    let state = world.state();
    let receipts = books::doubled(&state.books).into_iter();
    receipts.chain(handed_over::doubled(&state.processor)).collect()
}
