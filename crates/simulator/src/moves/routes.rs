//! Bookkeepers change the way that reversals take, while items of both ways are on their way.

use model::policy::{Policy, ReversalRoute};

/// The other route.
pub fn make(policy: &mut Policy) -> String {
    policy.reversals = match policy.reversals {
        ReversalRoute::FromBank => ReversalRoute::InDeposit,
        ReversalRoute::InDeposit => ReversalRoute::FromBank,
    };
    format!("reversals go another way: {:?}", policy.reversals)
}
