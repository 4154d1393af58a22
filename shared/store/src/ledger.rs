use fault::Fault;
use jiff::Timestamp;
use saga::{Begun, Committed, Destroying, Intent, Lease, Ledger, Report, Resource, ResourceState, Standing};
use serde_json::Value;
use tenancy::{Kind, Operation, OperationId, Status, Tenant, TenantId};

use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::repairs::{RepairTask, TaskId};
use crate::tenants::{operation_key, tenant_key};

/// The resource ledger in the store: a row per resource of a tenant, written before the resource is made.
///
/// Beginning writes the row and then looks at the fence; fencing writes the fence and then, after the drain,
/// looks at the rows. Whichever order the two writes take, one of the two sees the other (Dekker), so no
/// transaction is needed, and a step costs two write units.
#[derive(Clone, Debug)]
pub struct ResourceLedger {
    pub(crate) db: Database,
}

impl ResourceLedger {
    pub async fn from_env() -> Self {
        Self { db: Database::from_env().await }
    }

    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    /// Every resource the tenant has or had.
    pub async fn resources(&self, tenant: &TenantId) -> Result<Vec<Resource>, Error> {
        let rows = self.db.query_all(Table::Ledger, tenant.as_str(), "RESOURCE#").await?;
        rows.iter().map(resource).collect()
    }

    /// What the probes of an operation saw.
    pub async fn reports(&self, tenant: &TenantId, operation: OperationId) -> Result<Vec<Report>, Error> {
        let prefix = format!("REPORT#{operation}#");
        let rows = self.db.query_all(Table::Ledger, tenant.as_str(), &prefix).await?;
        rows.iter().map(Row::decode).collect()
    }

    /// Gives a resource up for this operation: it becomes a repair task.
    pub async fn mark_stuck(
        &self,
        tenant: &TenantId,
        step: &str,
        operation: OperationId,
        fault: Fault,
    ) -> Result<(), Error> {
        let key = resource_key(tenant, step);
        let Some(row) = self.db.get(&key).await? else { return Ok(()) };
        let mut resource = resource(&row)?;
        // Said again after a lost answer, it is still one try.
        let known = resource.state == ResourceState::Stuck && resource.operation == operation;
        if resource.is_left() && !known {
            let now = clock::now();
            resource.state = ResourceState::Stuck;
            resource.operation = operation;
            resource.lease = None;
            // What the step itself said is worth more than what the machine made of it.
            resource.fault.get_or_insert(fault);
            resource.changed_at = now;
            let task = RepairTask::open(&self.db, &resource, now).await?;
            self.db.transact(vec![self.over(&resource)?, task]).await?;
        }
        Ok(())
    }

    /// The write that has a stuck resource count as gone, on an operator's word.
    pub(crate) async fn resolve(&self, task: &TaskId, now: Timestamp) -> Result<Option<Write>, Error> {
        let Some(mut resource) = self.find(&task.tenant, &task.step).await? else { return Ok(None) };
        if !matches!(resource.state, ResourceState::Stuck | ResourceState::Destroying) {
            return Ok(None);
        }
        resource.state = ResourceState::Resolved;
        resource.lease = None;
        resource.changed_at = now;
        self.over(&resource).map(Some)
    }

