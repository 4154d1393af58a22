use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use tenancy::{Blueprint, Plan, Theme};

use crate::{Api, Problem};

#[derive(Debug, Serialize)]
pub(crate) struct Plans {
    plans: Vec<Plan>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Themes {
    themes: Vec<Theme>,
}

/// `GET /v1/plans`: those on offer, the cheapest first.
pub(crate) async fn plans(State(api): State<Api>) -> Result<Json<Plans>, Problem> {
    let mut plans: Vec<Plan> = api.catalogue.plans().await?.into_iter().filter(|plan| plan.active).collect();
    plans.sort_by_key(|plan| plan.price_cents);
    Ok(Json(Plans { plans }))
}

/// `GET /v1/themes`: those on offer.
pub(crate) async fn themes(State(api): State<Api>) -> Result<Json<Themes>, Problem> {
    Ok(Json(Themes {
        themes: api.catalogue.themes().await?.into_iter().filter(|theme| theme.active).collect(),
    }))
}

/// `GET /v1/blueprints/{name}`: the version that new tenants get.
pub(crate) async fn blueprint(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Blueprint>, Problem> {
    let blueprint = api.catalogue.blueprint(&name).await?;
    blueprint.map(Json).ok_or_else(|| Problem::not_found(format!("there is no blueprint '{name}'")))
}
