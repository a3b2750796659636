//! The connectors: one folder per outside system behind the traits of `ports`, and the one HTTP
//! stack that they share. Nothing here decides; it reads, writes and translates.

pub mod erp;
pub mod http;
pub mod processor;
pub mod registry;
