//! The wire depth: the real connectors, engine, flows and store against the real emulators, in one
//! thread and in virtual time, with everything that a wire can do to a request between them. One
//! seed tells one story, to the byte. A further system adds a folder in `systems`.

mod answers;
mod assertions;
mod bursts;
mod direct;
mod ending;
mod further;
mod handed_over;
mod intake;
mod links;
mod moves;
mod outside;
mod predecessor;
mod profile;
mod rounds;
mod setup;
mod simulation;
mod systems;
mod telling;
mod time;
mod transport;
mod truth;
mod watch;
mod worker;

pub use further::{
    ANSWERS_FROM, FROM as FURTHER_FROM, NEWEST_FROM, PREDECESSORS_FROM, SETTLED_FROM,
};
pub use profile::kinds_from;
pub use simulation::{run, run_chosen, run_on};
pub use systems::Books;
