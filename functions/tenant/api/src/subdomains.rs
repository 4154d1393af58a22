use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::Claims;
use tenancy::Subdomain;
use utoipa::{IntoParams, ToSchema};

use crate::request::Asked;
use crate::{Api, Problem};

/// How many names are tried before one is drawn.
const NAMES: u32 = 9;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// The store's name, as customers read it
    #[param(min_length = 1, max_length = 80, example = "Test Shop")]
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suggestion {
    subdomain: Subdomain,
}

/// Suggests a free subdomain for a name
///
/// Free a moment ago: a signup claims it.
#[utoipa::path(
    get, path = "/v1/subdomains", tag = "signup", params(Named),
    responses((status = 200, description = "One that nobody has", body = Suggestion)),
)]
pub(crate) async fn suggest(
    State(api): State<Api>,
    Asked(Named { name }): Asked<Named>,
) -> Result<Json<Suggestion>, Problem> {
    if !(1..=80).contains(&name.chars().count()) {
        return Err(Problem::malformed("'name' must have 1 to 80 characters"));
    }
    let claims = Claims::new(api.db.clone());
    let slug = Subdomain::suggested(&name);
    let numbered = (2..=NAMES).map(|n| format!("{slug}-{n}"));
    for candidate in std::iter::once(slug.clone()).chain(numbered) {
        let Ok(subdomain) = Subdomain::parse(&candidate) else { continue };
        if claims.tenant_of(&subdomain).await?.is_none() {
            return Ok(Json(Suggestion { subdomain }));
        }
    }
    let mut random = [0_u8; 3];
    getrandom::fill(&mut random).map_err(|e| fault::Fault::transient(format!("no randomness: {e}")))?;
    let subdomain = Subdomain::parse(&format!("{slug}-{}", hex::encode(random)));
    Ok(Json(Suggestion { subdomain: subdomain.map_err(Problem::violated)? }))
}

/// Whether a subdomain can be had.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Availability {
    subdomain: String,
    available: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Says whether a subdomain can be had
#[utoipa::path(
    get, path = "/v1/subdomains/{subdomain}", tag = "signup",
    params(("subdomain" = String, Path, description = "The name below our domain", example = "awesome-store")),
    responses((status = 200, description = "Whether it is free, and why not", body = Availability)),
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Path(subdomain): Path<String>,
) -> Result<Json<Availability>, Problem> {
    let problem = match Subdomain::parse(&subdomain) {
        Err(violation) => Some(format!("{}; allowed: {}", violation.problem, violation.allowed)),
        Ok(parsed) => {
            let taken = || format!("'{parsed}' is taken");
            let reserved = parsed.is_synthetic().then(|| format!("'{parsed}' is reserved"));
            let claimed = Claims::new(api.db.clone()).tenant_of(&parsed).await?.is_some();
            reserved.or_else(|| claimed.then(taken))
        }
    };
    Ok(Json(Availability { subdomain, available: problem.is_none(), problem }))
}
