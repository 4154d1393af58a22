use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::progress;
use tenancy::{
    Kind, OnFailure, Operation, OperationId, State as Stage, StepFault, StepProgress, TenantId, Workflow,
};

use crate::request::Change;
use crate::tenants::accepted;
use crate::{Api, Problem};

/// An operation as its watchers see it.
#[derive(Debug, Serialize)]
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
    workflow: Workflow,
    steps: Vec<StepProgress>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    operations: Vec<Summary>,
}

#[derive(Debug, Serialize)]
struct Summary {
    id: OperationId,
    kind: Kind,
    state: Stage,
    accepted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
}

/// `GET /v1/tenants/{id}/operations/{operation}`
pub(crate) async fn show(
    State(api): State<Api>,
    Path((tenant, operation)): Path<(String, String)>,
) -> Result<Json<Status>, Problem> {
    let tenant: TenantId = tenant.parse().map_err(Problem::not_found)?;
    let id: OperationId = operation.parse().map_err(Problem::not_found)?;
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

/// `GET /v1/tenants/{id}/operations`, newest first.
pub(crate) async fn list(
    State(api): State<Api>,
    Path(tenant): Path<String>,
) -> Result<Json<Listing>, Problem> {
    let tenant: TenantId = tenant.parse().map_err(Problem::not_found)?;
    let operations = api.tenants.operations(&tenant).await?.into_iter().map(|operation| Summary {
        id: operation.id,
        kind: operation.kind,
        state: operation.state,
        accepted_at: operation.accepted_at,
        ended_at: operation.ended_at,
    });
    Ok(Json(Listing { operations: operations.collect() }))
}

/// `POST /v1/tenants/{id}/operations/{operation}/cancel`
pub(crate) async fn cancel(
    State(api): State<Api>,
    Path((tenant, operation)): Path<(String, String)>,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let tenant: TenantId = tenant.parse().map_err(Problem::not_found)?;
    let id: OperationId = operation.parse().map_err(Problem::not_found)?;
    let by = change.reason()?;
    Ok(accepted(&api.tenants.cancel(&tenant, id, by, change.key.as_ref(), clock::now()).await?))
}

/// `POST /v1/tenants/{id}/operations/{operation}/skip`
pub(crate) async fn skip(
    State(api): State<Api>,
    Path((tenant, operation)): Path<(String, String)>,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Skip {
        step: String,
        reason: String,
    }
    let tenant: TenantId = tenant.parse().map_err(Problem::not_found)?;
    let id: OperationId = operation.parse().map_err(Problem::not_found)?;
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
        workflow: operation.workflow,
        steps,
    }
}
