//! The runtime around a step, with the real ledger on the in-memory twin and a small provider that remembers
//! what it was made to hold, whose it is, and how often it was written.

mod apply;
mod backup;
mod destroy;
mod fence;
mod lab;
mod metrics;
mod probe;
mod provider;
mod sweep;
#[path = "../../../store/tests/turns/mod.rs"]
mod turns;
