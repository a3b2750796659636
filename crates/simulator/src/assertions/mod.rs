//! The promises of DESIGN.md section 1, computed from the fakes' own truth alone.

pub mod bank;
pub mod books;
pub mod ending;
pub mod intents;
pub mod once;
