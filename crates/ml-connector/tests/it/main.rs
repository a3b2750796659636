//! The shipped binary from outside: its story under trouble, its webhooks, its answers to nonsense.

mod binary;
mod demo;
mod nonsense;
mod webhooks;
