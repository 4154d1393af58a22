//! Looks whether a synthetic tenant is gone without a trace: it is deleted, its ledger has nothing left and so no repair task is kept
//! of it, nothing answers where it did, and its name can be had again.

use std::collections::BTreeMap;

use canary::{Named, Platform, SignUp, Tenant};
use fault::Fault;
use http_client::Http;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenancy::{Status, TenantId};

#[derive(Debug)]
pub struct ProbeAbsence {
    pub platform: Platform,
    pub http: Http,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    blueprint: String,
    tenant: Named,
    /// Where it answered.
    endpoints: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Output {
    pub at: Timestamp,
}

impl ProbeAbsence {
    pub async fn run(
        &self,
        Input { blueprint, tenant: Named { id }, endpoints }: Input,
    ) -> Result<Output, Fault> {
        if let Some(found) = self.platform.tenant(&id).await? {
            self.gone(&id, found).await?;
        }
        for (name, url) in &endpoints {
            // Where nobody answers nobody is.
            if let Ok(status) = canary::visit(&self.http, url).await
                && status.is_success()
            {
                return Err(Fault::not_ready(format!(
                    "{id} is deleted, and its {name} answers {status}: {url}"
                )));
            }
        }
        match self.platform.would_refuse(&SignUp::of(&blueprint)?).await? {
            None => Ok(Output { at: clock::now() }),
            Some(why) => Err(Fault::not_ready(format!("{id} is deleted, and nobody could follow it: {why}"))),
        }
    }

    async fn gone(&self, id: &TenantId, Tenant { tenant, resources }: Tenant) -> Result<(), Fault> {
        let left: Vec<&str> = resources.iter().map(|left| left.step.as_str()).collect();
        let left = left.join(", ");
        match tenant.status {
            Status::Deleted if left.is_empty() => Ok(()),
            Status::Deleted => Err(Fault::terminal(format!("{id} is deleted, and of it is left: {left}"))),
            Status::Stuck => {
                let why = self.platform.fault(id).await?;
                let why = why.map(|at| format!(" at {}: {}", at.step, at.fault.cause)).unwrap_or_default();
                Err(Fault::terminal(format!("{id} is stuck{why}; left: {left}")))
            }
            status => Err(Fault::not_ready(format!("{id} is {status}"))),
        }
    }
}

#[cfg(test)]
mod tests;
