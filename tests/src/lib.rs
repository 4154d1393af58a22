//! What the tests across crates work with: the local stack as seen from outside.
//!
//! Everything is found from the environment that `infra/local/stack run` gives, so the same tests run against a
//! throw-away stack and against one that is up.

pub mod api;
pub mod function;
pub mod merchant_workspace;
pub mod people;
pub mod receiver;
pub mod stack;
pub mod worker;
pub mod world;

pub use api::{Api, Operation};
pub use stack::{Fault, Stack};
