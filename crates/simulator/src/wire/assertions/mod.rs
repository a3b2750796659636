//! The promises of DESIGN.md section 1, computed from the emulators' own truth.

pub mod asked;
pub mod books;
pub mod due;
pub mod ending;
pub mod intents;
pub mod lines;
pub mod may;
pub mod once;
pub mod restraint;
pub mod secrecy;
pub mod theirs;
