//! ERPs, one folder each.
