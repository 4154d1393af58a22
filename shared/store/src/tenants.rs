use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tenancy::{
    Access, DomainName, Event, Hold, Kind, Operation, OperationId, Origin, Refused, Signup, Snapshot, State,
    Status, StepFault, StepProgress, Subdomain, Tenant, TenantId,
};

use crate::catalogue::Catalogue;
use crate::claims::{Claims, RequestKey, claim, claim_subdomain, replay};
use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::domains;
use crate::idle;
use crate::listing;
use crate::open::Open;
use crate::outbox::Outbox;
use crate::subscriptions::begin_trial;
use crate::words;

/// How often a fresh id is drawn when another tenant of the same name already has the drawn one.
const ID_DRAWS: u32 = 4;

/// Tenants and their operations. A tenant has at most one operation under way (invariant 6): its record names
/// it, and every change of the record is conditional on what was read.
#[derive(Clone, Debug)]
pub struct Tenants {
    pub(crate) db: Database,
}

/// A record, and the version a change of it is conditional on.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    pub value: T,
    pub version: u64,
}

/// An operation that will be done: committed together with its outbox row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    /// The tenant as it was the moment the operation was accepted.
    pub tenant: Tenant,
    pub operation: OperationId,
}

/// Why a request was not accepted. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the subdomain '{0}' is taken")]
    SubdomainTaken(Subdomain),
    #[error("the domain {0} is another tenant's")]
    DomainTaken(DomainName),
    #[error("this Idempotency-Key was used with a different request")]
    KeyReused,
    #[error("there is no tenant {0}")]
    NoSuchTenant(TenantId),
    #[error("operation {0} is still under way")]
    Busy(OperationId),
    #[error("{} holds the tenant since {}: {}", .0.who, .0.since, .0.why)]
    Held(Hold),
    #[error("{} locked the tenant against deletion on {}: {}", .0.who, .0.since, .0.why)]
    Locked(Hold),
    #[error("{0}")]
    NotNow(Refused),
    #[error("{0}")]
    NotPossible(String),
    #[error("{0} exists already")]
    Exists(String),
    #[error("{0}")]
    InUse(String),
    /// Somebody changed it since the caller read it.
    #[error("{0} was changed meanwhile")]
    Stale(String),
    #[error("there is no {0}")]
    NoSuch(String),
    #[error("{0}")]
    Store(#[from] Error),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Store(error) => error.into(),
            refusal => Self::terminal(refusal.to_string()),
        }
    }
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What happened to the tenant.
    pub event: Event,
    pub state: State,
    /// How each step ended.
    pub steps: Vec<StepProgress>,
    /// Where the tenant answers now, when that changed.
    pub endpoints: Option<BTreeMap<String, String>>,
}

impl Tenants {
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    pub async fn get(&self, id: &TenantId) -> Result<Option<Versioned<Tenant>>, Error> {
        self.record(&tenant_key(id)).await
    }

    /// Those of several that there are.
    pub async fn get_all(&self, ids: &BTreeSet<TenantId>) -> Result<BTreeMap<TenantId, Tenant>, Error> {
        let keys: Vec<Key> = ids.iter().map(tenant_key).collect();
        let rows = self.db.get_all(&keys).await?;
        let tenants = ids.iter().zip(rows).filter_map(|(id, row)| Some((id.clone(), row?)));
        tenants.map(|(id, row)| Ok((id, row.decode()?))).collect()
    }

    pub async fn operation(
        &self,
        tenant: &TenantId,
        operation: OperationId,
    ) -> Result<Option<Versioned<Operation>>, Error> {
        self.record(&operation_key(tenant, operation)).await
    }

    /// A tenant's operations, newest first.
    pub async fn operations(&self, tenant: &TenantId) -> Result<Vec<Operation>, Error> {
        let rows = self.db.query_all(Table::Tenants, tenant.as_str(), "OPERATION#").await?;
        rows.iter().rev().map(Row::decode).collect()
    }

