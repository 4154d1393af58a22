use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use fault::{Actor, Fault};
use jiff::Timestamp;
use serde::Serialize;
use store::{Accepted, RepairTask, TaskId};
use tenancy::{OperationId, TenantId};
use utoipa::ToSchema;

use crate::acts::accepted;
use crate::request::{Change, Part, Reason};
use crate::{Api, Problem};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RepairTasks)]
pub(crate) struct Listing {
    repair_tasks: Vec<Task>,
    /// Where the list goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A resource that would not go, and what becomes of that.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RepairTask)]
struct Task {
    id: String,
    tenant: TenantId,
    step: String,
    /// The operation that gave it up last.
    operation: OperationId,
    /// Who must act.
    owner: Actor,
    fault: Fault,
    since: Timestamp,
    tries: u32,
    next_try: Timestamp,
}

impl From<RepairTask> for Task {
    fn from(task: RepairTask) -> Self {
        Self {
            id: task.id.to_string(),
            tenant: task.id.tenant,
            step: task.id.step,
            operation: task.operation,
            owner: task.fault.actor,
            fault: task.fault,
            since: task.since,
            tries: task.tries,
            next_try: task.next_try,
        }
    }
}

/// Lists what would not go, of all tenants
#[utoipa::path(
    get, path = "/v1/repair-tasks", tag = "repair", params(Part),
    responses((status = 200, description = "In the order of their ids", body = Listing)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn list(State(api): State<Api>, part: Part) -> Result<Json<Listing>, Problem> {
    let (tasks, next) = RepairTask::page(&api.db, part.limit(), part.after().as_ref()).await?;
    Ok(Json(Listing {
        repair_tasks: tasks.into_iter().map(Task::from).collect(),
        next: next.map(|page| page.0),
    }))
}

/// Tries again what would not go
#[utoipa::path(
    post, path = "/v1/repair-tasks/{id}/retry", tag = "repair", request_body = Reason,
    params(("id" = String, Path, description = "`<tenant>:<step>`")),
    responses((status = 202, description = "It will be tried", body = Accepted)),
    security(("token" = ["admin", "operator"])),
)]
pub(crate) async fn retry(
    State(api): State<Api>,
    Path(id): Path<String>,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let (id, by) = (task(&id)?, change.reason()?);
    Ok(accepted(&api.tenants.repair(&id, by, change.key.as_ref(), clock::now()).await?))
}

/// Takes your word that it is gone, or no longer ours to destroy
#[utoipa::path(
    post, path = "/v1/repair-tasks/{id}/resolve", tag = "repair", request_body = Reason,
    params(("id" = String, Path, description = "`<tenant>:<step>`")),
    responses((status = 202, description = "It is taken off the ledger", body = Accepted)),
    security(("token" = ["admin", "operator"])),
)]
pub(crate) async fn resolve(
    State(api): State<Api>,
    Path(id): Path<String>,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let (id, by) = (task(&id)?, change.reason()?);
    Ok(accepted(&api.tenants.resolve(&id, by, change.key.as_ref(), clock::now()).await?))
}

fn task(id: &str) -> Result<TaskId, Problem> {
    id.parse().map_err(|problem: String| Problem::not_found(problem))
}
