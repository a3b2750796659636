//! gocardless/mod
