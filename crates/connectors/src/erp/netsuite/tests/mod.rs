//! Golden mappings and scripted exchanges.
