use fault::Fault;
use jiff::Timestamp;
use serde_json::{Value, json};
use tenancy::{
    DomainName, Domains, Kind, Operation, OperationId, Seen, State, Status, StepFault, Tenant, TenantId,
    Unwilling, Workflow,
};

use crate::audit::By;
use crate::claims::{Claims, RequestKey, answered, claim, claim_domain, commit};
use crate::database::{Condition, Error, Key, Table, Write};
use crate::ledger::ResourceLedger;
use crate::open::Open;
use crate::progress::progress;
use crate::tenants::{
    Accepted, Refusal, Tenants, Versioned, begin, new_operation, operation_key, put_tenant,
};

/// Custom domains. What is done about them is an operation of its own kind: it is recorded, started and looked after
/// as any, but the tenant does not name it, so a domain that is waited for keeps nobody from anything (invariant 11).
impl Tenants {
    /// A tenant's domains. Of one that never had any, none, at version 0.
    pub async fn domains(&self, id: &TenantId) -> Result<Versioned<Domains>, Error> {
        let Some(row) = self.db.get(&domains_key(id)).await? else {
            return Ok(Versioned { value: Domains::default(), version: 0 });
        };
        Ok(Versioned { value: row.decode()?, version: row.version })
    }

    /// Accepts a domain: claims it, and writes it, its operation and the outbox row, all or none. One that is active
    /// already stays until this one is.
    pub async fn add_domain(
        &self,
        id: &TenantId,
        hostname: &DomainName,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if let Some(accepted) = answered(&self.db, request, now).await? {
            return Ok(accepted);
        }
        let (tenant, mut operation, mut found) = self.about_domains(id, now).await?;
        let forgotten = found.value.add(hostname, operation.id, now).map_err(|e| refusal(id, hostname, e))?;
        operation.workflow = self.serving(&tenant).await?;
        let claims = Claims::new(self.db.clone());
        let holder = claims.tenant_at(hostname).await?;
        let mut others = Vec::new();
        match holder {
            None => others.push(claim_domain(hostname, id)?),
            Some(holder) if holder == *id => {}
            Some(_) => return Err(Refusal::DomainTaken(hostname.clone())),
        }
        for domain in forgotten {
            others.extend(claims.free_domain(&domain, id).await?);
        }
        let after = json!({ "domain": hostname });
        others.push(by.did("add domain", (Value::Null, after), now).through(operation.id).put(id)?);
        self.accept_domains(tenant, operation, &found, others, request, now).await.map_err(|refusal| {
            match refusal {
                Refusal::Store(Error::Conflict(conflict)) if is_claim(conflict.existing.as_ref()) => {
                    Refusal::DomainTaken(hostname.clone())
                }
                refusal => refusal,
            }
        })
    }

    /// Accepts that a domain goes. Whoever waits for it to become active need not any more.
    pub async fn remove_domain(
        &self,
        id: &TenantId,
        hostname: &DomainName,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if let Some(accepted) = answered(&self.db, request, now).await? {
            return Ok(accepted);
        }
        let (tenant, mut operation, mut found) = self.about_domains(id, now).await?;
        let superseded = found.value.remove(hostname, operation.id).map_err(|e| refusal(id, hostname, e))?;
        operation.workflow = self.serving(&tenant).await?;
        let mut others = Vec::new();
        if let Some(superseded) = superseded {
            let fault = Fault::terminal(format!("{hostname} is not wanted any more: {}", by.why));
            others.extend(self.end(id, superseded, Some(fault), now).await?);
        }
        let before = json!({ "domain": hostname });
        others.push(by.did("remove domain", (before, Value::Null), now).through(operation.id).put(id)?);
        self.accept_domains(tenant, operation, &found, others, request, now).await
    }

    /// Keeps what was seen of the domain that an operation waits for, and says in how many seconds to look again;
    /// nothing when there is nothing to wait for.
    pub async fn looked_at_domain(
        &self,
        id: &TenantId,
        operation: OperationId,
        seen: Result<Seen, Fault>,
        now: Timestamp,
    ) -> Result<Option<u64>, Error> {
        let mut found = self.domains(id).await?;
        if found.value.watched(operation).is_none() {
            return Ok(None);
        }
        let again = found.value.looked(operation, seen, now);
        self.db.write(over(id, &found)?).await?;
        Ok(again)
    }

