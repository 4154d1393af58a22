use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::Audit;

use crate::request::{Named, Part};
use crate::{Api, Problem};

#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    audit: Vec<Audit>,
    /// Where the list goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET /v1/tenants/{id}/audit`: who did what and why, the oldest first.
pub(crate) async fn list(
    State(api): State<Api>,
    Named(id): Named,
    part: Part,
) -> Result<Json<Listing>, Problem> {
    let (audit, next) = Audit::of(&api.db, &id, part.limit(), part.after().as_ref()).await?;
    Ok(Json(Listing { audit, next: next.map(|page| page.0) }))
}
