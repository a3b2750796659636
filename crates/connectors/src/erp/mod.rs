//! ERPs, one folder each.

pub mod acumatica;
pub mod netsuite;
