use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fault::Fault;
use saga::{Resource, ResourceState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Accepted, Filter, Order};
use tenancy::{EditRequest, Origin, Overrides, SignupRequest, Status, TenantId, Violation};
use utoipa::{IntoParams, ToSchema};

use crate::acts::accepted;
use crate::caller::{Caller, Role};
use crate::preview::{Preview, Rehearsal};
use crate::request::{Asked, Change, Named, Part, Tenant};
use crate::{Api, Problem};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenants)]
pub(crate) struct Listing {
    tenants: Vec<tenancy::Tenant>,
    /// Where the list goes on. A part may be shorter than asked for, and still not be the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Which tenants are listed: those that fit all that is said.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    status: Option<Status>,
    /// A plan's id
    #[param(min_length = 1, max_length = 64)]
    plan: Option<String>,
    /// A blueprint's name
    #[param(min_length = 1, max_length = 64)]
    blueprint: Option<String>,
    /// A theme's id
    #[param(min_length = 1, max_length = 64)]
    theme: Option<String>,
    /// The beginning of a word of the name, or the whole of an id, subdomain, domain or e-mail address
    #[param(min_length = 1, max_length = 254)]
    text: Option<String>,
    /// Where the last part ended: its `next`
    #[param(min_length = 1, max_length = 1024)]
    after: Option<String>,
    /// At most so many; 50 if nothing is said
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// Lists tenants by name
///
/// What was written in the last second may not be listed yet. A tenant's people see their own.
#[utoipa::path(
    get, path = "/v1/tenants", tag = "tenants", params(Wanted),
    responses((status = 200, description = "A part of the list", body = Listing)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Listing>, Problem> {
    let Wanted { status, plan, blueprint, theme, text, after, limit } = wanted;
    let named =
        [("plan", &plan, 64), ("blueprint", &blueprint, 64), ("theme", &theme, 64), ("text", &text, 254)];
    for (name, value, longest) in named {
        if value.as_ref().is_some_and(|value| !(1..=longest).contains(&value.chars().count())) {
            return Err(Problem::malformed(format!("'{name}' must have 1 to {longest} characters")));
        }
    }
    let part = Part::new(after, limit)?;
    if let Some(own) = caller.only_tenant() {
        let tenants = api.tenants.get(own).await?.map(|found| found.value).into_iter().collect();
        return Ok(Json(Listing { tenants, next: None }));
    }
    let filter = Filter { status, plan, blueprint, theme, text };
    let (mut tenants, next) = api.tenants.list(&filter, part.limit(), part.after().as_ref()).await?;
    tenants.retain(|tenant| !caller.only_synthetic || tenant.subdomain.is_synthetic());
    Ok(Json(Listing { tenants, next: next.map(|page| page.0) }))
}

/// Makes a tenant
///
/// The same as a signup, without its limits, and with what is to be other than its plan says. One whose blueprint or plan
/// asks for approval waits for it here, too.
#[utoipa::path(
    post, path = "/v1/tenants", tag = "tenants", params(Rehearsal), request_body = SignupRequest,
    responses(
        (status = 202, description = "It will be made, or waits for approval", body = crate::signups::SignedUp),
        (status = 200, description = "What would be done, or what is wrong: nothing was", body = Preview),
    ),
    security(("token" = ["admin", "machine"])),
)]
pub(crate) async fn create(
    State(api): State<Api>,
    rehearsal: Rehearsal,
    change: Change,
) -> Result<Response, Problem> {
    let request: SignupRequest = change.decode()?;
    change.may_override(&request.overrides)?;
    change.may_clone(request.origin.as_ref())?;
    if change.caller.only_synthetic && !request.synthetic {
        return Err(Problem::violated(Violation::new(
            "synthetic",
            "is false",
            "true: the canary makes no other",
        )));
    }
    api.sign_up(request, &rehearsal, &change).await
}

