//! Keeps the interpreter from drifting away from Step Functions: what it does with each machine is written down
//! beside it, rules of the documentation are held one by one, and the same machines run on the local stack.

#![cfg(test)] // There is nothing here but tests.

mod bench;
mod emulator;
mod golden;
mod line;
mod product;
mod rules;
