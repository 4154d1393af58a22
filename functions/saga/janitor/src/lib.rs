//! Finds what has stalled, died or got stuck, every minute, and sets it going again (invariants 7 and 12).
//!
//! It reads two small index partitions, the operations that are not over and the repair tasks, and asks Step
//! Functions only about those few that are overdue. It never destroys anything itself: it starts the machines, so
//! that fence, drain and ledger hold for what it does, too.

mod engine;

use fault::Fault;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::{Value, json};
use step_functions::{Course, Machine};
use store::{
    By, Database, Figures, Filter, Idle, Open, Order, Outbox, Refusal, RepairTask, ResourceLedger, Sweep,
    Tenants,
};
use telemetry::Finding;
use tenancy::{Kind, Operation, Status, Tenant, TenantId};

pub use engine::Engine;

/// How long until an operation that goes on is looked at again.
const LOOK_MINUTES: i64 = 5;
/// The same for one that waits, for somebody's DNS or for days of grace: there may be many, for a long time each.
const SLOW_LOOK_MINUTES: i64 = 60;
/// How long the executions of a cancelled operation have to come to their end by themselves.
const CANCEL_MINUTES: i64 = 2;
/// So many tenants are put to sleep in a minute: each is an operation, and nobody waits for it.
const SLEEPERS: usize = 10;
/// So many of those that wait for it are counted.
const IDLE: usize = 100;
/// No Lambda lives longer than its lease, so one that ended this long ago belongs to nobody.
const LEASE_MINUTES: i64 = 15;

#[derive(Debug)]
pub struct Janitor<E> {
    engine: E,
    db: Database,
}

/// Nothing, every minute; once a day, a sweep. An operator may ask about one tenant, and as if it were later.
#[derive(Debug, Default, Deserialize)]
pub struct Input {
    #[serde(default)]
    pub sweep: Option<Daily>,
    #[serde(default)]
    pub tenant: Option<TenantId>,
    #[serde(default)]
    pub as_of: Option<Timestamp>,
}

/// The sweep of the day.
#[derive(Debug, Deserialize)]
pub struct Daily {
    pub dry_run: bool,
}

impl<E: Engine> Janitor<E> {
    pub fn new(engine: E, db: Database) -> Self {
        Self { engine, db }
    }

    /// Looks at everything once. What goes wrong with one tenant does not keep it from the next; whatever it was,
    /// it is met again in a minute.
    pub async fn run(&self, input: Input) -> Result<(), Fault> {
        let now = input.as_of.unwrap_or_else(clock::now);
        let wanted = |tenant: &TenantId| input.tenant.as_ref().is_none_or(|only| only == tenant);
        let mut findings = Vec::new();
        for open in Open::all(&self.db).await? {
            if open.due > now || !wanted(&open.tenant) {
                continue;
            }
            let (tenant, operation) = (open.tenant.clone(), open.operation);
            match self.attend(open, now).await {
                Ok(found) => findings.extend(found),
                Err(fault) => tracing::warn!(
                    tenant.id = %tenant, execution.id = %operation, fault = fault.kind.name(), "an operation could not be looked at: {fault}"
                ),
            }
        }
        let tasks: Vec<RepairTask> =
            RepairTask::all(&self.db).await?.into_iter().filter(|task| wanted(&task.id.tenant)).collect();
        for task in tasks.iter().filter(|task| task.next_try <= now) {
            if let Err(fault) = self.repair(task, now).await {
                tracing::warn!(tenant.id = %task.id.tenant, step.name = task.id.step, fault = fault.kind.name(), "was not retried: {fault}");
            }
        }
        if let Err(fault) = self.waited(&wanted, now).await {
            tracing::warn!(fault = fault.kind.name(), "who waits was not looked at: {fault}");
        }
        if let Err(fault) = self.put_to_sleep(input.tenant.as_ref(), now).await {
            tracing::warn!(fault = fault.kind.name(), "who is idle was not looked at: {fault}");
        }
        if let Err(fault) = self.sweep(input.sweep, now).await {
            tracing::warn!(fault = fault.kind.name(), "a sweep was not started: {fault}");
        }
        // What is found of one tenant is no count of all.
        if input.tenant.is_none() {
            for finding in [Finding::OperationStalled, Finding::OutboxOverdue] {
                telemetry::found(finding, findings.iter().filter(|found| **found == finding).count());
            }
            telemetry::found(Finding::CompensationStuck, tasks.len());
            if let Err(fault) = self.count_tenants().await {
                tracing::warn!(fault = fault.kind.name(), "tenants were not counted: {fault}");
            }
        }
        Ok(())
    }