/// A tenant, and what exists of it or may, by the ledger. Of one that is active only what is not as it should be: an
/// optional step has failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShownTenant)]
pub(crate) struct Shown {
    #[serde(flatten)]
    tenant: tenancy::Tenant,
    /// The newest version of its blueprint, where that is newer than its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    newer_version: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    resources: Vec<Left>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Left {
    step: String,
    state: ResourceState,
    handle: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

impl From<Resource> for Left {
    fn from(Resource { step, state, handle, fault, .. }: Resource) -> Self {
        Self { step, state, handle, fault }
    }
}

/// Shows a tenant
#[utoipa::path(
    get, path = "/v1/tenants/{id}", tag = "tenants", params(Tenant),
    responses((status = 200, description = "The tenant, and what is not as it should be", body = Shown)),
    security(("token" = ["admin", "operator", "viewer", "machine", "tenant"])),
)]
pub(crate) async fn show(State(api): State<Api>, Named(id): Named) -> Result<Json<Shown>, Problem> {
    let tenant = api.known(&id).await?;
    let worth_saying = |resource: &Resource| match tenant.status {
        Status::Active => resource.is_left() && resource.state != ResourceState::Live,
        Status::Failed | Status::Stuck | Status::Deleted => resource.is_left(),
        _ => false,
    };
    let resources = api.ledger.resources(&id).await?.into_iter().filter(worth_saying);
    let resources = resources.map(Left::from).collect();
    let newest = api.catalogue.blueprint(&tenant.blueprint.name).await?.map(|newest| newest.version);
    let newer_version = newest.filter(|newest| *newest > tenant.blueprint.version);
    Ok(Json(Shown { tenant, newer_version, resources }))
}

/// What is to be different about a tenant; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantUpdate, example = json!({ "name": "Acme Coffee", "reason": "they have a new name" }))]
pub(crate) struct Update {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    name: Option<String>,
    email: Option<String>,
    theme: Option<String>,
    category: Option<String>,
    #[schema(value_type = Option<Vec<String>>)]
    integrations: Option<BTreeSet<String>>,
}

/// Changes what a tenant was signed up with
///
/// An operation brings everything in line with it, and leads back what it changed should it fail. The plan is changed by
/// `change-plan`, the version of its blueprint by `upgrade`; the subdomain stays.
#[utoipa::path(
    patch, path = "/v1/tenants/{id}", tag = "tenants", params(Tenant, Rehearsal), request_body = Update,
    responses(
        (status = 202, description = "It will be done", body = Accepted),
        (status = 200, description = "What would be done, or what is wrong: nothing was", body = Preview),
    ),
    security(("token" = ["admin", "machine", "tenant"])),
)]
pub(crate) async fn update(
    State(api): State<Api>,
    Named(id): Named,
    rehearsal: Rehearsal,
    change: Change,
) -> Result<Response, Problem> {
    let Update { reason, name, email, theme, category, integrations } = change.decode()?;
    let by = change.by(&reason)?;
    let edit = EditRequest { name, email, theme, category, integrations, ..EditRequest::default() };
    if edit == EditRequest::default() {
        return Err(Problem::violated(Violation::new(
            "name",
            "nothing is to be different",
            "at least one field",
        )));
    }
    if let Some(preview) = api.rehearse_change(&id, &edit, &rehearsal).await? {
        return Ok(preview.into_response());
    }
    let order = Order::update(by).editing(Box::pin(api.check(&id, edit)).await?);
    Ok(accepted(&api.tenants.order(&id, order, change.key.as_ref(), clock::now()).await?).into_response())
}

impl Api {
    pub(crate) async fn known(&self, id: &TenantId) -> Result<tenancy::Tenant, Problem> {
        let found = self.tenants.get(id).await?;
        found.map(|found| found.value).ok_or_else(|| Problem::no_tenant(id.as_str()))
    }
}

impl Change {
    /// Whether the caller may give a tenant what its plan does not.
    pub(crate) fn may_override(&self, overrides: &Overrides) -> Result<(), Problem> {
        if overrides.is_empty() || self.caller.is(Role::Admin) {
            return Ok(());
        }
        let allowed = "none: only an admin gives a tenant what its plan does not";
        Err(Problem::violated(Violation::new("overrides", "were given", allowed)))
    }

    /// Whether the caller may have what another tenant's people have written.
    pub(crate) fn may_clone(&self, origin: Option<&Origin>) -> Result<(), Problem> {
        let Some(origin) = origin.filter(|_| !self.caller.is(Role::Admin)) else { return Ok(()) };
        let allowed = "none: only an admin makes a tenant from the backups of one";
        Err(Problem::violated(Violation::new("origin", format!("'{}' was given", origin.tenant), allowed)))
    }
}
