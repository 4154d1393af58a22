//! Raises the fence of an operation: from then on none of its steps begins. Keeps the reason: what the failed
//! step itself said, or else what the state machine saw.

use fault::{Fault, Kind};
use jiff::Timestamp;
use saga::{Caught, Report, Resource, Subject};
use serde::Deserialize;
use store::{ResourceLedger, Tenants, progress};
use tenancy::{Operation, StepFault};

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

impl Fence {
    pub async fn run(&self, input: Input) -> Result<(), Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let now = clock::now();
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?.value;
        // The answer of a successful activation can be lost: what is alive is not torn down for that. And an
        // operation that a forced deletion has ended leaves the tearing down to that.
        if record.state.is_final() {
            return Err(Fault::fenced(format!("operation {operation} is over; nothing is torn down")));
        }
        let (resources, reports) =
            (self.ledger.resources(id).await?, self.ledger.reports(id, operation).await?);
        let reached = record.percent(&progress(&record, &resources, &reports, now));
        let fault = input.error.map(|caught| reason(&record, resources, reports, &caught));
        self.tenants.fence(id, operation, &input.execution, fault, Some(reached), now).await?;
        Ok(())
    }
}

/// The machine knows little: a failed child arrives as `States.TaskFailed`. The ledger has the fault itself. An optional
/// step has failed nobody but itself.
fn reason(record: &Operation, resources: Vec<Resource>, reports: Vec<Report>, caught: &Caught) -> StepFault {
    let made = resources.into_iter().filter(|resource| resource.operation == record.id);
    let made = made.map(|resource| (resource.step, resource.changed_at, resource.fault));
    let seen = reports.into_iter().map(|report| (report.step, report.changed_at, report.fault));
    let mut faults: Vec<(String, Timestamp, Fault)> = made
        .chain(seen)
        .filter(|(step, ..)| !record.optional.contains(step))
        .filter_map(|(step, at, fault)| Some((step, at, fault.filter(|f| f.kind != Kind::Fenced)?)))
        .collect();
    // Terminal before what only ran out of tries; the first before what it set off.
    faults.sort_by_key(|(_, at, fault)| (fault.kind != Kind::Terminal, *at));
    match faults.into_iter().next() {
        Some((step, _, fault)) => StepFault { step, fault },
        None => {
            let fault = caught.fault().hint("The execution's history shows the state that failed.");
            StepFault { step: "provision-tenant".to_owned(), fault }
        }
    }
}

#[cfg(test)]
mod tests;