    /// Records how many tenants there are of each status, as the overview has it.
    async fn count_tenants(&self) -> Result<(), Fault> {
        for (status, many) in Figures::new(self.db.clone()).tenants().await? {
            telemetry::tenants_counted(status.name(), many);
        }
        Ok(())
    }

    /// Looks at an operation that should have got on by now.
    async fn attend(&self, open: Open, now: Timestamp) -> Result<Option<Finding>, Fault> {
        let (id, operation) = (&open.tenant, open.operation);
        let record = Tenants::new(self.db.clone()).operation(id, operation).await?.map(|found| found.value);
        let Some(record) = record.filter(|record| !record.state.is_final()) else {
            open.closed(&self.db).await?;
            return Ok(None);
        };
        if let Some(row) = Outbox::waiting(&self.db, id, operation).await? {
            tracing::warn!(tenant.id = %id, execution.id = %operation, "was never started; it is now");
            self.engine.start(machine(&record), &operation.to_string(), &row.input()).await?;
            row.done(&self.db).await?;
            open.again(&self.db, now + LOOK_MINUTES.minutes()).await?;
            return Ok(Some(Finding::OutboxOverdue));
        }
        let ledger = ResourceLedger::new(self.db.clone());
        telemetry::leases_expired(ledger.sweep_leases(id, now - LEASE_MINUTES.minutes()).await?);
        let (running, ends) = self.executions(&record).await?;
        if running.is_empty() {
            let cause = format!("its executions ended without a word: {}", ends.join(", "));
            tracing::error!(tenant.id = %id, execution.id = %operation, "an operation died: {cause}");
            let name = format!("{operation}-{}", open.looks);
            // What is done about a domain or to see a tenant out can be begun again from the start; nothing has to be torn
            // down for it.
            let again = || json!({ "operation": operation, "tenant": { "id": id } });
            let (machine, input) = match record.kind {
                Kind::Domain => (Machine::Domain, again()),
                Kind::Offboard => (Machine::Offboard, again()),
                _ => (Machine::Teardown, teardown(&record, &cause)),
            };
            self.engine.start(machine, &name, &input).await?;
            open.again(&self.db, now + LOOK_MINUTES.minutes()).await?;
            return Ok(Some(Finding::OperationStalled));
        }
        let overdue = now >= record.deadline();
        if overdue {
            let (state, since) = (record.state, record.deadline());
            tracing::error!(tenant.id = %id, execution.id = %operation, "{state:?} and overdue since {since}");
        }
        // Cancelled, and its execution did not come round to hear of it. The fence is up, so it can be stopped
        // wherever it is; what it leaves is found dead by the next look.
        let hangs = record.teardown.is_none()
            && record.fenced_at.is_some_and(|fenced| fenced + CANCEL_MINUTES.minutes() <= now);
        if hangs {
            for execution in &running {
                self.engine.stop(execution, "The operation was cancelled.").await?;
            }
        }
        let (soon, later) = (now + LOOK_MINUTES.minutes(), now + SLOW_LOOK_MINUTES.minutes());
        let next = match (record.kind, &record.offboarding) {
            _ if hangs => now,
            (Kind::Domain, _) => later,
            (_, Some(offboarding)) if record.fenced_at.is_none() => offboarding.wakes_at.clamp(soon, later),
            _ => soon,
        };
        open.again(&self.db, next).await?;
        Ok(overdue.then_some(Finding::OperationStalled))
    }

    /// The executions of an operation that run, and how the others ended.
    async fn executions(&self, record: &Operation) -> Result<(Vec<String>, Vec<String>), Fault> {
        let first = self.engine.arn(machine(record), &record.id.to_string());
        let mut executions = vec![first.clone()];
        let others = [&record.execution, &record.teardown].into_iter().flatten().cloned();
        executions.extend(others.filter(|other| *other != first));
        let (mut running, mut ends) = (Vec::new(), Vec::new());
        for execution in executions {
            match self.engine.course(&execution).await? {
                Course::Running => running.push(execution),
                Course::Ended(status) => ends.push(status),
                Course::Unknown => ends.push("there is none".to_owned()),
            }
        }
        Ok((running, ends))
    }

