use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use tenancy::{Blueprint, Limits, Plan, Theme};
use utoipa::ToSchema;

use crate::{Api, Problem};

/// What somebody can sign up for: what a signup page shows, and nothing of how it is made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Offer {
    blueprint: String,
    description: String,
    /// Whether somebody approves each signup first.
    approval: bool,
    /// The first is had by who names none.
    plans: Vec<OfferedPlan>,
    themes: Vec<Theme>,
    categories: BTreeSet<String>,
    integrations: BTreeSet<String>,
    /// Whether a tenant can have a domain of its own.
    custom_domain: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct OfferedPlan {
    id: String,
    name: String,
    description: String,
    /// In the currency's smallest unit.
    price_cents: u32,
    /// ISO 4217.
    currency: String,
    billing_cycle: String,
    trial_days: u16,
    popular: bool,
    approval: bool,
    features: Vec<String>,
    limits: Limits,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Offers {
    offers: Vec<Offer>,
}

/// Lists what can be signed up for
#[utoipa::path(
    get, path = "/v1/offers", tag = "signup",
    responses((status = 200, description = "An offer for each blueprint", body = Offers)),
)]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<Offers>, Problem> {
    let blueprints = api.catalogue.blueprints().await?.into_iter().filter(|blueprint| blueprint.active);
    let (plans, themes) = (api.catalogue.plans().await?, api.catalogue.themes().await?);
    Ok(Json(Offers { offers: blueprints.map(|blueprint| offer(blueprint, &plans, &themes)).collect() }))
}

/// Shows what can be signed up for
#[utoipa::path(
    get, path = "/v1/offers/{blueprint}", tag = "signup",
    params(("blueprint" = String, Path, description = "Its name", example = "merchant-workspace")),
    responses((status = 200, description = "Its plans and themes", body = Offer)),
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Path(blueprint): Path<String>,
) -> Result<Json<Offer>, Problem> {
    let found = api.catalogue.blueprint(&blueprint).await?.filter(|blueprint| blueprint.active);
    let missing = || Problem::not_found(format!("there is no offer '{blueprint}'"));
    let found = found.ok_or_else(missing)?;
    let (plans, themes) = (api.catalogue.plans().await?, api.catalogue.themes().await?);
    Ok(Json(offer(found, &plans, &themes)))
}

fn offer(blueprint: Blueprint, plans: &[Plan], themes: &[Theme]) -> Offer {
    let plan = |id: &String| plans.iter().find(|plan| plan.active && plan.id == *id).cloned().map(offered);
    let theme = |id: &String| themes.iter().find(|theme| theme.active && theme.id == *id).cloned();
    Offer {
        plans: blueprint.plans.iter().filter_map(plan).collect(),
        themes: blueprint.themes.iter().filter_map(theme).collect(),
        custom_domain: blueprint.custom_domain.is_some(),
        blueprint: blueprint.name,
        description: blueprint.description,
        approval: blueprint.approval,
        categories: blueprint.categories,
        integrations: blueprint.integrations,
    }
}

/// Deliberately absent: settings and bounds, which are how it is made.
fn offered(plan: Plan) -> OfferedPlan {
    OfferedPlan {
        id: plan.id,
        name: plan.name,
        description: plan.description,
        price_cents: plan.price_cents,
        currency: plan.currency,
        billing_cycle: plan.billing_cycle,
        trial_days: plan.trial_days,
        popular: plan.popular,
        approval: plan.approval,
        features: plan.features,
        limits: plan.limits,
    }
}
