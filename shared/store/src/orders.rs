use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tenancy::{
    Access, DomainName, Edit, Event, Former, Grace, Kind, OPERATOR, Offboarding, OnFailure, Operation,
    OperationId, State, Status, StepFault, Tenant, TenantId,
};

use crate::audit::By;
use crate::change_requests::ChangeRequest;
use crate::claims::{Claims, RequestKey, answered, claim, claim_subdomain, commit, holder};
use crate::database::{Condition, Error, Write};
use crate::decisions::ENDING_TRIES;
use crate::domains;
use crate::idle;
use crate::ledger::ResourceLedger;
use crate::offboarding::guarded;
use crate::open::Open;
use crate::progress::progress;
use crate::repairs::{RepairTask, TaskId};
use crate::tenants::{Accepted, Refusal, Tenants, Versioned, accept, new_operation, operation_key, raise};
use crate::words;

/// How often what an operator wants of an operation is written again, when the operation moved meanwhile.
const TRIES: u32 = 8;

/// How long the executions of a cancelled operation have to come to their end by themselves.
const CANCEL_MINUTES: i64 = 2;

/// The next operation of a tenant, as it is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    kind: Kind,
    event: Event,
    by: Option<(&'static str, By)>,
    /// Ends what is under way instead of being refused because of it.
    forced: bool,
    on_failure: Option<OnFailure>,
    /// Has every step run again, also those that are done.
    from_start: bool,
    skipped: BTreeSet<String>,
    /// What is to be different about the signup.
    edit: Edit,
    /// The domain of its own that it is to begin with, or that there is none, instead of what it signed up with.
    domain: Option<Option<DomainName>>,
    /// The wish that it fulfils.
    granted: Option<ChangeRequest>,
    /// How far the tenant is on its way out.
    offboarding: Option<Offboarding>,
}

