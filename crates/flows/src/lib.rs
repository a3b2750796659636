//! One file (or folder) per flow: facts in, decision out. Pure: no I/O, no async, no clock.

pub mod collection;
pub mod common;
pub mod customer;
pub mod dating;
pub mod mandate;
pub mod payout;
pub mod people;
pub mod refund;
pub mod routing;
pub mod schedule;
pub mod unresolved;
