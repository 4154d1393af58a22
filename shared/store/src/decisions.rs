use jiff::{Timestamp, ToSpan};
use tenancy::{Event, Signup, Status, Tenant, TenantId};

use crate::audit::By;
use crate::change_requests::ChangeRequest;
use crate::claims::{Claims, RequestKey, answered, claim, commit};
use crate::database::{Condition, Error, Write};
use crate::idle;
use crate::orders::{stopped, summary};
use crate::tenants::{Refusal, Tenants, Versioned, new_tenant, put_tenant};
use crate::words;

/// How long a signup waits for approval.
const APPROVAL_DAYS: i64 = 14;

/// How often it is tried to end an operation that waits when that writes at the same moment.
pub(crate) const ENDING_TRIES: u32 = 5;

/// What is decided about tenants without anything being done about them yet.
impl Tenants {
    /// Accepts a signup that somebody has to approve first. Its names are its own meanwhile; nothing is made.
    pub async fn apply(
        &self,
        signup: &Signup,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Tenant, Refusal> {
        let wait = |id, claims: Vec<Write>| {
            let approve_by = Some(now + (APPROVAL_DAYS * 24).hours());
            let tenant = Tenant { approve_by, ..new_tenant(id, signup, Status::PendingApproval, now) };
            let mut writes = Vec::from_iter(claim(request, &tenant, now)?);
            writes.extend(claims);
            writes.push(put_tenant(&tenant, Condition::Absent)?);
            writes.extend(words::put(&tenant)?);
            Ok((tenant, writes))
        };
        self.enrol(signup, request, now, wait).await
    }

    /// Turns a signup down that waits for approval. Its names are free again.
    pub async fn reject(
        &self,
        id: &TenantId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Tenant, Refusal> {
        let turn = |tenant: &mut Tenant| {
            tenant.approve_by = None;
            Event::Rejected
        };
        self.decide(id, ("reject", by), turn, request, now).await
    }

    /// Makes a cancelled tenant again what it was.
    pub async fn restore(
        &self,
        id: &TenantId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Tenant, Refusal> {
        let restore = |tenant: &mut Tenant| match tenant.grace.take().map(|grace| grace.was) {
            Some(Status::Suspended) => Event::Suspended,
            Some(Status::Hibernating) => Event::Hibernated,
            _ => Event::Reactivated,
        };
        let mut tries = 1;
        loop {
            match self.decide(id, ("restore", by.clone()), restore, request, now).await {
                // What sees it out has just looked at it: it is read again.
                Err(Refusal::Busy(_)) if tries < ENDING_TRIES => tries += 1,
                done => return done,
            }
        }
    }

    /// Turns a wish down.
    pub async fn deny(
        &self,
        wish: &ChangeRequest,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Tenant, Refusal> {
        if let Some(tenant) = answered(&self.db, request, now).await? {
            return Ok(tenant);
        }
        let missing = || Refusal::NoSuchTenant(wish.tenant.clone());
        let tenant = self.get(&wish.tenant).await?.ok_or_else(missing)?.value;
        let standing = summary(&tenant, &tenant);
        let mut writes = Vec::from_iter(claim(request, &tenant, now)?);
        writes.push(by.did("deny change", (standing.clone(), standing), now).put(&tenant.id)?);
        writes.push(wish.delete());
        commit(&self.db, tenant, writes, request).await
    }

    /// Writes a decision down that needs no operation, as an event that the tenant's status allows.
    async fn decide(
        &self,
        id: &TenantId,
        (action, by): (&'static str, By),
        change: impl FnOnce(&mut Tenant) -> Event,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Tenant, Refusal> {
        let found = self.get(id).await?;
        if let Some(tenant) = answered(&self.db, request, now).await? {
            return Ok(tenant);
        }
        let Versioned { value: before, version } = found.ok_or_else(|| Refusal::NoSuchTenant(id.clone()))?;
        let mut tenant = before.clone();
        let event = change(&mut tenant);
        // One that is cancelling waits, by an operation that ends with this.
        let waits = before.status == Status::Cancelling;
        if let Some(operation) = before.operation.filter(|_| !waits) {
            return Err(Refusal::Busy(operation));
        }
        tenant.status = before.status.after(event).map_err(Refusal::NotNow)?;
        tenant.operation = None;
        tenant.hibernates_at = None;
        if tenant.status == Status::Active {
            self.is_used(&mut tenant, now).await?;
        }
        let mut writes = Vec::from_iter(claim(request, &tenant, now)?);
        writes.push(put_tenant(&tenant, Condition::Version(version))?);
        writes.extend(idle::change(Some(&before), &tenant)?);
        if let Some(operation) = before.operation {
            writes.extend(self.supersede(id, operation, Some(stopped(action, &by)), now).await?);
        }
        let change = (summary(&before, &tenant), summary(&tenant, &before));
        writes.push(by.did(action, change, now).put(id)?);
        if tenant.status == Status::Deleted {
            writes.extend(self.free_domains(id).await?);
            writes.extend(Claims::new(self.db.clone()).free(&tenant.subdomain, id).await?);
        }
        match commit(&self.db, tenant, writes, request).await {
            Err(Refusal::Store(Error::Conflict(conflict))) => {
                match self.get(id).await?.and_then(|tenant| tenant.value.operation) {
                    Some(rival) => Err(Refusal::Busy(rival)),
                    None => Err(Error::Conflict(conflict).into()),
                }
            }
            done => done,
        }
    }
}
