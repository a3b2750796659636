//! The only SQL of the project: cases, facts, commands, inbox, audit chain and sealed credentials
//! behind one trait, with a conformance suite that every implementation passes.

pub mod api;
pub mod rows;

pub use api::Store;
