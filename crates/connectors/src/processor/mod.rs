//! Payment processors, one folder each.

pub mod gocardless;
