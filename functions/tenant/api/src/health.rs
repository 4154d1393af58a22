use axum::Json;
use axum::extract::State;
use fault::Fault;
use jiff::Timestamp;
use saga::ResourceState;
use serde::Serialize;
use serde_json::Value;
use tenancy::{Status, StepState};
use utoipa::ToSchema;

use crate::request::{Named, Tenant};
use crate::{Api, Problem};

/// How a tenant is, part by part, as each was seen last: databases, services and whatever else its blueprint has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    status: Status,
    /// The worst of its parts.
    health: Condition,
    parts: Vec<Part>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HealthPart)]
struct Part {
    /// The step that makes it, or looks at it.
    step: String,
    health: Condition,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_at: Option<Timestamp>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
    /// What was seen of it: a database's pods, conditions and last backup; of each service its pods and conditions. Not of a
    /// part that nobody but its maker looks at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    seen: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = HealthCondition)]
#[serde(rename_all = "snake_case")]
enum Condition {
    Healthy,
    /// Nobody has looked yet.
    Unknown,
    Unhealthy,
}

/// Says how a tenant is, part by part
///
/// From what the last operation saw: nothing is asked of a provider. `check` looks at everything anew.
#[utoipa::path(
    get, path = "/v1/tenants/{id}/health", tag = "tenants", params(Tenant),
    responses((status = 200, description = "Each part as it was seen last", body = Health)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn show(State(api): State<Api>, Named(id): Named) -> Result<Json<Health>, Problem> {
    let tenant = api.known(&id).await?;
    let blueprint = api.tenants.blueprint(&tenant).await?;
    let (resources, operations) = tokio::join!(api.ledger.resources(&id), api.tenants.operations(&id));
    let (resources, operations) = (resources?, operations?);
    let looked =
        operations.iter().find(|operation| !operation.kind.tears_down() && !operation.steps.is_empty());
    let part = |step: &str| {
        if let Some(held) = resources.iter().find(|held| held.step == step) {
            let health = match held.state {
                ResourceState::Live if held.fault.is_none() => Condition::Healthy,
                ResourceState::Intended if held.fault.is_none() => Condition::Unknown,
                ResourceState::Destroyed | ResourceState::Resolved => Condition::Unknown,
                _ => Condition::Unhealthy,
            };
            return Part {
                step: step.to_owned(),
                health,
                seen_at: Some(held.changed_at),
                fault: held.fault.clone(),
                seen: None,
            };
        }
        let seen = looked.and_then(|operation| operation.steps.iter().find(|seen| seen.name == step));
        let health = match seen.map(|seen| seen.state) {
            Some(StepState::Done) => Condition::Healthy,
            Some(StepState::Failed | StepState::Stuck) => Condition::Unhealthy,
            _ => Condition::Unknown,
        };
        let (seen_at, fault) = seen.map(|seen| (seen.changed_at, seen.fault.clone())).unwrap_or_default();
        Part { step: step.to_owned(), health, seen_at, fault, seen: seen.and_then(|seen| seen.seen.clone()) }
    };
    let parts: Vec<Part> = blueprint.workflow.steps().into_iter().map(part).collect();
    let health = parts.iter().map(|part| part.health).max().unwrap_or(Condition::Unknown);
    Ok(Json(Health { status: tenant.status, health, parts }))
}
