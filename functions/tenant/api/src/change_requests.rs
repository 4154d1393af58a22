use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::{By, ChangeRequest, Claims, Order, Wish};
use tenancy::{ChangeRequestId, EditRequest};
use utoipa::ToSchema;

use crate::acts::{Kept, Outcome, accepted};
use crate::caller::Caller;
use crate::request::{Change, Part, Reason};
use crate::{Api, Problem};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeRequests)]
pub(crate) struct Listing {
    change_requests: Vec<ChangeRequest>,
    /// Where the list goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists what waits for somebody's approval, the oldest first
#[utoipa::path(
    get, path = "/v1/change-requests", tag = "approval", params(Part),
    responses((status = 200, description = "Deletions and overrides that take two", body = Listing)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn list(State(api): State<Api>, part: Part) -> Result<Json<Listing>, Problem> {
    let page = ChangeRequest::page(&api.db, part.limit(), part.after().as_ref(), clock::now()).await?;
    let (change_requests, next) = page;
    Ok(Json(Listing { change_requests, next: next.map(|page| page.0) }))
}

/// Shows what waits for somebody's approval
#[utoipa::path(
    get, path = "/v1/change-requests/{id}", tag = "approval",
    params(("id" = ChangeRequestId, Path, description = "The request's id")),
    responses((status = 200, description = "Who wants what, and why", body = ChangeRequest)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<ChangeRequest>, Problem> {
    api.wished(&id).await.map(Json)
}

/// Approves what somebody else asked for
#[utoipa::path(
    post, path = "/v1/change-requests/{id}/approve", tag = "approval", request_body = Reason,
    params(("id" = ChangeRequestId, Path, description = "The request's id")),
    responses((status = 202, description = "It will be done", body = Outcome)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn approve(
    State(api): State<Api>,
    Path(id): Path<String>,
    change: Change,
) -> Result<Response, Problem> {
    let by = change.reason()?;
    if let Some(before) = api.replayed(&change).await? {
        return Ok(before);
    }
    let wish = api.wished(&id).await?;
    another(&wish, &change.caller)?;
    let by = By { why: format!("{}; asked for by {}: {}", by.why, wish.who, wish.why), ..by };
    let tenant = wish.tenant.clone();
    match wish.wish.clone() {
        Wish::Delete { grace_days } => api.delete(&tenant, grace_days, by, Some(wish), &change).await,
        Wish::Override { plan, overrides } => {
            let edit = EditRequest { plan, overrides: Some(overrides), ..EditRequest::default() };
            let order = Order::change_plan(by).editing(Box::pin(api.check(&tenant, edit)).await?);
            let order = order.granting(wish);
            let done = api.tenants.order(&tenant, order, change.key.as_ref(), clock::now()).await?;
            Ok(accepted(&done).into_response())
        }
    }
}

/// Turns down what somebody asked for
#[utoipa::path(
    post, path = "/v1/change-requests/{id}/reject", tag = "approval", request_body = Reason,
    params(("id" = ChangeRequestId, Path, description = "The request's id")),
    responses((status = 200, description = "Nothing is done", body = Kept)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn reject(
    State(api): State<Api>,
    Path(id): Path<String>,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let by = change.reason()?;
    let (key, now) = (change.key.as_ref(), clock::now());
    if let Some(tenant) = Claims::new(api.db.clone()).answered(key, now).await? {
        return Ok((StatusCode::OK, Json(Kept { tenant })));
    }
    let wish = api.wished(&id).await?;
    let tenant = api.tenants.deny(&wish, by, key, now).await?;
    Ok((StatusCode::OK, Json(Kept { tenant })))
}

impl Api {
    async fn wished(&self, id: &str) -> Result<ChangeRequest, Problem> {
        let id: ChangeRequestId = id.parse().map_err(Problem::not_found)?;
        let found = ChangeRequest::get(&self.db, id, clock::now()).await?;
        found.ok_or_else(|| Problem::not_found(format!("there is no change request {id}")))
    }
}

/// Whoever asks for it cannot approve it.
fn another(wish: &ChangeRequest, caller: &Caller) -> Result<(), Problem> {
    if wish.subject == caller.subject() {
        return Err(Problem::own_request());
    }
    Ok(())
}