    /// Turns down the signups that nobody approved in time.
    async fn waited(&self, wanted: impl Fn(&TenantId) -> bool, now: Timestamp) -> Result<(), Fault> {
        let tenants = Tenants::new(self.db.clone());
        let filter = Filter { status: Some(Status::PendingApproval), ..Filter::default() };
        let mut after = None;
        loop {
            let (listed, next) = tenants.list(&filter, 100, after.as_ref()).await?;
            for tenant in listed.iter().filter(|tenant| wanted(&tenant.id)) {
                if let Err(fault) = self.overdue(&tenants, tenant, now).await {
                    tracing::warn!(tenant.id = %tenant.id, fault = fault.kind.name(), "still waits: {fault}");
                }
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// The index may be behind: what has been decided meanwhile stands.
    async fn overdue(&self, tenants: &Tenants, tenant: &Tenant, now: Timestamp) -> Result<(), Fault> {
        if tenant.approve_by.is_none_or(|until| until > now) {
            return Ok(());
        }
        let by = By { who: "saga-janitor".to_owned(), why: "nobody approved it in time".to_owned() };
        match tenants.reject(&tenant.id, by, None, now).await {
            Ok(_) | Err(Refusal::NotNow(_) | Refusal::Busy(_)) => Ok(()),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Puts to sleep whom nobody has used for as long as their blueprint says.
    async fn put_to_sleep(&self, only: Option<&TenantId>, now: Timestamp) -> Result<(), Fault> {
        let tenants = Tenants::new(self.db.clone());
        let due = match only {
            Some(tenant) => vec![tenant.clone()],
            None => {
                let idle = Idle::due(&self.db, IDLE, now).await?;
                telemetry::tenants_idle(idle.len());
                idle.into_iter().take(SLEEPERS).map(|idle| idle.tenant).collect()
            }
        };
        for id in due {
            let Some(tenant) = tenants.get(&id).await?.map(|found| found.value) else { continue };
            // Used, changed or gone since: its row has moved, or went.
            if !tenant.is_idle(now) {
                continue;
            }
            let days = tenant.active_at.map_or(0, |at| now.duration_since(at).as_hours() / 24);
            let why = format!("nobody has used it for {days} days");
            let order = Order::hibernate(By { who: "saga-janitor".to_owned(), why });
            match tenants.order(&id, order, None, now).await {
                Ok(_) => tracing::info!(tenant.id = %id, "is put to sleep after {days} days"),
                Err(Refusal::NotNow(_) | Refusal::Busy(_)) => {}
                Err(refusal) => tracing::warn!(tenant.id = %id, "was not put to sleep: {refusal}"),
            }
        }
        Ok(())
    }

    /// Starts the sweeps that were asked for.
    async fn sweep(&self, daily: Option<Daily>, now: Timestamp) -> Result<(), Fault> {
        if let Some(Daily { dry_run }) = daily {
            let by = By { who: "saga-janitor".to_owned(), why: "the sweep of the day".to_owned() };
            Sweep::order(&self.db, by, dry_run, None, None, now).await?;
        }
        for id in Sweep::waiting(&self.db).await? {
            self.engine.start(Machine::Sweep, &format!("sweep-{id}"), &json!({ "sweep": id })).await?;
            Sweep::started(&self.db, id).await?;
        }
        Ok(())
    }

    async fn repair(&self, task: &RepairTask, now: Timestamp) -> Result<(), Fault> {
        let tenant = &task.id.tenant;
        // Closes it if a later operation has taken the resource up, or away.
        let ledger = ResourceLedger::new(self.db.clone());
        ledger.close_repairs(tenant, &ledger.resources(tenant).await?).await?;
        let why = format!("due for the {}. time", task.tries + 1);
        let by = By { who: "saga-janitor".to_owned(), why };
        match Tenants::new(self.db.clone()).repair(&task.id, by, None, now).await {
            // Somebody holds it: it stays as it is.
            Ok(_) | Err(Refusal::Busy(_) | Refusal::NoSuch(_) | Refusal::Held(_)) => Ok(()),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

fn machine(record: &Operation) -> Machine {
    match record.kind {
        Kind::Domain => Machine::Domain,
        Kind::Offboard => Machine::Offboard,
        kind if kind.tears_down() => Machine::Teardown,
        _ => Machine::Provision,
    }
}

/// What a teardown is started with: the error only where something failed.
fn teardown(record: &Operation, cause: &str) -> Value {
    let mut input = json!({ "operation": record.id, "tenant": { "id": record.tenant } });
    if !record.kind.tears_down() {
        input["error"] = json!({ "Error": "ExecutionDied", "Cause": cause });
    }
    input
}

#[cfg(test)]
mod tests;