    /// Takes away a tenant's repair tasks whose resources are no longer stuck, nor about to go.
    pub async fn close_repairs(&self, tenant: &TenantId, resources: &[Resource]) -> Result<(), Error> {
        for task in RepairTask::of(&self.db, tenant).await? {
            let open = |r: &Resource| {
                r.step == task.id.step && matches!(r.state, ResourceState::Stuck | ResourceState::Destroying)
            };
            if resources.iter().any(open) {
                continue;
            }
            match self.db.write(task.delete()).await {
                Ok(_) | Err(Error::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes away the leases of a tenant that ended long ago, and says how many: their Lambdas died without a word.
    pub async fn sweep_leases(&self, tenant: &TenantId, ended_before: Timestamp) -> Result<usize, Error> {
        let mut swept = 0;
        for mut resource in self.resources(tenant).await? {
            if resource.lease.as_ref().is_some_and(|lease| lease.until < ended_before) {
                resource.lease = None;
                match self.put(&resource).await {
                    Ok(_) => swept += 1,
                    // Somebody has taken it up meanwhile.
                    Err(Error::Conflict(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(swept)
    }

    /// Writes a row over the version it was read at.
    async fn put(&self, resource: &Resource) -> Result<u64, Error> {
        self.db.write(self.over(resource)?).await
    }

    #[allow(clippy::unused_self)] // Stands beside the writes that it is part of.
    pub(crate) fn over(&self, resource: &Resource) -> Result<Write, Error> {
        let key = resource_key(&resource.tenant, &resource.step);
        let condition =
            if resource.version == 0 { Condition::Absent } else { Condition::Version(resource.version) };
        Write::put(key, resource, condition)
    }

    async fn find(&self, tenant: &TenantId, step: &str) -> Result<Option<Resource>, Error> {
        self.db.get(&resource_key(tenant, step)).await?.as_ref().map(resource).transpose()
    }

    async fn operation(&self, tenant: &TenantId, operation: OperationId) -> Result<Option<Operation>, Error> {
        self.db.get(&operation_key(tenant, operation)).await?.map(|row| row.decode()).transpose()
    }
}

impl Ledger for ResourceLedger {
    async fn begin(&self, intent: Intent) -> Result<Begun, Fault> {
        let now = clock::now();
        let mut row = fresh(&intent, now);
        let mut before = None;
        match self.put(&row).await {
            Ok(version) => row.version = version,
            Err(Error::Conflict(conflict)) => {
                let Some(found) = conflict.existing.as_ref().map(resource).transpose()? else {
                    return Err(Error::Conflict(conflict).into());
                };
                if found.in_flight(now) && !held_by(&found, &intent.lease) {
                    return Ok(Begun::InFlight(found.lease.unwrap_or(intent.lease)));
                }
                if found.state == ResourceState::Live && found.input == intent.input {
                    return Ok(Begun::Done(self.adopt(found, intent.operation, now).await?));
                }
                row = taken(&found, row);
                row.version = self.put(&row).await?;
                before = Some(found);
            }
            Err(error) => return Err(error.into()),
        }
        let standing = self.standing(&intent.tenant, intent.operation, intent.step).await?;
        if standing != Standing::Open {
            let version = row.version;
            let mut restored =
                before.unwrap_or(Resource { state: ResourceState::Destroyed, attempts: 0, ..row });
            restored.lease = None;
            restored.version = version;
            self.put(&restored).await?;
            return Ok(if standing == Standing::Skipped { Begun::Skipped } else { Begun::Fenced });
        }
        // Only here: whoever reads the row while the call runs finds that nothing has failed yet.
        row.fault = before.filter(|found| found.operation == row.operation).and_then(|found| found.fault);
        Ok(Begun::Started(Box::new(row)))
    }

    async fn commit(&self, mut row: Resource, output: &Value) -> Result<Committed, Fault> {
        let operation = self.operation(&row.tenant, row.operation).await?;
        // What is to be held may well come to life behind the fence: nobody is about to destroy it.
        let held = |operation: &Operation| operation.holds() && !operation.state.is_final();
        let stands = match &operation {
            Some(operation) => held(operation) || !self.is_stopped(operation).await?,
            None => false,
        };
        if !stands {
            return Ok(Committed::Fenced(Box::new(row)));
        }
        let now = clock::now();
        row.state = ResourceState::Live;
        row.live_at.get_or_insert(now);
        row.output = Some(output.clone());
        row.lease = None;
        row.fault = None;
        row.changed_at = now;
        self.put(&row).await?;
        Ok(Committed::Live)
    }

    async fn release(&self, mut row: Resource, fault: &Fault) -> Result<(), Fault> {
        // What may still happen is in flight, although its caller has given up.
        row.lease.take_if(|_| !fault.unanswered);
        row.fault = Some(fault.clone());
        row.changed_at = clock::now();
        match self.put(&row).await {
            // Our lease ran out and somebody else has the row now: it is theirs to write.
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn begin_destroy(
        &self,
        tenant: &TenantId,
        step: &'static str,
        operation: OperationId,
        lease: Lease,
    ) -> Result<Destroying, Fault> {
        let now = clock::now();
        let Some(found) = self.find(tenant, step).await?.filter(Resource::is_left) else {
            return Ok(Destroying::Gone);
        };
        if found.in_flight(now) && !held_by(&found, &lease) {
            return Ok(Destroying::InFlight(found.lease.unwrap_or(lease)));
        }
        let mut row = found.clone();
        if row.state != ResourceState::Destroying || row.operation != operation {
            (row.attempts, row.busy_ms, row.begun_at, row.fault) = (0, 0, now, None);
        }
        row.state = ResourceState::Destroying;
        row.operation = operation;
        row.attempts += 1;
        row.lease = Some(lease);
        row.changed_at = now;
        row.version = self.put(&row).await?;
        // Looked at afterwards, as in `begin`: whatever ends the operation from now on finds the row taken.
        if self.operation(tenant, operation).await?.is_none_or(|operation| operation.state.is_final()) {
            self.put(&Resource { lease: None, version: row.version, ..found }).await?;
            return Ok(Destroying::Over);
        }
        Ok(Destroying::Started(Box::new(row)))
    }

    async fn destroyed(&self, mut row: Resource) -> Result<(), Fault> {
        row.state = ResourceState::Destroyed;
        row.output = None;
        row.lease = None;
        row.fault = None;
        row.changed_at = clock::now();
        self.put(&row).await?;
        Ok(())
    }

    async fn standing(
        &self,
        tenant: &TenantId,
        operation: OperationId,
        step: &'static str,
    ) -> Result<Standing, Fault> {
        Ok(match self.operation(tenant, operation).await? {
            Some(operation) if self.is_stopped(&operation).await? => Standing::Fenced,
            Some(operation) if operation.skipped.contains(step) => Standing::Skipped,
            Some(_) => Standing::Open,
            None => Standing::Fenced,
        })
    }

    async fn resource(&self, tenant: &TenantId, step: &str) -> Result<Option<Resource>, Fault> {
        Ok(self.find(tenant, step).await?)
    }

    async fn report(&self, mut report: Report) -> Result<(), Fault> {
        let key = Key::new(
            Table::Ledger,
            &report.tenant,
            format_args!("REPORT#{}#{}", report.operation, report.step),
        );
        let mut condition = Condition::Absent;
        if let Some(row) = self.db.get(&key).await? {
            let earlier: Report = row.decode()?;
            report.attempts += earlier.attempts;
            report.busy_ms += earlier.busy_ms;
            report.begun_at = earlier.begun_at;
            // A machine does not call again what has succeeded: one that fails afterwards is the twin of that call.
            if earlier.fault.is_none() {
                report.fault = None;
                report.seen = report.seen.or(earlier.seen);
            }
            condition = Condition::Version(row.version);
        }
        self.db.write(Write::put(key, &report, condition)?).await?;
        Ok(())
    }
}

impl ResourceLedger {
    /// Whether nothing more of an operation may begin. One about a domain runs beside the tenant's own, so no teardown
    /// fences it: that the tenant is going does. Who deletes writes the status first and reads the rows afterwards.
    async fn is_stopped(&self, operation: &Operation) -> Result<bool, Error> {
        if operation.is_fenced() || operation.kind != Kind::Domain {
            return Ok(operation.is_fenced());
        }
        let tenant: Option<Tenant> =
            self.db.get(&tenant_key(&operation.tenant)).await?.map(|row| row.decode()).transpose()?;
        Ok(tenant.is_none_or(|tenant| tenant.status.is_going()))
    }

    /// Takes a live resource into a later operation as it is.
    async fn adopt(&self, mut row: Resource, operation: OperationId, now: Timestamp) -> Result<Value, Error> {
        let output = row.output.clone().unwrap_or_default();
        if row.operation != operation {
            row.operation = operation;
            (row.attempts, row.busy_ms, row.begun_at, row.changed_at) = (0, 0, now, now);
            self.put(&row).await?;
        }
        Ok(output)
    }
}

fn fresh(intent: &Intent, now: Timestamp) -> Resource {
    Resource {
        tenant: intent.tenant.clone(),
        step: intent.step.to_owned(),
        state: ResourceState::Intended,
        made_by: intent.operation,
        operation: intent.operation,
        handle: intent.handle.clone(),
        output: None,
        input: intent.input.clone(),
        destroyer: intent.destroyer.clone(),
        lease: Some(intent.lease.clone()),
        attempts: 1,
        busy_ms: 0,
        intended_at: now,
        live_at: None,
        begun_at: now,
        changed_at: now,
        fault: None,
        version: 0,
    }
}

/// The row of a call that goes on where an earlier one stopped. What was destroyed, or was about to be, leaves
/// nothing to go on from but its name: it is made anew, by this operation, on top of whatever is live by now.
fn taken(found: &Resource, new: Resource) -> Resource {
    let version = found.version;
    match found.state {
        ResourceState::Destroyed | ResourceState::Resolved => return Resource { version, ..new },
        ResourceState::Destroying | ResourceState::Stuck => {
            return Resource { handle: found.handle.clone(), version, ..new };
        }
        ResourceState::Intended | ResourceState::Live => {}
    }
    let again = found.operation == new.operation;
    Resource {
        state: ResourceState::Intended,
        made_by: found.made_by,
        handle: found.handle.clone(),
        output: found.output.clone(),
        attempts: if again { found.attempts + 1 } else { 1 },
        busy_ms: if again { found.busy_ms } else { 0 },
        intended_at: found.intended_at,
        live_at: found.live_at,
        begun_at: if again { found.begun_at } else { new.begun_at },
        version,
        ..new
    }
}

fn held_by(row: &Resource, lease: &Lease) -> bool {
    row.lease.as_ref().is_some_and(|held| held.holder == lease.holder)
}

/// What has to go when an operation is undone: everything, unless the tenant has been alive; then only what the
/// operation itself made, and what an earlier teardown could not finish. That alone goes where what was made is to
/// be held, and in a repair; but of a tenant that is deleted, everything.
#[must_use]
pub fn doomed(operation: &Operation, tenant: &Tenant, resources: Vec<Resource>) -> Vec<Resource> {
    let everything = match operation.kind {
        // Of what was to be restored everything is in its archive still.
        Kind::Delete | Kind::Restore => true,
        // Nothing before all that it holds is kept.
        Kind::Offboard => operation.offboarding.as_ref().is_some_and(|leaving| leaving.archive.is_some()),
        Kind::Repair => tenant.status == Status::Deleted,
        Kind::Domain => false,
        Kind::Provision => tenant.activated_at.is_none() && !operation.holds(),
        Kind::Suspend | Kind::Resume | Kind::Hibernate | Kind::Wake | Kind::ChangePlan | Kind::Upgrade => {
            false
        }
    };
    let own = |r: &Resource| r.made_by == operation.id && !operation.holds();
    let going = |r: &Resource| matches!(r.state, ResourceState::Destroying | ResourceState::Stuck);
    let doomed = |r: &Resource| r.is_left() && (everything || own(r) || going(r));
    resources.into_iter().filter(doomed).collect()
}

/// The resources that can go next, all at once: those that nothing left can stand on. A resource may stand on
/// whatever was live when it was first intended.
///
/// One that this operation already gave up counts as gone: it must not keep the rest (invariant 12). Once that is gone it
/// is tried again, for what it stood in may have taken it along.
#[must_use]
pub fn next_wave(operation: OperationId, doomed: Vec<Resource>, gone: Option<Timestamp>) -> Vec<Resource> {
    let given_up = |r: &Resource| r.state == ResourceState::Stuck && r.operation == operation;
    let (stuck, rest): (Vec<Resource>, Vec<Resource>) = doomed.into_iter().partition(given_up);
    if rest.is_empty() {
        return stuck.into_iter().filter(|r| gone.is_some_and(|gone| r.changed_at < gone)).collect();
    }
    let stood_on = |r: &Resource| {
        r.live_at
            .is_some_and(|live| rest.iter().any(|other| other.step != r.step && other.intended_at >= live))
    };
    let wave: Vec<Resource> = rest.iter().filter(|r| !stood_on(r)).cloned().collect();
    // Only clocks that disagree can make a circle; then order is unknown, and going on beats standing still.
    if wave.is_empty() { rest } else { wave }
}

/// When an operation last saw that something was gone.
#[must_use]
pub fn last_gone(operation: OperationId, resources: &[Resource]) -> Option<Timestamp> {
    let gone = |r: &&Resource| r.state == ResourceState::Destroyed && r.operation == operation;
    resources.iter().filter(gone).map(|r| r.changed_at).max()
}

fn resource(row: &Row) -> Result<Resource, Error> {
    let mut resource: Resource = row.decode()?;
    resource.version = row.version;
    Ok(resource)
}

fn resource_key(tenant: &TenantId, step: &str) -> Key {
    Key::new(Table::Ledger, tenant, format_args!("RESOURCE#{step}"))
}

#[cfg(test)]
mod tests;
