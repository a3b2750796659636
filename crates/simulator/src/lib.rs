//! A seeded world around the real engine and store: fakes of both sides at the level of the ports,
//! faults at every await, virtual time, and the promises of DESIGN.md section 1 checked against the
//! fakes' own truth. One seed tells one story, to the byte.

mod assertions;
mod at_once;
pub mod clock;
pub mod faults;
mod interrupt;
mod moves;
mod profile;
pub mod random;
pub mod simulation;
mod story;
mod worker;
mod world;
mod wrap;

pub use simulation::{Defect, Outcome, run, run_with};
