//! The whole product in one process: the real machines drive the real functions with their real clients, over
//! a store and providers that remember, on a clock that costs nothing, and everything goes wrong on demand.

pub mod asl;
pub mod aws;
pub mod bench_host;
pub mod blueprints;
pub mod canary;
pub mod case;
pub mod chaos;
mod client;
pub mod clouds;
pub mod deployment;
pub mod domain;
pub mod lambda;
pub mod law;
pub mod leaving;
mod line;
pub mod matrix;
pub mod mysql;
pub mod name_servers;
pub mod rights;
pub mod roles;
pub mod service;
mod simulated;
pub mod tally;
mod verdict;
pub mod version;
pub mod wire;
pub mod wish;
#[path = "../../../infra/cli/src/workflow.rs"]
mod workflow;
pub mod world;

pub use simulated::simulated;
pub use world::World;
