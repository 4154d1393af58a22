use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use store::{Accepted, Order};
use tenancy::EditRequest;
use utoipa::ToSchema;

use crate::acts::{Kept, accepted};
use crate::request::{Change, Named, Reason, Tenant};
use crate::{Api, Problem};

/// What is to be different about a signup that is approved; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "checked by phone", "plan": "professional", "subdomain": "awesome-store" }))]
pub(crate) struct Approval {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    name: Option<String>,
    subdomain: Option<String>,
    plan: Option<String>,
    theme: Option<String>,
    category: Option<String>,
    #[schema(value_type = Option<Vec<String>>)]
    integrations: Option<BTreeSet<String>>,
}

/// Has a tenant made that waited for it
///
/// Those that wait are listed by `GET /v1/tenants?status=pending_approval`. One that nobody approves in 14 days is turned
/// down.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/approve", tag = "approval", params(Tenant), request_body = Approval,
    responses((status = 202, description = "It will be made", body = Accepted)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn approve(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let Approval { reason, name, subdomain, plan, theme, category, integrations } = change.decode()?;
    let by = change.by(&reason)?;
    let edit = EditRequest { name, subdomain, plan, theme, category, integrations, ..EditRequest::default() };
    let order = Order::approve(by).editing(Box::pin(api.check(&id, edit)).await?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// Turns a signup down that waits for approval
///
/// Its names are free again.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/reject", tag = "approval", params(Tenant), request_body = Reason,
    responses((status = 200, description = "It is turned down", body = Kept)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn reject(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<Json<Kept>, Problem> {
    let by = change.reason()?;
    let tenant = api.tenants.reject(&id, by, change.key.as_ref(), clock::now()).await?;
    Ok(Json(Kept { tenant }))
}
