#![doc = include_str!("README.md")]

mod callgrind;
mod certificate;
mod cloud;
pub mod disk;
mod process;
mod program;
mod run;
mod runtime;
mod server;
pub mod size;

pub use callgrind::Instructions;
pub use program::Program;
pub use run::{Harness, Run};