    /// Accepts a signup: claims the request key and the subdomain, and writes the tenant, its first operation
    /// and the outbox row, all or none. The same request again gives the same answer.
    pub async fn sign_up(
        &self,
        signup: &Signup,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        let begin = |id, others| {
            let tenant = new_tenant(id, signup, Status::Provisioning, now);
            let operation = new_operation(&tenant, Kind::Provision, &signup.blueprint, now);
            accept(tenant, &operation, Condition::Absent, request, others, now)
        };
        self.enrol(signup, request, now, begin).await
    }

    /// Writes a new tenant with the names it claims, as `writes` has it for an id and the writes of the claims. They come
    /// right after the request key's.
    pub(crate) async fn enrol<T: DeserializeOwned>(
        &self,
        signup: &Signup,
        request: Option<&RequestKey>,
        now: Timestamp,
        writes: impl Fn(TenantId, Vec<Write>) -> Result<(T, Vec<Write>), Error>,
    ) -> Result<T, Refusal> {
        for _ in 0..ID_DRAWS {
            let id = TenantId::new(&signup.name, random());
            let mut claims = vec![claim_subdomain(&signup.subdomain, &id)?];
            if let Some(domain) = &signup.custom_domain {
                claims.extend(domains::wait(domain, &id, now)?);
            }
            let (answer, writes) = writes(id, claims)?;
            let Err(error) = self.db.transact(writes).await else { return Ok(answer) };
            let Error::Conflict(conflict) = error else { return Err(error.into()) };
            match (conflict.index, request) {
                (0, Some(request)) => return replay(conflict.existing.as_ref(), request),
                (0, None) | (1, Some(_)) => return Err(Refusal::SubdomainTaken(signup.subdomain.clone())),
                (1, None) | (2, Some(_)) if let Some(domain) = &signup.custom_domain => {
                    return Err(Refusal::DomainTaken(domain.clone()));
                }
                _ if conflict.existing.as_ref().is_none_or(|row| row.key.sk != "TENANT") => {
                    return Err(Error::Conflict(conflict).into()); // Another of the writes that come with it.
                }
                _ => {} // The drawn id is taken: draw again.
            }
        }
        Err(Error::Unusable("no free tenant id was found".to_owned()).into())
    }

    /// What an operation works from: the tenant with its plan, theme and the settings of the blueprint version
    /// it is pinned to, over which its plan's go, and its own over those.
    pub async fn snapshot(&self, tenant: &Tenant, kind: Kind) -> Result<Snapshot, Error> {
        let catalogue = Catalogue::new(self.db.clone());
        let missing = |what: &str, id: &str| {
            Error::Unusable(format!("the {what} '{id}' of tenant {} is not in the catalogue", tenant.id))
        };
        let blueprint = self.blueprint(tenant).await?;
        let plan = catalogue.plan(&tenant.plan).await?.ok_or_else(|| missing("plan", &tenant.plan))?;
        let theme = match &tenant.theme {
            Some(id) => Some(catalogue.theme(id).await?.ok_or_else(|| missing("theme", id))?),
            None => None,
        };
        let mut settings = blueprint.settings;
        settings.extend(plan.settings.clone());
        settings.extend(tenant.overrides.clone());
        Ok(Snapshot {
            id: tenant.id.clone(),
            name: tenant.name.clone(),
            subdomain: tenant.subdomain.clone(),
            email: tenant.email.clone(),
            category: tenant.category.clone(),
            integrations: tenant.integrations.clone(),
            blueprint: tenant.blueprint.clone(),
            remade: tenant.remade,
            origin: origin(tenant, kind, blueprint.clones),
            plan,
            theme,
            inhabited: tenant.activated_at.is_some() && !matches!(kind, Kind::Provision | Kind::Restore),
            suspended: kind == Kind::Suspend,
            hibernating: kind == Kind::Hibernate,
            access: tenant.access,
            settings,
            domains: Vec::new(),
            served_by: None,
        })
    }

