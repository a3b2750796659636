//! What the emulator keeps per resource, and how each looks on the wire.

pub mod billing;
pub mod event;
pub mod mandate;
pub mod party;
pub mod payment;
pub mod payout;
pub mod refund;
pub mod schedule;

use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Reading API names.
pub trait Names: Sized {
    /// Every name.
    const NAMES: &'static [&'static str];

    /// The value of an API name.
    fn parse(name: &str) -> Option<Self>;
}

/// A closed set of API names.
macro_rules! names {
    ($(#[$meta:meta])* $type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type { $($variant),+ }

        impl $type {
            /// The API name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl $crate::gocardless::records::Names for $type {
            const NAMES: &'static [&'static str] = &[$($name),+];

            fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(in crate::gocardless) use names;

/// Foreign exchange of a payment, refund or payout (gocardless sheet section 10).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fx {
    /// Currency that the creditor is paid in.
    pub currency: Option<String>,
    /// Amount in that currency, minor units, once the rate is final.
    pub amount: Option<i64>,
    /// The final rate.
    pub rate: Option<Decimal>,
    /// The rate before that.
    pub estimated: Option<Decimal>,
}

impl Fx {
    /// Members are null where they do not apply.
    pub fn json(&self) -> Value {
        json!({
            "fx_currency": self.currency,
            "fx_amount": self.amount,
            "exchange_rate": self.rate.map(|rate| rate.to_string()),
            "estimated_exchange_rate": self.estimated.map(|rate| rate.to_string()),
        })
    }
}
