use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use store::Filter;
use tenancy::Plan;
use utoipa::ToSchema;

use crate::entries::IfMatch;
use crate::request::{Change, Reason};
use crate::{Api, Problem};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plans {
    plans: Vec<Plan>,
}

/// Lists the plans, also those that are not on offer, the cheapest first
#[utoipa::path(
    get, path = "/v1/plans", tag = "catalogue",
    responses((status = 200, description = "All of them", body = Plans)),
    security(("token" = ["admin", "operator", "viewer", "machine"])),
)]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<Plans>, Problem> {
    let mut plans = api.catalogue.plans().await?;
    plans.sort_by_key(|plan| plan.price_cents);
    Ok(Json(Plans { plans }))
}

/// Adds a plan
#[utoipa::path(
    post, path = "/v1/plans", tag = "catalogue", request_body = Plan,
    responses((status = 201, description = "It is there", body = Plan)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn create(State(api): State<Api>, change: Change) -> Result<Response, Problem> {
    api.create::<Plan>(&change).await
}

/// Shows a plan
#[utoipa::path(
    get, path = "/v1/plans/{id}", tag = "catalogue", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The plan, its version as the ETag", body = Plan)),
    security(("token" = ["admin", "operator", "viewer", "machine"])),
)]
pub(crate) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Response, Problem> {
    api.entry::<Plan>(&id).await
}

/// Puts a plan in the place of another
///
/// Tenants that have it get the new one with their next operation.
#[utoipa::path(
    put, path = "/v1/plans/{id}", tag = "catalogue", request_body = Plan,
    params(("id" = String, Path, description = "Its id"), IfMatch),
    responses((status = 200, description = "As it is now", body = Plan)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    api.replace::<Plan>(&id, &if_match, &change).await
}

/// Deletes a plan that is not on offer, that no blueprint names and no tenant has
#[utoipa::path(
    delete, path = "/v1/plans/{id}", tag = "catalogue", request_body(content = Option<Reason>),
    params(("id" = String, Path, description = "Its id"), IfMatch),
    responses((status = 204, description = "It is gone")),
    security(("token" = ["admin"])),
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<StatusCode, Problem> {
    let had = Filter { plan: Some(id.clone()), ..Filter::default() };
    api.remove::<Plan>(&id, &had, &if_match, &change).await
}

/// Offers a plan to new tenants
#[utoipa::path(
    post, path = "/v1/plans/{id}/activate", tag = "catalogue", request_body = Reason,
    params(("id" = String, Path, description = "Its id"), IfMatch),
    responses((status = 200, description = "As it is now", body = Plan)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn activate(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    api.activate::<Plan>(&id, true, &if_match, &change).await
}

/// Offers a plan to nobody any more
///
/// Those who have it keep it.
#[utoipa::path(
    post, path = "/v1/plans/{id}/deactivate", tag = "catalogue", request_body = Reason,
    params(("id" = String, Path, description = "Its id"), IfMatch),
    responses((status = 200, description = "As it is now", body = Plan)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn deactivate(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    api.activate::<Plan>(&id, false, &if_match, &change).await
}
