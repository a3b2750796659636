//! Acumatica's records as the model's nouns, and back: pure.

pub mod batch;
pub mod customer;
pub mod invoice;
pub mod receipt;
pub mod standing;

use jiff::tz::TimeZone;

use super::wire::Entity;

/// The stamp of the last change, comparable as text: milliseconds are as fine as it is told
/// (acumatica sheet section 13).
#[must_use]
pub fn version(entity: Entity<'_>) -> String {
    entity.moment("LastModifiedDateTime").map_or_else(String::new, |at| {
        at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    })
}
