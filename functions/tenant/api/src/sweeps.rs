use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use store::Sweep;
use tenancy::SweepId;

use crate::request::{Change, Part};
use crate::{Api, Problem};

#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    orphan_sweeps: Vec<Sweep>,
}

/// `GET /v1/orphan-sweeps`, newest first.
pub(crate) async fn list(State(api): State<Api>, part: Part) -> Result<Json<Listing>, Problem> {
    let mut orphan_sweeps = Sweep::all(&api.db).await?;
    orphan_sweeps.truncate(part.limit());
    Ok(Json(Listing { orphan_sweeps }))
}

/// `GET /v1/orphan-sweeps/{id}`
pub(crate) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Sweep>, Problem> {
    let id: SweepId = id.parse().map_err(Problem::not_found)?;
    let found = Sweep::get(&api.db, id).await?;
    found.map(Json).ok_or_else(|| Problem::not_found(format!("there is no sweep {id}")))
}

/// `POST /v1/orphan-sweeps`: the janitor starts it within a minute. Asked twice it looks twice, and what the first
/// took in is no orphan to the second.
pub(crate) async fn order(State(api): State<Api>, change: Change) -> Result<impl IntoResponse, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[serde(default = "only_look")]
        dry_run: bool,
        #[serde(default)]
        limit: Option<usize>,
        reason: String,
    }
    let Wanted { dry_run, limit, reason } = change.decode()?;
    let sweep = Sweep::order(&api.db, change.by(&reason)?, dry_run, limit, clock::now()).await?;
    let location = [(header::LOCATION, format!("/v1/orphan-sweeps/{}", sweep.id))];
    Ok((StatusCode::ACCEPTED, location, Json(sweep)))
}

fn only_look() -> bool {
    true
}
