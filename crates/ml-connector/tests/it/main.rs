//! The shipped binary from outside: set-up, stories and their trouble, its webhooks, its answers to
//! nonsense.

mod acumatica;
mod attention;
mod audit;
mod bank_details;
mod binary;
mod bounced;
mod demo;
mod demo_ends;
mod doubts;
mod foreign;
mod hands;
mod installed;
mod intake;
mod nonsense;
mod patience;
mod periods;
mod refusals;
mod replicas;
mod reports;
mod restored;
mod sandbox_guide;
mod setup;
mod stopping;
mod webhooks;
mod world;