    /// Writes down how an operation on domains ended: the operation, the domains, where the tenant answers and which
    /// names are free again, all or none; and with them the operation that has to follow. Again is the same.
    pub async fn settle_domains(
        &self,
        id: &TenantId,
        operation: OperationId,
        error: Option<Fault>,
        now: Timestamp,
    ) -> Result<Operation, Error> {
        let lost = |what: &str| Error::Unusable(format!("the record of {what} of tenant {id} is missing"));
        let record = self.operation(id, operation).await?.ok_or_else(|| lost("an operation"))?.value;
        if record.state.is_final() {
            return Ok(record);
        }
        let tenant = self.get(id).await?.ok_or_else(|| lost("the tenant"))?;
        let mut found = self.domains(id).await?;
        if tenant.value.status.is_going() {
            let gone = Fault::fenced(format!("the tenant is {}", tenant.value.status));
            let mut writes = self.end(id, operation, Some(gone.clone()), now).await?;
            if tenant.value.status == Status::Deleted {
                writes.extend(self.free_domains(id).await?);
            } else if found.version > 0 {
                // What is there goes with the tenant; nobody is at it any more.
                found.value.settle(operation, Some(gone), now);
                writes.push(over(id, &found)?);
            }
            self.db.transact(writes).await?;
            return self
                .operation(id, operation)
                .await?
                .map(|found| found.value)
                .ok_or_else(|| lost("an operation"));
        }
        let settled = found.value.settle(operation, error, now);
        let mut writes = self.end(id, operation, settled.fault, now).await?;
        if settled.goes_on {
            let mut next = self.new_domain_operation(&tenant.value, now).await?;
            next.workflow = self.serving(&tenant.value).await.map_err(unusable)?;
            found.value.operation = Some(next.id);
            writes.extend(begin(&next, now)?);
        }
        let claims = Claims::new(self.db.clone());
        for domain in &settled.freed {
            writes.extend(claims.free_domain(domain, id).await?);
        }
        writes.push(over(id, &found)?);
        if let Some(domain) = settled.endpoint {
            let Versioned { value: mut tenant, version } = tenant;
            let before = tenant.endpoints.remove(tenancy::DOMAIN);
            let address = domain.map(|domain| format!("https://{domain}"));
            tenant.endpoints.extend(address.clone().map(|address| (tenancy::DOMAIN.to_owned(), address)));
            if before != address {
                writes.push(put_tenant(&tenant, Condition::Version(version))?);
            }
        }
        self.db.transact(writes).await?;
        self.operation(id, operation).await?.map(|found| found.value).ok_or_else(|| lost("an operation"))
    }

    /// The writes that begin with the domain of a tenant, now that it is alive.
    pub(crate) async fn awake_domain(&self, tenant: &Tenant, now: Timestamp) -> Result<Vec<Write>, Error> {
        let mut found = self.domains(&tenant.id).await?;
        if !found.value.sleeps() {
            return Ok(Vec::new());
        }
        let mut operation = self.new_domain_operation(tenant, now).await?;
        operation.workflow = self.serving(tenant).await.map_err(unusable)?;
        if !found.value.awake(operation.id, now) {
            return Ok(Vec::new());
        }
        let mut writes = vec![over(&tenant.id, &found)?];
        writes.extend(begin(&operation, now)?);
        Ok(writes)
    }

    /// The writes that free all domains of a tenant that is gone.
    pub(crate) async fn free_domains(&self, id: &TenantId) -> Result<Vec<Write>, Error> {
        let found = self.domains(id).await?;
        if found.version == 0 {
            return Ok(Vec::new());
        }
        let mut writes =
            vec![Write::Delete { key: domains_key(id), condition: Condition::Version(found.version) }];
        let claims = Claims::new(self.db.clone());
        for domain in &found.value.all {
            writes.extend(claims.free_domain(&domain.hostname, id).await?);
        }
        Ok(writes)
    }

    /// A tenant that can have something done about its domains.
    async fn about_domains(
        &self,
        id: &TenantId,
        now: Timestamp,
    ) -> Result<(Tenant, Operation, Versioned<Domains>), Refusal> {
        let tenant = self.get(id).await?.ok_or_else(|| Refusal::NoSuchTenant(id.clone()))?.value;
        if tenant.status != Status::Active {
            let status = tenant.status;
            return Err(Refusal::NotPossible(format!(
                "the domains of a tenant that is {status} stay as they are"
            )));
        }
        let operation = self.new_domain_operation(&tenant, now).await?;
        Ok((tenant, operation, self.domains(id).await?))
    }

    async fn new_domain_operation(&self, tenant: &Tenant, now: Timestamp) -> Result<Operation, Error> {
        Ok(new_operation(tenant, Kind::Domain, &self.blueprint(tenant).await?, now))
    }

    /// What an operation on domains is drawn by: the one step that serves them.
    async fn serving(&self, tenant: &Tenant) -> Result<Workflow, Refusal> {
        let step = self.blueprint(tenant).await?.custom_domain;
        let none =
            || Refusal::NotPossible(format!("tenants of {} have no domain of their own", tenant.blueprint));
        step.map(Workflow::Step).ok_or_else(none)
    }

