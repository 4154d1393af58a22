use axum::Json;
use axum::extract::State;

use crate::acts::Kept;
use crate::request::{Change, Named, Reason, Tenant};
use crate::{Api, Problem};

/// Has nothing take a tenant away until it is released
///
/// As for a court: deletions are refused, and an offboarding waits where it is. What is being destroyed already cannot be
/// held.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/hold", tag = "tenants", params(Tenant), request_body = Reason,
    responses((status = 200, description = "It is held", body = Kept)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn hold(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<Json<Kept>, Problem> {
    let tenant = api.tenants.hold(&id, change.reason()?, change.key.as_ref(), clock::now()).await?;
    Ok(Json(Kept { tenant }))
}

/// Takes a hold off
///
/// An offboarding that waits for it goes on within a day.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/release", tag = "tenants", params(Tenant), request_body = Reason,
    responses((status = 200, description = "It is not held any more", body = Kept)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn release(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<Json<Kept>, Problem> {
    let tenant = api.tenants.release(&id, change.reason()?, change.key.as_ref(), clock::now()).await?;
    Ok(Json(Kept { tenant }))
}

/// Has deletions refused, against mistakes
#[utoipa::path(
    post, path = "/v1/tenants/{id}/lock", tag = "tenants", params(Tenant), request_body = Reason,
    responses((status = 200, description = "It is locked", body = Kept)),
    security(("token" = ["admin", "machine", "tenant"])),
)]
pub(crate) async fn lock(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<Json<Kept>, Problem> {
    let tenant = api.tenants.lock(&id, change.reason()?, change.key.as_ref(), clock::now()).await?;
    Ok(Json(Kept { tenant }))
}

/// Takes the lock off
#[utoipa::path(
    post, path = "/v1/tenants/{id}/unlock", tag = "tenants", params(Tenant), request_body = Reason,
    responses((status = 200, description = "It is not locked any more", body = Kept)),
    security(("token" = ["admin", "machine", "tenant"])),
)]
pub(crate) async fn unlock(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<Json<Kept>, Problem> {
    let tenant = api.tenants.unlock(&id, change.reason()?, change.key.as_ref(), clock::now()).await?;
    Ok(Json(Kept { tenant }))
}
