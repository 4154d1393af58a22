//! What does not get slower or dearer, however many tenants there are: time in the API's function, and reads on
//! DynamoDB where there is one; and what a tenant costs when there are a thousand. And how fast billing is gone through, in order and in disorder;
//! and how one of our functions starts, beside the same in other languages.
//!
//! ```sh
//! make bench                # all
//! make bench ROWS=tenants   # one of `requests`, `events`, `tenants`, `start` and `reads`
//! ```

#![allow(clippy::print_stdout)] // Its table is read where it was asked for.

mod api;
mod billing;
mod growth;
mod latency;
mod population;
mod reads;
mod report;
mod start;

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
    let chosen = aws::variable("ROWS").ok();
    let is_chosen = |rows: &str| chosen.as_deref().is_none_or(|chosen| chosen == rows);
    if is_chosen("requests") {
        latency::measure(&SIZES, &mut report).await;
    }
    if is_chosen("events") {
        billing::measure(&mut report);
    }
    if is_chosen("tenants") {
        growth::measure(&mut report);
    }
    if is_chosen("start") {
        Box::pin(start::measure(&mut report)).await?;
    }
    if is_chosen("reads") {
        match aws::variable("AWS_ENDPOINT_URL") {
            Ok(_) => Box::pin(reads::measure(&SIZES, &mut report)).await,
            Err(_) => {
                println!("No emulator: what is read on DynamoDB is not measured. `make bench` has one.");
            }
        }
    }
    report.print();
    report.write()?;
    Ok(())
}