    /// Records that the execution of an operation runs. Again is the same.
    pub async fn started(
        &self,
        tenant: &TenantId,
        operation: OperationId,
        execution: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.change(tenant, operation, |record| {
            // One that tears nothing down by itself may have been started anew.
            let again = matches!(record.kind, Kind::Domain | Kind::Offboard);
            let news = record.execution.as_ref().is_none_or(|known| again && known != execution);
            if news {
                record.execution = Some(execution.to_owned());
            }
            record.started_at.get_or_insert(now);
            if record.state == State::Accepted {
                record.state = State::Running;
            }
            news
        })
        .await
        .map(|_| ())
    }

    /// Records when an operation that waits looks again: the deadline of its stall.
    pub async fn looks_at(
        &self,
        tenant: &TenantId,
        operation: OperationId,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.change(tenant, operation, |record| record.looks_at.replace(at) != Some(at)).await.map(|_| ())
    }

    /// Raises the fence, and records which execution tears down: from now on no step of the operation begins. Again
    /// is the same; the first fault stands.
    pub async fn fence(
        &self,
        tenant: &TenantId,
        operation: OperationId,
        execution: &str,
        fault: Option<StepFault>,
        reached: Option<u8>,
        now: Timestamp,
    ) -> Result<Operation, Error> {
        self.change(tenant, operation, |record| {
            let news = record.teardown.as_deref() != Some(execution);
            record.teardown = Some(execution.to_owned());
            record.execution.get_or_insert_with(|| execution.to_owned());
            record.started_at.get_or_insert(now);
            if !record.is_fenced() {
                raise(record, fault, reached, now);
            }
            news
        })
        .await
    }

