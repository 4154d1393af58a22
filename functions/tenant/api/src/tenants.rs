use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use fault::Fault;
use saga::{Resource, ResourceState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Accepted, Order};
use tenancy::{Edit, EditRequest, OnFailure, SignupRequest, Status, Tenant, TenantId};

use crate::request::{Change, Named};
use crate::{Api, Problem};

/// `POST /v1/tenants`
pub(crate) async fn sign_up(State(api): State<Api>, change: Change) -> Result<impl IntoResponse, Problem> {
    let request: SignupRequest = change.decode()?;
    let (blueprint, plans, themes) = tokio::join!(
        api.catalogue.blueprint(&request.blueprint),
        api.catalogue.plans(),
        api.catalogue.themes(),
    );
    let signup = request.check(blueprint?, &plans?, &themes?).map_err(Problem::invalid)?;
    if let Some(domain) = &signup.custom_domain {
        api.may_have("custom_domain", domain)?;
    }
    Ok(accepted(&api.tenants.sign_up(&signup, change.key.as_ref(), clock::now()).await?))
}

/// A tenant, and what exists of it or may, by the ledger. Of one that is active only what is not as it should be: an
/// optional step has failed.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    tenant: Tenant,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Left>,
}

#[derive(Debug, Serialize)]
struct Left {
    step: String,
    state: ResourceState,
    handle: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

/// `GET /v1/tenants/{id}`
pub(crate) async fn show(State(api): State<Api>, Named(id): Named) -> Result<Json<Shown>, Problem> {
    let tenant = api.tenants.get(&id).await?;
    let missing = || Problem::not_found(format!("there is no tenant {id}"));
    let tenant = tenant.ok_or_else(missing)?.value;
    let worth_saying = |resource: &Resource| match tenant.status {
        Status::Active => resource.is_left() && resource.state != ResourceState::Live,
        Status::Failed | Status::Stuck | Status::Deleted => resource.is_left(),
        _ => false,
    };
    let resources = api.ledger.resources(&id).await?.into_iter().filter(worth_saying).map(|resource| Left {
        step: resource.step,
        state: resource.state,
        handle: resource.handle,
        fault: resource.fault,
    });
    let resources = resources.collect();
    Ok(Json(Shown { tenant, resources }))
}

/// What a retry may say beside its reason: how, and what of the signup is to be different. What of that is not
/// said stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    reason: String,
    #[serde(default)]
    from: From,
    on_failure: Option<OnFailure>,
    /// Optional steps to do without.
    #[serde(default)]
    skip: BTreeSet<String>,
    name: Option<String>,
    subdomain: Option<String>,
    email: Option<String>,
    plan: Option<String>,
    theme: Option<String>,
    category: Option<String>,
    integrations: Option<BTreeSet<String>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum From {
    /// What the ledger says is done is taken as it is.
    #[default]
    FailedStep,
    /// Every step runs again.
    Start,
}

/// `POST /v1/tenants/{id}/retry`
pub(crate) async fn retry(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let Retry { reason, from, on_failure, skip, name, subdomain, email, plan, theme, category, integrations } =
        change.decode()?;
    let by = change.by(&reason)?;
    let edit = EditRequest { name, subdomain, email, plan, theme, category, integrations };
    let order = Order::retry(by).on_failure(on_failure).skipping(skip).from_start(from == From::Start);
    let order = order.editing(Box::pin(api.check(&id, edit)).await?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

impl Api {
    /// Checks an edit against what the tenant's own version of its blueprint offers.
    async fn check(&self, id: &TenantId, edit: EditRequest) -> Result<Edit, Problem> {
        if edit == EditRequest::default() {
            return Ok(Edit::default());
        }
        let missing = || Problem::not_found(format!("there is no tenant {id}"));
        let tenant = self.tenants.get(id).await?.ok_or_else(missing)?.value;
        let blueprint = self.tenants.blueprint(&tenant).await?;
        let (plans, themes) = (self.catalogue.plans().await?, self.catalogue.themes().await?);
        edit.check(&blueprint, &plans, &themes).map_err(Problem::invalid)
    }
}

/// `POST /v1/tenants/{id}/suspend`
pub(crate) async fn suspend(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let order = Order::suspend(change.reason()?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// `POST /v1/tenants/{id}/resume`
pub(crate) async fn resume(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let order = Order::resume(change.reason()?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanChange {
    reason: String,
    plan: String,
}

/// `POST /v1/tenants/{id}/change-plan`
pub(crate) async fn change_plan(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let PlanChange { reason, plan } = change.decode()?;
    let by = change.by(&reason)?;
    let edit = EditRequest { plan: Some(plan), ..EditRequest::default() };
    let order = Order::change_plan(by).editing(Box::pin(api.check(&id, edit)).await?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// `DELETE /v1/tenants/{id}`
pub(crate) async fn delete(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let by = if change.body.is_empty() { change.by("deleted")? } else { change.reason()? };
    let order = Order::delete(by);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// `POST /v1/tenants/{id}/force-delete`
pub(crate) async fn force_delete(
    State(api): State<Api>,
    Named(id): Named,
    change: Change,
) -> Result<impl IntoResponse, Problem> {
    let order = Order::force_delete(change.reason()?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?))
}

/// 202: it will be done, and here is where to watch.
pub(crate) fn accepted(accepted: &Accepted) -> impl IntoResponse + use<> {
    let location = format!("/v1/tenants/{}/operations/{}", accepted.tenant.id, accepted.operation);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(accepted.clone()))
}
