//! What does not get slower or dearer, however many tenants there are: time in the API's function, and reads on
//! DynamoDB where there is one; and what a tenant costs when there are a thousand. And how fast billing is gone through, in order and in disorder.
//!
//! ```sh
//! make bench
//! ```

#![allow(clippy::print_stdout)] // Its table is read where it was asked for.

mod api;
mod billing;
mod growth;
mod latency;
mod population;
mod reads;
mod report;

use report::Report;

/// So many tenants are on a page of the list: of ten there is a page with one before it and one behind.
const PAGE: usize = 4;

/// How many tenants there are, from few to many.
const SIZES: [u32; 3] = [10, 1_000, 100_000];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut report = Report::default();
    latency::measure(&SIZES, &mut report).await;
    billing::measure(&mut report);
    growth::measure(&mut report);
    match aws::variable("AWS_ENDPOINT_URL") {
        Ok(_) => Box::pin(reads::measure(&SIZES, &mut report)).await,
        Err(_) => println!("No emulator: what is read on DynamoDB is not measured. `make bench` has one."),
    }
    report.print();
    report.write()?;
    Ok(())
}
