//! What may not get slower or dearer: what a tenant takes beside what its providers do, what it costs, and what becomes of both
//! when there are many.
//!
//! ```sh
//! make bench                          # all
//! make bench ROWS="tenants paths"     # some
//! ```
//!
//! `requests`, `signups`, `events`, `tenants`, `neighbours`, `paths`, `executions`, `cost` and `start` need no stack; `reads`, `staleness`, `walls` and
//! `crowd`, and a part of `signups`, do.

#![allow(clippy::print_stdout)] // Its table is read where it was asked for.

mod api;
mod billing;
mod cost;
mod crowd;
mod executions;
mod growth;
mod latency;
mod life;
mod neighbours;
mod overhead;
mod paths;
mod population;
mod reads;
mod report;
mod signups;
mod staleness;
mod start;
mod walls;

use report::Report;

/// So many tenants are on a page of the list: of ten there is a page with one before it and one behind.
const PAGE: usize = 4;

/// glibc's gets slower with what is on its heap.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many tenants there are, from few to many.
const SIZES: [u32; 3] = [10, 1_000, 100_000];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut report = Report::default();
    let chosen = aws::variable("ROWS").ok().filter(|rows| !rows.is_empty());
    let is_chosen =
        |rows: &str| chosen.as_deref().is_none_or(|chosen| chosen.split_whitespace().any(|one| one == rows));
    if is_chosen("requests") {
        latency::measure(&SIZES, report.begin("requests")).await;
    }
    if is_chosen("signups") {
        signups::in_memory(report.begin("signups")).await;
    }
    if is_chosen("events") {
        billing::measure(report.begin("events"));
    }
    if is_chosen("tenants") {
        growth::measure(report.begin("tenants"));
    }
    if is_chosen("neighbours") {
        neighbours::measure(&SIZES, report.begin("neighbours"));
    }
    if is_chosen("start") {
        Box::pin(start::measure(report.begin("start"))).await?;
    }
    if is_chosen("paths") {
        paths::measure(report.begin("paths"));
    }
    if is_chosen("executions") {
        executions::measure(report.begin("executions"));
    }
    if is_chosen("cost") {
        cost::measure(report.begin("cost"));
    }
    if aws::variable("AWS_ENDPOINT_URL").is_err() {
        println!("No local stack: what is measured there is left out. `make bench` has one.");
    } else {
        if is_chosen("reads") {
            Box::pin(reads::measure(&SIZES, report.begin("reads"))).await;
        }
        if is_chosen("signups") {
            Box::pin(signups::on_the_emulator(report.begin("signups"))).await;
        }
        if is_chosen("staleness") {
            Box::pin(staleness::measure(report.begin("staleness"))).await;
        }
        if is_chosen("walls") {
            Box::pin(walls::measure(report.begin("walls"))).await;
        }
        if is_chosen("crowd") {
            Box::pin(crowd::measure(report.begin("crowd"))).await;
        }
    }
    report.print();
    report.write()?;
    Ok(())
}
