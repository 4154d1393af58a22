//! Visits a synthetic tenant where it says that it answers, as a stranger: no token, no cookie, redirects followed. Each of its
//! endpoints must answer.

use std::collections::BTreeMap;
use std::time::Instant;

use canary::Named;
use fault::Fault;
use http_client::Http;
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct Visit {
    pub http: Http,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    tenant: Named,
    endpoints: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// How long all of them took.
    pub took_ms: u64,
}

impl Visit {
    pub async fn run(&self, Input { tenant, endpoints }: Input) -> Result<Output, Fault> {
        if endpoints.is_empty() {
            return Err(Fault::terminal(format!("{} is active, and answers nowhere", tenant.id)));
        }
        let begun = Instant::now();
        for (name, url) in &endpoints {
            let status = canary::visit(&self.http, url).await?;
            if !status.is_success() {
                // Whatever it is, it may pass: who is active answers within a minute.
                return Err(Fault::transient(format!("{name} answers {status}: {url}")));
            }
        }
        Ok(Output { took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) })
    }
}

#[cfg(test)]
mod tests;
