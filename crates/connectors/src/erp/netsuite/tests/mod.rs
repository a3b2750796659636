//! Golden mappings, and exchanges with a scripted NetSuite.

mod auth;
mod changes;
mod harness;
mod health;
mod mapping;
mod reads;
mod writes;
