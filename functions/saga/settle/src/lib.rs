//! Writes down how a teardown ended: the operation, the tenant's status and, once it is deleted, its freed
//! subdomain. Looks at the ledger itself; nothing is taken on another's word (invariant 10).

use fault::Fault;
use saga::{Effort, Subject};
use serde::Serialize;
use store::{Outcome, ResourceLedger, Tenants, doomed, progress};
use tenancy::{Event, Kind, State, Status, StepProgress};

#[derive(Debug)]
pub struct Settle {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
}

#[derive(Debug, Serialize)]
pub struct Output {
    pub status: Status,
    /// The steps whose resources are left and should not be.
    pub left: Vec<String>,
}

impl Settle {
    pub async fn run(&self, subject: Subject) -> Result<Output, Fault> {
        let (id, operation) = (subject.tenant(), subject.operation);
        let record = self.tenants.operation(id, operation).await?;
        let record =
            record.ok_or_else(|| Fault::terminal(format!("there is no operation {operation}")))?.value;
        let now = clock::now();
        let (resources, reports) =
            (self.ledger.resources(id).await?, self.ledger.reports(id, operation).await?);
        let tenant = self.tenants.get(id).await?;
        let tenant = tenant.ok_or_else(|| Fault::terminal(format!("there is no tenant {id}")))?.value;
        let left = doomed(&record, &tenant, resources.clone());
        let left: Vec<String> = left.into_iter().map(|resource| resource.step).collect();
        // The certificate is still to come: `tenant-certify` ends it, once it is signed.
        if record.kind == Kind::Offboard && left.is_empty() {
            self.ledger.close_repairs(id, &resources).await?;
            return Ok(Output { status: tenant.status, left });
        }
        let (event, state) = match (left.is_empty(), record.kind) {
            (true, Kind::Provision | Kind::Restore) => (Event::RolledBack, State::Failed),
            (true, kind) if kind.back().is_some() && !record.back => (Event::ChangeFailed, State::Failed),
            (true, Kind::Delete | Kind::Offboard) => (Event::Deleted, State::Succeeded),
            (true, Kind::Repair) => (Event::Repaired, State::Succeeded),
            // Nothing tears one down: what becomes of it, `tenant-settle-domain` says.
            (_, Kind::Domain) => {
                return Err(Fault::terminal("an operation about domains is not settled here"));
            }
            // The tenant is gone, and what is left of it is the operators': each has its repair task.
            (false, Kind::Delete) if record.forced => (Event::Deleted, State::Stuck),
            (false, _)
            | (
                true,
                Kind::Suspend
                | Kind::Resume
                | Kind::Hibernate
                | Kind::Wake
                | Kind::ChangePlan
                | Kind::Upgrade,
            ) => (Event::GotStuck, State::Stuck),
        };
        let mut steps = progress(&record, &resources, &reports, now);
        // Shown where it happened: undoing the step has taken its fault off the ledger.
        if let Some(first) = &record.fault
            && let Some(step) = steps.iter_mut().find(|step: &&mut StepProgress| step.name == first.step)
        {
            step.fault.get_or_insert_with(|| first.fault.clone());
        }
        self.ledger.close_repairs(id, &resources).await?;
        let effort = Effort::of(&steps);
        let outcome = Outcome { event, state, steps, endpoints: None };
        let tenant = self.tenants.settle(id, operation, outcome, now).await?;
        saga::ended(&record, state, &effort, &tenant, now);
        Ok(Output { status: tenant.status, left })
    }
}