    /// The domain that waits for a tenant to become active, and the writes with which that one does instead, or none.
    pub(crate) async fn begin_at(
        &self,
        id: &TenantId,
        wanted: Option<&DomainName>,
        now: Timestamp,
    ) -> Result<(Option<DomainName>, Vec<Write>), Refusal> {
        let mut found = self.domains(id).await?;
        let former = found.value.all.first().map(|domain| domain.hostname.clone());
        if former.as_ref() == wanted {
            return Ok((former, Vec::new()));
        }
        let claims = Claims::new(self.db.clone());
        let mut writes = Vec::new();
        for domain in found.value.all.drain(..) {
            writes.extend(claims.free_domain(&domain.hostname, id).await?);
        }
        if let Some(hostname) = wanted {
            if claims.tenant_at(hostname).await?.is_some() {
                return Err(Refusal::DomainTaken(hostname.clone()));
            }
            writes.push(claim_domain(hostname, id)?);
            found.value.wait(hostname.clone(), now);
        }
        writes.push(over(id, &found)?);
        Ok((former, writes))
    }

    async fn accept_domains(
        &self,
        tenant: Tenant,
        operation: Operation,
        found: &Versioned<Domains>,
        others: Vec<Write>,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        let id = tenant.id.clone();
        let accepted = Accepted { tenant, operation: operation.id };
        let mut writes = Vec::from_iter(claim(request, &accepted, now)?);
        writes.extend(others);
        writes.push(over(&id, found)?);
        writes.extend(begin(&operation, now)?);
        match commit(&self.db, accepted, writes, request).await {
            // Somebody else was asking at the same time.
            Err(Refusal::Store(Error::Conflict(conflict))) if !is_claim(conflict.existing.as_ref()) => {
                match self.domains(&id).await?.value.operation {
                    Some(rival) => Err(Refusal::Busy(rival)),
                    None => Err(Error::Conflict(conflict).into()),
                }
            }
            done => done,
        }
    }

    /// The writes that end an operation on domains.
    async fn end(
        &self,
        id: &TenantId,
        operation: OperationId,
        fault: Option<Fault>,
        now: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        let Some(Versioned { value: mut record, version }) = self.operation(id, operation).await? else {
            return Ok(Vec::new());
        };
        let ledger = ResourceLedger::new(self.db.clone());
        record.steps = progress(&record, &ledger.resources(id).await?, &[], now);
        record.reached = Some(record.percent(&record.steps)).filter(|_| fault.is_some());
        record.state = if fault.is_some() { State::Failed } else { State::Succeeded };
        let step = record.workflow.steps().first().map(ToString::to_string).unwrap_or_default();
        record.fault = fault.map(|fault| StepFault { step, fault });
        record.ended_at = Some(now);
        let mut writes =
            vec![Write::put(operation_key(id, operation), &record, Condition::Version(version))?];
        writes.extend(Open::close(&self.db, operation).await?);
        Ok(writes)
    }
}

/// The writes with which a domain waits for its tenant to become active: claimed from the start.
pub(crate) fn wait(hostname: &DomainName, tenant: &TenantId, now: Timestamp) -> Result<[Write; 2], Error> {
    let mut domains = Domains::default();
    domains.wait(hostname.clone(), now);
    let found = Versioned { value: domains, version: 0 };
    Ok([claim_domain(hostname, tenant)?, over(tenant, &found)?])
}

fn over(tenant: &TenantId, found: &Versioned<Domains>) -> Result<Write, Error> {
    let condition = if found.version == 0 { Condition::Absent } else { Condition::Version(found.version) };
    Write::put(domains_key(tenant), &found.value, condition)
}

fn refusal(tenant: &TenantId, hostname: &DomainName, unwilling: Unwilling) -> Refusal {
    match unwilling {
        Unwilling::Busy(operation) => Refusal::Busy(operation),
        Unwilling::Unknown => Refusal::NoSuch(format!("domain {hostname} of tenant {tenant}")),
        Unwilling::Not(because) => Refusal::NotPossible(because),
    }
}

fn unusable(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Store(error) => error,
        refusal => Error::Unusable(refusal.to_string()),
    }
}

pub(crate) fn is_claim(row: Option<&crate::database::Row>) -> bool {
    row.is_some_and(|row| row.key.pk.starts_with("DOMAIN#"))
}

pub(crate) fn domains_key(tenant: &TenantId) -> Key {
    Key::new(Table::Tenants, tenant, "DOMAINS")
}
