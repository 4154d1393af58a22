//! Writes down how it went with a custom domain: it is live, it has failed and why, it is gone. What becomes of the
//! tenant is not touched (invariant 11); a failure raises the alarm.

use fault::Fault;
use saga::{Caught, Subject};
use serde::Deserialize;
use store::{ResourceLedger, Tenants};
use tenancy::{OperationId, State, TenantId};

#[derive(Debug)]
pub struct SettleDomain {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
    pub deployment: String,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    subject: Subject,
    /// What the state machine caught; absent when nothing went wrong.
    #[serde(default)]
    error: Option<Caught>,
}

impl SettleDomain {
    pub async fn run(&self, input: Input) -> Result<State, Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let error = match input.error {
            Some(caught) => Some(self.reason(id, operation, &caught).await?),
            None => None,
        };
        let record = self.tenants.settle_domains(id, operation, error, clock::now()).await?;
        let failed = record.state == State::Failed;
        telemetry::found(&self.deployment, "DomainFailed", usize::from(failed));
        Ok(record.state)
    }

    /// The machine knows little; the ledger has what the step itself said.
    async fn reason(&self, id: &TenantId, operation: OperationId, caught: &Caught) -> Result<Fault, Fault> {
        let resources = self.ledger.resources(id).await?;
        let said = resources.into_iter().find(|made| made.operation == operation && made.fault.is_some());
        Ok(said.and_then(|made| made.fault).unwrap_or_else(|| caught.fault()))
    }
}