    /// Writes down how an operation ended: the operation, the tenant's status and, when the tenant is gone, its
    /// claim on the subdomain, all or none. Again is the same.
    pub async fn settle(
        &self,
        id: &TenantId,
        operation: OperationId,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Tenant, Error> {
        self.settle_with(id, operation, outcome, Vec::new(), now).await
    }

    /// The same, and what else comes to be with it.
    pub(crate) async fn settle_with(
        &self,
        id: &TenantId,
        operation: OperationId,
        outcome: Outcome,
        mut others: Vec<Write>,
        now: Timestamp,
    ) -> Result<Tenant, Error> {
        let lost = |what| Error::Unusable(format!("the record of {what} of tenant {id} is missing"));
        let record = self.operation(id, operation).await?.ok_or_else(|| lost("an operation"))?;
        let found = self.get(id).await?.ok_or_else(|| lost("the tenant"))?;
        if record.value.state.is_final() {
            return Ok(found.value);
        }
        // Only a teardown may say how an operation ended whose fence is up: it may just have been cancelled.
        if outcome.state == State::Succeeded
            && !record.value.kind.tears_down()
            && record.value.fenced_at.is_some()
        {
            return Err(Error::Unusable(format!("operation {operation} was stopped before it succeeded")));
        }
        let mut ended = record.value;
        ended.state = outcome.state;
        ended.ended_at = Some(now);
        ended.steps = outcome.steps;
        let mut tenant = found.value;
        let before = tenant.clone();
        // A deleted tenant does not come back for what was repaired, nor does one that is alive suffer from it.
        if !tenant.status.outlasts(ended.kind) {
            let next = tenant.status.after(outcome.event);
            tenant.status = next.map_err(|refused| Error::Unusable(refused.to_string()))?;
            if tenant.status == Status::Active {
                self.is_used(&mut tenant, now).await?;
            }
        }
        tenant.operation = None;
        if let Some(endpoints) = outcome.endpoints {
            // Its own domain leads to it as before: that is not of the blueprint's making.
            let domain = tenant.endpoints.remove_entry(tenancy::DOMAIN);
            tenant.endpoints = endpoints;
            tenant.endpoints.extend(domain);
        }
        if outcome.event == Event::Provisioned && tenant.activated_at.is_none() {
            tenant.activated_at = Some(now);
            if let Some(plan) = Catalogue::new(self.db.clone()).plan(&tenant.plan).await? {
                others.extend(begin_trial(&mut tenant, &plan, now)?);
            }
        }
        // What it has now is newer than what was kept.
        if outcome.event == Event::Provisioned {
            tenant.archive = None;
        }
        if outcome.event == Event::ChangeFailed {
            others.extend(self.way_back(&mut tenant, &ended, now).await?);
        }
        let mut writes = vec![
            Write::put(operation_key(id, operation), &ended, Condition::Version(record.version))?,
            put_tenant(&tenant, Condition::Version(found.version))?,
        ];
        writes.extend(others);
        writes.extend(idle::change(Some(&before), &tenant)?);
        writes.extend(Open::close(&self.db, operation).await?);
        if outcome.event == Event::Provisioned {
            writes.extend(self.awake_domain(&tenant, now).await?);
        }
        if tenant.status == Status::Deleted {
            writes.extend(self.free_domains(id).await?);
            tenant.endpoints.clear();
            writes[1] = put_tenant(&tenant, Condition::Version(found.version))?;
            writes.extend(Claims::new(self.db.clone()).free(&tenant.subdomain, id).await?);
        }
        self.db.transact(writes).await?;
        Ok(tenant)
    }

    /// The writes that have the next operation lead back from a change that failed.
    async fn way_back(
        &self,
        tenant: &mut Tenant,
        failed: &Operation,
        now: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        let Some(kind) = failed.kind.back() else { return Ok(Vec::new()) };
        let changed = tenant.clone();
        if let Some(former) = failed.former.clone() {
            former.restore(tenant);
        }
        let blueprint = self.blueprint(tenant).await?;
        let next = Operation { back: true, ..new_operation(tenant, kind, &blueprint, now) };
        tenant.operation = Some(next.id);
        let mut writes = words::change(&changed, tenant)?;
        writes.extend(begin(&next, now)?);
        Ok(writes)
    }

    /// The version of a blueprint that a tenant is pinned to.
    pub async fn blueprint(&self, tenant: &Tenant) -> Result<tenancy::Blueprint, Error> {
        Catalogue::new(self.db.clone()).pinned(&tenant.blueprint).await?.ok_or_else(|| {
            Error::Unusable(format!(
                "the blueprint {} of tenant {} is not in the catalogue",
                tenant.blueprint, tenant.id
            ))
        })
    }

    /// Changes an operation's record, if the change says there is news.
    async fn change(
        &self,
        tenant: &TenantId,
        operation: OperationId,
        change: impl FnOnce(&mut Operation) -> bool,
    ) -> Result<Operation, Error> {
        let key = operation_key(tenant, operation);
        let Some(Versioned { mut value, version }) = self.record::<Operation>(&key).await? else {
            return Err(Error::Unusable(format!("there is no operation {operation} of tenant {tenant}")));
        };
        if change(&mut value) {
            self.db.write(Write::put(key, &value, Condition::Version(version))?).await?;
        }
        Ok(value)
    }

    async fn record<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<Versioned<T>>, Error> {
        let Some(row) = self.db.get(key).await? else { return Ok(None) };
        Ok(Some(Versioned { value: row.decode()?, version: row.version }))
    }
}

/// The writes that accept an operation, and the answer. The request claim comes first, so that a repeated request
/// is recognised before anything else is found taken.
pub(crate) fn accept(
    mut tenant: Tenant,
    operation: &Operation,
    condition: Condition,
    request: Option<&RequestKey>,
    others: Vec<Write>,
    now: Timestamp,
) -> Result<(Accepted, Vec<Write>), Error> {
    tenant.operation = Some(operation.id);
    let record = put_tenant(&tenant, condition)?;
    let accepted = Accepted { tenant, operation: operation.id };
    let mut writes = Vec::from_iter(claim(request, &accepted, now)?);
    writes.extend(others);
    writes.push(record);
    writes.extend(begin(operation, now)?);
    if condition == Condition::Absent {
        writes.extend(words::put(&accepted.tenant)?);
    }
    Ok((accepted, writes))
}

/// The writes of a new operation: its record, what has it started, and what has it looked after.
pub(crate) fn begin(operation: &Operation, now: Timestamp) -> Result<[Write; 3], Error> {
    let key = operation_key(&operation.tenant, operation.id);
    let record = Write::put(key, operation, Condition::Absent)?;
    Ok([record, Outbox::of(operation).put()?, Open::put(operation, now)?])
}

/// Whose backups an operation makes its tenant from: those that its signup names, until it lives; once it was gone, its own.
fn origin(tenant: &Tenant, kind: Kind, clones: bool) -> Option<Origin> {
    match kind {
        Kind::Provision if tenant.activated_at.is_none() => tenant.origin.clone(),
        Kind::Restore if clones => Some(Origin { tenant: tenant.id.clone(), at: None }),
        _ => None,
    }
}

/// Raises the fence.
pub(crate) fn raise(record: &mut Operation, fault: Option<StepFault>, reached: Option<u8>, now: Timestamp) {
    record.fenced_at = Some(now);
    record.fault = fault;
    record.reached = reached;
    record.state = match record.kind {
        Kind::Delete | Kind::Offboard | Kind::Repair | Kind::Domain => State::Running,
        _ => State::Compensating,
    };
}

pub(crate) fn new_tenant(id: TenantId, signup: &Signup, status: Status, now: Timestamp) -> Tenant {
    Tenant {
        id,
        name: signup.name.clone(),
        subdomain: signup.subdomain.clone(),
        email: signup.email.clone(),
        plan: signup.plan.id.clone(),
        theme: signup.theme.as_ref().map(|theme| theme.id.clone()),
        category: signup.category.clone(),
        integrations: signup.integrations.clone(),
        blueprint: signup.blueprint.reference(),
        overrides: signup.overrides.clone(),
        access: Access::default(),
        on_failure: signup.on_failure,
        origin: signup.origin.clone(),
        remade: 0,
        status,
        operation: None,
        created_at: now,
        approve_by: None,
        grace: None,
        archive: None,
        hold: None,
        deletion_lock: None,
        activated_at: None,
        active_at: None,
        hibernates_at: None,
        subscription: None,
        endpoints: BTreeMap::new(),
    }
}

pub(crate) fn new_operation(
    tenant: &Tenant,
    kind: Kind,
    blueprint: &tenancy::Blueprint,
    now: Timestamp,
) -> Operation {
    let millisecond = u64::try_from(now.as_millisecond()).unwrap_or_default();
    Operation {
        id: OperationId::new(millisecond, u128::from_be_bytes(random())),
        tenant: tenant.id.clone(),
        kind,
        state: State::Accepted,
        blueprint: blueprint.reference(),
        workflow: blueprint.workflow.clone(),
        usual_ms: blueprint.usual_ms.clone(),
        accepted_at: now,
        started_at: None,
        ended_at: None,
        fenced_at: None,
        reached: None,
        fault: None,
        execution: None,
        teardown: None,
        on_failure: tenant.on_failure.unwrap_or(blueprint.on_failure),
        former: None,
        back: false,
        forced: false,
        optional: blueprint.optional.clone(),
        skipped: BTreeSet::new(),
        offboarding: None,
        looks_at: None,
        steps: Vec::new(),
    }
}

pub(crate) fn tenant_key(id: &TenantId) -> Key {
    Key::new(Table::Tenants, id, "TENANT")
}

pub(crate) fn put_tenant(tenant: &Tenant, condition: Condition) -> Result<Write, Error> {
    Ok(Write::put(tenant_key(&tenant.id), tenant, condition)?.listed(listing::of(tenant)))
}

pub(crate) fn operation_key(tenant: &TenantId, operation: OperationId) -> Key {
    Key::new(Table::Tenants, tenant, format_args!("OPERATION#{operation}"))
}

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness, which leaves nothing sensible to do.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
