//! Payment processors, one folder each.
