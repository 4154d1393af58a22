use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use store::Filter;
use tenancy::{Blueprint, Hibernation, OnFailure, Violation};
use utoipa::ToSchema;

use crate::entries::{IfMatch, tagged};
use crate::request::{Change, Reason};
use crate::{Api, Problem};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Blueprints {
    blueprints: Vec<Blueprint>,
}

/// Lists the blueprints, each in the version that new tenants get
#[utoipa::path(
    get, path = "/v1/blueprints", tag = "catalogue",
    responses((status = 200, description = "All of them", body = Blueprints)),
    security(("token" = ["admin", "operator", "viewer", "machine"])),
)]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<Blueprints>, Problem> {
    Ok(Json(Blueprints { blueprints: api.catalogue.blueprints().await? }))
}

/// Shows a blueprint, in the version that new tenants get
#[utoipa::path(
    get, path = "/v1/blueprints/{name}", tag = "catalogue", params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The blueprint, its version in the store as the ETag", body = Blueprint)),
    security(("token" = ["admin", "operator", "viewer", "machine"])),
)]
pub(crate) async fn show(State(api): State<Api>, Path(name): Path<String>) -> Result<Response, Problem> {
    api.entry::<Blueprint>(&name).await
}

/// What of a blueprint can be said here. Its steps are those of its state machine: they come with a deployment, which is
/// why one cannot be added here.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BlueprintUpdate)]
pub(crate) struct Update {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    description: Option<String>,
    /// Whether somebody approves each signup first.
    approval: Option<bool>,
    /// Ids of the plans it is sold with; the first is the default.
    plans: Option<Vec<String>>,
    /// Ids of the themes its storefront can wear; the first is the default.
    themes: Option<Vec<String>>,
    #[schema(value_type = Option<Vec<String>>)]
    categories: Option<BTreeSet<String>>,
    #[schema(value_type = Option<Vec<String>>)]
    integrations: Option<BTreeSet<String>>,
    on_failure: Option<OnFailure>,
    /// When tenants are put to sleep that nobody uses.
    hibernation: Option<Hibernation>,
    settings: Option<BTreeMap<String, String>>,
    costs: Option<BTreeMap<String, u32>>,
}

/// Changes a blueprint for new tenants
///
/// It becomes the next version; tenants stay with the one they were made of.
#[utoipa::path(
    patch, path = "/v1/blueprints/{name}", tag = "catalogue", request_body = Update,
    params(("name" = String, Path, description = "Its name"), IfMatch),
    responses((status = 200, description = "As it is now", body = Blueprint)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn update(
    State(api): State<Api>,
    Path(name): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    let update: Update = change.decode()?;
    let by = change.by(&update.reason)?;
    api.exist(&update).await?;
    api.can_sleep(&name, &update).await?;
    let apply = |blueprint: &mut Blueprint| {
        blueprint.version += 1;
        put(&mut blueprint.description, update.description);
        put(&mut blueprint.approval, update.approval);
        put(&mut blueprint.plans, update.plans);
        put(&mut blueprint.themes, update.themes);
        put(&mut blueprint.categories, update.categories);
        put(&mut blueprint.integrations, update.integrations);
        put(&mut blueprint.on_failure, update.on_failure);
        put(&mut blueprint.hibernation, update.hibernation);
        put(&mut blueprint.settings, update.settings);
        put(&mut blueprint.costs, update.costs);
    };
    let done = api.catalogue.change("update", &name, if_match.version, by, clock::now(), apply).await?;
    Ok(tagged(done))
}

fn put<T>(field: &mut T, update: Option<T>) {
    if let Some(update) = update {
        *field = update;
    }
}

impl Api {
    /// Whether the plans and themes that are named are there.
    async fn exist(&self, update: &Update) -> Result<(), Problem> {
        let missing = |field, named: &[String], known: &[String]| {
            let unknown = named.iter().find(|id| !known.contains(id))?;
            let allowed = format!("some of: {}", known.join(", "));
            Some(Violation::new(field, format!("'{unknown}' is not in the catalogue"), allowed))
        };
        if let Some(plans) = &update.plans {
            let known: Vec<String> = self.catalogue.plans().await?.into_iter().map(|plan| plan.id).collect();
            if plans.is_empty() {
                return Err(Problem::violated(Violation::new("plans", "is empty", "at least one")));
            }
            missing("plans", plans, &known).map_or(Ok(()), |wrong| Err(Problem::violated(wrong)))?;
        }
        if let Some(themes) = &update.themes {
            let known: Vec<String> =
                self.catalogue.themes().await?.into_iter().map(|theme| theme.id).collect();
            missing("themes", themes, &known).map_or(Ok(()), |wrong| Err(Problem::violated(wrong)))?;
        }
        Ok(())
    }

    /// Whether what is to be put to sleep can be, and is not for ever.
    async fn can_sleep(&self, name: &str, update: &Update) -> Result<(), Problem> {
        let Some(hibernation) = update.hibernation.filter(|hibernation| !hibernation.is_never()) else {
            return Ok(());
        };
        let wrong = |problem: String, allowed: String| {
            Err(Problem::violated(Violation::new("hibernation", problem, allowed)))
        };
        let days = hibernation.idle_days;
        if days > Hibernation::LONGEST_DAYS {
            return wrong(format!("is after {days} days"), format!("0 to {}", Hibernation::LONGEST_DAYS));
        }
        match self.catalogue.blueprint(name).await? {
            Some(blueprint) if !blueprint.hibernates => {
                wrong(format!("is after {days} days"), "0: its steps put nothing to sleep".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Deletes a blueprint that is not on offer and no tenant is made of
#[utoipa::path(
    delete, path = "/v1/blueprints/{name}", tag = "catalogue", request_body(content = Option<Reason>),
    params(("name" = String, Path, description = "Its name"), IfMatch),
    responses((status = 204, description = "It is gone")),
    security(("token" = ["admin"])),
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Path(name): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<StatusCode, Problem> {
    let had = Filter { blueprint: Some(name.clone()), ..Filter::default() };
    api.remove::<Blueprint>(&name, &had, &if_match, &change).await
}

/// Offers a blueprint to new tenants
#[utoipa::path(
    post, path = "/v1/blueprints/{name}/activate", tag = "catalogue", request_body = Reason,
    params(("name" = String, Path, description = "Its name"), IfMatch),
    responses((status = 200, description = "As it is now", body = Blueprint)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn activate(
    State(api): State<Api>,
    Path(name): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    api.activate::<Blueprint>(&name, true, &if_match, &change).await
}

/// Offers a blueprint to nobody any more
///
/// Its tenants live on.
#[utoipa::path(
    post, path = "/v1/blueprints/{name}/deactivate", tag = "catalogue", request_body = Reason,
    params(("name" = String, Path, description = "Its name"), IfMatch),
    responses((status = 200, description = "As it is now", body = Blueprint)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn deactivate(
    State(api): State<Api>,
    Path(name): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    api.activate::<Blueprint>(&name, false, &if_match, &change).await
}
