use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Accepted, progress};
use tenancy::{
    Kind, Offboarding, OnFailure, Operation, OperationId, State as Stage, StepFault, StepProgress, TenantId,
    Workflow,
};
use utoipa::ToSchema;

use crate::acts::accepted;
use crate::request::{Change, Named, NamedOperation, Reason, Tenant, TenantOperation};
use crate::{Api, Problem};

/// An operation as its watchers see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub(crate) struct Status {
    id: OperationId,
    tenant: TenantId,
    kind: Kind,
    state: Stage,
    on_failure: OnFailure,
    /// How much of the work is done, weighted by what each step usually takes.
    percent: u8,
    accepted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// From acceptance to the end, or until now.
    wall_ms: i64,
    /// The longest chain of the steps' own provider calls so far.
    critical_path_ms: u64,
    /// How many of the tenant's resources exist, or may.
    resources_left: usize,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<StepFault>,
    /// The Step Functions execution that does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<String>,
    /// What it waits for, where it sees a tenant out, and what it has archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    offboarding: Option<Offboarding>,
    workflow: Workflow,
    steps: Vec<StepProgress>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operations)]
pub(crate) struct Listing {
    operations: Vec<Summary>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationSummary)]
pub(crate) struct Summary {
    id: OperationId,
    kind: Kind,
    state: Stage,
    accepted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
}

/// Shows how far an operation is
#[utoipa::path(
    get, path = "/v1/tenants/{id}/operations/{operation}", tag = "operations", params(TenantOperation),
    responses((status = 200, description = "Its steps, and why it failed if it did", body = Status)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn show(
    State(api): State<Api>,
    NamedOperation(tenant, id): NamedOperation,
) -> Result<Json<Status>, Problem> {
    let (record, resources, reports) = tokio::join!(
        api.tenants.operation(&tenant, id),
        api.ledger.resources(&tenant),
        api.ledger.reports(&tenant, id),
    );
    let Some(record) = record? else {
        return Err(Problem::not_found(format!("tenant {tenant} has no operation {id}")));
    };
    Ok(Json(status(record.value, &resources?, &reports?, clock::now())))
}

/// Lists what was done to a tenant, newest first
#[utoipa::path(
    get, path = "/v1/tenants/{id}/operations", tag = "operations", params(Tenant),
    responses((status = 200, description = "Its operations", body = Listing)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn list(State(api): State<Api>, Named(tenant): Named) -> Result<Json<Listing>, Problem> {
    api.known(&tenant).await?;
    let operations = api.tenants.operations(&tenant).await?;
    Ok(Json(Listing { operations: operations.iter().map(Summary::from).collect() }))
}

impl From<&Operation> for Summary {
    fn from(operation: &Operation) -> Self {
        Self {
            id: operation.id,
            kind: operation.kind,
            state: operation.state,
            accepted_at: operation.accepted_at,
            ended_at: operation.ended_at,
        }
    }
}

/// Stops an operation, and has what it made destroyed or what it changed led back
#[utoipa::path(
    post, path = "/v1/tenants/{id}/operations/{operation}/cancel", tag = "operations", params(TenantOperation),
    request_body = Reason, responses((status = 202, description = "It is stopped", body = Accepted)),
    security(("token" = ["admin", "operator"])),
)]
pub(crate) async fn cancel(
    State(api): State<Api>,
    NamedOperation(tenant, id): NamedOperation,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let by = change.reason()?;
    Ok(accepted(&api.tenants.cancel(&tenant, id, by, change.key.as_ref(), clock::now()).await?))
}

/// An optional step to do without.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "step": "merchant-seed-data", "reason": "they bring their own" }))]
pub(crate) struct Skip {
    step: String,
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Lets an operation do without an optional step
#[utoipa::path(
    post, path = "/v1/tenants/{id}/operations/{operation}/skip", tag = "operations", params(TenantOperation),
    request_body = Skip, responses((status = 202, description = "It goes on without", body = Accepted)),
    security(("token" = ["admin", "operator"])),
)]
pub(crate) async fn skip(
    State(api): State<Api>,
    NamedOperation(tenant, id): NamedOperation,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let Skip { step, reason } = change.decode()?;
    let by = change.by(&reason)?;
    Ok(accepted(&api.tenants.skip(&tenant, id, &step, by, change.key.as_ref(), clock::now()).await?))
}

fn status(
    operation: Operation,
    resources: &[saga::Resource],
    reports: &[saga::Report],
    now: Timestamp,
) -> Status {
    let steps = progress(&operation, resources, reports, now);
    let end = operation.ended_at.unwrap_or(now);
    Status {
        id: operation.id,
        percent: operation.percent(&steps),
        critical_path_ms: operation.critical_path_ms(&steps),
        wall_ms: end.as_millisecond() - operation.accepted_at.as_millisecond(),
        resources_left: resources.iter().filter(|resource| resource.is_left()).count(),
        tenant: operation.tenant,
        kind: operation.kind,
        state: operation.state,
        on_failure: operation.on_failure,
        accepted_at: operation.accepted_at,
        started_at: operation.started_at,
        ended_at: operation.ended_at,
        fault: operation.fault,
        execution: operation.execution,
        offboarding: operation.offboarding,
        workflow: operation.workflow,
        steps,
    }
}
