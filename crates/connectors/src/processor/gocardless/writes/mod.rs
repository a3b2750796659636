//! Writes, one file per subject. Each finds what is already there before it reports a refusal, and
//! `find` looks for the effect of a write whose outcome is unknown.

pub mod bank_account;
pub mod collect;
pub mod customer;
pub mod mandate;
pub mod payer;
pub mod payment_actions;
pub mod request;

use model::command::WriteAnswer;

/// Made by this send.
pub fn made(id: impl Into<String>) -> WriteAnswer {
    WriteAnswer { id: id.into(), adopted: false, url: None }
}

/// Found to be there, or in that state, already.
pub fn adopted(id: impl Into<String>) -> WriteAnswer {
    WriteAnswer { id: id.into(), adopted: true, url: None }
}
