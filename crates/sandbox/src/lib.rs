//! Emulators of the outside systems, strict enough that what they accept the real systems accept.
//! This crate imports nothing of ours: an emulator that shares types with the client shares its
//! misunderstandings.

pub mod acumatica;
pub mod clock;
#[cfg(test)]
mod documented;
pub mod emulator;
pub mod gocardless;
pub mod harness;
pub mod in_process;
pub mod netsuite;
pub mod registry;
#[cfg(test)]
mod toy;
