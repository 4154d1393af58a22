use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenancy::{
    Archive, Calendar, Certificate, Due, Event, Hold, Kind, Operation, OperationId, State, Status, StepFault,
    StepProgress, Tenant, TenantId,
};

use crate::audit::By;
use crate::claims::{RequestKey, answered, claim, commit};
use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::tenants::{Outcome, Refusal, Tenants, Versioned, operation_key, put_tenant};

/// A certificate as it is given out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Certified {
    pub certificate: Certificate,
    /// The same, signed: a compact JWS with ES256.
    pub jws: String,
}

/// What an offboarding finds when it looks.
#[derive(Clone, Debug)]
pub struct Look {
    pub due: Due,
    pub operation: Operation,
    pub tenant: Tenant,
}

/// Tenants that leave. Whoever wants one to go with days of grace orders it by [`crate::Order::offboard`].
impl Tenants {
    /// Says what is due, and writes down when it is looked at next. Nothing, once the tenant was restored or
    /// something else ended the operation.
    pub async fn look_at_offboarding(
        &self,
        id: &TenantId,
        operation: OperationId,
        told: Option<u16>,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<Option<Look>, Error> {
        let (tenant, found) = self.who_leaves(id, operation).await?;
        let Versioned { value: mut record, version } = found;
        if record.state.is_final() {
            return Ok(None);
        }
        let before = record.clone();
        let offboarding = offboarding(&mut record)?;
        // The fewest days count: an answer that was lost may have been given again.
        offboarding.told = told.into_iter().chain(offboarding.told).min();
        let due = offboarding.due(tenant.value.hold.is_some(), calendar, now);
        offboarding.wakes_at = if let Due::Wait(until) = due { until } else { now };
        if record != before {
            let key = operation_key(id, operation);
            self.db.write(Write::put(key, &record, Condition::Version(version))?).await?;
        }
        Ok(Some(Look { due, operation: record, tenant: tenant.value }))
    }

    /// Puts a backup off that did not succeed, and keeps why.
    pub async fn put_off_backup(
        &self,
        id: &TenantId,
        operation: OperationId,
        fault: StepFault,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (_, Versioned { value: mut record, version }) = self.who_leaves(id, operation).await?;
        if record.is_fenced() {
            return Ok(());
        }
        offboarding(&mut record)?.put_off(calendar, now);
        record.fault = Some(fault);
        let key = operation_key(id, operation);
        self.db.write(Write::put(key, &record, Condition::Version(version))?).await.map(|_| ())
    }

    /// The end of grace: from here on the tenant is taken away and cannot be restored but from the archive. Says
    /// whether that is so: not while somebody holds it, nor once it was restored. Again is the same.
    pub async fn seal(
        &self,
        id: &TenantId,
        operation: OperationId,
        archive: Archive,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (tenant, found) = self.who_leaves(id, operation).await?;
        let (Versioned { value: mut tenant, version }, Versioned { value: mut record, version: read }) =
            (tenant, found);
        if record.is_fenced() {
            return Ok(false);
        }
        let state = offboarding(&mut record)?;
        if state.archive.is_some() {
            return Ok(true);
        }
        if tenant.hold.is_some() || state.until > now || tenant.operation != Some(operation) {
            return Ok(false);
        }
        state.archive = Some(archive.clone());
        tenant.archive = Some(archive);
        record.fault = None;
        tenant.status =
            tenant.status.after(Event::DeleteRequested).map_err(|e| Error::Unusable(e.to_string()))?;
        tenant.grace = None;
        let record = Write::put(operation_key(id, operation), &record, Condition::Version(read))?;
        self.db.transact(vec![record, put_tenant(&tenant, Condition::Version(version))?]).await?;
        Ok(true)
    }

    /// Ends an offboarding that left nothing: the certificate and that the tenant is deleted are written at once. Again
    /// is the same.
    pub async fn certify(
        &self,
        id: &TenantId,
        certified: &Certified,
        steps: Vec<StepProgress>,
        now: Timestamp,
    ) -> Result<Tenant, Error> {
        let operation = certified.certificate.operation;
        let outcome = Outcome { event: Event::Deleted, state: State::Succeeded, steps, endpoints: None };
        let row = Write::put(certificate_key(id, operation), certified, Condition::Absent)?;
        self.settle_with(id, operation, outcome, vec![row], now).await
    }

    /// The last certificate of a tenant, if it has one.
    pub async fn certificate(&self, id: &TenantId) -> Result<Option<Certified>, Error> {
        let rows = self.db.query_all(Table::Tenants, id.as_str(), "CERTIFICATE#").await?;
        rows.last().map(Row::decode).transpose()
    }

    /// Has nothing take a tenant away until that is released.
    pub async fn hold(
        &self,
        id: &TenantId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Tenant, Refusal> {
        self.guard(id, ("hold", by), request, now, |tenant, hold| {
            let going = matches!(tenant.status, Status::Deleting | Status::Deleted);
            let too_late = || Refusal::NotPossible(format!("the tenant is {} already", tenant.status));
            tenant.hold.get_or_insert(hold);
            if going { Err(too_late()) } else { Ok(()) }
        })
        .await
    }

    pub async fn release(
        &self,
        id: &TenantId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Tenant, Refusal> {
        self.guard(id, ("release", by), request, now, |tenant, _| match tenant.hold.take() {
            Some(_) => Ok(()),
            None => Err(Refusal::NotPossible("nobody holds the tenant".to_owned())),
        })
        .await
    }

    /// Has deletions refused until the lock is taken off.
    pub async fn lock(
        &self,
        id: &TenantId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Tenant, Refusal> {
        self.guard(id, ("lock", by), request, now, |tenant, lock| {
            if matches!(tenant.status, Status::Cancelling | Status::Deleting | Status::Deleted) {
                let detail = format!("the tenant is {} already; restore it first", tenant.status);
                return Err(Refusal::NotPossible(detail));
            }
            tenant.deletion_lock.get_or_insert(lock);
            Ok(())
        })
        .await
    }

    pub async fn unlock(
        &self,
        id: &TenantId,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Tenant, Refusal> {
        self.guard(id, ("unlock", by), request, now, |tenant, _| match tenant.deletion_lock.take() {
            Some(_) => Ok(()),
            None => Err(Refusal::NotPossible("the tenant is not locked".to_owned())),
        })
        .await
    }

    /// Writes what guards a tenant, whatever is under way.
    async fn guard(
        &self,
        id: &TenantId,
        (action, by): (&str, By),
        request: Option<&RequestKey>,
        now: Timestamp,
        change: impl FnOnce(&mut Tenant, Hold) -> Result<(), Refusal>,
    ) -> Result<Tenant, Refusal> {
        let found = self.get(id).await?;
        if let Some(tenant) = answered(&self.db, request, now).await? {
            return Ok(tenant);
        }
        let Versioned { value: mut tenant, version } =
            found.ok_or_else(|| Refusal::NoSuchTenant(id.clone()))?;
        let before = guards(&tenant);
        change(&mut tenant, Hold { who: by.who.clone(), why: by.why.clone(), since: now })?;
        let mut writes = Vec::from_iter(claim(request, &tenant, now)?);
        writes.push(put_tenant(&tenant, Condition::Version(version))?);
        writes.push(by.did(action, (before, guards(&tenant)), now).put(id)?);
        commit(&self.db, tenant, writes, request).await
    }

    async fn who_leaves(
        &self,
        id: &TenantId,
        operation: OperationId,
    ) -> Result<(Versioned<Tenant>, Versioned<Operation>), Error> {
        let lost = |what| Error::Unusable(format!("the record of {what} of tenant {id} is missing"));
        let record = self.operation(id, operation).await?.ok_or_else(|| lost("an operation"))?;
        let tenant = self.get(id).await?.ok_or_else(|| lost("the tenant"))?;
        Ok((tenant, record))
    }
}

/// What certificates are verified by: every key that ever signed one.
pub async fn certificate_keys(db: &Database) -> Result<Vec<Value>, Error> {
    let rows = db.query_all(Table::Catalogue, "CERTIFICATE_KEY", "").await?;
    rows.iter().map(Row::decode).collect()
}

/// Keeps a key that signs certificates, by its id. Known already is success.
pub async fn keep_certificate_key(db: &Database, id: &str, key: &impl Serialize) -> Result<(), Error> {
    let key = Write::put(Key::new(Table::Catalogue, "CERTIFICATE_KEY", id), key, Condition::Absent)?;
    match db.write(key).await {
        Ok(_) | Err(Error::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether what guards a tenant allows that it is taken away.
pub(crate) fn guarded(tenant: &Tenant, event: Event) -> Result<(), Refusal> {
    if !matches!(event, Event::CancelRequested | Event::DeleteRequested | Event::ForceDeleteRequested) {
        return Ok(());
    }
    match (&tenant.hold, &tenant.deletion_lock) {
        (Some(hold), _) => Err(Refusal::Held(hold.clone())),
        (None, Some(lock)) => Err(Refusal::Locked(lock.clone())),
        (None, None) => Ok(()),
    }
}

fn guards(tenant: &Tenant) -> Value {
    json!({ "status": tenant.status, "hold": tenant.hold, "deletion_lock": tenant.deletion_lock })
}

fn offboarding(record: &mut Operation) -> Result<&mut tenancy::Offboarding, Error> {
    let (kind, id) = (record.kind, record.id);
    let none = || Error::Unusable(format!("operation {id}, to {}, sees nobody out", kind.name()));
    record.offboarding.as_mut().filter(|_| kind == Kind::Offboard).ok_or_else(none)
}

fn certificate_key(tenant: &TenantId, operation: OperationId) -> Key {
    Key::new(Table::Tenants, tenant, format_args!("CERTIFICATE#{operation}"))
}
