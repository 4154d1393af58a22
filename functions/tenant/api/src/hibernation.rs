use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use store::{Accepted, By, Order};
use tenancy::OperationId;
use utoipa::ToSchema;

use crate::acts::accepted;
use crate::request::{Change, Named, Reason, Tenant};
use crate::{Api, Problem};

/// Puts a tenant to sleep, where its blueprint can
///
/// What computes for it stops until somebody comes. Its data is kept.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/hibernate", tag = "tenants", params(Tenant), request_body = Reason,
    responses((status = 202, description = "It will be done", body = Accepted)),
    security(("token" = ["admin", "operator", "machine"])),
)]
pub(crate) async fn hibernate(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let order = Order::hibernate(change.reason()?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// Wakes a tenant that sleeps
///
/// Visitors wake it, too; this has it stand ready before they come, as its plan says.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/wake", tag = "tenants", params(Tenant), request_body = Reason,
    responses((status = 202, description = "It will be done", body = Accepted)),
    security(("token" = ["admin", "operator", "machine", "tenant"])),
)]
pub(crate) async fn wake(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let order = Order::wake(change.reason()?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// What becomes of it that a tenant is used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsedTenant)]
pub(crate) struct Used {
    tenant: tenancy::Tenant,
    /// What wakes it, if it slept.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<OperationId>,
}

/// Says that a tenant is used
///
/// For its product to say, once an hour; more often is the same. One that sleeps is woken. Where nothing is ever said, a
/// tenant counts as used when it was made or changed.
#[utoipa::path(
    put, path = "/v1/tenants/{id}/activity", tag = "tenants", params(Tenant),
    responses((status = 200, description = "It is known", body = Used)),
    security(("token" = ["admin", "machine"])),
)]
pub(crate) async fn used(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<Json<Used>, Problem> {
    let by = By { who: change.caller.name().to_owned(), why: "it is used".to_owned() };
    let (tenant, woken) = api.tenants.used(&id, by, clock::now()).await?;
    Ok(Json(Used { tenant, operation: woken.map(|accepted| accepted.operation) }))
}