impl Order {
    fn new(kind: Kind, event: Event, by: Option<(&'static str, By)>) -> Self {
        let (skipped, edit) = (BTreeSet::new(), Edit::default());
        Self {
            kind,
            event,
            by,
            forced: false,
            on_failure: None,
            from_start: false,
            skipped,
            edit,
            domain: None,
            granted: None,
            offboarding: None,
        }
    }

    #[must_use]
    pub fn retry(by: By) -> Self {
        Self::new(Kind::Provision, Event::RetryRequested, Some(("retry", by)))
    }

    #[must_use]
    pub fn delete(by: By) -> Self {
        Self::new(Kind::Delete, Event::DeleteRequested, Some(("delete", by)))
    }

    /// Has a tenant leave: it lives on until then and can be restored, and is archived, deleted and certified to be gone
    /// afterwards. Refused while somebody holds or locks it.
    #[must_use]
    pub fn offboard(by: By, until: Timestamp, now: Timestamp) -> Self {
        let offboarding = Some(Offboarding::new(until, now));
        Self { offboarding, ..Self::new(Kind::Offboard, Event::CancelRequested, Some(("cancel", by))) }
    }

    #[must_use]
    pub fn force_delete(by: By) -> Self {
        let order = Self::new(Kind::Delete, Event::ForceDeleteRequested, Some(("force-delete", by)));
        Self { forced: true, ..order }
    }

    #[must_use]
    pub fn suspend(by: By) -> Self {
        Self::new(Kind::Suspend, Event::SuspendRequested, Some(("suspend", by)))
    }

    #[must_use]
    pub fn resume(by: By) -> Self {
        Self::new(Kind::Resume, Event::ResumeRequested, Some(("resume", by)))
    }

    /// Has what computes for it stop until somebody comes.
    #[must_use]
    pub fn hibernate(by: By) -> Self {
        Self::new(Kind::Hibernate, Event::HibernateRequested, Some(("hibernate", by)))
    }

    #[must_use]
    pub fn wake(by: By) -> Self {
        Self::new(Kind::Wake, Event::WakeRequested, Some(("wake", by)))
    }

    /// To the plan that the order's edit names.
    #[must_use]
    pub fn change_plan(by: By) -> Self {
        Self::new(Kind::ChangePlan, Event::PlanChangeRequested, Some(("change plan", by)))
    }

    /// To the version of its blueprint that the order's edit says.
    #[must_use]
    pub fn upgrade(by: By) -> Self {
        Self::new(Kind::Upgrade, Event::UpgradeRequested, Some(("upgrade", by)))
    }

    /// To what the order's edit says.
    #[must_use]
    pub fn update(by: By) -> Self {
        Self::new(Kind::ChangePlan, Event::PlanChangeRequested, Some(("update", by)))
    }

    /// Has every step run again over what there is, unchanged: what is not as it should be is mended, and all is looked at
    /// anew.
    #[must_use]
    pub fn check(by: By) -> Self {
        Self::new(Kind::ChangePlan, Event::CheckRequested, Some(("check", by))).from_start(true)
    }

    /// Has its product let people do that, and no more.
    #[must_use]
    pub fn change_access(access: Access, by: By) -> Self {
        Self::new(Kind::ChangePlan, Event::PlanChangeRequested, Some(("change access", by))).giving(access)
    }

    /// Has a tenant that is gone provisioned again, and filled with what its archive holds. What paid for it pays no
    /// more: somebody subscribes anew.
    #[must_use]
    pub fn restore(by: By) -> Self {
        Self::new(Kind::Restore, Event::RestoreRequested, Some(("restore", by)))
    }

    /// Has a tenant provisioned that waited for it.
    #[must_use]
    pub fn approve(by: By) -> Self {
        Self::new(Kind::Provision, Event::Approved, Some(("approve", by)))
    }

    /// Carries out what somebody else asked for: the wish is granted with it.
    #[must_use]
    pub fn granting(self, wish: ChangeRequest) -> Self {
        Self { granted: Some(wish), ..self }
    }

    #[must_use]
    pub fn on_failure(self, on_failure: Option<OnFailure>) -> Self {
        Self { on_failure, ..self }
    }

    #[must_use]
    pub fn from_start(self, from_start: bool) -> Self {
        Self { from_start, ..self }
    }

    #[must_use]
    pub fn skipping(self, skipped: BTreeSet<String>) -> Self {
        Self { skipped, ..self }
    }

    /// That access besides: whoever is resumed because they have paid may write again.
    #[must_use]
    pub fn giving(self, access: Access) -> Self {
        Self { edit: self.edit.giving(access), ..self }
    }

    #[must_use]
    pub fn editing(self, edit: Edit) -> Self {
        Self { edit, ..self }
    }

    /// What is made begins with that domain, or with none, where it is said.
    #[must_use]
    pub fn beginning_at(self, domain: Option<Option<DomainName>>) -> Self {
        Self { domain, ..self }
    }
}

/// What is asked of tenants: by their owners, by operators, by the janitor.
impl Tenants {
    /// Accepts the next operation of a tenant, if its status and its other operations allow.
    pub async fn request(
        &self,
        id: &TenantId,
        kind: Kind,
        event: Event,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        self.order(id, Order::new(kind, event, None), request, now).await
    }

