//! A seeded world around the real engine and store: fakes of both sides at the level of the ports,
//! faults at every await, virtual time, and the promises of DESIGN.md section 1 checked against the
//! fakes' own truth. One seed tells one story, to the byte.

mod assertions;
mod at_once;
pub mod choices;
pub mod clock;
#[cfg(feature = "defects")]
pub mod defects;
mod ending;
pub mod explore;
pub mod fakes;
pub mod faults;
pub mod focus;
pub mod further;
mod intake;
mod interrupt;
mod mistakes;
mod moves;
mod profile;
pub mod random;
pub mod rows;
mod setup;
pub mod shrink;
pub mod simulation;
pub mod story;
mod telling;
mod turns;
mod windows;
pub mod wire;
mod worker;
mod world;
mod wrap;

pub use mistakes::Defect;
pub use simulation::{Options, Outcome, run, run_with};
