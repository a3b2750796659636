//! Mission row NG6: one order makes one mandate at most, whatever was lost on the way.

use std::collections::BTreeMap;

use crate::world::processor::Processor;

/// Orders that made more than one mandate.
#[must_use]
pub fn doubled(processor: &Processor) -> Vec<String> {
    let mut made: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (mandate, key) in &processor.direct.mandates {
        // The last part counts the tries of one order.
        let order = key.rsplit_once('/').map_or(key.as_str(), |(order, _)| order);
        made.entry(order).or_default().push(mandate.as_str());
    }
    let doubled = made.into_iter().filter(|(_, mandates)| mandates.len() > 1);
    doubled.map(|(order, ids)| format!("P1: {order} made {}", ids.join(" and "))).collect()
}
