//! The nouns and rules that every other part shares: money, ids, keys, canonical documents, policy.
//! No I/O, no async, no clock, no randomness.

pub mod case;
pub mod command;
pub mod customer;
pub mod decision;
pub mod defects;
pub mod direct;
pub mod event;
pub mod ids;
pub mod invoice;
pub mod key;
pub mod ledger;
pub mod mandate;
pub mod money;
pub mod payment;
pub mod payout;
pub mod person;
pub mod policy;
pub mod reason;
pub mod receipt;
mod same_intent;
pub mod sight;
