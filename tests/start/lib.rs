#![doc = include_str!("README.md")]

mod callgrind;
mod certificate;
mod cloud;
mod process;
mod program;
mod run;
mod runtime;
mod server;

pub use callgrind::Instructions;
pub use program::Program;
pub use run::{Harness, Run};
