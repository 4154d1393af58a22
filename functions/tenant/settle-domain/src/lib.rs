//! Writes down how it went with a custom domain: it is live, it has failed and why, it is gone. What becomes of the
//! tenant is not touched (invariant 11); a failure raises the alarm.

use fault::{Fault, Kind};
use saga::{Caught, Subject};
use serde::Deserialize;
use store::{ResourceLedger, Tenants};
use telemetry::Finding;
use tenancy::{OperationId, State, TenantId};

#[derive(Debug)]
pub struct SettleDomain {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
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
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?.value;
        // Somebody wanted something else meanwhile, or this is said for the second time.
        if record.state.is_final() {
            return Ok(record.state);
        }
        let error = match input.error {
            Some(caught) => Some(self.reason(id, operation, &caught).await?),
            None => None,
        };
        let record = self.tenants.settle_domains(id, operation, error, clock::now()).await?;
        // Of one whose tenant is going nobody has to be told.
        let failed = record.fault.is_some_and(|failed| failed.fault.kind != Kind::Fenced);
        telemetry::found(Finding::DomainFailed, usize::from(failed));
        Ok(record.state)
    }

    /// The machine knows little; the ledger has what the step itself said.
    async fn reason(&self, id: &TenantId, operation: OperationId, caught: &Caught) -> Result<Fault, Fault> {
        let resources = self.ledger.resources(id).await?;
        let said = resources.into_iter().find(|made| made.operation == operation && made.fault.is_some());
        Ok(said.and_then(|made| made.fault).unwrap_or_else(|| caught.fault()))
    }
}