    /// The same, with all that can be said about it.
    pub async fn order(
        &self,
        id: &TenantId,
        order: Order,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        let mut tries = 1;
        loop {
            match Box::pin(self.next(id, order.clone(), Vec::new(), request, now)).await {
                // What waits to delete it has just looked at it: it is read again.
                Err(Refusal::Busy(_)) if order.event == Event::DeleteRequested && tries < ENDING_TRIES => {
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// Stops a provisioning and has what it made destroyed, also where it was to be held. Stops a change, and has it led
    /// back.
    pub async fn cancel(
        &self,
        id: &TenantId,
        operation: OperationId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Box::pin(self.cancel_as_it_stands(id, operation, by.clone(), request, now)).await {
                Err(Refusal::Store(Error::Conflict(_))) if tries < TRIES => {}
                ended => return ended,
            }
        }
    }

    async fn cancel_as_it_stands(
        &self,
        id: &TenantId,
        operation: OperationId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if let Some(accepted) = answered(&self.db, request, now).await? {
            return Ok(accepted);
        }
        let (tenant, found) = self.under_way(id, operation).await?;
        if found.value.kind == Kind::Offboard {
            let detail = "restore the tenant: that ends its offboarding";
            return Err(Refusal::NotPossible(detail.to_owned()));
        }
        let mut record = found.value.clone();
        // Its teardown may be past asking what to destroy.
        if record.is_fenced() && record.holds() {
            return Err(Refusal::NotPossible(format!(
                "operation {operation} has stopped; delete the tenant"
            )));
        }
        record.on_failure = OnFailure::Compensate;
        if !record.is_fenced() {
            let reached = self.reached(&record, now).await?;
            raise(&mut record, Some(stopped("cancelled", &by)), Some(reached), now);
        }
        let soon = Open::soon(&self.db, operation, now + CANCEL_MINUTES.minutes()).await?;
        self.amend(tenant, found, record, ("cancel", by), soon, request, now).await
    }

    /// Lets a provisioning do without an optional step, and an offboarding without the backup of any.
    pub async fn skip(
        &self,
        id: &TenantId,
        operation: OperationId,
        step: &str,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.skip_as_it_stands(id, operation, step, by.clone(), request, now).await {
                Err(Refusal::Store(Error::Conflict(_))) if tries < TRIES => {}
                ended => return ended,
            }
        }
    }

    async fn skip_as_it_stands(
        &self,
        id: &TenantId,
        operation: OperationId,
        step: &str,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if let Some(accepted) = answered(&self.db, request, now).await? {
            return Ok(accepted);
        }
        let (tenant, found) = self.under_way(id, operation).await?;
        let leaves = found.value.kind == Kind::Offboard;
        let known = async || -> Result<bool, Error> {
            let resources = ResourceLedger::new(self.db.clone()).resources(id).await?;
            Ok(resources.iter().any(|resource| resource.step == step && resource.is_left()))
        };
        if leaves && !known().await? {
            return Err(Refusal::NoSuch(format!("resource of {step} of tenant {id}")));
        }
        if !leaves && !found.value.optional.contains(step) {
            return Err(Refusal::NotPossible(format!("{step} is not optional in {}", tenant.blueprint)));
        }
        let mut record = found.value.clone();
        record.skipped.insert(step.to_owned());
        self.amend(tenant, found, record, ("skip", by), None, request, now).await
    }

    /// What makes or changes a tenant and is not over, with its tenant.
    async fn under_way(
        &self,
        id: &TenantId,
        operation: OperationId,
    ) -> Result<(Tenant, Versioned<Operation>), Refusal> {
        let tenant = self.get(id).await?.ok_or_else(|| Refusal::NoSuchTenant(id.clone()))?.value;
        let missing = || Refusal::NoSuch(format!("operation {operation} of tenant {id}"));
        let found = self.operation(id, operation).await?.ok_or_else(missing)?;
        if found.value.state.is_final() {
            return Err(Refusal::NotPossible(format!("operation {operation} is over")));
        }
        let leaving = found.value.offboarding.as_ref().is_some_and(|leaving| leaving.archive.is_none());
        if found.value.kind.tears_down() && !leaving {
            let detail = "a teardown cannot be changed on its way: what it destroyed is gone";
            return Err(Refusal::NotPossible(detail.to_owned()));
        }
        Ok((tenant, found))
    }

    /// Writes an operation that an operator changed on its way.
    #[allow(clippy::too_many_arguments)] // One line each of the transaction.
    async fn amend(
        &self,
        tenant: Tenant,
        before: Versioned<Operation>,
        record: Operation,
        (action, by): (&str, By),
        other: Option<Write>,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        let operation = record.id;
        let change = (standing(&before.value), standing(&record));
        let audit = by.did(action, change, now).through(operation).put(&tenant.id)?;
        let key = operation_key(&tenant.id, operation);
        let accepted = Accepted { tenant, operation };
        let mut writes = Vec::from_iter(claim(request, &accepted, now)?);
        writes.extend([Write::put(key, &record, Condition::Version(before.version))?, audit]);
        writes.extend(other);
        commit(&self.db, accepted, writes, request).await
    }

    /// Tries again what would not go: a deletion goes on, of anything else only what is stuck is destroyed.
    pub async fn repair(
        &self,
        task: &TaskId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if let Some(accepted) = answered(&self.db, request, now).await? {
            return Ok(accepted);
        }
        let task = self.task(task).await?;
        let order = self.repairing(&task, ("retry repair task", by)).await?;
        self.next(&task.id.tenant, order, Vec::new(), request, now).await
    }

    /// Takes an operator's word that a resource is gone, or is no longer ours to destroy.
    pub async fn resolve(
        &self,
        task: &TaskId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if let Some(accepted) = answered(&self.db, request, now).await? {
            return Ok(accepted);
        }
        let task = self.task(task).await?;
        let order = self.repairing(&task, ("resolve repair task", by)).await?;
        let mut writes = vec![task.delete()];
        writes.extend(ResourceLedger::new(self.db.clone()).resolve(&task.id, now).await?);
        self.next(&task.id.tenant, order, writes, request, now).await
    }

    async fn task(&self, id: &TaskId) -> Result<RepairTask, Refusal> {
        let found = RepairTask::get(&self.db, id).await?;
        found.ok_or_else(|| Refusal::NoSuch(format!("repair task {id}")))
    }

    async fn repairing(&self, task: &RepairTask, by: (&'static str, By)) -> Result<Order, Refusal> {
        let gave_up = self.operation(&task.id.tenant, task.operation).await?;
        let tenant = self.get(&task.id.tenant).await?;
        let deleting =
            gave_up.is_some_and(|operation| matches!(operation.value.kind, Kind::Delete | Kind::Offboard));
        let stuck = tenant.is_some_and(|tenant| tenant.value.status == Status::Stuck);
        let (kind, event) = match deleting && stuck {
            true => (Kind::Delete, Event::DeleteRequested),
            false => (Kind::Repair, Event::RepairRequested),
        };
        Ok(Order::new(kind, event, Some(by)))
    }

    /// How far a stuck tenant was on its way out: what was archived by then stands, and it is to have its certificate.
    async fn leaving(&self, tenant: &Tenant) -> Result<Option<Offboarding>, Error> {
        if tenant.status != Status::Stuck {
            return Ok(None);
        }
        let operations = self.operations(&tenant.id).await?;
        let own = |operation: &Operation| !matches!(operation.kind, Kind::Repair | Kind::Domain);
        // By the clock: ids of one millisecond are in no order.
        let last = operations.into_iter().filter(own).max_by_key(|operation| operation.accepted_at);
        let last = last.filter(|operation| operation.kind == Kind::Offboard);
        Ok(last.and_then(|operation| operation.offboarding).filter(|leaving| leaving.archive.is_some()))
    }

    async fn next(
        &self,
        id: &TenantId,
        mut order: Order,
        mut others: Vec<Write>,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        // The tenant first, the key second: whoever finds the tenant busy with this very request finds its key
        // as well, for both were written at once.
        let found = self.get(id).await?;
        if let Some(accepted) = answered(&self.db, request, now).await? {
            return Ok(accepted);
        }
        let Versioned { value: before, version } = found.ok_or_else(|| Refusal::NoSuchTenant(id.clone()))?;
        let mut tenant = before.clone();
        let waits = before.status == Status::Cancelling;
        // A deleted tenant does not come back for what is repaired, nor does one that is alive suffer from it.
        if !tenant.status.outlasts(order.kind) {
            tenant.status = tenant.status.after(order.event).map_err(|refused| match tenant.operation {
                Some(operation) if !waits => Refusal::Busy(operation),
                _ => Refusal::NotNow(refused),
            })?;
        }
        guarded(&before, order.event)?;
        if order.kind == Kind::Delete
            && !order.forced
            && let Some(leaving) = self.leaving(&before).await?
        {
            order.kind = Kind::Offboard;
            order.offboarding = Some(Offboarding { wakes_at: now, ..leaving });
        }
        match tenant.operation {
            // Whoever deletes one that waits to be deleted does not wait.
            Some(operation) if order.forced || waits && order.event == Event::DeleteRequested => {
                let fault = order.by.as_ref().map(|(action, by)| stopped(action, by));
                others.extend(self.supersede(id, operation, fault, now).await?);
            }
            Some(operation) => return Err(Refusal::Busy(operation)),
            None => {}
        }
        if before.approve_by.is_some_and(|until| until <= now) && order.event == Event::Approved {
            return Err(Refusal::NotPossible("nobody approved it in time".to_owned()));
        }
        (tenant.approve_by, tenant.grace) = (None, None);
        if order.event == Event::CancelRequested {
            let until = order.offboarding.as_ref().map_or(now, |leaving| leaving.until);
            tenant.grace = Some(Grace { deletes_at: until, was: before.status });
        }
        if order.kind == Kind::Provision && before.archive.is_some() {
            order.kind = Kind::Restore; // Again: what was put back has gone with the rest.
        }
        if order.event == Event::RestoreRequested {
            restorable(&before, now)?;
            tenant.subscription = None;
        }
        others.extend(order.granted.as_ref().map(ChangeRequest::delete));
        order.edit.apply(&mut tenant);
        let blueprint = self.blueprint(&tenant).await?;
        if let Some(step) = order.skipped.iter().find(|step| !blueprint.optional.contains(*step)) {
            return Err(Refusal::NotPossible(format!("{step} is not optional in {}", tenant.blueprint)));
        }
        if order.kind == Kind::Hibernate && !blueprint.hibernates {
            let detail = format!("nothing of {} can be put to sleep", tenant.blueprint);
            return Err(Refusal::NotPossible(detail));
        }
        // Whether it is used is asked again when it is active again.
        if !before.status.outlasts(order.kind) {
            tenant.hibernates_at = None;
        }
        others.extend(idle::change(Some(&before), &tenant)?);
        tenant.remade += u32::from(order.from_start);
        let moves = tenant.subdomain != before.subdomain;
        // Whoever was gone had no name.
        let claims = moves || order.event == Event::RestoreRequested;
        if claims {
            // First of all, so that it is known for what it is when somebody else has it.
            others.insert(0, claim_subdomain(&tenant.subdomain, id)?);
        }
        if moves {
            others.extend(Claims::new(self.db.clone()).free(&before.subdomain, id).await?);
        }
        others.extend(words::change(&before, &tenant)?);
        let former_domain = match &order.domain {
            Some(domain) => {
                let (former, writes) = self.begin_at(id, domain.as_ref(), now).await?;
                others.extend(writes);
                former
            }
            None => None,
        };
        let mut operation = new_operation(&tenant, order.kind, &blueprint, now);
        operation.forced = order.forced;
        operation.former = order.kind.back().map(|_| Former::of(&before));
        operation.skipped = order.skipped;
        operation.offboarding = order.offboarding;
        operation.on_failure = order.on_failure.unwrap_or(operation.on_failure);
        if let Some((action, by)) = order.by {
            let mut change = (summary(&before, &tenant), summary(&tenant, &before));
            if let Some(domain) = order.domain.as_ref().filter(|domain| **domain != former_domain) {
                (change.0["domain"], change.1["domain"]) = (json!(former_domain), json!(domain));
            }
            others.push(by.did(action, change, now).through(operation.id).put(id)?);
        }
        let wanted = claims.then(|| (usize::from(request.is_some()), tenant.subdomain.clone()));
        let (accepted, writes) =
            accept(tenant, &operation, Condition::Version(version), request, others, now)?;
        match commit(&self.db, accepted, writes, request).await {
            Err(Refusal::Store(Error::Conflict(conflict))) => {
                let taken = conflict.existing.as_ref().and_then(holder).is_some_and(|holder| holder != *id);
                if let Some((_, subdomain)) = wanted.filter(|(claim, _)| taken && *claim == conflict.index) {
                    return Err(Refusal::SubdomainTaken(subdomain));
                }
                if let Some(domain) =
                    order.domain.flatten().filter(|_| domains::is_claim(conflict.existing.as_ref()))
                {
                    return Err(Refusal::DomainTaken(domain));
                }
                match self.get(id).await?.and_then(|tenant| tenant.value.operation) {
                    Some(rival) => Err(Refusal::Busy(rival)),
                    None => Err(Error::Conflict(conflict).into()),
                }
            }
            done => done,
        }
    }

    /// The writes that end an operation for the sake of the next: it is fenced by being over.
    pub(crate) async fn supersede(
        &self,
        id: &TenantId,
        operation: OperationId,
        fault: Option<StepFault>,
        now: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        let lost = || Error::Unusable(format!("the record of operation {operation} is missing"));
        let Versioned { value: mut record, version } =
            self.operation(id, operation).await?.ok_or_else(lost)?;
        let ledger = ResourceLedger::new(self.db.clone());
        let (resources, reports) = (ledger.resources(id).await?, ledger.reports(id, operation).await?);
        let steps = progress(&record, &resources, &reports, now);
        if !record.is_fenced() {
            let reached = record.percent(&steps);
            raise(&mut record, fault, Some(reached), now);
        }
        record.steps = steps;
        record.state = State::Failed;
        record.ended_at = Some(now);
        let mut writes =
            vec![Write::put(operation_key(id, operation), &record, Condition::Version(version))?];
        writes.extend(Open::close(&self.db, operation).await?);
        Ok(writes)
    }

    async fn reached(&self, record: &Operation, now: Timestamp) -> Result<u8, Error> {
        let ledger = ResourceLedger::new(self.db.clone());
        let resources = ledger.resources(&record.tenant).await?;
        let reports = ledger.reports(&record.tenant, record.id).await?;
        Ok(record.percent(&progress(record, &resources, &reports, now)))
    }
}

/// Whether there is something to restore a tenant from.
fn restorable(tenant: &Tenant, now: Timestamp) -> Result<(), Refusal> {
    let refused = |why: String| Err(Refusal::NotPossible(why));
    match &tenant.archive {
        None => refused("nothing is kept of the tenant: it was deleted without days of grace".to_owned()),
        Some(archive) if archive.kept_until <= now => {
            refused(format!("its archive was kept until {}", archive.kept_until))
        }
        Some(_) => Ok(()),
    }
}

/// What an operator's stop looks like beside the faults of steps.
pub(crate) fn stopped(action: &str, by: &By) -> StepFault {
    let fault = fault::Fault::terminal(format!("{action} by {}: {}", by.who, by.why));
    StepFault { step: OPERATOR.to_owned(), fault }
}

fn standing(operation: &Operation) -> Value {
    json!({ "state": operation.state, "on_failure": operation.on_failure, "skipped": operation.skipped })
}

/// Where a tenant stands, and what of its signup is another than in the other.
pub(crate) fn summary(tenant: &Tenant, other: &Tenant) -> Value {
    let mut summary = json!({ "status": tenant.status, "operation": tenant.operation });
    let edited = inputs(tenant).into_iter().zip(inputs(other)).filter(|(own, other)| own != other);
    for ((field, value), _) in edited {
        summary[field] = value;
    }
    summary
}

/// What an order may edit.
fn inputs(tenant: &Tenant) -> [(&'static str, Value); 10] {
    [
        ("name", json!(tenant.name)),
        ("subdomain", json!(tenant.subdomain)),
        ("email", json!(tenant.email)),
        ("plan", json!(tenant.plan)),
        ("theme", json!(tenant.theme)),
        ("category", json!(tenant.category)),
        ("integrations", json!(tenant.integrations)),
        ("overrides", json!(tenant.overrides)),
        ("access", json!(tenant.access)),
        ("blueprint", json!(tenant.blueprint)),
    ]
}
