use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::Audit;
use utoipa::ToSchema;

use crate::request::{Named, Part, Tenant};
use crate::{Api, Problem};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLog)]
pub(crate) struct Listing {
    audit: Vec<Audit>,
    /// Where the list goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists who did what to a tenant and why, the oldest first
#[utoipa::path(
    get, path = "/v1/tenants/{id}/audit", tag = "audit", params(Tenant, Part),
    responses((status = 200, description = "What was done by hand", body = Listing)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Named(id): Named,
    part: Part,
) -> Result<Json<Listing>, Problem> {
    api.known(&id).await?;
    let (audit, next) = Audit::of(&api.db, &id, part.limit(), part.after().as_ref()).await?;
    Ok(Json(Listing { audit, next: next.map(|page| page.0) }))
}

/// Lists who changed the catalogue and why, the oldest first
#[utoipa::path(
    get, path = "/v1/audit", tag = "audit", params(Part),
    responses((status = 200, description = "What was done by hand", body = Listing)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn of_catalogue(State(api): State<Api>, part: Part) -> Result<Json<Listing>, Problem> {
    let (audit, next) = Audit::of_catalogue(&api.db, part.limit(), part.after().as_ref()).await?;
    Ok(Json(Listing { audit, next: next.map(|page| page.0) }))
}
