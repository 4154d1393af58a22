//! Raises the fence of an operation: from then on none of its steps begins. Keeps the reason: what the failed
//! step itself said, or else what the state machine saw.

use fault::{Fault, Kind};
use jiff::Timestamp;
use saga::Subject;
use serde::Deserialize;
use store::{ResourceLedger, Tenants};
use tenancy::{State, StepFault, TenantId};

#[derive(Debug)]
pub struct Fence {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    subject: Subject,
    /// The execution's ARN.
    execution: String,
    /// What the state machine caught; absent when the tenant is being deleted.
    #[serde(default)]
    error: Option<Caught>,
}

/// `$states.errorOutput` of a Catch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Caught {
    error: String,
    #[serde(default)]
    cause: Option<String>,
}

impl Fence {
    pub async fn run(&self, input: Input) -> Result<(), Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let now = Timestamp::now();
        let record = self.tenants.operation(id, operation).await?;
        // The answer of a successful activation can be lost. What is alive is not torn down for that.
        if record.is_some_and(|record| record.value.state == State::Succeeded) {
            return Err(Fault::terminal(format!(
                "operation {operation} has already succeeded; nothing is torn down"
            )));
        }
        self.tenants.started(id, operation, &input.execution, now).await?;
        let fault = match &input.error {
            Some(caught) => Some(self.reason(id, &input.subject, caught).await?),
            None => None,
        };
        self.tenants.fence(id, operation, fault, now).await?;
        Ok(())
    }

    /// The machine knows little: a failed child arrives as `States.TaskFailed`. The ledger has the fault itself.
    async fn reason(&self, id: &TenantId, subject: &Subject, caught: &Caught) -> Result<StepFault, Fault> {
        let resources = self.ledger.resources(id).await?.into_iter();
        let resources = resources.filter(|resource| resource.operation == subject.operation);
        let made = resources.map(|resource| (resource.step, resource.changed_at, resource.fault));
        let reports = self.ledger.reports(id, subject.operation).await?.into_iter();
        let seen = reports.map(|report| (report.step, report.changed_at, report.fault));
        let mut faults: Vec<(String, Timestamp, Fault)> = made
            .chain(seen)
            .filter_map(|(step, at, fault)| Some((step, at, fault.filter(|f| f.kind != Kind::Fenced)?)))
            .collect();
        // Terminal before what only ran out of tries; the first before what it set off.
        faults.sort_by_key(|(_, at, fault)| (fault.kind != Kind::Terminal, *at));
        Ok(match faults.into_iter().next() {
            Some((step, _, fault)) => StepFault { step, fault },
            None => StepFault { step: "provision-tenant".to_owned(), fault: caught.as_fault() },
        })
    }
}

impl Caught {
    fn as_fault(&self) -> Fault {
        let cause = self.cause.as_deref().unwrap_or("no cause was given");
        Fault::terminal(format!("{}: {cause}", self.error))
            .hint("The execution's history shows the state that failed.")
    }
}
