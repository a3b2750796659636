//! The engine: hints make cases due; a worker looks, decides, saves, and does one command at a time.
//! No spawn, no sleep, no clock of its own: the shells and the simulator drive it.

pub mod asked;
pub mod bank_details;
mod disown;
mod doubts;
pub mod engine;
pub mod error;
pub mod foreign;
mod fresh;
pub mod inbox;
pub mod intake;
mod look;
pub mod news;
pub mod plan;
pub mod poll;
mod put_off;
mod resolve;
mod resting;
mod restraint;
pub mod say;
mod send;
pub mod step;
pub mod sweep;
pub mod trouble;
mod turns;
pub mod verify;
mod winding;
pub mod world;

pub use engine::{Engine, Settings};
pub use error::EngineError;
pub use look::{BY_HAND_FACT, INVOICE_FACT};
pub use world::World;
