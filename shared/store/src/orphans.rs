use fault::Fault;
use jiff::Timestamp;
use saga::{Orphan, Resource, ResourceState};
use tenancy::OperationId;

use crate::database::Error;
use crate::ledger::ResourceLedger;
use crate::repairs::RepairTask;

impl ResourceLedger {
    /// Takes an orphan into its tenant's ledger as a resource that would not go, with a repair task that is due. From
    /// there it goes as everything does: by an operation of its tenant, fenced, drained and looked at.
    ///
    /// `known` is the row as it was judged by, `last` the tenant's last operation, for there may be no row. Says
    /// whether that still held.
    pub async fn take_in(
        &self,
        orphan: &Orphan,
        (step, destroyer): (&str, &str),
        known: Option<Resource>,
        last: OperationId,
        fault: Fault,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut resource = known.unwrap_or_else(|| Resource {
            tenant: orphan.tenant.clone(),
            step: step.to_owned(),
            state: ResourceState::Stuck,
            made_by: last,
            operation: last,
            handle: orphan.handle.clone(),
            output: None,
            input: String::new(),
            destroyer: destroyer.to_owned(),
            lease: None,
            attempts: 0,
            busy_ms: 0,
            intended_at: now,
            live_at: None,
            begun_at: now,
            changed_at: now,
            fault: None,
            version: 0,
        });
        resource.state = ResourceState::Stuck;
        resource.handle = orphan.handle.clone();
        resource.destroyer = destroyer.to_owned();
        resource.lease = None;
        resource.fault = Some(fault);
        resource.changed_at = now;
        let task = RepairTask::due(&self.db, &resource, now).await?;
        match self.db.transact(vec![self.over(&resource)?, task]).await {
            Ok(()) => Ok(true),
            Err(Error::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
