//! Gives a new site its first data: the company that it is for, called as the tenant is. ERPNext makes its accounts, its warehouses and
//! its calendar with that. If the tenant's name is put right before anybody lives there, so is the company's.
//!
//! Once the site is its people's, so are its data.

use bench_host::{BenchHost, SeedData as Seeded, Subject, Task};
use fault::Fault;
use saga::{Context, Setup};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct SeedData {
    pub bench: BenchHost,
}

/// What the blueprint sets.
#[derive(Debug, Deserialize)]
pub struct Params {
    country: String,
    currency: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// As the site calls it; none, if that is not ours to say any more.
    company: Option<String>,
}

impl Setup for SeedData {
    const NAME: &'static str = "bench-seed-data";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        if cx.tenant.inhabited {
            return Ok(Output { company: None });
        }
        let subject = Subject { name: cx.mark.tenant.to_string(), owner: cx.mark.to_string() };
        let task = Task::SeedData {
            company: cx.tenant.name.clone(),
            country: params.country.clone(),
            currency: params.currency.clone(),
        };
        let Seeded { company } = self.bench.run(&subject, &cx.operation.to_string(), &task).await?;
        Ok(Output { company: Some(company) })
    }
}

#[cfg(test)]
mod tests;
