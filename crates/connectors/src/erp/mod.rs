//! ERPs, one folder each.

pub mod netsuite;
