//! A long mixed life on the local stack: signups, changes of plan, suspensions, cancellations and deletions at a steady rate, one
//! in twenty with something that goes wrong. In the end every operation has come to an end that can be told, nothing is there that
//! the ledger does not have, nor the other way round, and nobody's memory has grown.
//!
//! It has a stack of its own (`make soak`), for its faults and its sweep are everybody's.

#![allow(clippy::print_stdout)] // Its table is read where it was asked for.

mod drift;
mod life;
mod memory;
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tests::Stack;
use tokio::task::JoinSet;

use crate::life::{Act, Done, Population};
use crate::memory::Memory;
use crate::report::Report;

/// Unless it is told otherwise.
const MINUTES: u64 = 3;

/// Something begins so often.
const EVERY: Duration = Duration::from_secs(2);

/// Memory is looked at so often in a soak.
const LOOKS: u32 = 60;

/// A token is good for an hour, and an act may take a third of one.
const SIGNS_IN_EVERY: Duration = Duration::from_secs(1_200);

/// So many tenants are kept: above it they rather go, below it they rather come.
const TENANTS: usize = 40;

#[tokio::test]
#[ignore = "needs a local stack of its own: make soak"]
async fn a_long_mixed_life_leaves_nothing_undecided_nothing_adrift_and_nobody_larger() {
    let mut stack = Arc::new(signed_in().await);
    let length = Duration::from_secs(60 * minutes());
    let (population, mut memory) = (Population::new(TENANTS), Memory::of(&stack));
    let (begun, mut acts, mut done) = (Instant::now(), JoinSet::new(), Vec::<Done>::new());
    let (mut beats, mut looks) = (tokio::time::interval(EVERY), tokio::time::interval(length / LOOKS));
    let mut sign_ins = tokio::time::interval(SIGNS_IN_EVERY);
    while begun.elapsed() < length {
        tokio::select! {
            _ = beats.tick() => {
                let act = Act::draw(&population);
                acts.spawn(act.run(Arc::clone(&stack), population.clone()));
            }
            _ = looks.tick() => memory.look(begun.elapsed()),
            _ = sign_ins.tick() => stack = Arc::new(signed_in().await),
            Some(ended) = acts.join_next() => done.push(ended.expect("it does not panic")),
        }
    }
    while let Some(ended) = acts.join_next().await {
        done.push(ended.expect("it does not panic"));
    }
    let drift = drift::of(&stack, &population.everybody()).await;
    let report = Report { length: begun.elapsed(), done, drift, grown: memory.grown() };
    report.print();
    report.write().expect("it can be written");
    let problems = report.problems();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

async fn signed_in() -> Stack {
    let mut stack = Stack::from_env().await;
    let token = stack.people().admin().await;
    stack.api = stack.api.as_(token);
    stack
}

#[allow(clippy::disallowed_methods)] // How long it is to last.
fn minutes() -> u64 {
    std::env::var("MINUTES").ok().and_then(|minutes| minutes.parse().ok()).unwrap_or(MINUTES)
}
