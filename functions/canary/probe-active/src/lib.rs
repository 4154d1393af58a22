//! Looks whether a synthetic tenant is active, which it is once its health was observed.

use std::collections::BTreeMap;

use canary::{Named, Platform};
use fault::Fault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenancy::Status;

#[derive(Debug)]
pub struct ProbeActive {
    pub platform: Platform,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    tenant: Named,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Where it answers, by purpose.
    pub endpoints: BTreeMap<String, String>,
    /// Since when.
    pub at: Timestamp,
}

impl ProbeActive {
    pub async fn run(&self, Input { tenant: Named { id } }: Input) -> Result<Output, Fault> {
        let gone = || Fault::terminal(format!("{id} was signed up, and there is no such tenant"));
        let tenant = self.platform.tenant(&id).await?.ok_or_else(gone)?.tenant;
        match (tenant.status, tenant.activated_at) {
            (Status::Active, Some(at)) => Ok(Output { endpoints: tenant.endpoints, at }),
            (Status::Provisioning, _) => Err(Fault::not_ready(format!("{id} is provisioning"))),
            (Status::PendingApproval, _) => Err(Fault::terminal(format!("{id} waits for somebody's approval"))
                .hint("The canary's tenant is of the plan that its blueprint offers first: that one must not ask for approval.")),
            (status, _) => {
                let why = self.platform.fault(&id).await?;
                let why = why.map(|at| format!(" at {}: {}", at.step, at.fault.cause)).unwrap_or_default();
                Err(Fault::terminal(format!("{id} is {status}{why}")))
            }
        }
    }
}

#[cfg(test)]
mod tests;
