//! Opens an operation: records that its execution runs, and takes the snapshot of the tenant that every step
//! works from.

use fault::Fault;
use saga::Subject;
use serde::Deserialize;
use store::Tenants;
use tenancy::{Kind, Snapshot};

#[derive(Debug)]
pub struct Admit {
    pub tenants: Tenants,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    subject: Subject,
    /// The execution's ARN.
    execution: String,
    /// What was kept of the tenant is put back: what it holds is its people's.
    filled: bool,
}

impl Admit {
    pub async fn run(&self, input: Input) -> Result<Snapshot, Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?;
        if record.value.is_fenced() {
            return Err(Fault::fenced("the operation was stopped before it began"));
        }
        let tenant = self.tenants.get(id).await?.ok_or_else(gone)?.value;
        self.tenants.started(id, operation, &input.execution, clock::now()).await?;
        let mut snapshot = self.tenants.snapshot(&tenant, record.value.kind).await?;
        snapshot.inhabited |= input.filled;
        // In no other: a domain that comes or goes would have every step of the next operation run again.
        if record.value.kind == Kind::Domain {
            snapshot.domains = self.tenants.domains(id).await?.value.served();
            snapshot.served_by = record.value.workflow.steps().first().map(ToString::to_string);
        }
        Ok(snapshot)
    }
}
