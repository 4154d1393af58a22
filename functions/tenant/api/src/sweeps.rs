use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use store::Sweep;
use tenancy::SweepId;
use utoipa::ToSchema;

use crate::request::{Asked, Change, Limit};
use crate::{Api, Problem};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrphanSweeps)]
pub(crate) struct Listing {
    orphan_sweeps: Vec<Sweep>,
}

/// Lists the sweeps, newest first
#[utoipa::path(
    get, path = "/v1/orphan-sweeps", tag = "orphans", params(Limit),
    responses((status = 200, description = "What was looked for and found", body = Listing)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Asked(limit): Asked<Limit>,
) -> Result<Json<Listing>, Problem> {
    let mut orphan_sweeps = Sweep::all(&api.db).await?;
    orphan_sweeps.truncate(limit.get()?);
    Ok(Json(Listing { orphan_sweeps }))
}

/// Shows a sweep
#[utoipa::path(
    get, path = "/v1/orphan-sweeps/{id}", tag = "orphans",
    params(("id" = SweepId, Path, description = "The sweep's id")),
    responses((status = 200, description = "What it found", body = Sweep)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Sweep>, Problem> {
    let id: SweepId = id.parse().map_err(Problem::not_found)?;
    let found = Sweep::get(&api.db, id).await?;
    found.map(Json).ok_or_else(|| Problem::not_found(format!("there is no sweep {id}")))
}

/// A sweep, as it is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SweepOrder, example = json!({ "dry_run": true, "reason": "the weekly look" }))]
pub(crate) struct Wanted {
    /// Only looks.
    #[serde(default = "only_look")]
    dry_run: bool,
    /// More orphans than this are not destroyed: something else is amiss then.
    limit: Option<u32>,
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Looks for what providers hold and no ledger does
///
/// The janitor starts it within a minute. Asked twice it looks twice, and what the first took in is no orphan to the
/// second.
#[utoipa::path(
    post, path = "/v1/orphan-sweeps", tag = "orphans", request_body = Wanted,
    responses((status = 202, description = "It will be done", body = Sweep)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn order(State(api): State<Api>, change: Change) -> Result<impl IntoResponse, Problem> {
    let Wanted { dry_run, limit, reason } = change.decode()?;
    let (by, limit) = (change.by(&reason)?, limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)));
    let sweep = Sweep::order(&api.db, by, dry_run, limit, change.key.as_ref(), clock::now()).await?;
    let location = [(header::LOCATION, format!("/v1/orphan-sweeps/{}", sweep.id))];
    Ok((StatusCode::ACCEPTED, location, Json(sweep)))
}

fn only_look() -> bool {
    true
}
