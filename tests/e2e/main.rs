//! The whole product on the local stack, from outside: the API, the machines, the functions and what they make.
//!
//! Every test has tenants of its own and asserts on the world: the emulator's own listings.

mod access;
mod billing;
mod canary;
mod decisions;
mod events;
mod frappe_bench;
mod front;
mod health;
mod helm_cloudnativepg;
mod identity;
mod kubernetes_argocd;
mod merchant_workspace;
mod neon_cloud_run;
mod offboarding;
mod operators;
mod origins;
mod orphans;
mod outbox;
mod sbt;
